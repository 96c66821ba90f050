"""Does pushing a silent buyer harm? Where unanswered touches do, and where they do nothing."""

from typing import Any

import duckdb

from models.simulate import History
from pipelines import push
from pipelines.night import Night
from tests.proofs import direct
from tests.proofs.questions import Question

SAID = {"more": True, "fewer": True, "nothing": False}


def ask(con: duckdb.DuckDBPyConnection, _: History) -> dict[str, Any]:
    """What the page answers at equal silence; beside it, the same deal's weeks, and the eye."""
    direct.build(con, push.READS)
    push.run(con, Night())
    told = con.sql("from marts.push_adjusted").df()
    told = told[told["outcome"] == "answer"].drop_duplicates("method").set_index("method")
    row, within, naive = (told.loc[name] for name in ("equal_silence", "within_deal", "naive"))
    return {
        "found": SAID.get(row["verdict"]),
        **{name: round(float(row[name]), 4) for name in ("ratio", "low", "high")},
        **{f"within_{name}": round(float(within[name]), 4) for name in ("ratio", "low", "high")},
        "naive": naive["verdict"],
    }


QUESTION = Question("push", "push_harms", "push_nothing", ask)
