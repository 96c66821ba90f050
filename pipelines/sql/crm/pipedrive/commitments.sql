-- Activities that a Pipedrive seller planned for a day, kept when they were done. A meeting is a
-- booking, not a promise, and what was logged as already done was never one.
with dated as (
    select
        *,
        case
            when is_done
                then greatest(
                    coalesce(done_at, least(due_at, try_cast(update_time as timestamp))), added_at
                )
        end as kept_at
    from crm.pipedrive_planned_acts
    where
        kind <> 'meeting'
        and deal_id is not null
        and due_on is not null
        and added_at is not null
        and (
            not is_done
            or done_at > added_at + interval 10 minute
            or (done_at is null and due_on > cast(added_at as date))
        )
)

select
    'pipedrive' as source,
    'pipedrive:' || deal_id as deal_id,
    'pipedrive:' || key as commitment_id,
    subject,
    added_at as made_at,
    cast(floor(epoch(added_at)) as bigint) as made_sec,
    due_on,
    cast(due_on - date '1970-01-01' as integer) as due_day,
    kept_at,
    cast(floor(epoch(kept_at)) as bigint) as kept_sec,
    cast(null as varchar) as made_by
from dated
