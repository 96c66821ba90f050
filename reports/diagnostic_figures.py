"""Charts that let a reader doubt: calibration, balance and overlap. Colours as in figures.py."""

from collections.abc import Sequence
from dataclasses import dataclass

import plotly.graph_objects as go

from reports.figures import COLOURS, SERIES, Curve, Figure, drawn, plain, titled


@dataclass(frozen=True)
class Dots:
    """Predicted and observed shares of one series, with how many deals stand behind each."""

    label: str
    predicted: Sequence[float]
    observed: Sequence[float]
    counts: Sequence[float]


@dataclass(frozen=True)
class Bins:
    """Counts of one arm by bin."""

    key: str
    label: str
    low: Sequence[float]
    high: Sequence[float]
    counts: Sequence[float]


def calibration(series: Sequence[Dots], x_title: str, y_title: str) -> Figure:
    """Observed against predicted shares; a larger dot stands for more deals."""
    edge = min(1.0, 1.08 * max(max([*dots.predicted, *dots.observed]) for dots in series)) or 1.0
    largest = max(max(dots.counts) for dots in series) or 1.0
    traces = [
        go.Scatter(
            x=[0, edge],
            y=[0, edge],
            mode="lines",
            hoverinfo="skip",
            showlegend=False,
            line={"color": "var(--ink-soft)", "width": 1, "dash": "dot"},
        )
    ]
    for place, dots in enumerate(series):
        traces.append(
            go.Scatter(
                x=list(dots.predicted),
                y=list(dots.observed),
                name=plain(dots.label),
                mode="lines+markers",
                line={"color": SERIES[place % len(SERIES)], "width": 1.4},
                marker={"size": [6 + 10 * (n / largest) ** 0.5 for n in dots.counts]},
                customdata=list(dots.counts),
                hovertemplate="%{x:.1%} / %{y:.1%} (%{customdata:,})<extra>"
                + plain(dots.label)
                + "</extra>",
            )
        )
    return drawn(
        traces,
        height=400,
        x={"title": titled(x_title), "tickformat": ".0%", "rangemode": "tozero"},
        y={"title": titled(y_title), "tickformat": ".0%", "rangemode": "tozero"},
    )


def worth(lines: Sequence[Curve], x_title: str, y_title: str) -> Figure:
    """Net benefit by threshold, the first line with its band; what is far below nothing is cut."""
    traces = []
    for place, line in enumerate(lines):
        colour = SERIES[place % len(SERIES)]
        for edge, fill in ((line.low, "none"), (line.high, "tonexty")):
            if edge:
                traces.append(
                    go.Scatter(
                        x=list(line.days),
                        y=list(edge),
                        fill=fill,
                        fillcolor=colour.replace(")", "-band)"),
                        line={"width": 0, "color": colour},
                        hoverinfo="skip",
                        showlegend=False,
                        mode="lines",
                    )
                )
        traces.append(
            go.Scatter(
                x=list(line.days),
                y=list(line.shares),
                name=plain(line.label),
                mode="lines",
                line={"color": colour, "width": 2.2, "dash": "solid" if line.low else "dash"},
                hovertemplate="%{x:.0%}: %{y:.1%}<extra>" + plain(line.label) + "</extra>",
            )
        )
    top = max([0.02, *(y for line in lines for y in (*line.shares, *line.high))])
    return drawn(
        traces,
        height=360,
        x={"title": titled(x_title), "tickformat": ".0%"},
        y={
            "title": titled(y_title),
            "tickformat": ".0%",
            "range": [-0.3 * top, 1.08 * top],
            "zeroline": True,
            "zerolinecolor": "var(--ink-soft)",
        },
    )


def love(
    labels: Sequence[str],
    series: Sequence[tuple[str, Sequence[float]]],
    x_title: str,
    limit: float = 0.1,
) -> Figure:
    """Absolute standardised differences a covariate, before and after weighting."""
    shapes = ("circle-open", "diamond", "circle")
    traces = [
        go.Scatter(
            x=list(values),
            y=[plain(label) for label in labels],
            mode="markers",
            name=plain(name),
            hovertemplate="%{y}: %{x:.2f}<extra>%{fullData.name}</extra>",
            marker={
                "symbol": shapes[place % 3],
                "size": 9,
                "color": (SERIES[1], SERIES[3], SERIES[0])[place % 3],
            },
        )
        for place, (name, values) in enumerate(series)
    ]
    mark = {
        "type": "line",
        "x0": limit,
        "x1": limit,
        "y0": 0,
        "y1": 1,
        "yref": "paper",
        "line": {"color": "var(--ink-soft)", "width": 1, "dash": "dot"},
    }
    return drawn(
        traces,
        height=130 + 24 * len(labels),
        shapes=[mark],
        x={"title": titled(x_title), "rangemode": "tozero"},
        y={"autorange": "reversed", "type": "category"},
    )


def mirror(arms: Sequence[Bins], x_title: str, y_title: str) -> Figure:
    """Histograms of two arms, the second hanging below."""
    bars = []
    for place, arm in enumerate(arms):
        edges = list(zip(arm.low, arm.high, strict=True))
        bars.append(
            go.Bar(
                x=[(low + high) / 2 for low, high in edges],
                width=[0.94 * (high - low) for low, high in edges],
                y=[-n if place else n for n in arm.counts],
                name=plain(arm.label),
                customdata=list(arm.counts),
                marker={"color": COLOURS.get(arm.key, SERIES[place % len(SERIES)])},
                hovertemplate="%{x:.0%}: %{customdata:,}<extra>" + plain(arm.label) + "</extra>",
            )
        )
    return drawn(
        bars,
        height=320,
        barmode="relative",
        x={"title": titled(x_title), "tickformat": ".0%", "range": [0, 1]},
        y={
            "title": titled(y_title),
            "showticklabels": False,
            "zeroline": True,
            "zerolinecolor": "var(--ink-soft)",
        },
    )
