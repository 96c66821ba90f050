-- core.stalls, error
-- No stall begins before its deal, after its deal's end, or after it was broken.
select s.deal_id, s.stalled_day, s.broken_day
from core.stalls s
join core.deals d on d.deal_id = s.deal_id
where s.stalled_day < d.created_day or s.stalled_day > d.closed_day or s.broken_day < s.stalled_day
order by s.deal_id
