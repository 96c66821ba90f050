-- Stages that each HubSpot deal moved into and when, by the history of properties, else by the
-- stays in stages, else by the latest entry into each; and the stage of its row, of which no time
-- is told.
with deals as (
    select id, pipeline, deal_stage, is_closed, is_won, is_lost from crm.hubspot_latest_deals
),

history as (
    select deal_id, value, moment, source, user_id
    from crm.hubspot_property_history
    where property = 'dealstage'
),

ids as (
    select word, stage, is_closed from crm.hubspot_stage_ids
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
    union all
    select distinct
        deal_id,
        value as word,
        try_cast(date_entered as timestamp) as moment,
        upper(source) as source,
        nullif(regexp_extract(source_id, 'userId:([0-9]+)', 1), '') as user_id
    from raw.hubspot_deal_stage
    where deal_id not in (select deal_id from history)
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
        e.deal_id not in (select deal_id from history)
        and e.deal_id not in (select deal_id from raw.hubspot_deal_stage)
    union all
    select id, deal_stage, null, null, null from deals
)

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
left join crm.hubspot_stage_words as w on d.pipeline = w.pipeline and lower(m.word) = w.word
left join ids as i on lower(m.word) = i.word
left join crm.hubspot_known_stages as k
    on d.pipeline = k.pipeline and coalesce(w.stage, i.stage, m.word) = k.stage
left join (
    select distinct pipeline, lower(deal_stage) as word, true as is_closed
    from deals
    where 'true' in (is_closed, is_won, is_lost)
) as f on d.pipeline = f.pipeline and lower(m.word) = f.word
