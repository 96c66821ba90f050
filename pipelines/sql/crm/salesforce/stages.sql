-- Salesforce stages of every pipeline: the stage list, and stages that only deals or their
-- history still name (renamed or removed since), with what those deals tell of them.
with opportunities as (
    select
        id,
        stage_name,
        is_closed,
        is_won,
        probability,
        coalesce(nullif(trim(pipeline), ''), record_type_id, 'default') as pipeline
    from raw.salesforce_opportunity
    where id is not null
    qualify row_number() over (
        partition by id
        order by system_modstamp desc nulls last, _file desc, _line desc
    ) = 1
),

pipelines as (
    select distinct pipeline from opportunities
    union
    select 'default' as pipeline
    where not exists (select 1 from opportunities)
),

-- History holds the name a stage had then: the label or the API name, so both are known.
listed as (
    select
        stage,
        try_cast(sort_order as integer) as stage_order,
        is_closed = 'true' as is_closed,
        is_won = 'true' as is_won,
        try_cast(default_probability as double) / 100 as crm_probability
    from (
        select *, api_name as stage from raw.salesforce_opportunity_stage
        union all by name
        select *, master_label as stage from raw.salesforce_opportunity_stage
    )
    where stage is not null
    qualify row_number() over (
        partition by stage
        order by is_active desc nulls last, try_cast(sort_order as integer), id, _file, _line
    ) = 1
),

seen as (
    select
        stage,
        -- A stage that history alone names has no flags left to read.
        max(case is_closed when 'true' then 1 when 'false' then 0 end) = 1 as is_closed,
        max(case is_won when 'true' then 1 when 'false' then 0 end) = 1 as is_won,
        max(try_cast(probability as double)) as probability
    from (
        select stage_name as stage, is_closed, is_won, probability from opportunities
        union all
        select stage_name, null, null, probability
        from raw.salesforce_opportunity_history
        where coalesce(is_deleted, 'false') <> 'true'
    )
    where stage is not null
    group by stage
),

known as (
    select stage, stage_order, is_closed, is_won, crm_probability from listed
    union all
    select
        s.stage,
        -- Without a stage list, probabilities put the stages in order; beside one they cannot.
        case
            when not exists (select 1 from listed) then cast(round(s.probability) as integer)
        end as stage_order,
        s.is_closed,
        s.is_won,
        s.probability / 100 as crm_probability
    from seen as s
    where s.stage not in (select stage from listed)
)

select
    'salesforce' as source,
    p.pipeline,
    k.stage,
    k.stage_order,
    k.is_closed,
    k.is_won,
    k.crm_probability
from known as k
cross join pipelines as p
