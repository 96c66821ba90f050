-- How many deals an account had won: one row per account and day with a win, true from the end of
-- from_day to the end of the day before until_day (null: until today).
with days as (
    select
        account_id,
        closed_day,
        count(*) as wins
    from core.deals
    where status = 'won' and is_closed_now and account_id is not null and closed_day is not null
    group by account_id, closed_day
)

select
    account_id,
    closed_day as from_day,
    lead(closed_day) over (partition by account_id order by closed_day) as until_day,
    cast(sum(wins) over (
        partition by account_id order by closed_day
        rows between unbounded preceding and current row
    ) as integer) as wins
from days
