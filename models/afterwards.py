"""What follows a day: how deals go on over the half year after it, beside what was known then.

Rows are landmarks: days in a deal's life on which it is open and has not stalled. What is asked
about and what is adjusted for are as they stood on that day; what comes after it, silence above
all, is how an effect would work and is left to happen. Hazards of each kind of ending are pooled
over landmarks and bins of weeks ahead (van Houwelingen, Dynamic prediction by landmarking,
Scandinavian Journal of Statistics 34, 2007). An incidence under an exposure is standardised:
foretold for every landmark as if the exposure were so there, and averaged (Robins, Mathematical
Modelling 7, 1986). Errors are by seller, by the influence of each on coefficients and average, with
t(G - 1).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from scipy.stats import t as student

from models.associations import LEAST_EVENTS, Association, Pooled, adjusted_for
from models.incidence import ENDINGS, aalen_johansen
from models.landmarks import (
    BIN_ENDS,
    BIN_STARTS,
    NO_DECISION,
    Expanded,
    Labels,
    expand,
    labelled,
)
from models.propensity import Codes, Flags, Floats, codes

HORIZONS = (91, 182)  # days: whole weeks at which bins end
GROUPS: Mapping[str, tuple[str, ...]] = {
    "no_decision": ("no_decision",),
    "decision": ("won", "lost_to_competitor"),
    "other": ("disqualified", "other"),
}
DRAWS = 400
WIDTHS = (BIN_ENDS - BIN_STARTS).astype(np.float64)  # weeks


@dataclass(frozen=True)
class Told:
    """A number with its 95 % interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, eq=False)
class Average:
    """A mean over landmarks, and how far each seller moved it. (G,)"""

    value: float
    moved: Floats

    def __sub__(self, other: "Average") -> "Average":
        return Average(self.value - other.value, self.moved - other.moved)

    def told(self) -> Told:
        """With the interval by seller."""
        many = len(self.moved)
        error = float(np.sqrt(self.moved @ self.moved * many / max(many - 1, 1)))
        reach = float(student.ppf(0.975, max(many - 1, 1))) * error
        return Told(self.value, self.value - reach, self.value + reach)


@dataclass(frozen=True, eq=False)
class Ahead:
    """Landmarks, what became of them, and what they are compared beside.

    `rows` (n) of features.snapshots; `lines` are rows by bin ahead; `base` (n, p) the covariates.
    """

    rows: pd.DataFrame
    known: Labels
    lines: Expanded
    base: Floats
    sellers: Codes

    @classmethod
    def of(
        cls,
        landmarks: pd.DataFrame,
        deals: pd.DataFrame,
        stalls: pd.DataFrame,
        as_of_day: int,
        *,
        more: Sequence[str] = (),
        apart: Sequence[str] = (),
    ) -> "Ahead":
        """Landmarks with their half year ahead, as known on a day; those that had ended are gone.

        `deals` and `stalls` as models.stall.fit reads them; `more` and `apart` are adjusted for
        beside what every association is.
        """
        found = labelled(landmarks.reset_index(drop=True), deals, stalls, as_of_day)
        found = found.take(found.known.follow >= 7)
        lines = expand(found.known, found.rows["deal_id"].to_numpy(dtype="object"))
        sellers = codes(found.rows["seller_id"].astype("object").fillna("").astype(str))
        base = adjusted_for(found.rows, more=more, apart=apart)
        return cls(found.rows, found.known, lines, base, sellers)

    @cached_property
    def adjust(self) -> Floats:
        """The covariates of lines: those of their landmark, and a step for each bin."""
        steps = self.lines.bin[:, None] == np.arange(1, len(BIN_ENDS))
        return np.hstack([self.base[self.lines.row], steps.astype(np.float64)])

    @cached_property
    def weeks(self) -> Floats:
        """Weeks of lines in which they could end: to their end, or to that of their bin. (m,)"""
        own = self.known.time[self.lines.row] / 7
        ends = np.minimum(own, BIN_ENDS[self.lines.bin])
        found: Floats = ends - BIN_STARTS[self.lines.bin]
        return found

    def ended(self, group: str) -> Flags:
        """Which lines end as one of GROUPS. (m,)"""
        wanted = [ENDINGS.index(name) for name in GROUPS[group]]
        return np.isin(self.lines.target, wanted)

    def association(self, exposures: Mapping[str, Floats], group: str) -> Association:
        """Hazard ratios of exposures of landmarks (n,) over the half year after."""
        row = self.lines.row
        told = {name: np.asarray(values)[row] for name, values in exposures.items()}
        return Association.fitted(
            told, self.adjust, self.ended(group), self.sellers[row], self.weeks
        )

    def deals_ended(self, group: str, of: Flags) -> int:
        """Deals that end as one of GROUPS within the half year after a landmark of `of` (n,)."""
        ended = np.unique(self.lines.row[self.ended(group)])
        return int(self.rows["deal_id"].iloc[ended[of[ended]]].nunique())

    def foretold(self, exposures: Floats) -> "Foretold":
        """The hazards of all endings given exposures (n, k) of landmarks.

        Endings other than no decision are told apart where there are enough of each; where there
        are too few even of all of them together, none is held to come.
        """
        row, every = self.lines.row, np.ones(len(self.rows), dtype=bool)
        rest = [group for group in GROUPS if group != "no_decision"]
        counts = [self.deals_ended(group, every) for group in rest]
        ended = [self.ended(group) for group in rest]
        if min(counts) < LEAST_EVENTS:
            ended = [np.logical_or.reduce(ended)] if sum(counts) >= LEAST_EVENTS else []
        return Foretold(
            self,
            [
                Pooled.fitted(exposures[row], self.adjust, event, self.sellers[row], self.weeks)
                for event in (self.ended("no_decision"), *ended)
            ],
        )

    def observed(self, of: Flags, seed: int) -> Mapping[int, Told]:
        """No decision within each horizon after the landmarks of `of` (n,), by Aalen-Johansen.

        Intervals by bootstrap of sellers.
        """
        last = HORIZONS[-1] // 7
        # Only weeks that could be followed to their end count, for those that end in them too.
        ends, watched = -(-self.known.time[of] // 7), self.known.follow[of] // 7
        is_known = (self.known.cause[of] >= 0) & (ends <= watched)
        cause = np.where(is_known, self.known.cause[of], -1)
        step = np.minimum(np.where(is_known, ends, watched), last + 1)
        seller = codes(self.sellers[of])
        point = aalen_johansen(step, cause, len(ENDINGS), last)[:, NO_DECISION]
        many = int(seller.max()) + 1
        counts = np.zeros((many, last + 2, len(ENDINGS) + 1))
        np.add.at(counts, (seller, step, cause), 1.0)
        rng = np.random.default_rng(seed)
        drawn = rng.multinomial(many, np.full(many, 1 / many), size=DRAWS).astype(np.float64)
        left = np.tensordot(drawn, counts, axes=1)[:, 1 : last + 1 + 1]
        leaves = left.sum(axis=2)
        at_risk = np.cumsum(leaves[:, ::-1], axis=1)[:, ::-1]
        share = np.divide(left, at_risk[..., None], out=np.zeros_like(left), where=left > 0)
        stays = np.cumprod(1 - share[..., : len(ENDINGS)].sum(axis=2), axis=1)
        before = np.hstack([np.ones((DRAWS, 1)), stays[:, :-1]])
        drawn_curves = np.cumsum(before * share[..., NO_DECISION], axis=1)
        found = {}
        for days in HORIZONS:
            low, high = np.quantile(drawn_curves[:, days // 7 - 1], [0.025, 0.975])
            found[days] = Told(float(point[days // 7 - 1]), float(low), float(high))
        return found


@dataclass(frozen=True, eq=False)
class Foretold:
    """Hazards of no decision and, after it, of the other groups of endings, given exposures."""

    ahead: Ahead
    hazards: Sequence[Pooled]

    def incidence(self, exposures: Floats) -> Mapping[int, Average]:
        """Mean no decision within each horizon were the exposures (n, k) so at every landmark."""
        rates = [self._rates(each, exposures) for each in self.hazards]
        return {days: self._average(exposures, rates, days) for days in HORIZONS}

    def _rates(self, hazard: Pooled, exposures: Floats) -> Floats:
        """Endings so a week in each bin. (n, bins)"""
        many = 1 + exposures.shape[1] + self.ahead.base.shape[1]
        of_row = np.column_stack([np.ones(len(exposures)), exposures, self.ahead.base])
        steps = np.concatenate([[0.0], hazard.coefficients[many:]])
        rates: Floats = np.exp((of_row @ hazard.coefficients[:many])[:, None] + steps)
        return rates

    def _average(self, exposures: Floats, rates: Sequence[Floats], days: int) -> Average:
        bins = int(np.searchsorted(BIN_ENDS * 7, days)) + 1
        total = np.sum(rates, axis=0)
        stays = np.exp(-WIDTHS * total)
        before = np.cumprod(np.hstack([np.ones((len(total), 1)), stays]), axis=1)[:, :-1]
        share = rates[0] / total
        comes = (share * before * (1 - stays))[:, :bins]
        reached = comes.sum(axis=1)
        n = len(reached)
        sums = np.bincount(
            self.ahead.sellers,
            weights=reached - reached.mean(),
            minlength=len(self.hazards[0].influence),
        )
        moved = sums / n
        # What a rate takes away later: all that would still come after its bin.
        later = reached[:, None] - np.cumsum(comes, axis=1)
        of_row = np.column_stack([np.ones(n), exposures, self.ahead.base])
        for place, (hazard, rate) in enumerate(zip(self.hazards, rates, strict=True)):
            here = (share * before * WIDTHS * stays * rate)[:, :bins]
            parts = comes * ((place == 0) - (rate / total)[:, :bins])
            slope = parts + here - later * (WIDTHS * rate)[:, :bins]
            steps = np.zeros(len(BIN_ENDS))
            steps[:bins] = slope.sum(axis=0)
            along = np.concatenate([of_row.T @ slope.sum(axis=1), steps[1:]]) / n
            moved = moved + hazard.influence @ along
        return Average(float(reached.mean()), moved)
