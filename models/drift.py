"""Has what the model is told changed since it was trained, and does it still mean what it says?

Features: the population stability index between the landmarks trained on and the latest ones, with
a null by permutation of whole deals and one p a feature that allows for all features looked at
(Westfall and Young 1993, single-step maxT), so that a small company does not cry wolf. Predictions:
observed less predicted no decision among the test's latest landmarks that can be judged, against
that among those before, with an interval by bootstrap of deals.
"""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.stats import norm

from models.features import CATEGORIES, IDEAS
from models.incidence import Floats, Ints
from models.landmarks import NO_DECISION, labels
from models.resampling import Deals

# Landmarks of so many days up to the end of training, and of so many up to as_of.
WINDOW_DAYS = 182
RECENT_DAYS = 91
LEAST_DEALS, MOST_DEALS = 30, 3_000
BINS, PERMUTATIONS = 10, 499
# A feature moved when chance alone moves any so far in one of a hundred cases, and by an index
# that is worth a look: a large company finds the smallest shift certain.
ALPHA, LEAST_INDEX = 0.01, 0.10
SOFTENED = 0.5
# The calendar moves by itself, and what is known of a seller's or account's past grows.
BY_THEMSELVES = frozenset({"month", "week_of_quarter", *IDEAS["seller"], *IDEAS["account"]})
CALIBRATION = "calibration"
COLUMNS = ["feature", "idea", "then", "now", "measure", "low", "high", "p", "n", "is_moved"]


def drift(
    rows: pd.DataFrame,
    foretold: pd.DataFrame,
    deals: pd.DataFrame,
    stalls: pd.DataFrame,
    *,
    model: str,
    trained_day: int,
    as_of_day: int,
    seed: int,
) -> pd.DataFrame:
    """One row a feature, the most moved first, and rows of calibration by horizon.

    `rows` as features.snapshots, `foretold` as models.judging.Judged has it, `deals` and `stalls`
    as models.stall.fit reads them. `then` and `now` are
    means (the most frequent value of a category; observed less predicted for calibration);
    `measure` is the stability index, or the change of calibration with low and high; `n` deals.
    Empty where either window holds too few deals.
    """
    parts = [
        features(rows, trained_day=trained_day, as_of_day=as_of_day, seed=seed),
        calibration(foretold, deals, stalls, model=model, as_of_day=as_of_day, seed=seed),
    ]
    found = [part for part in parts if len(part)]
    return pd.concat(found, ignore_index=True) if found else _table([])


def _table(rows: list[Mapping[str, object]]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=COLUMNS)
    texts, numbers = ["feature", "idea", "then", "now"], ["measure", "low", "high", "p"]
    kinds = {**dict.fromkeys(texts, "str"), **dict.fromkeys(numbers, "float64")}
    return frame.astype({**kinds, "n": "int64", "is_moved": "bool"})


def features(rows: pd.DataFrame, *, trained_day: int, as_of_day: int, seed: int) -> pd.DataFrame:
    """The features' rows: the landmarks of half a year before the end of training, and of now."""
    day = rows["snapshot_day"]
    is_now = day.gt(as_of_day - WINDOW_DAYS) & day.gt(trained_day)
    is_then = day.gt(trained_day - WINDOW_DAYS) & day.le(trained_day)
    is_alive = ~rows["is_stalled"].fillna(False).astype(bool)
    chosen = rows[is_alive & (is_now | is_then)]
    chosen = chosen.sort_values(["deal_id", "snapshot_day"], ignore_index=True)
    chosen = _at_most(chosen, seed)
    side: Ints = (chosen["snapshot_day"].to_numpy(dtype=np.int64) > trained_day).astype(np.int64)
    deal = np.unique(chosen["deal_id"].to_numpy(dtype=str), return_inverse=True)[1]
    stays, stay = np.unique(2 * deal + side, return_inverse=True)
    if min(np.bincount(stays % 2, minlength=2)) < LEAST_DEALS:
        return _table([])
    # Every deal weighs the same in a window, however long it was open in it.
    weight = 1.0 / np.bincount(stay)[stay]
    swaps = _swaps(stays, seed)
    names = [(idea, name) for idea, own in IDEAS.items() for name in own]
    names = [(i, n) for i, n in names if n in chosen and n not in BY_THEMSELVES]
    indices = np.array(
        [_indices(_binned(chosen[n], n), stay, weight, stays % 2, swaps) for _, n in names]
    )
    p = _adjusted(indices)
    found: list[Mapping[str, object]] = []
    for place in np.lexsort((-indices[:, 0], p)):
        idea, name = names[place]
        index = float(indices[place, 0])
        found.append(
            {
                "feature": name,
                "idea": idea,
                "then": _typical(chosen[name], name, weight, side == 0),
                "now": _typical(chosen[name], name, weight, side == 1),
                "measure": index,
                "low": np.nan,
                "high": np.nan,
                "p": float(p[place]),
                "n": len(stays),
                "is_moved": bool(p[place] <= ALPHA and index >= LEAST_INDEX),
            }
        )
    return _table(found)


def _at_most(rows: pd.DataFrame, seed: int) -> pd.DataFrame:
    names = np.unique(rows["deal_id"].to_numpy(dtype=str))
    if len(names) <= MOST_DEALS:
        return rows
    kept = set(np.random.default_rng(seed).choice(names, MOST_DEALS, replace=False))
    return rows[rows["deal_id"].isin(kept)].reset_index(drop=True)


def _swaps(stays: Ints, seed: int) -> npt.NDArray[np.bool_]:
    """Which stays count as now: as they were, then permuted; shape (1 + permutations, stays).

    A deal seen in both windows has its two stays exchanged or not; deals seen in one only have
    the windows drawn anew among them.
    """
    rng = np.random.default_rng(seed)
    now = (stays % 2).astype(bool)
    deal, place, times = np.unique(stays // 2, return_inverse=True, return_counts=True)
    once = np.flatnonzero(times[place] == 1)
    found = [now]
    for _ in range(PERMUTATIONS):
        drawn = now ^ (rng.random(len(deal)) < 0.5)[place]
        drawn[once] = rng.permutation(now[once])
        found.append(drawn)
    return np.array(found)


def _binned(values: pd.Series, name: str) -> Ints:
    """Each row's bin: a category, or a tenth of all values; unknown is a bin of its own."""
    if name in CATEGORIES:
        codes = values.astype("object").where(values.notna(), "").astype(str)
        return np.asarray(np.unique(codes, return_inverse=True)[1], dtype=np.int64)
    x = pd.to_numeric(values).to_numpy(dtype=np.float64, na_value=np.nan)
    known = x[~np.isnan(x)]
    if not len(known):
        return np.zeros(len(x), dtype=np.int64)
    edges = np.unique(np.quantile(known, np.linspace(0, 1, BINS + 1)[1:-1]))
    found = np.searchsorted(edges, x, side="left")
    return np.where(np.isnan(x), len(edges) + 1, found).astype(np.int64)


def _indices(
    bins: Ints, stay: Ints, weight: Floats, side: Ints, swaps: npt.NDArray[np.bool_]
) -> Floats:
    """The stability index as it is and of each permutation."""
    bins = np.unique(bins, return_inverse=True)[1]
    count, size = int(bins.max(initial=0)) + 1, swaps.shape[1]
    table = np.bincount(stay * count + bins, weights=weight, minlength=size * count)
    table = table.reshape(size, count)
    now = swaps.astype(np.float64) @ table
    then = table.sum(axis=0)[None] - now
    # Half a deal more in each bin keeps an empty one from being infinitely far.
    now = (now + SOFTENED) / (now.sum(axis=1, keepdims=True) + SOFTENED * count)
    then = (then + SOFTENED) / (then.sum(axis=1, keepdims=True) + SOFTENED * count)
    return np.asarray(((now - then) * np.log(now / then)).sum(axis=1))


def _adjusted(indices: Floats) -> Floats:
    """The p of each feature, allowing for all features looked at."""
    null = indices[:, 1:]
    spread = np.maximum(null.std(axis=1, keepdims=True), 1e-12)
    scaled = (indices - null.mean(axis=1, keepdims=True)) / spread
    largest = scaled[:, 1:].max(axis=0)
    beyond = (largest[None, :] >= scaled[:, :1] - 1e-12).sum(axis=1)
    return np.asarray((1 + beyond) / (1 + null.shape[1]))


def _typical(values: pd.Series, name: str, weight: Floats, inside: npt.NDArray[np.bool_]) -> str:
    own, w = values[inside], weight[inside]
    if name in CATEGORIES:
        sums = pd.Series(w).groupby(own.astype("object").to_numpy()).sum()
        return str(sums.sort_index().idxmax()) if len(sums) else ""
    x = pd.to_numeric(own).to_numpy(dtype=np.float64, na_value=np.nan)
    known = ~np.isnan(x)
    return f"{np.average(x[known], weights=w[known]):.4g}" if known.any() else ""


def calibration(
    foretold: pd.DataFrame,
    deals: pd.DataFrame,
    stalls: pd.DataFrame,
    *,
    model: str,
    as_of_day: int,
    seed: int,
) -> pd.DataFrame:
    """How much further observed and predicted no decision lie apart of late, by horizon.

    Of late: the landmarks of 91 days whose horizon has just passed by `as_of_day`; before: the 91
    days before those, told by what was known 91 days ago, since stalls that are young may yet be
    broken. A change counts when its 99 % interval, allowing for all horizons, leaves out 0.
    """
    found: list[Mapping[str, object]] = []
    if model not in foretold:
        return _table(found)
    horizons = [(float(str(h)), part) for h, part in foretold.groupby("horizon_days", sort=True)]
    width = float(norm.ppf(1 - ALPHA / 2 / max(len(horizons), 1)))
    for horizon, part in horizons:
        sides = [
            _residuals(part, deals, stalls, model, as_of_day - RECENT_DAYS * back, horizon)
            for back in (1, 0)
        ]
        if min(side["deal_id"].nunique() for side in sides) < LEAST_DEALS:
            continue
        both = pd.concat(sides, keys=range(2), names=["side"]).reset_index(level="side")
        deal = np.unique(both["deal_id"].to_numpy(dtype=str), return_inverse=True)[1]
        which = np.eye(2)[both["side"].to_numpy(dtype=np.int64)]
        gap = which * both["gap"].to_numpy(dtype=np.float64)[:, None]
        draws = Deals.of(int(deal.max()) + 1, seed)
        drawn = draws.sums(deal, gap) / np.maximum(draws.sums(deal, which), 1e-9)
        then, now = gap.sum(axis=0) / which.sum(axis=0)
        reach = width * float(np.std(drawn[:, 1] - drawn[:, 0]))
        change = float(now - then)
        found.append(
            {
                "feature": f"{CALIBRATION}_{int(horizon)}",
                "idea": CALIBRATION,
                "then": f"{then:.4g}",
                "now": f"{now:.4g}",
                "measure": change,
                "low": change - reach,
                "high": change + reach,
                "p": np.nan,
                "n": int(deal.max()) + 1,
                "is_moved": abs(change) > reach,
            }
        )
    return _table(found)


def _residuals(
    foretold: pd.DataFrame,
    deals: pd.DataFrame,
    stalls: pd.DataFrame,
    model: str,
    day: int,
    horizon: float,
) -> pd.DataFrame:
    """Observed less predicted of the landmarks judged in the 91 days up to `day`, as known then."""
    due = foretold["snapshot_day"] + horizon
    rows = foretold[due.gt(day - RECENT_DAYS) & due.le(day)].reset_index(drop=True)
    known = labels(rows, deals, stalls, day)
    case = (known.cause == NO_DECISION) & (known.time <= horizon)
    gap = case - rows[model].to_numpy(dtype=np.float64)
    return rows[["deal_id"]].assign(gap=gap)[known.time > 0]
