"""Who is let go: the probability of treatment given what was known, and the rows behind it."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Codes = npt.NDArray[np.intp]

RIDGE = 1.0  # penalty on standardised covariates: mild, so that rare levels cannot run away
# Stronger for rows that the fit has not seen: there, noise in the probability is pure loss.
CROSSFIT_RIDGE = 5.0
FOLDS = 5
CLIP = (0.02, 0.98)
SEED = 20261123


def standardised(x: Floats) -> Floats:
    """Columns with mean 0 and deviation 1; a constant one becomes zeros, one with NaN all NaN."""
    x = np.asarray(x, dtype=np.float64)
    spread = x.std(axis=0)
    scaled: Floats = np.divide(
        x - x.mean(axis=0), spread, out=np.zeros_like(x), where=~(spread <= 1e-12)
    )
    return scaled


def fit_probability(
    x: Floats, y: Flags, x_new: Floats, weights: Floats | None = None, ridge: float = RIDGE
) -> Floats:
    """P(y) at the rows of `x_new` by ridge logistic regression of `y` (n,) on `x` (n, p).

    Rows of weight 0 are left out; where all remaining rows agree, their value is the answer.
    """
    from sklearn.linear_model import LogisticRegression

    used = slice(None) if weights is None else weights > 0
    labels = y[used]
    if labels.size == 0:
        raise ValueError("a probability cannot be learned from no rows; drop the empty group first")
    if labels.all() or not labels.any() or x.shape[1] == 0:
        share = np.average(labels, weights=None if weights is None else weights[used])
        return np.full(len(x_new), float(share))
    model = LogisticRegression(C=1 / ridge, solver="newton-cholesky", max_iter=50)
    model.fit(x[used], labels, sample_weight=None if weights is None else weights[used])
    probability: Floats = model.predict_proba(x_new)[:, 1]
    return probability


@dataclass(frozen=True, eq=False)
class Design:
    """Rows of one comparison: who was treated, what was known, and which rows hang together.

    `treated` (n,), `x` (n, p) standardised, `clusters` (n,) codes 0..G-1; `seed` of what is dealt
    by lot. `modelled` (p,) marks the columns that models of the outcome may read
    (all, when None): calendar columns are not among them where the end of the data cuts follow-up,
    since of the latest deals only early wins are known. Raises ValueError for shapes that do not
    fit or an arm without rows.
    """

    treated: Flags
    x: Floats
    clusters: Codes
    seed: int = SEED
    modelled: Flags | None = None

    def __post_init__(self) -> None:
        n = len(self.treated)
        if self.x.ndim != 2 or len(self.x) != n or len(self.clusters) != n:
            raise ValueError(
                f"treated has {n} rows, x has shape {self.x.shape}, clusters has "
                f"{len(self.clusters)} rows: give one row a deal in each"
            )
        if not np.isfinite(self.x).all():
            raise ValueError("x holds missing values: fill them in and mark them first")
        if self.treated.all() or not self.treated.any():
            raise ValueError(f"all {n} rows are in one arm: nothing can be compared")

    @property
    def n_clusters(self) -> int:
        """Number of clusters (sellers)."""
        return int(self.clusters.max()) + 1

    @property
    def outcome_x(self) -> Floats:
        """The columns of `x` that models of the outcome may read."""
        return self.x if self.modelled is None else self.x[:, self.modelled]

    @cached_property
    def propensity(self) -> Floats:
        """P(treated) of each row from a fit on all rows, for weights and diagnostics. (n,)"""
        return fit_probability(self.x, self.treated, self.x)

    @cached_property
    def folds(self) -> list[tuple[Codes, Codes]]:
        """Rows to learn from and rows to predict; no cluster is on both sides of a split."""
        from sklearn.model_selection import GroupKFold

        splitter = GroupKFold(n_splits=min(FOLDS, self.n_clusters))
        return list(splitter.split(self.x, groups=self.clusters))

    @cached_property
    def crossfitted(self) -> Floats:
        """P(treated) of each row as learned from the other folds, clipped to CLIP. (n,)"""
        probability = np.empty(len(self.treated))
        for learn, predict in self.folds:
            probability[predict] = fit_probability(
                self.x[learn], self.treated[learn], self.x[predict], ridge=CROSSFIT_RIDGE
            )
        return np.clip(probability, *CLIP)

    def learned(self, moved: Floats) -> Floats:
        """Influence of each row through the fitted probability on a sum over rows. (n,)

        `moved` (n,) is what each row's part of the sum gains per log-odds of its probability.
        """
        e = self.propensity
        columns = np.column_stack([np.ones(len(e)), self.x])
        curvature = columns.T @ (columns * (e * (1 - e))[:, None])
        curvature[np.diag_indices(len(curvature))] += [1e-8, *([RIDGE] * self.x.shape[1])]
        found: Floats = (self.treated - e) * (
            columns @ np.linalg.solve(curvature, columns.T @ moved)
        )
        return found

    def subset(self, rows: Flags) -> "Design":
        """The same comparison on some of the rows, with covariates standardised anew."""
        return Design(
            self.treated[rows],
            standardised(self.x[rows]),
            codes(self.clusters[rows]),
            self.seed,
            self.modelled,
        )


def codes(labels: npt.ArrayLike) -> Codes:
    """Labels as codes 0..G-1 in the order of the sorted labels, so that row order is nothing."""
    found: Codes = np.unique(np.asarray(labels), return_inverse=True)[1].astype(np.intp)
    return found
