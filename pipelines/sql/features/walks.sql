-- For each deal with an indecision signal: whether, and on which day, the seller walked away from
-- it within the grace, by an act of their own; any_walk_day is the first such day at any time, and
-- any_walk_sec its second. An
-- act is a recorded disqualification, a move to nurture, or another closing by a person that is not
-- won, not a rival's or the present supplier's win, not hygiene, and not the buyer's explicit no (no
-- budget, a cancelled project, staying as they are): the reason names the seller, or it names a
-- silence, a time or nothing and the buyer had shown no sign of life since the signal. Closings in a
-- mass clean-up are nobody's act of that day.
with life_after as (
    select
        s.deal_id,
        min(l.day) as next_life_day
    from features.signals as s
    inner join core.signs_of_life as l on s.deal_id = l.deal_id and l.day > s.signal_day
    group by s.deal_id
),

closers as (
    select
        c.deal_id,
        max(case when b.is_automatic then 1 else 0 end) as is_automatic
    from core.stage_changes as c
    inner join core.deals as d on c.deal_id = d.deal_id and c.changed_sec = d.closed_sec
    inner join core.sellers as b on c.changed_by = b.seller_id
    where c.is_to_closed
    group by c.deal_id
),

acts as (
    select
        q.deal_id,
        q.disqualified_day as act_day,
        q.disqualified_sec as act_sec,
        q.has_reason as has_misfit
    from core.disqualifications as q
    inner join core.deals as d on q.deal_id = d.deal_id
    inner join core.outcomes as o on q.deal_id = o.deal_id
    left join closers as c on q.deal_id = c.deal_id
    where
        d.closed_day is null
        or q.disqualified_day <> d.closed_day
        or (not o.is_cleanup and coalesce(c.is_automatic, 0) = 0)

    union all

    select
        d.deal_id,
        d.closed_day,
        d.closed_sec,
        o.has_reason and o.reason_class = 'disqualified'
    from core.deals as d
    inner join core.outcomes as o on d.deal_id = o.deal_id
    left join life_after as l on d.deal_id = l.deal_id
    left join closers as c on d.deal_id = c.deal_id
    where
        d.status = 'lost'
        and not o.is_cleanup
        and coalesce(c.is_automatic, 0) = 0
        and (
            o.reason_class in ('disqualified', 'seller_drop')
            or (
                (l.next_life_day is null or l.next_life_day > d.closed_day)
                and (
                    o.reason_class is null
                    or o.reason_class in ('other', 'unmapped')
                    or (
                        o.reason_class = 'no_decision'
                        and coalesce(o.reason_subclass, 'unknown')
                        not in ('explicit_no', 'cancelled', 'status_quo', 'external')
                    )
                )
            )
        )
),

answers as (
    select
        s.deal_id,
        s.signal_day,
        a.act_day,
        a.act_day <= s.signal_day + p.grace_days as is_early,
        a.has_misfit,
        min(a.act_day) over (partition by s.deal_id) as any_walk_day,
        min(a.act_sec) over (partition by s.deal_id) as any_walk_sec
    from features.signals as s
    cross join core.parameters as p
    left join acts as a on s.deal_id = a.deal_id and a.act_day > s.signal_day
)

select
    deal_id,
    signal_day,
    cast(min(case when is_early then act_day end) as integer) as walk_day,
    coalesce(
        max(case when is_early and act_day = any_walk_day and has_misfit then 1 else 0 end), 0
    ) = 1 as has_misfit,
    cast(min(any_walk_day) as integer) as any_walk_day,
    min(any_walk_sec) as any_walk_sec
from answers
group by deal_id, signal_day
