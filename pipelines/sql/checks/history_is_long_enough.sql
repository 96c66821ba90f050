-- core.outcomes, warn
-- At least 200 deals have left, 50 of them without a decision.
select left_all as deals_that_left, undecided as no_decisions
from (
    select
        sum(case when outcome not in ('open', 'excluded') then 1 else 0 end) as left_all,
        sum(case when outcome = 'no_decision' then 1 else 0 end) as undecided
    from core.outcomes
)
where left_all < 200 or undecided < 50
