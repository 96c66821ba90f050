-- Stalls: in each silence, the first day at whose end the buyer had stopped deciding, from what
-- was known that day: silent for g days, no meeting ahead, and the expected close date past or
-- pushed often enough (where no date is in force, or no history of such dates exists: silent for
-- 2g). A sign of life breaks a stall. Only days on which something changes can be the first: those
-- are looked at. Where nobody can tell who acted, there are no stalls: they are unknown. The rule
-- is asked three times, with half of g, with g (g_factor 1, the stalls of core.stalls) and with
-- twice g, so that it can be seen what hangs on it.
with factors as (
    select cast(0.5 as double) as g_factor
    union all
    select cast(1 as double)
    union all
    select cast(2 as double)
),

deals as (
    select
        d.deal_id,
        d.source,
        d.pipeline,
        d.has_states and coalesce(x.value in ('full', 'truncated20'), false) as has_close_dates
    from core.deals as d
    inner join core.capabilities as c
        on d.source = c.source and c.capability = 'activity_direction' and c.value <> 'none'
    left join core.capabilities as x on d.source = x.source and x.capability = 'close_date_history'
),

-- The last day of a silence that a sign or the closing ends is no longer silent at its end.
spells as (
    select
        d.deal_id,
        d.source,
        d.pipeline,
        d.has_close_dates,
        s.spell,
        s.start_day,
        s.ended_by,
        s.end_day,
        case when s.ended_by = 'as_of' then s.end_day else s.end_day - 1 end as last_day
    from deals as d
    inner join core.silences as s on d.deal_id = s.deal_id
    cross join core.parameters as p
    -- A difference: planners take a comparison of two tables for one that few rows pass.
    where 2 * (s.end_day - s.start_day) - p.g_floor_days >= 0
),

-- The stage and the expected close in force at the end of each day.
stage_days as (
    select
        deal_id,
        to_stage as stage,
        is_to_closed,
        changed_day as from_day,
        lead(changed_day) over (partition by deal_id order by seq) as until_day
    from core.stage_changes
),

spans as (
    select
        t.deal_id,
        t.from_day,
        t.until_day,
        coalesce(g.g_days, w.g_days, p.g_fallback_days) as g_days
    from stage_days as t
    inner join deals as d on t.deal_id = d.deal_id
    cross join core.parameters as p
    left join core.stall_thresholds as g
        on d.source = g.source and d.pipeline = g.pipeline and t.stage = g.stage
    left join core.stall_thresholds as w
        on d.source = w.source and d.pipeline = w.pipeline and w.stage = ''
    where not t.is_to_closed and (t.until_day is null or t.until_day > t.from_day)
    union all
    select
        d.deal_id,
        null,
        null,
        coalesce(w.g_days, p.g_fallback_days)
    from deals as d
    cross join core.parameters as p
    left join core.stall_thresholds as w
        on d.source = w.source and d.pipeline = w.pipeline and w.stage = ''
    left join core.stage_changes as c on d.deal_id = c.deal_id
    where c.deal_id is null
),

stage_spans as (
    select
        t.deal_id,
        t.from_day,
        t.until_day,
        f.g_factor,
        cast(ceil(f.g_factor * t.g_days) as integer) as g_days
    from spans as t
    cross join factors as f
),

close_spans as (
    select
        deal_id,
        to_day as expected_day,
        changed_day as from_day,
        lead(changed_day) over (partition by deal_id order by seq) as until_day,
        sum(case when is_push then 1 else 0 end) over (
            partition by deal_id order by seq
            rows between unbounded preceding and current row
        ) as pushes
    from core.close_date_changes
    where not is_at_close
),

bookings as (
    select
        deal_id,
        cast(floor(recorded_sec / 86400) as integer) as from_day,
        cast(floor(booked_until_sec / 86400) as integer) as until_day
    from core.activities
    where deal_id is not null and booked_until_sec is not null
),

candidates as (
    select distinct
        deal_id,
        spell,
        day
    from (
        select
            s.deal_id,
            s.spell,
            s.start_day,
            s.last_day,
            s.start_day + t.g_days as day
        from spells as s
        inner join stage_spans as t on s.deal_id = t.deal_id
        union all
        select
            s.deal_id,
            s.spell,
            s.start_day,
            s.last_day,
            s.start_day + 2 * t.g_days
        from spells as s
        inner join stage_spans as t on s.deal_id = t.deal_id
        union all
        select
            s.deal_id,
            s.spell,
            s.start_day,
            s.last_day,
            t.from_day
        from spells as s
        inner join spans as t on s.deal_id = t.deal_id
        union all
        select
            s.deal_id,
            s.spell,
            s.start_day,
            s.last_day,
            c.expected_day + 1
        from spells as s
        inner join close_spans as c on s.deal_id = c.deal_id
        union all
        select
            s.deal_id,
            s.spell,
            s.start_day,
            s.last_day,
            c.from_day
        from spells as s
        inner join close_spans as c on s.deal_id = c.deal_id
        union all
        select
            s.deal_id,
            s.spell,
            s.start_day,
            s.last_day,
            b.until_day
        from spells as s
        inner join bookings as b on s.deal_id = b.deal_id
    ) as x
    where day > start_day and day <= last_day
),

judged as (
    select
        s.deal_id,
        s.spell,
        s.ended_by,
        s.end_day,
        t.g_factor,
        c.day
    from candidates as c
    inner join spells as s on c.deal_id = s.deal_id and c.spell = s.spell
    cross join core.parameters as p
    inner join stage_spans as t
        on
            c.deal_id = t.deal_id
            and (t.from_day is null or c.day >= t.from_day)
            and (t.until_day is null or c.day < t.until_day)
    left join close_spans as e
        on
            c.deal_id = e.deal_id
            and c.day >= e.from_day
            and (e.until_day is null or c.day < e.until_day)
    where
        c.day - s.start_day >= 2 * t.g_days
        and (not s.has_close_dates or e.expected_day is null)
        or s.has_close_dates
        and c.day - s.start_day >= t.g_days
        and (e.expected_day < c.day or e.pushes >= p.pushes_for_stall)
),

free as (
    select j.*
    from judged as j
    left join bookings as b
        on j.deal_id = b.deal_id and b.from_day <= j.day and b.until_day > j.day
    where b.deal_id is null
)

select
    deal_id,
    g_factor,
    spell,
    cast(min(day) as integer) as stalled_day,
    case when ended_by = 'sign' then end_day end as broken_day
from free
group by deal_id, g_factor, spell, ended_by, end_day
