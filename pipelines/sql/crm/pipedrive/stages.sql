-- Stages of each Pipedrive pipeline: those listed, those that only deals or their past name, and
-- the two statuses that end a deal.
with names as (
    select id, name, pipeline, place, probability, is_listed from crm.pipedrive_stage_names
),

stages as (
    select name, pipeline, place, probability from names where is_listed
),

deals as (
    select key, pipeline, stage from crm.pipedrive_named_deals
),

changes as (
    select key, old_value, new_value from crm.pipedrive_logged_changes where field = 'stage_id'
),

-- A deal that was moved out of another pipeline had stages of that one.
past as (
    select
        d.pipeline,
        coalesce(s.name, c.stage_id) as stage,
        case when s.pipeline = d.pipeline then s.place end as place
    from (
        select key, old_value as stage_id from changes
        union
        select key, new_value from changes
    ) as c
    inner join deals as d on c.key = d.key
    left join names as s on c.stage_id = s.id
    where c.stage_id is not null
),

every as (
    select coalesce(pipeline, 'default') as pipeline, name as stage, place, probability
    from stages
    union all
    select pipeline, stage, null, null from deals where stage is not null
    union all
    select pipeline, stage, null, null from past
),

-- Without the pipelines' names a stage is known by its own, where only one goes by it.
alone as (
    select name as stage, min(place) as place, min(probability) as probability
    from stages
    group by name
    having count(distinct pipeline) = 1
),

placed as (
    select
        e.pipeline,
        e.stage,
        coalesce(e.place, a.place) as place,
        coalesce(e.probability, a.probability) as probability
    from every as e
    left join (select distinct pipeline from stages) as k on e.pipeline = k.pipeline
    left join alone as a on k.pipeline is null and e.stage = a.stage
),

pipeline_names as (
    select distinct pipeline from every
    union
    select distinct pipeline from deals
)

select
    'pipedrive' as source,
    pipeline,
    -- A stage may be called as an ending is; a deal in it is still open.
    case when lower(trim(stage)) in ('won', 'lost') then stage || ' (stage)' else stage end
        as stage,
    min(place) as stage_order,
    false as is_closed,
    false as is_won,
    max(probability) as crm_probability
from placed
group by pipeline, stage
union all
select
    'pipedrive' as source,
    p.pipeline,
    e.stage,
    cast(null as integer) as stage_order,
    true as is_closed,
    e.stage = 'Won' as is_won,
    case when e.stage = 'Won' then 1.0 else 0.0 end as crm_probability
from pipeline_names as p
cross join (select unnest(['Won', 'Lost']) as stage) as e
