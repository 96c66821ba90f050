-- core.outcomes, warn
-- Less than a fifth of the deals that left without a sale have no usable reason.
select unknown as losses_without_reason, left_unsold as losses
from (
    select
        sum(case when outcome = 'unknown_loss' then 1 else 0 end) as unknown,
        sum(case when outcome not in ('won', 'open', 'excluded') then 1 else 0 end) as left_unsold
    from core.outcomes
)
where unknown > 0.2 * left_unsold
