"""features.decision_points to the comparison of strategies, its diagnostics and its verdict."""

import duckdb

from pipelines.night import Night
from pipelines.tables import store

TABLES = {
    "marts.strategy_comparison": "Letting go by the end of grace against not, by estimator.",
    "marts.strategy_curves": "First win of the account after the signal, by strategy.",
    "marts.balance": "Standardised mean differences of the covariates, before and after weights.",
    "marts.overlap": "How the probability of letting go is spread in both groups.",
    "marts.diagnostics": "Effective sample sizes, weights and what a refused answer would need.",
    "marts.sensitivity": "How the answer moves when definitions, hours or trimming change.",
    "marts.break_even": "Value given up for each hour freed, and the verdict.",
    "marts.trial_facts": "Facts of the emulated trial for the TARGET checklist.",
}
READS = frozenset(
    {"features.decision_points", "marts.fresh_yield", "marts.backlog", "core.parameters"}
)
POINTS = "from features.decision_points order by deal_id"


def run(con: duckdb.DuckDBPyConnection, night: Night) -> None:
    """Estimate, judge and store."""
    raise NotImplementedError
