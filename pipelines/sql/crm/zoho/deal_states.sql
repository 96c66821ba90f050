-- Zoho's stage history: one row per stay in a stage, with the amount and closing date of then.
with names as (
    select lower(trim(deal_name)) as name, min(regexp_replace(id, '^zcrm_', '')) as deal_id
    from raw.zoho_deal
    where deal_name is not null
    group by lower(trim(deal_name))
    having count(distinct regexp_replace(id, '^zcrm_', '')) = 1
),

changes as (
    select distinct
        -- A name that several deals share says not which.
        coalesce(regexp_replace(h.deal_id, '^zcrm_', ''), n.deal_id) as deal_id,
        h.stage,
        h.amount,
        h.closing_date,
        h.modified_at,
        regexp_replace(h.modified_by, '^zcrm_', '') as modified_by
    from raw.zoho_stage_history as h
    left join names as n on h.deal_id is null and lower(trim(h.deal_name)) = n.name
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
where deal_id is not null
