-- Traps among activities: one row a source and trap, found or not, with what was done, the setting
-- that governs it, and the share from which it warns. What core.activities leaves out is counted
-- here by the same words.
with given as (
    select
        a.source,
        count(*) as acts,
        sum(case when a.is_twin then 1 else 0 end) as twins,
        sum(
            case
                when not a.is_twin and a.direction = 'unknown' and s.is_skipped then 1
                else 0
            end
        ) as tracking,
        sum(
            case
                when
                    not a.is_twin
                    and coalesce(m.value, a.kind) <> 'meeting'
                    and a.happened_sec >= p.as_of_end_sec
                    then 1
                else 0
            end
        ) as ahead,
        sum(
            case
                when
                    not a.is_twin
                    and coalesce(m.value, '') <> 'skip'
                    and (a.direction <> 'unknown' or not coalesce(s.is_skipped, false))
                    and coalesce(a.recorded_sec, a.happened_sec) < p.as_of_end_sec
                    and (
                        a.happened_sec < p.as_of_end_sec or coalesce(m.value, a.kind) = 'meeting'
                    )
                    then 1
                else 0
            end
        ) as taken,
        sum(case when r.survivor_id is not null and not a.is_twin then 1 else 0 end) as moved
    from crm.activities as a
    cross join core.parameters as p
    left join core.subject_classes as s on a.subject = s.subject
    left join core.mappings as m
        on m.what = 'activity_type' and lower(trim(a.type_word)) = m.word
    left join core.removals as r on a.deal_id = r.deal_id
    group by a.source
),

-- A stamp of noon stands for a day whose time is not known.
kept as (
    select
        a.source,
        count(*) as acts,
        sum(case when a.is_automatic then 1 else 0 end) as automatic,
        sum(case when a.is_clamped then 1 else 0 end) as clamped,
        sum(
            case
                when a.kind = 'meeting' and a.happened_sec - a.recorded_sec > p.booking_days * 86400
                    then 1
                else 0
            end
        ) as long_bookings,
        sum(case when a.kind = 'meeting' then 1 else 0 end) as meetings,
        sum(
            case
                when
                    not a.is_automatic
                    and a.kind in ('email', 'call', 'meeting', 'message')
                    and a.happened_sec % 86400 not in (0, 43200)
                    then 1
                else 0
            end
        ) as timed,
        -- Day 0 was a Thursday.
        sum(
            case
                when
                    not a.is_automatic
                    and a.kind in ('email', 'call', 'meeting', 'message')
                    and a.happened_sec % 86400 not in (0, 43200)
                    and (
                        (a.happened_day + 3) % 7 >= 5
                        or a.happened_sec % 86400 < 6 * 3600
                        or a.happened_sec % 86400 >= 22 * 3600
                    )
                    then 1
                else 0
            end
        ) as off_hours
    from core.activities as a
    cross join core.parameters as p
    group by a.source
),

left_out as (
    select
        source,
        sum(case when trap = 'drafts' then acts else 0 end) as drafts,
        sum(case when trap = 'internal_acts' then acts else 0 end) as internal,
        sum(case when trap = 'attendee_copies' then acts else 0 end) as copies,
        sum(case when trap = 'series_masters' then acts else 0 end) as masters
    from crm.left_out
    group by source
),

sources as (
    select distinct source from core.deals
),

facts as (
    select
        d.source,
        p.warn_share,
        p.dropped_share,
        p.night_share,
        coalesce(g.acts, 0) as acts,
        coalesce(g.twins, 0) as twins,
        coalesce(g.tracking, 0) as tracking,
        coalesce(g.ahead, 0) as ahead,
        coalesce(g.moved, 0) as moved,
        coalesce(g.taken, 0) - coalesce(k.acts, 0) as twice,
        coalesce(k.acts, 0) as kept,
        coalesce(k.automatic, 0) as automatic,
        coalesce(k.clamped, 0) as clamped,
        coalesce(k.long_bookings, 0) as long_bookings,
        coalesce(k.meetings, 0) as meetings,
        coalesce(k.timed, 0) as timed,
        coalesce(k.off_hours, 0) as off_hours,
        coalesce(l.drafts, 0) as drafts,
        coalesce(l.internal, 0) as internal,
        coalesce(l.copies, 0) as copies,
        coalesce(l.masters, 0) as masters
    from sources as d
    cross join core.parameters as p
    left join given as g on d.source = g.source
    left join kept as k on d.source = k.source
    left join left_out as l on d.source = l.source
)

select
    source,
    'twins' as trap,
    cast(twins as bigint) as found,
    cast(acts as bigint) as looked_at,
    'acts' as unit,
    'dropped' as done,
    'traps.dropped_share' as setting,
    cast(null as varchar) as detail,
    dropped_share as limit_share
from facts
union all
select
    source,
    'logged_twice',
    twice,
    acts,
    'acts',
    'dropped',
    'traps.warn_share',
    null,
    warn_share
from facts
union all
select
    source,
    'tracking_rows',
    tracking,
    acts,
    'acts',
    'dropped',
    'traps.dropped_share',
    null,
    dropped_share
from facts
union all
select
    source,
    'automatic_acts',
    automatic,
    kept,
    'acts',
    'marked',
    'traps.dropped_share',
    null,
    dropped_share
from facts
union all
select
    source,
    'drafts',
    drafts,
    acts + drafts,
    'acts',
    'dropped',
    'traps.dropped_share',
    null,
    dropped_share
from facts
union all
select
    source,
    'internal_acts',
    internal,
    acts + internal,
    'acts',
    'dropped',
    'traps.dropped_share',
    null,
    dropped_share
from facts
union all
select
    source,
    'attendee_copies',
    copies,
    acts + copies,
    'acts',
    'dropped',
    'traps.dropped_share',
    null,
    dropped_share
from facts
union all
select
    source,
    'series_masters',
    masters,
    acts + masters,
    'acts',
    'dropped',
    'traps.dropped_share',
    null,
    dropped_share
from facts
union all
select
    source,
    'future_acts',
    ahead,
    acts,
    'acts',
    'dropped',
    'traps.warn_share',
    null,
    warn_share
from facts
union all
select
    source,
    'early_bookings',
    long_bookings,
    meetings,
    'acts',
    'marked',
    'traps.booking_days',
    null,
    warn_share
from facts
union all
select
    source,
    'acts_before_deals',
    clamped,
    kept,
    'acts',
    'moved',
    'traps.warn_share',
    null,
    warn_share
from facts
union all
select
    source,
    'acts_on_merged_deals',
    moved,
    acts,
    'acts',
    'moved',
    'traps.warn_share',
    null,
    warn_share
from facts
union all
select
    source,
    'off_hours',
    off_hours,
    timed,
    'acts',
    'needs_setting',
    'traps.night_share',
    null,
    night_share
from facts
