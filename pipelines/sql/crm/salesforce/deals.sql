-- Salesforce opportunities as they stand in the export; what they were before is in deal_states.
with latest as (
    select *
    from raw.salesforce_opportunity
    where id is not null
    qualify row_number() over (
        partition by id
        order by system_modstamp desc nulls last, _file desc, _line desc
    ) = 1
)

select
    'salesforce' as source,
    'salesforce:' || id as deal_id,
    id as source_id,
    'salesforce:' || account_id as account_id,
    'salesforce:' || owner_id as seller_id,
    coalesce(nullif(trim(pipeline), ''), record_type_id, 'default') as pipeline,
    name,
    try_cast(amount as double) as amount,
    currency_iso_code as currency,
    try_cast(created_date as timestamp) as created_at,
    cast(epoch(try_cast(created_date as timestamp)) as bigint) as created_sec,
    try_cast(close_date as date) as close_on,
    cast(try_cast(close_date as date) - date '1970-01-01' as integer) as close_day,
    is_closed = 'true' as is_closed,
    is_won = 'true' as is_won,
    stage_name as stage,
    try_cast(probability as double) / 100 as crm_probability,
    nullif(trim(loss_reason), '') as lost_reason,
    nullif(trim(loss_reason_detail), '') as lost_reason_detail,
    nullif(trim(competitor), '') as competitor,
    nullif(trim(lead_source), '') as lead_source,
    type as deal_type,
    try_cast(return_date as date) as return_on,
    cast(try_cast(return_date as date) - date '1970-01-01' as integer) as return_day,
    cast(epoch(try_cast(last_stage_change_date as timestamp)) as bigint) as last_stage_change_sec,
    try_cast(coalesce(last_modified_date, system_modstamp) as timestamp) as modified_at,
    cast(
        epoch(try_cast(coalesce(last_modified_date, system_modstamp) as timestamp)) as bigint
    ) as modified_sec,
    cast(null as varchar) as outcome_hint
from latest
where coalesce(is_deleted, 'false') <> 'true'
