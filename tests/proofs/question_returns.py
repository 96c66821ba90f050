"""Does a date to return bring buyers back: read from the page's contrast of returns in the year."""

import duckdb

from models.simulate import History
from pipelines import returns
from pipelines.night import Night
from tests.proofs import direct
from tests.proofs.questions import Question, Row

TOLD = ("estimate", "low", "high")


def ask(con: duckdb.DuckDBPyConnection, history: History) -> Row:
    """Found where endings with a date bring surely more, or fewer, back than those without."""
    direct.build(con, returns.READS)
    returns.run(con, Night())
    frame = con.sql("from marts.returns_contrasts").df().set_index(["contrast", "outcome"])
    told = frame.loc[("date", "return")]
    found = bool(told["high"] < 0 or told["low"] > 0) if told["verdict"] == "ok" else None
    matched = con.sql("from marts.returns_matched").df().iloc[0]
    return {
        "found": found,
        **{name: round(float(told[name]), 4) for name in ("difference", *TOLD)},
        **{f"matched_{name}": round(float(matched[name]), 4) for name in TOLD},
    }


QUESTION = Question("returns", "dates_bring_back", "dates_nothing", ask)
