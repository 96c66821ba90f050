"""Reasons for a score: additive contributions on the log-odds of the 90-day no-decision risk.

A deal is compared with the usual deal of its pipeline and stage, on the same day. Contributions are
Shapley values over ideas (groups of features): what changing an idea's features from the usual
values to the deal's own does to the log-odds of no decision if pursued, averaged over orders in
which ideas change. Orders come with their reverses, which is exact wherever ideas act in pairs at
most; Strumbelj and Kononenko 2014, and Mitchell et al. 2022 on antithetic orders.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from models.features import CATEGORIES, FEATURES, IDEAS
from models.incidence import Floats, Ints
from models.landmarks import NO_DECISION, at_days
from models.stall import StallFit, risks

HORIZON_DAYS = 90
PAIRS = 2
SHOWN = 4
DIGITS = 4
LINES_AT_ONCE = 40_000
LEAST_DEALS = 20
LEAST_TESTED = 20
# What day it is says nothing about a deal: the usual deal is looked at on the same day.
SAME_DAY = ("month", "week_of_quarter")
COMPARED = tuple(name for name in FEATURES if name not in SAME_DAY)
PLACE = {name: place for place, names in enumerate(IDEAS.values()) for name in names}
# The one model that reads nothing but the stage is explained beside the usual deal of all stages.
STAGE_ONLY = "aalen_johansen"


@dataclass(frozen=True)
class Usual:
    """The usual deal of each pipeline and stage, and of all: one row each, with how many deals."""

    groups: Mapping[tuple[str, str], int]
    table: pd.DataFrame

    @classmethod
    def learned(cls, snapshots: pd.DataFrame) -> Usual:
        """From landmarks of deals that had not stalled: of each deal's stay, the middle one.

        A group is told apart from 20 deals on. A value is usual when half of the deals lie on
        either side of it (for words: the most common); where most have none, none is usual.
        """
        rows = snapshots[~snapshots["is_stalled"].fillna(False).astype(bool)]
        rows = rows.sort_values(["deal_id", "snapshot_day"], kind="stable")
        keys = ["deal_id", "pipeline", "stage"]
        stays = rows.groupby(keys, sort=False, dropna=False)
        middle = stays.cumcount() == stays["deal_id"].transform("size") // 2
        rows = rows[middle]
        frames = [("", "", rows)]
        for (pipeline, stage), part in rows.groupby(["pipeline", "stage"], sort=True):
            if len(part) >= LEAST_DEALS:
                frames.append((str(pipeline), str(stage), part))
        table = pd.DataFrame([_middle(part) for *_, part in frames], columns=list(COMPARED))
        groups = {(pipeline, stage): part["deal_id"].nunique() for pipeline, stage, part in frames}
        return cls(groups, table)

    def places(self, fit: StallFit, rows: pd.DataFrame) -> Ints:
        """For each row the place of its group in the table; 0, all deals, where it has none."""
        known = {key: place for place, key in enumerate(self.groups)}
        if fit.published == STAGE_ONLY:
            return np.zeros(len(rows), dtype=np.int64)
        own = zip(rows["pipeline"].astype(str), rows["stage"].astype(str), strict=True)
        return np.array([known.get(key, 0) for key in own], dtype=np.int64)


def _middle(rows: pd.DataFrame) -> list[object]:
    """The usual value of each compared feature."""
    found: list[object] = []
    for name in COMPARED:
        values = rows[name]
        known = values.dropna()
        if 2 * len(known) < len(values) or known.empty:
            found.append(None)
        elif name in CATEGORIES:
            found.append(known.astype(str).mode().iloc[0])
        elif pd.api.types.is_bool_dtype(known):
            found.append(bool(2 * known.sum() >= len(known)))
        else:
            found.append(float(known.astype(float).median()))
    return found


def log_odds(fit: StallFit, rows: pd.DataFrame) -> Floats:
    """Log-odds of no decision within 90 days if pursued, for each row."""
    p = at_days(risks(fit, rows, pursued=True), HORIZON_DAYS)[:, NO_DECISION]
    clipped = np.clip(p, 1e-6, 1 - 1e-6)
    found: Floats = np.log(clipped / (1 - clipped))
    return found


@dataclass(frozen=True)
class Pair:
    """Rows and, place by place, the usual deals that they are compared with."""

    rows: pd.DataFrame
    usual: pd.DataFrame
    group: Ints
    differs: npt.NDArray[np.bool_]  # (rows, COMPARED)

    @classmethod
    def of(cls, fit: StallFit, usual: Usual, rows: pd.DataFrame) -> Pair:
        """Every row beside the usual deal of its group."""
        rows = rows.reset_index(drop=True)
        group = usual.places(fit, rows)
        beside = usual.table.take(group).reset_index(drop=True)
        differs = np.ones((len(rows), len(COMPARED)), dtype=bool)
        for place, name in enumerate(COMPARED):
            own, other = rows[name].astype("object"), beside[name].astype("object")
            both_unknown = own.isna() & other.isna()
            # Numbers may come as integers on one side and as floats on the other.
            same = (own == other).fillna(False).astype(bool) | both_unknown
            differs[:, place] = ~same
        return cls(rows, beside, group, differs)

    def mixed(self, row: Ints, own: npt.NDArray[np.bool_]) -> pd.DataFrame:
        """Line by line a row with its own values where `own` (lines, COMPARED), else usual ones."""
        found = self.rows.take(row).reset_index(drop=True)
        for place, name in enumerate(COMPARED):
            swapped = ~own[:, place] & self.differs[row, place]
            if not swapped.any():
                continue
            other = self.usual[name].take(row).reset_index(drop=True)
            if name in CATEGORIES:
                found[name] = found[name].astype("object").where(~swapped, other.astype("object"))
            else:
                numbers = pd.to_numeric(found[name]).astype("float64")
                found[name] = numbers.where(~swapped, pd.to_numeric(other).astype("float64"))
        return found

    def scored(self, fit: StallFit, row: Ints, own: npt.NDArray[np.bool_]) -> Floats:
        """Log-odds of each line; lines that come to the same are scored once."""
        key = np.column_stack([row, np.packbits(own & self.differs[row], axis=1)])
        _, first, inverse = np.unique(key, axis=0, return_index=True, return_inverse=True)
        found = np.concatenate(
            [
                log_odds(fit, self.mixed(row[part], own[part]))
                for part in np.array_split(first, max(1, -(-len(first) // LINES_AT_ONCE)))
            ]
        )
        scored: Floats = found[inverse.reshape(-1)]
        return scored


def _orders(ideas: int, seed: int) -> list[Ints]:
    rng = np.random.default_rng(seed)
    drawn = [rng.permutation(ideas) for _ in range(PAIRS)]
    return [order for one in drawn for order in (one, one[::-1])]


def _shapley(fit: StallFit, pair: Pair, seed: int) -> tuple[Floats, Floats]:
    """Contributions (rows, ideas), and the log-odds of the usual deal beside each row."""
    ideas, n = len(IDEAS), len(pair.rows)
    of_feature = np.array([PLACE[name] for name in COMPARED])
    orders = _orders(ideas, seed)
    chosen = np.zeros((len(orders), ideas + 1, ideas), dtype=bool)
    for number, order in enumerate(orders):
        for step, idea in enumerate(order, start=1):
            chosen[number, step] = chosen[number, step - 1]
            chosen[number, step, idea] = True
    masks = chosen.reshape(-1, ideas)
    row = np.tile(np.arange(n), len(masks))
    own = np.repeat(masks, n, axis=0)[:, of_feature]
    scored = pair.scored(fit, row, own).reshape(len(orders), ideas + 1, n)
    total = np.zeros((n, ideas))
    for number, order in enumerate(orders):
        for step, idea in enumerate(order, start=1):
            total[:, idea] += scored[number, step] - scored[number, step - 1]
    return total / len(orders), scored[0, 0]


def contributions(
    fit: StallFit, usual: Usual, rows: pd.DataFrame, seed: int = 0
) -> tuple[pd.DataFrame, Floats]:
    """One column an idea, and the log-odds of the usual deal that each row is compared with.

    A row's contributions sum to its own log-odds less those, whatever rows stand beside it.
    """
    found, base = _shapley(fit, Pair.of(fit, usual, rows), seed)
    return pd.DataFrame(found, columns=list(IDEAS), index=rows.index), base


def _plain(value: object) -> object:
    if value is None or value is pd.NA or (isinstance(value, float) and np.isnan(value)):
        return None
    if isinstance(value, bool | np.bool_):
        return bool(value)
    if isinstance(value, float | np.floating):
        return round(float(value), DIGITS)
    return int(value) if isinstance(value, int | np.integer) else str(value)


def _telling(
    fit: StallFit, pair: Pair, weights: Floats, shown: npt.NDArray[np.bool_]
) -> dict[tuple[int, str], str]:
    """Of each shown idea the feature whose own value moves the score most the way the idea does."""
    ideas = list(IDEAS)
    wanted = np.array([PLACE[name] for name in COMPARED])
    row, feature = np.nonzero(shown[:, wanted] & pair.differs)
    if not len(row):
        return {}
    own = np.ones((len(row), len(COMPARED)), dtype=bool)
    own[np.arange(len(row)), feature] = False
    whole = np.ones((len(pair.rows), len(COMPARED)), dtype=bool)
    now = pair.scored(fit, np.arange(len(pair.rows)), whole)
    effect = (now[row] - pair.scored(fit, row, own)) * np.sign(weights[row, wanted[feature]])
    found: dict[tuple[int, str], str] = {}
    best: dict[tuple[int, str], float] = {}
    for line, place, gain in zip(row, feature, np.round(effect, DIGITS), strict=True):
        key = (int(line), ideas[wanted[place]])
        if gain > best.get(key, -np.inf):
            found[key], best[key] = COMPARED[place], float(gain)
    return found


def reasons(
    fit: StallFit, usual: Usual, rows: pd.DataFrame, seed: int = 0
) -> list[list[dict[str, object]]]:
    """For each row the ideas that move its risk most, heaviest first.

    Each is a mapping of idea, contribution (on the log-odds), feature (the one that tells most of
    the idea), value, reference (the usual value), stage (None: of all deals) and n (the deals that
    the reference is of). Lists are empty where nothing is published or nothing differs.
    """
    if fit.model is None or rows.empty:
        return [[] for _ in range(len(rows))]
    pair = Pair.of(fit, usual, rows)
    weights = np.round(_shapley(fit, pair, seed)[0], DIGITS)
    order = np.argsort(-np.abs(weights), axis=1, kind="stable")[:, :SHOWN]
    shown = np.zeros(weights.shape, dtype=bool)
    np.put_along_axis(shown, order, True, axis=1)
    shown &= weights != 0
    telling = _telling(fit, pair, weights, shown)
    ideas, groups = list(IDEAS), list(usual.groups.items())
    told: list[list[dict[str, object]]] = []
    for line in range(len(rows)):
        (_, stage), n = groups[pair.group[line]]
        own, other = pair.rows.iloc[line], pair.usual.iloc[line]
        told.append(
            [
                {
                    "idea": ideas[place],
                    "feature": telling[line, ideas[place]],
                    "value": _plain(own[telling[line, ideas[place]]]),
                    "reference": _plain(other[telling[line, ideas[place]]]),
                    "contribution": float(weights[line, place]),
                    "stage": stage or None,
                    "n": n,
                }
                for place in order[line]
                if shown[line, place]
            ]
        )
    return told


def deletion(fit: StallFit, usual: Usual, rows: pd.DataFrame, seed: int = 0) -> dict[str, object]:
    """Whether reasons hold: what setting an idea to its usual values does to the score.

    `reasons_checked` deals; `reasons_right_way`, the share whose score moves the way that the
    heaviest idea says when it is set to usual; `reasons_move` and `reasons_move_of_others`, how far
    the log-odds move on average, for the heaviest idea and for another one that differs, by lot.
    Empty with fewer than 20 deals that have both.
    """
    if fit.model is None or rows.empty:
        return {}
    pair = Pair.of(fit, usual, rows)
    weights, _ = _shapley(fit, pair, seed)
    of_feature = np.array([PLACE[name] for name in COMPARED])
    ideas = np.column_stack(
        [pair.differs[:, of_feature == place].any(axis=1) for place in range(len(IDEAS))]
    )
    top = np.abs(weights).argmax(axis=1)
    others = ideas.copy()
    others[np.arange(len(top)), top] = False
    tested = np.nonzero(others.any(axis=1) & (np.abs(weights).max(axis=1) > 0))[0]
    if len(tested) < LEAST_TESTED:
        return {}
    lots = np.random.default_rng(seed).random(others.shape)
    other = np.where(others, lots, -1.0).argmax(axis=1)
    whole = np.ones((len(rows), len(COMPARED)), dtype=bool)
    everyone = np.arange(len(rows))
    now = pair.scored(fit, everyone, whole)
    moved = {
        name: now - pair.scored(fit, everyone, of_feature[None, :] != chosen[:, None])
        for name, chosen in (("top", top), ("other", other))
    }
    right = np.sign(moved["top"]) == np.sign(weights[everyone, top])
    return {
        "reasons_checked": len(tested),
        "reasons_right_way": round(float(right[tested].mean()), DIGITS),
        "reasons_move": round(float(np.abs(moved["top"][tested]).mean()), DIGITS),
        "reasons_move_of_others": round(float(np.abs(moved["other"][tested]).mean()), DIGITS),
    }
