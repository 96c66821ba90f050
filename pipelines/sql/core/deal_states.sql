-- Every saved state of every deal in the order of saving, up to as_of, with the state before it.
-- Saves of many deals to one stage by one hand within ten minutes are bulk work, not selling, and
-- so is what the source itself calls a bulk change, an import or an automation.
with ordered as (
    select
        source,
        deal_id,
        state_id,
        sort_key,
        changed_at,
        changed_sec,
        changed_by,
        stage,
        amount,
        expected_close_on,
        expected_close_day,
        is_bulk,
        lag(stage) over (
            partition by deal_id order by changed_sec, sort_key, state_id
        ) as from_stage
    from crm.deal_states
),

-- Two grids of ten minutes, half a step apart and cut at midnight, so that no run is missed.
slots as (
    select
        state_id,
        deal_id,
        changed_by,
        stage,
        cast(floor(changed_sec / 600) as bigint) as slot,
        cast(floor(changed_sec / 86400) as bigint) * 1000
        + cast(floor((changed_sec % 86400 + 300) / 600) as bigint) as late_slot
    from ordered
    where changed_by is not null and (from_stage is null or from_stage <> stage)
),

crowds as (
    select
        changed_by,
        stage,
        slot,
        count(distinct deal_id) as deals
    from slots
    group by changed_by, stage, slot
),

late_crowds as (
    select
        changed_by,
        stage,
        late_slot,
        count(distinct deal_id) as deals
    from slots
    group by changed_by, stage, late_slot
),

bulk as (
    select s.state_id
    from slots as s
    cross join core.parameters as p
    inner join crowds as c
        on s.changed_by = c.changed_by and s.stage = c.stage and s.slot = c.slot
    inner join late_crowds as l
        on s.changed_by = l.changed_by and s.stage = l.stage and s.late_slot = l.late_slot
    where greatest(c.deals, l.deals) >= p.cleanup_min_deals
),

numbered as (
    select
        o.*,
        d.pipeline,
        greatest(o.changed_sec, d.created_sec) as known_sec,
        case when o.changed_sec < d.created_sec then d.created_at else o.changed_at end as known_at,
        row_number() over (
            partition by o.deal_id order by o.changed_sec, o.sort_key, o.state_id
        ) - 1 as seq
    from ordered as o
    inner join crm.deals as d on o.deal_id = d.deal_id
    cross join core.parameters as p
    where o.changed_sec < p.as_of_end_sec and d.created_sec < p.as_of_end_sec
)

select
    n.deal_id,
    n.seq,
    n.known_at as changed_at,
    n.known_sec as changed_sec,
    cast(floor(n.known_sec / 86400) as integer) as changed_day,
    n.changed_by,
    n.stage,
    g.stage_order,
    coalesce(g.is_closed, false) as is_closed,
    coalesce(g.is_won, false) as is_won,
    coalesce(g.needs_buyer, false) as needs_buyer,
    g.stage_class,
    n.amount,
    n.expected_close_on,
    n.expected_close_day,
    b.state_id is not null or coalesce(n.is_bulk, false) as is_bulk,
    n.state_id
from numbered as n
left join core.stages as g
    on n.source = g.source and n.pipeline = g.pipeline and n.stage = g.stage
left join bulk as b on n.state_id = b.state_id
