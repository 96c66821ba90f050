"""Clone, censor, weight: strategies that unfold over weeks, compared from one time zero.

Every decision point is followed in every arm whose strategy it may still turn out to have kept; a
clone leaves its arm when the seller's acts no longer fit, and the clones that stay stand for those
that left (Hernan 2018; Maringe et al., IJE 2020). Weights are products over weeks of one over the
probability of staying, of an act that was possible and given what was known when its week began.

- disqualify: lets go by the last week of grace. Until then every clone stays; those who let go in
  the decisive weeks also stand for those who did not.
- disqualify at once: the same clones; all who let go within the grace stand for those who did
  not, by what was known at time zero alone: surer, but blind to what the buyer did in the grace.
- chase: leaves when the seller lets go, or when a touch is too long in coming, in the weeks of a
  chase.
- wait: leaves when the seller lets go in these weeks, or touches before a gap is complete.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from models.courses import Courses, week_columns
from models.pooled import PooledLogit, Rows
from models.propensity import Codes, Flags, Floats
from models.weighting import TRUNCATION

AT_ONCE = "disqualify_at_once"
ARMS = ("disqualify", "chase", "wait", AT_ONCE)
# The acts that make a clone leave, by arm.
LEAVING: Mapping[str, tuple[str, str]] = {
    "chase": ("walk", "gap"),
    "wait": ("walk_waiting", "touch"),
}
LEAST_PROBABILITY = 1e-3  # of staying; weights are truncated well before it
FIXED = ("at_risk", "win")
METHOD = "clone_censor_weight"


def standardised_rows(values: Floats) -> Floats:
    """Columns with mean 0 and deviation 1 over the rows of one model; constant ones are zeros."""
    if not len(values):
        return values
    spread = values.std(axis=0)
    scaled: Floats = np.divide(
        values - values.mean(axis=0), spread, out=np.zeros_like(values), where=spread > 1e-12
    )
    return scaled


@dataclass(frozen=True, eq=False)
class Act:
    """One way to leave an arm: where it was possible, and where it was seen, by week. (n, K)"""

    possible: Flags
    seen: Flags

    @property
    def happened(self) -> Flags:
        """Where it was possible and seen."""
        found: Flags = self.possible & self.seen
        return found


@dataclass(frozen=True, eq=False)
class Arm:
    """The clones of one arm: where each is still there.

    `stays` (n, K) holds at week k when the clone is seen through week k and had not left by the
    end of week k - 1.
    """

    name: str
    stays: Flags


class Cloning:
    """The clones of all decision points, and the models of what makes them leave."""

    def __init__(self, courses: Courses) -> None:
        """Clones every deal into every arm and fits the models once, on all rows."""
        self.courses = courses
        rules = courses.rules
        weeks = courses.weeks[None, :]
        may_act = courses.may_act
        in_chase = weeks <= rules.chase
        walks = weeks == courses.walked[:, None]

        chased = may_act & in_chase & ~courses.before(courses.has_gap)
        may_gap = chased & ~walks & (courses.wait_days + courses.days > rules.gap_days)
        waited = may_act & in_chase & ~courses.before(courses.is_touched & (weeks <= rules.wait))
        may_touch = waited & ~walks & (weeks <= rules.wait)
        self.acts = {
            "walk": Act(chased, walks),
            "gap": Act(may_gap, courses.has_gap),
            "walk_waiting": Act(waited, walks),
            "touch": Act(may_touch, courses.is_touched),
        }
        self.chances = {
            "disqualify": self._chance(rules.grace - rules.decisive + 1),
            AT_ONCE: self._chance(1),
        }
        self.acts |= self.chances
        is_seen = weeks <= courses.seen[:, None]
        leaves = {
            name: self.acts[first].happened | self.acts[second].happened
            for name, (first, second) in LEAVING.items()
        }
        self.arms = {
            **{
                name: Arm(name, is_seen & ((weeks <= rules.grace) | ~self._missed(act)[:, None]))
                for name, act in self.chances.items()
            },
            **{name: Arm(name, is_seen & ~courses.before(seen)) for name, seen in leaves.items()},
        }
        self.models = {name: PooledLogit(self._rows(act)) for name, act in self.acts.items()}

    def _chance(self, first: int) -> Act:
        """Letting go from week `first` to the end of grace, as one act of week `first`.

        Possible for deals whose seller still had the choice when that week began, and kept it:
        those that others ended, or whose account bought, within the grace never had to choose.
        """
        courses, grace = self.courses, self.courses.rules.grace
        possible = (
            courses.is_open[:, first - 1]
            & (courses.seen >= grace)
            & (courses.won > grace)
            & (courses.walked >= first)
            & ~((courses.ended >= first) & (courses.ended <= grace))
        )
        in_time = np.broadcast_to((courses.walked <= grace)[:, None], courses.is_open.shape)
        return Act((courses.weeks[None, :] == first) & possible[:, None], in_time)

    def _missed(self, chance: Act) -> Flags:
        """Deals whose last chance passed. (n,)"""
        missed: Flags = np.asarray((chance.possible & ~chance.seen).any(axis=1))
        return missed

    def _rows(self, act: Act) -> Rows:
        courses = self.courses
        deal, column = np.nonzero(act.possible)
        what = np.hstack([week_columns(courses.rules.last)[column], courses.varying[deal, column]])
        return Rows(
            courses.base,
            deal.astype(np.intp),
            standardised_rows(what),
            act.seen[deal, column],
            courses.clusters,
        )

    @cached_property
    def _cells(self) -> dict[str, tuple[Codes, Codes]]:
        cells = {}
        for name, act in self.acts.items():
            deal, column = np.nonzero(act.possible)
            cells[name] = (deal, column)
        return cells

    def weights(self, arm: Arm, probability: Mapping[str, Floats]) -> Floats:
        """Weight of each clone when a week begins, given P(act) by model and row. (n, W)

        Column w holds what was multiplied up to the end of week w; the last one holds from then on.
        """
        courses, rules = self.courses, self.courses.rules
        n = len(courses.base)
        if arm.name in self.chances:
            found = np.ones((n, rules.grace + 1))
            deal = self._cells[arm.name][0]
            found[deal, -1] = 1 / np.maximum(probability[arm.name], LEAST_PROBABILITY)
            return found
        logs = np.zeros((n, rules.chase + 1))
        for name in LEAVING[arm.name]:
            deal, column = self._cells[name]
            stay = np.maximum(1 - probability[name], LEAST_PROBABILITY)
            logs[deal, column + 1] -= np.log(stay)
        return np.exp(np.cumsum(logs, axis=1))

    @cached_property
    def summed(self) -> tuple[str, ...]:
        """Names of what is summed over clones and weeks."""
        return (*FIXED, *self.courses.amounts)

    @cached_property
    def _panels(self) -> dict[str, list[tuple[Codes, Floats]]]:
        """By arm and week: the clones there, and what each adds when it weighs one. (., q)"""
        courses = self.courses
        panels: dict[str, list[tuple[Codes, Floats]]] = {}
        for name, arm in self.arms.items():
            panels[name] = []
            for week in courses.weeks:
                deal = np.flatnonzero(arm.stays[:, week - 1])
                won = courses.won[deal]
                columns = [won >= week, won == week]
                columns += [amounts[deal, week - 1] for amounts in courses.amounts.values()]
                panels[name].append((deal, np.column_stack(columns).astype(np.float64)))
        return panels

    def sums(self, arm: Arm, weights: Floats, counts: Floats, kept: float = TRUNCATION) -> Floats:
        """Weighted mean over the clones there in each week of at_risk, win and amounts. (K, q)

        `counts` (n,) says how often each deal is drawn. Weights average one in their arm and week
        (stabilised) and are truncated there at the quantile `kept`. NaN in a week without clones.
        """
        found = np.full((self.courses.rules.last, len(self.summed)), np.nan)
        for column, (deal, values) in enumerate(self._panels[arm.name]):
            drawn = counts[deal]
            now = weights[deal, min(column, weights.shape[1] - 1)]
            held = truncated(now, drawn, kept) * drawn
            total = held.sum()
            if total > 0:
                found[column] = (held @ values) / total
        return found

    def draws(self, counts: npt.NDArray[np.int64]) -> Iterator[Mapping[str, Floats]]:
        """Sums by arm for each draw of clusters in `counts` (B, G), with every model refitted."""
        streams = {name: model.redrawn(counts) for name, model in self.models.items()}
        for drawn in counts:
            probability = {name: next(stream) for name, stream in streams.items()}
            often = drawn[self.courses.clusters].astype(np.float64)
            yield {
                name: self.sums(arm, self.weights(arm, probability), often)
                for name, arm in self.arms.items()
            }


def truncated(weights: Floats, counts: Floats, kept: float = TRUNCATION) -> Floats:
    """Weights cut at the quantile `kept` (99.5 %) among the rows that were drawn."""
    drawn = weights[counts > 0]
    if not drawn.size:
        return weights
    place = min(int(np.ceil(kept * drawn.size)), drawn.size) - 1
    limit = np.partition(drawn, place)[place]
    cut: Floats = np.minimum(weights, limit)
    return cut
