"""Small marts of the pages on promises and on frameworks, with hostile names among them."""

import numpy as np
import pandas as pd

from models.commitments import ADJUSTED

SCRIPT = "<script>alert(1)</script>"


def _table(columns, *rows):
    return pd.DataFrame(list(rows), columns=columns.split())


def promises(decided=(1.42, 1.1, 1.83), stalls=(0.8, 0.6, 1.07), verdict="ok"):
    """Marts of a company whose buyers promise; the intervals are those of the headline."""
    told = {"decided": decided, "no_decision": stalls}
    adjusted = [
        (
            *(comparison, held, ending, *told[ending], 0.01, 800, 9_000, 600, 25, 400, 90),
            *(verdict, _direction(*told[ending][1:]) if verdict == "ok" else ""),
        )
        for comparison in ("promised", "kept")
        for held in ("all", "without_silence", "nothing")
        for ending in ("decided", "no_decision")
    ]
    return {
        "commitments": _table(
            "made_by deals made dated kept kept_in_time kept_late overdue standing left_at_close "
            "mean_days_given mean_days_late mean_days_overdue",
            ("seller", 40, 60, 60, 30, 20, 10, 15, 5, 10, 9.5, 3.25, 40.0),
            ("buyer", 90, 120, 118, 70, 50, 20, 10, 10, 20, 11.0, 2.5, np.nan),
        ),
        "open_commitments": _table(
            "team pipeline stage stage_order is_recorded open_deals with_standing without never "
            "all_kept overdue without_amount",
            (f"North {SCRIPT}", "new", "Proposal", 6, True, 10, 4, 6, 3, 2, 1, 90_000.0),
            (f"North {SCRIPT}", "new", "Demo", 2, True, 8, 1, 7, 7, 0, 0, 70_000.0),
            (None, "new", "Demo", 2, False, 5, 0, 0, 0, 0, 0, np.nan),
        ),
        "deals_without_commitment": _table(
            "deal_id state", ("salesforce:1", "never"), ("salesforce:2", "overdue")
        ),
        "commitments_adjusted": pd.DataFrame(adjusted, columns=ADJUSTED),
    }


def _direction(low, high):
    return "more" if low > 1 else "less" if high < 1 else "level"
