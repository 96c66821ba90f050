-- The stalls in force: those of core.stalls_by_g with g as it was learned.
select
    deal_id,
    spell,
    stalled_day,
    broken_day
from core.stalls_by_g
where g_factor = 1
