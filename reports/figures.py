"""Charts as plotly figures in the page's own colours.

Colours are names of style-sheet variables (``var(--c-won)``; ``var(--c-won-band)`` is the same,
thin enough to see through); ``charts.js`` fills them in when it draws, so that one figure serves
light, dark and print. Labels that come from the data are escaped,
because plotly reads a little markup in its texts.
"""

import html
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import pandas as pd
import plotly.graph_objects as go

from reports.formats import real

Figure = dict[str, object]

MAX_POINTS = 60
TICKS = 6  # of an axis, about

COLOURS: Mapping[str, str] = {
    "won": "var(--c-won)",
    "lost_to_competitor": "var(--c-lost)",
    "no_decision": "var(--c-none)",
    "disqualified": "var(--c-let)",
    "seller_drop": "var(--c-drop)",
    "unknown_loss": "var(--c-unknown)",
    "other": "var(--c-unknown)",
    "open": "var(--c-open)",
    "excluded": "var(--c-open)",
    "disqualify": "var(--c-let)",
    "chase": "var(--c-none)",
    "wait": "var(--c-unknown)",
    "help_decide": "var(--c-won)",
    "unresolved": "var(--c-open)",
    "not_disqualify": "var(--c-unknown)",
    "not": "var(--c-unknown)",
    "control": "var(--c-unknown)",
    "treated": "var(--c-let)",
}
SERIES = ("var(--c-won)", "var(--c-none)", "var(--c-let)", "var(--c-lost)", "var(--c-unknown)")


@dataclass(frozen=True)
class Curve:
    """One step curve with its band; ``key`` picks the colour, else its place in the chart does."""

    key: str
    label: str
    days: Sequence[float]
    shares: Sequence[float]
    low: Sequence[float]
    high: Sequence[float]


@dataclass(frozen=True)
class Interval:
    """One row of a forest: an estimate between its limits."""

    label: str
    estimate: float
    low: float
    high: float
    tone: str = "var(--c-won)"


def floats(values: Iterable[object]) -> list[float]:
    """Plain floats of a column; nulls are NaN."""
    return [math.nan if real(value) is None else real(value) or 0.0 for value in values]


def plain(label: object) -> str:
    """A label from the data, safe where plotly reads markup."""
    return html.escape(str(label), quote=False)


def thinned(frame: pd.DataFrame, limit: int = MAX_POINTS) -> pd.DataFrame:
    """At most ``limit`` rows, evenly spread, the first and the last among them."""
    if len(frame) <= limit:
        return frame
    step = (len(frame) - 1) / (limit - 1)
    return frame.iloc[sorted({round(i * step) for i in range(limit)})]


def mix(labels: Sequence[str], keys: Sequence[str], values: Sequence[float]) -> Figure:
    """Horizontal bars, one an outcome, the first on top."""
    bars = go.Bar(
        x=list(values),
        y=[plain(label) for label in labels],
        orientation="h",
        cliponaxis=False,
        marker={"color": [COLOURS.get(key, SERIES[0]) for key in keys]},
        text=[f"{value:,.0f}" for value in values],
        textposition="outside",
        hovertemplate="%{y}: %{x:,}<extra></extra>",
    )
    return drawn(
        [bars],
        height=70 + 34 * len(labels),
        y={"autorange": "reversed"},
        x={"showticklabels": False, "showgrid": False, "range": [0, 1.16 * max([1.0, *values])]},
        legend=False,
    )


def stack(periods: Sequence[str], parts: Sequence[tuple[str, str, Sequence[float]]]) -> Figure:
    """Stacked bars by period; each part is a key, a label and a value a period."""
    bars = [
        go.Bar(
            x=list(periods),
            y=list(values),
            name=plain(label),
            marker={"color": COLOURS.get(key, SERIES[0])},
            hovertemplate="%{x}, " + plain(label) + ": %{y:,}<extra></extra>",
        )
        for key, label, values in parts
    ]
    return drawn(
        bars,
        height=340,
        barmode="stack",
        x={"type": "category", "showgrid": False},
        y={"tickformat": ","},
    )


def curves(lines: Sequence[Curve], x_title: str, y_title: str) -> Figure:
    """Step curves of cumulative shares with bands where the limits are known."""
    traces = []
    for place, line in enumerate(map(_from_nothing, lines)):
        colour = COLOURS.get(line.key, SERIES[place % len(SERIES)])
        days = list(line.days)
        if line.low and line.high:
            for edge, fill in ((line.low, "none"), (line.high, "tonexty")):
                traces.append(
                    go.Scatter(
                        x=days,
                        y=list(edge),
                        fill=fill,
                        fillcolor=colour.replace(")", "-band)"),
                        line={"width": 0, "color": colour, "shape": "hv"},
                        hoverinfo="skip",
                        showlegend=False,
                        legendgroup=str(place),
                        mode="lines",
                    )
                )
        traces.append(
            go.Scatter(
                x=days,
                y=list(line.shares),
                name=plain(line.label),
                mode="lines",
                line={"color": colour, "width": 2.2, "shape": "hv"},
                legendgroup=str(place),
                hovertemplate="%{x:.0f}: %{y:.1%}<extra>" + plain(line.label) + "</extra>",
            )
        )
    return drawn(
        traces,
        height=380,
        x={"title": titled(x_title), "rangemode": "tozero"},
        y={"title": titled(y_title), "tickformat": ".0%", "rangemode": "tozero"},
    )


def _from_nothing(line: Curve) -> Curve:
    """The curve with its start, nothing on day 0, where it does not say so itself."""
    if not line.days or line.days[0] <= 0:
        return line
    has_band = bool(line.low and line.high)
    return Curve(
        line.key,
        line.label,
        [0.0, *line.days],
        [0.0, *line.shares],
        [0.0, *line.low] if has_band else [],
        [0.0, *line.high] if has_band else [],
    )


def forest(rows: Sequence[Interval], x_title: str, tickformat: str = "") -> Figure:
    """Estimates with their intervals, one a line, and a line at zero."""
    points = go.Scatter(
        x=[row.estimate for row in rows],
        y=[plain(row.label) for row in rows],
        mode="markers",
        marker={"color": [row.tone for row in rows], "size": 10},
        error_x={
            "type": "data",
            "symmetric": False,
            "thickness": 1.6,
            "width": 5,
            "color": "var(--ink-soft)",
            "array": [row.high - row.estimate for row in rows],
            "arrayminus": [row.estimate - row.low for row in rows],
        },
        hovertemplate="%{y}: %{x}<extra></extra>",
    )
    return drawn(
        [points],
        height=80 + 38 * len(rows),
        legend=False,
        x={
            "title": titled(x_title),
            "tickformat": tickformat,
            "zeroline": True,
            "zerolinecolor": "var(--ink-soft)",
            "zerolinewidth": 1.4,
        },
        y={"range": [len(rows) - 0.4, -0.6], "type": "category"},
    )


def specification_curve(
    rows: Sequence[Interval],
    dots: Sequence[tuple[int, str]],
    groups: Sequence[Sequence[str]],
    y_title: str,
) -> Figure:
    """Estimates side by side, and below each the dots that say which choices it is made of.

    ``dots`` are the place of an estimate, from 1, and one line of the matrix below, whose lines
    stand in ``groups``, a little apart.
    """
    lines = [line for group in groups for line in group]
    gaps = [0.6 * place for place, group in enumerate(groups) for _ in group]
    at = {line: place + gap for place, (line, gap) in enumerate(zip(lines, gaps, strict=True))}
    last = max(at.values(), default=0.0)
    places = list(range(1, len(rows) + 1))
    estimates = go.Scatter(
        x=places,
        y=[row.estimate for row in rows],
        mode="markers",
        text=[plain(row.label) for row in rows],
        marker={"color": [row.tone for row in rows], "size": 8},
        error_y={
            "type": "data",
            "symmetric": False,
            "thickness": 1.4,
            "width": 0,
            "color": "var(--ink-soft)",
            "array": [row.high - row.estimate for row in rows],
            "arrayminus": [row.estimate - row.low for row in rows],
        },
        hovertemplate="%{text}: %{y:.1f}<extra></extra>",
    )
    matrix = go.Scatter(
        x=[place for place, _ in dots],
        y=[at[line] for _, line in dots],
        text=[plain(line) for _, line in dots],
        yaxis="y2",
        mode="markers",
        marker={"color": [rows[place - 1].tone for place, _ in dots], "size": 7},
        hovertemplate="%{text}<extra></extra>",
    )
    height = 22 * (last + 1)
    share = height / (height + 300)
    return drawn(
        [estimates, matrix],
        height=round(360 + height),
        legend=False,
        x={"showticklabels": False, "showgrid": False, "range": [0, len(rows) + 1], "anchor": "y2"},
        y={
            "title": titled(y_title),
            "domain": [share + 0.03, 1],
            "zeroline": True,
            "zerolinecolor": "var(--ink-soft)",
            "zerolinewidth": 1.4,
        },
        yaxis2={
            "domain": [0, share],
            "range": [last + 0.6, -0.6],
            "tickmode": "array",
            "tickvals": list(at.values()),
            "ticktext": [plain(line) for line in lines],
            "zeroline": False,
            "gridcolor": "var(--line)",
            "automargin": True,
            "fixedrange": True,
            "linecolor": "var(--line)",
        },
    )


def round_ticks(values: Iterable[float], printed: Callable[[float], str]) -> dict[str, object]:
    """Ticks of an axis from zero at round numbers, printed as the page prints them."""
    known = [0.0, *(value for value in values if math.isfinite(value))]
    low, high = min(known), max(known)
    if low == high:
        return {}
    rough = (high - low) / TICKS
    base = 10.0 ** math.floor(math.log10(rough))
    step = base * next(times for times in (1, 2, 5, 10) if times * base >= rough)
    places = range(math.floor(low / step), math.ceil(high / step) + 1)
    ticks = [place * step for place in places]
    return {"tickmode": "array", "tickvals": ticks, "ticktext": [printed(tick) for tick in ticks]}


def titled(words: str) -> dict[str, object]:
    """An axis title, quieter than the labels."""
    return {"text": words, "font": {"size": 13, "color": "var(--ink-soft)"}}


def drawn(
    traces: Sequence[object],
    height: int,
    x: Mapping[str, object],
    y: Mapping[str, object] | None = None,
    legend: bool = True,
    **layout: object,
) -> Figure:
    """A figure of traces on the pages' quiet ground; layout keys go to plotly as they are."""
    axis = {
        "gridcolor": "var(--line)",
        "zeroline": False,
        "automargin": True,
        "fixedrange": True,
        "linecolor": "var(--line)",
    }
    figure = go.Figure(
        data=traces,
        layout={
            "height": height,
            "margin": {"l": 8, "r": 24, "t": 34 if legend else 8, "b": 8},
            "paper_bgcolor": "rgba(0,0,0,0)",
            "plot_bgcolor": "rgba(0,0,0,0)",
            "font": {"family": "var(--sans)", "size": 13, "color": "var(--ink)"},
            "showlegend": legend,
            "dragmode": False,
            "bargap": 0.28,
            "legend": {
                "orientation": "h",
                "x": 0,
                "y": 1.02,
                "yanchor": "bottom",
                "traceorder": "normal",
            },
            "hoverlabel": {
                "bgcolor": "var(--paper)",
                "bordercolor": "var(--line)",
                "font": {"color": "var(--ink)", "family": "var(--sans)"},
            },
            "xaxis": {**axis, **x},
            "yaxis": {**axis, **(y or {})},
            **layout,
        },
    )
    content: Figure = figure.to_plotly_json()
    layout_json = {k: v for k, v in figure.layout.to_plotly_json().items() if k != "template"}
    return {"data": content["data"], "layout": layout_json}
