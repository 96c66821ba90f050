-- Activities of Pipedrive, done or still to be done, each by its latest line and with its deal, its
-- kind and its times.
with activities as (
    select
        id, deal_id, deal_title, org_id, org_name, person_id, owner, type, subject, due_date,
        due_time, duration, done, marked_as_done_time, add_time, update_time,
        coalesce('true' in (is_deleted, is_gone), false)
        or coalesce(is_active, 'true') = 'false'
        or deleted_at is not null as is_gone,
        synced_at, _file, _line
    from raw.pipedrive_activity
    union all by name
    select
        f.id, coalesce(f.deal_id, d.key) as deal_id, f.org_id, f.person_id,
        coalesce(f.owner_id, f.user_id) as owner, f.type, f.subject, f.due_date, f.due_time,
        f.duration, f.done, f.marked_as_done_time, f.add_time, f.update_time,
        coalesce(f.is_deleted = 'true', false)
        or coalesce(f.is_active, 'true') = 'false' as is_gone,
        f._file, f._line
    from raw.pipedrive_flow as f
    left join crm.pipedrive_flow_deals as d on f._file = d._file
    where lower(f.object) = 'activity'
),

-- A list export names the deal at least; a title that two deals have tells nothing.
titles as (
    select word, min(key) as key
    from (
        select
            lower(trim(title)) as word,
            coalesce(
                id,
                concat_ws(' / ', title, org_name, cast(try_cast(add_time as timestamp) as date))
            ) as key
        from raw.pipedrive_deal
    )
    where word <> ''
    group by word
    having count(distinct key) = 1
),

known as (
    select
        a.* replace (
            coalesce(
                nullif(regexp_extract(a.owner, '^\{.*["'']id["''] ?: ?"?([0-9]+)', 1), ''),
                a.owner
            ) as owner,
            coalesce(a.deal_id, t.key) as deal_id
        ),
        coalesce(
            a.id,
            concat_ws(
                ' / ', coalesce(a.deal_id, t.key), a.type, a.subject, a.owner,
                cast(try_cast(a.due_date as date) as varchar), a.due_time
            )
        ) as key,
        coalesce(lower(trim(a.done)) in ('done', 'true', '1', '1.0', 'yes', 'completed'), false)
            as is_done,
        lower(coalesce(a.type, '')) as word,
        try_cast(a.add_time as timestamp) as added_at,
        try_cast(a.marked_as_done_time as timestamp) as done_at,
        try_cast(a.due_date as date) as due_on,
        -- Where no time is told it was some time of that day.
        try_cast(a.due_date as date)
        + coalesce(
            to_minutes(
                60 * try_cast(regexp_extract(a.due_time, '^([0-9]{1,2}):[0-9]{2}', 1) as integer)
                + try_cast(regexp_extract(a.due_time, '^[0-9]{1,2}:([0-9]{2})', 1) as integer)
            ),
            interval 12 hour
        ) as due_at,
        regexp_matches(a.due_time, '^[0-9]{1,2}:[0-9]{2}') as has_time
    from activities as a
    left join titles as t on lower(trim(a.deal_title)) = t.word
)

select
    key,
    deal_id,
    org_id,
    org_name,
    person_id,
    owner,
    type,
    word,
    subject,
    duration,
    update_time,
    added_at,
    done_at,
    due_on,
    due_at,
    has_time,
    is_done,
    case
        when regexp_matches(word, 'mail') then 'email'
        when regexp_matches(word, 'call|phone|전화|통화') then 'call'
        when
            regexp_matches(word, 'meeting|lunch|dinner|demo|visit|workshop|미팅|회의|방문|시연')
            then 'meeting'
        when regexp_matches(word, 'sms|whatsapp|linkedin|message|chat|kakao|문자|카톡')
            then 'message'
        when regexp_matches(word, '^note') then 'note'
        else 'task'
    end as kind
from known
where not is_gone
qualify row_number() over (
    partition by key
    order by
        try_cast(update_time as timestamp) desc nulls last, synced_at desc nulls last,
        _file desc, _line desc
) = 1
