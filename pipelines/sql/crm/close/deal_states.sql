-- Close's log of statuses: the status that an opportunity was created in, and each move. The log
-- holds no amounts and no expected dates.
with log as (
    select
        id, opportunity_id, user_id, old_status_label, old_status_type, new_status_label,
        new_status_type, created_at
    from raw.close_status_change
    union all
    select
        id, opportunity_id, user_id, old_status_label, old_status_type, new_status_label,
        new_status_type, created_at
    from raw.close_activity
    where activity_type = 'OpportunityStatusChange'
),

changes as (
    select distinct
        coalesce(id, concat_ws('/', opportunity_id, created_at, new_status_label)) as id,
        opportunity_id,
        user_id,
        old_status_label,
        new_status_label,
        created_at
    from log
),

firsts as (
    select
        o.id || '/created' as id,
        o.id as opportunity_id,
        o.user_id,
        c.old_status_label as status_label,
        o.created_at
    from raw.close_opportunity as o
    inner join changes as c on o.id = c.opportunity_id
    where c.old_status_label is not null
    qualify row_number() over (partition by o.id order by c.created_at, c.id, o._file, o._line) = 1
),

states as (
    select id, opportunity_id, user_id, status_label, created_at from firsts
    union all
    select id, opportunity_id, user_id, new_status_label, created_at from changes
)

select
    'close' as source,
    'close:' || opportunity_id as deal_id,
    'close:' || id as state_id,
    try_cast(created_at as timestamp) as changed_at,
    cast(epoch(try_cast(created_at as timestamp)) as bigint) as changed_sec,
    'close:' || user_id as changed_by,
    status_label as stage,
    cast(null as double) as amount,
    cast(null as date) as expected_close_on,
    cast(null as integer) as expected_close_day,
    case when id like '%/created' then '0' else '1' end || id as sort_key,
    cast(null as boolean) as is_bulk
from states
where created_at is not null
