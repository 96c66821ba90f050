-- What may be said to the buyer of each open deal, as far as it is on record: the present supplier,
-- the options on the table, whether they were ever heard from, the day for which they last promised
-- a step that they have not taken, and the amount of our offer where there is one only. Beside it
-- the promises of both sides, counted.
with promises as (
    select
        deal_id,
        max(due_day) as due_day,
        max(due_on) as due_on
    from core.commitments
    where made_by = 'buyer' and kept_sec is null
    group by deal_id
),

offers as (
    select
        deal_id,
        count(*) as offers,
        max(amount) as amount
    from core.options
    where kind = 'ours' and withdrawn_sec is null
    group by deal_id
)

select
    d.deal_id,
    a.incumbent,
    w.has_sign_of_life,
    w.options_ours,
    w.options_competitor,
    case when f.offers = 1 then f.amount end as offer_amount,
    d.currency,
    c.due_on as buyer_promise_on,
    c.due_day < p.as_of_day as is_promise_overdue,
    w.commitments_buyer_made,
    w.commitments_buyer_kept,
    w.commitments_buyer_overdue,
    w.commitments_seller_made,
    w.commitments_seller_kept,
    w.commitments_seller_overdue
from core.deals as d
inner join core.outcomes as o on d.deal_id = o.deal_id
cross join core.parameters as p
left join core.accounts as a on d.account_id = a.account_id
left join features.snapshots as w on d.deal_id = w.deal_id and w.week = 0
left join promises as c on d.deal_id = c.deal_id
left join offers as f on d.deal_id = f.deal_id
where d.status = 'open' and o.outcome in ('open', 'no_decision')
