"""Do more options mean fewer decisions? Where every further option makes buyers drift, and not."""

from typing import Any

import duckdb

from models.simulate import History
from pipelines import options
from pipelines.night import Night
from tests.proofs import direct
from tests.proofs.questions import Question

SAID = {"more": True, "fewer": True, "nothing": False}


def ask(con: duckdb.DuckDBPyConnection, _: History) -> dict[str, Any]:
    """What the page answers, and the numbers behind it."""
    direct.build(con, options.READS)
    options.run(con, Night())
    row = con.sql("from marts.options_answer order by horizon_days desc limit 1").df().iloc[0]
    numbers = {name: round(float(row[name]), 4) for name in ("difference", "low", "high")}
    return {"found": SAID.get(row["verdict"]), "verdict": row["verdict"], **numbers}


QUESTION = Question("options", "options_undecide", "options_nothing", ask)
