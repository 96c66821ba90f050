-- The owners that Zoho records name; by id where the export has it.
with owners as (
    select coalesce(owner_id, lower(owner)) as id, owner from raw.zoho_deal
    union all
    select coalesce(owner_id, lower(owner)), owner from raw.zoho_call
    union all
    select coalesce(owner_id, lower(owner)), owner from raw.zoho_meeting
    union all
    select coalesce(owner_id, lower(owner)), owner from raw.zoho_task
    union all
    select coalesce(owner_id, lower(owner)), owner from raw.zoho_email
    union all
    select coalesce(owner_id, lower(owner)), owner from raw.zoho_lead
)

select
    'zoho' as source,
    'zoho:' || regexp_replace(id, '^zcrm_', '') as seller_id,
    min(owner) as name,
    cast(null as varchar) as team,
    true as is_active,
    false as is_automatic,
    cast(null as varchar) as email_domain
from owners
where id is not null
group by regexp_replace(id, '^zcrm_', '')
