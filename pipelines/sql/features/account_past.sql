-- What an account's deals had come to: one row per account and day with a closing that lasted, true
-- from the end of from_day to the end of the day before until_day (null: until today).
with days as (
    select
        d.account_id,
        d.closed_day,
        sum(case when d.status = 'won' then 1 else 0 end) as wins,
        sum(case when o.outcome = 'no_decision' then 1 else 0 end) as no_decisions
    from core.deals as d
    inner join core.outcomes as o on d.deal_id = o.deal_id
    where d.is_closed_now and d.account_id is not null and d.closed_day is not null
    group by d.account_id, d.closed_day
)

select
    account_id,
    closed_day as from_day,
    lead(closed_day) over (partition by account_id order by closed_day) as until_day,
    cast(sum(wins) over (
        partition by account_id order by closed_day
        rows between unbounded preceding and current row
    ) as integer) as wins,
    cast(sum(no_decisions) over (
        partition by account_id order by closed_day
        rows between unbounded preceding and current row
    ) as integer) as no_decisions
from days
