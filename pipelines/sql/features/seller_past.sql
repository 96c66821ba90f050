-- What a seller's earlier deals had come to by the end of a day, for each landmark and each day on
-- which one of the seller's deals gave its first indecision signal. Counts hold deals that had
-- closed for good by then (of one that was opened again only its last end is told), so a deal
-- still open is never in its own past; a deal counts for the seller who closed it, whoever owns it
-- since. Rates are shrunk towards what the whole source had come to by then, with
-- settings.prior_deals as the weight of that prior.
with asked as (
    select
        d.source,
        d.seller_id,
        w.snapshot_day as day
    from (
        select distinct
            m.source,
            s.seller_id
        from features.owner_spells as s
        inner join core.deals as m on s.deal_id = m.deal_id
        where s.seller_id is not null
    ) as d
    cross join features.weeks as w

    union

    select
        d.source,
        d.seller_id,
        s.signal_day
    from features.signals as s
    inner join core.deals as d on s.deal_id = d.deal_id
    where d.seller_id is not null
),

-- One row per thing that adds to a past. Deals without a seller count for their source.
moments as (
    select
        source,
        seller_id,
        day,
        1 as is_asked,
        0 as closed,
        0 as won,
        0 as no_decision,
        0 as disqualified,
        0 as signals,
        0 as walks,
        null as act_day
    from asked

    union all

    select
        d.source,
        s.seller_id,
        d.closed_day,
        0,
        1,
        case when o.outcome = 'won' then 1 else 0 end,
        case when o.outcome = 'no_decision' then 1 else 0 end,
        case when o.outcome = 'disqualified' then 1 else 0 end,
        0,
        0,
        null
    from core.deals as d
    inner join core.outcomes as o on d.deal_id = o.deal_id
    left join features.owner_spells as s
        on
            d.deal_id = s.deal_id
            and (s.place = 0 or s.from_sec <= d.closed_sec)
            and (s.until_sec is null or s.until_sec > d.closed_sec)
    where d.closed_day is not null and d.is_closed_now and o.outcome not in ('excluded', 'open')

    union all

    -- Whether a signal was answered by walking away is known when its grace is over.
    select
        d.source,
        d.seller_id,
        w.signal_day + p.grace_days,
        0,
        0,
        0,
        0,
        0,
        1,
        case when w.walk_day is not null then 1 else 0 end,
        null
    from features.walks as w
    inner join core.deals as d on w.deal_id = d.deal_id
    cross join core.parameters as p

    union all

    select distinct
        s.source,
        a.seller_id,
        a.known_day,
        0,
        0,
        0,
        0,
        0,
        0,
        0,
        a.known_day
    from core.activities as a
    inner join core.sellers as s on a.seller_id = s.seller_id
    where not a.is_automatic
),

seller_days as (
    select
        source,
        seller_id,
        day,
        max(is_asked) as is_asked,
        sum(closed) as closed,
        sum(won) as won,
        sum(no_decision) as no_decision,
        sum(disqualified) as disqualified,
        sum(signals) as signals,
        sum(walks) as walks,
        max(act_day) as act_day
    from moments
    group by source, seller_id, day
),

source_days as (
    select
        source,
        day,
        sum(closed) as closed,
        sum(won) as won,
        sum(no_decision) as no_decision,
        sum(disqualified) as disqualified,
        sum(signals) as signals,
        sum(walks) as walks
    from seller_days
    group by source, day
),

source_past as (
    select
        source,
        day,
        sum(closed) over (
            partition by source order by day
            rows between unbounded preceding and current row
        ) as closed,
        sum(won) over (
            partition by source order by day
            rows between unbounded preceding and current row
        ) as won,
        sum(no_decision) over (
            partition by source order by day
            rows between unbounded preceding and current row
        ) as no_decision,
        sum(disqualified) over (
            partition by source order by day
            rows between unbounded preceding and current row
        ) as disqualified,
        sum(signals) over (
            partition by source order by day
            rows between unbounded preceding and current row
        ) as signals,
        sum(walks) over (
            partition by source order by day
            rows between unbounded preceding and current row
        ) as walks
    from source_days
),

seller_past as (
    select
        source,
        seller_id,
        day,
        is_asked,
        sum(closed) over (
            partition by source, seller_id order by day
            rows between unbounded preceding and current row
        ) as closed,
        sum(won) over (
            partition by source, seller_id order by day
            rows between unbounded preceding and current row
        ) as won,
        sum(no_decision) over (
            partition by source, seller_id order by day
            rows between unbounded preceding and current row
        ) as no_decision,
        sum(disqualified) over (
            partition by source, seller_id order by day
            rows between unbounded preceding and current row
        ) as disqualified,
        sum(signals) over (
            partition by source, seller_id order by day
            rows between unbounded preceding and current row
        ) as signals,
        sum(walks) over (
            partition by source, seller_id order by day
            rows between unbounded preceding and current row
        ) as walks,
        max(act_day) over (
            partition by source, seller_id order by day
            rows between unbounded preceding and current row
        ) as last_act_day
    from seller_days
)

select
    s.seller_id,
    s.day,
    cast(s.closed as integer) as closed_before,
    case
        when a.closed > 0
            then (p.prior_deals * a.won / a.closed + s.won) / (p.prior_deals + s.closed)
    end as win_rate,
    case
        when a.closed > 0
            then (p.prior_deals * a.no_decision / a.closed + s.no_decision)
                / (p.prior_deals + s.closed)
    end as no_decision_rate,
    case
        when a.closed > 0
            then (p.prior_deals * a.disqualified / a.closed + s.disqualified)
                / (p.prior_deals + s.closed)
    end as disqualified_rate,
    cast(s.signals as integer) as signals_before,
    case
        when a.signals > 0
            then (p.prior_deals * a.walks / a.signals + s.walks) / (p.prior_deals + s.signals)
    end as walk_rate,
    s.last_act_day,
    coalesce(s.last_act_day > s.day - p.seller_active_days, false) as is_active
from seller_past as s
inner join source_past as a on s.source = a.source and s.day = a.day
cross join core.parameters as p
where s.is_asked = 1 and s.seller_id is not null
