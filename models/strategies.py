"""What strategies come to: curves and means by arm, from all deals and from draws of sellers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from models.cloning import ARMS, FIXED, LEAVING, METHOD, PARTED, Cloning, truncated
from models.courses import Courses
from models.effects import Effect, effect_of
from models.propensity import Codes, Flags, Floats
from models.segments import Segments
from models.weighting import effective_size, top_share


@dataclass(frozen=True, eq=False)
class Strategies:
    """What the arms come to: curves and means from all rows, and from each draw.

    By arm: `curves` (K + 1,) and `drawn_curves` (B, K + 1) of the first win at the end of weeks
    0..K; `means` and `drawn_means` by outcome, (1,) and (B,). `weights` are the clones' at the end.
    Of the arms that are told apart by segment, `parts` (K, L, 2) and `drawn_parts` (B, K, L, 2)
    hold what counts at risk and what wins in each week.
    """

    cloning: Cloning
    curves: Mapping[str, Floats]
    drawn_curves: Mapping[str, Floats]
    means: Mapping[str, Mapping[str, float]]
    drawn_means: Mapping[str, Mapping[str, Floats]]
    weights: Mapping[str, Floats]
    parts: Mapping[str, Floats]
    drawn_parts: Mapping[str, Floats]

    def effect(self, outcome: str, arm: str = "disqualify", other: str = "chase") -> Effect:
        """The difference between two arms at the horizon, from the draws of sellers, t(G-1)."""
        courses = self.cloning.courses
        means = np.array([self.means[other][outcome], self.means[arm][outcome]])
        drawn = np.column_stack([self.drawn_means[other][outcome], self.drawn_means[arm][outcome]])
        return effect_of(
            METHOD,
            "per_protocol",
            means,
            deviations(drawn),
            len(courses.base),
            sum(self.effective_n(name) for name in (arm, other)),
            courses.n_clusters - 1,
        )

    def settled(self, arm: str) -> int:
        """The first week in which no clone leaves any more, or the last in which one is seen."""
        rules = self.cloning.courses.rules
        is_there = self.cloning.arms[arm].stays.any(axis=0)
        last = int(np.flatnonzero(is_there)[-1]) + 1
        return min((rules.chase if arm in LEAVING else rules.grace) + 1, last)

    def held(self, arm: str, week: int) -> tuple[Codes, Floats]:
        """Deals whose clone is in the arm in a week, and their truncated weights, mean one."""
        deal = np.flatnonzero(self.cloning.arms[arm].stays[:, week - 1])
        weights = self.weights[arm]
        cut = truncated(weights[deal, min(week - 1, weights.shape[1] - 1)], np.ones(len(deal)))
        return deal, cut / cut.mean()

    def effective_n(self, arm: str) -> float:
        """Effective clones of an arm when all leaving is over."""
        return effective_size(self.held(arm, self.settled(arm))[1])

    def difference(self, kept: float, arm: str = "disqualify", other: str = "chase") -> float:
        """The difference in first wins with weights truncated at another quantile, 1 for never."""
        ones, cloning = np.ones(len(self.cloning.courses.base)), self.cloning
        shares = []
        for name in (other, arm):
            held = cloning.held(cloning.arms[name], self.weights[name], ones, kept)
            shares.append(_curve(cloning.means(cloning.arms[name], held))[-1])
        return float(shares[1] - shares[0])

    def wins(self, arm: str) -> int:
        """First wins seen in an arm, each clone counted once."""
        return int(self.won_in(arm).sum())

    def won_in(self, arm: str) -> Flags:
        """Deals whose account's first win was seen while their clone was in an arm. (n,)"""
        courses = self.cloning.courses
        won = courses.won[:, None] == courses.weeks[None, :]
        seen: Flags = np.asarray((won & self.cloning.arms[arm].stays).any(axis=1))
        return seen

    def facts(self) -> dict[str, float]:
        """Diagnostics of the clones by key: who stayed, effective sizes, the heaviest weights."""
        found: dict[str, float] = {}
        for name in ("disqualify", *LEAVING):
            deal, weights = self.held(name, self.settled(name))
            found[f"clones_stayed_{name}"] = float(len(deal))
            found[f"wins_clones_{name}"] = float(self.wins(name))
            found[f"effective_n_clones_{name}"] = effective_size(weights)
            found[f"top_1_percent_clones_{name}_weight_share"] = top_share(weights)
            found[f"largest_weight_clones_{name}"] = float(weights.max())
        return found


def deviations(draws: Floats) -> Floats:
    """Draws (B, k) less their mean, scaled so that products sum to a covariance.

    A draw that left an arm or a segment empty adds nothing; with fewer than two draws all is NaN.
    """
    found: Flags = np.asarray(np.isfinite(draws).all(axis=1))
    if found.sum() < 2:
        return np.full((1, draws.shape[1]), np.nan)
    centred = draws - draws[found].mean(axis=0)
    scaled: Floats = np.where(found[:, None], centred, 0.0) / np.sqrt(found.sum() - 1)
    return scaled


def _curve(sums: Floats) -> Floats:
    """Cumulative incidence at the end of weeks 0..K from weekly means of at_risk and win. (K + 1,)

    A week in which no clone was at risk any more adds nothing; after the last week seen it is NaN.
    """
    at_risk, wins = sums[:, 0], sums[:, 1]
    hazard = np.divide(wins, at_risk, out=np.zeros_like(wins), where=~(at_risk <= 0))
    survival: Floats = np.concatenate([[1.0], np.cumprod(1 - hazard)])
    return 1 - survival


def _means(names: Sequence[str], sums: Floats) -> dict[str, float]:
    totals = dict(zip(names, sums.sum(axis=0), strict=True))
    return {
        "account_win": float(_curve(sums)[-1]),
        **{name: float(total) for name, total in totals.items() if name not in FIXED},
    }


def compare_strategies(
    courses: Courses, draws: int, seed: int, segments: Segments | None = None
) -> Strategies:
    """Clones, censors and weights, on all rows and in each draw of sellers, refitting everything.

    The draws are multinomial over sellers from `seed`; the order of rows is nothing. `segments` of
    the same deals are told apart under the weights of all, in the same draws.
    """
    cloning = Cloning(courses, segments)
    fitted = {name: model.probability for name, model in cloning.models.items()}
    weights = {name: cloning.weights(arm, fitted) for name, arm in cloning.arms.items()}
    point, parts = cloning.sums(weights, np.ones(len(courses.base)))
    groups = courses.n_clusters
    counts = np.random.default_rng(seed).multinomial(
        groups, np.full(groups, 1 / groups), size=draws
    )
    drawn = list(cloning.draws(counts))
    names = cloning.summed
    drawn_means = {arm: [_means(names, sums[arm]) for sums, _ in drawn] for arm in ARMS}
    return Strategies(
        cloning,
        {arm: _curve(point[arm]) for arm in ARMS},
        {
            arm: np.array([_curve(sums[arm]) for sums, _ in drawn]).reshape(
                draws, courses.rules.last + 1
            )
            for arm in ARMS
        },
        {arm: _means(names, point[arm]) for arm in ARMS},
        {
            arm: {
                name: np.array([means[name] for means in drawn_means[arm]])
                for name in ("account_win", *courses.amounts)
            }
            for arm in ARMS
        },
        weights,
        parts,
        {
            arm: np.array([each[arm] for _, each in drawn]).reshape(draws, *parts[arm].shape)
            for arm in PARTED
        },
    )
