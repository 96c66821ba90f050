"""Practice: where whole teams let go sooner than others the page says so; else it does not."""

import duckdb

from models.simulate import History
from pipelines import practice
from pipelines.night import Night
from tests.proofs import direct
from tests.proofs.questions import Question, Row

FOUND = {"yes": True, "no": False}


def ask(con: duckdb.DuckDBPyConnection, history: History) -> Row:
    """Whether teams differ in speed after case mix, as the page's verdict has it."""
    direct.build(con, practice.READS)
    practice.run(con, Night())
    test = con.sql("from marts.practice_spread where measure = 'decided' and unit = 'team'").df()
    told = test.iloc[0] if len(test) else {"differs": "unknown", "p": None, "spread": None}
    return {
        "found": FOUND.get(told["differs"]),
        **{name: told[name] for name in ("p", "spread")},
    }


QUESTION = Question("practice", "teams_differ", "teams_alike", ask)
