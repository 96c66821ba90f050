-- Deals that are no deals any more, and the deal that stands for one that was merged away. What a
-- CRM merged twice is followed to the last survivor. A deal that was deleted and stands in the
-- newest export again has been restored, and counts.
with known as (
    select
        source,
        deal_id,
        min(why) as why,
        min(status) as status,
        min(case when survivor_id <> deal_id then survivor_id end) as survivor_id
    from crm.removals
    where deal_id is not null
    group by source, deal_id
)

select
    a.source,
    a.deal_id,
    a.why,
    coalesce(a.status, 'unknown') as status,
    coalesce(c.survivor_id, b.survivor_id, a.survivor_id) as survivor_id,
    a.survivor_id is not null or d.deal_id is null as is_left_out
from known as a
left join known as b on a.survivor_id = b.deal_id and b.survivor_id <> a.deal_id
left join known as c on b.survivor_id = c.deal_id and c.survivor_id not in (a.deal_id, b.deal_id)
left join crm.deals as d on a.deal_id = d.deal_id
