-- What sellers pushed in the week before each landmark, and whether the buyer answered in the week
-- after it: one row an open, observed week that is over, of a deal that had not stalled. Pushed are
-- touches since the last sign of life, touches that press for time or offer a discount by their
-- subject, and offers made at a discount; touches_then are those of the week that ended a fortnight
-- earlier, within a silence of 28 days or more; last_touch_days is how long ago the deal had last been
-- touched when the week of the push began. An answer is a sign of life, or a decision; a week in
-- which the deal ended without one was not watched to its end.
with facts as (
    select
        deal_id,
        week,
        case when topic = 'urgency' then 1 else 0 end as urgent,
        case when topic = 'discount' then 1 else 0 end as discounts,
        0 as signs
    from core.activities
    where deal_id is not null and is_touch and topic in ('urgency', 'discount')

    union all

    select
        o.deal_id,
        cast(floor((p.as_of_end_sec - 1 - o.offered_sec) / 604800) as integer),
        0,
        1,
        0
    from core.options as o
    cross join core.parameters as p
    where o.kind = 'ours' and o.discount > 0

    union all

    select
        s.deal_id,
        cast(floor((p.as_of_end_sec - 1 - s.sec) / 604800) as integer),
        0,
        0,
        1
    from core.signs_of_life as s
    cross join core.parameters as p
),

counted as (
    select
        deal_id,
        week,
        sum(urgent) as urgent,
        sum(discounts) as discounts,
        sum(signs) as signs
    from facts
    group by deal_id, week
),

weeks as (
    select
        s.deal_id,
        s.week,
        s.silence_days,
        least(s.touches_1w, s.touches_since_sign_of_life) as touches,
        s.touches_since_sign_of_life as touches_so_far,
        case when s.silence_days >= 28 then b.touches_1w end as touches_then,
        l.days_since_touch as last_touch_days,
        coalesce(f.urgent, 0) as touches_urgent,
        coalesce(f.discounts, 0) as discounts,
        coalesce(n.signs, 0) as signs,
        case when s.days_to_outcome <= 7 then s.outcome end as ending,
        d.closed_day is null or d.closed_day > s.snapshot_day + 7 as is_open_after
    from features.snapshots as s
    inner join core.deals as d on s.deal_id = d.deal_id
    left join features.snapshots as b on s.deal_id = b.deal_id and s.week + 2 = b.week
    left join features.snapshots as l on s.deal_id = l.deal_id and s.week + 1 = l.week
    left join counted as f on s.deal_id = f.deal_id and s.week = f.week
    left join counted as n on s.deal_id = n.deal_id and s.week - 1 = n.week
    where
        s.week >= 1
        and s.is_observed
        and not s.is_stalled
        and (s.days_to_outcome is null or s.days_to_outcome > 0)
)

select
    deal_id,
    week,
    silence_days,
    touches,
    touches_so_far,
    touches_then,
    last_touch_days,
    cast(touches_urgent as integer) as touches_urgent,
    cast(discounts as integer) as discounts,
    ending,
    signs > 0 or coalesce(ending in ('won', 'lost_to_competitor'), false) as is_answered,
    signs > 0 or coalesce(ending in ('won', 'lost_to_competitor'), false) or is_open_after
        as is_watched
from weeks
