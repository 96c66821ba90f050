-- Zoho tasks that were promised before they were done.
with latest as (
    select
        *,
        lower(status) in ('completed', 'closed', '완료') as is_kept
    from raw.zoho_task
    qualify row_number() over (
        partition by regexp_replace(id, '^zcrm_', '')
        order by modified_at desc nulls last, _file desc, _line desc
    ) = 1
),

dated as (
    select
        *,
        try_cast(created_at as timestamp) as made_at,
        try_cast(due_date as date) as due_on,
        case when is_kept then try_cast(coalesce(closed_at, modified_at) as timestamp) end as kept_at
    from latest
    where related_id is not null and created_at is not null
)

select
    'zoho' as source,
    'zoho:' || regexp_replace(related_id, '^zcrm_', '') as deal_id,
    'zoho:' || regexp_replace(id, '^zcrm_', '') as commitment_id,
    subject,
    made_at,
    cast(epoch(made_at) as bigint) as made_sec,
    due_on,
    cast(due_on - date '1970-01-01' as integer) as due_day,
    kept_at,
    cast(epoch(kept_at) as bigint) as kept_sec,
    cast(null as varchar) as made_by
from dated
where kept_at is null or kept_at > made_at + interval 10 minute
