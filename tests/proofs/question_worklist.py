"""Does the worklist let go of the right deals, and of few where an hour has no better use?

Something: prospects wait for freed hours. Nothing: the same company, and nobody waits, so that a
freed hour earns next to nothing and hardly any deal is worth less. Found: of the flagged deals that
have not stalled, the rules let go of at least LEAST_SHARE because an hour on them brings less than
a freed one earns, and these truly lose, for each hour that letting them go frees, at most MARGIN of
what an hour on a fresh deal truly yields.
"""

from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest import mock

import duckdb
import numpy as np

from models.simulate import History
from pipelines import compare, tables, train, variants, worklist
from pipelines.settings import Settings
from tests.proofs import direct, futures
from tests.proofs.questions import Question

LEAST_SHARE, MARGIN = 0.1, 0.5
REPLICATES = 20
SETTINGS = {
    "comparison": {"bootstrap_draws": 50},
    "model": {"band_draws": 0, "max_landmarks_per_deal": 2},
}


def listed(con: duckdb.DuckDBPyConnection) -> None:
    """Make marts.worklist as a first night would, without rows under other definitions."""
    places = SimpleNamespace(ledger=Path("no ledger yet"))
    settings = Settings.model_validate(SETTINGS)
    night: Any = SimpleNamespace(settings=settings, as_of_date=None, places=places)
    direct.build(con, train.READS | compare.READS | worklist.READS)
    with mock.patch.object(variants, "definitions", return_value={}):
        compare.run(con, night)
    found = train.trained(con, night)
    past = train._past_scores(con, found)
    tables.store(con, {"marts.stall_scores": found.scores, "marts.past_scores": past}, train.TABLES)
    worklist.run(con, night)


def ask(con: duckdb.DuckDBPyConnection, history: History) -> dict[str, Any]:
    """What the rules let go of, and what that truly loses and frees."""
    listed(con)
    rows = con.sql("from marts.worklist order by deal_id").df()
    gap = con.sql("select hour_gap from marts.move_rules").fetchall()[0][0]
    course, row_of = futures.tonight(history.company)
    fresh = futures.fresh_yield(course)
    flagged = rows[rows["is_flagged"] & rows["deal_id"].isin(row_of.index)]
    numbers = row_of.loc[flagged["deal_id"]].to_numpy()
    gone, kept = (
        futures.onward(course, numbers, is_let_go=way, replicates=REPLICATES)
        for way in (True, False)
    )
    lost, freed = kept.revenue - gone.revenue, kept.hours - gone.hours

    def price(of: Any) -> float | None:
        """True revenue lost for each hour freed, in hours on fresh deals."""
        hours = float(freed[of].sum())
        return round(float(lost[of].sum()) / hours / fresh, 3) if hours > 0 else None

    rule = flagged["rule"].to_numpy()
    below, asked = rule == "below_an_hour", np.char.endswith(rule.astype(str), "_an_hour")
    above = rule == "above_an_hour"
    share = float(below.sum() / max(asked.sum(), 1))
    paid = price(below) if below.any() else None
    found = None
    if gap == "":
        found = share >= LEAST_SHARE and paid is not None and paid <= MARGIN
    return {
        "found": found,
        "gap": gap,
        "let_go": int(below.sum()),
        "share": round(share, 3),
        "lost_an_hour": paid,
        "above": int(above.sum()),
        "lost_an_hour_above": price(above),
        "lost_an_hour_stalled": price(rule == "stalled"),
        "fresh_yield": round(fresh, 1),
    }


QUESTION = Question("worklist", "worklist_backlog", "worklist_scarcity", ask)
