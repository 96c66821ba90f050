"""How fast, clear and sure letting go is in one scope: a company, a team, a month, a seller."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from models.clustered import LEAST_SELLERS, clusters_of, draws_of, incidence, limits, slope
from models.incidence import Ints
from models.propensity import SEED, Flags, Floats
from models.teams import POOLED

DECIDED = ("let_go", "buyer", "unsaid")
ENDINGS = (*DECIDED, "swept")
REVERSED = ("reopened", "touched")
MOVES = (*REVERSED, "buyer_moved", "due")
LEFT = ("reason", "misfit", "return_date")
HORIZONS = (30, 60, 90)
FAST_BY, SURE_BY = 30, 90
LAST_DAY = 180
LEAST_ROWS, LEAST_MONTHS = 10, 6
YEAR_DAYS = 365.25
UNKNOWN = (np.nan, np.nan, np.nan)
Row = dict[str, object]


@dataclass(frozen=True)
class Rules:
    """Draws and seed of the intervals, and whether sellers and very small teams may be shown."""

    draws: int = 200
    seed: int = SEED
    name_sellers: bool = False


@dataclass(frozen=True)
class Scope:
    """Whose figures they are: `kind` is company, team, small_teams, month or seller."""

    kind: str
    name: str = ""

    @classmethod
    def team(cls, shown_as: str) -> "Scope":
        """The scope of a team, or of the small ones together."""
        return cls("small_teams") if shown_as == POOLED else cls("team", shown_as)

    def row(
        self,
        measure: str,
        rows: pd.DataFrame,
        told: Sequence[float] | Floats = UNKNOWN,
        verdict: str = "ok",
    ) -> Row:
        """One row of marts.practice: `told` is the value and its interval."""
        value, low, high = (float(each) for each in told)
        return {
            **{"measure": measure, "scope": self.kind, "name": self.name},
            **{"value": value, "low": low, "high": high},
            **{"n": len(rows), "sellers": int(rows["seller_id"].nunique()), "verdict": verdict},
        }

    def is_known(self, followed: Ints, day: int) -> bool:
        """Whether enough deals were followed that long; of a month all of them."""
        if self.kind == "month":
            return bool(followed.min() >= day)
        return int((followed >= day).sum()) >= LEAST_ROWS


def decided(waits: pd.DataFrame) -> Flags:
    """Which deals of features.decision_times were decided either way. (n,)"""
    found: Flags = waits["ending"].isin(DECIDED).to_numpy(dtype=np.bool_)
    return found


def ending_draws(waits: pd.DataFrame, rules: Rules) -> tuple[Floats, int]:
    """Shares that had ended in each of ENDINGS by each day, in draws, and how many are drawn."""
    clusters = clusters_of(waits)
    counts = draws_of(clusters, rules.draws, rules.seed)
    cause = pd.Categorical(waits["ending"], categories=ENDINGS).codes.astype(np.int64)
    days = waits["days"].to_numpy(dtype=np.int64)
    found = incidence(days, cause, len(ENDINGS), clusters, counts, LAST_DAY)
    return found, counts.shape[1]


def fast(scope: Scope, waits: pd.DataFrame, rules: Rules) -> list[Row]:
    """Shares decided by 30, 60 and 90 days, by whom, and the median; of a month when it is over."""
    last = HORIZONS[-1]
    names = [*(f"decided_{day}" for day in HORIZONS), *(f"{ending}_{last}" for ending in ENDINGS)]
    if len(waits) < LEAST_ROWS:
        return [scope.row(name, waits, verdict="too_few") for name in (*names, "median_days")]
    drawn, many = ending_draws(waits, rules)
    either = drawn[..., : len(DECIDED)].sum(axis=-1)
    asked = [(day, either[:, day - 1]) for day in HORIZONS]
    asked += [(last, drawn[:, last - 1, k]) for k in range(len(ENDINGS))]
    followed = waits["followup_days"].to_numpy(dtype=np.int64)
    found = []
    for name, (day, shares) in zip(names, asked, strict=True):
        if scope.is_known(followed, day):
            told = (float(shares[0]), *limits(shares, len(waits), many))
            found.append(scope.row(name, waits, told))
        else:
            found.append(scope.row(name, waits, verdict="not_over"))
    furthest = followed.min() if scope.kind == "month" else np.sort(followed)[-LEAST_ROWS]
    either = either[:, : min(int(furthest), LAST_DAY)]
    lows, highs = limits(either, len(waits), many).T
    # The interval of the median holds the days on which that of the share holds a half.
    told = tuple(_first_half(line) for line in (either[0], highs, lows))
    verdict = "ok" if np.isfinite(told[0]) else "not_reached"
    return [*found, scope.row("median_days", waits, told, verdict)]


def _first_half(shares: Floats) -> float:
    reached = np.flatnonzero(shares >= 0.5)
    return float(reached[0] + 1) if len(reached) else np.nan


def _too_few(told: pd.DataFrame, walks: pd.DataFrame) -> str:
    """Why nothing is said: there are few walk-aways, or none of many says anything."""
    return "too_few" if len(told) or len(walks) < LEAST_ROWS else "not_recorded"


def clear(scope: Scope, walks: pd.DataFrame, rules: Rules) -> list[Row]:
    """Shares of walk-aways with a reason, a misfit reason and a date to return."""
    found = []
    for what in LEFT:
        rows = walks[walks[f"has_{what}"].notna()]
        if len(rows) < LEAST_ROWS:
            found.append(scope.row(f"{what}_share", rows, verdict=_too_few(rows, walks)))
            continue
        clusters = clusters_of(rows)
        counts = draws_of(clusters, rules.draws, rules.seed)
        hits = np.bincount(clusters, weights=rows[f"has_{what}"].to_numpy(dtype=np.float64))
        shares = (counts @ hits) / (counts @ np.bincount(clusters))
        told = (float(shares[0]), *limits(shares, len(rows), counts.shape[1]))
        found.append(scope.row(f"{what}_share", rows, told))
    return found


def sure(scope: Scope, walks: pd.DataFrame, rules: Rules) -> list[Row]:
    """The share of walk-aways that the seller reverses within 90 days, before the buyer moves."""
    measure = f"reversed_{SURE_BY}"
    rows = walks[walks["is_observed"].astype(bool)]
    followed = rows["followup_days"].to_numpy(dtype=np.int64)
    if len(rows) < LEAST_ROWS:
        return [scope.row(measure, rows, verdict=_too_few(rows, walks))]
    if not scope.is_known(followed, SURE_BY):
        return [scope.row(measure, rows, verdict="not_over")]
    clusters = clusters_of(rows)
    counts = draws_of(clusters, rules.draws, rules.seed)
    cause = pd.Categorical(rows["came"], categories=MOVES).codes.astype(np.int64)
    days = rows["days"].to_numpy(dtype=np.int64)
    drawn = incidence(days, cause, len(MOVES), clusters, counts, SURE_BY)
    shares = drawn[:, -1, : len(REVERSED)].sum(axis=-1)
    told = (float(shares[0]), *limits(shares, len(rows), counts.shape[1]))
    return [scope.row(measure, rows, told)]


def trends(waits: pd.DataFrame, walks: pd.DataFrame, rules: Rules) -> list[Row]:
    """By how much the share decided in 30 days, and the shares left on record, change in a year.

    In the first half year of a history only young deals can be let go, and those with other
    reasons than old ones: it is left out of the latter.
    """
    scope = Scope("company")
    known = waits[waits["followup_days"] >= FAST_BY]
    by_then = known["ending"].isin(DECIDED) & (known["days"] <= FAST_BY)
    asked = {f"decided_{FAST_BY}_a_year": (known, known["signal_day"], by_then)}
    later = walks[walks["act_day"] >= waits["signal_day"].min() + LAST_DAY]
    for what in LEFT:
        rows = later[later[f"has_{what}"].notna()]
        asked[f"{what}_share_a_year"] = (rows, rows["act_day"], rows[f"has_{what}"])
    found = []
    for measure, (rows, day, event) in asked.items():
        is_short = rows["month"].nunique() < LEAST_MONTHS
        if is_short or len(rows) < LEAST_ROWS or rows["seller_id"].nunique() < LEAST_SELLERS:
            found.append(scope.row(measure, rows, verdict="too_few"))
            continue
        clusters = clusters_of(rows)
        years = day.to_numpy(dtype=np.float64) / YEAR_DAYS
        hits = np.asarray(event, dtype=np.float64)
        counts = draws_of(clusters, rules.draws, rules.seed)
        found.append(scope.row(measure, rows, slope(years, hits, clusters, counts)))
    return found
