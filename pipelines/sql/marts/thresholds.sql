-- The silence after which a deal counts as stalled, and the stay that is longer than most, by
-- pipeline and stage; the stage * stands for deals whose stage is not known.
select
    source,
    pipeline,
    case when stage = '' then '*' else stage end as stage,
    g_days,
    stage_p80_days,
    n_wins,
    learned_from,
    learned_before
from core.stall_thresholds
