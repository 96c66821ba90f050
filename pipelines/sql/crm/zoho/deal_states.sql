-- Zoho's stage history: one row per stay in a stage, with the amount and closing date of then.
with changes as (
    select distinct
        regexp_replace(deal_id, '^zcrm_', '') as deal_id,
        stage,
        amount,
        closing_date,
        modified_at,
        regexp_replace(modified_by, '^zcrm_', '') as modified_by
    from raw.zoho_stage_history
)

select
    'zoho' as source,
    'zoho:' || deal_id as deal_id,
    'zoho:' || concat_ws('/', deal_id, modified_at, stage, closing_date, amount) as state_id,
    try_cast(modified_at as timestamp) as changed_at,
    cast(epoch(try_cast(modified_at as timestamp)) as bigint) as changed_sec,
    'zoho:' || modified_by as changed_by,
    stage,
    try_cast(amount as double) as amount,
    try_cast(closing_date as date) as expected_close_on,
    cast(try_cast(closing_date as date) - date '1970-01-01' as integer) as expected_close_day,
    stage as sort_key,
    cast(null as boolean) as is_bulk
from changes
