-- Stages of each Pipedrive pipeline: those listed, those that only deals or their past name, and
-- the two statuses that end a deal.
with deals as (
    select
        *,
        coalesce(
            id,
            concat_ws(' / ', title, org_name, cast(try_cast(add_time as timestamp) as date))
        ) as key
    from raw.pipedrive_deal
),

latest as (
    select *
    from deals
    qualify row_number() over (
        partition by key
        order by
            try_cast(update_time as timestamp) desc nulls last, synced_at desc nulls last,
            _file desc, _line desc
    ) = 1
),

-- A dump of one deal's history may name the deal in the name of its file or folder only.
told as (
    select
        deal_id, lower(field_key) as field, old_value, new_value, old_label, new_label,
        additional_data, try_cast(changed_at as timestamp) as moment, user_id, is_bulk,
        false as is_flow, _file
    from raw.pipedrive_deal_change
    union all
    select
        coalesce(item_id, deal_id), lower(field_key), old_value, new_value, old_label, new_label,
        null, coalesce(try_cast(log_time as timestamp), try_cast(timestamp as timestamp)),
        user_id, is_bulk, true, _file
    from raw.pipedrive_flow
    where field_key is not null
),

changes as (
    select
        coalesce(
            deal_id,
            nullif(
                regexp_extract(
                    lower(_file),
                    '(?:^|[/!_-])(?:deal[_-]?|(?:deals|flow|changelog|participants[a-z]*)/'
                    || '|(?:flow|changelog|participants[a-z]*)[_-])([0-9]+)(?:[^0-9]|$)',
                    1
                ),
                ''
            )
        ) as key,
        field,
        nullif(trim(old_value), '') as old_value,
        nullif(trim(new_value), '') as new_value,
        coalesce(
            old_label,
            nullif(regexp_extract(additional_data, '"old_value_formatted": ?"([^"]+)"', 1), '')
        ) as old_label,
        coalesce(
            new_label,
            nullif(regexp_extract(additional_data, '"new_value_formatted": ?"([^"]+)"', 1), '')
        ) as new_label,
        moment,
        user_id,
        is_bulk = 'true' as is_bulk,
        is_flow,
        _file
    from told
    where moment is not null
),

pipelines as (
    select id, name
    from raw.pipedrive_pipeline
    qualify row_number() over (
        partition by id order by update_time desc nulls last, _file desc, _line desc
    ) = 1
),

-- A stage's id is its own in all pipelines; without a list of stages the flow may tell its name.
stages as (
    select
        s.id,
        s.name,
        coalesce(p.name, s.pipeline_name, s.pipeline_id) as pipeline,
        try_cast(s.order_nr as integer) as place,
        try_cast(s.deal_probability as double) / 100 as probability
    from raw.pipedrive_stage as s
    left join pipelines as p on s.pipeline_id = p.id
    qualify row_number() over (
        partition by s.id order by s.update_time desc nulls last, s._file desc, s._line desc
    ) = 1
),

labels as (
    select id, min(label) as name
    from (
        select old_value as id, old_label as label from changes where field = 'stage_id'
        union all
        select new_value, new_label from changes where field = 'stage_id'
    )
    where id is not null and label is not null and id not in (select id from stages)
    group by id
),

named as (
    select
        l.key,
        coalesce(s.pipeline, p.name, l.pipeline, 'default') as pipeline,
        coalesce(s.name, n.name, l.stage) as stage
    from latest as l
    left join stages as s on l.stage = s.id
    left join labels as n on l.stage = n.id
    left join pipelines as p on l.pipeline = p.id
),

-- A deal that was moved out of another pipeline had stages of that one.
past as (
    select
        d.pipeline,
        coalesce(s.name, n.name, c.stage_id) as stage,
        case when s.pipeline = d.pipeline then s.place end as place
    from (
        select key, old_value as stage_id from changes where field = 'stage_id'
        union
        select key, new_value from changes where field = 'stage_id'
    ) as c
    inner join named as d on c.key = d.key
    left join stages as s on c.stage_id = s.id
    left join labels as n on c.stage_id = n.id
    where c.stage_id is not null
),

every as (
    select coalesce(pipeline, 'default') as pipeline, name as stage, place, probability
    from stages
    union all
    select pipeline, stage, null, null from named where stage is not null
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
    select distinct pipeline from named
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
