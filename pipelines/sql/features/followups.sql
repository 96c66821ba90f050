-- What followed a deal's first indecision signal, on this deal and on all deals of its account (a
-- deal without an account is followed alone): the first win, revenue and seller hours within
-- horizon_days, and whether the buyer objected or came back after a walk-away. Money is summed in
-- hundredths and time in seconds, so that no order of rows changes a sum.
with points as (
    select
        s.deal_id,
        s.signal_day,
        w.walk_day,
        coalesce(d.account_id, d.deal_id) as party
    from features.signals as s
    inner join core.deals as d on s.deal_id = d.deal_id
    inner join features.walks as w on s.deal_id = w.deal_id
),

parties as (
    select
        deal_id,
        coalesce(account_id, deal_id) as party
    from core.deals
),

wins as (
    select
        t.deal_id,
        min(w.day) as win_day,
        sum(case when w.day <= t.signal_day + p.horizon_days then w.hundredths end) as hundredths,
        max(case when w.day <= t.signal_day + p.horizon_days then w.unknown_amounts end)
            as unknown_amounts
    from points as t
    inner join features.account_wins as w on t.party = w.party and w.day > t.signal_day
    cross join core.parameters as p
    group by t.deal_id
),

-- Work day by day with, after the day's work, a mark for each moment that is asked about.
moments as (
    select
        party,
        day,
        0 as is_mark,
        null as deal_id,
        0 as is_end,
        seconds,
        logged_seconds
    from features.account_work
    union all
    select
        party,
        signal_day,
        1,
        deal_id,
        0,
        0,
        0
    from points
    union all
    select
        t.party,
        t.signal_day + p.horizon_days,
        1,
        t.deal_id,
        1,
        0,
        0
    from points as t
    cross join core.parameters as p
),

totals as (
    select
        is_mark,
        deal_id,
        is_end,
        sum(seconds) over (
            partition by party order by day, is_mark, deal_id, is_end
            rows between unbounded preceding and current row
        ) as seconds,
        sum(logged_seconds) over (
            partition by party order by day, is_mark, deal_id, is_end
            rows between unbounded preceding and current row
        ) as logged_seconds
    from moments
),

hours as (
    select
        deal_id,
        sum(case when is_end = 1 then seconds else -seconds end) as seconds,
        sum(case when is_end = 1 then logged_seconds else -logged_seconds end) as logged_seconds
    from totals
    where is_mark = 1
    group by deal_id
),

reply_days as (
    select distinct
        y.party,
        a.happened_day as day
    from core.activities as a
    inner join parties as y on a.deal_id = y.deal_id
    where a.is_reply
),

bristles as (
    select distinct t.deal_id
    from points as t
    inner join reply_days as r on t.party = r.party and r.day > t.walk_day
    cross join core.parameters as p
    where r.day <= t.walk_day + p.bristle_days
),

moves as (
    select
        deal_id,
        changed_day as day,
        is_to_closed,
        lag(is_to_closed) over (partition by deal_id order by seq) as was_closed
    from core.stage_changes
),

-- A new deal, or an old one that is opened again.
opening_days as (
    select
        coalesce(account_id, deal_id) as party,
        created_day as day
    from core.deals
    union
    select
        y.party,
        m.day
    from moves as m
    inner join parties as y on m.deal_id = y.deal_id
    where m.was_closed and not m.is_to_closed
),

returns as (
    select distinct t.deal_id
    from points as t
    inner join opening_days as o on t.party = o.party and o.day > t.walk_day
    cross join core.parameters as p
    where o.day <= t.walk_day + p.return_days
)

select
    t.deal_id,
    cast(p.as_of_day - t.signal_day as integer) as followup_days,
    cast(w.win_day - t.signal_day as integer) as days_to_account_win,
    case when coalesce(w.unknown_amounts, 0) = 0 then coalesce(w.hundredths, 0) / 100 end as revenue,
    cast(h.seconds as double) / 3600 as hours,
    case when h.seconds > 0 then cast(h.logged_seconds as double) / h.seconds end
        as hours_logged_share,
    case when t.walk_day is not null then b.deal_id is not null end as is_bristled,
    case when t.walk_day is not null then r.deal_id is not null end as is_returned
from points as t
cross join core.parameters as p
left join wins as w on t.deal_id = w.deal_id
left join hours as h on t.deal_id = h.deal_id
left join bristles as b on t.deal_id = b.deal_id
left join returns as r on t.deal_id = r.deal_id
