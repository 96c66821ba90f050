-- core.activities, error
-- No activity enters before it was recorded, and none is known after the day this run speaks of.
select a.activity_id, a.happened_at, a.recorded_at
from core.activities a
cross join core.parameters p
where a.known_sec < a.recorded_sec or a.known_sec >= p.as_of_end_sec
order by a.activity_id
