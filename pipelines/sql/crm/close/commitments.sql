-- Tasks of a company with one opportunity, promised before they were done.
with latest as (
    select *
    from raw.close_task
    qualify row_number() over (
        partition by id
        order by modified_at desc nulls last, _file desc, _line desc
    ) = 1
),

alone as (
    select lead_id, min(id) as opportunity_id
    from raw.close_opportunity
    group by lead_id
    having count(distinct id) = 1
),

dated as (
    select
        t.id,
        a.opportunity_id,
        t.text,
        try_cast(t.created_at as timestamp) as made_at,
        try_cast(t.due_date as date) as due_on,
        case when t.is_complete = 'true' then try_cast(t.modified_at as timestamp) end as kept_at
    from latest as t
    inner join alone as a on t.lead_id = a.lead_id
)

select
    'close' as source,
    'close:' || opportunity_id as deal_id,
    'close:' || id as commitment_id,
    text as subject,
    made_at,
    cast(epoch(made_at) as bigint) as made_sec,
    due_on,
    cast(due_on - date '1970-01-01' as integer) as due_day,
    kept_at,
    cast(epoch(kept_at) as bigint) as kept_sec,
    cast(null as varchar) as made_by
from dated
where kept_at is null or kept_at > made_at + interval 10 minute
