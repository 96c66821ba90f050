"""Landmarks: labels as they were known on a day, parts in time, rows by week ahead, features.

Landmarking: van Houwelingen and Putter, *Dynamic Prediction in Clinical Survival Analysis*, 2012.
"""

from collections.abc import Mapping
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
    joined = rows[["deal_id", "snapshot_day"]].merge(known, on="deal_id", how="left")
    here = joined["snapshot_day"].to_numpy(dtype=np.int64)
    cause = joined["cause"].fillna(-1).to_numpy(dtype=np.int64)
    end = joined["end"].fillna(day).to_numpy(dtype=np.float64).astype(np.int64)
    return Labels(end - here, cause, np.maximum(day - here, 0))


@dataclass(frozen=True)
class Parts:
    """The days that part the history: train up to t1, calibrate up to t2, test after it."""

    t1: int
    t2: int
    train: npt.NDArray[np.bool_]
    calibrate: npt.NDArray[np.bool_]
    test: npt.NDArray[np.bool_]


def parts(rows: pd.DataFrame, t1_share: float = 0.5, t2_share: float = 0.65) -> Parts:
    """Split landmarks in time, whole deals at a time, by the day a deal was first seen.

    A deal first seen by t1 is trained on with its landmarks up to t1; one first seen in (t1, t2]
    calibrates with its landmarks up to t2; one first seen later tests. No deal is in two parts.
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
    )


def thinned(rows: pd.DataFrame, most: int, seed: int) -> npt.NDArray[np.bool_]:
    """At most `most` landmarks of each deal, evenly spread from a start drawn for the deal."""
    ordered = rows[["deal_id", "snapshot_day"]].reset_index()
    ordered = ordered.sort_values(["deal_id", "snapshot_day"])
    place = ordered.groupby("deal_id").cumcount().to_numpy()
    size = ordered.groupby("deal_id")["deal_id"].transform("size").to_numpy()
    deal, inverse = np.unique(ordered["deal_id"].to_numpy(dtype=str), return_inverse=True)
    offset = np.random.default_rng(seed).random(len(deal))[inverse]
    stride = np.maximum(size / most, 1.0)
    kept = np.floor((place + offset) / stride) != np.floor((place - 1 + offset) / stride)
    found = np.zeros(len(rows), dtype=bool)
    position = pd.Index(rows.index).get_indexer(ordered["index"])
    found[position] = kept | (size <= most)
    return found


@dataclass(frozen=True)
class Expanded:
    """Rows by bin ahead: `row` says whose, `bin` which, `target` the class (STAYS: none yet)."""

    row: Ints
    bin: Ints
    target: Ints
    weight: Floats


def expand(known: Labels, deals: npt.NDArray[np.str_]) -> Expanded:
    """One line for each row and bin that could be followed to its end and was entered alive.

    A bin counts only when follow-up covers it whole, for rows with and without an end alike, so
    that censoring inside a bin does not tilt its hazard. Each deal weighs the same.
    """
    alive = known.time[:, None] > BIN_STARTS[None, :] * 7
    covered = known.follow[:, None] >= BIN_ENDS[None, :] * 7
    row, column = np.nonzero(alive & covered)
    ends_here = (known.cause[row] >= 0) & (known.time[row] <= BIN_ENDS[column] * 7)
    target = np.where(ends_here, known.cause[row], STAYS)
    _, deal = np.unique(deals[row], return_inverse=True)
    weight = 1.0 / np.bincount(deal)[deal] if len(row) else np.zeros(0)
    return Expanded(row, column, target, weight / weight.mean() if len(row) else weight)


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
        columns = []
        for name in FEATURES:
            if name in CATEGORIES:
                code = {value: float(n) for n, value in enumerate(self.categories[name])}
                values = rows[name].astype("object").map(code)
            else:
                values = rows[name]
            columns.append(pd.to_numeric(values).to_numpy(dtype=np.float64, na_value=np.nan))
        return np.column_stack(columns) if columns else np.zeros((len(rows), 0))

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
            self.rows[chosen].reset_index(drop=True),
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
