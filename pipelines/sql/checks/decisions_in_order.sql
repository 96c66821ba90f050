-- features.decision_points, error
-- No strategy begins before its signal, and no walk-away before it or after the grace.
select d.deal_id, d.signal_day, d.strategy_at, d.walk_day
from features.decision_points d
cross join core.parameters p
where d.strategy_at < d.signal_at
   or (d.is_walked and (d.walk_day < d.signal_day or d.walk_day > d.signal_day + p.grace_days))
order by d.deal_id
