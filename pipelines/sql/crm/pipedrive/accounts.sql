-- Pipedrive organizations in the core shape, and those that only deals name; an organization lost
-- in a merge names the one that survived.
with latest as (
    select *
    from raw.pipedrive_organization
    qualify row_number() over (
        partition by id
        order by
            try_cast(update_time as timestamp) desc nulls last, synced_at desc nulls last,
            _file desc, _line desc
    ) = 1
),

deals as (
    select
        coalesce(
            nullif(regexp_extract(org_id, '^\{.*["'']value["''] ?: ?"?([0-9]+)', 1), ''),
            nullif(regexp_extract(org_id, '^([^{].*)$', 1), '')
        ) as id,
        coalesce(
            nullif(trim(org_name), ''),
            nullif(regexp_extract(org_id, '^\{.*["'']name["''] ?: ?["'']([^"'']+)', 1), '')
        ) as name
    from raw.pipedrive_deal
),

named as (
    select coalesce(d.id, o.id, d.name) as id, min(d.name) as name
    from deals as d
    left join crm.pipedrive_organization_words as o on lower(d.name) = o.word
    group by 1
)

select
    'pipedrive' as source,
    'pipedrive:' || id as account_id,
    name,
    industry,
    try_cast(try_cast(employees as double) as bigint) as employees,
    country,
    nullif(trim(incumbent), '') as incumbent,
    try_cast(add_time as timestamp) as created_at,
    cast(floor(epoch(try_cast(add_time as timestamp))) as bigint) as created_sec,
    'pipedrive:' || merged_into_id as survivor_id
from latest
-- Deals of a deleted organization are still that company's.
where
    merged_into_id is not null
    or id in (select id from named where id is not null)
    or not (
        coalesce('true' in (is_deleted, is_gone), false)
        or coalesce(is_active, 'true') = 'false'
    )
union all
select
    'pipedrive' as source,
    'pipedrive:' || id as account_id,
    name,
    null as industry,
    null as employees,
    null as country,
    null as incumbent,
    null as created_at,
    null as created_sec,
    null as survivor_id
from named
where id is not null and id not in (select id from latest)
