"""Scores of the BPI 2012 tasks, with intervals by bootstrap over test cases.

A draw gives each case a weight (how often it was drawn), and all its prefixes that weight.
"""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import pandas as pd

Floats = npt.NDArray[np.float64]
Marks = npt.NDArray[np.bool_]

LEVEL = 0.95
METRICS = ("weighted AUC", "pooled AUC", "Brier")


def draws(cases: int, n: int, seed: int) -> Floats:
    """How often each case is in each draw, shape (cases, 1 + n); the first column is the sample."""
    rng = np.random.default_rng(seed)
    found = rng.multinomial(cases, np.full(cases, 1.0 / cases), size=n).T.astype(float)
    return np.hstack([np.ones((cases, 1)), found])


def auc(score: Floats, positive: Marks, weight: Floats) -> Floats:
    """P(a positive row ranks above another), half for ties, for each column of weights.

    `weight` has the shape (rows, draws). NaN where one side has no weight.
    """
    order = np.argsort(score, kind="stable")
    _, start = np.unique(score[order], return_index=True)
    ups = np.add.reduceat(weight[order] * positive[order, None], start, axis=0)
    downs = np.add.reduceat(weight[order] * ~positive[order, None], start, axis=0)
    below = np.cumsum(downs, axis=0) - downs
    total = ups.sum(axis=0) * downs.sum(axis=0)
    found = (ups * (below + 0.5 * downs)).sum(axis=0)
    return np.divide(found, total, out=np.full(len(total), np.nan), where=total > 0)


def by_length(score: Floats, positive: Marks, length: Floats, weight: Floats) -> Floats:
    """AUC a prefix length, averaged with the weight of the cases that are that long."""
    each, sizes = [], []
    for step in np.unique(length):
        rows = length == step
        each.append(auc(score[rows], positive[rows], weight[rows]))
        sizes.append(weight[rows].sum(axis=0))
    values, size = np.array(each), np.array(sizes)
    size = np.where(np.isnan(values), 0.0, size)
    found, total = (np.nan_to_num(values) * size).sum(axis=0), size.sum(axis=0)
    return np.divide(found, total, out=np.full(len(total), np.nan), where=total > 0)


def scores(
    probability: Floats, positive: Marks, prefixes: pd.DataFrame, weights: Floats
) -> Mapping[str, Floats]:
    """Each metric for each draw; `weights` as `draws` gives them, by case in order of its name."""
    case = np.unique(prefixes["case"].to_numpy(dtype=str), return_inverse=True)[1]
    weight = weights[case]
    error = (probability - positive) ** 2
    length = prefixes["length"].to_numpy(dtype=float)
    values = (
        by_length(probability, positive, length, weight),
        auc(probability, positive, weight),
        (error[:, None] * weight).sum(axis=0) / weight.sum(axis=0),
    )
    return dict(zip(METRICS, values, strict=True))


def interval(values: Floats) -> tuple[float, float, float]:
    """The value of the sample and the bounds of its percentile interval."""
    low, high = np.nanquantile(values[1:], [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(values[0]), float(low), float(high)


def slices(
    probability: Floats, positive: Marks, prefixes: pd.DataFrame, bounds: tuple[int, ...]
) -> list[tuple[str, int, float]]:
    """AUC by prefix length, and by whether the deciding act is inside: name, rows, AUC."""
    length = prefixes["length"].to_numpy()
    inside = prefixes["holds_act"].to_numpy(dtype=bool)
    rows = {
        f"length {low + 1} to {high}": (length > low) & (length <= high)
        for low, high in zip((0, *bounds), bounds, strict=False)
    }
    rows |= {"deciding act not inside": ~inside, "deciding act inside": inside}
    return [
        (
            name,
            int(chosen.sum()),
            float(auc(probability[chosen], positive[chosen], np.ones((chosen.sum(), 1)))[0]),
        )
        for name, chosen in rows.items()
        if chosen.any()
    ]
