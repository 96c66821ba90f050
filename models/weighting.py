"""Weights that make two arms alike, and how far they do: balance, overlap, effective size."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from models.propensity import CLIP, Design, Flags, Floats

TRUNCATION = 0.995
BINS = 20
ARMS = ("disqualify", "not_disqualify")


def naive_weights(propensity: Floats, treated: Flags, weights: Floats) -> Floats:
    """One for every row: the arms as they are."""
    return weights


def ipw_weights(propensity: Floats, treated: Flags, weights: Floats) -> Floats:
    """Stabilised inverse-probability weights, truncated at their 99.5 % quantile.

    `weights` (n,) says how often each row counts (0 = not drawn). Each arm comes to look like all
    rows (Robins, Hernan, Brumback 2000).
    """
    share = np.average(treated, weights=weights)
    odds = np.clip(propensity, 1e-6, 1 - 1e-6)
    inverse = np.where(treated, share / odds, (1 - share) / (1 - odds))
    drawn = weights > 0
    truncated: Floats = np.minimum(inverse, np.quantile(inverse[drawn], TRUNCATION))
    return weights * truncated


def overlap_weights(propensity: Floats, treated: Flags, weights: Floats) -> Floats:
    """Each row by the probability of the other arm: both arms come to look like the deals in doubt.

    Li, Morgan, Zaslavsky 2018; with a logistic model without penalty the means balance exactly.
    """
    return weights * np.where(treated, 1 - propensity, propensity)


def effective_size(weights: Floats) -> float:
    """Kish's effective sample size, (sum w)^2 / sum w^2; 0 where all weights are 0."""
    square = float(np.square(weights).sum())
    return float(weights.sum()) ** 2 / square if square > 0 else 0.0


def top_share(weights: Floats, share: float = 0.01) -> float:
    """Share of all weight held by the heaviest `share` of rows (at least one row)."""
    total = float(weights.sum())
    count = max(1, round(share * len(weights)))
    return float(np.sort(weights)[-count:].sum()) / total if total > 0 else float("nan")


def mean_differences(x: Floats, treated: Flags, weights: Floats) -> Floats:
    """Standardised mean difference of each column of `x` (n, p), treated less control. (p,)

    The deviation is pooled over the arms *without* weights, so that weighting cannot hide a
    difference by widening the arms; 0 where a column does not vary.
    """
    pooled = np.sqrt((x[treated].var(axis=0) + x[~treated].var(axis=0)) / 2)
    difference = np.average(x[treated], axis=0, weights=weights[treated]) - np.average(
        x[~treated], axis=0, weights=weights[~treated]
    )
    scaled: Floats = np.divide(difference, pooled, out=np.zeros(x.shape[1]), where=pooled > 1e-12)
    return scaled


def balance(design: Design, names: Sequence[str]) -> pd.DataFrame:
    """Love plot as a table: a row a covariate, its difference before and after weighting."""
    ones = np.ones(len(design.treated))
    e, treated = design.propensity, design.treated
    return pd.DataFrame(
        {
            "covariate": list(names),
            "smd_before": mean_differences(design.x, treated, ones),
            "smd_ipw": mean_differences(design.x, treated, ipw_weights(e, treated, ones)),
            "smd_overlap": mean_differences(design.x, treated, overlap_weights(e, treated, ones)),
        }
    )


def overlap_table(design: Design) -> pd.DataFrame:
    """Histogram of the probability of being let go, by arm: arm, bin_low, bin_high, n."""
    edges = np.linspace(0, 1, BINS + 1).round(4)
    parts = []
    for arm, rows in zip(ARMS, (design.treated, ~design.treated), strict=True):
        counts = np.histogram(design.propensity[rows], bins=edges)[0]
        parts.append(
            pd.DataFrame({"arm": arm, "bin_low": edges[:-1], "bin_high": edges[1:], "n": counts})
        )
    return pd.concat(parts, ignore_index=True)


def outside_support(design: Design) -> tuple[float, float]:
    """Share of treated rows and of controls that have no counterpart in the other arm.

    A treated row lies outside when its probability is above the 99 % quantile of the controls', a
    control when it is below the 1 % quantile of the treated; either also beyond CLIP on its side.
    """
    e, treated = design.propensity, design.treated
    highest = min(float(np.quantile(e[~treated], 0.99)), CLIP[1])
    lowest = max(float(np.quantile(e[treated], 0.01)), CLIP[0])
    return float((e[treated] > highest).mean()), float((e[~treated] < lowest).mean())


def weight_facts(design: Design) -> Mapping[str, float]:
    """Numbers that say whether the weights can be trusted, by key."""
    e, treated = design.propensity, design.treated
    ones = np.ones(len(treated))
    facts: dict[str, float] = {}
    for name, weigh in (("ipw", ipw_weights), ("overlap", overlap_weights)):
        weights = weigh(e, treated, ones)
        facts[f"effective_n_{name}_disqualify"] = effective_size(weights[treated])
        facts[f"effective_n_{name}_not_disqualify"] = effective_size(weights[~treated])
        facts[f"top_1_percent_{name}_weight_share"] = top_share(weights)
    outside = outside_support(design)
    facts["outside_support_disqualify_share"] = outside[0]
    facts["outside_support_not_disqualify_share"] = outside[1]
    return facts
