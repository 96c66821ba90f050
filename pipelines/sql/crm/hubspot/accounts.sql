-- HubSpot companies in the core shape, and those that only deals name; a company lost in a merge
-- names the one that survived.
with latest as (
    select *
    from raw.hubspot_company
    where id is not null
    qualify row_number() over (
        partition by id
        order by modified_at desc nulls last, synced_at desc nulls last, _file desc, _line desc
    ) = 1
),

-- A deal that names one company by id and by name tells which name belongs to the id.
named as (
    select
        coalesce(nullif(regexp_extract(company_ids, '[0-9]+'), ''), trim(company_name)) as id,
        min(
            case
                when len(regexp_extract_all(coalesce(company_ids, ''), '[0-9]+')) < 2
                    then nullif(trim(company_name), '')
            end
        ) as name
    from raw.hubspot_deal
    group by 1
)

select
    'hubspot' as source,
    'hubspot:' || l.id as account_id,
    l.company_name as name,
    l.industry,
    try_cast(try_cast(l.employees as double) as bigint) as employees,
    l.country,
    nullif(trim(l.incumbent), '') as incumbent,
    try_cast(l.created_at as timestamp) as created_at,
    cast(floor(epoch(try_cast(l.created_at as timestamp))) as bigint) as created_sec,
    'hubspot:' || s.survivor as survivor_id
from latest as l
left join crm.hubspot_survivors as s on s.kind = 'company' and l.id = s.id
where
    s.id is not null
    or not coalesce('true' in (l.is_deleted, l.is_gone, l.is_archived), false)
union all
select
    'hubspot' as source,
    'hubspot:' || n.id as account_id,
    n.name,
    null as industry,
    null as employees,
    null as country,
    null as incumbent,
    null as created_at,
    null as created_sec,
    'hubspot:' || s.survivor as survivor_id
from named as n
left join crm.hubspot_survivors as s on s.kind = 'company' and n.id = s.id
where nullif(n.id, '') is not null and n.id not in (select id from latest)
