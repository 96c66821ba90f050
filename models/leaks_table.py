"""The leak alarm for a table with one row a deal and no dates.

Without landmarks the alarm can say which columns add more to what is known at the start than
anything learned early is likely to. Whether such a column was written at the end, or honestly
learned on the way, is not in the table; nor is whether a column that stays unnamed was there at the
start: one that leaks little goes unseen.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from models.leaks import LEAST_DEALS, SURE, Finding, Flags, Floats, as_numbers, auc, is_plain

# What one column may add to the AUC of those known at the start.
GAIN = 0.02


@dataclass(frozen=True)
class Reading:
    """How well a table's columns tell the ending: (AUC, low, high) of all, and of the early ones.

    Intervals of 95 % over rows; `findings` name the columns that look as if written later.
    """

    everything: tuple[float, float, float]
    at_start: tuple[float, float, float]
    findings: tuple[Finding, ...]


def _codes(table: pd.DataFrame, names: Sequence[str]) -> tuple[Floats, list[bool]]:
    """Columns as numbers, and which of them are words."""
    columns, words = [], []
    for name in names:
        numbers = as_numbers(table[name])
        words.append(numbers is None)
        columns.append(
            pd.factorize(table[name].astype("str"), sort=True)[0] % 255
            if numbers is None
            else numbers
        )
    return np.stack(columns, axis=1).astype(np.float64), words


def _out_of_fold(table: pd.DataFrame, names: Sequence[str], is_case: Flags) -> Floats:
    """Chances by boosting on rows of other folds; the folds are those of every call."""
    from sklearn.ensemble import HistGradientBoostingClassifier
    from sklearn.model_selection import StratifiedKFold, cross_val_predict

    codes, words = _codes(table, names)
    model = HistGradientBoostingClassifier(
        max_iter=60,
        learning_rate=0.15,
        max_leaf_nodes=15,
        min_samples_leaf=50,
        categorical_features=words,
        early_stopping=False,
        random_state=0,
    )
    folds = StratifiedKFold(3, shuffle=True, random_state=0)
    found: Floats = cross_val_predict(model, codes, is_case, cv=folds, method="predict_proba")[:, 1]
    return found


def _interval(score: Floats, is_case: Flags) -> tuple[float, float, float]:
    area, error = auc(score, is_case)
    return area, max(area - 1.96 * error, 0.0), min(area + 1.96 * error, 1.0)


def table_findings(
    table: pd.DataFrame, is_case: Flags, columns: Sequence[str], at_start: Sequence[str]
) -> Reading:
    """What is suspicious about the columns of a table with one row a deal and no dates.

    `is_case`: the ending asked for; `columns`: all that may tell it; `at_start`: those known to
    have been there when the deal began. Each other column is tried beside these. One that adds
    much is named: written later, or learned on the way; without dates nobody can tell which.
    Raises ValueError where either kind of deal is too rare.
    """
    if min(is_case.sum(), (~is_case).sum()) < LEAST_DEALS:
        raise ValueError(f"fewer than {LEAST_DEALS} deals with, or without, the ending")
    base = _out_of_fold(table, at_start, is_case)
    found = []
    for name in columns:
        if name in at_start or is_plain(table[name]):
            continue
        gain, error = auc(_out_of_fold(table, [*at_start, name], is_case), is_case, base)
        alone, _ = auc(_out_of_fold(table, [name], is_case), is_case)
        if gain - SURE * error > GAIN:
            found.append(
                Finding(
                    name,
                    "adds",
                    {"gain": gain, "error": error, "alone": alone},
                    f"{name} adds {gain:.3f} to the AUC of what is known at the start "
                    f"({alone:.3f} alone)",
                )
            )
    return Reading(
        _interval(_out_of_fold(table, columns, is_case), is_case),
        _interval(base, is_case),
        tuple(sorted(found, key=lambda one: -one.numbers["gain"])),
    )
