-- Copper opportunities as they stand in the export. A closed one keeps the stage it ended in, so its
-- status (Won, Lost, Abandoned) stands for the stage. Abandoned is nobody's decision.
with latest as (
    select *
    from raw.copper_opportunity
    qualify row_number() over (
        partition by id
        order by modified_at desc nulls last, _file desc, _line desc
    ) = 1
),

-- Stages stand in a table of their own or in their pipeline's cell.
told_stages as (
    select id, name, pipeline_id, try_cast(win_probability as double) as win_probability
    from raw.copper_pipeline_stage
    union all
    select
        cell ->> '$.id' as id,
        cell ->> '$.name' as name,
        pipeline_id,
        try_cast(cell ->> '$.win_probability' as double) as win_probability
    from (
        select
            id as pipeline_id,
            unnest(
                case when json_valid(stages) then json_extract(stages, '$[*]') else [] end
            ) as cell
        from raw.copper_pipeline
    )
),

stages as (
    select id, min(name) as name from told_stages group by id
),

pipelines as (
    select id, min(name) as name from raw.copper_pipeline group by id
),

reasons as (
    select id, min(name) as name from raw.copper_loss_reason group by id
),

sources as (
    select id, min(name) as name from raw.copper_customer_source group by id
)

select
    'copper' as source,
    'copper:' || o.id as deal_id,
    o.id as source_id,
    'copper:' || coalesce(o.company_id, lower(o.company_name)) as account_id,
    'copper:' || coalesce(o.assignee_id, lower(o.assignee)) as seller_id,
    coalesce(o.pipeline, p.name, o.pipeline_id, 'default') as pipeline,
    o.name,
    try_cast(o.monetary_value as double) as amount,
    o.monetary_unit as currency,
    try_cast(o.created_at as timestamp) as created_at,
    cast(epoch(try_cast(o.created_at as timestamp)) as bigint) as created_sec,
    try_cast(o.close_date as date) as close_on,
    cast(try_cast(o.close_date as date) - date '1970-01-01' as integer) as close_day,
    lower(o.status) <> 'open' as is_closed,
    lower(o.status) = 'won' as is_won,
    case
        when lower(o.status) <> 'open' then o.status
        else coalesce(o.pipeline_stage, s.name, o.pipeline_stage_id)
    end as stage,
    try_cast(o.win_probability as double) / 100 as crm_probability,
    coalesce(o.loss_reason, r.name, o.loss_reason_id) as lost_reason,
    cast(null as varchar) as lost_reason_detail,
    o.competitor,
    -- An id that no list names says nothing of where a deal came from.
    coalesce(o.customer_source, c.name) as lead_source,
    cast(null as varchar) as deal_type,
    cast(null as date) as return_on,
    cast(null as integer) as return_day,
    cast(null as bigint) as last_stage_change_sec,
    try_cast(o.modified_at as timestamp) as modified_at,
    cast(epoch(try_cast(o.modified_at as timestamp)) as bigint) as modified_sec,
    cast(null as varchar) as outcome_hint,
    case
        when o.id in (select parent_id from raw.copper_activity where new_value is not null)
            then 'full'
        when o.stage_changed_at is not null then 'last_change'
        else 'none'
    end as history_level
from latest as o
left join stages as s on o.pipeline_stage_id = s.id
left join pipelines as p on o.pipeline_id = p.id
left join reasons as r on o.loss_reason_id = r.id
left join sources as c on o.customer_source_id = c.id
where coalesce(o.is_deleted, 'false') <> 'true'
