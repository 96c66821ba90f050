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

-- Where only a name is told, one that several deals share says not which.
names as (
    select lower(trim(deal_name)) as name, min(regexp_replace(id, '^zcrm_', '')) as deal_id
    from raw.zoho_deal
    where deal_name is not null
    group by lower(trim(deal_name))
    having count(distinct regexp_replace(id, '^zcrm_', '')) = 1
),

dated as (
    select
        l.*,
        coalesce(regexp_replace(l.related_id, '^zcrm_', ''), n.deal_id) as about_id,
        try_cast(l.created_at as timestamp) as made_at,
        try_cast(l.due_date as date) as due_on,
        case when l.is_kept then try_cast(coalesce(l.closed_at, l.modified_at) as timestamp) end
            as kept_at
    from latest as l
    left join names as n on l.related_id is null and lower(trim(l.related)) = n.name
    where l.created_at is not null
)

select
    'zoho' as source,
    'zoho:' || about_id as deal_id,
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
where about_id is not null and (kept_at is null or kept_at > made_at + interval 10 minute)
