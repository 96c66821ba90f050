"""How far groups of sellers spread after case mix: observed over expected, drawn together, tested.

Indirect standardisation: what is expected of a group is what a model that knows nothing of groups
expects of its own deals. Groups are then told apart, or not, by models.heterogeneity: one test of
them all, and empirical-Bayes shrinkage with its own estimate of their spread.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.optimize import brentq
from scipy.stats import f as fisher

from models.covariates import matrix
from models.heterogeneity import judge
from models.propensity import Codes, Flags, Floats, codes, fit_probability

# Ends of the periods in days: the chance to be decided falls with the time since the signal.
EDGES = (7, 14, 21, 30, 45, 60, 90)
SKEWED = ("amount", "age_days", "days_in_stage", "silence_days")
PLAIN = ("stage_order",)
LEVELS = ("signal", "source", "pipeline", "quarter")
LEAST_CLUSTERS, LEAST_EXPECTED, MOST_GROUPS = 3, 10.0, 300
SPREADS = 3.0  # no group's rate is exp(3) times another's


@dataclass(frozen=True, eq=False)
class Expected:
    """Decisions of each deal and those expected of one like it, by period; NaN where not at risk.

    `observed` and `chance` are (n, len(EDGES)).
    """

    observed: Floats
    chance: Floats

    def counts(self, until: int) -> Floats:
        """Observed and expected decisions within `until` days, one of EDGES, and their variance.

        (n, 3): the variance is that of as many throws of unlike coins.
        """
        some = slice(0, EDGES.index(until) + 1)
        at_risk = np.isfinite(self.observed[:, some])
        chance = np.where(at_risk, self.chance[:, some], 0.0)
        observed = np.where(at_risk, self.observed[:, some], 0.0)
        parts = (observed, chance, chance * (1 - chance))
        return np.column_stack([part.sum(axis=1) for part in parts])

    def curve(self, rows: Flags) -> Floats:
        """Share of these deals that the model expects to be decided by each of EDGES."""
        found: Floats = 1 - np.cumprod(1 - self.chance[rows], axis=1).mean(axis=0)
        return found


def expected_decisions(waits: pd.DataFrame, is_decided: Flags) -> Expected:
    """What a model without groups expects of each deal of features.decision_times.

    Pooled logistic regression over periods, of deals followed to a period's end. Whether a deal is
    followed depends on the day of its signal alone, so those who ended before are left out alike.
    """
    known, _ = matrix(waits, skewed=SKEWED, plain=PLAIN, levels=LEVELS)
    n, many = len(waits), len(EDGES)
    days = waits["days"].to_numpy(dtype=np.float64)
    followed = waits["followup_days"].to_numpy(dtype=np.float64)
    starts = np.array([0, *EDGES[:-1]])
    ends = np.array(EDGES)
    at_risk = (days[:, None] > starts) & (followed[:, None] >= ends)
    ended = is_decided[:, None] & (days[:, None] <= ends)
    x = np.column_stack(
        [np.repeat(known, many, axis=0), np.tile(np.eye(many)[:, 1:], (n, 1))],
    )
    used = at_risk.ravel()
    chance = fit_probability(x[used], ended.ravel()[used], x) if used.any() else np.zeros(n * many)
    return Expected(np.where(at_risk, ended, np.nan), chance.reshape(n, many))


def expected_shares(rows: pd.DataFrame, event: Flags) -> Floats:
    """Each row's event, its chance by source and quarter alone, and its variance. (n, 3)"""
    told = pd.DataFrame(
        {"source": rows["source"], "period": (rows["month"] // 3).astype(str)}
    ).reset_index(drop=True)
    known, _ = matrix(told, skewed=(), plain=(), levels=("source", "period"))
    chance = fit_probability(known, event, known)
    return np.column_stack([event.astype(np.float64), chance, chance * (1 - chance)])


@dataclass(frozen=True, eq=False)
class Spread:
    """`groups`: a row a group with its ratio and what it shrinks to; `test`: are they alike?"""

    groups: pd.DataFrame
    test: dict[str, object]


def spread(labels: pd.Series, counts: Floats, clusters: Codes) -> Spread:
    """Ratios of observed over expected by label, beside the ratio of all.

    `counts` (n, 3) are what Expected.counts gives. A group speaks from 3 clusters and 10 expected
    on; of more than 300 the largest do. How much clusters differ beyond chance is taken from those
    of all groups together, since the few of one group may agree by chance: a cluster's count has
    the variance V + s^2 E^2, with s^2 by moments about the groups' own ratios, never below nothing
    (McCullagh and Nelder, Generalized Linear Models, 1989, 6.2.3).
    """
    names = np.asarray(labels.astype(str))
    order, known = codes(names), np.unique(names)
    size = np.array([len(np.unique(clusters[order == k])) for k in range(len(known))], dtype=int)
    counts = counts * np.array([1.0, *[counts[:, 0].sum() / max(counts[:, 1].sum(), 1e-12)] * 2])
    expected = np.bincount(order, weights=counts[:, 1], minlength=len(known))
    speaks = (size >= LEAST_CLUSTERS) & (expected >= LEAST_EXPECTED)
    largest = np.lexsort((known, -np.where(speaks, expected, -1.0)))
    said = sorted(int(k) for k in largest[:MOST_GROUPS] if speaks[k])
    if not said:
        blank = dict.fromkeys(("f", "dof", "dof_error", "p", "spread", "low", "high"), np.nan)
        told = {"levels": len(known), "levels_said": 0, **blank, "verdict": "too_few"}
        return Spread(pd.DataFrame({"name": []}), told)
    groups = [_summed(counts[order == k], clusters[order == k]) for k in said]
    # Half a case is added on either side, so that nothing observed has a logarithm.
    ratios = np.log([np.divide(*(parts[:, :2].sum(axis=0) + 0.5)) for parts in groups])
    variances = _variances(groups, np.exp(ratios))
    freedom = int(size[said].sum()) - len(said)
    samples = ratios + _uncorrelated(variances)
    judged = judge(ratios, samples, 0.0, np.zeros(len(samples)), freedom + 1, freedom)
    is_tested = judged.test["verdict"] == "ok"
    ends = spread_limits(ratios, variances, freedom) if is_tested else (np.nan, np.nan)
    rows = pd.concat([pd.DataFrame({"name": known[said]}), pd.DataFrame(judged.rows)], axis=1)
    test = {"levels": len(known), **judged.test, "low": ends[0], "high": ends[1]}
    return Spread(rows, test)


def _summed(counts: Floats, clusters: Codes) -> Floats:
    inside = codes(clusters)
    return np.column_stack([np.bincount(inside, weights=column) for column in counts.T])


def _variances(groups: list[Floats], ratios: Floats) -> Floats:
    """Variances of log ratios, from what clusters of all groups differ by beyond chance. (k,)"""
    excess = total = 0.0
    for parts, ratio in zip(groups, ratios, strict=True):
        observed, expected, variance = parts.T
        few = len(parts) / (len(parts) - 1)
        excess += float((few * (observed - ratio * expected) ** 2 - ratio * variance).sum())
        total += float(np.square(ratio * expected).sum())
    beyond = max(excess / total, 0.0)
    return np.array(
        [
            (ratio * parts[:, 2] + beyond * np.square(ratio * parts[:, 1])).sum()
            / np.square(ratio * parts[:, 1].sum())
            for parts, ratio in zip(groups, ratios, strict=True)
        ]
    )


def _uncorrelated(variances: Floats) -> Floats:
    """A sample (2 k + 2, k) of these variances, whose columns have no mean and do not correlate.

    Cosines of different whole frequencies, as in the discrete cosine transform.
    """
    many = len(variances)
    steps = 2 * many + 2
    waves = np.cos(np.pi * np.outer(np.arange(steps) + 0.5, np.arange(many) + 1) / steps)
    found: Floats = waves * np.sqrt(2 * variances * (steps - 1) / steps)
    return found


def spread_limits(estimates: Floats, variances: Floats, freedom: float) -> tuple[float, float]:
    """The spreads at which the test would just not be surprised, 2.5 % on either side.

    Q-profile (Viechtbauer, Statistics in Medicine 26, 2007), with the test's own F in the place of
    chi-square since variances are estimated.
    """
    p = len(estimates) - 1

    def statistic(spread_: float) -> float:
        weights = 1 / (variances + spread_**2)
        middle = (weights @ estimates) / weights.sum()
        return float(weights @ np.square(estimates - middle)) / p

    def where(level: float) -> float:
        wanted = float(fisher.ppf(level, p, freedom))
        if statistic(0.0) <= wanted:
            return 0.0
        if statistic(SPREADS) >= wanted:
            return SPREADS
        return float(brentq(lambda value: statistic(value) - wanted, 0.0, SPREADS))

    return where(0.975), where(0.025)
