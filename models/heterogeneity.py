"""Whether the answer differs between kinds of deals: segments of the headline, judged together.

The weights are the headline's own, learned from all deals; a segment's estimate is the difference
of weighted first wins among its own clones, and all of them are made again in each draw of sellers,
so that what they share is known. A segment speaks where the gates of size and weights, which the
headline has to pass, are passed by its own deals.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from models.cloning import PARTED
from models.multiplicity import holm
from models.propensity import Flags, Floats
from models.refusal import Evidence
from models.segments import ATTRIBUTES, NAMED, OTHER, Segments
from models.strategies import Strategies, deviations
from models.trial import Rules
from models.weighting import effective_size

LEVEL = 0.05
NUMBERS = ("estimate", "low", "high", "shrunk_estimate", "shrunk_low", "shrunk_high")
SEGMENT_TYPES = {
    **dict.fromkeys(("attribute", "level"), "str"),
    **dict.fromkeys(("n", "n_sellers", "events_treated", "events_control"), "int64"),
    **dict.fromkeys(NUMBERS, "float64"),
    "verdict": "str",
}
TEST_TYPES = {
    "attribute": "str",
    **dict.fromkeys(("levels", "levels_said"), "int64"),
    **dict.fromkeys(("f", "dof", "dof_error", "p", "p_holm", "spread"), "float64"),
    **dict.fromkeys(("differs", "verdict"), "str"),
}


@dataclass(frozen=True, eq=False)
class Heterogeneity:
    """`segments`: a row a level, with what it says; `tests`: a row an attribute, does it differ."""

    segments: pd.DataFrame
    tests: pd.DataFrame

    @classmethod
    def refused(cls, verdict: str) -> "Heterogeneity":
        """Nothing is said of any segment, for one reason."""
        untested = dict.fromkeys(TEST_TYPES, np.nan) | {"levels": 0, "levels_said": 0}
        rows = [
            untested | {"attribute": name, "differs": "unknown", "verdict": verdict}
            for name in ATTRIBUTES
        ]
        return cls(_typed([], SEGMENT_TYPES), _typed(rows, TEST_TYPES))

    @classmethod
    def of(cls, strategies: Strategies, rules: Rules) -> "Heterogeneity":
        """The segments of a headline that may speak, and the test of each attribute."""
        courses = strategies.cloning.courses
        overall = strategies.effect("account_win", *PARTED)
        segments, parts, drawn = _merged(strategies, rules)
        counted = [_evidence(strategies, rows, rules) for rows in segments.belongs]
        verdicts = [
            _verdict(strategies, rows, found)
            for rows, found in zip(segments.belongs, counted, strict=True)
        ]
        treated, control = (incidence(parts[arm]) for arm in PARTED)
        drawn_levels = incidence(drawn[PARTED[0]]) - incidence(drawn[PARTED[1]])
        drawn_overall = (
            strategies.drawn_means[PARTED[0]]["account_win"]
            - strategies.drawn_means[PARTED[1]]["account_win"]
        )
        found: dict[int, dict[str, float]] = {}
        tests = []
        for attribute in ATTRIBUTES:
            places = segments.places(attribute)
            said = [place for place in places if verdicts[place] == "ok"]
            judged = judge(
                (treated - control)[said],
                drawn_levels[:, said],
                overall.estimate,
                drawn_overall,
                courses.n_clusters,
            )
            found |= dict(zip(said, judged.rows, strict=True))
            tests.append({"attribute": attribute, "levels": len(places), **judged.test})
        blank = dict.fromkeys(NUMBERS, np.nan)
        rows = [
            {
                "attribute": segments.attribute[place],
                "level": segments.level[place],
                "n": counts.n,
                "n_sellers": counts.sellers,
                "events_treated": counts.wins_by_arm[1],
                "events_control": counts.wins_by_arm[0],
                **found.get(place, blank),
                "verdict": verdicts[place],
            }
            for place, counts in enumerate(counted)
        ]
        return cls(_typed(rows, SEGMENT_TYPES), _typed(with_holm(tests), TEST_TYPES))


def _typed(rows: Sequence[Mapping[str, object]], types: Mapping[str, str]) -> pd.DataFrame:
    return pd.DataFrame(list(rows), columns=list(types)).astype(dict(types))


def _evidence(strategies: Strategies, rows: Flags, rules: Rules) -> Evidence:
    """Counts of one segment's deals (n,), with those that kept to each strategy to the end."""
    cloning = strategies.cloning
    sellers = cloning.courses.clusters
    deals, with_deals, wins, followed = [], [], [], []
    for name in reversed(PARTED):
        stays = cloning.arms[name].stays
        kept = rows & stays[:, strategies.settled(name) - 1]
        deals.append(int(kept.sum()))
        with_deals.append(len(np.unique(sellers[kept])))
        wins.append(int((strategies.won_in(name) & rows).sum()))
        followed.append(int((rows & stays[:, -1]).sum()))
    return Evidence(
        rules=rules,
        n=int(rows.sum()),
        sellers=len(np.unique(sellers[rows])),
        deals_by_arm=(deals[0], deals[1]),
        sellers_by_arm=(with_deals[0], with_deals[1]),
        wins_by_arm=(wins[0], wins[1]),
        followed_by_arm=(followed[0], followed[1]),
    )


def _verdict(strategies: Strategies, rows: Flags, found: Evidence) -> str:
    """The headline's gates on one segment: 'ok', 'too_few' or 'no_overlap'."""
    if not found.is_enough:
        return "too_few"
    for name in PARTED:
        deal, weights = strategies.held(name, strategies.settled(name))
        if effective_size(weights[rows[deal]]) < found.rules.min_effective:
            return "no_overlap"
    return "ok"


def _merged(
    strategies: Strategies, rules: Rules
) -> tuple[Segments, dict[str, Floats], dict[str, Floats]]:
    """Segments and their sums; small levels without an order are 'other' beside larger ones."""
    segments = strategies.cloning.segments
    if segments is None:
        raise ValueError("strategies were compared without segments: give them to the comparison")
    parts, drawn = dict(strategies.parts), dict(strategies.drawn_parts)
    for attribute in NAMED:
        places = segments.places(attribute)
        small = [
            place
            for place in places
            if not _evidence(strategies, segments.belongs[place], rules).is_enough
            or segments.level[place] == OTHER
        ]
        # Where no level stands alone, all of them together would be all deals once more.
        if 1 < len(small) < len(places):
            segments, makes = segments.together(small)
            parts = {arm: np.einsum("ml,klq->kmq", makes, sums) for arm, sums in parts.items()}
            drawn = {arm: np.einsum("ml,bklq->bkmq", makes, sums) for arm, sums in drawn.items()}
    return segments, parts, drawn


def incidence(sums: Floats) -> Floats:
    """First wins by the end of the last week, from what is at risk and wins. (..., K, L, 2)

    A week in which nobody is at risk any more adds nothing; NaN where nobody ever was.
    """
    at_risk, wins = sums[..., 0], sums[..., 1]
    hazard = np.divide(wins, at_risk, out=np.zeros_like(wins), where=at_risk > 0)
    found: Floats = 1 - np.prod(1 - hazard, axis=-2)
    return np.where((at_risk > 0).any(axis=-2), found, np.nan)


@dataclass(frozen=True, eq=False)
class Judged:
    """What the levels of one attribute say: numbers a level, and the test of the attribute."""

    rows: list[dict[str, float]]
    test: dict[str, object]


def judge(
    estimates: Floats,
    drawn: Floats,
    overall: float,
    drawn_overall: Floats,
    n_clusters: int,
    freedom: float | None = None,
) -> Judged:
    """Intervals, test and shrinkage of levels (k,) from their draws (B, k) with the overall's (B,).

    Test of no difference: with c the k - 1 differences and S their covariance over the draws,
    times G/(G - 1), W = c' S^-1 c is taken for Hotelling's T^2 with v degrees of freedom, so that
    F = W (v - p + 1) / (v p) has p = k - 1 and v - p + 1 (Hotelling 1931; for clustered
    covariances Pustejovsky, Tipton 2018). v is that of a variance from G sellers and B draws,
    1/v = 1/(G - 1) + 1/(B - 1) (Satterthwaite 1946). Where the draws' scale is one pooled number of
    known `freedom`, no matrix was estimated: then F = W / p, with p and that.

    Shrinkage: levels spread around the overall effect with variance t^2, which is what W exceeds
    its expectation by, never below nothing (DerSimonian, Laird 1986, with covariances as in
    Jackson, White, Riley 2013). A level keeps the part t^2 (t^2 I + S_c)^-1 of its distance from
    the overall effect, S_c the covariance of the distances; the interval has the error of that
    combination over the draws, and the spread that is smoothed away. t(G - 1) throughout.
    """
    from scipy.stats import t as student

    k = len(estimates)
    both = deviations(np.column_stack([drawn, drawn_overall]))
    used = int(np.isfinite(np.column_stack([drawn, drawn_overall])).all(axis=1).sum())
    factor = float(student.ppf(0.975, max(n_clusters - 1, 1)))
    errors = np.sqrt(np.square(both[:, :k]).sum(axis=0))
    test = _test(estimates, both[:, :k], n_clusters, used, freedom)
    blank = np.full(k, np.nan)
    shrunk, shrunk_errors = blank, blank
    if test["verdict"] == "ok":
        variance = float(str(test["spread"])) ** 2
        shrunk, shrunk_errors = _shrunk(estimates, both, overall, variance)
    rows = [
        dict(zip(NUMBERS, map(float, numbers), strict=True))
        for numbers in zip(
            estimates,
            estimates - factor * errors,
            estimates + factor * errors,
            shrunk,
            shrunk - factor * shrunk_errors,
            shrunk + factor * shrunk_errors,
            strict=True,
        )
    ]
    return Judged(rows, {"levels_said": k, **test})


def _test(
    estimates: Floats, deviated: Floats, n_clusters: int, draws: int, freedom: float | None
) -> dict[str, object]:
    """The test of one attribute, and the spread of its levels (a standard deviation)."""
    from scipy.stats import f as fisher

    found: dict[str, object] = dict.fromkeys(("f", "dof", "dof_error", "p", "spread"), np.nan)
    p = len(estimates) - 1
    if p < 1:
        return found | {"verdict": "too_few"}
    differs = np.eye(len(estimates))[1:] - np.eye(len(estimates))[0]
    # Draws of G sellers vary by (G - 1)/G of what G sellers do.
    scale = n_clusters / max(n_clusters - 1, 1) if freedom is None else 1.0
    covariance = scale * differs @ (deviated.T @ deviated) @ differs.T
    dof = 1 / (1 / max(n_clusters - 1, 1) + 1 / max(draws - 1, 1))
    if freedom is not None:
        dof = freedom + p - 1
    if dof - p - 1 <= 0 or np.linalg.matrix_rank(covariance, hermitian=True) != p:
        return found | {"verdict": "not_estimable"}
    inverse = np.linalg.inv(covariance)
    gaps = differs @ estimates
    wald = float(gaps @ inverse @ gaps)
    known = dof if freedom is None else dof - p + 1
    statistic = wald * (dof - p + 1) / (known * p)
    excess = wald * (dof - p - 1) / known - p
    variance = max(excess, 0.0) / float(np.trace(inverse @ differs @ differs.T))
    return {
        "f": statistic,
        "dof": float(p),
        "dof_error": dof - p + 1,
        "p": float(fisher.sf(statistic, p, dof - p + 1)),
        "spread": float(np.sqrt(variance)),
        "verdict": "ok",
    }


def _shrunk(
    estimates: Floats, both: Floats, overall: float, variance: float
) -> tuple[Floats, Floats]:
    """Levels drawn towards the overall effect, and their errors. (k,) each

    `both` (B, k + 1) are the deviations of the levels' draws and, last, of the overall effect's.
    """
    k = len(estimates)
    distances = both[:, :k] - both[:, k:]
    keeps: Floats = np.zeros((k, k))
    if variance > 0:
        spread = variance * np.eye(k)
        keeps[:] = np.linalg.solve(spread + distances.T @ distances, spread).T
    found: Floats = overall + keeps @ (estimates - overall)
    noise: Floats = both[:, k:] + distances @ keeps.T
    left = np.eye(k) - keeps
    errors: Floats = np.sqrt(np.square(noise).sum(axis=0) + variance * np.square(left).sum(axis=1))
    return found, errors


def with_holm(tests: Sequence[Mapping[str, object]]) -> list[dict[str, object]]:
    """The tests with p values for all of them together (Holm 1979), and whether they differ."""
    together = holm(np.array([float(str(test["p"])) for test in tests]))
    rows = []
    for test, value in zip(tests, together, strict=True):
        differs = "unknown" if np.isnan(value) else "yes" if value < LEVEL else "no"
        rows.append({**test, "p_holm": float(value), "differs": differs})
    return rows
