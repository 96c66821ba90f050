"""How sure scores are: a bootstrap of whole deals, all draws of all scores at once.

Every score is a function of sums over deals, so a draw is a row of counts (how often each deal was
drawn) times those sums. Intervals of slope, ranking, lift and ICI read p in at most 50 ordered
groups; their values themselves read p as it is.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.sparse import csr_array

from models import evaluation
from models.evaluation import THIN_EVENTS, Seen
from models.incidence import Floats, Ints

DRAWS = 200
GROUPS = 50
LEAST_DRAWS, LEAST_CASES = 40, 10
THRESHOLDS = tuple(round(0.05 * step, 2) for step in range(1, 20))
CURVE_COLUMNS = ["model", "threshold", "net_benefit", "low", "high", "n", "events", "is_thin"]


@dataclass(frozen=True)
class Deals:
    """The deals of the test and how often each is drawn: `drawn` has the shape (draws, deals)."""

    drawn: Floats

    @classmethod
    def of(cls, count: int, seed: int) -> "Deals":
        """Draws of `count` deals with replacement."""
        rng = np.random.default_rng(seed)
        rows = [
            np.bincount(rng.integers(0, count, count), minlength=count) if count else np.zeros(0)
            for _ in range(DRAWS)
        ]
        return cls(np.array(rows, dtype=np.float64).reshape(DRAWS, count))

    def sums(self, deal: Ints, values: Floats) -> Floats:
        """The sum of `values` over the rows of each draw; extra axes of `values` stay."""
        flat = values.reshape(len(values), -1)
        per_deal = np.column_stack(
            [np.bincount(deal, weights=x, minlength=self.drawn.shape[1]) for x in flat.T]
        )
        return (self.drawn @ per_deal).reshape(len(self.drawn), *values.shape[1:])

    def masses(self, deal: Ints, group: Ints, groups: int, values: Floats) -> Floats:
        """The sum of `values` over the rows of each draw by group, shape (draws, groups)."""
        shape = (self.drawn.shape[1], groups)
        table = csr_array((values, (deal, group)), shape=shape)
        found: Floats = np.asarray((table.T @ self.drawn.T).T)
        return found


def ends(sample: Floats) -> tuple[float, float]:
    """A 95 % interval from bootstrap draws; NaN where too few draws have the score."""
    known = sample[np.isfinite(sample)]
    if len(known) < LEAST_DRAWS:
        return float("nan"), float("nan")
    low, high = np.quantile(known, [0.025, 0.975])
    return float(low), float(high)


def _divided(a: Floats, b: Floats) -> Floats:
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.where(b > 0, a / b, np.nan))


def scores(
    predictions: Mapping[str, Floats],
    seen: Seen,
    baseline: str,
    deals: Deals,
    *,
    integrated: Mapping[str, Floats] | None = None,
    is_paired: bool = True,
) -> list[dict[str, object]]:
    """Every score of every model on the same rows; skill is against `baseline`.

    With `is_paired`, `skill_over_<model>` is the squared error removed beside each other model, in
    the same draws. `integrated` has each model's error of each row, already averaged over days.
    Each row has metric, model, value, low, high, n (deals), events, is_thin; NaN where a score
    does not exist.
    """
    n, events = len(np.unique(seen.deal[seen.weight > 0])), seen.events
    rows = deals.sums(seen.deal, np.ones(len(seen.deal)))
    found: list[dict[str, object]] = []

    def add(metric: str, model: str, value: float, sample: Floats) -> None:
        low, high = ends(sample)
        told = {"metric": metric, "model": model, "value": value, "low": low, "high": high}
        found.append({**told, "n": n, "events": events, "is_thin": events < THIN_EVENTS})

    def add_errors(errors: Mapping[str, Floats], plain: str, skill: str, over: str) -> None:
        drawn = {name: deals.sums(seen.deal, error) for name, error in errors.items()}
        total = {name: float(error.sum()) for name, error in errors.items()}
        for name, error in errors.items():
            add(plain, name, total[name] / max(len(error), 1), _divided(drawn[name], rows))
            for other in errors:
                metric = skill if other == baseline else f"{over}{other}" if over else ""
                if metric and name not in (other, baseline) and total[other] > 0:
                    gain = 1 - _divided(drawn[name], drawn[other])
                    add(metric, name, 1 - total[name] / total[other], gain)

    squared = {name: seen.weight * (seen.case - p) ** 2 for name, p in predictions.items()}
    add_errors(squared, "brier", "brier_skill", "skill_over_" if is_paired else "")
    if integrated:
        add_errors(integrated, "integrated_brier", "ibs_skill", "")
    for name, p in predictions.items():
        for metric, value, sample in _by_rank(p, seen, deals):
            add(metric, name, value, sample)
    return found


def _by_rank(p: Floats, seen: Seen, deals: Deals) -> list[tuple[str, float, Floats]]:
    """The scores that read the order of p, and net benefit at one threshold."""
    w = seen.weight
    group, middle = _grouped(p)
    size = len(middle)
    ups = deals.masses(seen.deal, group, size, w * seen.case)
    downs = deals.masses(seen.deal, group, size, w * ~seen.case)
    rows = deals.masses(seen.deal, group, size, np.ones(len(p)))
    acts = np.asarray(p >= evaluation.NET_BENEFIT_AT, dtype=np.float64)
    odds = evaluation.NET_BENEFIT_AT / (1 - evaluation.NET_BENEFIT_AT)
    gained = deals.sums(seen.deal, acts * w * (seen.case - odds * ~seen.case))
    # A curve through a handful of cases has no spread worth the name.
    few = len(np.unique(seen.deal[seen.case & (w > 0)])) < LEAST_CASES
    some = slice(0, 0) if few else slice(None)
    gap = evaluation.gaps(middle, ups[some], downs[some], rows[some], evaluation.knots(p))
    steep = evaluation.slopes(middle, ups[some], downs[some])
    return [
        ("auc", evaluation.auc(p, seen, w), evaluation.ranking(ups, downs)),
        ("calibration_slope", evaluation.slope(p, seen, w), steep),
        ("ici", evaluation.ici(p, seen, w), gap),
        ("lift_top_tenth", evaluation.lift(p, seen, w), evaluation.lifts(ups, downs)),
        ("net_benefit", evaluation.net_benefit(p, seen, w), _divided(gained, rows.sum(axis=1))),
    ]


def _grouped(p: Floats) -> tuple[Ints, Floats]:
    """Rows in at most 50 groups of like p, ascending: each row's group and each group's mean."""
    value, place, count = np.unique(p, return_inverse=True, return_counts=True)
    if len(value) > GROUPS:
        middle = np.cumsum(count) - 0.5 * count
        edge = np.minimum((middle * GROUPS / len(p)).astype(np.int64), GROUPS - 1)
        place = np.unique(edge, return_inverse=True)[1][place]
    mean = np.bincount(place, weights=p) / np.bincount(place)
    return place.astype(np.int64), mean


def calibration(p: Floats, seen: Seen, deals: Deals) -> pd.DataFrame:
    """The calibration table with an interval of each observed share."""
    table = evaluation.calibration(p, seen, seen.weight)
    inside: npt.NDArray[np.bool_] = seen.weight > 0
    bins = evaluation.tenths(p, inside)[inside]
    w, case, deal = seen.weight[inside], seen.case[inside], seen.deal[inside]
    cases = deals.masses(deal, bins, evaluation.BINS, w * case)
    drawn = _divided(cases, deals.masses(deal, bins, evaluation.BINS, w))
    limits = [ends(drawn[:, int(number)]) for number in table["bin"]]
    return table.assign(low=[x for x, _ in limits], high=[x for _, x in limits])


def decision_curve(
    predictions: Mapping[str, Floats], seen: Seen, deals: Deals
) -> list[dict[str, object]]:
    """Net benefit of acting on each model at each threshold, and of acting on every deal.

    Acting on none is worth 0 by definition. Rows as CURVE_COLUMNS, model `act_on_all` for all.
    """
    n, events = len(np.unique(seen.deal[seen.weight > 0])), seen.events
    told = {"n": n, "events": events, "is_thin": events < THIN_EVENTS}
    odds = np.array([at / (1 - at) for at in THRESHOLDS])
    rows = deals.sums(seen.deal, np.ones(len(seen.deal)))
    worth = seen.weight[:, None] * (seen.case[:, None] - ~seen.case[:, None] * odds)
    found: list[dict[str, object]] = []
    everyone = np.ones(len(seen.deal))
    for name, p in {**predictions, "act_on_all": everyone}.items():
        gained = worth * (p[:, None] >= np.array(THRESHOLDS))
        drawn = _divided(deals.sums(seen.deal, gained), rows[:, None])
        for place, at in enumerate(THRESHOLDS):
            low, high = ends(drawn[:, place])
            value = float(gained[:, place].sum()) / max(len(seen.deal), 1)
            row = {"model": name, "threshold": at, "net_benefit": value, "low": low, "high": high}
            found.append({**row, **told})
    return found
