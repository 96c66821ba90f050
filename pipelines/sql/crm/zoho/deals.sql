-- Zoho deals as they stand in the export. Whether a stage ends a deal is not in it: the stage's name
-- says so, and the closing date is then the day it ended.
with latest as (
    select
        *,
        regexp_replace(id, '^zcrm_', '') as deal_id
    from raw.zoho_deal
    qualify row_number() over (
        partition by regexp_replace(id, '^zcrm_', '')
        order by modified_at desc nulls last, _file desc, _line desc
    ) = 1
)

select
    'zoho' as source,
    'zoho:' || deal_id as deal_id,
    deal_id as source_id,
    'zoho:' || coalesce(regexp_replace(account_id, '^zcrm_', ''), lower(account_name))
        as account_id,
    'zoho:' || coalesce(regexp_replace(owner_id, '^zcrm_', ''), lower(owner)) as seller_id,
    coalesce(pipeline, 'default') as pipeline,
    deal_name as name,
    try_cast(amount as double) as amount,
    currency,
    try_cast(created_at as timestamp) as created_at,
    cast(epoch(try_cast(created_at as timestamp)) as bigint) as created_sec,
    try_cast(closing_date as date) as close_on,
    cast(try_cast(closing_date as date) - date '1970-01-01' as integer) as close_day,
    cast(null as boolean) as is_closed,
    cast(null as boolean) as is_won,
    stage,
    try_cast(probability as double) / 100 as crm_probability,
    reason_for_loss as lost_reason,
    cast(null as varchar) as lost_reason_detail,
    competitor,
    lead_source,
    type as deal_type,
    try_cast(return_date as date) as return_on,
    cast(try_cast(return_date as date) - date '1970-01-01' as integer) as return_day,
    cast(null as bigint) as last_stage_change_sec,
    try_cast(modified_at as timestamp) as modified_at,
    cast(epoch(try_cast(modified_at as timestamp)) as bigint) as modified_sec,
    cast(null as varchar) as outcome_hint,
    cast(null as varchar) as history_level
from latest
where coalesce(is_deleted, 'false') <> 'true'
