"""The comparison with the stall model's own warning as time zero: beside it, and after the model.

It stands apart from the comparison, which is there whether a model can be trained or not.
"""

import duckdb

from pipelines import variants
from pipelines.night import Night
from pipelines.tables import count, store
from pipelines.variants import Definition

TABLES = {
    "marts.model_signal": "The comparison with the model's first warning as time zero.",
}
READS = frozenset({"features.decision_points", "marts.past_scores", "core.parameters"})
# The model that scored a deal was trained before that deal's first landmark.
WARNINGS = """
select w.deal_id, 'model' as signal, cast(w.day as integer) as signal_day,
    86400 * (cast(w.day as bigint) + 1) as signal_end_sec, l.first_life_day
from (
    select deal_id, min(snapshot_day) as day from {{night}}.marts.past_scores
    where p_no_decision_if_pursued >= {least} group by deal_id
) w
left join (
    select deal_id, min(day) as first_life_day from {{night}}.core.signs_of_life group by deal_id
) l on w.deal_id = l.deal_id
"""


def run(con: duckdb.DuckDBPyConnection, night: Night) -> None:
    """Make decision points of the model's warnings, compare, and store."""
    from models import robustness
    from models.trial import Rules

    settings = night.settings
    points = None
    if count(con, "marts.past_scores"):
        warnings = WARNINGS.format(least=settings.model.flag_above)
        with variants.narrowed(con, "select distinct deal_id from marts.past_scores"):
            points = variants.points(con, Definition(variants.SIGNALS, warnings), is_narrowed=True)
    rules = Rules.of({**settings.comparison.model_dump(), "seed": settings.model.seed})
    store(con, {"marts.model_signal": robustness.model_signal(points, rules)}, TABLES)
