"""The models of the BPI 2012 tasks: scikit-learn's as it comes, and the project's kind of trees.

Every model is fitted on training rows alone, and gives a probability for each of the endings.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pandas as pd
from bpi2012_log import ENDINGS
from sklearn.ensemble import HistGradientBoostingClassifier

Floats = npt.NDArray[np.float64]

# Cuts in the order of cases between which training goes forward and is judged.
FORWARD = (0.4, 0.6, 0.8, 1.0)
# Prefixes of one case are much alike: one in so many teaches as much in less time.
EVERY = 4
LEAVES = (4, 8)
ITERATIONS = (20, 40, 60, 90, 120)
RATE, L2 = 0.04, 5.0
MIN_LEAF, ROWS_PER_LEAF = 200, 100


def _codes(rows: pd.DataFrame) -> npt.NDArray[np.int64]:
    return rows["ending"].map(ENDINGS.index).to_numpy(dtype=np.int64)


def _values(features: pd.DataFrame, rows: pd.DataFrame) -> npt.NDArray[np.float32]:
    return features.loc[rows["line"]].to_numpy(dtype=np.float32)


def default(features: pd.DataFrame, train: pd.DataFrame, test: pd.DataFrame) -> Floats:
    """Probabilities (rows, endings) of scikit-learn's boosting with its default settings.

    One fit a task, as the published benchmark does.
    """
    known, asked = _values(features, train), _values(features, test)
    ending = _codes(train)
    fits = [
        HistGradientBoostingClassifier(random_state=0).fit(known, ending == n)
        for n in range(len(ENDINGS))
    ]
    return np.column_stack([fit.predict_proba(asked)[:, 1] for fit in fits])


@dataclass(frozen=True)
class Chosen:
    """What the training cases alone decided."""

    leaves: int
    iterations: int


def _weights(rows: pd.DataFrame) -> Floats:
    """Each case weighs the same, however long it is."""
    size = rows.groupby("case")["case"].transform("size").to_numpy(dtype=float)
    return np.mean(1 / size) ** -1 / size


def _trees(
    features: pd.DataFrame, rows: pd.DataFrame, leaves: int, iterations: int
) -> HistGradientBoostingClassifier:
    """The project's kind of trees, fitted on these rows."""
    known = _values(features, rows)
    # A column without any value cannot be binned; as a constant it is never split on.
    known = np.where(np.isnan(known).all(axis=0), 0.0, known)
    fit = HistGradientBoostingClassifier(
        max_iter=iterations,
        max_leaf_nodes=leaves,
        l2_regularization=L2,
        learning_rate=RATE,
        early_stopping=False,
        random_state=0,
        min_samples_leaf=int(np.clip(len(rows) // ROWS_PER_LEAF, 20, MIN_LEAF)),
    )
    return fit.fit(known, _codes(rows), sample_weight=_weights(rows))


def _forward(train: pd.DataFrame, order: pd.Series) -> Iterator[tuple[pd.DataFrame, pd.DataFrame]]:
    """Cases up to a cut, with what was known when the next ones began; and those next ones."""
    first = order.sort_values()
    place = train["case"].map(pd.Series(np.arange(len(first)), index=first.index))
    for low, high in pairwise(FORWARD):
        start, end = int(low * len(first)), int(high * len(first))
        known = (place < start) & (train["at"] < first.iloc[start])
        yield train[known], train[(place >= start) & (place < end)]


def thinned(rows: pd.DataFrame) -> pd.DataFrame:
    """One in EVERY prefixes of each case, beginning elsewhere from case to case."""
    offset = rows["case"].factorize(sort=True)[0]
    return rows[(rows["length"].to_numpy() + offset) % EVERY == 0]


def tuned(features: pd.DataFrame, train: pd.DataFrame, first_at: pd.Series) -> Chosen:
    """Leaves and iterations by forward validation on training cases; `first_at` by case."""
    losses: dict[tuple[int, int], float] = {}
    for known, judged in _forward(train, first_at):
        rows = thinned(known)
        asked, truth = _values(features, judged), _codes(judged)
        weight = _weights(judged) / len(judged)
        for leaves in LEAVES:
            fit = _trees(features, rows, leaves, ITERATIONS[-1])
            for step, p in enumerate(fit.staged_predict_proba(asked), start=1):
                if step in ITERATIONS:
                    own = p[np.arange(len(truth)), truth]
                    loss = -float(np.sum(weight * np.log(own)))
                    losses[leaves, step] = losses.get((leaves, step), 0.0) + loss
    leaves, iterations = min(losses, key=lambda key: (losses[key], key))
    return Chosen(leaves, iterations)


def trees(
    features: pd.DataFrame, train: pd.DataFrame, test: pd.DataFrame, chosen: Chosen
) -> Floats:
    """Probabilities (rows, endings) of the project's kind of trees: endings that compete.

    The average of EVERY fits, each on its share of every case's prefixes.
    """
    asked = _values(features, test)
    total = np.zeros((len(test), len(ENDINGS)))
    for part in range(EVERY):
        rows = thinned(train.assign(length=train["length"] + part))
        fit = _trees(features, rows, chosen.leaves, chosen.iterations)
        total += fit.predict_proba(asked)
    return total / EVERY
