"""What a rule for walking away would have given up, and two second looks at the comparison."""

import duckdb
import pandas as pd
from threadpoolctl import threadpool_limits

from pipelines.night import Night
from pipelines.tables import store

TABLES = {
    "marts.walkaway_frontier": "Wins, revenue and hours had deals been let go from a risk on.",
    "marts.frontier_facts": "What the frontier rests on, or what it lacks, key by key.",
    "marts.second_looks": "Letting go early within sellers over quarters, and by sellers' habits.",
}
READS = frozenset(
    {
        "features.frontier_points",
        "features.seller_quarters",
        "features.decision_points",
        "marts.past_scores",
        "core.parameters",
    }
)
POINTS = """
select f.*, s.p_no_decision_if_pursued, s.p_won_if_pursued
from features.frontier_points f
join marts.past_scores s using (deal_id, snapshot_day)
order by f.deal_id, f.day
"""


def run(con: duckdb.DuckDBPyConnection, night: Night) -> None:
    """Estimate and store."""
    from models import frontier, panel
    from models.trial import Rules, compared

    settings = night.settings
    rules = Rules.of({**settings.comparison.model_dump(), "seed": settings.model.seed})
    points = compared(con.sql("from features.decision_points order by deal_id").df(), rules)
    quarters = con.sql("from features.seller_quarters order by seller_id, quarter").df()
    # Both second looks compare sellers with each other, and a seller alone cannot be cross-fitted.
    several = points if len(points["seller_id"].unique()) > 1 else points.iloc[:0]
    scored = con.sql(POINTS).df()
    with threadpool_limits(1):
        found = frontier.frontier(
            scored, rules.horizon_days, rules.seed, settings.comparison.bootstrap_draws
        )
        looks = panel.second_looks(several, rules, quarters)
    facts = pd.DataFrame(list(found.facts.items()), columns=["key", "value"])
    store(
        con,
        {
            "marts.walkaway_frontier": found.table,
            "marts.frontier_facts": facts.astype("str"),
            "marts.second_looks": looks,
        },
        TABLES,
    )
