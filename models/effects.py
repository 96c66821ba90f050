"""What a treatment does to an outcome: one function a method, one result type, clustered intervals.

Every estimator takes a Design and outcomes and gives an Effect an outcome. METHODS is the list that
the comparison runs; an estimator that needs other data (clone-censor-weight) gives Effects too.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from models.propensity import Design, Flags, Floats, codes, fit_probability, standardised
from models.weighting import (
    effective_size,
    ipw_weights,
    naive_weights,
    overlap_weights,
)

OUTCOME_RIDGE = 10.0  # of the outcome model: one arm holds few events
RIDGE_GRID = (1.0, 10.0, 100.0, 1000.0)


@dataclass(frozen=True, eq=False)
class Outcome:
    """Values (n,) and, for each row, how many rows it stands for (n,): 0 where it is unknown."""

    values: Floats
    weights: Floats
    is_binary: bool

    @property
    def mean(self) -> float:
        """Mean over the known rows, each by what it stands for."""
        return float(np.average(self.values, weights=self.weights))

    @classmethod
    def of(cls, values: npt.ArrayLike, weights: npt.ArrayLike | None = None) -> "Outcome":
        """Values as they are; NaN is unknown and weighs 0. Binary when they are all 0 or 1."""
        known = np.asarray(values, dtype=np.float64)
        is_known = np.isfinite(known)
        given = np.ones(len(known)) if weights is None else np.asarray(weights, dtype=np.float64)
        filled = np.where(is_known, known, 0.0)
        return cls(filled, np.where(is_known, given, 0.0), bool(np.isin(filled, (0, 1)).all()))


@dataclass(frozen=True, eq=False)
class Effect:
    """A difference, treated less control, with its 95 % interval.

    `contributions` (K, 2) are the parts (control, treated) whose products sum to the covariance of
    the arm means: influences of clusters, or deviations of bootstrap draws. `estimand` is 'ate'
    (all rows), 'ato' (rows in doubt), 'per_protocol' (sustained strategies, all rows) or
    'association' (no causal meaning).
    """

    method: str
    estimand: str
    estimate: float
    low: float
    high: float
    control_mean: float
    treated_mean: float
    n: int
    effective_n: float
    dof: int
    contributions: Floats

    @property
    def error(self) -> float:
        """Standard error of the estimate."""
        return float(np.sqrt(covariance(self, self)))


def covariance(a: Effect, b: Effect) -> float:
    """Covariance of two estimates of one method on the same rows and clusters."""
    if a.contributions.shape != b.contributions.shape or a.method != b.method:
        raise ValueError(
            f"effects by {a.method} and {b.method} do not come from the same rows: estimate both "
            "outcomes in one call"
        )
    first = a.contributions[:, 1] - a.contributions[:, 0]
    second = b.contributions[:, 1] - b.contributions[:, 0]
    return float(first @ second)


Estimator = Callable[[Design, Sequence[Outcome]], list[Effect]]
Weigher = Callable[[Floats, Flags, Floats], Floats]


def effect_of(
    method: str,
    estimand: str,
    means: Floats,
    contributions: Floats,
    n: int,
    effective_n: float,
    dof: int,
) -> Effect:
    """An Effect from arm means (control, treated) and their contributions, by t on `dof`."""
    from scipy.stats import t as student

    estimate = float(means[1] - means[0])
    error = float(np.sqrt(np.square(contributions[:, 1] - contributions[:, 0]).sum()))
    margin = float(student.ppf(0.975, dof)) * error if dof > 0 else float("nan")
    return Effect(
        method,
        estimand,
        estimate,
        estimate - margin,
        estimate + margin,
        float(means[0]),
        float(means[1]),
        n,
        effective_n,
        dof,
        contributions,
    )


def _by_cluster(influence: Floats, design: Design) -> Floats:
    """Influences (n, 2) summed by cluster, scaled so that products sum to a covariance. (G, 2)"""
    groups = design.n_clusters
    summed = np.zeros((groups, 2))
    np.add.at(summed, design.clusters, influence)
    scaled: Floats = summed * np.sqrt(groups / max(groups - 1, 1))
    return scaled


def _ipw_slopes(propensity: Floats, treated: Flags, weights: Floats) -> Floats:
    """What an inverse-probability weight gains per log-odds; nothing where it was truncated."""
    slopes = weights * np.where(treated, propensity - 1, propensity)
    return np.where(weights < weights.max(), slopes, 0.0)


def _overlap_slopes(propensity: Floats, treated: Flags, weights: Floats) -> Floats:
    """What an overlap weight gains per log-odds."""
    return weights * np.where(treated, -propensity, 1 - propensity)


def _weighted(
    method: str, estimand: str, weigh: Weigher, slope: Weigher | None = None
) -> Estimator:
    """Weighted means by arm; the error is that of the influence of whole clusters.

    `slope` says how weights follow the fitted log-odds, so that the influence also counts that the
    probability was learned (Lunceford, Davidian 2004); None where nothing was.
    """

    def estimate(design: Design, outcomes: Sequence[Outcome]) -> list[Effect]:
        treated, ones = design.treated, np.ones(len(design.treated))
        e = ones if slope is None else design.propensity
        weights = weigh(e, treated, ones)
        effects = []
        for outcome in outcomes:
            both = weights * outcome.weights
            means, influence = np.full(2, np.nan), np.zeros((len(treated), 2))
            for arm, rows in enumerate((~treated, treated)):
                total = both[rows].sum()
                if total <= 0:
                    continue
                means[arm] = both[rows] @ outcome.values[rows] / total
                gap = np.where(rows, outcome.values - means[arm], 0.0) / total
                influence[:, arm] = both * gap
                if slope is not None:
                    moved = slope(e, treated, weights) * outcome.weights * gap
                    influence[:, arm] += design.learned(moved)
            effects.append(
                effect_of(
                    method,
                    estimand,
                    means,
                    _by_cluster(influence, design),
                    int((outcome.weights > 0).sum()),
                    effective_size(both[treated]) + effective_size(both[~treated]),
                    design.n_clusters - 1,
                )
            )
        return effects

    return estimate


def _predict(x: Floats, outcome: Outcome, rows: npt.NDArray[np.intp], x_new: Floats) -> Floats:
    """The outcome at `x_new` by a ridge model learned from some rows, weighted as they count."""
    known = rows[outcome.weights[rows] > 0]
    if known.size == 0:
        raise ValueError(
            "an arm has no known outcome outside one fold of sellers: too few to compare"
        )
    weights, values = outcome.weights[known], outcome.values[known]
    if outcome.is_binary:
        return fit_probability(x[known], values > 0.5, x_new, weights, ridge=OUTCOME_RIDGE)
    from sklearn.linear_model import RidgeCV

    model = RidgeCV(alphas=RIDGE_GRID).fit(x[known], values, sample_weight=weights)
    prediction: Floats = model.predict(x_new)
    return prediction


def arm_predictions(design: Design, outcome: Outcome) -> Floats:
    """Cross-fitted means of the outcome for each row under (control, treated). (n, 2)"""
    x, means = design.outcome_x, np.empty((len(design.treated), 2))
    for learn, predict in design.folds:
        for arm in (0, 1):
            rows = learn[design.treated[learn] == bool(arm)]
            means[predict, arm] = _predict(x, outcome, rows, x[predict])
    return means


def doubly_robust(design: Design, outcomes: Sequence[Outcome]) -> list[Effect]:
    """Augmented inverse-probability weighting, cross-fitted by cluster (Robins; Chernozhukov 2018).

    Right when either the propensity or the outcome model is; the variance is clustered, with
    G/(G-1), and the interval from t(G-1).
    """
    treated, e = design.treated, design.crossfitted
    share = np.where(treated, 1 / e, 1 / (1 - e))
    effects = []
    for outcome in outcomes:
        means = arm_predictions(design, outcome)
        score = means.copy()
        for arm, rows in enumerate((~treated, treated)):
            residual = outcome.values[rows] - means[rows, arm]
            score[rows, arm] += outcome.weights[rows] * residual * share[rows]
        average = score.mean(axis=0)
        both = share * outcome.weights
        effects.append(
            effect_of(
                "doubly_robust",
                "ate",
                average,
                _by_cluster((score - average) / len(treated), design),
                int((outcome.weights > 0).sum()),
                effective_size(both[treated]) + effective_size(both[~treated]),
                design.n_clusters - 1,
            )
        )
    return effects


METHODS: Mapping[str, Estimator] = {
    "naive": _weighted("naive", "association", naive_weights),
    "ipw": _weighted("ipw", "ate", ipw_weights, _ipw_slopes),
    "overlap": _weighted("overlap", "ato", overlap_weights, _overlap_slopes),
    "doubly_robust": doubly_robust,
}


def ate(
    y: npt.ArrayLike,
    treated: npt.ArrayLike,
    x: npt.ArrayLike,
    clusters: npt.ArrayLike | None = None,
    method: str = "doubly_robust",
    *,
    weights: npt.ArrayLike | None = None,
) -> Effect:
    """The effect of `treated` (n,) on `y` (n,) given `x` (n, p), by one of METHODS.

    NaN in `y` is unknown; `weights` (n,) says how many rows a known row stands for; without
    `clusters` (n,) every row is its own. Raises ValueError for an unknown method, missing
    covariates or an empty arm.
    """
    if method not in METHODS:
        raise ValueError(f"method {method!r} is not known; choose one of {', '.join(METHODS)}")
    flags = np.asarray(treated, dtype=np.float64) > 0.5
    labels = np.arange(len(flags)) if clusters is None else clusters
    design = Design(flags, standardised(np.asarray(x, dtype=np.float64)), codes(labels))
    return METHODS[method](design, [Outcome.of(y, weights)])[0]
