-- How long each eligible decision point waited for a decision either way: from the day of the first
-- indecision signal to the seller's walk-away, the buyer's decision (a win, a rival's win, or an
-- explicit no), or another ending that does not say whose it was. A deal swept in a mass clean-up, or
-- closed by an automaton, was never decided. One that has not ended waits until today (ending null);
-- followup_days are those from the signal to today. seller_id is who owned the deal at the signal;
-- what deals are alike by was known then. Of a deal that was opened again only the lasting end counts.
with closers as (
    select
        c.deal_id,
        max(case when b.is_automatic then 1 else 0 end) as is_automatic
    from core.stage_changes as c
    inner join core.deals as d on c.deal_id = d.deal_id and c.changed_sec = d.closed_sec
    inner join core.sellers as b on c.changed_by = b.seller_id
    where c.is_to_closed
    group by c.deal_id
),

owners as (
    select
        s.deal_id,
        o.seller_id
    from features.signals as s
    inner join features.owner_spells as o
        on
            s.deal_id = o.deal_id
            and o.from_sec < s.signal_end_sec
            and (o.until_sec is null or o.until_sec >= s.signal_end_sec)
),

ends as (
    select
        t.deal_id,
        t.signal_day,
        case
            when d.closed_day is null or w.any_walk_day <= d.closed_day then w.any_walk_day
        end as walk_day,
        d.closed_day,
        o.is_cleanup,
        coalesce(c.is_automatic, 0) = 1 as is_automatic,
        o.outcome in ('won', 'lost_to_competitor')
        or coalesce(o.reason_class in ('budget', 'incumbent'), false)
        or coalesce(
            o.reason_class = 'no_decision'
            and o.reason_subclass in ('explicit_no', 'cancelled', 'status_quo', 'external'), false
        ) as is_buyers,
        p.as_of_day
    from features.decision_points as t
    inner join core.deals as d on t.deal_id = d.deal_id
    inner join core.outcomes as o on t.deal_id = o.deal_id
    inner join features.walks as w on t.deal_id = w.deal_id
    left join closers as c on t.deal_id = c.deal_id
    cross join core.parameters as p
    where t.is_eligible
)

select
    t.deal_id,
    coalesce(n.seller_id, t.seller_id) as seller_id,
    b.team,
    t.signal,
    t.signal_day,
    cast(
        12 * extract(year from cast('1970-01-01' as date) + t.signal_day)
        + extract(month from cast('1970-01-01' as date) + t.signal_day) - 1 as integer
    ) as month,
    case
        when e.walk_day is not null then 'let_go'
        when e.closed_day is null then null
        when e.is_cleanup then 'swept'
        when e.is_buyers then 'buyer'
        when e.is_automatic then 'swept'
        else 'unsaid'
    end as ending,
    cast(coalesce(e.walk_day, e.closed_day, e.as_of_day) - t.signal_day as integer) as days,
    cast(e.as_of_day - t.signal_day as integer) as followup_days,
    t.source,
    t.pipeline,
    t.amount,
    t.age_days,
    t.stage_order,
    t.days_in_stage,
    t.silence_days,
    t.quarter
from features.decision_points as t
inner join ends as e on t.deal_id = e.deal_id
left join owners as n on t.deal_id = n.deal_id
left join core.sellers as b on coalesce(n.seller_id, t.seller_id) = b.seller_id
