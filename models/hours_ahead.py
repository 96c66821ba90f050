"""Seller hours that a deal is still expected to take, by ridge on its chances, amount and age."""

import numpy as np
import numpy.typing as npt
import pandas as pd

from models.incidence import Floats, Ints

CHANCES = ["p_no_decision_if_pursued", "p_won_if_pursued"]
LEAST_SHARE = 1 / 20  # of the mean: no deal is expected to take less


def cross_fitted(points: pd.DataFrame, weight: Floats, seller: Ints) -> Floats:
    """Hours ahead of each point, learned from the deals of other sellers.

    `points` has the columns CHANCES, amount, day (of decision) and hours; rows of no weight teach
    nothing.
    """
    from sklearn.linear_model import Ridge
    from sklearn.model_selection import GroupKFold
    from sklearn.preprocessing import StandardScaler

    target, usable = _target(points, weight)
    found = np.full(len(points), np.nan)
    days = np.unique(points["day"].to_numpy(dtype=np.int64))
    scaled = StandardScaler().fit_transform(_design(points, points["day"], days))
    for train, test in GroupKFold(5).split(scaled, groups=seller):
        rows = train[usable[train]]
        model = Ridge(alpha=1.0).fit(scaled[rows], target[rows], sample_weight=weight[rows])
        found[test] = model.predict(scaled[test])
    return _floored(found, target[usable], weight[usable])


def expected(points: pd.DataFrame, weight: Floats, open_deals: pd.DataFrame) -> Floats:
    """Hours ahead of open deals, with age_days in place of the day, learned from all points.

    A deal counts for the last day of decision that it has reached, a younger one for the first.
    NaN where a chance is not known, or nothing was learned.
    """
    from sklearn.linear_model import Ridge
    from sklearn.preprocessing import StandardScaler

    target, usable = _target(points, weight)
    chances = open_deals[CHANCES].astype("float64")
    asked = chances.notna().all(axis=1).to_numpy()
    found = np.full(len(open_deals), np.nan)
    if not usable.any() or not asked.any():
        return found
    days = np.unique(points["day"].to_numpy(dtype=np.int64))
    reached = np.searchsorted(days, open_deals["age_days"].to_numpy(dtype=np.float64), "right")
    day = pd.Series(days[np.clip(reached - 1, 0, len(days) - 1)], open_deals.index)
    scaler = StandardScaler().fit(_design(points, points["day"], days))
    known = scaler.transform(_design(points, points["day"], days)[usable])
    model = Ridge(alpha=1.0).fit(known, target[usable], sample_weight=weight[usable])
    rows = open_deals[asked]
    told = model.predict(scaler.transform(_design(rows, day[asked], days)))
    found[asked] = _floored(told, target[usable], weight[usable])
    return found


def _target(points: pd.DataFrame, weight: Floats) -> tuple[Floats, npt.NDArray[np.bool_]]:
    target = points["hours"].to_numpy(dtype=np.float64, na_value=np.nan)
    return target, np.isfinite(target) & (weight > 0)


def _design(rows: pd.DataFrame, day: pd.Series, days: Ints) -> Floats:
    amount = pd.to_numeric(rows["amount"]).to_numpy(dtype=np.float64, na_value=np.nan)
    gap = np.isnan(amount)
    return np.column_stack(
        [
            rows[CHANCES].to_numpy(dtype=np.float64),
            np.log1p(np.maximum(np.where(gap, 0.0, amount), 0.0)),
            gap,
            (day.to_numpy(dtype=np.int64)[:, None] == days).astype(np.float64),
        ]
    )


def _floored(hours: Floats, known: Floats, weight: Floats) -> Floats:
    floor = max(float(np.average(known, weights=weight)) * LEAST_SHARE, 1e-3)
    return np.maximum(hours, floor)
