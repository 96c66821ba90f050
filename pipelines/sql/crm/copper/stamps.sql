-- The newest created or modified stamp of everything Copper exported; no row without exports.
with stamps as (
    select greatest(created_at, modified_at) as stamp from raw.copper_opportunity
    union all
    select greatest(created_at, modified_at) from raw.copper_activity
)

select
    'copper' as source,
    cast(epoch(max(try_cast(stamp as timestamp))) as bigint) as newest_sec
from stamps
having max(try_cast(stamp as timestamp)) is not null
