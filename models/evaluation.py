"""How good predicted incidences are, with censored follow-up: IPCW scores of one set of rows.

Definitions: Graf et al. 1999 (Brier), Blanche et al. 2013 (AUC with competing risks), Austin and
Steyerberg 2019 (ICI), Vickers and Elkin 2006 (net benefit). How sure each is: models.resampling.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from models.incidence import Floats, Ints, censoring_survival

FLOOR = 0.05
THIN_EVENTS = 50
BINS = 10
NET_BENEFIT_AT = 0.5
CLIP = 1e-6
TOP_SHARE = 0.1
# Quantiles at which the smooth calibration curve may bend: Harrell's for four knots.
KNOTS = (0.05, 0.35, 0.65, 0.95)
STEPS, HALVINGS, TOLERANCE, RIDGE = 12, 6, 1e-6, 1e-6


@dataclass(frozen=True)
class Seen:
    """The test rows of one cause and horizon: case or not, and the weight each has.

    `weight` is 0 where follow-up ended before horizon and end; `deal` groups rows for the
    bootstrap.
    """

    case: npt.NDArray[np.bool_]
    weight: Floats
    deal: Ints

    @property
    def events(self) -> int:
        """Deals (not rows) with the ending by the horizon."""
        return len(np.unique(self.deal[self.case & (self.weight > 0)]))


def weights(time: Ints, cause: Ints, horizon: int) -> tuple[Floats, float]:
    """Inverse-probability-of-censoring weights at a horizon, and the share at the floor.

    `time` is days to the end (cause >= 0) or to the last look (cause -1). An end by the horizon
    weighs 1/G(T-1), a row still at risk after it 1/G(horizon), one that was lost by then 0. G is
    Kaplan-Meier of censoring, not below 0.05.
    """
    last = int(max(time.max(initial=0), horizon)) + 1
    survival = censoring_survival(np.minimum(time, last), cause < 0, last)
    ended = (cause >= 0) & (time <= horizon)
    counted = ended | (time > horizon)
    g = np.where(ended, survival[np.clip(time - 1, 0, last)], survival[horizon])
    found = np.where(counted, 1.0 / np.maximum(g, FLOOR), 0.0)
    return found, float(np.mean(g[counted] < FLOOR)) if counted.any() else 0.0


def brier(p: Floats, seen: Seen, w: Floats) -> float:
    """Mean over rows of the weighted squared error of p for the case; NaN without rows."""
    return float(np.mean(w * (seen.case - p) ** 2)) if len(p) else float("nan")


def auc(p: Floats, seen: Seen, w: Floats) -> float:
    """P(a case ranks above a non-case), half for ties; NaN when one side is empty."""
    ups, downs, _ = _by_value(p, seen, w)
    return float(ranking(ups[None], downs[None])[0])


def slope(p: Floats, seen: Seen, w: Floats) -> float:
    """Calibration slope: weighted logistic regression of the case on the logit of p."""
    ups, downs, value = _by_value(p, seen, w)
    return float(slopes(value, ups[None], downs[None])[0])


def ici(p: Floats, seen: Seen, w: Floats) -> float:
    """Mean absolute gap between p and the smoothed observed share at p, over all rows.

    The curve is a weighted logistic regression on a restricted cubic spline of the logit of p.
    """
    ups, downs, value = _by_value(p, seen, w)
    rows = np.unique(p, return_counts=True)[1].astype(np.float64)
    return float(gaps(value, ups[None], downs[None], rows[None], knots(p))[0])


def lift(p: Floats, seen: Seen, w: Floats) -> float:
    """Share of cases in the tenth with the highest p, over the share of all."""
    ups, downs, _ = _by_value(p, seen, w)
    return float(lifts(ups[None], downs[None])[0])


def net_benefit(p: Floats, seen: Seen, w: Floats, at: float = NET_BENEFIT_AT) -> float:
    """TP/n - FP/n * at/(1 - at) when acting on p >= at; n counts rows."""
    acts = p >= at
    right = float(np.sum((w * seen.case)[acts])) / max(len(p), 1)
    wrong = float(np.sum((w * ~seen.case)[acts])) / max(len(p), 1)
    return right - wrong * at / (1 - at)


def tenths(p: Floats, inside: npt.NDArray[np.bool_]) -> Ints:
    """The tenth of p (0 lowest) of each row; -1 outside. Equal p may lie on both sides."""
    found = np.full(len(p), -1, dtype=np.int64)
    ranks = pd.Series(p[inside]).rank(method="first").to_numpy()
    found[inside] = np.minimum(((ranks - 1) * BINS / max(len(ranks), 1)).astype(int), BINS - 1)
    return found


def calibration(p: Floats, seen: Seen, w: Floats) -> pd.DataFrame:
    """Mean predicted and weighted observed share by tenth of p: bin, predicted, observed, n."""
    bins = tenths(p, w > 0)
    rows = []
    for number in np.unique(bins[bins >= 0]):
        part = bins == number
        rows.append(
            {
                "bin": int(number),
                "predicted": float(np.average(p[part], weights=w[part])),
                "observed": float(np.average(seen.case[part], weights=w[part])),
                "n": int(part.sum()),
            }
        )
    return pd.DataFrame(rows, columns=["bin", "predicted", "observed", "n"])


def _by_value(p: Floats, seen: Seen, w: Floats) -> tuple[Floats, Floats, Floats]:
    """Mass of cases and of others at each distinct p, and those values, ascending."""
    value, place = np.unique(p, return_inverse=True)
    ups = np.bincount(place, weights=w * seen.case, minlength=len(value))
    downs = np.bincount(place, weights=w * ~seen.case, minlength=len(value))
    return ups.astype(np.float64), downs.astype(np.float64), value


# What follows takes masses of cases and of others by ascending p, shape (draws, values), so that
# every bootstrap draw is scored at once.


def ranking(ups: Floats, downs: Floats) -> Floats:
    """AUC of each draw."""
    below = np.cumsum(downs, axis=1) - downs
    total = ups.sum(axis=1) * downs.sum(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        found: Floats = np.sum(ups * (below + 0.5 * downs), axis=1) / total
    return np.where(total > 0, found, np.nan)


def lifts(ups: Floats, downs: Floats) -> Floats:
    """Share of cases among the tenth of the mass with the highest p, over that of all.

    Where equal p straddle the edge of the tenth, they are inside in proportion.
    """
    mass = (ups + downs)[:, ::-1]
    above = np.cumsum(mass, axis=1) - mass
    wanted = TOP_SHARE * mass.sum(axis=1, keepdims=True)
    with np.errstate(divide="ignore", invalid="ignore"):
        inside = np.clip(np.where(mass > 0, (wanted - above) / mass, 0.0), 0.0, 1.0)
        found: Floats = (inside * ups[:, ::-1]).sum(axis=1) / (TOP_SHARE * ups.sum(axis=1))
    return np.where(ups.sum(axis=1) > 0, found, np.nan)


def logit(p: Floats) -> Floats:
    """The logit of p, kept off 0 and 1."""
    kept = np.clip(p, CLIP, 1 - CLIP)
    found: Floats = np.log(kept / (1 - kept))
    return found


def slopes(value: Floats, ups: Floats, downs: Floats) -> Floats:
    """Calibration slope of each draw; NaN where p does not vary or only one side is there."""
    x = logit(value)
    if np.ptp(x) < 1e-9:
        return np.full(len(ups), np.nan)
    found = _logistic(np.column_stack([np.ones_like(x), x]), ups, downs)[:, 1]
    return np.where((ups.sum(axis=1) > 0) & (downs.sum(axis=1) > 0), found, np.nan)


def knots(p: Floats) -> Floats:
    """Where the calibration curve of these rows may bend, on the logit scale."""
    found: Floats = np.unique(np.quantile(logit(p), KNOTS)) if len(p) else np.zeros(0)
    return found


def gaps(value: Floats, ups: Floats, downs: Floats, rows: Floats, at: Floats) -> Floats:
    """ICI of each draw: rows weigh |p - curve(p)|; NaN where only one side is there."""
    x = logit(value)
    columns = [np.ones_like(x)]
    if np.ptp(x) >= 1e-9:
        columns.append(x)
    if len(at) > 2:
        columns += list(_spline(x, at))
    design = np.column_stack(columns)
    curve = _expit(_logistic(design, ups, downs) @ design.T)
    with np.errstate(divide="ignore", invalid="ignore"):
        found = (rows * np.abs(curve - value)).sum(axis=1) / rows.sum(axis=1)
    return np.where((ups.sum(axis=1) > 0) & (downs.sum(axis=1) > 0), found, np.nan)


def _spline(x: Floats, at: Floats) -> Floats:
    """Restricted cubic spline terms (Harrell, *Regression Modeling Strategies*, 2.4.5)."""

    def cube(knot: float) -> Floats:
        return np.asarray(np.maximum(x - knot, 0.0) ** 3)

    last, before = at[-1], at[-2]
    terms = [
        cube(k)
        - cube(before) * (last - k) / (last - before)
        + cube(last) * (before - k) / (last - before)
        for k in at[:-2]
    ]
    return np.asarray(np.array(terms) / (last - at[0]) ** 2, dtype=np.float64)


def _expit(x: Floats) -> Floats:
    return np.asarray(1.0 / (1.0 + np.exp(-np.clip(x, -30, 30))))


def _logistic(design: Floats, ups: Floats, downs: Floats) -> Floats:
    """Coefficients of a weighted logistic regression for each draw, shape (draws, columns).

    Newton's steps, halved where they would lose likelihood, from p as it is (intercept 0, slope 1),
    or for many draws from the fit of their mean.
    """
    size = design.shape[1]
    both = ups + downs
    squares = (design[:, :, None] * design[:, None, :]).reshape(len(design), size * size)
    ridge = RIDGE * np.maximum(both.sum(axis=1), 1e-9)[:, None, None] * np.eye(size)

    def tried(at: Floats) -> tuple[Floats, Floats]:
        q = _expit(at @ design.T)
        return q, -(ups * np.log(q) + downs * np.log1p(-q)).sum(axis=1)

    found = np.zeros((len(ups), size))
    if len(ups) > 1:
        found += _logistic(design, ups.mean(axis=0)[None], downs.mean(axis=0)[None])
    else:
        found[:, 1:2] = 1.0
    q, loss = tried(found)
    for _ in range(STEPS):
        score = (ups - both * q) @ design
        information = ((both * q * (1 - q)) @ squares).reshape(-1, size, size) + ridge
        step = np.linalg.solve(information, score[:, :, None])[:, :, 0]
        for _ in range(HALVINGS):
            q, then = tried(found + step)
            worse = then > loss + 1e-9
            if not worse.any():
                break
            step[worse] /= 2
        step[worse] = 0.0
        found += step
        if worse.any():
            q, then = tried(found)
        gain, loss = loss - then, then
        if float(gain.max(initial=0.0)) < TOLERANCE:
            break
    return found
