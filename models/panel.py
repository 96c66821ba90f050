"""Two second looks at letting go early: sellers over quarters, and sellers' habits.

The panel compares quarters of one seller with each other: more of their signalled deals let go
than their case mix would have, against what the seller won in that quarter and the next. The
preference instrument uses that some sellers let go more than others (Brookhart and Schneeweiss
2007). Both rest on assumptions that a comparison of deals does not need, and are shown beside it,
never instead.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from models.breakeven import Ratio, fieller
from models.effects import Outcome
from models.fixed_effects import within
from models.propensity import Codes, Floats, codes
from models.trial import Rules, Trial, flags, numbers

OUTCOMES = ("wins", "revenue", "hours")
UNITS = {"wins": "wins", "revenue": "currency", "hours": "hours", "account_win": "points"}
# Estimates are for ten points more of a seller's signalled deals let go early.
POINTS = 0.1
LEAST_DEALS = 3
LEAST_F = 10.0
COLUMNS = (
    *("method", "outcome", "estimate", "low", "high", "unit", "n", "n_sellers"),
    *("first_stage_f", "verdict"),
)


@dataclass(frozen=True, eq=False)
class _Cells:
    """Seller-quarters that can be compared: codes, excess share let go, weight, what came of it."""

    seller: Codes
    quarter: Codes
    excess: Floats
    weight: Floats
    gains: pd.DataFrame


def _cells(trial: Trial, quarters: pd.DataFrame) -> _Cells:
    deals = pd.DataFrame(
        {
            "seller_id": trial.points["seller_id"].astype(str),
            "quarter": numbers(trial.points, "quarter"),
            "excess": trial.design.treated - trial.design.crossfitted,
        }
    )
    grouped = deals.groupby(["seller_id", "quarter"], sort=True)["excess"]
    cells = grouped.agg(["mean", "size"]).reset_index()
    known = quarters[["seller_id", "quarter", *OUTCOMES]].copy()
    known["seller_id"] = known["seller_id"].astype(str)
    after = known.assign(quarter=known["quarter"] - 1)
    joined = cells.merge(known, on=["seller_id", "quarter"]).merge(
        after, on=["seller_id", "quarter"], suffixes=("", "_after")
    )
    for name in OUTCOMES:
        joined[name] = joined[name] + joined[f"{name}_after"]
    joined = joined[joined["size"] >= LEAST_DEALS]
    # A seller of one quarter is compared with nobody.
    joined = joined[joined.groupby("seller_id")["quarter"].transform("size") >= 2]
    return _Cells(
        codes(joined["seller_id"]),
        codes(joined["quarter"]),
        joined["mean"].to_numpy(dtype=np.float64),
        joined["size"].to_numpy(dtype=np.float64),
        joined[list(OUTCOMES)].astype("float64").reset_index(drop=True),
    )


def _slope(cells: _Cells, y: Floats, weight: Floats) -> float:
    groups = (cells.seller, cells.quarter)
    x = within(cells.excess, groups, weight)
    total = float(np.sum(weight * x**2))
    return float(np.sum(weight * x * within(y, groups, weight))) / total if total > 1e-9 else np.nan


def _row(method: str, outcome: str, n: int, sellers: int, verdict: str) -> dict[str, object]:
    return {
        **dict.fromkeys(COLUMNS, np.nan),
        "method": method,
        "outcome": outcome,
        "unit": UNITS[outcome],
        "n": n,
        "n_sellers": sellers,
        "verdict": verdict,
    }


def seller_quarters(trial: Trial, quarters: pd.DataFrame) -> list[dict[str, object]]:
    """Rows of COLUMNS: what ten points more let go went with, within sellers and quarters.

    `quarters` has seller_id, quarter (4 * year + number), wins, revenue and hours of each quarter
    that is over. Two-way fixed effects, weighted by signalled deals; interval by bootstrap over
    sellers with t of sellers less one.
    """
    from scipy.stats import t as student

    cells = _cells(trial, quarters)
    count = len(np.unique(cells.seller))
    if count < trial.rules.min_sellers:
        return [
            _row("seller_quarters", name, len(cells.seller), count, "too_few") for name in OUTCOMES
        ]
    generator = np.random.default_rng(trial.rules.seed)
    drawn = generator.multinomial(
        count, np.full(count, 1 / count), size=trial.rules.bootstrap_draws
    )
    found = []
    for name in OUTCOMES:
        y = cells.gains[name].to_numpy()
        row = _row("seller_quarters", name, len(y), count, "answered")
        draws = np.array([_slope(cells, y, cells.weight * times[cells.seller]) for times in drawn])
        estimate = POINTS * _slope(cells, y, cells.weight)
        error = POINTS * float(np.nanstd(draws, ddof=1))
        margin = float(student.ppf(0.975, count - 1)) * error
        if not np.isfinite(estimate + margin):
            row["verdict"] = "no_variation"
        else:
            row |= {"estimate": estimate, "low": estimate - margin, "high": estimate + margin}
        found.append(row)
    return found


def _clustered(z: Floats, y: Floats, weight: Floats, groups: Codes) -> tuple[float, Floats]:
    """Slope of `y` on `z` (both residuals), and each cluster's part in it."""
    total = float(np.sum(weight * z**2))
    slope = float(np.sum(weight * z * y)) / total
    parts = np.bincount(groups, weight * z * (y - slope * z)) / total
    return slope, parts


def _residual(x: Floats, y: Floats, weight: Floats) -> Floats:
    root = np.sqrt(weight)[:, None]
    design = np.column_stack([np.ones(len(y)), x])
    fitted = np.linalg.lstsq(root * design, root[:, 0] * y, rcond=None)[0]
    found: Floats = y - design @ fitted
    return found


def preference(points: pd.DataFrame, trial: Trial, outcome: Outcome) -> dict[str, object]:
    """A row of COLUMNS: the effect on the account's win with sellers' past habit as instrument.

    The quotient of the habit's effect on winning and on letting go, with Fieller's set, which is
    that of Anderson and Rubin (1949) and holds for a weak instrument too; no number where the first
    stage's F is below 10. `trial` must have been made without `seller_walk_rate`.
    """
    groups = trial.design.clusters
    count = trial.design.n_clusters
    row = _row("seller_preference", "account_win", int((outcome.weights > 0).sum()), count, "weak")
    habit = numbers(points, "seller_walk_rate")
    weight = np.where(np.isfinite(habit), outcome.weights, 0.0)
    if count < trial.rules.min_sellers:
        return row | {"verdict": "too_few"}
    if not (weight > 0).any():
        return row
    z = _residual(trial.design.x, np.nan_to_num(habit), weight)
    if float(np.sum(weight * z**2)) < 1e-9:
        return row
    first, first_parts = _clustered(
        z,
        _residual(trial.design.x, trial.design.treated.astype(np.float64), weight),
        weight,
        groups,
    )
    reduced, reduced_parts = _clustered(
        z, _residual(trial.design.x, outcome.values, weight), weight, groups
    )
    scale = count / (count - 1)
    error = scale * float(first_parts @ first_parts)
    strength = first**2 / error if error > 0 else 0.0
    row["first_stage_f"] = strength
    found: Ratio = fieller(
        reduced,
        first,
        (scale * float(reduced_parts @ reduced_parts), error),
        scale * float(reduced_parts @ first_parts),
        count - 1,
    )
    if strength < LEAST_F or found.kind != "bounded":
        return row
    return row | {
        "estimate": found.estimate.value,
        "low": found.estimate.low,
        "high": found.estimate.high,
        "verdict": "answered",
    }


def second_looks(points: pd.DataFrame, rules: Rules, quarters: pd.DataFrame) -> pd.DataFrame:
    """Both looks at decision points as `models.trial.compared` gives them; columns COLUMNS.

    Empty where one of the arms holds nobody.
    """
    walked = flags(points, "is_walked")
    rows: list[dict[str, object]] = []
    if walked.any() and not walked.all():
        habitless = Trial.of(points, rules, leave_out=("seller_walk_rate",))
        rows = [
            *seller_quarters(Trial.of(points, rules), quarters),
            preference(points, habitless, habitless.win()),
        ]
    types = {
        **dict.fromkeys(("method", "outcome", "unit", "verdict"), "str"),
        **dict.fromkeys(("estimate", "low", "high", "first_stage_f"), "float64"),
        **dict.fromkeys(("n", "n_sellers"), "int64"),
    }
    return pd.DataFrame(rows, columns=list(COLUMNS)).astype(types)
