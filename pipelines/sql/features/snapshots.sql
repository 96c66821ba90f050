-- What could be known of an open deal at the end of each weekly landmark, then what became of it.
-- Features read dated facts known before the landmark; of the current row of core.deals they read
-- only account_id, created_* and pipeline, the owner where no change of owner is on record, and the
-- lead source where its source sets it when the deal is made (core.creation_facts); of core.origins
-- what may be known on the day. Rows of a deal that has stalled for good stay, with is_stalled true
-- and days_to_outcome <= 0.
with changes as (
    select
        g.deal_id,
        g.week,
        g.snapshot_day,
        g.end_sec,
        coalesce(a.touches, 0) as touches,
        coalesce(a.replies, 0) as replies,
        coalesce(a.meetings_held, 0) as meetings_held,
        coalesce(a.meetings_booked, 0) as meetings_booked,
        a.last_touch_day,
        a.last_reply_day,
        a.last_meeting_day,
        coalesce(y.touches_until_reply, 0) as touches_until_reply,
        coalesce(y.waited_sec, 0) as waited_sec,
        l.last_life_day,
        coalesce(l.touches_until_life, 0) as touches_until_life,
        coalesce(f.contacts, 0) as contacts,
        coalesce(f.contacts_late, 0) as contacts_late,
        coalesce(f.senior_contacts, 0) as senior_contacts,
        coalesce(f.options_ours, 0) as options_ours,
        coalesce(f.options_competitor, 0) as options_competitor,
        coalesce(f.incumbents, 0) as incumbents,
        f.last_option_day,
        coalesce(f.buyer_made, 0) as buyer_made,
        coalesce(f.buyer_kept, 0) as buyer_kept,
        coalesce(f.buyer_overdue, 0) as buyer_overdue,
        coalesce(f.seller_made, 0) as seller_made,
        coalesce(f.seller_kept, 0) as seller_kept,
        coalesce(f.seller_overdue, 0) as seller_overdue
    from features.deal_weeks as g
    left join features.activity_weeks as a on g.deal_id = a.deal_id and g.week = a.week
    left join features.reply_weeks as y on g.deal_id = y.deal_id and g.week = y.week
    left join features.life_weeks as l on g.deal_id = l.deal_id and g.week = l.week
    left join features.fact_weeks as f on g.deal_id = f.deal_id and g.week = f.week
),

running as (
    select
        deal_id,
        week,
        snapshot_day,
        end_sec,
        touches as touches_1w,
        sum(touches) over (
            partition by deal_id order by week desc rows between 1 preceding and current row
        ) as touches_2w,
        sum(touches) over (
            partition by deal_id order by week desc rows between 3 preceding and current row
        ) as touches_4w,
        sum(touches) over (
            partition by deal_id order by week desc rows between 12 preceding and current row
        ) as touches_13w,
        sum(touches) over (
            partition by deal_id order by week desc
            rows between unbounded preceding and current row
        ) as touches_all,
        replies as replies_1w,
        sum(replies) over (
            partition by deal_id order by week desc rows between 1 preceding and current row
        ) as replies_2w,
        sum(replies) over (
            partition by deal_id order by week desc rows between 3 preceding and current row
        ) as replies_4w,
        sum(replies) over (
            partition by deal_id order by week desc rows between 12 preceding and current row
        ) as replies_13w,
        sum(replies) over (
            partition by deal_id order by week desc
            rows between unbounded preceding and current row
        ) as replies_all,
        sum(meetings_held) over (
            partition by deal_id order by week desc
            rows between unbounded preceding and current row
        ) as meetings_held,
        sum(meetings_booked) over (
            partition by deal_id order by week desc
            rows between unbounded preceding and current row
        ) as meetings_booked,
        max(last_touch_day) over (
            partition by deal_id order by week desc
            rows between unbounded preceding and current row
        ) as last_touch_day,
        max(last_reply_day) over (
            partition by deal_id order by week desc
            rows between unbounded preceding and current row
        ) as last_reply_day,
        max(last_meeting_day) over (
            partition by deal_id order by week desc
            rows between unbounded preceding and current row
        ) as last_meeting_day,
        max(touches_until_reply) over (
            partition by deal_id order by week desc
            rows between unbounded preceding and current row
        ) as touches_until_reply,
        max(waited_sec) over (
            partition by deal_id order by week desc
            rows between unbounded preceding and current row
        ) as waited_sec,
        max(last_life_day) over (
            partition by deal_id order by week desc
            rows between unbounded preceding and current row
        ) as last_life_day,
        max(touches_until_life) over (
            partition by deal_id order by week desc
            rows between unbounded preceding and current row
        ) as touches_until_life,
        sum(contacts) over (
            partition by deal_id order by week desc
            rows between unbounded preceding and current row
        ) as contacts,
        sum(contacts) over (
            partition by deal_id order by week desc rows between 3 preceding and current row
        ) + lag(contacts_late, 4, 0) over (partition by deal_id order by week desc)
            as contacts_30d,
        sum(senior_contacts) over (
            partition by deal_id order by week desc
            rows between unbounded preceding and current row
        ) as senior_contacts,
        sum(options_ours) over (
            partition by deal_id order by week desc
            rows between unbounded preceding and current row
        ) as options_ours,
        sum(options_competitor) over (
            partition by deal_id order by week desc
            rows between unbounded preceding and current row
        ) as options_competitor,
        max(incumbents) over (
            partition by deal_id order by week desc
            rows between unbounded preceding and current row
        ) as incumbents,
        max(last_option_day) over (
            partition by deal_id order by week desc
            rows between unbounded preceding and current row
        ) as last_option_day,
        sum(buyer_made) over (
            partition by deal_id order by week desc
            rows between unbounded preceding and current row
        ) as buyer_made,
        sum(buyer_kept) over (
            partition by deal_id order by week desc
            rows between unbounded preceding and current row
        ) as buyer_kept,
        sum(buyer_overdue) over (
            partition by deal_id order by week desc
            rows between unbounded preceding and current row
        ) as buyer_overdue,
        sum(seller_made) over (
            partition by deal_id order by week desc
            rows between unbounded preceding and current row
        ) as seller_made,
        sum(seller_kept) over (
            partition by deal_id order by week desc
            rows between unbounded preceding and current row
        ) as seller_kept,
        sum(seller_overdue) over (
            partition by deal_id order by week desc
            rows between unbounded preceding and current row
        ) as seller_overdue
    from changes
),

deals as (
    select
        d.deal_id,
        d.account_id,
        d.source,
        d.pipeline,
        d.created_day,
        case when c.source is not null then d.lead_source end as lead_source,
        g.origin_at_start,
        g.origin_without_supplier,
        g.origin_with_supplier,
        g.suppliers_since_sec,
        case
            when d.account_id is not null
                then rank() over (partition by d.account_id order by d.created_sec) - 1
        end as account_deals_before
    from core.deals as d
    left join core.origins as g on d.deal_id = g.deal_id
    left join core.creation_facts as c on d.source = c.source and c.attribute = 'lead_source'
),

-- Where nobody can tell who acted, no deal of the source is observed.
blind_sources as (
    select distinct source
    from core.capabilities
    where capability in ('activity_direction', 'activity_level') and value = 'none'
),

-- Since when each channel is on record; a channel without any act never was.
channels as (
    select
        source,
        max(case when kind = 'email' then coalesce(observed_from_day, 0) end) as email_day,
        max(case when kind = 'call' then coalesce(observed_from_day, 0) end) as call_day,
        max(case when kind = 'meeting' then coalesce(observed_from_day, 0) end) as meeting_day,
        max(case when kind = '' then observed_from_day end) as any_day
    from core.observation
    group by source
),

-- Until a source has shown the first answer to a framework, nothing says that it is used.
frameworks as (
    select
        source,
        min(case when framework = 'meddpicc' then answered_sec end) as meddpicc_sec,
        min(case when framework = 'bant' then answered_sec end) as bant_sec,
        min(case when framework = 'spin' then answered_sec end) as spin_sec,
        min(case when framework = 'challenger' then answered_sec end) as challenger_sec,
        min(case when framework = 'command_of_the_message' then answered_sec end) as message_sec,
        min(
            case
                when
                    framework not in (
                        'meddpicc', 'bant', 'spin', 'challenger', 'command_of_the_message'
                    )
                    then answered_sec
            end
        ) as custom_sec
    from core.qualification
    group by source
)

select
    d.deal_id,
    own.seller_id,
    d.account_id,
    d.source,
    d.pipeline,
    w.snapshot_at,
    r.snapshot_day,
    r.week,
    r.snapshot_day - d.created_day as age_days,
    s.stage,
    s.stage_order,
    r.snapshot_day - s.entered_day as days_in_stage,
    coalesce(s.stage_moves, 0) as stage_moves,
    coalesce(s.backward_moves, 0) as backward_moves,
    m.amount,
    coalesce(m.amount_changes, 0) as amount_changes,
    coalesce(e.pushes, 0) as pushes,
    e.expected_day - r.snapshot_day as days_to_expected_close,
    case
        when e.expected_day is not null then greatest(r.snapshot_day - e.expected_day, 0)
    end as days_overdue,
    r.touches_1w,
    cast(r.touches_2w as integer) as touches_2w,
    cast(r.touches_4w as integer) as touches_4w,
    cast(r.touches_13w as integer) as touches_13w,
    cast(r.touches_all as integer) as touches_all,
    r.replies_1w,
    cast(r.replies_2w as integer) as replies_2w,
    cast(r.replies_4w as integer) as replies_4w,
    cast(r.replies_13w as integer) as replies_13w,
    cast(r.replies_all as integer) as replies_all,
    cast(r.meetings_held as integer) as meetings_held,
    cast(r.meetings_booked as integer) as meetings_booked,
    r.snapshot_day - r.last_touch_day as days_since_touch,
    r.snapshot_day - r.last_reply_day as days_since_reply,
    r.snapshot_day - r.last_meeting_day as days_since_meeting,
    case
        when r.touches_until_reply > 0
            then cast(r.waited_sec as double) / 86400 / r.touches_until_reply
    end as reply_latency_days,
    case
        when r.touches_all > 0
            then cast(r.touches_all - r.touches_until_reply as double) / r.touches_all
    end as touches_since_reply_share,
    r.snapshot_day - coalesce(r.last_life_day, d.created_day) as silence_days,
    r.last_life_day is not null as has_sign_of_life,
    cast(r.touches_all - r.touches_until_life as integer) as touches_since_sign_of_life,
    cast(r.contacts as integer) as contacts,
    cast(r.senior_contacts as integer) as senior_contacts,
    cast(r.contacts_30d as integer) as contacts_30d,
    cast(r.options_ours as integer) as options_ours,
    cast(r.options_competitor as integer) as options_competitor,
    cast(r.options_ours + r.options_competitor + r.incumbents as integer) as options_all,
    r.snapshot_day - r.last_option_day as days_since_option,
    cast(r.buyer_made as integer) as commitments_buyer_made,
    cast(r.buyer_kept as integer) as commitments_buyer_kept,
    cast(r.buyer_overdue as integer) as commitments_buyer_overdue,
    cast(r.seller_made as integer) as commitments_seller_made,
    cast(r.seller_kept as integer) as commitments_seller_kept,
    cast(r.seller_overdue as integer) as commitments_seller_overdue,
    case when k.meddpicc_sec < r.end_sec then coalesce(q.meddpicc, 0) end as qualification_meddpicc,
    case when k.bant_sec < r.end_sec then coalesce(q.bant, 0) end as qualification_bant,
    case when k.spin_sec < r.end_sec then coalesce(q.spin, 0) end as qualification_spin,
    case when k.challenger_sec < r.end_sec then coalesce(q.challenger, 0) end as qualification_challenger,
    case when k.message_sec < r.end_sec then coalesce(q.command_of_the_message, 0) end as qualification_message,
    case when k.custom_sec < r.end_sec then coalesce(q.custom, 0) end as qualification_custom,
    d.lead_source,
    coalesce(
        case
            when r.incumbents > 0 then d.origin_with_supplier
            when d.suppliers_since_sec < r.end_sec then d.origin_without_supplier
            else d.origin_at_start
        end,
        'unknown'
    ) as origin,
    r.incumbents > 0 as incumbent_known,
    blind.source is null
    and coalesce(past.is_active, false)
    and (watch.any_day is null or r.snapshot_day >= watch.any_day)
        as is_observed,
    coalesce(r.snapshot_day >= watch.email_day, false) as is_email_observed,
    coalesce(r.snapshot_day >= watch.call_day, false) as is_call_observed,
    coalesce(r.snapshot_day >= watch.meeting_day, false) as is_meeting_observed,
    past.closed_before as seller_closed_before,
    past.no_decision_rate as seller_no_decision_rate,
    past.disqualified_rate as seller_disqualified_rate,
    cast(d.account_deals_before as integer) as account_deals_before,
    case when d.account_id is not null then coalesce(aw.wins, 0) end as account_wins_before,
    case when d.account_id is not null then coalesce(aw.no_decisions, 0) end
        as account_no_decisions_before,
    cast(extract(month from w.snapshot_on) as integer) as month,
    cast(
        floor(date_diff('day', date_trunc('quarter', w.snapshot_on), w.snapshot_on) / 7) as integer
    ) + 1 as week_of_quarter,
    st.deal_id is not null as is_stalled,
    case when o.outcome <> 'open' then o.outcome end as outcome,
    case when o.outcome <> 'open' then o.event_day - r.snapshot_day end as days_to_outcome,
    o.outcome = 'open' as is_censored
from running as r
inner join features.weeks as w on r.week = w.week
inner join deals as d on r.deal_id = d.deal_id
inner join core.outcomes as o on r.deal_id = o.deal_id
left join features.stage_spells as s
    on r.deal_id = s.deal_id and r.week <= s.from_week and r.week > s.until_week
left join features.close_date_spells as e
    on r.deal_id = e.deal_id and r.week <= e.from_week and r.week > e.until_week
left join features.amount_spells as m
    on r.deal_id = m.deal_id and r.week <= m.from_week and r.week > m.until_week
left join features.owner_spells as own
    on r.deal_id = own.deal_id and r.week <= own.from_week and r.week > own.until_week
left join features.qualification_spells as q
    on r.deal_id = q.deal_id and r.week <= q.from_week and r.week > q.until_week
left join features.seller_past as past
    on own.seller_id = past.seller_id and r.snapshot_day = past.day
left join features.account_past as aw
    on
        d.account_id = aw.account_id
        and r.snapshot_day >= aw.from_day
        and (aw.until_day is null or r.snapshot_day < aw.until_day)
left join core.stalls as st
    on
        r.deal_id = st.deal_id
        and r.snapshot_day >= st.stalled_day
        and (st.broken_day is null or r.snapshot_day < st.broken_day)
left join blind_sources as blind on d.source = blind.source
left join channels as watch on d.source = watch.source
left join frameworks as k on d.source = k.source
where not coalesce(s.is_closed, false)
