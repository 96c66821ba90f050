-- core.outcomes, warn
-- Less than one in ten given loss reasons is unknown to every rule.
select unmapped as deals_with_unmapped_reason, given as deals_with_reason
from (
    select
        sum(case when reason_class = 'unmapped' then 1 else 0 end) as unmapped,
        sum(case when reason is not null then 1 else 0 end) as given
    from core.outcomes
)
where unmapped > 0.1 * given
