-- Deals that are no deals any more, and the deal that stands for one that was merged away. What a
-- CRM merged twice is followed to the last survivor. A deal that was deleted and stands in the
-- newest export again has been restored, and counts. One that the newest export no longer lists is
-- gone, where that export holds nearly all that an older one did.
with known as (
    select
        r.source,
        r.deal_id,
        min(r.why) as why,
        min(r.status) as status,
        min(case when r.survivor_id <> r.deal_id then r.survivor_id end) as survivor_id,
        max(case when r.why = 'missing' then 1 else 0 end) as is_missing
    from crm.removals as r
    cross join core.parameters as p
    where r.deal_id is not null and (r.why <> 'missing' or r.held_share >= p.reexport_share)
    group by r.source, r.deal_id
)

select
    a.source,
    a.deal_id,
    a.why,
    coalesce(
        a.status,
        case
            when a.is_missing = 0 then null
            when d.is_won then 'won'
            when d.is_closed then 'lost'
            when d.deal_id is not null then 'open'
        end,
        'unknown'
    ) as status,
    coalesce(c.survivor_id, b.survivor_id, a.survivor_id) as survivor_id,
    a.survivor_id is not null or d.deal_id is null or a.is_missing = 1 as is_left_out
from known as a
left join known as b on a.survivor_id = b.deal_id and b.survivor_id <> a.deal_id
left join known as c on b.survivor_id = c.deal_id and c.survivor_id not in (a.deal_id, b.deal_id)
left join crm.deals as d on a.deal_id = d.deal_id
