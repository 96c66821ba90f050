"""Reasons for a score: additive contributions on the log-odds of the 90-day no-decision risk.

Shapley values over ideas (groups of features), estimated from random orders in which an idea's
features change from the usual value to the deal's own; Strumbelj and Kononenko 2014.
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from models.features import CATEGORIES, IDEAS
from models.incidence import Floats
from models.landmarks import NO_DECISION, at_days
from models.stall import StallFit, risks

HORIZON_DAYS = 90
ORDERS = 6
SHOWN = 4
DIGITS = 4
ROWS_AT_ONCE = 2_000


def usual(fit: StallFit) -> Mapping[str, object]:
    """The usual value of each feature: the training median, or the most common category."""
    encoder = fit.encoder
    names = [name for features in IDEAS.values() for name in features]
    found: dict[str, object] = {}
    for name, median in zip(names, encoder.medians, strict=True):
        if name in CATEGORIES:
            values = encoder.categories[name]
            found[name] = values[round(median)] if values else None
        else:
            found[name] = median
    return found


def _log_odds(fit: StallFit, rows: pd.DataFrame) -> Floats:
    p = at_days(risks(fit, rows, pursued=True), HORIZON_DAYS)[:, NO_DECISION]
    clipped = np.clip(p, 1e-6, 1 - 1e-6)
    found: Floats = np.log(clipped / (1 - clipped))
    return found


def contributions(fit: StallFit, rows: pd.DataFrame, seed: int = 0) -> pd.DataFrame:
    """One column an idea; a row sums to the deal's log-odds less those of the usual deal."""
    ideas = list(IDEAS)
    reference = usual(fit)
    start = rows.copy()
    for name, value in reference.items():
        start[name] = pd.Series([value] * len(rows), index=rows.index, dtype="object").astype(
            "str" if name in CATEGORIES else "float64"
        )
    total = np.zeros((len(rows), len(ideas)))
    rng = np.random.default_rng(seed)
    for _ in range(ORDERS):
        current, before = start.copy(), _log_odds(fit, start)
        for place in rng.permutation(len(ideas)):
            for name in IDEAS[ideas[place]]:
                current[name] = rows[name]
            after = _log_odds(fit, current)
            total[:, place] += after - before
            before = after
    return pd.DataFrame(total / ORDERS, columns=ideas, index=rows.index)


def _plain(value: object) -> object:
    if value is None or value is pd.NA or (isinstance(value, float) and np.isnan(value)):
        return None
    if isinstance(value, bool | np.bool_):
        return bool(value)
    if isinstance(value, float | np.floating):
        return round(float(value), DIGITS)
    return int(value) if isinstance(value, int | np.integer) else str(value)


def reasons(fit: StallFit, rows: pd.DataFrame) -> list[list[dict[str, object]]]:
    """For each row the ideas that move its risk most.

    Each is a mapping of idea, feature, value, reference and contribution;
    `feature` is the idea's first one that differs from the usual. Empty lists where nothing is
    published.
    """
    if fit.model is None or rows.empty:
        return [[] for _ in range(len(rows))]
    rows = rows.reset_index(drop=True)
    found = pd.concat(
        [
            contributions(fit, rows.iloc[first : first + ROWS_AT_ONCE])
            for first in range(0, len(rows), ROWS_AT_ONCE)
        ]
    )
    reference = usual(fit)
    told = []
    for number, weights in enumerate(found.to_numpy()):
        own = rows.iloc[number]
        items: list[dict[str, object]] = []
        for place in np.argsort(-np.abs(weights), kind="stable")[:SHOWN]:
            if round(float(weights[place]), DIGITS) == 0:
                continue
            idea = list(IDEAS)[place]
            differs = [name for name in IDEAS[idea] if _plain(own[name]) != _plain(reference[name])]
            name = differs[0] if differs else IDEAS[idea][0]
            items.append(
                {
                    "idea": idea,
                    "feature": name,
                    "value": _plain(own[name]),
                    "reference": _plain(reference[name]),
                    "contribution": round(float(weights[place]), DIGITS),
                }
            )
        told.append(items)
    return told
