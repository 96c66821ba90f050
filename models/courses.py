"""What happened to each decision point week by week, as arrays: features.strategy_weeks read once.

Outcomes are seen in whole weeks, and an act counts against a strategy from the end of its week.
What sellers do is seen by day, since they answer a sign of life at once: a week is two steps,
before the first sign of life in it and from then on.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from models.propensity import Codes, Flags, Floats
from models.trial import DecisionPointsError, Trial, numbers

WEEK = 7
SKEWED = ("touch_wait_days", "touches_before", "replies_before")
PLAIN = ("pushes_before", "stage_moves_before", "meetings_booked")
# Sellers let go after so and so long a silence, not in proportion to it: steps beside a logarithm.
QUIET_DAYS = (7, 14, 21, 28, 42, 63, 91)
COLUMNS = (
    *("deal_id", "week", "touches", "replies", "walked_away", "touch_gap_days", "closed"),
    *("won_account", "hours", "logged_hours", "revenue", "days"),
    *("free_days", "life_days", "touch_days"),
    *(*SKEWED, "silence_days", *PLAIN),
)


@dataclass(frozen=True)
class Course:
    """Settings of the strategies in whole weeks, rounded up.

    `grace` is the last week in which letting go is early, `chase` the last in which a chase is
    judged, `last` the last of all.
    """

    grace: int
    chase: int
    last: int
    gap_days: int

    @property
    def wait(self) -> int:
        """Weeks without any touch after which a seller surely waits."""
        return min(math.ceil(self.gap_days / WEEK), self.chase)


@dataclass(frozen=True, eq=False)
class Courses:
    """Arrays over deals (n, in the order of their clusters) and weeks (K); week k is column k - 1.

    `base` (n, p) are covariates at time zero, `clusters` (n,) codes 0..G-1. `seen` (n,) is the
    number of weeks that are over; `won`, `ended`, `walked` (n,) the week of the account's first
    win, of a closing that is not the seller's act and of the first walk-away, K + 1 where none was
    seen. `free_days`, `life_days` and `touch_days` (n, K): days of the week on which the seller
    could act (up to and with a walk-away), those before the first sign of life, and those up to and
    with the first touch, 8 where there is none. `wait_days` (n, K) since the last touch when the
    week begins, `has_gap` (n, K) whether it saw a gap too long. `varying` (n, 2K, q) is what was
    known when each of its two steps began. `amounts` (n, K) by name; `days` (K,) their lengths.
    """

    rules: Course
    base: Floats
    clusters: Codes
    seen: Codes
    won: Codes
    ended: Codes
    walked: Codes
    free_days: Codes
    life_days: Codes
    touch_days: Codes
    wait_days: Codes
    has_gap: Flags
    varying: Floats
    amounts: Mapping[str, Floats]
    days: Floats

    @property
    def n_clusters(self) -> int:
        """Number of clusters (sellers)."""
        return int(self.clusters.max()) + 1

    @cached_property
    def weeks(self) -> Codes:
        """1..K."""
        return np.arange(1, self.rules.last + 1)

    def before(self, happened: Flags) -> Flags:
        """Whether something happened in an earlier week. (n, K)"""
        found = np.zeros_like(happened)
        found[:, 1:] = np.logical_or.accumulate(happened, axis=1)[:, :-1]
        return found

    def steps(self, first: Codes, end: Codes) -> tuple[Codes, Codes]:
        """Days of each week's two steps from day `first` to `end`, and what lies before each step.

        `first` and `end` are (n, K), 0 is the start; days are (n, 2K), and none that was not free.
        """
        end = np.minimum(self.free_days, end)
        shape = (len(end), 2 * end.shape[1])
        start, stop = np.empty(shape, dtype=np.intp), np.empty(shape, dtype=np.intp)
        start[:, ::2], stop[:, ::2] = first, np.minimum(end, self.life_days)
        start[:, 1::2], stop[:, 1::2] = np.maximum(first, self.life_days), end
        return np.maximum(stop - start, 0), start

    @classmethod
    def of(cls, trial: Trial, weeks: pd.DataFrame) -> "Courses":
        """The courses of a trial's deals in features.strategy_weeks; rows of other deals are left.

        Raises DecisionPointsError for missing columns, or a deal without its first week.
        """
        missing = [name for name in COLUMNS if name not in weeks.columns]
        if missing:
            raise DecisionPointsError(
                f"features.strategy_weeks lacks {', '.join(missing)}: build that table again"
            )
        settings = trial.rules
        last = math.ceil(settings.horizon_days / WEEK)
        grace = min(math.ceil(settings.grace_days / WEEK), last)
        chase = min(max(math.ceil(settings.chase_days / WEEK), grace), last)
        rules = Course(grace, chase, last, settings.chase_gap_days)
        order = np.argsort(trial.design.clusters, kind="stable")
        ids = trial.points["deal_id"].to_numpy()[order]
        place = pd.Series(np.arange(len(ids)), index=ids)
        held = weeks[weeks["deal_id"].isin(place.index) & (weeks["week"] <= rules.last)]
        rows = place.loc[held["deal_id"]].to_numpy(dtype=np.intp)
        columns = held["week"].to_numpy(dtype=np.intp) - 1
        shape = (len(ids), rules.last)

        def spread(name: str, empty: float = 0.0) -> Floats:
            found = np.full(shape, empty)
            found[rows, columns] = numbers(held, name)
            return found

        is_seen = np.zeros(shape, dtype=np.bool_)
        is_seen[rows, columns] = True
        seen = np.where(is_seen.all(axis=1), rules.last, is_seen.argmin(axis=1)).astype(np.intp)
        if (seen < 1).any():
            raise DecisionPointsError(
                f"features.strategy_weeks has no first week for deal {ids[seen < 1][0]}: "
                "build that table again"
            )
        won = _first(spread("won_account") > 0.5)
        walked = _first(spread("walked_away") > 0.5)
        ended = _first(spread("closed") > 0.5)
        decided = numbers(trial.points, "days_to_decision")[order]
        starts = WEEK * np.arange(rules.last)
        days = np.full(rules.last, float(WEEK))
        days[-1] = settings.horizon_days - starts[-1]
        undecided: Floats = np.clip(np.fmin(decided, np.inf)[:, None] - starts, 0, days)
        is_before = np.arange(1, rules.last + 1) <= won[:, None]
        has_gap = np.nan_to_num(spread("touch_gap_days")) > rules.gap_days
        revenue = spread("revenue")
        sold = revenue[revenue > 0]
        return cls(
            rules=rules,
            base=trial.design.x[order],
            clusters=trial.design.clusters[order],
            seen=seen,
            won=won,
            ended=np.where(ended == walked, rules.last + 1, ended),
            walked=walked,
            free_days=np.where(is_before, spread("free_days"), 0.0).astype(np.intp),
            life_days=_day(spread("life_days", math.nan)),
            touch_days=_day(spread("touch_days", math.nan)),
            wait_days=spread("touch_wait_days").astype(np.intp),
            has_gap=has_gap,
            varying=_varying(spread),
            amounts={
                # The wins whose amount is known stand for those whose amount is not.
                "revenue": np.where(np.isnan(revenue), sold.mean() if sold.size else 0.0, revenue),
                "hours": spread("hours"),
                "logged_hours": spread("logged_hours"),
                "days_to_decision": undecided,
            },
            days=days,
        )


def _first(happened: Flags) -> Codes:
    """The first week in which something happened, K + 1 where it never did. (n,)"""
    found: Codes = np.where(
        happened.any(axis=1), happened.argmax(axis=1) + 1, happened.shape[1] + 1
    ).astype(np.intp)
    return found


def _day(days: Floats) -> Codes:
    """Days of the week, 8 where there are none. (n, K)"""
    found: Codes = np.nan_to_num(days, nan=WEEK + 1).astype(np.intp)
    return found


def week_columns(last: int) -> Floats:
    """What the week itself says about acting: the first three apart, then its logarithm. (K, 4)"""
    weeks = np.arange(1, last + 1)
    return np.column_stack([weeks == 1, weeks == 2, weeks == 3, np.log(weeks)]).astype(np.float64)


def _varying(spread: Callable[[str], Floats]) -> Floats:
    silence = spread("silence_days")
    parts = [np.arcsinh(spread(name)) for name in SKEWED] + [spread(name) for name in PLAIN]
    touched = np.zeros_like(silence)
    touched[:, 1:] = spread("touches")[:, :-1] > 0.5
    replied = np.zeros_like(silence)
    replied[:, 1:] = spread("replies")[:, :-1] > 0.5
    quiet = [(silence >= days).astype(np.float64) for days in QUIET_DAYS]
    # A sign of life in the week ends the silence.
    before = [touched, *parts, replied, np.arcsinh(silence), *quiet]
    after = [touched, *parts, np.ones_like(silence), *[np.zeros_like(silence)] * (1 + len(quiet))]
    found = np.empty((len(silence), 2 * silence.shape[1], len(before)))
    found[:, ::2] = np.stack(before, axis=2)
    found[:, 1::2] = np.stack(after, axis=2)
    return np.nan_to_num(found)
