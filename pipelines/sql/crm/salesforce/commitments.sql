-- Salesforce tasks that were promised before they were done: what, when made, when due, when kept.
with typed as (
    select
        id,
        what_id,
        subject,
        coalesce(is_closed = 'true', lower(status) = 'completed', false) as is_kept,
        try_cast(created_date as timestamp) as created_at,
        try_cast(completed_date_time as timestamp) as completed_at,
        try_cast(activity_date as date) as due_on
    from crm.salesforce_latest_tasks
    where
        coalesce(is_deleted, 'false') <> 'true'
        and coalesce(is_gone, 'false') <> 'true'
        and coalesce(is_current, 'true') = 'true'
        and gone_at is null
        and coalesce(is_recurrence, 'false') <> 'true'
        and coalesce(task_subtype, 'Task') not in ('Email', 'ListEmail')
        and what_id like '006%'
),

dated as (
    select
        *,
        -- A completion without a time of its own happened, as far as is known, on the due date.
        case
            when is_kept
                then greatest(coalesce(completed_at, due_on + interval 12 hour), created_at)
        end as kept_at
    from typed
    where
        created_at is not null
        -- What was logged as already done was never a promise.
        and (
            not is_kept
            or completed_at > created_at + interval 10 minute
            or (completed_at is null and due_on > cast(created_at as date))
        )
)

select
    'salesforce' as source,
    'salesforce:' || what_id as deal_id,
    'salesforce:' || id as commitment_id,
    subject,
    created_at as made_at,
    cast(epoch(created_at) as bigint) as made_sec,
    due_on,
    cast(due_on - date '1970-01-01' as integer) as due_day,
    kept_at,
    cast(epoch(kept_at) as bigint) as kept_sec,
    cast(null as varchar) as made_by
from dated
