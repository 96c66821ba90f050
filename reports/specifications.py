"""The specification curve: the answer under every combination of choices, and which each one is."""

from collections.abc import Mapping, Sequence

from reports import figures, wording
from reports.formats import real, text
from reports.marts import Marts, records
from reports.views import Cell, Chart, Column, Table, View, ordered

METHODS = ("overlap", "ipw", "doubly_robust", wording.SUSTAINED)
DEFINITIONS = (
    *("as_set", "misfit_recorded", "silence_half", "silence_twice"),
    *("unknown_as_buyers_no", "unknown_as_walk_away", "incumbent_as_walk_away"),
)
CHOICES = ("method", "horizon_days", "definition")
LEAST_SHOWN = 2
HEADLINE, OTHER = "var(--c-none)", "var(--c-won)"


def curve_chart(marts: Marts, view: View) -> Chart | None:
    """Every specification that can be told, by its estimate; None where fewer than two can be."""
    frame = marts["specifications"]
    told = frame[frame["verdict"] == "ok"].dropna(subset=["estimate", "low", "high"])
    if len(told) < LEAST_SHOWN:
        return None
    rows = records(
        told.sort_values(["estimate", "definition", "method", "horizon_days"], kind="stable")
    )
    below, above = (sum(_is_clear(row, side) for row in rows) for side in ("high", "low"))
    return Chart(
        id="specification-curve",
        title=view.words("chart.specifications"),
        summary=view.words(
            "chart.specifications_summary",
            told=view.formats.count(len(rows)),
            all=view.formats.count(len(frame)),
            fewer=view.formats.count(sum((real(row["estimate"]) or 0.0) < 0 for row in rows)),
            below=view.formats.count(below),
            above=view.formats.count(above),
        ),
        figure=_figure(view, rows),
        table=_table(view, rows, len(frame)),
    )


def _is_clear(row: Mapping[str, object], side: str) -> bool:
    """Whether the whole interval lies on one side of nothing: its `high` below, its `low` above."""
    end = real(row[side]) or 0.0
    return end < 0 if side == "high" else end > 0


def _label(view: View, choice: str, row: Mapping[str, object], *, is_short: bool = False) -> str:
    """A choice in words; definitions are told shortly beside the matrix, at length elsewhere."""
    if choice == "horizon_days":
        return view.measure("days")(row[choice])
    group = "specified" if is_short else "analysis_label"
    return view.words.label("method" if choice == "method" else group, text(row[choice]))


def _groups(view: View, rows: Sequence[Mapping[str, object]]) -> list[list[str]]:
    """Lines of the matrix: methods, follow-ups, definitions."""
    values: Mapping[str, Sequence[object]] = {
        "method": ordered([row["method"] for row in rows], METHODS),
        "horizon_days": sorted({int(real(row["horizon_days"]) or 0) for row in rows}),
        "definition": ordered([row["definition"] for row in rows], DEFINITIONS),
    }
    return [
        [_label(view, choice, {choice: value}, is_short=True) for value in values[choice]]
        for choice in CHOICES
    ]


def _figure(view: View, rows: Sequence[Mapping[str, object]]) -> figures.Figure:
    dots = [
        (place, _label(view, choice, row, is_short=True))
        for place, row in enumerate(rows, 1)
        for choice in CHOICES
    ]
    return figures.specification_curve(
        [
            figures.Interval(
                ", ".join(_label(view, choice, row) for choice in CHOICES),
                100 * (real(row["estimate"]) or 0.0),
                100 * (real(row["low"]) or 0.0),
                100 * (real(row["high"]) or 0.0),
                HEADLINE if row["is_headline"] else OTHER,
            )
            for row in rows
        ],
        dots,
        _groups(view, rows),
        view.words("axis.points"),
    )


def _table(view: View, rows: Sequence[Mapping[str, object]], count: int) -> Table:
    words = view.words
    points = view.measure("points")
    return Table(
        id="specifications",
        caption=words("table.specifications"),
        rows=[
            [
                *(
                    Cell(_label(view, choice, row), "published" if row["is_headline"] else "")
                    for choice in CHOICES
                ),
                Cell(view.with_interval(points, row["estimate"], row["low"], row["high"])),
                Cell(view.formats.count(row["n"])),
            ]
            for row in rows
        ],
        columns=[
            *(
                Column(words(f"column.{head}"))
                for head in ("method", "follow_up", "choice_of_definition")
            ),
            Column(words("column.estimate"), True),
            Column(words("column.n"), True),
        ],
        note=words(
            "note.specifications",
            n=view.formats.count(count - len(rows)),
            all=view.formats.count(count),
        ),
    )
