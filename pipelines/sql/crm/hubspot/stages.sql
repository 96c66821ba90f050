-- HubSpot stages of every pipeline: those listed, and those that only deals or their past name.
with latest as (
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
        case
            when 'true' in (s.is_closed, s.closed_won) or q.probability = 0 then true
            else coalesce(s.is_closed = 'true', q.probability = 1)
        end as is_closed,
        coalesce(
            s.closed_won = 'true',
            case when s.is_closed = 'false' then false else q.probability = 1 end
        ) as is_won,
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

deals as (
    select l.*, coalesce(n.label, l.deal_pipeline, 'default') as pipeline
    from latest as l
    left join pipeline_names as n on lower(l.deal_pipeline) = n.word
),

-- A file of one property need not name it on its lines; then the file's name does.
history as (
    select distinct
        deal_id,
        case
            when word in ('dealstage', 'closedate', 'amount') then word
            when not coalesce(regexp_full_match(property, '[a-z0-9_]+'), false)
                then regexp_extract(
                    regexp_replace(lower(_file), '[^a-z]', '', 'g'), 'dealstage|closedate|amount'
                )
        end as property,
        nullif(trim(value), '') as value,
        try_cast(timestamp as timestamp) as moment,
        upper(source) as source,
        coalesce(user_id, nullif(regexp_extract(source_id, 'userId:([0-9]+)', 1), '')) as user_id
    from (
        select *, regexp_replace(lower(property), '[ _]', '', 'g') as word
        from raw.hubspot_property_history
    )
    where try_cast(timestamp as timestamp) is not null and nullif(trim(value), '') is not null
),

-- Each export tells the latest entry into a stage; several of them may tell earlier ones too.
entries as (
    select deal_id, name, _file, max(moment) as moment
    from (
        select id as deal_id, name, _file, try_cast(value as timestamp) as moment
        from raw.hubspot_deal_stage_entry
        union all
        select deal_id, stage_id, _file, try_cast(entered_at as timestamp)
        from raw.hubspot_stage_date
    )
    where moment is not null
    group by deal_id, name, _file
),

moves as (
    select deal_id, value as word, moment, source, user_id
    from history
    where property = 'dealstage'
    union all
    select distinct
        deal_id,
        value as word,
        try_cast(date_entered as timestamp) as moment,
        upper(source) as source,
        nullif(regexp_extract(source_id, 'userId:([0-9]+)', 1), '') as user_id
    from raw.hubspot_deal_stage
    where deal_id not in (select deal_id from history where property = 'dealstage')
    union all
    select distinct
        e.deal_id,
        -- A label stands before its pipeline in brackets; an old id may end with one more number.
        case
            when ends_with(e.name, ' (' || d.pipeline || ')')
                then left(e.name, length(e.name) - length(d.pipeline) - 3)
            when ends_with(e.name, ')') then regexp_replace(e.name, ' \([^()]*\)$', '')
            when lower(e.name) not in (select word from ids)
                then regexp_replace(e.name, '^(.*[^_])_[0-9]+$', '\1')
            else e.name
        end as word,
        e.moment,
        null as source,
        null as user_id
    from entries as e
    join deals as d on e.deal_id = d.id
    where
        e.deal_id not in (select deal_id from history where property = 'dealstage')
        and e.deal_id not in (select deal_id from raw.hubspot_deal_stage)
),

staged as (
    select
        m.deal_id,
        d.pipeline,
        coalesce(w.stage, i.stage, m.word) as stage,
        m.word,
        m.moment,
        m.source,
        m.user_id,
        -- An imported deal entered all its stages at once.
        coalesce(k.place, 0) as place,
        coalesce(
            k.is_closed,
            i.is_closed,
            f.is_closed,
            regexp_full_match(lower(m.word), 'closed ?(won|lost)')
        ) as is_closed
    from moves as m
    join deals as d on m.deal_id = d.id
    left join words as w on d.pipeline = w.pipeline and lower(m.word) = w.word
    left join ids as i on lower(m.word) = i.word
    left join known as k
        on d.pipeline = k.pipeline and coalesce(w.stage, i.stage, m.word) = k.stage
    left join (
        select distinct pipeline, lower(deal_stage) as word, true as is_closed
        from deals
        where 'true' in (is_closed, is_won, is_lost)
    ) as f on d.pipeline = f.pipeline and lower(m.word) = f.word
    where m.moment is not null
),

seen as (
    select
        pipeline,
        stage,
        min(lower(word)) as word,
        bool_or(is_closed) as is_closed,
        bool_or(is_won) as is_won,
        max(probability) as probability
    from (
        select
            d.pipeline,
            coalesce(w.stage, i.stage, d.deal_stage) as stage,
            d.deal_stage as word,
            case
                when 'true' in (d.is_closed, d.is_won, d.is_lost) then true
                else coalesce(d.is_closed = 'true', i.is_closed)
            end as is_closed,
            coalesce(d.is_won = 'true', i.is_won) as is_won,
            coalesce(
                case
                    when try_cast(d.probability as double) > 1
                        then try_cast(d.probability as double) / 100
                    else try_cast(d.probability as double)
                end,
                i.probability
            ) as probability
        from deals as d
        left join words as w on d.pipeline = w.pipeline and lower(d.deal_stage) = w.word
        left join ids as i on lower(d.deal_stage) = i.word
        union all
        select s.pipeline, s.stage, s.word, i.is_closed, i.is_won, i.probability
        from staged as s
        left join ids as i on lower(s.word) = i.word
    )
    where stage is not null
    group by pipeline, stage
),

-- The stages that every portal begins with keep their ids.
defaults as (
    select *
    from (
        values
        ('appointmentscheduled', 0, 0.2),
        ('qualifiedtobuy', 1, 0.4),
        ('presentationscheduled', 2, 0.6),
        ('decisionmakerboughtin', 3, 0.8),
        ('contractsent', 4, 0.9),
        ('closedwon', 5, 1.0),
        ('closedlost', 6, 0.0)
    ) as d (word, place, probability)
)

select
    'hubspot' as source,
    pipeline,
    stage,
    place as stage_order,
    is_closed,
    is_won,
    probability as crm_probability
from known
union all
select
    'hubspot' as source,
    s.pipeline,
    s.stage,
    d.place as stage_order,
    coalesce(s.is_closed, d.probability in (0, 1)) as is_closed,
    coalesce(s.is_won, d.probability = 1) as is_won,
    coalesce(s.probability, cast(d.probability as double)) as crm_probability
from seen as s
left join defaults as d on s.word = d.word
left join known as k on s.pipeline = k.pipeline and s.stage = k.stage
where k.stage is null
