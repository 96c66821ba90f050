-- Return dates that were promised and have come: the deal is still closed, and the account has not
-- come back on it or with a later deal.
with later as (
    select distinct q.deal_id
    from core.disqualifications as q
    inner join core.deals as n on q.account_id = n.account_id
    where n.deal_id <> q.deal_id and n.created_sec > q.disqualified_sec
)

select
    q.deal_id,
    a.name as account,
    q.seller_id,
    s.team,
    q.return_on,
    cast(date_diff('day', q.return_on, cast(p.as_of as date)) as integer) as days_overdue,
    d.name,
    d.amount_base,
    q.reason
from core.disqualifications as q
inner join core.deals as d on q.deal_id = d.deal_id
cross join core.parameters as p
left join core.accounts as a on q.account_id = a.account_id
left join core.sellers as s on q.seller_id = s.seller_id
left join later as l on q.deal_id = l.deal_id
where
    q.return_on is not null
    and q.return_on <= cast(p.as_of as date)
    and d.status = 'lost'
    and q.returned_at is null
    and l.deal_id is null
