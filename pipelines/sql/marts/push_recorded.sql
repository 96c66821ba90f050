-- What is on record of pushing in each source: touches, those whose subject presses for time or
-- offers a discount, touches without a subject rule's word, and offers of ours made at a discount.
with acts as (
    select
        d.source,
        count(*) as touches,
        cast(sum(case when a.topic = 'urgency' then 1 else 0 end) as bigint) as urgent,
        cast(sum(case when a.topic = 'discount' then 1 else 0 end) as bigint) as discounts
    from core.activities as a
    inner join core.deals as d on a.deal_id = d.deal_id
    where a.is_touch
    group by d.source
),

offers as (
    select
        d.source,
        count(*) as offers,
        cast(sum(case when o.discount is not null then 1 else 0 end) as bigint) as discount_known,
        cast(sum(case when o.discount > 0 then 1 else 0 end) as bigint) as discounted
    from core.options as o
    inner join core.deals as d on o.deal_id = d.deal_id
    where o.kind = 'ours'
    group by d.source
),

sources as (
    select
        source,
        count(*) as deals
    from core.deals
    group by source
)

select
    s.source,
    s.deals,
    coalesce(a.touches, 0) as touches,
    coalesce(a.urgent, 0) as touches_urgent,
    coalesce(a.discounts, 0) as touches_discount,
    coalesce(o.offers, 0) as offers,
    coalesce(o.discount_known, 0) as offers_discount_known,
    coalesce(o.discounted, 0) as offers_discounted
from sources as s
left join acts as a on s.source = a.source
left join offers as o on s.source = o.source
