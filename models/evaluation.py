"""How good predicted incidences are, with censored follow-up: IPCW scores and their intervals.

Definitions: Graf et al. 1999 (Brier), Blanche et al. 2013 (AUC with competing risks), Austin and
Steyerberg 2019 (ICI), Vickers and Elkin 2006 (net benefit). Intervals by bootstrap over deals.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from models.incidence import Floats, Ints, censoring_survival

FLOOR = 0.05
DRAWS = 200
THIN_EVENTS = 50
BINS = 10
NET_BENEFIT_AT = 0.5
CLIP = 1e-6


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


def weights(time: Ints, cause: Ints, follow: Ints, horizon: int) -> tuple[Floats, float]:
    """Inverse-probability-of-censoring weights at a horizon, and the share at the floor.

    An end by the horizon weighs 1/G(T-1), a row still followed after it 1/G(horizon), one that
    was lost before 0. G is Kaplan-Meier of censoring, not below 0.05.
    """
    last = int(max(time.max(initial=0), horizon)) + 1
    survival = censoring_survival(np.minimum(time, last), cause < 0, last)
    ended = (cause >= 0) & (time <= horizon)
    later = (time > horizon) | ((cause < 0) & (follow >= horizon))
    g = np.where(ended, survival[np.clip(time - 1, 0, last)], survival[horizon])
    found = np.where(ended | later, 1.0 / np.maximum(g, FLOOR), 0.0)
    return found, float(np.mean(g[ended | later] < FLOOR)) if (ended | later).any() else 0.0


def brier(p: Floats, seen: Seen, w: Floats) -> float:
    """Weighted mean squared error of p for the case."""
    return float(np.sum(w * (seen.case - p) ** 2) / max(w.sum(), 1e-12))


def auc(p: Floats, seen: Seen, w: Floats) -> float:
    """P(a case ranks above a non-case), half for ties; NaN when one side is empty."""
    order = np.argsort(p, kind="stable")
    value, positive = p[order], (w * seen.case)[order]
    negative = (w * ~seen.case)[order]
    _, start = np.unique(value, return_index=True)
    ups = np.add.reduceat(positive, start)
    downs = np.add.reduceat(negative, start)
    below = np.concatenate([[0.0], np.cumsum(downs)[:-1]])
    total = ups.sum() * downs.sum()
    return float(np.sum(ups * (below + 0.5 * downs)) / total) if total > 0 else float("nan")


def slope(p: Floats, seen: Seen, w: Floats) -> float:
    """Calibration slope: weighted logistic regression of the case on the logit of p."""
    x = np.log(np.clip(p, CLIP, 1 - CLIP) / (1 - np.clip(p, CLIP, 1 - CLIP)))
    if not (seen.case & (w > 0)).any() or np.ptp(x) < 1e-9:
        return float("nan")
    a, b = 0.0, 1.0
    for _ in range(25):
        q = 1 / (1 + np.exp(-np.clip(a + b * x, -30, 30)))
        v = w * q * (1 - q) + 1e-12
        r = w * (seen.case - q)
        h = np.array([[v.sum(), (v * x).sum()], [(v * x).sum(), (v * x * x).sum()]])
        step = np.linalg.solve(h + 1e-9 * np.eye(2), np.array([r.sum(), (r * x).sum()]))
        a, b = a + float(step[0]), b + float(step[1])
        if float(np.abs(step).max()) < 1e-8:
            break
    return b


def ici(p: Floats, seen: Seen, w: Floats) -> float:
    """Mean absolute gap between predicted and observed, over tenths of p."""
    table = calibration(p, seen, w)
    if table.empty:
        return float("nan")
    gap = (table["predicted"] - table["observed"]).abs()
    return float((gap * table["n"]).sum() / table["n"].sum())


def lift(p: Floats, seen: Seen, w: Floats) -> float:
    """Share of cases in the tenth with the highest p, over the share of all."""
    base = float(np.sum(w * seen.case) / max(w.sum(), 1e-12))
    top = p >= np.quantile(p, 0.9)
    inside = float(np.sum((w * seen.case)[top]) / max(w[top].sum(), 1e-12))
    return inside / base if base > 0 else float("nan")


def net_benefit(p: Floats, seen: Seen, w: Floats, at: float = NET_BENEFIT_AT) -> float:
    """TP/n - FP/n * at/(1 - at) when acting on p >= at."""
    acts = p >= at
    total = max(w.sum(), 1e-12)
    right = float(np.sum((w * seen.case)[acts]) / total)
    wrong = float(np.sum((w * ~seen.case)[acts]) / total)
    return right - wrong * at / (1 - at)


def calibration(p: Floats, seen: Seen, w: Floats) -> pd.DataFrame:
    """Mean predicted and weighted observed share by tenth of p: bin, predicted, observed, n."""
    inside = w > 0
    if not inside.any():
        return pd.DataFrame({"bin": [], "predicted": [], "observed": [], "n": []})
    ranks = pd.Series(p[inside]).rank(method="first").to_numpy()
    bins = np.minimum(((ranks - 1) * BINS / len(ranks)).astype(int), BINS - 1)
    rows = []
    for number in np.unique(bins):
        part = bins == number
        mass = w[inside][part]
        rows.append(
            {
                "bin": int(number),
                "predicted": float(np.average(p[inside][part], weights=mass)),
                "observed": float(np.average(seen.case[inside][part], weights=mass)),
                "n": int(part.sum()),
            }
        )
    return pd.DataFrame(rows)


def _draws(deal: Ints, seed: int, draws: int) -> Floats:
    """How often each row is drawn, for bootstrap samples of whole deals; (draws, rows)."""
    _, codes = np.unique(deal, return_inverse=True)
    count = int(codes.max(initial=-1)) + 1
    rng = np.random.default_rng(seed)
    drawn = (
        rng.multinomial(count, np.full(count, 1 / count), size=draws)
        if count
        else np.zeros((draws, 0))
    )
    return drawn[:, codes].astype(np.float64)


Score = Callable[[Floats, Seen, Floats], float]
SCORES: Mapping[str, tuple[Score, int]] = {
    # score and how many bootstrap draws its cost allows
    "auc": (auc, 60),
    "calibration_slope": (slope, 60),
    "ici": (ici, 0),
    "lift_top_tenth": (lift, 0),
    "net_benefit": (net_benefit, 60),
}


def scores(
    predictions: Mapping[str, Floats],
    seen: Seen,
    baseline: str,
    seed: int,
    *,
    only_brier: bool = False,
) -> list[dict[str, object]]:
    """Every score of every model on the same rows; skill is against `baseline`.

    Each row has metric, model, value, low, high, n (deals), events, is_thin. NaN where a score
    does not exist.
    """
    n = len(np.unique(seen.deal[seen.weight > 0]))
    drawn = _draws(seen.deal, seed, DRAWS)
    masses = drawn * seen.weight[None, :]
    errors = {name: seen.weight * (seen.case - p) ** 2 for name, p in predictions.items()}
    base_draws = drawn @ errors[baseline]
    total = np.maximum(masses.sum(axis=1), 1e-12)
    found: list[dict[str, object]] = []

    def add(metric: str, model: str, value: float, sample: Floats) -> None:
        sample = sample[np.isfinite(sample)]
        low, high = np.quantile(sample, [0.025, 0.975]) if len(sample) > 20 else (np.nan, np.nan)
        found.append(
            {
                "metric": metric,
                "model": model,
                "value": value,
                "low": float(low),
                "high": float(high),
                "n": n,
                "events": seen.events,
                "is_thin": seen.events < THIN_EVENTS,
            }
        )

    for name, p in predictions.items():
        own = drawn @ errors[name]
        add("brier", name, brier(p, seen, seen.weight), own / total)
        base = errors[baseline].sum()
        if name != baseline:
            with np.errstate(divide="ignore", invalid="ignore"):
                skill = 1 - own / base_draws
            add(
                "brier_skill", name, 1 - float(errors[name].sum() / base) if base else np.nan, skill
            )
        for metric, (score, draws) in ({} if only_brier else SCORES).items():
            sample = np.array([score(p, seen, mass) for mass in masses[:draws]])
            add(metric, name, score(p, seen, seen.weight), sample)
    return found
