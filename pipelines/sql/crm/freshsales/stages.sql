-- Stages of each Freshsales pipeline, and those that only deals name.
with pipelines as (
    select id, min(name) as name from raw.freshsales_deal_pipeline group by id
),

listed as (
    select
        coalesce(p.name, s.deal_pipeline_id, 'default') as pipeline,
        s.name as stage,
        try_cast(try_cast(s.position as double) as integer) as stage_order,
        lower(s.forecast_type) like 'closed%' as is_closed,
        lower(s.forecast_type) = 'closed won' as is_won,
        try_cast(s.probability as double) / 100 as crm_probability
    from raw.freshsales_deal_stage as s
    left join pipelines as p on s.deal_pipeline_id = p.id
    qualify row_number() over (partition by pipeline, s.name order by s.id, s._file, s._line) = 1
),

named as (
    select distinct
        coalesce(d.deal_pipeline, p.name, d.deal_pipeline_id, 'default') as pipeline,
        coalesce(d.deal_stage, s.name, d.deal_stage_id) as stage
    from raw.freshsales_deal as d
    left join pipelines as p on d.deal_pipeline_id = p.id
    left join (
        select id, min(name) as name from raw.freshsales_deal_stage group by id
    ) as s on d.deal_stage_id = s.id
),

every as (
    select * from listed
    union all by name
    select * from named
    where stage is not null and (pipeline, stage) not in (select pipeline, stage from listed)
)

select
    'freshsales' as source,
    pipeline,
    stage,
    stage_order,
    is_closed,
    is_won,
    crm_probability
from every
