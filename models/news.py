"""What has changed about a deal on the worklist since the night before."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd

CHANGES = ("first_night", "new", "move_changed", "risk_up", "risk_down", "same", "")


@dataclass(frozen=True, eq=False)
class Before:
    """The night before, for each source the last that knew it.

    `nights` gives its day by source; `deals` has one row a deal that it scored or flagged: deal_id,
    was_flagged, move_before and risk_before (unknown where it kept neither), and nights_before, the
    nights in a row on which it was flagged, that one the last.
    """

    nights: Mapping[str, date]
    deals: pd.DataFrame


def told(worklist: pd.DataFrame, before: Before, risk_change: float) -> pd.DataFrame:
    """The worklist with columns compared_with_on, change, move_before, risk_before, nights_flagged.

    `change` is the first that is so of: first_night (of this source there is nothing to compare
    with), new, move_changed, risk_up and risk_down (by at least `risk_change`), same; '' for deals
    that are not flagged. nights_flagged counts tonight; unknown where there was no night before.
    """
    found = worklist.merge(before.deals, on="deal_id", how="left")
    source = found["deal_id"].str.split(":", n=1).str[0]
    on = pd.to_datetime(source.map(dict(before.nights)))
    flagged = found["is_flagged"].astype(bool)
    was = found["was_flagged"].fillna(False).astype(bool)
    moved = found["move_before"].notna() & (found["move"] != found["move_before"])
    risk = pd.to_numeric(found["p_no_decision_if_pursued"]).astype("float64")
    found["risk_before"] = pd.to_numeric(found["risk_before"]).astype("float64")
    # Shares are told in whole points; a difference of that size must not fall to rounding.
    up = (risk - found["risk_before"]).round(9)
    found["change"] = np.select(
        [~flagged, on.isna(), ~was, moved, up >= risk_change, up <= -risk_change],
        ["", "first_night", "new", "move_changed", "risk_up", "risk_down"],
        "same",
    )
    nights = found["nights_before"].where(was, 0) + 1
    found["nights_flagged"] = nights.where(flagged & on.notna()).astype("Int64")
    found["compared_with_on"] = on
    return found[
        [
            *worklist.columns,
            *("compared_with_on", "change", "move_before", "risk_before", "nights_flagged"),
        ]
    ]
