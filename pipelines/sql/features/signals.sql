-- The first sign that a deal's buyer may not decide, at or after the first sign of life (for deals
-- that never had one: after creation): a pushed close date, a buyer's "later", a silence, or a stay
-- in a stage longer than most won deals needed. One row per deal with any such sign; on one day
-- they count in that order.
with life as (
    select
        d.deal_id,
        d.created_day,
        min(s.day) as first_life_day
    from core.deals as d
    left join core.signs_of_life as s on d.deal_id = s.deal_id
    group by d.deal_id, d.created_day
),

pushes as (
    select
        c.deal_id,
        min(c.changed_day) as signal_day
    from core.close_date_changes as c
    inner join life as l on c.deal_id = l.deal_id
    where c.is_push and c.changed_day >= coalesce(l.first_life_day, l.created_day)
    group by c.deal_id
),

postponements as (
    select
        a.deal_id,
        min(a.known_day) as signal_day
    from core.activities as a
    inner join life as l on a.deal_id = l.deal_id
    where
        a.topic = 'later'
        and a.is_reply
        and a.known_day >= coalesce(l.first_life_day, l.created_day)
    group by a.deal_id
),

-- A silence that something ends on its last day was not a silence at the end of that day; of one
-- that began before the source was observed, nobody can tell which day was the fourteenth.
silences as (
    select
        s.deal_id,
        min(s.start_day + p.silence_signal_days) as signal_day
    from core.silences as s
    inner join life as l on s.deal_id = l.deal_id
    cross join core.parameters as p
    where
        s.start_day >= coalesce(l.first_life_day, l.created_day)
        and not coalesce(s.is_truncated, false)
        and (
            s.start_day + p.silence_signal_days < s.end_day
            or (s.ended_by = 'as_of' and s.start_day + p.silence_signal_days = s.end_day)
        )
    group by s.deal_id
),

stays as (
    select
        c.deal_id,
        c.to_stage as stage,
        c.is_to_closed,
        c.changed_day as entered_day,
        lead(c.changed_day) over (partition by c.deal_id order by c.seq) as left_day
    from core.stage_changes as c
),

overstays as (
    select
        s.deal_id,
        min(s.entered_day + t.stage_p80_days + 1) as signal_day
    from stays as s
    inner join core.deals as d on s.deal_id = d.deal_id
    inner join life as l on s.deal_id = l.deal_id
    inner join core.stall_thresholds as t
        on d.source = t.source and d.pipeline = t.pipeline and s.stage = t.stage
    cross join core.parameters as p
    where
        not s.is_to_closed
        and s.entered_day + t.stage_p80_days + 1 >= coalesce(l.first_life_day, l.created_day)
        and s.entered_day + t.stage_p80_days + 1
        < coalesce(s.left_day, d.closed_day, p.as_of_day + 1)
    group by s.deal_id
),

candidates as (
    select
        deal_id,
        'push' as signal,
        1 as signal_order,
        signal_day
    from pushes
    union all
    select
        deal_id,
        'later',
        2,
        signal_day
    from postponements
    union all
    select
        deal_id,
        'silence',
        3,
        signal_day
    from silences
    union all
    select
        deal_id,
        'overstay',
        4,
        signal_day
    from overstays
),

ranked as (
    select
        *,
        row_number() over (partition by deal_id order by signal_day, signal_order) as place
    from candidates
)

select
    r.deal_id,
    r.signal,
    cast(r.signal_day as integer) as signal_day,
    86400 * (cast(r.signal_day as bigint) + 1) as signal_end_sec,
    l.first_life_day
from ranked as r
inner join life as l on r.deal_id = l.deal_id
where r.place = 1
