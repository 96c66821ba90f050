-- Where buyers come from and what became of their deals: deals and accounts, money, seller hours and
-- days from creation to the end by origin and outcome. Money and hours are of the deals whose amount
-- or work is known.
select
    origin,
    outcome,
    count(*) as deals,
    count(distinct party) as accounts,
    cast(sum(cast(round(100 * amount_base) as bigint)) as double) / 100 as revenue,
    cast(sum(cast(round(3600 * hours) as bigint)) as double) / 3600 as hours,
    cast(sum(cast(round(3600 * hours) as bigint)) as double) / 3600 / count(hours) as hours_a_deal,
    cast(sum(days) as double) / count(days) as days_a_deal,
    sum(case when is_said_to_stay then 1 else 0 end) as said_to_stay,
    sum(case when supplier is not null then 1 else 0 end) as with_supplier
from features.origin_deals
group by origin, outcome
