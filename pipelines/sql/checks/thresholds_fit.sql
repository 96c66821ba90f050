-- core.stall_thresholds, error
-- No threshold is below its floor.
select t.source, t.pipeline, t.stage, t.g_days
from core.stall_thresholds t
cross join core.parameters p
where t.g_days < p.g_floor_days or t.g_days is null
order by t.source, t.pipeline, t.stage
