-- What the seller did after a deal's first indecision signal. Walking away within the grace is
-- disqualify; else a dated promise by the buyer or one of our options taken off the table within
-- the grace is help_decide; else no more than chase_gap_days between touches, until chase_days are
-- over, the deal ends, or today, is chase; else wait. While the grace of an open deal is not over,
-- the strategy is unresolved. touch_gap_days is the longest time without a touch in that span.
with spans as (
    select
        s.deal_id,
        s.signal_day,
        w.walk_day,
        w.has_misfit,
        least(
            s.signal_day + p.chase_days, coalesce(d.closed_day, p.as_of_day), p.as_of_day
        ) as last_day,
        d.closed_day is null and p.as_of_day < s.signal_day + p.grace_days as is_early,
        s.signal_day + p.grace_days as grace_day,
        p.chase_gap_days
    from features.signals as s
    inner join features.walks as w on s.deal_id = w.deal_id
    inner join core.deals as d on s.deal_id = d.deal_id
    cross join core.parameters as p
),

-- The signal, the touches after it, and the last day to be judged, in order.
steps as (
    select
        deal_id,
        signal_day as day
    from spans
    union
    select
        s.deal_id,
        a.happened_day
    from spans as s
    inner join core.activities as a on s.deal_id = a.deal_id
    where a.is_touch and a.happened_day > s.signal_day and a.happened_day <= s.last_day
    union
    select
        deal_id,
        last_day
    from spans
    where last_day > signal_day
),

gaps as (
    select
        deal_id,
        day,
        day - lag(day) over (partition by deal_id order by day) as gap_days
    from steps
),

widest as (
    select
        deal_id,
        max(gap_days) as gap_days
    from gaps
    group by deal_id
),

first_touches as (
    select
        s.deal_id,
        min(a.happened_day) as touch_day
    from spans as s
    inner join core.activities as a on s.deal_id = a.deal_id
    where a.is_touch and a.happened_day > s.signal_day and a.happened_day <= s.last_day
    group by s.deal_id
),

helps as (
    select
        c.deal_id,
        cast(floor(c.made_sec / 86400) as integer) as day
    from core.commitments as c
    where c.made_by = 'buyer' and c.due_day is not null
    union all
    select
        o.deal_id,
        cast(floor(o.withdrawn_sec / 86400) as integer)
    from core.options as o
    where o.kind = 'ours' and o.withdrawn_sec is not null
),

first_helps as (
    select
        s.deal_id,
        min(h.day) as help_day
    from spans as s
    inner join helps as h on s.deal_id = h.deal_id
    where h.day > s.signal_day and h.day <= s.grace_day
    group by s.deal_id
),

judged as (
    select
        s.*,
        h.help_day,
        t.touch_day,
        g.gap_days,
        case
            when s.walk_day is not null then 'disqualify'
            when s.is_early then 'unresolved'
            when h.help_day is not null then 'help_decide'
            when coalesce(g.gap_days, 0) <= s.chase_gap_days then 'chase'
            else 'wait'
        end as strategy
    from spans as s
    left join first_helps as h on s.deal_id = h.deal_id
    left join first_touches as t on s.deal_id = t.deal_id
    left join widest as g on s.deal_id = g.deal_id
)

select
    deal_id,
    strategy,
    case
        when strategy = 'disqualify' then walk_day
        when strategy = 'help_decide' then help_day
        when strategy = 'chase' then touch_day
    end as strategy_day,
    walk_day,
    has_misfit,
    cast(gap_days as integer) as touch_gap_days
from judged
