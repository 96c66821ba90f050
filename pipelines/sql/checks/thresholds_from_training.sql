-- marts.model_card, warn
-- The silence after which a deal is stalled is learned before the model's training ends.
select distinct t.learned_before, m.value as trained_until
from core.stall_thresholds t
cross join marts.model_card m
where m.key = 'trained_until' and t.learned_before > cast(m.value as date)
