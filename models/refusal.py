"""When the data cannot answer: the gates, and what it would take to pass them."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from models.propensity import Codes, Design, Floats
from models.trial import Rules, Trial, flags, numbers
from models.weighting import effective_size, outside_support, overlap_weights

POWER, LEVEL = 0.80, 0.05
USUAL_CORRELATION = 0.05  # of wins within sellers, where it cannot be measured
LEAST_CLUSTERS = 20  # that a correlation within clusters can be measured on
DAYS_A_MONTH = 365.25 / 12


@dataclass(frozen=True)
class Evidence:
    """Counts that decide whether anything can be said; pairs are (not let go, let go)."""

    rules: Rules
    n: int
    sellers: int
    deals_by_arm: tuple[int, int]
    sellers_by_arm: tuple[int, int]
    wins_by_arm: tuple[int, int]
    followed_by_arm: tuple[int, int]

    @property
    def is_enough(self) -> bool:
        """Whether every gate of size is passed."""
        return (
            self.has_sellers
            and min(self.wins_by_arm) >= self.rules.min_events
            and min(self.followed_by_arm) >= self.rules.min_events
        )

    @property
    def has_sellers(self) -> bool:
        """Whether sellers are enough in all and in each arm, which waiting does not change."""
        return (
            self.sellers >= self.rules.min_sellers
            and min(self.sellers_by_arm) >= self.rules.min_sellers_arm
        )


def evidence(points: pd.DataFrame, rules: Rules) -> Evidence:
    """Counts of rows that `compared` gave."""
    treated = flags(points, "is_walked")
    followup = numbers(points, "followup_days")
    won = numbers(points, "days_to_account_win") <= np.minimum(followup, rules.horizon_days)
    followed = followup >= rules.horizon_days
    sellers = points["seller_id"]
    pair = (~treated, treated)
    return Evidence(
        rules=rules,
        n=len(points),
        sellers=sellers.nunique(),
        deals_by_arm=(int(pair[0].sum()), int(pair[1].sum())),
        sellers_by_arm=(sellers[pair[0]].nunique(), sellers[pair[1]].nunique()),
        wins_by_arm=(int((won & pair[0]).sum()), int((won & pair[1]).sum())),
        followed_by_arm=(int((followed & pair[0]).sum()), int((followed & pair[1]).sum())),
    )


def effective_by_arm(design: Design) -> tuple[float, float]:
    """Effective sizes (not let go, let go) under overlap weights."""
    treated = design.treated
    weights = overlap_weights(design.propensity, treated, np.ones(len(treated)))
    return effective_size(weights[~treated]), effective_size(weights[treated])


def overlap_verdicts(design: Design, rules: Rules) -> dict[str, str]:
    """'ok' or 'no_overlap' for each estimand.

    Nothing is said, not even naively, when an arm has fewer than `min_effective` effective deals
    under overlap weights, or more than `max_outside_doubt` of an arm has no counterpart; a
    statement about all deals needs counterparts for all but `max_outside_all` of each arm.
    """
    outside = max(outside_support(design))
    is_thin = (
        min(effective_by_arm(design)) < rules.min_effective or outside > rules.max_outside_doubt
    )
    in_doubt = "no_overlap" if is_thin else "ok"
    for_all = "no_overlap" if is_thin or outside > rules.max_outside_all else "ok"
    return {"association": in_doubt, "ato": in_doubt, "ate": for_all}


def correlation(values: Floats, clusters: Codes, unknown: float) -> float:
    """Intraclass correlation of `values` within clusters by analysis of variance, 0 to 1.

    `unknown` where fewer than LEAST_CLUSTERS, or too few rows, would have to tell.
    """
    sizes = np.bincount(clusters)
    n, held = len(values), sizes > 0
    k = int(held.sum())
    if k < LEAST_CLUSTERS or n < 2 * k or np.ptp(values) == 0:
        return unknown
    sizes = sizes[held]
    means = np.bincount(clusters, weights=values)[held] / sizes
    centre = values.mean()
    between = float((sizes * (means - centre) ** 2).sum()) / (k - 1)
    within = (float(((values - centre) ** 2).sum()) - between * (k - 1)) / (n - k)
    usual = (n - float((sizes**2).sum()) / n) / (k - 1)
    return float(np.clip((between - within) / (between + (usual - 1) * within), 0, 1))


def smallest_difference(trial: Trial) -> float:
    """The smallest true difference in wins that these rows would show 80 times in 100.

    From the pooled share of wins, the effective sizes under overlap weights, t(G-1), and the design
    effect of sellers: 1 + (m - 1) rho_y rho_a, with m the size-weighted mean of deals a seller and
    rho the correlations of wins and of arms within sellers (Moulton 1986).
    """
    from scipy.stats import t as student

    outcome = trial.win()
    known = outcome.weights > 0
    if not known.any() or trial.design.n_clusters < 2:
        return float("nan")
    clusters = trial.design.clusters[known]
    arms = trial.arms[known].astype(np.float64)
    sizes = np.bincount(clusters)
    typical = float((sizes**2).sum()) / float(sizes.sum())
    inflation = 1 + (typical - 1) * (
        correlation(np.compress(known, outcome.values), clusters, USUAL_CORRELATION)
        * correlation(arms, clusters, 1.0)
    )
    control, treated = (size * known.mean() for size in effective_by_arm(trial.design))
    variance = inflation * outcome.mean * (1 - outcome.mean) * (1 / control + 1 / treated)
    dof = trial.design.n_clusters - 1
    factor = student.ppf(1 - LEVEL / 2, dof) + student.ppf(POWER, dof)
    return float(factor * math.sqrt(variance))


def months_to_answer(points: pd.DataFrame, rules: Rules, found: Evidence) -> float:
    """Months of further history until wins and followed deals suffice, at the present pace.

    NaN when they do already, and when waiting does not help: too few sellers, or an arm that never
    wins.
    """
    if found.is_enough or not found.has_sellers:
        return float("nan")
    day, followup = numbers(points, "signal_day"), numbers(points, "followup_days")
    span = float((day + followup).max() - day.min()) - rules.horizon_days
    if span <= 0 or min(*found.wins_by_arm, *found.followed_by_arm) == 0:
        return float("nan")
    waits = [
        max(rules.min_events - count, 0) / (count / span)
        for count in (*found.wins_by_arm, *found.followed_by_arm)
    ]
    return math.ceil(max(waits) / DAYS_A_MONTH)


def pilot(share: float) -> tuple[float, float]:
    """Deals in each arm of a randomised pilot, and the difference in wins that it would show.

    The difference is half of the usual share of wins, at least 2 and at most 10 points; deals are
    drawn by lot within each seller, which removes what sellers differ in (5 % two-sided, power
    80 %).
    """
    from scipy.stats import norm

    if not 0 < share < 1:
        return float("nan"), float("nan")
    difference = min(max(share / 2, 0.02), 0.10, share)
    other = share - difference
    spread = share * (1 - share) + other * (1 - other)
    factor = norm.ppf(1 - LEVEL / 2) + norm.ppf(POWER)
    return math.ceil(factor**2 * spread / difference**2), difference


def prospects(points: pd.DataFrame, trial: Trial | None, found: Evidence) -> Mapping[str, float]:
    """What it would take to say more, by key of marts.diagnostics; unknown ones are left out."""
    rules = found.rules
    facts: dict[str, float] = {}
    if trial is not None:
        facts["smallest_difference"] = smallest_difference(trial)
        facts["months_to_answer"] = months_to_answer(points, rules, found)
        outcome = trial.win()
        if outcome.weights.any():
            facts["pilot_deals_per_arm"], facts["pilot_difference"] = pilot(outcome.mean)
    if found.sellers < rules.min_sellers:
        facts["sellers_missing"] = float(rules.min_sellers - found.sellers)
    return {key: value for key, value in facts.items() if math.isfinite(value)}
