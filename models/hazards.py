"""Models of the hazard of each ending in each bin ahead: boosting, and the baselines it must beat.

Every model gives an array (rows, bins, endings) of P(ends so in the bin | not ended before).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
import pandas as pd

from models.features import FEATURES
from models.incidence import ENDINGS, Floats, Ints
from models.landmarks import BIN_ENDS, STAYS, Encoder, Expanded

BINS = len(BIN_ENDS)
ITERATIONS = (20, 40, 60)
LEAVES, L2, RATE = 15, 5.0, 0.08
MIN_LEAF, ROWS_PER_LEAF = 200, 400
TUNING_ROWS, LINEAR_ROWS = 15_000, 20_000
# Below this many lines a second thread waits more than it works (measured: half the time with one).
LINES_FOR_THREADS = 200_000
FOLDS = 3
SHRINK_ROWS = 20.0


class HazardModel(Protocol):
    """What a fitted model offers."""

    name: str

    def hazards(self, rows: pd.DataFrame) -> Floats:
        """Shape (n, bins, endings)."""
        ...


def _full(probabilities: Floats, classes: Sequence[int], n: int) -> Floats:
    """Class probabilities put into their places, stays left out; shape (n, bins, endings)."""
    whole = np.zeros((len(probabilities), STAYS + 1))
    whole[:, list(classes)] = probabilities
    return whole[:, :STAYS].reshape(n, BINS, len(ENDINGS))


def _grid(features: Floats) -> tuple[Floats, Ints]:
    """Each row once for every bin."""
    n = len(features)
    return np.repeat(features, BINS, axis=0), np.tile(np.arange(BINS), n).astype(np.int64)


@dataclass
class ByStage:
    """Aalen-Johansen by stage at the landmark: the share that ends so in each bin, by stage.

    Stages with few rows are drawn towards the share of all.
    """

    overall: list[list[float]]
    stages: dict[str, list[list[float]]]
    name: str = "aalen_johansen"

    @classmethod
    def fitted(cls, rows: pd.DataFrame, lines: Expanded) -> "ByStage":
        """The table of these rows."""
        stage = rows["stage"].astype("object").fillna("").astype(str).to_numpy()[lines.row]

        def table(chosen: Any) -> tuple[Floats, Floats]:
            counts = np.zeros((BINS, STAYS + 1))
            np.add.at(counts, (lines.bin[chosen], lines.target[chosen]), lines.weight[chosen])
            return counts, counts.sum(axis=1)

        counts, totals = table(slice(None))
        overall = counts[:, :STAYS] / np.maximum(totals, 1e-12)[:, None]
        stages = {}
        for value in sorted(set(stage)):
            part, seen = table(stage == value)
            shares = (part[:, :STAYS] + SHRINK_ROWS * overall) / (seen + SHRINK_ROWS)[:, None]
            stages[value] = shares.tolist()
        return cls(overall.tolist(), stages)

    def hazards(self, rows: pd.DataFrame) -> Floats:
        """The table's row for each row's stage."""
        names = rows["stage"].astype("object").fillna("").astype(str)
        found = [self.stages.get(name, self.overall) for name in names]
        return np.array(found, dtype=np.float64).reshape(len(rows), BINS, len(ENDINGS))


@dataclass
class Linear:
    """A multinomial logit on scaled features with a step for each bin."""

    encoder: Encoder
    estimator: Any
    columns: tuple[int, ...] | None
    name: str = "logit"

    @staticmethod
    def _design(scaled: Floats, bins: Ints) -> Floats:
        return np.hstack([scaled, (bins[:, None] == np.arange(1, BINS)[None, :]).astype(float)])

    @classmethod
    def fitted(
        cls,
        rows: pd.DataFrame,
        lines: Expanded,
        encoder: Encoder,
        seed: int,
        columns: tuple[int, ...] | None = None,
        name: str = "logit",
    ) -> "Linear":
        """Fit on a sample of lines; `columns` keeps only some of the scaled features."""
        from sklearn.linear_model import LogisticRegression

        chosen = sample(len(lines.row), LINEAR_ROWS, seed)
        scaled = encoder.scaled(encoder.encode(rows))
        scaled = scaled if columns is None else scaled[:, list(columns)]
        design = cls._design(scaled[lines.row[chosen]], lines.bin[chosen])
        estimator = LogisticRegression(C=0.3, max_iter=150, tol=1e-3)
        estimator.fit(design, lines.target[chosen], sample_weight=lines.weight[chosen])
        return cls(encoder, estimator, columns, name)

    @classmethod
    def silence_rule(
        cls, rows: pd.DataFrame, lines: Expanded, encoder: Encoder, seed: int
    ) -> "Linear":
        """The rotting rule: days of silence and nothing else."""
        only = (FEATURES.index("silence_days"),)
        return cls.fitted(rows, lines, encoder, seed, columns=only, name="silence_rule")

    def hazards(self, rows: pd.DataFrame) -> Floats:
        """Probabilities of the estimator, bin by bin."""
        scaled = self.encoder.scaled(self.encoder.encode(rows))
        scaled = scaled if self.columns is None else scaled[:, list(self.columns)]
        grid, bins = _grid(scaled)
        if not len(grid):
            return np.zeros((0, BINS, len(ENDINGS)))
        found = self.estimator.predict_proba(self._design(grid, bins))
        return _full(found, self.estimator.classes_.tolist(), len(rows))


@dataclass
class Boosting:
    """Gradient-boosted trees on the features, the weeks ahead and the age then."""

    encoder: Encoder
    estimator: Any
    iterations: int
    losses: dict[str, float] = field(default_factory=dict)
    name: str = "boosting"

    @staticmethod
    def _design(codes: Floats, bins: Ints) -> Floats:
        middle = (BIN_ENDS[bins] * 7.0)[:, None]
        age = codes[:, [FEATURES.index("age_days")]]
        return np.hstack([codes, middle, age + middle]).astype(np.float32)

    @staticmethod
    def _estimated(iterations: int, design: Floats, target: Ints, weight: Floats) -> Any:
        from sklearn.ensemble import HistGradientBoostingClassifier
        from threadpoolctl import threadpool_limits

        # A column without any value cannot be binned; as a constant it is never split on.
        filled = np.where(np.isnan(design).all(axis=0), 0.0, design)
        # Early stopping would split by row, and one deal's weeks would land on both sides.
        estimator = HistGradientBoostingClassifier(
            max_iter=iterations,
            max_leaf_nodes=LEAVES,
            l2_regularization=L2,
            learning_rate=RATE,
            early_stopping=False,
            random_state=0,
            min_samples_leaf=int(np.clip(len(design) // ROWS_PER_LEAF, 20, MIN_LEAF)),
        )
        with threadpool_limits(1 if len(filled) < LINES_FOR_THREADS else None):
            return estimator.fit(filled, target, sample_weight=weight)

    @classmethod
    def fitted(
        cls,
        rows: pd.DataFrame,
        lines: Expanded,
        encoder: Encoder,
        seed: int,
        iterations: int | None = None,
    ) -> "Boosting":
        """Fit; the number of iterations is chosen by cross-validation grouped by deal."""
        codes = encoder.encode(rows)
        deals = rows["deal_id"].to_numpy(dtype=str)[lines.row]
        losses: dict[str, float] = {}
        if iterations is None:
            iterations, losses = cls._tuned(codes, lines, deals, seed)
        design = cls._design(codes[lines.row], lines.bin)
        estimator = cls._estimated(iterations, design, lines.target, lines.weight)
        return cls(encoder, estimator, iterations, losses)

    @classmethod
    def _tuned(
        cls, codes: Floats, lines: Expanded, deals: Any, seed: int
    ) -> tuple[int, dict[str, float]]:
        from sklearn.model_selection import GroupKFold

        chosen = sample(len(lines.row), TUNING_ROWS, seed)
        if len(set(deals[chosen])) < FOLDS:
            return ITERATIONS[0], {}
        design = cls._design(codes[lines.row[chosen]], lines.bin[chosen])
        target, weight = lines.target[chosen], lines.weight[chosen]
        total = np.zeros(len(ITERATIONS))
        for train, test in GroupKFold(FOLDS).split(design, groups=deals[chosen]):
            estimator = cls._estimated(ITERATIONS[-1], design[train], target[train], weight[train])
            place = {c: n for n, c in enumerate(estimator.classes_.tolist())}
            columns = np.array([place.get(int(t), -1) for t in target[test]])
            for step, found in enumerate(estimator.staged_predict_proba(design[test]), start=1):
                if step in ITERATIONS:
                    own = np.where(columns >= 0, found[np.arange(len(test)), columns], 1e-6)
                    total[ITERATIONS.index(step)] -= float(
                        np.sum(weight[test] * np.log(np.maximum(own, 1e-6)))
                    )
        losses = {str(n): float(x / weight.sum()) for n, x in zip(ITERATIONS, total, strict=True)}
        return ITERATIONS[int(np.argmin(total))], losses

    def hazards(self, rows: pd.DataFrame) -> Floats:
        """Probabilities of the trees, bin by bin."""
        return self.hazards_of(self.encoder.encode(rows))

    def hazards_of(self, codes: Floats) -> Floats:
        """The same for rows that are encoded already."""
        grid, bins = _grid(codes)
        if not len(grid):
            return np.zeros((0, BINS, len(ENDINGS)))
        found = self.estimator.predict_proba(self._design(grid, bins))
        return _full(found, self.estimator.classes_.tolist(), len(codes))


def sample(n: int, most: int, seed: int) -> Ints:
    """At most `most` of `n` positions, drawn without replacement, in order."""
    if n <= most:
        return np.arange(n)
    return np.sort(np.random.default_rng(seed).choice(n, most, replace=False))
