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
STEPS = 12  # with curvature held; draws that have not come to rest then get a Newton fit
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

    def curvature(self, probability: Floats) -> Floats:
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
        self._curvature = rows.curvature(expit(rows.scores(self.coefficients[:, None])[:, 0]))

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
        """Coefficients (p, B) of the draws: steps with the curvature of the fit on all rows."""
        width = len(self._penalty)
        curvature = (counts @ self._curvature.reshape(len(self._curvature), -1)).reshape(
            -1, width, width
        )
        curvature[:, np.arange(width), np.arange(width)] += self._penalty
        inverse = np.linalg.inv(curvature)
        found = np.repeat(self.coefficients[:, None], len(counts), axis=1)
        weights = counts.T[self.rows.clusters[self.rows.deal]]
        happened, trials = self.rows.happened[:, None], self.rows.trials[:, None]
        size = np.full(len(counts), np.inf)
        for _ in range(STEPS):
            residual = (happened - trials * expit(self.rows.scores(found))) * weights
            gradient = self.rows.gradient(residual) - self._penalty[:, None] * found
            step = np.einsum("bpq,qb->pb", inverse, gradient)
            found += step
            size = np.abs(step).max(axis=0)
            if size.max() < CLOSE:
                break
        for late in np.flatnonzero(~(size < CLOSE)):
            found[:, late] = self._newton(counts[late], self.coefficients)
        return found

    def _newton(self, counts: Floats, start: Floats) -> Floats:
        """Coefficients for one draw by Newton's method, halving steps that lead uphill."""
        rows = self.rows
        weights = counts[rows.clusters[rows.deal]]

        def loss(coefficients: Floats) -> float:
            scores = rows.scores(coefficients[:, None])[:, 0]
            costs = rows.trials * np.logaddexp(0, scores) - rows.happened * scores
            return float(weights @ costs) + 0.5 * float(self._penalty @ coefficients**2)

        found, reached = start.copy(), loss(start)
        for _ in range(NEWTON_STEPS):
            probability = expit(rows.scores(found[:, None])[:, 0])
            residual = (rows.happened - rows.trials * probability) * weights
            gradient = rows.gradient(residual[:, None])[:, 0] - self._penalty * found
            curvature = np.tensordot(counts, rows.curvature(probability), axes=1)
            step = np.linalg.solve(curvature + np.diag(self._penalty), gradient)
            while loss(found + step) > reached + 1e-9 * abs(reached) and np.abs(step).max() > CLOSE:
                step /= 2
            found = found + step
            reached = loss(found)
            if np.abs(step).max() < CLOSE:
                break
        return found
