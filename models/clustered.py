"""Shares with intervals that know whose the rows are: draws of whole sellers, all at once."""

import numpy as np
import pandas as pd
from scipy.special import expit, logit
from scipy.stats import beta
from scipy.stats import t as student

from models.incidence import Ints, cumulative
from models.propensity import Codes, Flags, Floats, codes

LEAST_SELLERS = 3


def clusters_of(rows: pd.DataFrame) -> Codes:
    """Sellers, or the rows themselves where fewer than three sellers would have to vary. (n,)"""
    sellers = codes(rows["seller_id"].astype(str))
    is_few = sellers.max(initial=-1) + 1 < LEAST_SELLERS
    return np.arange(len(rows), dtype=np.intp) if is_few else sellers


def draws_of(clusters: Codes, draws: int, seed: int) -> Floats:
    """How often each cluster is drawn: once each, and then by lot. (1 + draws, G)"""
    many = int(clusters.max()) + 1
    lots = np.random.default_rng(seed).multinomial(many, np.full(many, 1 / many), size=draws)
    return np.vstack([np.ones(many), lots])


def incidence(
    days: Ints, cause: Ints, causes: int, clusters: Codes, counts: Floats, last: int
) -> Floats:
    """Aalen-Johansen by days 1 to `last` in each draw. (draws, last, causes)

    `cause` (n,) is -1 for what has not ended by `days` (n,); `counts` are those of `draws_of`.
    """
    width, many = last + 2, counts.shape[1]
    place = clusters * width + np.clip(days, 1, last + 1)

    def summed(rows: Flags) -> Floats:
        found: Floats = counts @ np.bincount(place[rows], minlength=many * width).reshape(many, -1)
        return found

    at_risk = summed(np.ones(len(days), dtype=np.bool_))[:, ::-1].cumsum(axis=1)[:, ::-1, None]
    events = np.stack([summed(cause == k) for k in range(causes)], axis=-1)
    hazards = np.divide(events, at_risk, out=np.zeros_like(events), where=at_risk > 0)
    return cumulative(hazards[:, 1 : last + 1])


def limits(shares: Floats, n: int, clusters: int, level: float = 0.05) -> Floats:
    """Intervals, of 95 %, of shares, the first row of `shares`, from draws, the others. (..., 2)

    On the logit scale with t(G - 1), deviations scaled by G/(G - 1) and never taken for less than
    those of `n` independent rows, since a handful of sellers may agree by chance; a share of all or
    nothing has the exact binomial interval.
    """
    share = np.clip(shares[0], 0, 1)
    error = shares[1:].std(axis=0, ddof=1) * np.sqrt(clusters / max(clusters - 1, 1))
    error = np.maximum(error, np.sqrt(share * (1 - share) / n))
    # What products of survival leave of nothing is nothing.
    is_exact = ~((share > 1e-9) & (share < 1 - 1e-9))
    hits = np.where(is_exact, np.round(share), share) * n
    exact = [
        np.where(hits > 0, beta.ppf(level / 2, np.maximum(hits, 1e-9), n - hits + 1), 0.0),
        np.where(hits < n, beta.ppf(1 - level / 2, hits + 1, np.maximum(n - hits, 1e-9)), 1.0),
    ]
    inside = np.where(is_exact, 0.5, share)
    reach = student.ppf(1 - level / 2, max(clusters - 1, 1)) * error / (inside * (1 - inside))
    drawn = [expit(logit(inside) - reach), expit(logit(inside) + reach)]
    return np.stack([np.where(is_exact, *pair) for pair in zip(exact, drawn, strict=True)], axis=-1)


def slope(when: Floats, event: Floats, clusters: Codes, counts: Floats) -> tuple[float, ...]:
    """By how much the share of events rises in a unit of `when`, and its 95 % interval."""
    when = when - when.mean()
    n, t, tt, y, ty = (
        counts @ np.bincount(clusters, weights=values)
        for values in (np.ones(len(when)), when, when * when, event, when * event)
    )
    slopes = (n * ty - t * y) / (n * tt - t * t)
    many = counts.shape[1]
    error = float(slopes[1:].std(ddof=1)) * np.sqrt(many / (many - 1))
    reach = float(student.ppf(0.975, many - 1)) * error
    return float(slopes[0]), float(slopes[0]) - reach, float(slopes[0]) + reach
