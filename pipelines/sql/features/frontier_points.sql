-- Where a rule for walking away could have spoken: each deal's landmark after four, eight and
-- thirteen weeks of age, if it was then open and had not stalled, and what followed on its account
-- within horizon_days: the first win, revenue and seller hours. walk_days is when the seller ended
-- the deal (a closing that was not won and not a clean-up), which hides what pursuing would have
-- brought; days_to_end is when the deal itself ended, in whatever way.
with rules as (
    select 28 as day
    union all
    select 56
    union all
    select 91
),

points as (
    select
        s.deal_id,
        s.seller_id,
        s.snapshot_day,
        s.week,
        r.day,
        s.amount,
        coalesce(s.account_id, s.deal_id) as party
    from features.snapshots as s
    inner join rules as r on s.age_days >= r.day and s.age_days < r.day + 7
    where not s.is_stalled and s.seller_id is not null
),

wins as (
    select
        t.deal_id,
        t.day,
        min(w.day) as win_day,
        sum(w.hundredths) as hundredths,
        max(w.unknown_amounts) as unknown_amounts
    from points as t
    cross join core.parameters as p
    inner join features.account_wins as w
        on
            t.party = w.party
            and w.day > t.snapshot_day
            and w.day <= t.snapshot_day + p.horizon_days
    group by t.deal_id, t.day
),

-- Work day by day with, after the day's work, a mark for each moment that is asked about.
moments as (
    select
        party,
        day,
        0 as is_mark,
        null as deal_id,
        0 as rule_day,
        0 as is_end,
        seconds
    from features.account_work
    union all
    select
        party,
        snapshot_day,
        1,
        deal_id,
        day,
        0,
        0
    from points
    union all
    select
        t.party,
        t.snapshot_day + p.horizon_days,
        1,
        t.deal_id,
        t.day,
        1,
        0
    from points as t
    cross join core.parameters as p
),

totals as (
    select
        is_mark,
        deal_id,
        rule_day,
        is_end,
        sum(seconds) over (
            partition by party order by day, is_mark, deal_id, rule_day, is_end
            rows between unbounded preceding and current row
        ) as seconds
    from moments
),

hours as (
    select
        deal_id,
        rule_day,
        sum(case when is_end = 1 then seconds else -seconds end) as seconds
    from totals
    where is_mark = 1
    group by deal_id, rule_day
)

select
    t.deal_id,
    t.seller_id,
    t.day,
    t.week,
    t.snapshot_day,
    t.amount,
    cast(p.as_of_day - t.snapshot_day as integer) as followup_days,
    cast(w.win_day - t.snapshot_day as integer) as days_to_win,
    case when coalesce(w.unknown_amounts, 0) = 0 then coalesce(w.hundredths, 0) / 100 end
        as revenue,
    cast(h.seconds as double) / 3600 as hours,
    case
        when
            o.outcome in ('disqualified', 'seller_drop', 'unknown_loss')
            and not o.is_cleanup
            and o.event_day > t.snapshot_day
            then cast(o.event_day - t.snapshot_day as integer)
    end as walk_days,
    case
        when o.outcome <> 'open' and o.event_day > t.snapshot_day
            then cast(o.event_day - t.snapshot_day as integer)
    end as days_to_end,
    o.outcome = 'no_decision' as is_no_decision
from points as t
inner join core.outcomes as o on t.deal_id = o.deal_id
cross join core.parameters as p
left join wins as w on t.deal_id = w.deal_id and t.day = w.day
left join hours as h on t.deal_id = h.deal_id and t.day = h.rule_day
