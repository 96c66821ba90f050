"""Do answered elements go with a decision? Asked where one of eight does, and where none does.

In both companies answers rise with the stage and with engagement.
"""

import duckdb

from models.frameworks import COUNT
from models.simulate import History
from models.simulate_answers import ELEMENTS, MATTERS
from pipelines import frameworks
from pipelines.night import Night
from tests.proofs import direct
from tests.proofs.questions import Question, Row

TRUE_ONE = ELEMENTS[MATTERS][0]


def ask(con: duckdb.DuckDBPyConnection, history: History) -> Row:
    """Which elements the page names; naming others where one matters is no find."""
    direct.build(con, frameworks.READS)
    frameworks.run(con, Night())
    told = con.sql("from marts.frameworks_adjusted").df()
    rows = told[told["ending"].eq("decided")].set_index("element")
    said = rows[rows["goes_with"].isin(["more", "less"])].index.tolist()
    is_right = not history.company.framework_effect or TRUE_ONE in said
    answered = rows["verdict"].eq("ok").all()
    return {
        "found": bool(said) and is_right if answered else None,
        "said": ",".join(said),
        "true_one": round(float(rows.loc[TRUE_ONE, "ratio"]), 4),
        "count": round(float(rows.loc[COUNT, "ratio"]), 4),
        "count_as_it_is": round(float(rows.loc[COUNT, "plain"]), 4),
    }


QUESTION = Question("frameworks", "framework_matters", "framework_nothing", ask)
