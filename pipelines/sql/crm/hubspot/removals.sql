-- HubSpot deals that are no deals any more: deleted, archived, or merged into another.
with recursive lost_ids as (
    select merged_deal_id as id, deal_id as survivor from raw.hubspot_merged_deal
    union
    select unnest(regexp_extract_all(merged_ids, '[0-9]+')) as id, id as survivor
    from raw.hubspot_deal
),

-- Merges chain; `union` drops repeats, so a circle of merges ends too.
merges as (
    select id, survivor from lost_ids where id <> survivor
    union
    select m.id, n.survivor
    from merges as m
    join lost_ids as n on m.survivor = n.id
    where n.survivor <> m.id and n.survivor <> n.id
),

survivors as (
    select id, min(survivor) as survivor
    from merges
    where survivor not in (select id from merges)
    group by id
),

latest as (
    select *
    from raw.hubspot_deal
    where id is not null
    qualify row_number() over (
        partition by id
        order by modified_at desc nulls last, synced_at desc nulls last, _file desc, _line desc
    ) = 1
),

pipelines as (
    select *
    from raw.hubspot_pipeline
    qualify row_number() over (
        partition by pipeline_id order by modified_at desc nulls last, _file desc, _line desc
    ) = 1
),

-- Stages stand in a table of their own or in their pipeline's cell.
told_stages as (
    select
        coalesce(s.pipeline_id, p.pipeline_id) as pipeline_id,
        s.pipeline_label,
        s.stage_id,
        s.stage_label as stage,
        s.display_order,
        s.is_closed,
        s.closed_won,
        s.probability,
        s.modified_at,
        s._file,
        s._line
    from raw.hubspot_pipeline_stage as s
    left join pipelines as p on s.dlt_parent_id = p.dlt_id
    union all
    select
        pipeline_id,
        label as pipeline_label,
        coalesce(cell ->> '$.stageId', cell ->> '$.id') as stage_id,
        cell ->> '$.label' as stage,
        coalesce(cell ->> '$.displayOrder', cell ->> '$.display_order') as display_order,
        lower(coalesce(cell ->> '$.metadata.isClosed', cell ->> '$.isClosed')) as is_closed,
        lower(cell ->> '$.closedWon') as closed_won,
        coalesce(cell ->> '$.metadata.probability', cell ->> '$.probability') as probability,
        modified_at,
        _file,
        _line
    from (
        select
            *,
            unnest(
                case when json_valid(stages) then json_extract(stages, '$[*]') else [] end
            ) as cell
        from pipelines
    )
),

pipeline_names as (
    select lower(word) as word, min(label) as label
    from (
        select pipeline_id as word, label from pipelines
        union all
        select pipeline_id, pipeline_label
        from told_stages
        where pipeline_id not in (select pipeline_id from pipelines)
    )
    where word is not null and label is not null
    group by lower(word)
),

dictionary as (
    select
        coalesce(n.label, s.pipeline_label, s.pipeline_id, 'default') as pipeline,
        s.stage_id,
        s.stage,
        try_cast(s.display_order as integer) as place,
        -- A stage from which nothing can be won ends a deal, whatever else is said of it.
        coalesce(s.is_closed = 'true', false)
        or coalesce(s.closed_won = 'true', false)
        or coalesce(q.probability = 0, false) as is_closed,
        coalesce(s.closed_won = 'true', s.is_closed = 'true' and q.probability = 1, false)
            as is_won,
        q.probability
    from told_stages as s
    left join pipeline_names as n on lower(s.pipeline_id) = n.word
    cross join lateral (
        select
            case
                when try_cast(s.probability as double) > 1
                    then try_cast(s.probability as double) / 100
                else try_cast(s.probability as double)
            end as probability
    ) as q
    where s.stage_id is not null and s.stage is not null
    qualify row_number() over (
        partition by coalesce(n.label, s.pipeline_label, s.pipeline_id, 'default'), s.stage_id
        order by s.modified_at desc nulls last, s._file desc, s._line desc
    ) = 1
),

known as (
    select
        pipeline,
        stage,
        min(place) as place,
        bool_or(is_closed) as is_closed,
        bool_or(is_won) as is_won,
        max(probability) as probability
    from dictionary
    group by pipeline, stage
),

-- A stage goes by its id or by its label: an id in every pipeline, a label in its own.
words as (
    select pipeline, lower(word) as word, min(stage) as stage
    from (
        select pipeline, stage_id as word, stage from dictionary
        union all
        select pipeline, stage as word, stage from dictionary
    )
    group by pipeline, lower(word)
),

ids as (
    select
        lower(stage_id) as word,
        min(stage) as stage,
        bool_or(is_closed) as is_closed,
        bool_or(is_won) as is_won,
        max(probability) as probability
    from dictionary
    group by lower(stage_id)
),

gone as (
    select
        id,
        case
            when id in (select id from survivors) then 'merged'
            when 'true' in (is_deleted, is_gone) or deleted_at is not null then 'deleted'
            when is_archived = 'true' then 'archived'
        end as why
    from latest
    union all
    select id, 'merged' from survivors where id not in (select id from latest)
)

select
    'hubspot' as source,
    'hubspot:' || g.id as deal_id,
    g.why,
    case
        when l.deal_stage is null and l.is_closed is null and l.is_won is null then null
        when
            coalesce(
                case when l.is_won = 'true' then true end,
                i.is_won,
                k.is_won,
                regexp_full_match(lower(l.deal_stage), 'closed ?won')
            )
            then 'won'
        when
            coalesce(
                case when 'true' in (l.is_closed, l.is_lost) then true end,
                i.is_closed,
                k.is_closed,
                regexp_full_match(lower(l.deal_stage), 'closed ?lost')
            )
            then 'lost'
        else 'open'
    end as status,
    'hubspot:' || s.survivor as survivor_id
from gone as g
left join latest as l on g.id = l.id
left join pipeline_names as n on lower(l.deal_pipeline) = n.word
left join ids as i on lower(l.deal_stage) = i.word
left join known as k
    on
        coalesce(n.label, l.deal_pipeline, 'default') = k.pipeline
        and lower(l.deal_stage) = lower(k.stage)
left join survivors as s on g.id = s.id
where g.why is not null
