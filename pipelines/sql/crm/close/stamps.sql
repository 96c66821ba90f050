-- The newest created or updated stamp of everything Close exported; no row without exports.
with stamps as (
    select greatest(created_at, modified_at) as stamp from raw.close_opportunity
    union all
    select created_at from raw.close_status_change
    union all
    select created_at from raw.close_lead_status_change
    union all
    select greatest(created_at, modified_at) from raw.close_lead
    union all
    select greatest(created_at, modified_at) from raw.close_email
    union all
    select greatest(created_at, modified_at) from raw.close_call
    union all
    select greatest(created_at, modified_at) from raw.close_activity
    union all
    select greatest(created_at, modified_at) from raw.close_meeting
    union all
    select greatest(created_at, modified_at) from raw.close_message
    union all
    select greatest(created_at, modified_at) from raw.close_task
)

select
    'close' as source,
    cast(epoch(max(try_cast(stamp as timestamp))) as bigint) as newest_sec
from stamps
having max(try_cast(stamp as timestamp)) is not null
