"""Hazard ratios in print: one cell, and a chart on a scale on which half and twice are as far."""

from collections.abc import Mapping, Sequence
from math import ceil, floor, log2, log10

import plotly.graph_objects as go

from reports import figures
from reports.formats import real, text
from reports.views import Cell, Chart, Column, Table, View

Row = Mapping[str, object]
ENDS = ("ratio", "low", "high")
# Between half and twice there is room for more.
NEAR = (0.5, 0.67, 0.8, 1.0, 1.25, 1.5, 2.0)


def said(view: View, row: Row) -> str:
    """A ratio with its interval, or why there is none."""
    if text(row["verdict"]) == "ok" and real(row["ratio"]) is not None:
        return view.with_interval(view.number(2), row["ratio"], row["low"], row["high"])
    return view.words.label("ratio_verdict", text(row["verdict"]))


def cell(view: View, row: Row) -> Cell:
    """The same as a cell: thin without an answer, strong where the interval leaves 1 out."""
    direction = text(row["goes_with"])
    tone = "thin" if not direction else "published" if direction != "level" else ""
    return Cell(said(view, row), tone)


def chart(
    view: View, name: str, title: str, summary: str, rows: Sequence[tuple[str, Row]]
) -> Chart | None:
    """Ratios with their intervals, one a line, beside a line at 1; None where none may speak."""
    told = [
        (label, text(row["goes_with"]), [real(row[end]) or 1.0 for end in ENDS])
        for label, row in rows
        if text(row["verdict"]) == "ok" and (real(row["low"]) or 0.0) > 0
    ]
    if not told:
        return None
    ends = [log2(value) for *_, values in told for value in values]
    low, high = min(floor(min(ends)), -1), max(ceil(max(ends)), 1)
    ticks = [2.0**power for power in range(low, high + 1)]
    if (low, high) == (-1, 1):
        ticks = list(NEAR)
    points = go.Scatter(
        x=[values[0] for *_, values in told],
        y=[figures.plain(label) for label, *_ in told],
        mode="markers",
        marker={
            "color": ["var(--c-unknown)" if d == "level" else "var(--c-won)" for _, d, _ in told],
            "size": 10,
        },
        error_x={
            "type": "data",
            "symmetric": False,
            "thickness": 1.6,
            "width": 5,
            "color": "var(--ink-soft)",
            "array": [values[2] - values[0] for *_, values in told],
            "arrayminus": [values[0] - values[1] for *_, values in told],
        },
        hovertemplate="%{y}: %{x:.2f}<extra></extra>",
    )
    one = {"type": "line", "x0": 1, "x1": 1, "y0": 0, "y1": 1, "yref": "paper"}
    figure = figures.drawn(
        [points],
        height=80 + 38 * len(told),
        legend=False,
        x={
            "title": figures.titled(view.words("ratio_axis")),
            "type": "log",
            "range": [low * log10(2), high * log10(2)],
            "tickmode": "array",
            "tickvals": ticks,
            "ticktext": [f"{tick:g}" for tick in ticks],
        },
        y={"range": [len(told) - 0.4, -0.6], "type": "category"},
        shapes=[{**one, "line": {"color": "var(--ink-soft)", "width": 1.4}}],
    )
    table = Table(
        id=f"{name}-table",
        caption=title,
        columns=[Column(view.words("ratio_what")), Column(view.words("ratio_column"), True)],
        rows=[[Cell(label), cell(view, row)] for label, row in rows],
    )
    return Chart(id=name, title=title, summary=summary, figure=figure, table=table)
