"""What a short history lacks for a model of its own, and when it will have it at this rate."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from models.incidence import ENDINGS
from models.landmarks import NO_DECISION, T1_SHARE, T2_SHARE, Material

LEAST_EVENTS, LEAST_DEALS = 50, 20
DAYS_A_MONTH = 365.25 / 12
# Further ahead than this no rate can be trusted.
MOST_YEARS_AHEAD = 5


def counted(material: Material) -> dict[str, int]:
    """Deals of a part and how many of them ended in each way, against what training needs."""
    ended = {
        name: int(material.rows.loc[material.known.cause == k, "deal_id"].nunique())
        for k, name in enumerate(ENDINGS)
    }
    return {
        "deals": int(material.rows["deal_id"].nunique()),
        "needed_deals": LEAST_DEALS,
        "no_decision_events": ended["no_decision"],
        "needed_no_decision_events": LEAST_EVENTS,
        "ended": sum(ended.values()),
    }


def missing(part: Material, now: Material, first_day: int, as_of_day: int) -> Mapping[str, object]:
    """What the training part has and needs, and the day on which it will be enough.

    `months` of history hold `no_decisions_a_month` and `new_deals_a_month`; with these rates going
    on, training and test have enough on `enough_on` (YYYY-MM-DD; None where `forecast` is
    not_at_this_rate). The parts grow with the history: its first half trains, what is left of the
    deals at the end tests.
    """
    days = max(as_of_day - first_day, 1)
    months = days / DAYS_A_MONTH
    events = int(now.rows.loc[now.known.cause == NO_DECISION, "deal_id"].nunique())
    deals = int(now.rows["deal_id"].nunique())
    # The whole history must hold so much for its parts to hold what each needs.
    shares = (min(T1_SHARE, 1 - T2_SHARE), T1_SHARE)
    needed_deals, needed_events = LEAST_DEALS / shares[0], LEAST_EVENTS / shares[1]
    has_rates = events > 0 and deals > 0
    wait = max(needed_events / events, needed_deals / deals) * days if has_rates else np.inf
    ahead = max(wait, days + 7.0)
    is_known = ahead - days <= MOST_YEARS_AHEAD * 365.25
    enough_on = np.datetime64(first_day + int(np.ceil(ahead)), "D") if is_known else None
    return {
        **counted(part),
        "no_decision_events_so_far": events,
        "deals_so_far": deals,
        "months": round(months, 1),
        "no_decisions_a_month": round(events / months, 2),
        "new_deals_a_month": round(deals / months, 2),
        "forecast": "on_a_day" if is_known else "not_at_this_rate",
        "enough_on": None if enough_on is None else str(enough_on),
    }


def once_each(rows: pd.DataFrame, keys: list[str], table: str) -> pd.DataFrame:
    """`rows` without lines that are wholly the same.

    Raises ValueError naming the first key that has two different lines.
    """
    if not rows.duplicated(keys).any():
        return rows
    once = rows.drop_duplicates()
    again = once[once.duplicated(keys)]
    if len(again):
        said = ", ".join(f"{key}={again.iloc[0][key]}" for key in keys)
        raise ValueError(f"{table} says two different things of {said}; one row is needed of each")
    return once
