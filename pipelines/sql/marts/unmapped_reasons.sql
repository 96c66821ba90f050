-- Loss reasons that no rule knows, for the analyst to map.
select
    o.reason,
    count(*) as deals,
    cast(sum(cast(round(100 * d.amount_base) as bigint)) as double) / 100 as amount_base,
    min(d.source) as source
from core.outcomes as o
inner join core.deals as d on o.deal_id = d.deal_id
where o.reason_class = 'unmapped' and o.reason is not null
group by o.reason
