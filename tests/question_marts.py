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


def frameworks(**changes):
    """Marts of a company that answers MEDDPICC, has BANT undated, and one framework of its own.

    `changes` are of the row of decisions with the economic buyer known.
    """
    columns = (
        "framework element ending ratio low high p p_holm asked plain deals weeks exposed_share "
        "sellers events exposed_events verdict goes_with"
    )
    said = {"ratio": 1.6, "low": 1.3, "high": 1.97, "p_holm": 0.001, "goes_with": "more"}
    said = {"verdict": "ok", **said, **changes}
    adjusted = [
        (
            *("meddpicc", element, ending, 1.05, 0.9, 1.2, 0.3, 0.8, 3, 5.7),
            *(800, 9_000, 0.3, 25, 400, 90, "ok", "level"),
        )
        for element in ("champion", "count", "economic_buyer")
        for ending in ("decided", "no_decision")
    ]
    frame = _table(columns, *adjusted)
    at = frame["element"].eq("economic_buyer") & frame["ending"].eq("decided")
    for name, value in said.items():
        frame.loc[at, name] = value
    return {
        "frameworks": _table(
            "framework element record deals deals_answered answered_share median_day deals_cleared",
            ("meddpicc", "economic_buyer", "dated", 400, 100, 0.25, 35.0, 2),
            ("meddpicc", "champion", "dated", 400, 180, 0.45, 21.0, 2),
            ("meddpicc", "pain", "empty", 400, 0, np.nan, np.nan, np.nan),
            ("bant", "need", "not_dated", np.nan, np.nan, np.nan, np.nan, np.nan),
            (f"own {SCRIPT}", f"fit {SCRIPT}", "empty", 0, 0, np.nan, np.nan, np.nan),
        ),
        "framework_stages": _table(
            "framework element stage stage_order deals",
            ("meddpicc", "champion", "Proposal", 6, 80),
            ("meddpicc", "champion", f"Demo {SCRIPT}", 2, 100),
            ("meddpicc", "economic_buyer", "Proposal", 6, 100),
        ),
        "frameworks_adjusted": frame,
    }
