"""features.decision_points to the comparison of strategies, its diagnostics and its verdict."""

import json
from contextlib import nullcontext

import duckdb
import pandas as pd
from threadpoolctl import threadpool_limits

from pipelines import variants
from pipelines.night import Night
from pipelines.tables import store

TABLES = {
    "marts.strategy_comparison": "Letting go early against chasing, and against not, by estimator.",
    "marts.strategy_curves": "First win of the account after the signal, by what was done.",
    "marts.strategy_incidence": "First win of the account by sustained strategy, weighted.",
    "marts.balance": "Standardised mean differences of the covariates, before and after weights.",
    "marts.overlap": "How the probability of letting go is spread in both groups.",
    "marts.diagnostics": "Effective sample sizes, weights and what a refused answer would need.",
    "marts.sensitivity": "How the answer moves when definitions, hours or trimming change.",
    "marts.heterogeneity": "The headline by kind of deal: amount, stage, signal, origin, options.",
    "marts.heterogeneity_tests": "Whether the headline differs by kind of deal, one test a kind.",
    "marts.specifications": "The answer under every combination of choices that can be told.",
    "marts.break_even": "Value given up for each hour freed, and the verdict.",
    "marts.trial_facts": "Facts of the emulated trial for the TARGET checklist.",
}
READS = frozenset(
    {
        "features.decision_points",
        "features.strategy_weeks",
        "features.desk_weeks",
        "marts.fresh_yield",
        "marts.backlog",
        "core.parameters",
    }
)

OF_SELLERS = "select deal_id from core.deals semi join compared_sellers using (seller_id)"


def run(con: duckdb.DuckDBPyConnection, night: Night) -> None:
    """Estimate, judge and store."""
    from models.comparison import compare
    from models.trial import Rules, compared, eligible

    settings = night.settings
    points = con.sql("from features.decision_points order by deal_id").df()
    fresh_yield = con.sql("from marts.fresh_yield order by all").df()
    backlog = con.sql("from marts.backlog order by all").df()
    desk_weeks = con.sql("from features.desk_weeks order by all").df()
    told = {**settings.comparison.model_dump(), "seed": settings.model.seed}
    rules = Rules.of(told)
    rows = compared(points, rules)
    con.register("compared_deals", rows[["deal_id"]])
    weeks = con.sql(
        "from features.strategy_weeks semi join compared_deals using (deal_id) "
        "order by deal_id, week"
    ).df()
    con.unregister("compared_deals")
    # Of many deals those of the compared sellers are followed, with a signal or without.
    is_narrowed = len(rows) < len(eligible(points, rules))
    con.register("compared_sellers", rows[["seller_id"]])
    with variants.narrowed(con, OF_SELLERS) if is_narrowed else nullcontext():
        others = {
            name: variants.points(con, definition, is_narrowed=is_narrowed)
            for name, definition in variants.definitions(settings.comparison).items()
        }
        before = variants.before(con, settings.comparison.placebo_days, is_narrowed=is_narrowed)
    con.unregister("compared_sellers")
    # One thread: sums come out in one order whatever the machine, and small matrices go faster.
    with threadpool_limits(1):
        found = compare(
            points,
            told,
            fresh_yield,
            backlog,
            others,
            weeks=weeks,
            desk_weeks=desk_weeks,
            before=before,
        )
    frames = {
        f"marts.{name}": getattr(found, name)
        for name in (
            "strategy_comparison",
            "strategy_curves",
            "strategy_incidence",
            "balance",
            "overlap",
            "diagnostics",
            "sensitivity",
            "specifications",
            "break_even",
            "heterogeneity",
            "heterogeneity_tests",
        )
    }
    frames["marts.trial_facts"] = pd.DataFrame(
        [(key, json.dumps(value, ensure_ascii=False)) for key, value in found.facts.items()],
        columns=["key", "value"],
    ).astype("str")
    store(con, frames, TABLES)
