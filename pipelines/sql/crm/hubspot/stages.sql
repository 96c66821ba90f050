-- HubSpot stages of every pipeline: those listed, and those that only deals or their past name.
with known as (
    select pipeline, stage, place, is_closed, is_won, probability from crm.hubspot_known_stages
),

ids as (
    select word, stage, is_closed, is_won, probability from crm.hubspot_stage_ids
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
        from crm.hubspot_latest_deals as d
        left join crm.hubspot_stage_words as w
            on d.pipeline = w.pipeline and lower(d.deal_stage) = w.word
        left join ids as i on lower(d.deal_stage) = i.word
        union all
        select s.pipeline, s.stage, s.word, i.is_closed, i.is_won, i.probability
        from crm.hubspot_stage_moves as s
        left join ids as i on lower(s.word) = i.word
        where s.moment is not null
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
