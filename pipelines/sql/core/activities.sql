-- Acts on deals, known by as_of: who acted on whom, whether it was a touch, a reply, a sign of
-- life. Direction is what the system says, else what the subject tells, else unknown. A meeting
-- still ahead is booked and known from when it was put in the calendar; one that passed without a
-- recorded result counts as held when the settings say so. Twins and tracking rows are left out;
-- acts before a deal's creation are moved to it and flagged, those on a deal merged away to the one
-- that survived. An act on an account alone belongs to a deal when exactly one of the account's
-- deals was open then; else its deal_id is null. A meeting put in the calendar very early, as the
-- later ones of a series are, promises nothing.
-- Nothing as wide as an act is put in order or kept aside: who might be a double is found on what
-- has person and subject in common, and of those on the few columns that decide.
with repeated as (
    select
        contact_id,
        subject
    from crm.activities
    where not is_twin and contact_id is not null and subject is not null
    group by contact_id, subject
    having count(*) > 1
),

suspects as (
    select
        a.activity_id,
        a.source,
        coalesce(d.deal_id, c.survivor_id, a.account_id) as party,
        coalesce(m.value, a.kind) as kind,
        case
            when a.direction <> 'unknown' then a.direction
            else coalesce(s.direction, 'unknown')
        end as direction,
        a.contact_id,
        a.subject,
        a.happened_sec,
        coalesce(a.recorded_sec, a.happened_sec) as recorded_sec
    from crm.activities as a
    inner join repeated as x on a.contact_id = x.contact_id and a.subject = x.subject
    cross join core.parameters as p
    left join core.mappings as m
        on m.what = 'activity_type' and lower(trim(a.type_word)) = m.word
    left join core.subject_classes as s on a.subject = s.subject
    left join core.removals as r on a.deal_id = r.deal_id
    left join core.deals as d on coalesce(r.survivor_id, a.deal_id) = d.deal_id
    left join crm.accounts as c on a.account_id = c.account_id
    where
        not a.is_twin
        and coalesce(m.value, '') <> 'skip'
        and (a.direction <> 'unknown' or not coalesce(s.is_skipped, false))
        -- A difference: planners take a comparison of two tables for one that few rows pass.
        and coalesce(a.recorded_sec, a.happened_sec) - p.as_of_end_sec < 0
        and (a.happened_sec < p.as_of_end_sec or coalesce(m.value, a.kind) = 'meeting')
),

gaps as (
    select
        activity_id,
        happened_sec - lag(happened_sec) over (
            partition by source, party, kind, direction, contact_id, subject
            order by happened_sec, recorded_sec, activity_id
        ) as happened_gap,
        recorded_sec - lag(recorded_sec) over (
            partition by source, party, kind, direction, contact_id, subject
            order by happened_sec, recorded_sec, activity_id
        ) as recorded_gap
    from suspects
),

-- Two tools may log one act: the same subject, person and time, written within five minutes.
doubles as (
    select activity_id
    from gaps
    where happened_gap <= 300 and abs(recorded_gap) <= 300
),

alone as (
    select
        a.activity_id,
        max(d.deal_id) as deal_id
    from crm.activities as a
    left join crm.accounts as c on a.account_id = c.account_id
    inner join core.deals as d
        on
            coalesce(c.survivor_id, a.account_id) = d.account_id
            and a.happened_sec >= d.created_sec
            and (d.closed_sec is null or a.happened_sec < d.closed_sec)
    where a.deal_id is null
    group by a.activity_id
    having count(*) = 1
),

told as (
    select
        a.source,
        a.activity_id,
        d.deal_id,
        coalesce(d.account_id, c.survivor_id, a.account_id) as account_id,
        a.seller_id,
        a.contact_id,
        a.happened_at,
        a.recorded_at,
        a.happened_sec,
        coalesce(a.recorded_sec, a.happened_sec) as recorded_sec,
        d.created_at,
        d.created_sec,
        coalesce(m.value, a.kind) as kind,
        a.minutes,
        a.subject,
        a.cancelled_sec,
        p.as_of_end_sec,
        p.held_unknown_counts,
        p.booking_days,
        case
            when a.direction <> 'unknown' then a.direction
            else coalesce(s.direction, 'unknown')
        end as direction,
        case
            when a.direction <> 'unknown' then 'native'
            when s.direction is not null then 'rules'
            else 'none'
        end as direction_from,
        coalesce(s.topic, 'other') as topic,
        a.is_automatic
        or coalesce(s.is_automatic, false)
        or (coalesce(u.is_automatic, false) and a.direction not in ('inbound', 'mutual'))
            as is_automatic,
        case
            when coalesce(m.value, a.kind) <> 'meeting' then a.status
            when a.happened_sec >= p.as_of_end_sec then
                case when a.cancelled_sec < p.as_of_end_sec then 'cancelled' else 'booked' end
            when a.status in ('cancelled', 'no_show', 'done') then a.status
            else coalesce(s.status, 'unknown')
        end as status
    from crm.activities as a
    cross join core.parameters as p
    left join core.mappings as m
        on m.what = 'activity_type' and lower(trim(a.type_word)) = m.word
    left join core.subject_classes as s on a.subject = s.subject
    left join core.sellers as u on a.seller_id = u.seller_id
    left join core.removals as r on a.deal_id = r.deal_id
    left join core.deals as d on coalesce(r.survivor_id, a.deal_id) = d.deal_id
    left join crm.accounts as c on a.account_id = c.account_id
    where
        not a.is_twin
        and coalesce(m.value, '') <> 'skip'
        and (a.direction <> 'unknown' or not coalesce(s.is_skipped, false))
        and coalesce(a.recorded_sec, a.happened_sec) - p.as_of_end_sec < 0
        and (a.happened_sec < p.as_of_end_sec or coalesce(m.value, a.kind) = 'meeting')
),

placed as (
    select
        s.*,
        coalesce(s.deal_id, o.deal_id) as on_deal_id,
        coalesce(s.happened_sec < s.created_sec, false) as is_clamped,
        greatest(s.happened_sec, coalesce(s.created_sec, s.happened_sec)) as at_sec
    from told as s
    left join doubles as b on s.activity_id = b.activity_id
    left join alone as o on s.activity_id = o.activity_id
    where b.activity_id is null
),

timed as (
    select
        *,
        -- What is known of a meeting ahead is that it was booked.
        case
            when at_sec >= as_of_end_sec then recorded_sec
            else greatest(at_sec, recorded_sec)
        end as known_sec,
        status = 'done' or (status = 'unknown' and (kind <> 'meeting' or held_unknown_counts))
            as took_place
    from placed
)

select
    activity_id,
    on_deal_id as deal_id,
    seller_id,
    contact_id,
    case when is_clamped then created_at else happened_at end as happened_at,
    recorded_at,
    kind,
    direction,
    status,
    topic,
    minutes,
    is_automatic,
    account_id,
    at_sec as happened_sec,
    recorded_sec,
    known_sec,
    cast(floor(at_sec / 86400) as integer) as happened_day,
    cast(floor(known_sec / 86400) as integer) as known_day,
    cast(floor((as_of_end_sec - 1 - known_sec) / 604800) as integer) as week,
    took_place and direction = 'outbound' and not is_automatic as is_touch,
    took_place and direction in ('inbound', 'mutual') and not is_automatic as is_reply,
    took_place and direction in ('inbound', 'mutual') and not is_automatic as is_sign_of_life,
    is_clamped,
    direction_from,
    -- Until when a meeting stands in the calendar; null for what is no meeting.
    case
        when
            kind = 'meeting'
            and recorded_sec < at_sec
            and not coalesce(at_sec - recorded_sec > booking_days * 86400, false)
            then least(at_sec, greatest(coalesce(cancelled_sec, at_sec), recorded_sec))
    end as booked_until_sec,
    source
from timed
