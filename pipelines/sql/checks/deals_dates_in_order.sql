-- core.deals, error
-- No deal closes before it is created, and none is created after the day this run speaks of.
select d.deal_id, d.created_at, d.closed_at
from core.deals d
cross join core.parameters p
where d.closed_sec < d.created_sec or d.created_sec >= p.as_of_end_sec
order by d.deal_id
