-- People on the buyer's side of each Pipedrive deal: the contact person and the participants. When
-- they came is told by participants, by their log, or by the deal's flow: a contact person that no
-- flow ever saw changed was there from the beginning.
with deals as (
    select key, person_id, add_time from crm.pipedrive_keyed_deals
),

changes as (
    select key, field, old_value, new_value, moment from crm.pipedrive_logged_changes
),

logged as (
    select
        key,
        bool_or(field = 'person_id') as has_person,
        arg_min_null(old_value, moment) filter (where field = 'person_id') as first_person
    from changes
    where key is not null
    group by key
),

primaries as (
    select
        d.key,
        coalesce(
            nullif(regexp_extract(d.person_id, '^\{.*["'']value["''] ?: ?"?([0-9]+)', 1), ''),
            nullif(regexp_extract(d.person_id, '^([^{].*)$', 1), '')
        ) as person_id,
        case
            when l.key is not null and r.is_whole and not l.has_person
                then try_cast(d.add_time as timestamp)
        end as added_at
    from deals as d
    left join logged as l on d.key = l.key
    left join crm.pipedrive_log_reach as r on d.key = r.key
    union all
    select l.key, l.first_person, try_cast(d.add_time as timestamp)
    from logged as l
    inner join deals as d on l.key = d.key
    union all
    select key, new_value, moment from changes where field = 'person_id'
),

participants as (
    select
        coalesce(
            deal_id,
            nullif(
                regexp_extract(
                    lower(_file),
                    '(?:^|[/!_-])(?:deal[_-]?|(?:deals|flow|changelog|participants[a-z]*)/'
                    || '|(?:flow|changelog|participants[a-z]*)[_-])([0-9]+)(?:[^0-9]|$)',
                    1
                ),
                ''
            )
        ) as key,
        person_id,
        added_at
    from (
        select deal_id, person_id, try_cast(add_time as timestamp) as added_at, _file
        from raw.pipedrive_participant
        where
            coalesce(related_item_type, 'deal') = 'deal' and coalesce(is_active, 'true') = 'true'
        union all
        select deal_id, person_id, try_cast(changed_at as timestamp), _file
        from raw.pipedrive_participant_change
        where lower(action) like 'add%'
    )
),

people as (
    select key, person_id, min(added_at) as added_at
    from (
        select * from primaries
        union all
        select * from participants
    )
    where key is not null and person_id is not null
    group by key, person_id
),

persons as (
    select id, job_title
    from raw.pipedrive_person
    qualify row_number() over (
        partition by id
        order by
            try_cast(update_time as timestamp) desc nulls last, synced_at desc nulls last,
            _file desc, _line desc
    ) = 1
)

select
    'pipedrive' as source,
    'pipedrive:' || p.key as deal_id,
    'pipedrive:' || p.person_id as contact_id,
    cast(null as varchar) as role,
    c.job_title as title,
    p.added_at,
    cast(floor(epoch(p.added_at)) as bigint) as added_sec
from people as p
left join persons as c on p.person_id = c.id
