-- Every saved state of every deal in the order of saving, up to as_of, with the state before it.
-- Saves of many deals to one stage, or to one new close date, by one hand within ten minutes are
-- bulk work, not selling, and so is what the source itself calls a bulk change, an import or an
-- automation. Many is cleanup_min_deals, or a share of the deals that were open then.
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
        ) as from_stage,
        lag(expected_close_day) over (
            partition by deal_id order by changed_sec, sort_key, state_id
        ) as from_close_day
    from crm.deal_states
),

-- A stage is told apart by its name alone here: how many deals are open need not be exact.
endings as (
    select
        source,
        stage,
        max(case when is_closed then 1 else 0 end) as closes
    from core.stages
    group by source, stage
),

flips as (
    select
        o.source,
        cast(floor(o.changed_sec / 86400) as integer) as day,
        case
            when o.from_stage is null then 1 - coalesce(n.closes, 0)
            else coalesce(f.closes, 0) - coalesce(n.closes, 0)
        end as opened
    from ordered as o
    left join endings as n on o.source = n.source and o.stage = n.stage
    left join endings as f on o.source = f.source and o.from_stage = f.stage
),

open_deals as (
    select
        source,
        day,
        sum(sum(opened)) over (
            partition by source order by day rows between unbounded preceding and 1 preceding
        ) as deals
    from flips
    group by source, day
),

changes as (
    select
        source,
        state_id,
        deal_id,
        changed_by,
        changed_sec,
        'stage' as what,
        stage as value
    from ordered
    where changed_by is not null and (from_stage is null or from_stage <> stage)
    union all
    select
        source,
        state_id,
        deal_id,
        changed_by,
        changed_sec,
        'close_date',
        cast(expected_close_day as varchar)
    from ordered
    where changed_by is not null and from_close_day <> expected_close_day
),

-- Two grids of ten minutes, half a step apart and cut at midnight, so that no run is missed.
slots as (
    select
        *,
        cast(floor(changed_sec / 86400) as integer) as day,
        cast(floor(changed_sec / 600) as bigint) as slot,
        cast(floor(changed_sec / 86400) as bigint) * 1000
        + cast(floor((changed_sec % 86400 + 300) / 600) as bigint) as late_slot
    from changes
),

crowds as (
    select
        changed_by,
        what,
        value,
        slot,
        count(distinct deal_id) as deals
    from slots
    group by changed_by, what, value, slot
),

late_crowds as (
    select
        changed_by,
        what,
        value,
        late_slot,
        count(distinct deal_id) as deals
    from slots
    group by changed_by, what, value, late_slot
),

bulk as (
    select distinct s.state_id
    from slots as s
    cross join core.parameters as p
    inner join crowds as c
        on
            s.changed_by = c.changed_by
            and s.what = c.what
            and s.value = c.value
            and s.slot = c.slot
    inner join late_crowds as l
        on
            s.changed_by = l.changed_by
            and s.what = l.what
            and s.value = l.value
            and s.late_slot = l.late_slot
    left join open_deals as o on s.source = o.source and s.day = o.day
    where greatest(c.deals, l.deals) >= greatest(p.cleanup_min_deals, p.bulk_share * o.deals)
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
    left join core.removals as r on o.deal_id = r.deal_id and r.is_left_out
    where
        o.changed_sec < p.as_of_end_sec
        and d.created_sec < p.as_of_end_sec
        and r.deal_id is null
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
