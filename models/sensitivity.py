"""How wrong the comparison could be: formulas, each of arrays or numbers alone."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from models.effects import Effect, Estimator, Outcome, arm_predictions
from models.propensity import Design, Floats

PERMUTATIONS = 100


@dataclass(frozen=True)
class Interval:
    """A number with its 95 % interval; NaN where there is none."""

    estimate: float
    low: float = float("nan")
    high: float = float("nan")


def e_value(ratio: float) -> float:
    """How strong (as risk ratios) a confounder must be to make a risk ratio out of nothing.

    R + sqrt(R (R - 1)) with R the ratio or its inverse, whichever is above 1 (VanderWeele, Ding
    2017). NaN for a ratio that is not positive.
    """
    if not ratio > 0:
        return float("nan")
    above = max(ratio, 1 / ratio)
    return above + math.sqrt(above * (above - 1))


def risk_ratio(effect: Effect) -> Interval:
    """Treated over control, interval on the log scale; NaN where a mean is not positive."""
    from scipy.stats import t as student

    if min(effect.control_mean, effect.treated_mean) <= 0:
        return Interval(float("nan"))
    parts = (
        effect.contributions[:, 1] / effect.treated_mean
        - effect.contributions[:, 0] / effect.control_mean
    )
    margin = float(student.ppf(0.975, effect.dof)) * math.sqrt(float(parts @ parts))
    ratio = effect.treated_mean / effect.control_mean
    return Interval(ratio, ratio * math.exp(-margin), ratio * math.exp(margin))


def e_value_of_limit(ratio: Interval) -> float:
    """E-value of the end of the interval that is nearer to 1; 1 when the interval holds 1."""
    if math.isnan(ratio.estimate):
        return float("nan")
    if ratio.low <= 1 <= ratio.high:
        return 1.0
    return e_value(ratio.low if ratio.estimate > 1 else ratio.high)


def robustness_value(t: float, dof: int, q: float = 1.0) -> float:
    """Share of residual variance of both outcome and treatment that would take away q of a t-value.

    (sqrt(f^4 + 4 f^2) - f^2) / 2 with f = q |t| / sqrt(dof) (Cinelli, Hazlett 2020).
    """
    square = (q * t) ** 2 / dof
    return (math.sqrt(square**2 + 4 * square) - square) / 2


@dataclass(frozen=True)
class Regression:
    """Least squares of the outcome on treatment and covariates: what bounds on bias start from."""

    estimate: float
    error: float
    dof: int

    @property
    def t(self) -> float:
        """Estimate over its (unclustered) standard error."""
        return self.estimate / self.error if self.error > 0 else float("nan")


def _least_squares(columns: Floats, y: Floats, weights: Floats) -> tuple[float, float, int]:
    """Coefficient of the first column with its error and residual degrees of freedom."""
    root = np.sqrt(weights)[:, None]
    held = np.column_stack([columns, np.ones(len(columns))]) * root
    target = y * root[:, 0]
    found, _, rank, _ = np.linalg.lstsq(held, target, rcond=1e-10)
    dof = int((weights > 0).sum()) - int(rank)
    residual = target - held @ found
    others = held[:, 1:]
    own = held[:, 0] - others @ np.linalg.lstsq(others, held[:, 0], rcond=1e-10)[0]
    size = float(own @ own)
    if dof <= 0 or size <= 1e-12:
        return float(found[0]), float("nan"), max(dof, 1)
    return float(found[0]), math.sqrt(float(residual @ residual) / dof / size), dof


def regression(design: Design, outcome: Outcome) -> Regression:
    """The outcome on treatment and covariates, weighted for follow-up."""
    columns = np.column_stack([design.treated.astype(float), design.outcome_x])
    return Regression(*_least_squares(columns, outcome.values, outcome.weights))


def as_strong_as(design: Design, outcome: Outcome, column: int) -> Interval:
    """The regression's estimate if a hidden confounder were as strong as one covariate.

    The bound of Cinelli and Hazlett (2020, section 4.4) with k = 1; the estimate is moved towards
    0, and past it when the confounder would suffice.
    """
    base = regression(design, outcome)
    treated = design.treated.astype(float)
    keep = np.ones(design.x.shape[1], bool) if design.modelled is None else design.modelled.copy()
    keep[column] = False
    others = design.x[:, keep]
    own = design.x[:, [column]]
    on_treated, error, dof = _least_squares(
        np.column_stack([own, others]), treated, outcome.weights
    )
    square = (on_treated / error) ** 2
    with_treatment = square / (square + dof)
    on_outcome, error, dof = _least_squares(
        np.column_stack([own, treated, others]), outcome.values, outcome.weights
    )
    square = (on_outcome / error) ** 2
    with_outcome = square / (square + dof)
    odds = with_treatment / (1 - with_treatment)
    if not odds < 1:
        return Interval(float("nan"))
    linked = with_treatment**2 / ((1 - with_treatment) * (1 - with_treatment))
    hidden = min((1 + math.sqrt(linked)) ** 2 / (1 - linked) * with_outcome / (1 - with_outcome), 1)
    bias = base.error * math.sqrt(base.dof) * math.sqrt(hidden * odds / (1 - odds))
    return Interval(base.estimate - math.copysign(bias, base.estimate))


def _clustered(score: Floats, clusters: np.ndarray, scale: float, centre: float) -> Interval:
    from scipy.stats import t as student

    groups = int(clusters.max()) + 1
    parts = np.bincount(clusters, weights=score, minlength=groups) / scale
    error = math.sqrt(groups / (groups - 1) * float(parts @ parts))
    margin = float(student.ppf(0.975, groups - 1)) * error
    return Interval(centre, centre - margin, centre + margin)


def let_go_bounds(design: Design, outcome: Outcome) -> tuple[Interval, Interval]:
    """Effect on the deals that were let go, if pursued they had won never, or like look-alikes.

    The second is doubly robust for the treated, cross-fitted; sellers let the worse deals go, so
    the truth lies between the two as far as their judgement was better than chance.
    """
    treated, e = design.treated, design.crossfitted
    pursued = arm_predictions(design, outcome)[:, 0]
    number = float(treated.sum())
    never = np.where(treated, outcome.weights * outcome.values, 0.0)
    gap = outcome.weights * (outcome.values - pursued)
    alike = np.where(treated, gap, -gap * e / (1 - e))
    found = []
    for score in (never, alike):
        centre = float(score.sum()) / number
        found.append(_clustered(score - treated * centre, design.clusters, number, centre))
    return found[0], found[1]


def permuted(
    design: Design, outcome: Outcome, estimator: Estimator, draws: int = PERMUTATIONS
) -> Interval:
    """Estimates when arms are dealt out anew within each cluster: mean, and the middle 95 %.

    Nothing should be left: an interval without 0 says that the method makes effects up.
    """
    generator = np.random.default_rng(design.seed)
    home = np.argsort(design.clusters, kind="stable")
    estimates = []
    for _ in range(draws):
        order = np.lexsort((generator.random(len(home)), design.clusters))
        treated = np.empty_like(design.treated)
        treated[home] = design.treated[order]
        dealt = Design(treated, design.x, design.clusters, seed=design.seed)
        estimates.append(estimator(dealt, [outcome])[0].estimate)
    low, high = np.quantile(estimates, (0.025, 0.975))
    return Interval(float(np.mean(estimates)), float(low), float(high))


def trimmed(
    design: Design, outcome: Outcome, estimator: Estimator, edges: Sequence[float]
) -> list[tuple[float, int, Effect | None]]:
    """The effect among rows whose propensity lies in [edge, 1 - edge], with the rows left.

    None where an arm is empty, or one cluster would be left.
    """
    found: list[tuple[float, int, Effect | None]] = []
    for edge in edges:
        rows = (design.propensity >= edge) & (design.propensity <= 1 - edge)
        inside = design.treated[rows]
        is_possible = (
            inside.any() and not inside.all() and np.unique(design.clusters[rows]).size > 1
        )
        if not is_possible:
            found.append((edge, int(rows.sum()), None))
            continue
        part = Outcome(outcome.values[rows], outcome.weights[rows], outcome.is_binary)
        found.append((edge, int(rows.sum()), estimator(design.subset(rows), [part])[0]))
    return found
