"""Clone, censor, weight: strategies that unfold over weeks, compared from one time zero.

Every decision point is followed in every arm whose strategy it may still turn out to have kept; a
clone leaves its arm when the seller's acts no longer fit, and the clones that stay stand for those
that left (Hernan 2018; Maringe et al., IJE 2020). Weights are products of one over the probability
of staying, given what was known before the day: a reply holds sellers back in the very week, and
by weeks alone those who stay would be those who were answered.

Two strategies have a deadline: letting go by the end of grace, a touch within so many days of the
last. Until it the clones act as sellers here do, ever more surely: a chance p a day becomes
p / (1 - (1 - p)^r) with r days to go, which is 1 on the last. A grace period needs such a rule
(Cain et al., Int. J. Biostat. 2010; Wanis et al., JRSS A 2024). To leave all to the last day is
another one, and nobody may ever act that late: the weights are then as heavy as can be.

- disqualify: lets go by the end of grace.
- disqualify at once: the same clones; all who let go within the grace stand for those who did
  not, by what was known at time zero alone: blind to what the buyer did in the grace.
- chase: leaves when the seller lets go, or when a touch is too long in coming, in the weeks of a
  chase.
- wait: leaves when the seller lets go in these weeks, or touches before a gap is complete.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from models.acts import LEAST_PROBABILITY, Act
from models.courses import WEEK, Courses, week_columns
from models.pooled import PooledLogit, Rows
from models.propensity import Codes, Flags, Floats
from models.segments import Segments
from models.weighting import TRUNCATION

AT_ONCE = "disqualify_at_once"
ARMS = ("disqualify", "chase", "wait", AT_ONCE)
# The acts that make a clone leave, by arm. Who lets go early and who does later are told by models
# of their own: the first follow looks, the second silence.
LEAVING: Mapping[str, tuple[str, ...]] = {
    "chase": ("walk", "walk_chasing"),
    "wait": ("walk", "walk_waiting", "touch"),
}
FIXED = ("at_risk", "win")
PARTED = ("disqualify", "chase")  # the arms that are also told apart by segment
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
class Arm:
    """The clones of one arm: where each is still there.

    `stays` (n, K) holds at week k when the clone is seen through week k and had not left by the
    end of week k - 1.
    """

    name: str
    stays: Flags


class Cloning:
    """The clones of all decision points, and the models of what makes them leave."""

    def __init__(self, courses: Courses, segments: Segments | None = None) -> None:
        """Clones every deal into every arm and fits the models once, on all rows.

        `segments` are of the deals of `courses`, in their order.
        """
        self.courses = courses
        self.segments = segments
        rules = courses.rules
        weeks = courses.weeks[None, :]
        is_early, in_chase = weeks <= rules.grace, weeks <= rules.chase
        may_wait = weeks <= rules.wait
        walks = (weeks == courses.walked[:, None]) & (weeks < courses.won[:, None])
        touches = may_wait & (courses.touch_days <= courses.free_days)

        has_gap = courses.has_gap & in_chase
        chased = in_chase & ~courses.before(has_gap)
        waited = in_chase & ~courses.before(touches)
        free = courses.free_days
        self.acts = {
            "walk": self._daily(is_early, free, walks),
            "walk_chasing": self._daily(chased & ~is_early, free, walks),
            "walk_waiting": self._daily(waited & ~is_early, free, walks),
            "touch_due": self._touch_due(chased),
            "touch": self._daily(waited & may_wait, courses.touch_days, touches),
            AT_ONCE: self._at_once(),
        }
        is_seen = weeks <= courses.seen[:, None]
        self.arms = {
            name: Arm(name, is_seen & (is_early | ~self._missed[:, None]))
            for name in ("disqualify", AT_ONCE)
        }
        for name, acts in LEAVING.items():
            left = np.any([self.acts[act].left(is_seen.shape) for act in acts], axis=0)
            left |= has_gap & (name == "chase")
            self.arms[name] = Arm(name, is_seen & ~courses.before(left))
        self.models = {name: PooledLogit(self._rows(act)) for name, act in self.acts.items()}

    @cached_property
    def _missed(self) -> Flags:
        """Deals that the seller could have let go until the end of grace, and did not. (n,)

        Those that others ended, or whose account bought, within the grace never had to choose.
        """
        courses, grace = self.courses, self.courses.rules.grace
        missed: Flags = (courses.won > grace) & (courses.walked > grace) & (courses.ended > grace)
        return missed

    def _daily(self, possible: Flags, end: Codes, seen: Flags) -> Act:
        """What may happen on any day: steps of the weeks (n, K) up to `end`, or all free days."""
        rules = self.courses.rules
        until = WEEK * (rules.grace - self.courses.weeks[None, :] + 1)
        return Act.of(
            self.courses,
            possible,
            np.zeros_like(end),
            end,
            seen,
            np.broadcast_to(until, end.shape),
        )

    def _touch_due(self, chased: Flags) -> Act:
        """A touch once a week went by without one, by the last day on which it is in time."""
        courses = self.courses
        room = courses.rules.gap_days - courses.wait_days
        first = np.maximum(WEEK - courses.wait_days, 0)
        end = np.minimum(courses.touch_days, np.maximum(room, 0))
        seen = courses.touch_days <= np.minimum(courses.free_days, room)
        return Act.of(courses, chased, first, end, seen, room)

    def _at_once(self) -> Act:
        """Letting go at any time in the grace, as one act at time zero."""
        courses, grace = self.courses, self.courses.rules.grace
        walks = (courses.walked <= grace) & (courses.won > grace)
        deal = np.flatnonzero((courses.free_days[:, 0] > 0) & (walks | self._missed))
        return Act(
            deal,
            np.zeros_like(deal),
            courses.varying[deal, 0],
            walks[deal],
            np.ones(len(deal)),
            np.ones(len(deal)),
        )

    def _rows(self, act: Act) -> Rows:
        courses = self.courses
        what = np.hstack([week_columns(courses.rules.last)[act.week], act.varying])
        return Rows(
            courses.base,
            act.deal,
            standardised_rows(what),
            act.happened,
            courses.clusters,
            act.trials,
        )

    def weights(self, arm: Arm, probability: Mapping[str, Floats]) -> Floats:
        """Weight of each clone when a week begins, given P(act) by model and row. (n, W)

        Column w holds what was multiplied up to the end of week w; the last one holds from then on.
        """
        rules = self.courses.rules
        last = rules.chase if arm.name in LEAVING else rules.grace
        factors = np.ones((len(self.courses.base), last + 1))
        if arm.name == AT_ONCE:
            chance = np.maximum(probability[AT_ONCE], LEAST_PROBABILITY)
            factors[self.acts[AT_ONCE].deal, -1] = 1 / chance
            return factors
        due = {"disqualify": "walk", "chase": "touch_due"}.get(arm.name)
        if due is not None:
            act = self.acts[due]
            np.multiply.at(factors, (act.deal, act.week + 1), act.in_time(probability[due]))
        for name in LEAVING.get(arm.name, ()):
            act = self.acts[name]
            np.multiply.at(factors, (act.deal, act.week + 1), act.stayed(probability[name]))
        found: Floats = np.asarray(np.cumprod(factors, axis=1), dtype=np.float64)
        return found

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

    def held(
        self, arm: Arm, weights: Floats, counts: Floats, kept: float = TRUNCATION
    ) -> list[tuple[Floats, Floats]]:
        """What share of its arm each clone counts for as each week begins, and as it ends.

        `counts` (n,) says how often each deal is drawn. Weights are truncated in their arm and
        week at the quantile `kept`, and sum to one (stabilised); without any they are NaN.
        """
        found = []
        last = weights.shape[1] - 1
        for column, (deal, _) in enumerate(self._panels[arm.name]):
            drawn = counts[deal]
            begins, ends = (
                _shares(truncated(weights[deal, min(place, last)], drawn, kept) * drawn)
                for place in (column, column + 1)
            )
            found.append((begins, ends))
        return found

    def means(self, arm: Arm, held: Sequence[tuple[Floats, Floats]]) -> Floats:
        """Weighted mean over the clones there in each week of at_risk, win and amounts. (K, q)

        Who is at risk counts as the week begins; what the week brings, by what the clone had done
        when it was over or won. NaN in a week without clones.
        """
        found = np.full((self.courses.rules.last, len(self.summed)), np.nan)
        for column, (deal, values) in enumerate(self._panels[arm.name]):
            if len(deal):
                begins, ends = held[column]
                found[column] = ends @ values
                found[column, 0] = begins @ values[:, 0]
        return found

    @cached_property
    def _cell_panels(self) -> dict[str, list[tuple[Codes, Codes, Codes, Codes]]]:
        """By arm and week: the places at risk, and that win, among the clones there; their cells.

        Deals that are alike in every attribute make a cell, so that one pass over the clones of a
        week gives the sums of all segments.
        """
        cells = np.zeros(0, dtype=np.intp) if self.segments is None else self.segments.cells
        panels: dict[str, list[tuple[Codes, Codes, Codes, Codes]]] = {}
        for name in PARTED:
            panels[name] = []
            for deal, values in self._panels[name]:
                at_risk, win = (np.flatnonzero(values[:, place]) for place in (0, 1))
                panels[name].append((at_risk, cells[deal[at_risk]], win, cells[deal[win]]))
        return panels

    def parts(self, arm: Arm, held: Sequence[tuple[Floats, Floats]]) -> Floats:
        """Sums of what counts at risk, and of what wins, by week and segment. (K, L, 2)"""
        if self.segments is None:
            return np.zeros((self.courses.rules.last, 0, 2))
        kinds = self.segments.kinds
        found = np.zeros((self.courses.rules.last, kinds.shape[1], 2))
        for week, (at_risk, cell, win, cell_won) in enumerate(self._cell_panels[arm.name]):
            for place, (rows, codes) in enumerate(((at_risk, cell), (win, cell_won))):
                found[week, :, place] = np.bincount(
                    codes, weights=held[week][place][rows], minlength=kinds.shape[1]
                )
        summed: Floats = np.einsum("lc,kcq->klq", kinds, found, optimize=True)
        return summed

    def sums(
        self, weights: Mapping[str, Floats], counts: Floats
    ) -> tuple[dict[str, Floats], dict[str, Floats]]:
        """Means by arm, and parts of the arms told apart, with deals drawn `counts` times."""
        means, parts = {}, {}
        for name, arm in self.arms.items():
            held = self.held(arm, weights[name], counts)
            means[name] = self.means(arm, held)
            if name in PARTED:
                parts[name] = self.parts(arm, held)
        return means, parts

    def draws(
        self, counts: npt.NDArray[np.int64]
    ) -> Iterator[tuple[dict[str, Floats], dict[str, Floats]]]:
        """`sums` for each draw of clusters in `counts` (B, G), with every model refitted."""
        streams = {name: model.redrawn(counts) for name, model in self.models.items()}
        for drawn in counts:
            probability = {name: next(stream) for name, stream in streams.items()}
            often = drawn[self.courses.clusters].astype(np.float64)
            weights = {name: self.weights(arm, probability) for name, arm in self.arms.items()}
            yield self.sums(weights, often)


def _shares(weights: Floats) -> Floats:
    total = weights.sum()
    found: Floats = weights / (total if total > 0 else np.nan)
    return found


def truncated(weights: Floats, counts: Floats, kept: float = TRUNCATION) -> Floats:
    """Weights cut at the quantile `kept` (99.5 %) among the rows that were drawn."""
    drawn = weights[counts > 0]
    if not drawn.size:
        return weights
    place = min(int(np.ceil(kept * drawn.size)), drawn.size) - 1
    limit = np.partition(drawn, place)[place]
    cut: Floats = np.minimum(weights, limit)
    return cut
