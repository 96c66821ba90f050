-- features.snapshots, error
-- No count or age in a snapshot is negative, and no snapshot is before its deal or after today.
select s.deal_id, s.week, s.age_days, s.silence_days
from features.snapshots s
cross join core.parameters p
where s.age_days < 0 or s.silence_days < 0 or s.days_in_stage < 0 or s.touches_all < s.touches_13w
   or s.snapshot_day > p.as_of_day
order by s.deal_id, s.week
