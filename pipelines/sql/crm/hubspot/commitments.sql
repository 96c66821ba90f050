-- HubSpot tasks promised before they were done: what, when made, when due, when kept; one a deal.
with tasks as (
    select
        id, task_subject, task_status, created_at, due_at, completed_at, modified_at, deal_ids,
        is_deleted, is_gone, is_archived
    from crm.hubspot_latest_tasks
),

deal_links as (
    select engagement_id, list(distinct deal_id order by deal_id) as deals
    from raw.hubspot_engagement_deal
    group by engagement_id
),

told as (
    select
        id, task_subject as subject, task_status as status, created_at, due_at, completed_at,
        modified_at, deal_ids
    from tasks
    where not coalesce('true' in (is_deleted, is_gone, is_archived), false)
    union all
    select
        id, subject, status, created_at, happened_at, completed_at, modified_at, deal_ids
    from crm.hubspot_latest_engagements
    where
        type = 'TASK'
        and id not in (select id from tasks)
        and not coalesce('true' in (is_deleted, is_gone), false)
        and coalesce(is_active, 'true') <> 'false'
),

linked as (
    select
        t.id,
        t.subject,
        coalesce(upper(t.status) = 'COMPLETED', false) as is_kept,
        try_cast(t.created_at as timestamp) as created_at,
        try_cast(t.completed_at as timestamp) as completed_at,
        try_cast(t.due_at as timestamp) as due_at,
        try_cast(t.modified_at as timestamp) as modified_at,
        unnest(
            list_distinct(
                list_concat(
                    regexp_extract_all(coalesce(t.deal_ids, ''), '[0-9]+'), coalesce(d.deals, [])
                )
            )
        ) as deal
    from told as t
    left join deal_links as d on t.id = d.engagement_id
),

typed as (
    select distinct on (l.id, coalesce(s.survivor, l.deal))
        l.*, coalesce(s.survivor, l.deal) as deal_id
    from linked as l
    left join crm.hubspot_survivors as s on s.kind = 'deal' and l.deal = s.id
),

dated as (
    select
        *,
        count(*) over (partition by id) as times,
        -- Without a time of its own a completion is as late as the due date or the last change.
        case
            when is_kept
                then greatest(coalesce(completed_at, least(due_at, modified_at)), created_at)
        end as kept_at
    from typed
    where
        created_at is not null
        -- What was logged as already done was never a promise.
        and (
            not is_kept
            or completed_at > created_at + interval 10 minute
            or (completed_at is null and cast(due_at as date) > cast(created_at as date))
        )
)

select
    'hubspot' as source,
    'hubspot:' || deal_id as deal_id,
    'hubspot:' || id || case when times > 1 then '/' || deal_id else '' end as commitment_id,
    subject,
    created_at as made_at,
    cast(floor(epoch(created_at)) as bigint) as made_sec,
    cast(due_at as date) as due_on,
    cast(cast(due_at as date) - date '1970-01-01' as integer) as due_day,
    kept_at,
    cast(floor(epoch(kept_at)) as bigint) as kept_sec,
    cast(null as varchar) as made_by
from dated
