-- Deals that left in each quarter, by outcome: a stalled deal leaves on the day its stall began, any
-- other on the day it closed.
with dated as (
    select
        outcome,
        cast('1970-01-01' as date) + event_day as left_on
    from core.outcomes
    where outcome not in ('open', 'excluded') and event_day is not null
)

select
    cast(extract(year from left_on) as varchar)
    || '-Q' || cast(extract(quarter from left_on) as varchar) as quarter,
    outcome,
    count(*) as deals
from dated
group by extract(year from left_on), extract(quarter from left_on), outcome
