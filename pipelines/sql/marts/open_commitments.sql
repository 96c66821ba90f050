-- Deals that are open in the CRM by team and stage: how many have a promise of the buyer's ahead of them, and how many
-- have none. Where a source records no buyer's promise at all its deals are told apart, not counted
-- as being without one.
with recorded as (
    select distinct d.source
    from core.commitments as c
    inner join core.deals as d on c.deal_id = d.deal_id
    where c.made_by = 'buyer'
)

select
    s.team,
    d.pipeline,
    d.stage,
    max(g.stage_order) as stage_order,
    r.source is not null as is_recorded,
    count(*) as open_deals,
    sum(case when r.source is not null and w.deal_id is null then 1 else 0 end) as with_standing,
    sum(case when w.deal_id is not null then 1 else 0 end) as without,
    sum(case when w.state = 'never' then 1 else 0 end) as never,
    sum(case when w.state = 'kept' then 1 else 0 end) as all_kept,
    sum(case when w.state = 'overdue' then 1 else 0 end) as overdue,
    cast(sum(cast(round(100 * w.amount_base) as bigint)) as double) / 100 as without_amount
from core.deals as d
inner join core.outcomes as o on d.deal_id = o.deal_id
left join recorded as r on d.source = r.source
left join core.sellers as s on d.seller_id = s.seller_id
left join core.stages as g
    on d.source = g.source and d.pipeline = g.pipeline and d.stage = g.stage
left join marts.deals_without_commitment as w on d.deal_id = w.deal_id
where d.status = 'open' and o.outcome <> 'excluded'
group by s.team, d.pipeline, d.stage, r.source is not null
