"""Do promises of the buyer's go with a decision? Asked where they bind, and where they do nothing.

In both companies engaged buyers give them, and whether a buyer is engaged is on no record.
"""

import duckdb

from models.commitments import PROMISED
from models.simulate import History
from pipelines import commitments
from pipelines.night import Night
from tests.proofs import direct
from tests.proofs.questions import Question, Row


def ask(con: duckdb.DuckDBPyConnection, _: History) -> Row:
    """What the page says of promises and decisions, beside the numbers that it says it with."""
    direct.build(con, commitments.READS)
    commitments.run(con, Night())
    told = con.sql("from marts.commitments_adjusted").df()
    rows = told[told["comparison"].eq(PROMISED)].set_index(["held_equal", "ending"])
    decided = rows.loc[("all", "decided")]
    answer = {"more": True, "less": True, "level": False}.get(decided["goes_with"])
    return {
        "found": answer,
        "decided": round(float(decided["ratio"]), 4),
        "no_decision": round(float(rows.loc[("all", "no_decision"), "ratio"]), 4),
        "as_it_is": round(float(rows.loc[("nothing", "decided"), "ratio"]), 4),
    }


QUESTION = Question("commitments", "promises_decide", "promises_nothing", ask)
