-- The companies that Copper opportunities name.
select
    'copper' as source,
    'copper:' || coalesce(company_id, lower(company_name)) as account_id,
    min(company_name) as name,
    cast(null as varchar) as industry,
    cast(null as bigint) as employees,
    cast(null as varchar) as country,
    cast(null as varchar) as incumbent,
    min(try_cast(created_at as timestamp)) as created_at,
    cast(epoch(min(try_cast(created_at as timestamp))) as bigint) as created_sec,
    cast(null as varchar) as survivor_id
from raw.copper_opportunity
where coalesce(company_id, company_name) is not null
group by coalesce(company_id, lower(company_name))
