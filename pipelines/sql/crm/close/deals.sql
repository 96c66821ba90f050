-- Close opportunities as they stand in the export. Values are in hundredths of the currency; a
-- monthly or annual one is kept as the amount of its period.
with log as (
    select
        id, opportunity_id, user_id, old_status_label, old_status_type, new_status_label,
        new_status_type, created_at
    from raw.close_status_change
    union all
    select
        id, opportunity_id, user_id, old_status_label, old_status_type, new_status_label,
        new_status_type, created_at
    from raw.close_activity
    where activity_type = 'OpportunityStatusChange'
),

latest as (
    select *
    from raw.close_opportunity
    qualify row_number() over (
        partition by id
        order by modified_at desc nulls last, _file desc, _line desc
    ) = 1
),

logged as (
    select
        opportunity_id,
        count(distinct new_status_label) > 0 as has_log,
        -- Closed once, and open again.
        max(case when old_status_type in ('won', 'lost') and new_status_type = 'active' then 1 end)
            = 1 as is_reopened
    from log
    group by opportunity_id
)

select
    'close' as source,
    'close:' || o.id as deal_id,
    o.id as source_id,
    'close:' || o.lead_id as account_id,
    'close:' || o.user_id as seller_id,
    coalesce(o.pipeline_name, o.pipeline_id, 'default') as pipeline,
    o.lead_name as name,
    try_cast(o.value as double) / 100 as amount,
    o.value_currency as currency,
    try_cast(o.created_at as timestamp) as created_at,
    cast(epoch(try_cast(o.created_at as timestamp)) as bigint) as created_sec,
    case o.status_type
        when 'won' then try_cast(o.date_won as date)
        when 'lost' then cast(try_cast(o.date_lost as timestamp) as date)
        else try_cast(o.expected_date as date)
    end as close_on,
    cast(
        case o.status_type
            when 'won' then try_cast(o.date_won as date)
            when 'lost' then cast(try_cast(o.date_lost as timestamp) as date)
            else try_cast(o.expected_date as date)
        end - date '1970-01-01' as integer
    ) as close_day,
    o.status_type in ('won', 'lost') as is_closed,
    o.status_type = 'won' as is_won,
    o.status_label as stage,
    try_cast(o.confidence as double) / 100 as crm_probability,
    o.lost_reason,
    cast(null as varchar) as lost_reason_detail,
    o.competitor,
    o.lead_source,
    cast(null as varchar) as deal_type,
    cast(null as date) as return_on,
    cast(null as integer) as return_day,
    cast(null as bigint) as last_stage_change_sec,
    try_cast(o.modified_at as timestamp) as modified_at,
    cast(epoch(try_cast(o.modified_at as timestamp)) as bigint) as modified_sec,
    cast(null as varchar) as outcome_hint,
    case when l.has_log then 'full' else 'none' end as history_level,
    l.is_reopened as reopened_hint
from latest as o
left join logged as l on o.id = l.opportunity_id
where coalesce(o.is_deleted, 'false') <> 'true'
