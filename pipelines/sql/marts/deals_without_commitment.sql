-- Deals that are open in the CRM, stalled or not, on which no promise of the buyer's stands: there
-- never was one, all were kept, or the last one is overdue. Deals of a source that records no buyer's
-- promise at all are not here: of them nothing is known.
with recorded as (
    select distinct d.source
    from core.commitments as c
    inner join core.deals as d on c.deal_id = d.deal_id
    where c.made_by = 'buyer'
),

promises as (
    select
        c.deal_id,
        count(*) as made,
        sum(case when c.kept_sec is not null then 1 else 0 end) as kept,
        sum(
            case
                when c.kept_sec is null and (c.due_day is null or c.due_day > p.as_of_day) then 1
                else 0
            end
        ) as standing,
        min(case when c.kept_sec is null and c.due_day <= p.as_of_day then c.due_on end)
            as overdue_since_on,
        max(c.kept_at) as last_kept_at
    from core.commitments as c
    cross join core.parameters as p
    where c.made_by = 'buyer'
    group by c.deal_id
)

select
    d.deal_id,
    a.name as account,
    s.team,
    d.pipeline,
    d.stage,
    d.amount_base,
    p.as_of_day - d.created_day as age_days,
    case
        when q.deal_id is null then 'never'
        when q.overdue_since_on is not null then 'overdue'
        else 'kept'
    end as state,
    q.overdue_since_on,
    q.last_kept_at
from core.deals as d
inner join core.outcomes as o on d.deal_id = o.deal_id
inner join recorded as r on d.source = r.source
cross join core.parameters as p
left join core.accounts as a on d.account_id = a.account_id
left join core.sellers as s on d.seller_id = s.seller_id
left join promises as q on d.deal_id = q.deal_id
where d.status = 'open' and o.outcome <> 'excluded' and coalesce(q.standing, 0) = 0
