-- Acts that Copper users logged. Copper does not say who acted on whom, but for meetings.
with latest as (
    select
        *,
        lower(coalesce(type_name, '')) as word
    from raw.copper_activity
    where lower(coalesce(type_category, 'user')) = 'user'
    qualify row_number() over (
        partition by id order by modified_at desc nulls last, _file desc, _line desc
    ) = 1
),

kinds as (
    select
        *,
        try_cast(happened_at as timestamp) as moment,
        coalesce(try_cast(created_at as timestamp), try_cast(happened_at as timestamp)) as logged,
        case
            when word like '%mail%' then 'email'
            when word like '%call%' then 'call'
            when word like '%meeting%' then 'meeting'
            when word in ('note', '0') then 'note'
            else 'task'
        end as kind
    from latest
)

select
    'copper' as source,
    'copper:' || id as activity_id,
    case when lower(parent_type) = 'opportunity' then 'copper:' || parent_id end as deal_id,
    case when lower(parent_type) = 'company' then 'copper:' || parent_id end as account_id,
    'copper:' || user_id as seller_id,
    case when lower(parent_type) = 'person' then 'copper:' || parent_id end as contact_id,
    moment as happened_at,
    cast(epoch(moment) as bigint) as happened_sec,
    logged as recorded_at,
    cast(epoch(logged) as bigint) as recorded_sec,
    kind,
    case when kind = 'meeting' then 'mutual' else 'unknown' end as direction,
    case when kind = 'meeting' then 'unknown' else 'done' end as status,
    details as subject,
    cast(null as double) as minutes,
    false as is_automatic,
    false as is_twin,
    cast(null as bigint) as cancelled_sec,
    type_name as type_word
from kinds
where moment is not null
