-- Each decision point week by week after its signal, to horizon_days: what the seller did in the
-- week, what came of it, and what was known when the week began. Week 1 begins at the end of the
-- signal's day; the last week ends on the day horizon_days after it. Only weeks that are over are
-- here. touch_gap_days is the longest time without a touch that the week saw while the deal was
-- open and not let go, counted from the signal or the last touch; null when it was neither at any
-- time. Hours and revenue are those of all deals of the account; revenue is null when the amount of
-- a win is unknown. What the week began with: touch_wait_days since the last touch or the
-- signal, silence_days, and from the signal on touches_before, replies_before, pushes_before and
-- stage_moves_before; meetings_booked are ahead in the calendar. The seller knows of a touch when it
-- happens; everything else counts from when it was known. Within the week: free_days, on which the
-- seller could still let go (up to and with the day they did; not the day on which others ended the
-- deal or the account bought); touch_days up to and with the first touch; life_days before the first
-- sign of life, which sellers can act on that same day (one that came after letting go is none).
with points as (
    select
        s.deal_id,
        s.signal_day,
        s.signal_end_sec,
        s.signal_day + p.horizon_days as last_day,
        p.as_of_day,
        w.any_walk_day,
        w.any_walk_sec,
        d.created_day,
        d.closed_day,
        least(coalesce(d.closed_day, w.any_walk_day), coalesce(w.any_walk_day, d.closed_day))
            as over_day,
        coalesce(d.account_id, d.deal_id) as party
    from features.signals as s
    inner join features.walks as w on s.deal_id = w.deal_id
    inner join core.deals as d on s.deal_id = d.deal_id
    cross join core.parameters as p
),

grid as (
    select
        t.*,
        w.week,
        t.signal_day + 7 * (w.week - 1) as start_day,
        least(t.signal_day + 7 * w.week, t.last_day) as end_day
    from points as t
    inner join features.weeks as w
        on
            w.week >= 1
            and t.signal_day + 7 * (w.week - 1) < t.last_day
            and least(t.signal_day + 7 * w.week, t.last_day) <= t.as_of_day
),

touch_days as (
    select
        t.deal_id,
        t.signal_day,
        a.happened_day as day,
        count(*) as touches
    from points as t
    inner join core.activities as a on t.deal_id = a.deal_id
    where a.is_touch and a.happened_day > t.signal_day and a.happened_day <= t.last_day
    group by t.deal_id, t.signal_day, a.happened_day
),

touch_gaps as (
    select
        deal_id,
        signal_day,
        day,
        touches,
        day - coalesce(lag(day) over (partition by deal_id order by day), signal_day) as gap_days
    from touch_days
),

events as (
    select
        g.deal_id,
        g.signal_day,
        g.day,
        g.touches,
        case when t.over_day is null or g.day <= t.over_day then g.gap_days end as gap_days,
        case when t.over_day is null or g.day <= t.over_day then g.day end as touch_day,
        0 as replies,
        0 as pushes,
        0 as stage_moves,
        0 as meetings_booked,
        cast(null as integer) as life_day,
        cast(null as bigint) as life_sec
    from touch_gaps as g
    inner join points as t on g.deal_id = t.deal_id

    union all

    select
        t.deal_id,
        t.signal_day,
        a.known_day,
        0,
        null,
        null,
        1,
        0,
        0,
        0,
        null,
        null
    from points as t
    inner join core.activities as a on t.deal_id = a.deal_id
    where a.is_reply and a.known_day > t.signal_day and a.known_day <= t.last_day

    union all

    select
        t.deal_id,
        t.signal_day,
        c.changed_day,
        0,
        null,
        null,
        0,
        1,
        0,
        0,
        null,
        null
    from points as t
    inner join core.close_date_changes as c on t.deal_id = c.deal_id
    where
        c.is_push
        and not c.is_at_close
        and c.changed_day > t.signal_day
        and c.changed_day <= t.last_day

    union all

    select
        t.deal_id,
        t.signal_day,
        c.changed_day,
        0,
        null,
        null,
        0,
        0,
        1,
        0,
        null,
        null
    from points as t
    inner join core.stage_changes as c on t.deal_id = c.deal_id
    where
        not c.is_to_closed
        and c.changed_day > t.signal_day
        and c.changed_day <= t.last_day

    union all

    -- Meetings put in the calendar, and those whose time has come or that were called off; what
    -- was ahead at the signal is a change of the signal's day.
    select
        t.deal_id,
        t.signal_day,
        greatest(cast(floor(a.recorded_sec / 86400) as integer), t.signal_day),
        0,
        null,
        null,
        0,
        0,
        0,
        1,
        null,
        null
    from points as t
    inner join core.activities as a on t.deal_id = a.deal_id
    where
        a.booked_until_sec >= t.signal_end_sec
        and cast(floor(a.recorded_sec / 86400) as integer) <= t.last_day

    union all

    select
        t.deal_id,
        t.signal_day,
        cast(floor(a.booked_until_sec / 86400) as integer),
        0,
        null,
        null,
        0,
        0,
        0,
        -1,
        null,
        null
    from points as t
    inner join core.activities as a on t.deal_id = a.deal_id
    where
        a.booked_until_sec >= t.signal_end_sec
        and cast(floor(a.booked_until_sec / 86400) as integer) <= t.last_day
        and cast(floor(a.recorded_sec / 86400) as integer) <= t.last_day

    union all

    select
        t.deal_id,
        t.signal_day,
        greatest(l.day, t.signal_day),
        0,
        null,
        null,
        0,
        0,
        0,
        0,
        l.day,
        l.sec
    from points as t
    inner join core.signs_of_life as l on t.deal_id = l.deal_id
    where l.day <= t.last_day
),

-- Week 0 is the day of the signal itself.
buckets as (
    select
        deal_id,
        cast(floor((day - signal_day + 6) / 7) as integer) as week,
        sum(touches) as touches,
        sum(replies) as replies,
        sum(pushes) as pushes,
        sum(stage_moves) as stage_moves,
        sum(meetings_booked) as meetings_booked,
        max(gap_days) as gap_days,
        max(touch_day) as touch_day,
        min(touch_day) as first_touch_day,
        max(life_day) as life_day,
        min(life_day) as first_life_day,
        min(life_sec) as first_life_sec
    from events
    group by deal_id, cast(floor((day - signal_day + 6) / 7) as integer)
),

-- The grid with a week 0 before it, so that frames of rows reach the signal.
steps as (
    select
        deal_id,
        week
    from grid
    union all
    select
        deal_id,
        0
    from points
),

running as (
    select
        s.deal_id,
        s.week,
        coalesce(b.touches, 0) as touches,
        coalesce(b.replies, 0) as replies,
        b.gap_days,
        b.first_life_day,
        b.first_life_sec,
        b.first_touch_day,
        b.touch_day,
        max(b.touch_day) over (
            partition by s.deal_id order by s.week
            rows between unbounded preceding and 1 preceding
        ) as touch_day_before,
        max(b.life_day) over (
            partition by s.deal_id order by s.week
            rows between unbounded preceding and 1 preceding
        ) as life_day_before,
        sum(coalesce(b.touches, 0)) over (
            partition by s.deal_id order by s.week
            rows between unbounded preceding and 1 preceding
        ) as touches_before,
        sum(coalesce(b.replies, 0)) over (
            partition by s.deal_id order by s.week
            rows between unbounded preceding and 1 preceding
        ) as replies_before,
        sum(coalesce(b.pushes, 0)) over (
            partition by s.deal_id order by s.week
            rows between unbounded preceding and 1 preceding
        ) as pushes_before,
        sum(coalesce(b.stage_moves, 0)) over (
            partition by s.deal_id order by s.week
            rows between unbounded preceding and 1 preceding
        ) as stage_moves_before,
        sum(coalesce(b.meetings_booked, 0)) over (
            partition by s.deal_id order by s.week
            rows between unbounded preceding and 1 preceding
        ) as meetings_booked
    from steps as s
    left join buckets as b on s.deal_id = b.deal_id and s.week = b.week
),

win_weeks as (
    select
        t.deal_id,
        cast(floor((w.day - t.signal_day + 6) / 7) as integer) as week,
        sum(w.hundredths) as hundredths,
        max(w.unknown_amounts) as unknown_amounts,
        min(w.day) as day
    from points as t
    inner join features.account_wins as w
        on t.party = w.party and w.day > t.signal_day and w.day <= t.last_day
    group by t.deal_id, cast(floor((w.day - t.signal_day + 6) / 7) as integer)
),

work_weeks as (
    select
        t.deal_id,
        cast(floor((w.day - t.signal_day + 6) / 7) as integer) as week,
        sum(w.seconds) as seconds,
        sum(w.logged_seconds) as logged_seconds
    from points as t
    inner join features.account_work as w
        on t.party = w.party and w.day > t.signal_day and w.day <= t.last_day
    group by t.deal_id, cast(floor((w.day - t.signal_day + 6) / 7) as integer)
)

select
    g.deal_id,
    g.week,
    cast(r.touches as integer) as touches,
    cast(r.replies as integer) as replies,
    coalesce(g.any_walk_day > g.start_day and g.any_walk_day <= g.end_day, false) as walked_away,
    cast(case
        when g.over_day is null or g.over_day > g.start_day
            then greatest(
                coalesce(r.gap_days, 0),
                least(g.end_day, coalesce(g.over_day, g.end_day))
                - coalesce(r.touch_day, r.touch_day_before, g.signal_day)
            )
    end as integer) as touch_gap_days,
    coalesce(g.closed_day <= g.end_day, false) as closed,
    w.deal_id is not null as won_account,
    cast(coalesce(h.seconds, 0) as double) / 3600 as hours,
    cast(coalesce(h.logged_seconds, 0) as double) / 3600 as logged_hours,
    case
        when coalesce(w.unknown_amounts, 0) = 0 then cast(coalesce(w.hundredths, 0) as double) / 100
    end as revenue,
    cast(g.end_day - g.start_day as integer) as days,
    cast(greatest(
        least(
            g.end_day,
            coalesce(g.any_walk_day, g.end_day),
            case
                when g.closed_day is null or g.closed_day = g.any_walk_day then g.end_day
                else g.closed_day - 1
            end,
            coalesce(w.day - 1, g.end_day)
        ) - g.start_day,
        0
    ) as integer) as free_days,
    case
        when g.any_walk_day = r.first_life_day and g.any_walk_sec <= r.first_life_sec then null
        else cast(r.first_life_day - 1 - g.start_day as integer)
    end as life_days,
    cast(r.first_touch_day - g.start_day as integer) as touch_days,
    cast(g.start_day - coalesce(r.touch_day_before, g.signal_day) as integer) as touch_wait_days,
    cast(g.start_day - coalesce(r.life_day_before, g.created_day) as integer) as silence_days,
    cast(r.touches_before as integer) as touches_before,
    cast(r.replies_before as integer) as replies_before,
    cast(r.pushes_before as integer) as pushes_before,
    cast(r.stage_moves_before as integer) as stage_moves_before,
    cast(greatest(r.meetings_booked, 0) as integer) as meetings_booked
from grid as g
inner join running as r on g.deal_id = r.deal_id and g.week = r.week
left join win_weeks as w on g.deal_id = w.deal_id and g.week = w.week
left join work_weeks as h on g.deal_id = h.deal_id and g.week = h.week
