-- Changes of a Salesforce deal's owner, from the tracked field or from the versions that a landing
-- has kept. A change of owner is told twice, by id and by name; the ids count, and names only where
-- they stand alone.
with users as (
    select lower(trim(name)) as word, min(id) as id
    from raw.salesforce_user
    where trim(name) <> ''
    group by lower(trim(name))
    having count(distinct id) = 1
),

told as (
    select
        h.opportunity_id,
        coalesce(h.id, concat_ws('/', h._file, h._line)) as id,
        try_cast(h.created_date as timestamp) as changed_at,
        h.created_by_id as changed_by,
        nullif(trim(h.old_value), '') as old_value,
        nullif(trim(h.new_value), '') as new_value,
        regexp_full_match(
            trim(coalesce(h.new_value, h.old_value)), '00[5G][A-Za-z0-9]{12}([A-Z0-5]{3})?'
        ) as is_id
    from raw.salesforce_opportunity_field_history as h
    where
        regexp_replace(lower(h.field), '[^a-z]', '', 'g') in ('owner', 'ownerid')
        and coalesce(h.is_deleted, 'false') <> 'true'
        and coalesce(h.is_gone, 'false') <> 'true'
        and h.gone_at is null
        and h.opportunity_id is not null
        and try_cast(h.created_date as timestamp) is not null
    qualify row_number() over (
        partition by coalesce(h.id, concat_ws('/', h._file, h._line))
        order by h.synced_at desc nulls last, h._file desc, h._line desc
    ) = 1
),

tracked as (
    select
        t.opportunity_id,
        t.changed_at,
        t.changed_by,
        t.id,
        case when t.is_id then t.old_value else coalesce(o.id, t.old_value) end as from_owner,
        case when t.is_id then t.new_value else coalesce(n.id, t.new_value) end as to_owner
    from told as t
    left join users as o on lower(t.old_value) = o.word
    left join users as n on lower(t.new_value) = n.word
    where true
    qualify t.is_id = max(t.is_id) over (partition by t.opportunity_id, t.changed_at)
),

versions as (
    select
        id as opportunity_id,
        coalesce(
            least(
                try_cast(coalesce(last_modified_date, system_modstamp) as timestamp),
                try_cast(version_start as timestamp)
            ),
            try_cast(version_start as timestamp)
        ) as changed_at,
        last_modified_by_id as changed_by,
        cast(version_start as varchar) as id,
        lag(owner_id) over (partition by id order by version_start) as from_owner,
        owner_id as to_owner
    from (
        select *
        from raw.salesforce_opportunity
        where version_start is not null and id is not null
        qualify row_number() over (
            partition by id, version_start
            order by synced_at desc nulls last, _file desc, _line desc
        ) = 1
    )
),

changes as (
    select * from tracked
    union all by name
    select *
    from versions
    where
        from_owner is not null
        and to_owner is not null
        and from_owner <> to_owner
        and opportunity_id not in (select opportunity_id from tracked)
)

select
    'salesforce' as source,
    'salesforce:' || opportunity_id as deal_id,
    changed_at,
    cast(epoch(changed_at) as bigint) as changed_sec,
    -- Ids of 15 characters may stand in a field's history; users are known by 18.
    'salesforce:' || coalesce(f.id, from_owner) as from_seller_id,
    'salesforce:' || coalesce(t.id, to_owner) as to_seller_id,
    'salesforce:' || changed_by as changed_by,
    cast(null as boolean) as is_bulk
from changes as c
left join (
    select left(id, 15) as short_id, min(id) as id
    from raw.salesforce_user
    group by left(id, 15)
) as f on length(from_owner) = 15 and from_owner = f.short_id
left join (
    select left(id, 15) as short_id, min(id) as id
    from raw.salesforce_user
    group by left(id, 15)
) as t on length(to_owner) = 15 and to_owner = t.short_id
