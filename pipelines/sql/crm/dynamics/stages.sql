-- Phases that Dynamics opportunities and their business process name, and the status reasons that
-- end them. A phase often begins with its number.
with deals as (
    select
        coalesce(process, 'default') as pipeline,
        coalesce(step_name, sales_stage) as phase,
        coalesce(status_label, case statuscode
            when '1' then 'In Progress' when '2' then 'On Hold' when '3' then 'Won'
            when '4' then 'Canceled' when '5' then 'Out-Sold' else statuscode
        end) as reason,
        statuscode,
        status_label,
        -- A word of a language that is not known here tells nothing.
        case
            when
                statecode = '0'
                or lower(coalesce(state_label, statecode))
                in ('open', 'offen', 'ouverte', 'abierta', '진행 중', '열림')
                then 'open'
            when
                statecode = '1'
                or lower(coalesce(state_label, statecode))
                in ('won', 'gewonnen', 'conclue', 'ganada', 'lograda', '성공')
                then 'won'
            when
                statecode = '2'
                or lower(coalesce(state_label, statecode))
                in ('lost', 'verloren', 'perdue', 'perdida', '실패')
                then 'lost'
        end as state
    from raw.dynamics_opportunity
),

labels as (
    select code, min(label) as label
    from raw.dynamics_label
    where object in ('opportunity', '3') and attribute = 'statuscode'
    group by code
),

words as (
    select
        d.pipeline,
        coalesce(d.status_label, l.label, d.reason) as stage,
        d.state <> 'open' as is_closed,
        d.state = 'won' as is_won
    from deals as d
    left join labels as l on d.statuscode = l.code
    union all
    select pipeline, phase, false, false from deals
    union all
    select coalesce(process, 'default'), stage, false, false from raw.dynamics_stage_stay
)

select
    'dynamics' as source,
    pipeline,
    stage,
    try_cast(regexp_extract(stage, '^(\d+)', 1) as integer) as stage_order,
    bool_and(is_closed) as is_closed,
    bool_and(is_won) as is_won,
    cast(null as double) as crm_probability
from words
where stage is not null
group by pipeline, stage
