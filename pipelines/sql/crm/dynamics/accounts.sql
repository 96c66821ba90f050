-- Dynamics accounts, and those that only opportunities name; a merged one names its survivor.
with latest as (
    select *
    from raw.dynamics_account
    qualify row_number() over (
        partition by lower(id)
        order by modified_at desc nulls last, _file desc, _line desc
    ) = 1
),

named as (
    select
        lower(coalesce(customer_id, customer)) as id,
        min(customer) as name,
        min(created_at) as created_at
    from raw.dynamics_opportunity
    where
        coalesce(customer_id, customer) is not null
        and lower(coalesce(customer_id, customer)) not in (select lower(id) from latest)
    group by lower(coalesce(customer_id, customer))
),

every as (
    select
        lower(id) as id,
        name,
        industry,
        employees,
        country,
        incumbent,
        lower(master_id) as master_id,
        created_at
    from latest
    union all by name
    select * from named
)

select
    'dynamics' as source,
    'dynamics:' || id as account_id,
    name,
    industry,
    try_cast(try_cast(employees as double) as bigint) as employees,
    country,
    incumbent,
    try_cast(created_at as timestamp) as created_at,
    cast(epoch(try_cast(created_at as timestamp)) as bigint) as created_sec,
    'dynamics:' || master_id as survivor_id
from every
