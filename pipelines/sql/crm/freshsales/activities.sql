-- Acts that Freshsales users logged on deals and accounts, appointments, and finished tasks.
-- Freshsales does not say who acted on whom, but for meetings.
with acts as (
    select
        id,
        targetable_id,
        targetable_type,
        owner_id,
        try_cast(start_date as timestamp) as happened_at,
        coalesce(try_cast(created_at as timestamp), try_cast(start_date as timestamp))
            as recorded_at,
        lower(coalesce(sales_activity_type, '')) as word,
        sales_activity_type as type_word,
        sales_activity_outcome as outcome,
        title,
        epoch(try_cast(end_date as timestamp) - try_cast(start_date as timestamp)) / 60 as minutes,
        modified_at,
        _file,
        _line
    from raw.freshsales_sales_activity
    union all by name
    select
        id,
        targetable_id,
        targetable_type,
        creater_id as owner_id,
        try_cast(from_date as timestamp) as happened_at,
        coalesce(try_cast(created_at as timestamp), try_cast(from_date as timestamp))
            as recorded_at,
        'meeting' as word,
        'Appointment' as type_word,
        outcome,
        title,
        epoch(try_cast(end_date as timestamp) - try_cast(from_date as timestamp)) / 60 as minutes,
        modified_at,
        _file,
        _line
    from raw.freshsales_appointment
    union all by name
    select
        id,
        targetable_id,
        targetable_type,
        owner_id,
        try_cast(coalesce(completed_date, due_date, created_at) as timestamp) as happened_at,
        try_cast(created_at as timestamp) as recorded_at,
        'task' as word,
        'Task' as type_word,
        cast(null as varchar) as outcome,
        title,
        cast(null as double) as minutes,
        modified_at,
        _file,
        _line
    from raw.freshsales_task
    where completed_date is not null or lower(status) in ('1', 'completed', 'done')
),

latest as (
    select
        *,
        case
            when word like '%mail%' then 'email'
            when word like '%call%' or word like '%phone%' then 'call'
            when word like '%meeting%' or word like '%demo%' or word like '%visit%' then 'meeting'
            when word like '%sms%' or word like '%chat%' or word like '%message%' then 'message'
            when word like '%note%' then 'note'
            else 'task'
        end as kind
    from acts
    where happened_at is not null
    qualify row_number() over (
        partition by type_word, id
        order by modified_at desc nulls last, _file desc, _line desc
    ) = 1
)

select
    'freshsales' as source,
    'freshsales:' || id as activity_id,
    case when targetable_type ilike '%deal' then 'freshsales:' || targetable_id end as deal_id,
    case when targetable_type ilike '%account' then 'freshsales:' || targetable_id end
        as account_id,
    'freshsales:' || owner_id as seller_id,
    case when targetable_type ilike '%contact' then 'freshsales:' || targetable_id end
        as contact_id,
    happened_at,
    cast(epoch(happened_at) as bigint) as happened_sec,
    recorded_at,
    cast(epoch(recorded_at) as bigint) as recorded_sec,
    kind,
    case when kind = 'meeting' then 'mutual' else 'unknown' end as direction,
    case
        when outcome ilike '%no%show%' then 'no_show'
        when outcome ilike '%cancel%' then 'cancelled'
        when kind = 'meeting' and outcome is null then 'unknown'
        else 'done'
    end as status,
    title as subject,
    minutes,
    false as is_automatic,
    false as is_twin,
    cast(null as bigint) as cancelled_sec,
    type_word
from latest
