-- Alternatives before each buyer: our own offers, rivals, the present supplier.
select
    d.deal_id,
    o.option_id,
    o.kind,
    o.amount,
    o.discount,
    case when o.offered_sec < d.created_sec then d.created_at else o.offered_at end as offered_at,
    greatest(o.offered_sec, d.created_sec) as offered_sec,
    case when o.withdrawn_sec < p.as_of_end_sec then greatest(o.withdrawn_sec, d.created_sec) end
        as withdrawn_sec
from crm.options as o
left join core.removals as r on o.deal_id = r.deal_id
inner join core.deals as d on coalesce(r.survivor_id, o.deal_id) = d.deal_id
cross join core.parameters as p
where o.offered_sec < p.as_of_end_sec
