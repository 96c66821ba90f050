-- The newest created or updated stamp of everything Freshsales exported; no row without exports.
with stamps as (
    select greatest(created_at, modified_at) as stamp from raw.freshsales_deal
    union all
    select greatest(created_at, modified_at) from raw.freshsales_sales_activity
    union all
    select greatest(created_at, modified_at) from raw.freshsales_task
    union all
    select greatest(created_at, modified_at) from raw.freshsales_appointment
)

select
    'freshsales' as source,
    cast(epoch(max(try_cast(stamp as timestamp))) as bigint) as newest_sec
from stamps
having max(try_cast(stamp as timestamp)) is not null
