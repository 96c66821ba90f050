-- core.deals, error
-- There is at least one deal.
select 'no deal was found in the exports' as problem
from core.parameters
where (select count(*) from core.deals) = 0
