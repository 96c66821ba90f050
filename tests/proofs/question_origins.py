"""Do buyers who have a supplier buy from us less often: read from the page's contrast of wins."""

import duckdb

from models.simulate import History
from pipelines import origins
from pipelines.night import Night
from tests.proofs import direct
from tests.proofs.questions import Question, Row


def ask(con: duckdb.DuckDBPyConnection, history: History) -> Row:
    """Found where brought deals are won surely less often than direct ones, all else equal."""
    direct.build(con, origins.READS)
    origins.run(con, Night())
    frame = con.sql("from marts.origin_contrasts").df().set_index(["contrast", "outcome"])
    told = frame.loc[("brought_vs_direct", "won")]
    found = bool(told["high"] < 0 or told["low"] > 0) if told["verdict"] == "ok" else None
    return {
        "found": found,
        **{name: round(float(told[name]), 4) for name in ("difference", "estimate", "low", "high")},
    }


QUESTION = Question("origins", "incumbents_hold", "incumbents_nothing", ask)
