"""Models of the hazard of each ending in each bin ahead: boosting, and the baselines it must beat.

Every model gives an array (rows, bins, endings) of P(ends so in the bin | not ended before).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
import pandas as pd

from models.features import FEATURES
from models.incidence import ENDINGS, Floats, Ints
from models.landmarks import BIN_ENDS, STAYS, Encoder, Expanded, within
from models.tuning import Tried, tried

BINS = len(BIN_ENDS)
# Leaves of a tree, and numbers of trees for each ending, that are tried: (leaves, trees).
LEAVES, ROUNDS = (4,), (20, 30, 45, 60, 80)
# From so many lines on larger and more trees are worth trying.
LINES_FOR_MORE, MORE_LEAVES, MORE_ROUNDS = 30_000, (4, 12), (*ROUNDS, 110)
L2, RATE, VALUES = 20.0, 0.15, 64
MIN_LEAF, LEAVES_OF_ALL = 200, 150
# Strengths of the logit's penalty that are tried; that of the silence rule, which has one feature.
PENALTIES = (0.01, 0.1, 1.0)
SILENCE_PENALTY = 1.0
LINEAR_LINES = 100_000
# Below this many lines a second thread waits more than it works (measured: half the time with one).
LINES_FOR_THREADS = 200_000
ROWS_AT_ONCE = 20_000
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


def _grid(n: int) -> tuple[Ints, Ints]:
    """The row and the bin of each line when every row stands once for every bin."""
    return np.repeat(np.arange(n), BINS), np.tile(np.arange(BINS), n).astype(np.int64)


def _by_bin(estimator: Any, design: Any, codes: Floats) -> Floats:
    """Hazards of encoded rows, some thousands at a time; `design` makes an estimator's input."""
    if not len(codes):
        return np.zeros((0, BINS, len(ENDINGS)))
    classes = estimator.classes_.tolist()
    found = []
    for first in range(0, len(codes), ROWS_AT_ONCE):
        part = codes[first : first + ROWS_AT_ONCE]
        told = estimator.predict_proba(design(part, *_grid(len(part))))
        found.append(_full(told, classes, len(part)))
    return np.concatenate(found)


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
        code, names = pd.factorize(_stage(rows), sort=True)
        shape = (len(names), BINS, STAYS + 1)
        place = (code[lines.row] * BINS + lines.bin) * (STAYS + 1) + lines.target
        size = len(names) * BINS * (STAYS + 1)
        counts = np.bincount(place, weights=lines.weight, minlength=size).reshape(shape)
        whole = counts.sum(axis=0)
        overall = whole[:, :STAYS] / np.maximum(whole.sum(axis=1), 1e-12)[:, None]
        seen = counts.sum(axis=2)
        shares = (counts[..., :STAYS] + SHRINK_ROWS * overall) / (seen + SHRINK_ROWS)[..., None]
        is_seen = seen.sum(axis=1) > 0
        stages = {
            str(name): table.tolist()
            for name, table, known in zip(names, shares, is_seen, strict=True)
            if known
        }
        return cls(overall.tolist(), stages)

    def hazards(self, rows: pd.DataFrame) -> Floats:
        """The table's row for each row's stage."""
        tables = np.array([*self.stages.values(), self.overall], dtype=np.float64)
        known = pd.Index(list(self.stages), dtype="object")
        # A stage that is not known has the place -1, which is that of all.
        found: Floats = tables[known.get_indexer(pd.Index(_stage(rows)))]
        return found.reshape(len(rows), BINS, len(ENDINGS))


def _stage(rows: pd.DataFrame) -> Any:
    return rows["stage"].astype("object").fillna("").astype(str).to_numpy(dtype="object")


@dataclass
class Linear:
    """A multinomial logit on scaled features with a step for each bin."""

    encoder: Encoder
    estimator: Any
    columns: tuple[int, ...] | None
    name: str = "logit"
    penalty: float = SILENCE_PENALTY
    losses: Mapping[str, float] = field(default_factory=dict)

    @classmethod
    def fitted(
        cls,
        rows: pd.DataFrame,
        lines: Expanded,
        encoder: Encoder,
        seed: int,
        *,
        penalty: float | None = None,
        columns: tuple[int, ...] | None = None,
        name: str = "logit",
    ) -> "Linear":
        """Fit on whole deals of at most 100,000 lines; `columns` keeps some of the features.

        The strength of the penalty, unless given, is chosen by cross-validation grouped by deal.
        """
        found = cls(encoder, None, columns, name)
        scaled = found._scaled(encoder.encode(rows))
        if penalty is None:
            best = tried(lines, seed, lambda train, test: found._losses(scaled, train, test))
            penalty = best.chosen(PENALTIES[1])
            found.losses = {f"penalty {key:g}": loss for key, loss in best.losses.items()}
        lines = lines.take(within(lines.deal, LINEAR_LINES, seed))
        found.penalty = penalty
        found.estimator = found._estimated(scaled, lines, penalty)
        return found

    @classmethod
    def silence_rule(
        cls, rows: pd.DataFrame, lines: Expanded, encoder: Encoder, seed: int
    ) -> "Linear":
        """The rotting rule: days of silence and nothing else."""
        only = (FEATURES.index("silence_days"),)
        return cls.fitted(
            rows,
            lines,
            encoder,
            seed,
            penalty=SILENCE_PENALTY,
            columns=only,
            name="silence_rule",
        )

    def _scaled(self, codes: Floats) -> Floats:
        scaled = self.encoder.scaled(codes)
        return scaled if self.columns is None else scaled[:, list(self.columns)]

    @staticmethod
    def _design(scaled: Floats, row: Ints, bins: Ints) -> Floats:
        steps = (bins[:, None] == np.arange(1, BINS)[None, :]).astype(float)
        return np.hstack([scaled[row], steps])

    def _estimated(self, scaled: Floats, lines: Expanded, penalty: float) -> Any:
        from sklearn.linear_model import LogisticRegression

        estimator = LogisticRegression(C=penalty, max_iter=150, tol=1e-3)
        design = self._design(scaled, lines.row, lines.bin)
        return estimator.fit(design, lines.target, sample_weight=lines.weight)

    def _losses(self, scaled: Floats, train: Expanded, test: Expanded) -> Mapping[float, float]:
        design = self._design(scaled, test.row, test.bin)
        found = {}
        for penalty in PENALTIES:
            estimator = self._estimated(scaled, train, penalty)
            told = estimator.predict_proba(design)
            found[penalty] = test.loss(told, estimator.classes_.tolist())
        return found

    def hazards(self, rows: pd.DataFrame) -> Floats:
        """Probabilities of the estimator, bin by bin."""
        return _by_bin(
            self.estimator,
            lambda codes, row, bins: self._design(self._scaled(codes), row, bins),
            self.encoder.encode(rows),
        )


@dataclass
class Boosting:
    """Gradient-boosted trees on the features, the weeks ahead and the age then."""

    encoder: Encoder
    estimator: Any
    leaves: int
    iterations: int
    losses: Mapping[str, float] = field(default_factory=dict)
    name: str = "boosting"

    @classmethod
    def fitted(
        cls,
        rows: pd.DataFrame,
        lines: Expanded,
        encoder: Encoder,
        seed: int,
        setting: tuple[int, int] | None = None,
    ) -> "Boosting":
        """Fit with a setting (leaves, iterations), else the best by cross-validation by deal."""
        codes = encoder.encode(rows)
        losses: dict[str, float] = {}
        if setting is None:
            best: Tried[tuple[int, int]] = tried(
                lines, seed, lambda train, test: cls._losses(codes, train, test)
            )
            setting = best.chosen((LEAVES[0], ROUNDS[0]))
            losses = {f"{k[0]} leaves, {k[1]} rounds": loss for k, loss in best.losses.items()}
        leaves, iterations = setting
        estimator = cls._estimated(codes, lines, leaves, iterations)
        return cls(encoder, estimator, leaves, iterations, losses)

    @staticmethod
    def _design(codes: Floats, row: Ints, bins: Ints) -> Floats:
        ahead = BIN_ENDS[bins] * 7.0
        found = np.empty((len(row), codes.shape[1] + 2))
        np.take(codes, row, axis=0, out=found[:, :-2])
        found[:, -2] = ahead
        found[:, -1] = codes[row, FEATURES.index("age_days")] + ahead
        return found

    @classmethod
    def _estimated(cls, codes: Floats, lines: Expanded, leaves: int, iterations: int) -> Any:
        from sklearn.ensemble import HistGradientBoostingClassifier
        from threadpoolctl import threadpool_limits

        design = cls._design(codes, lines.row, lines.bin)
        # A column without any value cannot be binned; as a constant it is never split on.
        design[:, np.isnan(design).all(axis=0)] = 0.0
        # Early stopping would split by row, and one deal's weeks would land on both sides.
        estimator = HistGradientBoostingClassifier(
            max_iter=iterations,
            max_leaf_nodes=leaves,
            l2_regularization=L2,
            learning_rate=RATE,
            max_bins=VALUES,
            early_stopping=False,
            random_state=0,
            min_samples_leaf=int(np.clip(len(design) // LEAVES_OF_ALL, 20, MIN_LEAF)),
        )
        with threadpool_limits(1 if len(design) < LINES_FOR_THREADS else None):
            return estimator.fit(design, lines.target, sample_weight=lines.weight)

    @classmethod
    def _losses(
        cls, codes: Floats, train: Expanded, test: Expanded
    ) -> Mapping[tuple[int, int], float]:
        design = cls._design(codes, test.row, test.bin)
        few = len(train.row) < LINES_FOR_MORE
        rounds = ROUNDS if few else MORE_ROUNDS
        found = {}
        for leaves in LEAVES if few else MORE_LEAVES:
            estimator = cls._estimated(codes, train, leaves, rounds[-1])
            classes = estimator.classes_.tolist()
            for step, told in enumerate(estimator.staged_predict_proba(design), start=1):
                if step in rounds:
                    found[leaves, step] = test.loss(told, classes)
        return found

    def hazards(self, rows: pd.DataFrame) -> Floats:
        """Probabilities of the trees, bin by bin."""
        return _by_bin(self.estimator, self._design, self.encoder.encode(rows))
