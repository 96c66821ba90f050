-- Zoho leads in the core shape, with the deal a lead became.
with latest as (
    select *
    from raw.zoho_lead
    qualify row_number() over (
        partition by regexp_replace(id, '^zcrm_', '')
        order by modified_at desc nulls last, _file desc, _line desc
    ) = 1
)

select
    'zoho' as source,
    'zoho:' || regexp_replace(id, '^zcrm_', '') as lead_id,
    'zoho:' || regexp_replace(converted_account_id, '^zcrm_', '') as account_id,
    'zoho:' || regexp_replace(coalesce(owner_id, lower(owner)), '^zcrm_', '') as seller_id,
    try_cast(created_at as timestamp) as created_at,
    cast(epoch(try_cast(created_at as timestamp)) as bigint) as created_sec,
    lead_status as status,
    reason,
    'zoho:' || regexp_replace(converted_deal_id, '^zcrm_', '') as deal_id,
    try_cast(modified_at as timestamp) as modified_at,
    cast(epoch(try_cast(modified_at as timestamp)) as bigint) as modified_sec
from latest
