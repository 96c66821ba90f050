-- Which present suppliers our buyers have or had, and what became of the deals, whatever the origin:
-- the win rate is of all deals that ended, with Wilson's range.
with counted as (
    select
        supplier_word,
        min(supplier) as supplier,
        count(*) as deals,
        sum(case when outcome <> 'open' then 1 else 0 end) as ended,
        sum(case when outcome = 'won' then 1 else 0 end) as won,
        sum(case when is_lost_to_supplier then 1 else 0 end) as lost_to_it,
        sum(case when outcome = 'no_decision' then 1 else 0 end) as no_decision,
        cast(
            sum(case when outcome = 'won' then cast(round(100 * amount_base) as bigint) end) as double
        ) / 100 as revenue
    from features.origin_deals
    where supplier_word is not null
    group by supplier_word
),

shares as (
    select
        *,
        case when ended > 0 then cast(won as double) / ended end as win_rate,
        -- The square of 1.96 over the number of deals.
        case when ended > 0 then 3.841459 / ended end as z2
    from counted
)

select
    supplier,
    deals,
    ended,
    won,
    lost_to_it,
    no_decision,
    revenue,
    win_rate,
    greatest(
        (win_rate + z2 / 2 - sqrt(win_rate * (1 - win_rate) * z2 + z2 * z2 / 4)) / (1 + z2), 0
    ) as low,
    least(
        (win_rate + z2 / 2 + sqrt(win_rate * (1 - win_rate) * z2 + z2 * z2 / 4)) / (1 + z2), 1
    ) as high
from shares
