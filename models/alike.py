"""Two sides with all else held equal: within sellers and quarters, by least squares.

The outcome may be any number a row: a flag (a linear probability model; Angrist and Pischke,
*Mostly Harmless Econometrics*, ch. 3), or what stands for a flag where follow-up was cut
(`seen_by`: pseudo-values; Andersen, Klein and Rosthoj, Biometrika 90, 2003). Errors are clustered
by seller and by account (Cameron, Gelbach and Miller, JBES 29, 2011), with t(sellers - 1).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.stats import t as student

from models.covariates import matrix
from models.fixed_effects import within
from models.propensity import Codes, Flags, Floats, codes

Interval = tuple[float, float, float]
LEAST_ARM, LEAST_EVENTS, LEAST_SELLERS = 50, 20, 10


def verdict(is_one: Flags, event: Flags, sellers: int) -> str:
    """Whether enough is there: "too_few" below 50 rows on a side, 20 with or without the event, or
    10 sellers; else "ok".
    """
    n, other = int(is_one.sum()), int((~is_one).sum())
    events = int(event.sum())
    few = (
        min(n, other) < LEAST_ARM
        or min(events, n + other - events) < LEAST_EVENTS
        or sellers < LEAST_SELLERS
    )
    return "too_few" if few else "ok"


@dataclass(frozen=True, eq=False)
class Alike:
    """What is left of belonging to one side once everything else is held equal.

    `left` (n,) is the residual of the side on covariates, sellers and quarters; `rest` (n, p) spans
    the covariates; `groups` are sellers and quarters, `accounts` (n,) whose rows they are.
    """

    left: Floats
    rest: Floats
    groups: tuple[Codes, Codes]
    accounts: Codes

    @classmethod
    def of(
        cls, rows: pd.DataFrame, is_one: Flags, skewed: Sequence[str], levels: Sequence[str]
    ) -> "Alike":
        """Holds the numbers in `skewed` and the texts in `levels` equal, seller and quarter too.

        `rows` has those columns, and seller_id, party and quarter.
        """
        x, _ = matrix(rows, skewed=skewed, plain=[], levels=levels)
        groups = (codes(rows["seller_id"].astype(str)), codes(rows["quarter"]))
        weight = np.ones(len(rows))
        swept = [within(column, groups, weight) for column in x.T]
        rest = np.column_stack(swept) if swept else np.zeros((len(rows), 0))
        side = within(is_one.astype(np.float64), groups, weight)
        return cls(_residual(rest, side), rest, groups, codes(rows["party"].astype(str)))

    def difference(self, outcome: Floats) -> Interval:
        """The difference in the mean of `outcome` (n,), with its 95 % interval.

        NaN where no seller has rows of both sides in a quarter.
        """
        y = _residual(self.rest, within(outcome, self.groups, np.ones(len(outcome))))
        total = float(self.left @ self.left)
        if total < 1e-9 * len(outcome):
            return np.nan, np.nan, np.nan
        slope = float(self.left @ y) / total
        scores = self.left * (y - slope * self.left) / total
        error = clustered(scores, self.groups[0], self.accounts)
        reach = float(student.ppf(0.975, max(int(self.groups[0].max()), 1))) * error
        return slope, slope - reach, slope + reach


def clustered(scores: Floats, sellers: Codes, others: Codes) -> float:
    """Standard error of a sum of `scores` (n,) that hang together by seller and by `others`."""
    both = codes(sellers * (int(others.max()) + 1) + others)
    by_seller = _spread(scores, sellers)
    return float(
        np.sqrt(max(by_seller, by_seller + _spread(scores, others) - _spread(scores, both)))
    )


def _spread(scores: Floats, clusters: Codes) -> float:
    parts = np.bincount(clusters, weights=scores)
    return len(parts) / max(len(parts) - 1, 1) * float(parts @ parts)


def _residual(x: Floats, y: Floats) -> Floats:
    found: Floats = y - x @ np.linalg.lstsq(x, y, rcond=None)[0] if x.shape[1] else y
    return found


def seen_by(days: Floats, followed: Floats, horizon: int) -> Floats:
    """A number a row that stands for "happened by `horizon`", also where follow-up ended before.

    `days` (n,) to the event, NaN where none was seen; `followed` (n,) days to the end of the data.
    Pseudo-values of 1 - Kaplan-Meier: n times the share of all less n - 1 times that of all others.
    With everybody followed to the horizon they are the flags themselves.
    """
    n = len(days)
    is_event = (days <= np.minimum(followed, horizon)) & np.isfinite(days)
    time = np.where(is_event, days, np.minimum(followed, horizon)).astype(np.int64)
    leaves = np.bincount(time, minlength=horizon + 1).astype(np.float64)
    events = np.bincount(time[is_event], minlength=horizon + 1).astype(np.float64)
    at_risk = n - np.concatenate([[0.0], np.cumsum(leaves)[:-1]])
    whole = _happened(at_risk, events)
    kinds, place = np.unique(2 * time + is_event, return_inverse=True)
    values = np.empty(len(kinds))
    for number, kind in enumerate(kinds):
        day, had = divmod(int(kind), 2)
        fewer = events.copy()
        fewer[day] -= had
        values[number] = n * whole - (n - 1) * _happened(
            at_risk - (np.arange(horizon + 1) <= day), fewer
        )
    return values[place]


def _happened(at_risk: Floats, events: Floats) -> float:
    """1 - Kaplan-Meier at the end."""
    hazard = np.divide(events, at_risk, out=np.zeros(len(events)), where=at_risk > 0)
    return 1.0 - float(np.prod(1.0 - hazard))
