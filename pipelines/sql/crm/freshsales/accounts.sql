-- The companies that Freshsales deals name.
select
    'freshsales' as source,
    'freshsales:' || coalesce(sales_account_id, lower(sales_account)) as account_id,
    min(sales_account) as name,
    cast(null as varchar) as industry,
    cast(null as bigint) as employees,
    cast(null as varchar) as country,
    cast(null as varchar) as incumbent,
    min(try_cast(created_at as timestamp)) as created_at,
    cast(epoch(min(try_cast(created_at as timestamp))) as bigint) as created_sec,
    cast(null as varchar) as survivor_id
from raw.freshsales_deal
where coalesce(sales_account_id, sales_account) is not null
group by coalesce(sales_account_id, lower(sales_account))
