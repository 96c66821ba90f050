-- Time zero of the comparison: each deal's first indecision signal, what the seller then did, what
-- was known at the end of that day, and what followed. What was done is told by strategy_at, by
-- grace_day (the last day on which letting go is early), and by touch_gap_days, the longest time
-- without a touch in the weeks of a chase. The covariates read dated facts up to
-- signal_day, and of the current row of core.deals only lead_source, account_id, seller_id,
-- created_* and pipeline; strategy, walk and follow-up look ahead, as outcomes do.
with stages_then as (
    select
        s.deal_id,
        c.to_stage_class,
        row_number() over (partition by s.deal_id order by c.seq desc) as recency
    from features.signals as s
    inner join core.stage_changes as c
        on s.deal_id = c.deal_id and c.changed_sec < s.signal_end_sec
),

judged as (
    select
        s.deal_id,
        case
            when o.outcome = 'excluded' and o.reason_class = 'hygiene' then 'excluded'
            when p.new_business_only and not coalesce(d.is_new_business, true)
                then 'not_new_business'
            when o.outcome = 'excluded' then 'excluded'
            when s.signal_day < b.observed_from_day then 'unobserved'
            when d.closed_day = d.created_day then 'order_entry'
            when s.first_life_day is null then 'no_sign_of_life'
            when f.is_closed then 'already_closed'
            when g.to_stage_class = 'nurture' then 'already_let_go'
            when d.seller_id is null then 'no_seller'
            when not coalesce(past.is_active, false) then 'seller_inactive'
        end as ineligible_reason
    from features.signals as s
    inner join core.deals as d on s.deal_id = d.deal_id
    inner join core.outcomes as o on s.deal_id = o.deal_id
    inner join features.signal_facts as f on s.deal_id = f.deal_id
    left join features.seller_past as past
        on d.seller_id = past.seller_id and s.signal_day = past.day
    left join core.observation as b on d.source = b.source and b.kind = ''
    left join stages_then as g on s.deal_id = g.deal_id and g.recency = 1
    cross join core.parameters as p
),

earlier as (
    select
        deal_id,
        case
            when account_id is not null
                then rank() over (partition by account_id order by created_sec) - 1
        end as account_deals_before
    from core.deals
)

select
    s.deal_id,
    d.seller_id,
    d.account_id,
    d.source,
    d.pipeline,
    s.signal,
    epoch_ms(86400000 * cast(s.signal_day as bigint)) as signal_at,
    s.signal_day,
    t.strategy,
    epoch_ms(86400000 * cast(t.strategy_day as bigint)) as strategy_at,
    j.ineligible_reason is null as is_eligible,
    j.ineligible_reason,
    t.walk_day is not null as is_walked,
    t.walk_day,
    t.has_misfit,
    f.amount,
    f.age_days,
    f.stage_order,
    f.days_in_stage,
    f.pushes,
    f.touches_all,
    f.replies_all,
    f.silence_days,
    f.meetings_held,
    f.contacts,
    f.options,
    f.touches_since_sign_of_life,
    f.days_to_expected_close,
    d.lead_source,
    past.walk_rate as seller_walk_rate,
    past.win_rate as seller_win_rate,
    cast(e.account_deals_before as integer) as account_deals_before,
    case when d.account_id is not null then coalesce(aw.wins, 0) end as account_wins_before,
    cast(
        4 * extract(year from cast('1970-01-01' as date) + s.signal_day)
        + extract(quarter from cast('1970-01-01' as date) + s.signal_day) as integer
    ) as quarter,
    u.followup_days,
    u.days_to_account_win,
    u.revenue,
    u.hours,
    u.hours_logged_share,
    case
        when d.closed_day >= s.signal_day and not o.is_cleanup then d.closed_day - s.signal_day
    end as days_to_decision,
    u.is_bristled,
    u.is_returned,
    o.outcome,
    cast(s.signal_day + p.grace_days as integer) as grace_day,
    t.touch_gap_days
from features.signals as s
inner join core.deals as d on s.deal_id = d.deal_id
inner join core.outcomes as o on s.deal_id = o.deal_id
inner join features.signal_facts as f on s.deal_id = f.deal_id
inner join features.strategies as t on s.deal_id = t.deal_id
inner join features.followups as u on s.deal_id = u.deal_id
inner join judged as j on s.deal_id = j.deal_id
inner join earlier as e on s.deal_id = e.deal_id
left join features.seller_past as past
    on d.seller_id = past.seller_id and s.signal_day = past.day
left join features.account_past as aw
    on
        d.account_id = aw.account_id
        and s.signal_day >= aw.from_day
        and (aw.until_day is null or s.signal_day < aw.until_day)
cross join core.parameters as p
