-- The newest created or modified stamp of everything Zoho exported; no row without exports.
with stamps as (
    select greatest(created_at, modified_at) as stamp from raw.zoho_deal
    union all
    select modified_at from raw.zoho_stage_history
    union all
    select greatest(created_at, modified_at) from raw.zoho_account
    union all
    select greatest(created_at, modified_at) from raw.zoho_lead
    union all
    select greatest(created_at, modified_at) from raw.zoho_call
    union all
    select greatest(created_at, modified_at) from raw.zoho_meeting
    union all
    select greatest(created_at, modified_at) from raw.zoho_task
    union all
    select sent_at from raw.zoho_email
)

select
    'zoho' as source,
    cast(epoch(max(try_cast(stamp as timestamp))) as bigint) as newest_sec
from stamps
having max(try_cast(stamp as timestamp)) is not null
