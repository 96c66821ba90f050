"""Kinds of decision points by what was known at the signal: where the answer may differ."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from models.propensity import Codes, Flags, Floats
from models.trial import Trial, numbers

ATTRIBUTES = ("amount", "stage", "signal", "origin", "options")
NAMED = ("signal", "origin")  # without an order: levels that are too small can be taken together
UNKNOWN, OTHER = "unknown", "other"
THIRDS = ("low", "middle", "high")
HALVES = ("early", "late")
OPTIONS = ("0", "1", "2+")
IN_ORDER = (*THIRDS, *HALVES, *OPTIONS)
LAST = (OTHER, UNKNOWN)


@dataclass(frozen=True, eq=False)
class Segments:
    """L levels of attributes over n deals: `attribute` and `level` (L,), `belongs` (L, n).

    The levels of an attribute hold every deal once.
    """

    attribute: tuple[str, ...]
    level: tuple[str, ...]
    belongs: Flags

    @classmethod
    def of(cls, trial: Trial) -> "Segments":
        """The levels of a trial's deals, in the order of their clusters as models.courses has them.

        A lead source that cannot have the wins to speak for itself is 'other' from the start, so
        that free text does not make thousands of levels.
        """
        order = np.argsort(trial.design.clusters, kind="stable")
        table = levels(trial.points)
        is_won = numbers(trial.points, "days_to_account_win") <= trial.rules.horizon_days
        wins = table["origin"].map(table["origin"][is_won].value_counts()).fillna(0)
        table["origin"] = table["origin"].where(wins >= trial.rules.min_events, OTHER)
        names, rows = [], []
        for attribute in ATTRIBUTES:
            held = table[attribute].to_numpy()[order]
            for level in _ordered(table[attribute]):
                names.append((attribute, level))
                rows.append(held == level)
        return cls(
            tuple(name for name, _ in names), tuple(level for _, level in names), np.array(rows)
        )

    @property
    def n_levels(self) -> int:
        """L."""
        return len(self.level)

    @cached_property
    def _unique(self) -> tuple[Flags, Codes]:
        kinds, codes = np.unique(self.belongs, axis=1, return_inverse=True)
        return kinds, codes.reshape(-1).astype(np.intp)

    @property
    def cells(self) -> Codes:
        """Deals that are alike in every attribute have one code, 0..C-1. (n,)"""
        return self._unique[1]

    @cached_property
    def kinds(self) -> Floats:
        """Which levels each cell belongs to. (L, C)"""
        return self._unique[0].astype(np.float64)

    def places(self, attribute: str) -> list[int]:
        """The places of an attribute's levels among all."""
        return [place for place, name in enumerate(self.attribute) if name == attribute]

    def together(self, places: Sequence[int], level: str = OTHER) -> "tuple[Segments, Floats]":
        """One level in place of several of an attribute, and which old ones make each new. (M, L)

        The new level comes where the last of them was.
        """
        last, gone = places[-1], set(places[:-1])
        kept = [place for place in range(self.n_levels) if place not in gone]
        makes = np.eye(self.n_levels)[kept]
        makes[kept.index(last), list(places)] = 1.0
        merged = Segments(
            tuple(self.attribute[place] for place in kept),
            tuple(level if place == last else self.level[place] for place in kept),
            makes @ self.belongs > 0,
        )
        return merged, makes


def levels(points: pd.DataFrame) -> pd.DataFrame:
    """The level of each decision point by attribute, as text; what is not known is 'unknown'."""
    return pd.DataFrame(
        {
            "amount": _thirds(numbers(points, "amount")),
            "stage": _halves(numbers(points, "stage_order"), points["pipeline"]),
            "signal": _text(points["signal"]),
            "origin": _text(points["lead_source"]),
            "options": _counted(numbers(points, "options")),
        }
    ).astype("object")


def _ordered(values: pd.Series) -> list[str]:
    """Levels in their own order, else the largest first; 'other' and 'unknown' are last."""
    counts = values.value_counts()

    def place(level: str) -> tuple[int, int, int, str]:
        known = IN_ORDER.index(level) if level in IN_ORDER else len(IN_ORDER)
        return (LAST.index(level) + 1 if level in LAST else 0, known, -int(counts[level]), level)

    return sorted(counts.index, key=place)


def _thirds(amounts: Floats) -> Flags:
    """Thirds of the known amounts; equal amounts are in one third."""
    known = np.isfinite(amounts)
    found = np.full(len(amounts), UNKNOWN, dtype=object)
    if known.any():
        edges = np.quantile(amounts[known], [1 / 3, 2 / 3])
        found[known] = np.array(THIRDS, dtype=object)[np.searchsorted(edges, amounts[known])]
    return found


def _halves(stages: Floats, pipelines: pd.Series) -> Flags:
    """Early and late stages, cut in each pipeline where its deals come nearest to halves.

    Unknown where the stage is, or where all deals of a pipeline were in one stage.
    """
    found = np.full(len(stages), UNKNOWN, dtype=object)
    names = _text(pipelines).to_numpy()
    for name in np.unique(names):
        rows = (names == name) & np.isfinite(stages)
        values, counts = np.unique(stages[rows], return_counts=True)
        if len(values) > 1:
            share = np.cumsum(counts)[:-1] / counts.sum()
            cut = values[np.abs(share - 0.5).argmin()]
            found[rows] = np.where(stages[rows] <= cut, *HALVES)
    return found


def _counted(options: Floats) -> Flags:
    found = np.full(len(options), UNKNOWN, dtype=object)
    known = np.isfinite(options)
    found[known] = np.array(OPTIONS, dtype=object)[np.clip(options[known], 0, 2).astype(int)]
    return found


def _text(values: pd.Series) -> pd.Series:
    return values.astype("object").where(values.notna(), UNKNOWN).astype(str)
