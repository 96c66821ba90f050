-- core.activities, warn
-- At least half of the e-mails and calls say who wrote or called whom.
select unknown as without_direction, everything as emails_and_calls
from (
    select
        sum(case when direction = 'unknown' then 1 else 0 end) as unknown,
        count(*) as everything
    from core.activities
    where kind in ('email', 'call', 'message')
)
where unknown > 0.5 * everything
