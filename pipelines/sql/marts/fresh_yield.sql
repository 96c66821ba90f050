-- What an hour on a fresh deal has yielded: wins and revenue within horizon_days of creation, over
-- the hours spent on the deals in that time, for deals created at least horizon_days ago, by seller.
with fresh as (
    select
        d.deal_id,
        d.source,
        d.seller_id,
        d.amount_base,
        d.created_day,
        d.created_day + p.horizon_days as last_day,
        d.status = 'won' and d.closed_day <= d.created_day + p.horizon_days as is_won
    from core.deals as d
    inner join core.outcomes as o on d.deal_id = o.deal_id
    cross join core.parameters as p
    where o.outcome <> 'excluded' and d.created_day + p.horizon_days <= p.as_of_day
),

work as (
    select
        f.source,
        f.seller_id,
        sum(w.seconds) as seconds,
        sum(w.logged_seconds) as logged_seconds
    from fresh as f
    inner join features.work_days as w on f.deal_id = w.deal_id and w.day <= f.last_day
    group by f.source, f.seller_id
),

totals as (
    select
        source,
        seller_id,
        count(*) as deals,
        sum(case when is_won then 1 else 0 end) as wins,
        sum(case when is_won then cast(round(100 * amount_base) as bigint) end) as hundredths
    from fresh
    group by source, seller_id
)

select
    t.source,
    t.seller_id,
    t.deals,
    cast(t.wins as bigint) as wins,
    cast(w.seconds as double) / 3600 as hours,
    case when w.seconds > 0 then 3600 * cast(t.wins as double) / w.seconds end as wins_per_hour,
    cast(coalesce(t.hundredths, 0) as double) / 100 as revenue,
    case
        when w.seconds > 0 then 36 * cast(coalesce(t.hundredths, 0) as double) / w.seconds
    end as revenue_per_hour,
    case when w.seconds > 0 then cast(w.logged_seconds as double) / w.seconds end
        as logged_hours_share
from totals as t
left join work as w
    on t.source = w.source and t.seller_id is not distinct from w.seller_id
