"""Whether what the stall model is told, and what its percentages mean, has moved since training."""

import math
from collections.abc import Mapping

import pandas as pd
from markupsafe import Markup

from reports.formats import flag, text
from reports.marts import Marts, records
from reports.views import Cell, Column, Table, View

CALIBRATION = "calibration"
FEATURES_SHOWN = 8


def drift_sentences(view: View, marts: Marts) -> list[Markup]:
    """Whether what the model is told has changed since training, and whether its percentages."""
    frame = marts["drift"]
    is_gap = frame["idea"] == CALIBRATION
    told, gaps = frame[~is_gap], frame[is_gap]
    moved = told[told["is_moved"].astype(bool)]
    names = ", ".join(view.words.label("feature", text(name)) for name in moved["feature"])
    if told.empty:
        key = "answer.drift_none"
    else:
        key = "answer.drift_still" if moved.empty else "answer.drift_features"
    if gaps.empty:
        means = "answer.percentages_unknown"
    else:
        has_shifted = bool(gaps["is_moved"].astype(bool).any())
        means = "answer.percentages_shifted" if has_shifted else "answer.percentages_hold"
    return [
        view.words.html(key, n=len(moved), all=len(told), names=names),
        view.words.html(means),
    ]


def drift_table(marts: Marts, view: View) -> Table:
    """What moved, and after it the features that came nearest to it; calibration last."""
    words = view.words
    frame = marts["drift"].sort_values(["p", "measure"], ascending=[True, False], kind="stable")
    is_calibration = frame["idea"] == CALIBRATION
    moved = frame["is_moved"].astype(bool)
    nearest = frame[~is_calibration & ~moved].head(FEATURES_SHOWN)
    shown = pd.concat([frame[~is_calibration & moved], nearest, frame[is_calibration]])
    rows = []
    for row in records(shown):
        is_gap = text(row["idea"]) == CALIBRATION
        tone = "bad" if flag(row["is_moved"]) else ""
        name = text(row["feature"])
        days = name.rpartition("_")[2]
        label = words("calibration_at", days=days) if is_gap else words.label("feature", name)
        rows.append(
            [
                Cell(label, tone),
                Cell(words.label("idea", text(row["idea"]))),
                *(Cell(_typical(view, row[side], is_gap)) for side in ("then", "now")),
                _moved_by(view, row, is_gap),
                Cell("" if is_gap else view.number(3)(row["p"])),
                Cell(words("yes" if flag(row["is_moved"]) else "no"), tone),
            ]
        )
    heads = ("feature", "idea", "then", "now", "stability", "p", "moved")
    return Table(
        id="drift",
        caption=words("table.drift"),
        columns=[Column(words(f"column.{head}"), head in heads[2:6]) for head in heads],
        rows=rows,
        note=words("note.drift"),
        empty=words("table_empty"),
    )


def _moved_by(view: View, row: Mapping[str, object], is_gap: bool) -> Cell:
    measure = view.measure("points") if is_gap else view.number(2)
    return Cell(measure(row["measure"]), "", view.interval(measure, row["low"], row["high"]))


def _typical(view: View, value: object, is_gap: bool) -> str:
    """A typical value as it is told: a number where it is one, else the text of a category."""
    told = text(value)
    try:
        number = float(told)
    except ValueError:
        return told or view.words("unknown")
    if not math.isfinite(number):
        return view.words("unknown")
    return view.measure("points")(number) if is_gap else view.formats.plain(number)
