-- HubSpot deals as they were: a row for each change of stage, amount or close date, with all three.
-- The history of properties says most; without it the stays in stages; without them the latest
-- entry into each stage, in which loops are lost. HubSpot itself sets the close date of a deal that
-- is closed, so a close date set within five minutes of a closing is not what had been expected.
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
    union all
    select id, deal_stage, null, null, null from deals
),

placed as (
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
),

told_last as (
    select
        deal_id,
        max(moment) as moment,
        arg_max(stage, (moment, place)) as stage,
        arg_max(coalesce(is_closed, false), (moment, place)) as is_closed
    from placed
    where moment is not null
    group by deal_id
),

-- Not every stage may have a date, and a history may be older than the deals: where the current
-- row was closed after all that is told, the closing is the last move.
staged as (
    select * from placed where moment is not null
    union all
    select p.* replace (
        coalesce(
            try_cast(d.stage_entered_at as timestamp),
            greatest(
                l.moment,
                least(d.close_on + interval 12 hour, try_cast(d.modified_at as timestamp))
            )
        ) as moment,
        99998 as place
    )
    from placed as p
    join told_last as l on p.deal_id = l.deal_id
    join deals as d on p.deal_id = d.id
    where
        p.moment is null
        and p.is_closed
        and not l.is_closed
        and case
            when d.stage_entered_at is null then d.close_on >= cast(l.moment as date)
            else try_cast(d.stage_entered_at as timestamp) > l.moment
        end
),

dated as (
    select
        h.deal_id,
        h.property,
        h.moment,
        h.source,
        h.user_id,
        case when h.property = 'amount' then try_cast(h.value as double) end as amount,
        case
            when h.property <> 'closedate' then null
            when regexp_full_match(h.value, '[0-9]{12,13}')
                then cast(epoch_ms(cast(h.value as bigint)) as date)
            else cast(try_cast(h.value as timestamp) as date)
        end as close_on
    from history as h
    where
        h.property in ('closedate', 'amount')
        and not (
            h.property = 'closedate'
            and exists (
                select 1
                from staged as s
                where
                    s.deal_id = h.deal_id
                    and s.is_closed
                    and s.moment >= h.moment - interval 5 minute
                    and s.moment <= h.moment + interval 5 minute
            )
        )
),

ends as (
    select
        deal_id,
        max(moment) as moment,
        arg_max(coalesce(is_closed, false), (moment, place)) as is_closed
    from staged
    group by deal_id
),

exported as (
    select
        _file,
        max(
            greatest(try_cast(created_at as timestamp), try_cast(stage_entered_at as timestamp))
        ) as moment
    from raw.hubspot_deal
    group by _file
),

-- What the current row alone tells was so when the row was changed, at the latest when exported.
current_rows as (
    select
        d.id as deal_id,
        greatest(coalesce(try_cast(d.modified_at as timestamp), x.moment), e.moment) as moment,
        case
            when d.id not in (select deal_id from history where property = 'amount')
                then try_cast(d.amount as double)
        end as amount,
        case
            when
                not e.is_closed
                and d.id not in (select deal_id from history where property = 'closedate')
                then d.close_on
        end as close_on
    from deals as d
    join ends as e on d.id = e.deal_id
    left join exported as x on d._file = x._file
),

changes as (
    select deal_id, moment, place, stage, null as amount, null as close_on, source, user_id
    from staged
    union all
    select deal_id, moment, -1, null, max(amount), max(close_on), max(source), max(user_id)
    from dated
    group by deal_id, moment
    union all
    select deal_id, moment, 99999, null, amount, close_on, null, null
    from current_rows
    where amount is not null or close_on is not null
),

carried as (
    select
        deal_id,
        moment,
        place,
        source,
        user_id,
        last_value(stage ignore nulls) over past as stage,
        last_value(amount ignore nulls) over past as amount,
        last_value(close_on ignore nulls) over past as close_on,
        -- What is told of one moment is one state.
        place = -1
        and lead(stage) over next_one is not null
        and lead(moment) over next_one = moment as is_half
    from changes
    window
        past as (
            partition by deal_id
            order by moment, place, stage
            rows between unbounded preceding and current row
        ),
        next_one as (partition by deal_id order by moment, place, stage)
)

select
    'hubspot' as source,
    'hubspot:' || c.deal_id as deal_id,
    concat_ws('/', 'hubspot:' || c.deal_id, epoch_ms(c.moment), c.place, c.stage) as state_id,
    c.moment as changed_at,
    cast(floor(epoch(c.moment)) as bigint) as changed_sec,
    'hubspot:' || coalesce(o.id, 'user/' || c.user_id) as changed_by,
    c.stage,
    c.amount,
    c.close_on as expected_close_on,
    cast(c.close_on - date '1970-01-01' as integer) as expected_close_day,
    concat(lpad(cast(epoch_ms(c.moment) as varchar), 15, '0'), '/', c.place + 100001) as sort_key,
    case
        when
            regexp_matches(
                c.source,
                'IMPORT|BULK|BATCH|AUTOMATION|WORKFLOW|^API$|INTEGRATION|MERGE|CALCULATED|MIGRATION'
            )
            then true
        when regexp_matches(c.source, '^(CRM_UI|MOBILE|CRM UI|CONTACTS_WEB)') then false
    end as is_bulk
from carried as c
left join (
    select user_id, min(id) as id from raw.hubspot_owner group by user_id
) as o on c.user_id = o.user_id
where c.stage is not null and not coalesce(c.is_half, false)
