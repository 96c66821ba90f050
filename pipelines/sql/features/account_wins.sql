-- What each account won on each day: an account is a party, and so is a deal without one. Money is
-- in hundredths, so that no order of rows changes a sum; it is not whole on days with a win of
-- unknown amount.
select
    coalesce(d.account_id, d.deal_id) as party,
    d.closed_day as day,
    sum(cast(round(100 * d.amount_base) as bigint)) as hundredths,
    max(case when d.amount_base is null then 1 else 0 end) as unknown_amounts
from core.deals as d
inner join core.outcomes as o on d.deal_id = o.deal_id
where o.outcome = 'won'
group by coalesce(d.account_id, d.deal_id), d.closed_day
