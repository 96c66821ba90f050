-- Days on which one seller closed far more deals than usual: not decision dates. Of those deals the
-- stalled have the date of their stall instead; of the others it is known only that they were
-- decided between their last sign of life and that day.
select
    cast('1970-01-01' as date) + d.closed_day as closed_on,
    d.source,
    count(*) as deals,
    count(distinct d.seller_id) as sellers,
    cast(sum(case when o.stalled_day is not null then 1 else 0 end) as bigint) as stalled,
    cast(sum(case when o.stalled_day is null then 1 else 0 end) as bigint) as undated
from core.deals as d
inner join core.outcomes as o on d.deal_id = o.deal_id
where o.is_cleanup
group by d.source, d.closed_day
