-- Decision points by first signal and by what the seller then did: all of them, those fit for the
-- comparison, and what became of the deals. A mean is of the deals where the figure is known.
select
    signal,
    strategy,
    count(*) as deals,
    cast(sum(case when is_eligible then 1 else 0 end) as bigint) as eligible,
    cast(sum(case when outcome = 'won' then 1 else 0 end) as bigint) as won,
    cast(sum(case when outcome = 'no_decision' then 1 else 0 end) as bigint) as no_decision,
    cast(sum(case when days_to_account_win is not null then 1 else 0 end) as bigint)
        as accounts_won,
    cast(sum(days_to_decision) as double) / count(days_to_decision) as mean_days_to_decision,
    cast(sum(cast(round(3600 * hours) as bigint)) as double) / 3600 / count(hours) as mean_hours
from features.decision_points
group by signal, strategy
