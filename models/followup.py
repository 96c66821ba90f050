"""Follow-up that the end of the data cuts short: who is known by a day, and curves of incidence."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from models.propensity import Codes, Floats

FLOOR = 0.05


def still_followed(event_days: Floats, followup_days: Floats) -> Floats:
    """G(t) = P(followed beyond day t) for t = 0.., by reverse Kaplan-Meier.

    `event_days` (n,) is NaN where no event was seen, `followup_days` (n,) whole days to the end of
    the data; on one day events come before censorings. Returns G at days 0..max(followup_days).
    """
    is_event = event_days <= followup_days
    last = np.where(is_event, event_days, followup_days).astype(np.intp)
    length = int(followup_days.max()) + 1
    events = np.bincount(last[is_event], minlength=length)
    censored = np.bincount(last[~is_event], minlength=length)
    leaving = events + censored
    at_risk = leaving[::-1].cumsum()[::-1] - events
    hazard = np.divide(censored, at_risk, out=np.zeros(length), where=at_risk > 0)
    survival: Floats = np.cumprod(1 - hazard)
    return survival


def known_weights(
    event_days: Floats, followup_days: Floats, horizon: int, arms: Codes
) -> tuple[Floats, int]:
    """Weight of each row in an average over what has happened by `horizon`, and rows at the floor.

    A row counts when its event, or the horizon, came before the end of the data; it then stands
    for 1/G(day before) rows like it, with G fitted in each arm (`arms` (n,)) and floored at FLOOR.
    Other rows weigh 0. Mean weight is about 1 (inverse probability of censoring weights).
    """
    weights = np.zeros(len(followup_days))
    floored = 0
    until = np.fmin(event_days, horizon)
    for arm in np.unique(arms):
        rows = arms == arm
        g = np.concatenate([[1.0], still_followed(event_days[rows], followup_days[rows])])
        is_known = followup_days[rows] >= until[rows]
        day = np.minimum(until[rows], len(g) - 1).astype(np.intp)
        chance = g[np.maximum(day, 0)]  # shifted by one day: position u holds G(u - 1)
        floored += int((is_known & (chance < FLOOR)).sum())
        weights[rows] = np.where(is_known, 1 / np.maximum(chance, FLOOR), 0.0)
    return weights, floored


@dataclass(frozen=True, eq=False)
class Incidence:
    """Cumulative incidence at days 0..horizon, its standard error, and rows at risk each day."""

    incidence: Floats
    error: Floats
    at_risk: Floats
    n_clusters: int


def incidence(
    event_days: Floats, followup_days: Floats, clusters: Codes, horizon: int
) -> Incidence:
    """Share with the event by each day, by Kaplan-Meier; errors clustered.

    The variance sums the influence of whole clusters, times G/(G-1); up to that factor it is
    Greenwood's when every row is its own cluster.
    """
    is_event = event_days <= followup_days
    last = np.where(is_event, event_days, followup_days)
    is_event &= last <= horizon
    day = np.minimum(last, horizon).astype(np.intp)
    groups = int(clusters.max()) + 1
    shape = (groups, horizon + 1)
    place = clusters * (horizon + 1) + day
    events = np.bincount(place[is_event], minlength=groups * (horizon + 1)).reshape(shape)
    leaving = np.bincount(place, minlength=groups * (horizon + 1)).reshape(shape)
    at_risk = leaving[:, ::-1].cumsum(axis=1)[:, ::-1]
    n, d = at_risk.sum(axis=0).astype(float), events.sum(axis=0).astype(float)
    hazard = np.divide(d, n, out=np.zeros(horizon + 1), where=n > 0)
    survival = np.cumprod(1 - hazard)
    room = n * (1 - hazard)
    step = np.divide(events - at_risk * hazard, room, out=np.zeros(shape), where=room > 0)
    influence = survival * step.cumsum(axis=1)
    factor = groups / (groups - 1) if groups > 1 else float("nan")
    error = np.sqrt(factor * np.square(influence).sum(axis=0))
    return Incidence(1 - survival, error, n, groups)


def curve_table(label: str, found: Incidence) -> pd.DataFrame:
    """A curve with 95 % t intervals: strategy, day, incidence, low, high, n_at_risk.

    The curve ends on the last day on which someone was still followed.
    """
    from scipy.stats import t as student

    margin = student.ppf(0.975, max(found.n_clusters - 1, 1)) * found.error
    days = np.flatnonzero(found.at_risk > 0)
    return pd.DataFrame(
        {
            "strategy": label,
            "day": days,
            "incidence": found.incidence[days],
            "low": np.clip(found.incidence - margin, 0, 1)[days],
            "high": np.clip(found.incidence + margin, 0, 1)[days],
            "n_at_risk": found.at_risk[days].astype(np.int64),
        }
    )
