-- Statuses that Close opportunities and their log name; their type says whether they end a deal.
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

words as (
    select
        coalesce(pipeline_name, pipeline_id, 'default') as pipeline,
        status_label,
        status_type,
        confidence
    from raw.close_opportunity
),

moves as (
    select old_status_label as status_label, old_status_type as status_type
    from log
    union
    select new_status_label, new_status_type
    from log
),

every as (
    select pipeline, status_label, status_type, confidence from words
    union all
    select p.pipeline, m.status_label, m.status_type, null
    from moves as m
    cross join (select distinct pipeline from words) as p
)

select
    'close' as source,
    pipeline,
    status_label as stage,
    cast(round(median(try_cast(confidence as double))) as integer) as stage_order,
    max(case status_type when 'active' then 0 when 'won' then 1 when 'lost' then 1 end) = 1
        as is_closed,
    max(case status_type when 'active' then 0 when 'won' then 1 when 'lost' then 0 end) = 1
        as is_won,
    cast(null as double) as crm_probability
from every
where status_label is not null
group by pipeline, status_label
