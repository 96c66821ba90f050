-- Each seller's desk week by week: deals that left it by closing, a touch or their creation at most
-- chase_gap_days before, and deals that they opened in that week and the four after it. Only weeks
-- of which all five are over, from the seller's first touch to the last. Whether what leaves is
-- replaced tells if work waits for freed hours.
with deals as (
    select
        d.deal_id,
        d.seller_id,
        coalesce(s.seller_id, d.seller_id) as first_seller_id,
        d.created_day,
        d.closed_day
    from core.deals as d
    inner join core.outcomes as o on d.deal_id = o.deal_id
    left join features.owner_spells as s on d.deal_id = s.deal_id and s.place = 0
    where o.outcome <> 'excluded'
),

last_touches as (
    select
        d.deal_id,
        max(a.happened_day) as day
    from deals as d
    inner join core.activities as a on d.deal_id = a.deal_id
    where a.is_touch and a.happened_day <= d.closed_day
    group by d.deal_id
),

moves as (
    select
        d.seller_id,
        d.closed_day as day,
        1 as leaves,
        0 as opens
    from deals as d
    cross join core.parameters as p
    left join last_touches as t on d.deal_id = t.deal_id
    where
        d.closed_day is not null
        and d.closed_day - greatest(coalesce(t.day, d.created_day), d.created_day)
        <= p.chase_gap_days
    union all
    select
        first_seller_id,
        created_day,
        0,
        1
    from deals
),

moved as (
    select
        m.seller_id,
        cast(floor((p.as_of_day - m.day) / 7.0) as integer) as week,
        sum(m.leaves) as leaves,
        sum(m.opens) as opens
    from moves as m
    cross join core.parameters as p
    where m.seller_id is not null
    group by m.seller_id, cast(floor((p.as_of_day - m.day) / 7.0) as integer)
),

spans as (
    select
        a.seller_id,
        cast(floor((max(p.as_of_day) - min(a.happened_day)) / 7.0) as integer) as first_week,
        cast(floor((max(p.as_of_day) - max(a.happened_day)) / 7.0) as integer) as last_week
    from core.activities as a
    cross join core.parameters as p
    where a.is_touch and a.seller_id is not null and a.happened_day <= p.as_of_day
    group by a.seller_id
),

grid as (
    select
        s.seller_id,
        w.week,
        s.last_week,
        coalesce(m.leaves, 0) as leaves,
        sum(coalesce(m.opens, 0)) over (
            partition by s.seller_id order by w.week desc
            rows between current row and 4 following
        ) as opened
    from spans as s
    inner join features.weeks as w on w.week between s.last_week and s.first_week
    left join moved as m on s.seller_id = m.seller_id and w.week = m.week
)

select
    seller_id,
    week,
    cast(leaves as integer) as leaves,
    cast(opened as integer) as opened
from grid
where week >= last_week + 4
