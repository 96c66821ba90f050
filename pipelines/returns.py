"""features.walk_aways to what followed them, and each deal let go beside one alike that was not."""

import duckdb
from threadpoolctl import threadpool_limits

from pipelines.night import Night
from pipelines.tables import store

TABLES = {
    "marts.returns": "Objections, returns and what became of them, by what the walk-away said.",
    "marts.returns_curve": "Share of accounts back by day after the walk-away.",
    "marts.returns_contrasts": "Endings with a date or a reason against those without.",
    "marts.returns_matched": "Deals let go beside deals alike that were not, over a year.",
}
READS = frozenset({"features.walk_aways", "features.decision_points", "features.match_points"})
POINTS = """
select p.*, m.days_to_next_life
from features.decision_points p left join features.match_points m using (deal_id)
order by p.deal_id
"""


def run(con: duckdb.DuckDBPyConnection, night: Night) -> None:
    """Describe, compare, match and store."""
    from models import matching, returns
    from models.trial import Rules

    settings = night.settings
    rules = Rules.of({**settings.comparison.model_dump(), "seed": settings.model.seed})
    walks = con.sql("from features.walk_aways order by walk_id").df()
    points = con.sql(POINTS).df()
    with threadpool_limits(1):
        found = {
            "marts.returns": returns.table(walks, rules),
            "marts.returns_curve": returns.curves(walks, rules),
            "marts.returns_contrasts": returns.contrasts(walks, rules),
            "marts.returns_matched": matching.matched(points, rules),
        }
    store(con, found, TABLES)
