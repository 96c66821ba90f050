"""Landmarks: labels as they were known on a day, parts in time, rows by week ahead, features.

Landmarking: van Houwelingen and Putter, *Dynamic Prediction in Clinical Survival Analysis*, 2012.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from models.features import CATEGORIES, FEATURES
from models.incidence import ENDINGS, Floats, Ints, ending_codes

# Ends of the bins ahead, in weeks: 1, 2, 3-4, 5-8, 9-13, 14-20, 21-26.
BIN_ENDS = np.array([1, 2, 4, 8, 13, 20, 26])
BIN_STARTS = np.concatenate([[0], BIN_ENDS[:-1]])
NO_DECISION, DISQUALIFIED = ENDINGS.index("no_decision"), ENDINGS.index("disqualified")
STAYS = len(ENDINGS)
# A class that was never seen in training is not held to be impossible.
LEAST_TOLD = 1e-6
# Parts of the history, in time: up to the first share it trains, up to the second it calibrates.
T1_SHARE, T2_SHARE = 0.5, 0.65


@dataclass(frozen=True)
class Labels:
    """What is known of each row's future: days to the end or to the last look, and the cause.

    `cause` is -1 where no end is known; `follow` is how long the row could be followed.
    """

    time: Ints
    cause: Ints
    follow: Ints


def labels(rows: pd.DataFrame, deals: pd.DataFrame, stalls: pd.DataFrame, day: int) -> Labels:
    """The labels of `rows` as they were known at the end of `day`.

    A deal closed by then has its outcome; one that was open but in a stall that had begun and was
    not yet broken counts as no decision from the day the stall began; any other is censored.
    """
    known = deals[["deal_id"]].copy()
    codes = ending_codes(deals["outcome"])
    closed = deals["closed_day"].le(day).fillna(False).to_numpy(dtype=bool)
    ended = closed & (codes >= 0)
    known["cause"] = np.where(ended, codes, -1)
    known["end"] = np.where(ended, deals["event_day"].to_numpy(dtype=np.float64), np.nan)
    alive = stalls[
        (stalls["stalled_day"] <= day)
        & (stalls["broken_day"].isna() | (stalls["broken_day"] > day))
    ]
    stalled = known["deal_id"].map(alive.groupby("deal_id")["stalled_day"].max())
    is_zombie = (known["cause"] < 0) & stalled.notna() & ~closed
    known.loc[is_zombie, "cause"] = NO_DECISION
    known.loc[is_zombie, "end"] = stalled[is_zombie].astype("float64")
    place = pd.Index(known["deal_id"]).get_indexer(pd.Index(rows["deal_id"]))
    here = rows["snapshot_day"].to_numpy(dtype=np.int64)
    # The last place stands for deals of which nothing is known: an index of -1 finds it.
    cause = np.append(known["cause"].to_numpy(dtype=np.int64), -1)[place]
    ends = known["end"].fillna(day).to_numpy(dtype=np.float64).astype(np.int64)
    end = np.append(ends, day)[place]
    return Labels(end - here, cause, np.maximum(day - here, 0))


@dataclass(frozen=True)
class Parts:
    """The days that part the history: train up to t1, calibrate up to t2, test after it."""

    t1: int
    t2: int
    train: npt.NDArray[np.bool_]
    calibrate: npt.NDArray[np.bool_]
    test: npt.NDArray[np.bool_]
    before_test: npt.NDArray[np.bool_]


def parts(rows: pd.DataFrame, t1_share: float = T1_SHARE, t2_share: float = T2_SHARE) -> Parts:
    """Split landmarks in time, whole deals at a time, by the day a deal was first seen.

    A deal first seen by t1 is trained on with its landmarks up to t1; one first seen in (t1, t2]
    calibrates with its landmarks up to t2; one first seen later tests. No deal is in two parts.
    `before_test` is all that had been seen by t2, of deals of the first two parts.
    """
    day = rows["snapshot_day"].to_numpy(dtype=np.int64)
    first = rows.groupby("deal_id")["snapshot_day"].transform("min").to_numpy(dtype=np.int64)
    start, end = (int(day.min()), int(day.max())) if len(day) else (0, 0)
    t1 = start + round(t1_share * (end - start))
    t2 = start + round(t2_share * (end - start))
    return Parts(
        t1,
        t2,
        (first <= t1) & (day <= t1),
        (first > t1) & (first <= t2) & (day <= t2),
        first > t2,
        (first <= t2) & (day <= t2),
    )


def sampled(deals: pd.DataFrame, most: int, seed: int) -> list[str]:
    """At most `most` ids of `deals` in order, drawn without looking at anything but the ids."""
    names = np.array(sorted(set(deals["deal_id"])), dtype="object")
    if len(names) > most:
        places = np.random.default_rng(seed).choice(len(names), most, replace=False)
        names = names[np.sort(places)]
    return [str(name) for name in names]


def within(deal: Ints, most: int, seed: int) -> Ints:
    """Places of all lines of deals drawn one after another while at most `most` lines are taken.

    `deal` numbers the deal of each line from 0. The first deal drawn is always taken.
    """
    if len(deal) <= most:
        return np.arange(len(deal))
    size = np.bincount(deal)
    order = np.random.default_rng(seed).permutation(len(size))
    taken = np.cumsum(size[order]) <= most
    taken[0] = True
    kept = np.zeros(len(size), dtype=bool)
    kept[order[taken]] = True
    return np.flatnonzero(kept[deal])


def thinned(rows: pd.DataFrame, most: int, seed: int) -> npt.NDArray[np.bool_]:
    """At most `most` landmarks of each deal: all early ones, then ever fewer, from a drawn start.

    Whether a landmark is kept depends on its number since the deal was first seen, never on how
    long the deal goes on: a share of each deal's own length would keep those that end soon more
    often, and make every ending look likelier than it is.
    """
    deal = pd.factorize(rows["deal_id"], sort=True)[0]
    order = np.lexsort([rows["snapshot_day"].to_numpy(), deal])
    deal = deal[order]
    size = np.bincount(deal)
    place = np.arange(len(deal)) - (np.cumsum(size) - size)[deal]
    dense = _dense(int(size.max(initial=0)), most)
    offset = np.random.default_rng(seed).random(len(size))[deal]
    found = np.zeros(len(rows), dtype=bool)
    kept = np.floor(_rank(place, dense) + offset) != np.floor(_rank(place - 1, dense) + offset)
    found[order] = kept | (place == 0)
    return found


def _rank(place: Ints, dense: float) -> Floats:
    """How many landmarks are kept before a place, were parts of them kept."""
    late = dense * (1 + np.log(np.maximum(place, dense) / dense))
    return np.where(place <= dense, place, late)


def _dense(longest: int, most: int) -> float:
    """How many first landmarks are all kept, so that a deal of the `longest` keeps `most`."""
    low, high = 1e-6, float(max(longest, 1))
    if longest <= most:
        return high
    for _ in range(50):
        middle = (low + high) / 2
        # One is always kept, and one more may be when the start was drawn late.
        is_more = float(_rank(np.array([longest - 1]), middle)[0]) + 1 > most
        low, high = (low, middle) if is_more else (middle, high)
    return low


@dataclass(frozen=True)
class Expanded:
    """Rows by bin ahead: `row` says whose, `bin` which, `target` the class (STAYS: none yet).

    `deal` numbers the deals; `weight` says how often a line counts.
    """

    row: Ints
    bin: Ints
    target: Ints
    weight: Floats
    deal: Ints

    def take(self, places: Ints, weight: Floats | None = None) -> "Expanded":
        """The lines at `places`, with weights of their own if given."""
        return Expanded(
            self.row[places],
            self.bin[places],
            self.target[places],
            self.weight[places] if weight is None else weight,
            self.deal[places],
        )

    def loss(self, told: Floats, classes: Sequence[int]) -> float:
        """The weighted sum of log losses of class probabilities `told` (lines, classes)."""
        place = np.full(STAYS + 1, -1)
        place[list(classes)] = np.arange(len(classes))
        column = place[self.target]
        own = np.where(column >= 0, told[np.arange(len(told)), column], LEAST_TOLD)
        return -float(np.sum(self.weight * np.log(np.maximum(own, LEAST_TOLD))))


def expand(known: Labels, deals: npt.NDArray[np.str_]) -> Expanded:
    """One line for each row and bin that could be followed to its end and was entered alive.

    A bin counts only when follow-up covers it whole, for rows with and without an end alike, so
    that censoring inside a bin does not tilt its hazard. Each line weighs the same: to make
    deals weigh the same by their number of lines would give more weight to those that end soon.
    """
    alive = known.time[:, None] > BIN_STARTS[None, :] * 7
    covered = known.follow[:, None] >= BIN_ENDS[None, :] * 7
    row, column = np.nonzero(alive & covered)
    ends_here = (known.cause[row] >= 0) & (known.time[row] <= BIN_ENDS[column] * 7)
    target = np.where(ends_here, known.cause[row], STAYS)
    deal = pd.factorize(deals)[0].astype(np.int64)[row]
    return Expanded(row, column, target, np.ones(len(row)), deal)


@dataclass(frozen=True)
class Encoder:
    """Features as numbers, learned on training rows: categories, medians, means and spreads."""

    categories: Mapping[str, tuple[str, ...]]
    medians: tuple[float, ...]
    means: tuple[float, ...]
    spreads: tuple[float, ...]

    @classmethod
    def learned(cls, rows: pd.DataFrame) -> "Encoder":
        """The encoder of these training rows."""
        categories = {
            name: tuple(sorted(rows[name].dropna().astype(str).unique())) for name in CATEGORIES
        }
        codes = cls(categories, (), (), ()).encode(rows)
        # A feature without any value is as good as one that is always 0.
        filled = np.where(np.isnan(codes).all(axis=0), 0.0, codes)
        if not len(rows):
            filled = np.zeros((1, codes.shape[1]))
        medians = np.nanmedian(filled, axis=0)
        full = np.where(np.isnan(filled), medians, filled)
        scaled = np.sign(full) * np.log1p(np.abs(full))
        means, spreads = scaled.mean(axis=0), scaled.std(axis=0)
        return cls(
            categories,
            tuple(float(x) for x in medians),
            tuple(float(x) for x in means),
            tuple(float(x) if x > 1e-9 else 1.0 for x in spreads),
        )

    def encode(self, rows: pd.DataFrame) -> Floats:
        """Features in the order of FEATURES, shape (n, p); unknown and unseen are NaN."""
        found = np.empty((len(rows), len(FEATURES)))
        for place, name in enumerate(FEATURES):
            if name in CATEGORIES:
                known = pd.Index(self.categories[name], dtype="object")
                code = known.get_indexer(pd.Index(rows[name].astype("object")))
                found[:, place] = np.where(code < 0, np.nan, code)
            else:
                values = pd.to_numeric(rows[name])
                found[:, place] = values.to_numpy(dtype=np.float64, na_value=np.nan)
        return found

    def scaled(self, codes: Floats) -> Floats:
        """Encoded features on one scale for linear models: logs, medians for gaps, gap flags."""
        gaps = np.isnan(codes)
        full = np.where(gaps, np.array(self.medians), codes)
        scaled = (np.sign(full) * np.log1p(np.abs(full)) - self.means) / self.spreads
        stage = FEATURES.index("stage")
        one_hot = codes[:, [stage]] == np.arange(len(self.categories["stage"]))[None, :]
        return np.hstack([scaled, gaps.astype(float), one_hot.astype(float)])


@dataclass(frozen=True)
class Material:
    """Rows of snapshots with their labels, in one order."""

    rows: pd.DataFrame
    known: Labels

    def take(self, chosen: np.ndarray) -> "Material":
        """The rows chosen by a mask or positions."""
        return Material(
            self.rows.iloc[np.arange(len(self.rows))[chosen]].reset_index(drop=True),
            Labels(self.known.time[chosen], self.known.cause[chosen], self.known.follow[chosen]),
        )


def labelled(rows: pd.DataFrame, deals: pd.DataFrame, stalls: pd.DataFrame, day: int) -> Material:
    """Rows with labels as known on a day, those that had ended or stalled already left out."""
    known = labels(rows, deals, stalls, day)
    alive = (known.time > 0) & ~rows["is_stalled"].fillna(False).to_numpy(dtype=bool)
    return Material(rows, known).take(alive)


def at_days(incidence: Floats, days: int) -> Floats:
    """Incidence by a day, straight between the ends of bins; (n, endings)."""
    ends = np.concatenate([[0], BIN_ENDS * 7])
    whole = np.concatenate([np.zeros((len(incidence), 1, incidence.shape[2])), incidence], axis=1)
    place = min(int(np.searchsorted(ends, days)), len(ends) - 1)
    share = min((days - ends[place - 1]) / (ends[place] - ends[place - 1]), 1.0)
    found: Floats = whole[:, place - 1] + share * (whole[:, place] - whole[:, place - 1])
    return found
