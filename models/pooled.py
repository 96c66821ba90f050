"""Who acts when: logistic regression pooled over time, refitted for every draw of clusters.

A row is a stretch of equal trials (days, or one week) that an act may end. What does not change
with time is held once a deal, and a draw of clusters is a vector of counts, so that a refit costs a
few passes over the rows.
"""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
from scipy.special import expit

from models.propensity import RIDGE, Codes, Flags, Floats

INTERCEPT_RIDGE = 1e-3  # lets a draw without any act come to rest
CLOSE = 1e-4  # in log-odds per standardised column
STEPS = 6  # with curvature held; draws that have not come to rest then get their own, and again
ROUNDS = 4  # of that, before a Newton fit by itself
FAR = 1.0  # a step so large that holding the curvature leads astray
NEWTON_STEPS = 40
BATCH_VALUES = 4_000_000  # rows times draws held at a time


@dataclass(frozen=True, eq=False)
class Rows:
    """Stretches in which an act was possible, in the order of their clusters and deals.

    `base` (n, p) are covariates of deals, `deal` (m,) the deal of each row, `varying` (m, q) what
    was known when it began, `happened` (m,) whether the act ended it; `clusters` (n,) are codes
    0..G-1 in order. `trials` (m,) are the row's days, of which the last may be that of the act.
    """

    base: Floats
    deal: Codes
    varying: Floats
    happened: Flags
    clusters: Codes
    trials: Floats

    @cached_property
    def n_clusters(self) -> int:
        """Number of clusters, also of those without a row."""
        return int(self.clusters.max()) + 1

    @cached_property
    def columns(self) -> Floats:
        """Covariates of deals after a column of ones. (n, 1 + p)"""
        return np.column_stack([np.ones(len(self.base)), self.base])

    @cached_property
    def starts(self) -> Codes:
        """First row of each deal that has rows."""
        return np.flatnonzero(np.diff(self.deal, prepend=-1))

    def scores(self, coefficients: Floats) -> Floats:
        """Log-odds of each row under coefficients (p, B). (m, B)"""
        own = self.columns.shape[1]
        scores: Floats = (self.columns @ coefficients[:own])[self.deal]
        scores += self.varying @ coefficients[own:]
        return scores

    def gradient(self, residual: Floats) -> Floats:
        """Sums over rows of covariates times `residual` (m, B). (p, B)"""
        by_deal = np.add.reduceat(residual, self.starts, axis=0)
        held = self.columns[self.deal[self.starts]]
        return np.vstack([held.T @ by_deal, self.varying.T @ residual])

    def information(self, probability: Floats, weights: Floats) -> Floats:
        """Information of all rows with weights (m,), without the ridge. (p, p)"""
        spread = weights * self.trials * probability * (1 - probability)
        held = self.columns[self.deal[self.starts]]
        own = held.T @ (held * np.add.reduceat(spread, self.starts)[:, None])
        shaped = self.varying * spread[:, None]
        cross = held.T @ np.add.reduceat(shaped, self.starts, axis=0)
        return np.block([[own, cross], [cross.T, self.varying.T @ shaped]])

    def by_cluster(self, probability: Floats) -> Floats:
        """Information of each cluster, without the ridge. (G, p, p)"""
        width = self.columns.shape[1] + self.varying.shape[1]
        found = np.zeros((self.n_clusters, width, width))
        edges = np.searchsorted(self.clusters[self.deal], np.arange(self.n_clusters + 1))
        spread = self.trials * probability * (1 - probability)
        for cluster, (first, last) in enumerate(itertools.pairwise(edges)):
            if last > first:
                x = np.hstack([self.columns[self.deal[first:last]], self.varying[first:last]])
                found[cluster] = x.T @ (x * spread[first:last, None])
        return found


class PooledLogit:
    """P(act in a trial) by ridge logistic regression; without any act, or without rest, a constant.

    Rows where nothing or everything happened teach no covariate: the probability is then 0 or 1.
    """

    def __init__(self, rows: Rows, ridge: float = RIDGE) -> None:
        """Fits all rows once, each cluster counted once."""
        self.rows = rows
        self._of_row = rows.clusters[rows.deal]
        self.constant: float | None = None
        many = float(rows.trials.sum())
        if not rows.happened.any() or rows.happened.sum() == many:
            self.constant = float(rows.happened.any())
            return
        width = rows.columns.shape[1] + rows.varying.shape[1]
        self._penalty = np.full(width, ridge)
        self._penalty[0] = INTERCEPT_RIDGE
        start = np.zeros(width)
        share = rows.happened.sum() / many
        start[0] = np.log(share / (1 - share))
        self.coefficients = self._newton(np.ones(rows.n_clusters), start)
        self._curvature = rows.by_cluster(expit(rows.scores(self.coefficients[:, None])[:, 0]))

    @property
    def probability(self) -> Floats:
        """P(act in a trial) of each row from the fit on all rows. (m,)"""
        if self.constant is not None:
            return np.full(len(self.rows.deal), self.constant)
        found: Floats = expit(self.rows.scores(self.coefficients[:, None])[:, 0])
        return found

    def redrawn(self, counts: npt.NDArray[np.int64]) -> Iterator[Floats]:
        """P(act in a trial) of each row, refitted for each draw in `counts` (B, G), in order."""
        if self.constant is not None:
            for _ in counts:
                yield self.probability
            return
        size = max(1, BATCH_VALUES // len(self.rows.deal))
        for first in range(0, len(counts), size):
            batch = counts[first : first + size].astype(np.float64)
            fitted = expit(self.rows.scores(self._refit(batch)))
            yield from np.ascontiguousarray(fitted.T)

    def _refit(self, counts: Floats) -> Floats:
        """Coefficients (p, B) of the draws: steps with the curvature of the fit on all rows.

        A draw that does not come to rest gets the curvature of where it is.
        """
        width = len(self._penalty)
        flat = self._curvature.reshape(len(self._curvature), -1)
        curvature = (counts @ flat).reshape(-1, width, width)
        found = np.repeat(self.coefficients[:, None], len(counts), axis=1)
        active, astray = np.arange(len(counts)), []
        for last in range(ROUNDS):
            reached, size = self._steps(found[:, active], counts[active], curvature)
            found[:, active] = reached
            is_far = ~(size < FAR)
            astray += active[is_far].tolist()
            active = active[~is_far & (size >= CLOSE)]
            if not active.size or last == ROUNDS - 1:
                break
            probability = expit(self.rows.scores(found[:, active]))
            often = counts[active].T[self._of_row]
            curvature = np.stack(
                [
                    self.rows.information(probability[:, place], often[:, place])
                    for place in range(len(active))
                ]
            )
        for late in [*astray, *active]:
            found[:, late] = self._newton(counts[late], self.coefficients)
        return found

    def _steps(self, start: Floats, counts: Floats, curvature: Floats) -> tuple[Floats, Floats]:
        """Coefficients after some steps with the curvature held, and the size of the last step."""
        width = len(self._penalty)
        curvature[:, np.arange(width), np.arange(width)] += self._penalty
        inverse = np.linalg.inv(curvature)
        weights = counts.T[self._of_row]
        happened, trials = self.rows.happened[:, None], self.rows.trials[:, None]
        found, size = start.copy(), np.full(len(counts), np.inf)
        for _ in range(STEPS):
            residual = (happened - trials * expit(self.rows.scores(found))) * weights
            gradient = self.rows.gradient(residual) - self._penalty[:, None] * found
            step = np.einsum("bpq,qb->pb", inverse, gradient)
            found += step
            size = np.abs(step).max(axis=0)
            if size.max() < CLOSE:
                break
        return found, size

    def _newton(self, counts: Floats, start: Floats) -> Floats:
        """Coefficients for one draw by Newton's method, halving steps that lead uphill."""
        rows = self.rows
        weights = counts[self._of_row]

        def loss(coefficients: Floats) -> float:
            scores = rows.scores(coefficients[:, None])[:, 0]
            costs = rows.trials * np.logaddexp(0, scores) - rows.happened * scores
            return float(weights @ costs) + 0.5 * float(self._penalty @ coefficients**2)

        found, reached = start.copy(), loss(start)
        for _ in range(NEWTON_STEPS):
            probability = expit(rows.scores(found[:, None])[:, 0])
            residual = (rows.happened - rows.trials * probability) * weights
            gradient = rows.gradient(residual[:, None])[:, 0] - self._penalty * found
            curvature = rows.information(probability, weights) + np.diag(self._penalty)
            step = np.linalg.solve(curvature, gradient)
            while loss(found + step) > reached + 1e-9 * abs(reached) and np.abs(step).max() > CLOSE:
                step /= 2
            found = found + step
            reached = loss(found)
            if np.abs(step).max() < CLOSE:
                break
        return found
