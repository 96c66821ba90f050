"""Which move a flagged open deal gets, by rules that are stated, and what being wrong would cost.

In their order, for a deal that is flagged (it has stalled, or P(no decision, if pursued) reaches a
threshold):

1. held out by lot: pursue anyway.
2. stalled: the buyer has stopped deciding; disqualify.
3. letting go early surely loses here, whatever freed hours are used for: help decide.
4. its value per remaining hour lies wholly below what a freed hour earns: disqualify; wholly above:
   help decide; within the interval: help decide, and say that it is close.
5. where 4 cannot be asked, which `rule_gap` explains: silent for longer than the stage's patience:
   disqualify; else help decide, also where the silence is not known.

A deal that is not flagged is kept. Nothing here is estimated: chances, hours and the worth of an
hour come from elsewhere.
"""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from models.holdout import held_out

# The idea that weighs most decides which question is handed to the buyer.
QUESTIONS = {
    "silence": "still_wanted",
    "pushes": "what_moved_the_date",
    "options": "which_option_falls_away",
    "people": "who_else_decides",
    "stage time": "what_is_missing_to_decide",
    "activity": "still_wanted",
    "commitments": "next_step_of_yours",
}
RULES: Mapping[str, str] = {
    "not_flagged": "keep",
    "held_out": "pursue_anyway",
    "stalled": "disqualify",
    "letting_go_loses": "help_decide",
    "below_an_hour": "disqualify",
    "close_to_an_hour": "help_decide",
    "above_an_hour": "help_decide",
    "silent": "disqualify",
    "answers": "help_decide",
    "silence_unknown": "help_decide",
}
# Why the worth of an hour did not decide: of the company, then of the deal.
GAPS = (
    *("not_compared", "too_few", "no_yield", "refill_unknown"),
    *("no_amount", "no_chance", "no_hours"),
)
LOSES = "does_not_pay"
COLUMNS = [
    "deal_id",
    "account",
    "seller_id",
    "team",
    "amount_base",
    "p_no_decision",
    "move",
    "reasons",
    "question",
    "name",
    "source_id",
    "stage",
    "is_stalled",
    "silence_days",
    "touches_since_sign_of_life",
    "p_no_decision_if_pursued",
    "p_won_if_pursued",
    "is_flagged",
    "is_held_out",
    "rule",
    "rule_gap",
    "patience_days",
    "chance_if_pursued",
    "cost_if_let_go",
    "hours_if_pursued",
    "value_per_hour",
]


@dataclass(frozen=True)
class HourWorth:
    """What a freed hour earns, in the reporting currency: its 95 % interval.

    `low` is NaN where only an upper end is known: what an hour on a fresh deal yields, were every
    freed one used so. `gap` is one of GAPS where there is nothing to compare with, LOSES where the
    comparison says that letting go does not pay, else ''.
    """

    low: float
    high: float
    gap: str = ""


NOT_COMPARED = HourWorth(math.nan, math.nan, "not_compared")


def hour_worth(break_even: Mapping[str, object] | None, stated: float | None = None) -> HourWorth:
    """What a freed hour earns, from the row of marts.break_even, or as the settings state it.

    None or an empty row: the strategies were not compared. A verdict of too few to say is one here
    too: where nobody can say what letting go does, an hour's worth decides nothing.
    """
    if stated is not None:
        return HourWorth(stated, stated)
    nothing = (math.nan, math.nan)
    if not break_even:
        return NOT_COMPARED
    if break_even.get("verdict") in ("too_few", LOSES):
        return HourWorth(*nothing, str(break_even["verdict"]))
    low, high = (_number(break_even.get(f"freed_hour_revenue_{end}")) for end in ("low", "high"))
    if math.isfinite(low) and math.isfinite(high):
        return HourWorth(low, high)
    at_most = _number(break_even.get("fresh_yield_revenue_per_hour_high"))
    if math.isfinite(at_most):
        return HourWorth(math.nan, at_most, "refill_unknown")
    return HourWorth(*nothing, "no_yield")


def value_per_hour(chance: pd.Series, amount: pd.Series, hours: pd.Series) -> pd.Series:
    """What an hour more on a deal is expected to bring: chance of a win x amount / hours ahead.

    Unknown where any of them is.
    """
    return chance.astype("float64") * amount.astype("float64") / hours.astype("float64")


def _number(value: object) -> float:
    return math.nan if value is None or pd.isna(value) else float(value)  # type: ignore[arg-type, call-overload]


def _question(drivers: object) -> str:
    """The question that fits the idea which raises the risk most."""
    if not isinstance(drivers, str):
        return QUESTIONS["silence"]
    raising = [driver for driver in json.loads(drivers) if driver["contribution"] > 0]
    first = max(raising, key=lambda driver: driver["contribution"], default=None)
    return QUESTIONS.get("" if first is None else first["idea"], "what_is_missing_to_decide")


def costs(deals: pd.DataFrame) -> pd.DataFrame:
    """What being wrong costs: columns chance_if_pursued, cost_if_let_go, hours_if_pursued and
    value_per_hour, each unknown where a part of it is.

    `deals` has chance_if_pursued (P(won, if pursued) within the days over which hours are counted),
    hours_if_pursued and amount_base. An amount of nothing is one that nobody entered.
    """
    amount = pd.to_numeric(deals["amount_base"]).astype("float64")
    amount = amount.where(amount > 0)
    chance = pd.to_numeric(deals["chance_if_pursued"]).astype("float64")
    hours = pd.to_numeric(deals["hours_if_pursued"]).astype("float64")
    return pd.DataFrame(
        {
            "chance_if_pursued": chance,
            "cost_if_let_go": chance * amount,
            "hours_if_pursued": hours,
            "value_per_hour": value_per_hour(chance, amount, hours),
        }
    )


def decided(
    deals: pd.DataFrame, flag_above: float, patience: pd.Series, hour: HourWorth
) -> tuple[pd.Series, pd.Series]:
    """The rule that decides each deal, hold-outs apart, and why an hour's worth did not ('').

    `deals` has is_stalled, silence_days, p_no_decision_if_pursued and the columns of `costs`;
    `patience` are the days that a buyer at its stage may be silent.
    """
    stalled = deals["is_stalled"].astype(bool)
    risky = deals["p_no_decision_if_pursued"] >= flag_above
    value = deals["value_per_hour"]
    gaps = np.select(
        [
            np.full(len(deals), hour.gap not in ("", "refill_unknown")),
            deals["chance_if_pursued"].isna(),
            deals["cost_if_let_go"].isna(),
            deals["hours_if_pursued"].isna(),
            np.full(len(deals), hour.gap == "refill_unknown") & ~(value > hour.high),
        ],
        [hour.gap, "no_chance", "no_amount", "no_hours", "refill_unknown"],
        "",
    )
    comparable = gaps == ""
    silence = pd.to_numeric(deals["silence_days"]).astype("float64")
    rules = np.select(
        [
            ~stalled & ~risky,
            stalled,
            np.full(len(deals), hour.gap == LOSES),
            comparable & (value < hour.low),
            comparable & (value > hour.high),
            comparable,
            silence.isna(),
            silence > patience,
        ],
        [
            *("not_flagged", "stalled", "letting_go_loses"),
            *("below_an_hour", "above_an_hour", "close_to_an_hour", "silence_unknown", "silent"),
        ],
        "answers",
    )
    asked = np.isin(rules, ("silence_unknown", "silent", "answers"))
    return (
        pd.Series(rules, deals.index, dtype="str"),
        pd.Series(np.where(asked, gaps, ""), deals.index, dtype="str"),
    )


def moves(
    deals: pd.DataFrame,
    flag_above: float,
    fallback_days: int,
    *,
    hour: HourWorth = NOT_COMPARED,
    patience: float = 1.0,
    marks: Mapping[str, bool] | None = None,
    holdout_share: float = 0.0,
    seed: int = 0,
) -> pd.DataFrame:
    """The worklist of open deals, most at risk first, with COLUMNS.

    `deals` has one row a deal: what COLUMNS names up to p_won_if_pursued, drivers (in place of
    reasons), g_days (the stage's stall threshold; unknown: `fallback_days`), and where known
    chance_if_pursued and hours_if_pursued. `patience` is how many times that threshold a buyer may
    be silent. `hour` is what a freed hour earns. `marks` says which deals
    flagged on earlier nights were held out.
    """
    ahead = {
        name: deals[name] if name in deals else pd.Series(np.nan, deals.index)
        for name in ("chance_if_pursued", "hours_if_pursued")
    }
    risk = pd.to_numeric(deals["p_no_decision_if_pursued"]).astype("float64")
    known = deals.assign(**ahead, p_no_decision_if_pursued=risk)
    days = patience * pd.to_numeric(deals["g_days"]).astype("float64").fillna(fallback_days)
    weighed = costs(known)
    found = known.assign(patience_days=days, **{str(name): weighed[name] for name in weighed})
    found["rule"], found["rule_gap"] = decided(found, flag_above, days, hour)
    found["is_flagged"] = found["rule"] != "not_flagged"
    flagged = found.loc[found["is_flagged"], "deal_id"]
    drawn = held_out(flagged, marks or {}, holdout_share, seed)
    found["is_held_out"] = [drawn.get(deal_id, False) for deal_id in deals["deal_id"]]
    lots = found["is_flagged"] & found["is_held_out"]
    found.loc[lots, ["rule", "rule_gap"]] = ["held_out", ""]
    found["move"] = found["rule"].map(RULES)
    found["reasons"] = deals["drivers"]
    found["question"] = [_question(drivers) for drivers in deals["drivers"]]
    found["_rank"] = deals["is_stalled"].astype(int) * 2 + risk.fillna(0)
    ordered = found.sort_values(
        ["_rank", "amount_base", "deal_id"], ascending=[False, False, True], kind="stable"
    )
    return ordered[COLUMNS].reset_index(drop=True)
