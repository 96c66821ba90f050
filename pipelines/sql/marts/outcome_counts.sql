-- Deals and money by outcome and by the rule that said so; the share is of deals that left, won,
-- lost or stalled, and empty for those still open or excluded. Money is summed in hundredths.
with counted as (
    select
        o.outcome,
        o.rule,
        count(*) as deals,
        sum(cast(round(100 * d.amount_base) as bigint)) as hundredths,
        sum(case when d.amount_base is null then 1 else 0 end) as deals_without_amount
    from core.outcomes as o
    inner join core.deals as d on o.deal_id = d.deal_id
    group by o.outcome, o.rule
),

departed as (
    select sum(deals) as deals
    from counted
    where outcome not in ('open', 'excluded')
)

select
    c.outcome,
    c.rule,
    c.deals,
    cast(c.hundredths as double) / 100 as amount_base,
    case
        when c.outcome not in ('open', 'excluded') then cast(c.deals as double) / l.deals
    end as share,
    cast(c.deals_without_amount as bigint) as deals_without_amount
from counted as c
cross join departed as l
