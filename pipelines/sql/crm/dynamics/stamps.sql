-- The newest created or modified stamp of everything Dynamics exported; no row without exports.
with stamps as (
    select greatest(created_at, modified_at) as stamp from raw.dynamics_opportunity
    union all
    select greatest(created_at, modified_at) from raw.dynamics_opportunity_close
    union all
    select modified_at from raw.dynamics_stage_stay
    union all
    select greatest(created_at, modified_at) from raw.dynamics_activity
    union all
    select greatest(created_at, modified_at) from raw.dynamics_account
    union all
    select greatest(created_at, modified_at) from raw.dynamics_lead
    union all
    select greatest(created_at, modified_at) from raw.dynamics_quote
)

select
    'dynamics' as source,
    cast(epoch(max(try_cast(stamp as timestamp))) as bigint) as newest_sec
from stamps
having max(try_cast(stamp as timestamp)) is not null
