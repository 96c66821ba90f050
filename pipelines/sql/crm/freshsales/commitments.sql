-- Freshsales tasks on deals that were promised before they were done.
with latest as (
    select *
    from raw.freshsales_task
    where targetable_type ilike '%deal'
    qualify row_number() over (
        partition by id
        order by modified_at desc nulls last, _file desc, _line desc
    ) = 1
),

dated as (
    select
        *,
        try_cast(created_at as timestamp) as made_at,
        cast(try_cast(due_date as timestamp) as date) as due_on,
        try_cast(completed_date as timestamp) as kept_at
    from latest
)

select
    'freshsales' as source,
    'freshsales:' || targetable_id as deal_id,
    'freshsales:' || id as commitment_id,
    title as subject,
    made_at,
    cast(epoch(made_at) as bigint) as made_sec,
    due_on,
    cast(due_on - date '1970-01-01' as integer) as due_day,
    kept_at,
    cast(epoch(kept_at) as bigint) as kept_sec,
    cast(null as varchar) as made_by
from dated
where kept_at is null or kept_at > made_at + interval 10 minute
