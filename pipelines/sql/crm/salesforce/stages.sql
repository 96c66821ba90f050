-- Salesforce stages of every pipeline: the stage list, and stages that only deals or their
-- history still name (renamed or removed since), with what those deals tell of them.
with record_types as (
    select id, min(name) as name
    from raw.salesforce_record_type
    group by id
),

opportunities as (
    select
        o.id,
        o.stage_name,
        o.is_closed,
        o.is_won,
        o.probability,
        coalesce(nullif(trim(o.pipeline), ''), t.name, o.record_type_id, 'default') as pipeline
    from raw.salesforce_opportunity as o
    left join record_types as t on o.record_type_id = t.id
    where o.id is not null
    qualify row_number() over (
        partition by o.id
        order by
            coalesce(o.system_modstamp, o.last_modified_date) desc nulls last,
            o.version_start desc nulls first, o.synced_at desc nulls last,
            o._file desc, o._line desc
    ) = 1
),

pipelines as (
    select distinct pipeline from opportunities
    union
    select coalesce(nullif(trim(pipeline), ''), 'default')
    from raw.salesforce_reports_opportunity
    union
    select 'default' as pipeline
    where
        not exists (select 1 from opportunities)
        and not exists (select 1 from raw.salesforce_reports_opportunity)
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
        union all
        select stage_name, is_closed, is_won, probability
        from raw.salesforce_opportunity
        where version_start is not null
        union all
        select stage, is_closed, is_won, probability from raw.salesforce_reports_opportunity
        union all
        select to_stage, null, null, probability from raw.salesforce_reports_history
        union all
        select from_stage, null, null, null from raw.salesforce_reports_history
        union all
        select stage, null, null, null
        from (
            select field, trim(old_value) as stage from raw.salesforce_opportunity_field_history
            union all
            select field, trim(new_value) from raw.salesforce_opportunity_field_history
            union all
            select field, trim(old_value) from raw.salesforce_reports_field_history
            union all
            select field, trim(new_value) from raw.salesforce_reports_field_history
        )
        where regexp_replace(lower(field), '[^a-z]', '', 'g') in ('stagename', 'stage')
    )
    where trim(stage) <> ''
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
