-- The companies that sheets name; one that is spelled the same is the same.
select
    'sheet' as source,
    'sheet:' || lower(trim(account)) as account_id,
    min(account) as name,
    cast(null as varchar) as industry,
    cast(null as bigint) as employees,
    cast(null as varchar) as country,
    max(incumbent) as incumbent,
    min(try_cast(created_at as timestamp)) as created_at,
    cast(epoch(min(try_cast(created_at as timestamp))) as bigint) as created_sec,
    cast(null as varchar) as survivor_id
from raw.sheet_deal
where account is not null
group by lower(trim(account))
