-- The chase so far on deals that are open tonight, by team: touches since each buyer's last sign of
-- life, on deals silent for 14 days or more. A seller can see the same count on their own deals.
with chased as (
    select
        coalesce(p.team, 'unknown') as team,
        s.silence_days,
        s.touches_since_sign_of_life as touches
    from features.snapshots as s
    inner join core.deals as d on s.deal_id = d.deal_id
    left join core.sellers as p on s.seller_id = p.seller_id
    where s.week = 0 and s.is_observed and d.status = 'open'
)

select
    team,
    count(*) as deals,
    cast(sum(case when silence_days >= 14 then 1 else 0 end) as bigint) as silent,
    cast(sum(case when silence_days >= 14 and touches = 0 then 1 else 0 end) as bigint)
        as touched_0,
    cast(sum(case when silence_days >= 14 and touches between 1 and 2 then 1 else 0 end) as bigint)
        as touched_1_2,
    cast(sum(case when silence_days >= 14 and touches between 3 and 5 then 1 else 0 end) as bigint)
        as touched_3_5,
    cast(sum(case when silence_days >= 14 and touches >= 6 then 1 else 0 end) as bigint)
        as touched_6_or_more,
    cast(sum(case when silence_days >= 14 then touches else 0 end) as bigint) as touches
from chased
group by team
