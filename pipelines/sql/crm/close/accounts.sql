-- Companies, which Close calls leads; and those that only opportunities name.
with latest as (
    select *
    from raw.close_lead
    qualify row_number() over (
        partition by id
        order by modified_at desc nulls last, _file desc, _line desc
    ) = 1
),

named as (
    select
        lead_id as id,
        min(lead_name) as display_name,
        min(created_at) as created_at
    from raw.close_opportunity
    where lead_id is not null and lead_id not in (select id from latest)
    group by lead_id
),

every as (
    select id, display_name, industry, incumbent, created_at from latest
    union all by name
    select * from named
)

select
    'close' as source,
    'close:' || id as account_id,
    display_name as name,
    industry,
    cast(null as bigint) as employees,
    cast(null as varchar) as country,
    incumbent,
    try_cast(created_at as timestamp) as created_at,
    cast(epoch(try_cast(created_at as timestamp)) as bigint) as created_sec,
    cast(null as varchar) as survivor_id
from every
