"""What is said of kinds of deals, beside what is true of them."""

from typing import Any

import duckdb
import numpy as np
import pandas as pd

from models.segments import NAMED, OTHER, levels
from models.trial import Rules, compared
from pipelines.settings import Settings

LEVEL_TOLD = ("attribute", "level", "estimate", "low", "high")
LEVEL_TOLD += ("shrunk_estimate", "shrunk_low", "shrunk_high", "verdict", "n")
TEST_TOLD = ("attribute", "levels_said", "p", "p_holm", "differs", "verdict")
Row = dict[str, Any]


def told(con: duckdb.DuckDBPyConnection) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The two marts of the segments."""
    return (
        con.sql("from marts.heterogeneity").df(),
        con.sql("from marts.heterogeneity_tests").df(),
    )


def judged(
    found: pd.DataFrame, tests: pd.DataFrame, points: pd.DataFrame, truth: pd.DataFrame
) -> dict[str, list[Row]]:
    """Each level with the mean true effect of its deals, let go less chased; each test as it is."""
    table = compared(points, Rules.of(Settings().comparison.model_dump())).reset_index(drop=True)
    kinds = levels(table).assign(deal_id=table["deal_id"])
    known = truth[truth["signal"].fillna("") != ""]
    both = kinds.merge(known[["deal_id", "chance_if_let_go", "chance_if_chased"]], on="deal_id")
    effect = both["chance_if_let_go"] - both["chance_if_chased"]
    rows = []
    for row in found[list(LEVEL_TOLD)].to_dict("records"):
        own = both[row["attribute"]]
        if row["attribute"] in NAMED:
            said = found.loc[found["attribute"] == row["attribute"], "level"]
            own = own.where(own.isin(said), OTHER)
        inside = effect[own == row["level"]]
        rows.append(
            _plain(row) | {"truth": round(float(inside.mean()), 6) if len(inside) else None}
        )
    return {"levels": rows, "tests": [_plain(r) for r in tests[list(TEST_TOLD)].to_dict("records")]}


def _plain(row: Row) -> Row:
    """A row ready for JSON: numbers rounded, what is not known None."""
    return {
        key: (None if np.isnan(value) else round(value, 6)) if isinstance(value, float) else value
        for key, value in row.items()
    }
