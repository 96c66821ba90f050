-- Each walk-away with what was known of the deal on its day, and what followed: days to the buyer's
-- objection, days to the account's return, and how the deal that it returned with ended. A return
-- can be seen only where the account is on record (has_account), in a source in which any account
-- has a second deal; an objection only where, besides, the act was on a deal.
select
    coalesce(q.deal_id, q.lead_id) as walk_id,
    q.deal_id,
    q.lead_id,
    coalesce(q.account_id, q.deal_id, q.lead_id) as party,
    q.account_id is not null and c.source is null as has_account,
    q.seller_id,
    q.source,
    q.act,
    coalesce(q.has_reason, false) as has_reason,
    q.return_on is not null as has_date,
    d.pipeline,
    d.lead_source,
    d.amount_base,
    q.disqualified_day - d.created_day as age_days,
    cast(
        4 * extract(year from cast('1970-01-01' as date) + q.disqualified_day)
        + extract(quarter from cast('1970-01-01' as date) + q.disqualified_day) as integer
    ) as quarter,
    q.disqualified_day,
    p.as_of_day - q.disqualified_day as followed_days,
    date_diff('day', q.disqualified_at, q.bristled_at) as days_to_bristle,
    date_diff('day', q.disqualified_at, q.returned_at) as days_to_return,
    o.outcome as returned_outcome
from core.disqualifications as q
cross join core.parameters as p
left join core.deals as d on q.deal_id = d.deal_id
left join core.outcomes as o on q.returned_deal_id = o.deal_id
left join core.capabilities as c
    on q.source = c.source and c.capability = 'account_link' and c.value in ('single', 'no')
