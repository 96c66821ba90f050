"""What only a simulator knows: who the buyers were, and what each deal would have become."""

from typing import Any

import numpy as np
import pandas as pd

from models.simulate_company import Company
from models.simulate_course import DISQUALIFIED, NEVER, WON, Course, Policy
from models.simulate_deals import Book
from models.simulate_dice import Flags, Floats, Ints
from models.simulate_run import HORIZON, could_have

SIGNALS = np.array(["", "push", "later", "silence", "overstay"])
PLANS = np.array(["", "disqualify", "chase", "wait"])
ENDINGS = np.array(
    [
        "open",
        "won",
        "lost_to_competitor",
        "no_decision",
        "no_decision",
        "disqualified",
        "seller_drop",
        "no_decision",
    ]
)
GRACE = 14
POLICIES_TOLD: tuple[Policy, ...] = ("let_go", "chased", "kept")


def truth(course: Course, book: Book, replicates: int) -> pd.DataFrame:
    """One row for each deal with a buyer that the export knows, in order of number.

    The four columns of ids hold numbers of the facts; an export has its own names for them.
    quality, urgency, indecision and is_misfit are the buyer's; is_buyer_undecided and
    drifting_since (the day from which they have not been deciding) are as at the end. A deal that
    was opened again has one row: its start and signal, and how it ended in the end. win_if_* say
    whether the account would have won by `HORIZON` days after the signal, days_if_* when,
    chance_if_* how often over replicates of the luck after the signal; revenue_if_* and hours_if_*
    are means over the replicates, of this buyer alone (what else the account does is the same
    whatever the seller does here). All days are since 1970-01-01; unknown is missing.
    """
    company, d = course.company, course.deals
    own = could_have(company, d, POLICIES_TOLD, replicates)
    wins = _earliest(own.days, _other_wins(course))
    last = _last_of(course, book)
    is_own = last != NEVER
    rows = np.flatnonzero(is_own & (d["created"] <= company.last_day))
    last = np.where(is_own, last, 0)
    signal_on = d["signal_on"]
    has_signal = (signal_on != NEVER) & (signal_on <= company.last_day)
    closed = _closed_by_then(course, book)
    ending = np.where(closed, d["ending"], 0)
    walked = (
        has_signal
        & (ending == DISQUALIFIED)
        & (d["closed_on"] <= signal_on + GRACE)
        & (d["closed_on"] > signal_on)
    )
    drifting_since = _or_missing(d["drift_on"], d["drift_on"] <= company.last_day)
    table: dict[str, Any] = {
        "deal_id": book.number,
        "parent_id": np.where(d["parent"] != NEVER, book.number[d["parent"]], NEVER),
        "account_id": d["account"],
        "seller_id": d["seller"],
        "is_reopened": last != np.arange(len(d)),
        "created_day": d["created"],
        "quality": d["quality"].round(4),
        "urgency": d["urgency"].round(4),
        "indecision": d["indecision"].round(4),
        "is_misfit": d["misfit"],
        "is_buyer_undecided": d["alive"][last],
        "drifting_since": drifting_since.iloc[last].array,
        "outcome": ENDINGS[ending[last]],
        "closed_day": _or_missing(d["closed_on"], closed).iloc[last].array,
        "signal": SIGNALS[np.where(has_signal, d["signal"], 0)],
        "signal_day": _or_missing(signal_on, has_signal),
        "strategy": PLANS[np.where(has_signal, d["plan"], 0)],
        "is_walked": walked,
        "walk_probability": np.where(has_signal, d["walk_chance"], np.nan).round(4),
    }
    for place, policy in enumerate(POLICIES_TOLD):
        first = np.where(has_signal, wins[place, 0], np.nan)
        table[f"win_if_{policy}"] = np.where(has_signal, (np.isfinite(first)).astype(float), np.nan)
        table[f"days_if_{policy}"] = first
        often = np.isfinite(wins[place]).mean(axis=0)
        table[f"chance_if_{policy}"] = np.where(has_signal, often, np.nan).round(4)
        for name, values in (("revenue", own.revenue), ("hours", own.hours)):
            mean = values[place].mean(axis=0)
            table[f"{name}_if_{policy}"] = np.where(has_signal, mean, np.nan).round(4)
    frame = pd.DataFrame(table).iloc[rows]
    return frame.sort_values(["deal_id", "created_day"], kind="stable", ignore_index=True)


def summary(company: Company, table: pd.DataFrame) -> dict[str, Any]:
    """The true average effects and the make-up of the company, ready for JSON."""
    points = table[table["signal"] != ""]
    walked = points["is_walked"]
    let_go, kept, chased = (points[f"chance_if_{name}"] for name in ("let_go", "kept", "chased"))
    realised = points["win_if_let_go"] - points["win_if_kept"]
    return {
        "seed": company.seed,
        "end": company.end.isoformat(),
        "horizon_days": HORIZON,
        "deals": len(table),
        "accounts": int(table["account_id"].nunique()),
        "sellers": company.sellers,
        "returns": int((table["parent_id"] != NEVER).sum()),
        "outcomes": {str(k): int(v) for k, v in table["outcome"].value_counts().items()},
        "signals": {str(k): int(v) for k, v in points["signal"].value_counts().items()},
        "decision_points": len(points),
        "walked": int(walked.sum()),
        "effect_of_letting_go": {
            "against_chasing": _mean(let_go - chased),
            "against_not_letting_go": _mean(let_go - kept),
            "on_the_walked": _mean((let_go - kept)[walked]),
            "realised_against_not_letting_go": _mean(realised),
        },
        "win_share_if_let_go": _mean(let_go),
        "win_share_if_chased": _mean(chased),
        "win_share_if_kept": _mean(kept),
    }


def _mean(values: pd.Series) -> float | None:
    return None if values.empty else round(float(values.mean()), 5)


def _or_missing(days: Ints, known: Flags) -> pd.Series:
    return pd.Series(days).where((days != NEVER) & known).astype("Int64")


def _closed_by_then(course: Course, book: Book) -> Flags:
    """Deals whose closing had been saved at the moment of the export."""
    saves = book.saves
    known = saves[(saves["kind"] == "close") & (saves["sec"] <= course.company.end_sec)]
    closed = np.zeros(len(course.deals), dtype=bool)
    closed[known.loc[known["own"] < len(course.deals), "deal"].to_numpy()] = True
    return closed


def _last_of(course: Course, book: Book) -> Ints:
    """For each first deal of an opportunity the last one on it that the export knows."""
    known = np.flatnonzero(course.deals["created"] <= course.company.last_day)
    last = np.full(len(course.deals), NEVER)
    first_of = np.full(len(book.opportunities) + 1, NEVER)
    first_of[book.number[known[::-1]]] = known[::-1]
    last[first_of[book.number[known]]] = known  # later deals of a number overwrite earlier ones
    return last


def _earliest(own: Floats, other: Floats) -> Floats:
    """The first win on either of two clocks of days since the signal."""
    earliest: Floats = np.fmin(own, np.where(other <= HORIZON, other, np.nan))
    return earliest


def _other_wins(course: Course) -> Floats:
    """Days from each deal's signal to the account's first win by another buyer of it."""
    d = course.deals
    wait = np.full(len(d), np.nan)
    won = np.flatnonzero(d["ending"] == WON)
    by_account: dict[int, list[int]] = {}
    for row in won:
        by_account.setdefault(int(d["account"][row]), []).append(int(row))
    for row in np.flatnonzero(d["signal_on"] != NEVER):
        signal_on = d["signal_on"][row]
        others = [
            int(d["closed_on"][other] - signal_on)
            for other in by_account.get(int(d["account"][row]), [])
            if d["key"][other] != d["key"][row] and d["closed_on"][other] > signal_on
        ]
        if others:
            wait[row] = min(others)
    return wait
