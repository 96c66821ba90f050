-- Stages of each Copper pipeline, and the three statuses that end an opportunity.
with pipelines as (
    select id, min(name) as name from raw.copper_pipeline group by id
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

listed as (
    select
        coalesce(p.name, s.pipeline_id, 'default') as pipeline,
        s.name as stage,
        cast(round(s.win_probability) as integer) as stage_order,
        false as is_closed,
        false as is_won,
        s.win_probability / 100 as crm_probability
    from told_stages as s
    left join pipelines as p on s.pipeline_id = p.id
    where s.name is not null
    qualify row_number() over (
        partition by pipeline, s.name order by s.id, s.win_probability nulls last
    ) = 1
),

named as (
    select
        coalesce(o.pipeline, p.name, o.pipeline_id, 'default') as pipeline,
        coalesce(o.pipeline_stage, s.name, o.pipeline_stage_id) as stage
    from raw.copper_opportunity as o
    left join pipelines as p on o.pipeline_id = p.id
    left join (
        select id, min(name) as name from told_stages group by id
    ) as s on o.pipeline_stage_id = s.id
),

ends as (
    select unnest(['Won', 'Lost', 'Abandoned']) as stage
),

every as (
    select * from listed
    union all by name
    select distinct
        n.pipeline,
        n.stage,
        false as is_closed,
        false as is_won
    from named as n
    where n.stage is not null and (n.pipeline, n.stage) not in (select pipeline, stage from listed)
    union all by name
    select distinct
        n.pipeline,
        e.stage,
        true as is_closed,
        e.stage = 'Won' as is_won
    from named as n
    cross join ends as e
)

select
    'copper' as source,
    pipeline,
    stage,
    stage_order,
    is_closed,
    is_won,
    crm_probability
from every
