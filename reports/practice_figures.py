"""Charts of practice: what each team decides by a day beside what is expected of it, and months."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import plotly.graph_objects as go

from reports.figures import SERIES, Curve, Figure, drawn, plain, titled

COLUMNS = 2
PANEL_HEIGHT, PANEL_GAP = 190, 64


@dataclass(frozen=True)
class Panel:
    """One team: by day what was decided, what its deals lead to expect, and the band of chance."""

    label: str
    days: Sequence[float]
    decided: Sequence[float]
    expected: Sequence[float]
    low: Sequence[float]
    high: Sequence[float]


def panels(teams: Sequence[Panel], labels: tuple[str, str, str], x_title: str) -> Figure:
    """Small multiples, two in a row; a team outside its band is not there by chance alone.

    ``labels`` name the team's own line, what is expected, and the band.
    """
    rows = -(-len(teams) // COLUMNS)
    height = rows * (PANEL_HEIGHT + PANEL_GAP) + 50
    top = min(1.0, 1.1 * max(max([*team.decided, *team.high]) for team in teams))
    traces: list[object] = []
    layout: dict[str, Any] = {}
    notes = []
    for place, team in enumerate(teams):
        across, down = place % COLUMNS, place // COLUMNS
        left = across * 0.53
        ceiling = 1 - down * (PANEL_HEIGHT + PANEL_GAP) / height
        end = "" if place == 0 else str(place + 1)
        axes = {"xaxis": f"x{end}", "yaxis": f"y{end}"}
        traces += _panel(team, labels, axes, is_first=place == 0)
        shared = {"fixedrange": True, "gridcolor": "var(--line)", "linecolor": "var(--line)"}
        layout[f"xaxis{end}"] = {
            **shared,
            "anchor": f"y{end}",
            "domain": [left, left + 0.47],
            "range": [0, max(team.days) + 2],
            "tickvals": [0, 30, 60, 90],
            "title": titled(x_title) if down == rows - 1 and across == 0 else None,
            "zeroline": False,
        }
        layout[f"yaxis{end}"] = {
            **shared,
            "anchor": f"x{end}",
            "domain": [ceiling - (PANEL_HEIGHT + 24) / height, ceiling - 24 / height],
            "range": [0, top],
            "tickformat": ".0%",
            "nticks": 5,
            "showticklabels": across == 0,
            "automargin": True,
            "zeroline": False,
        }
        notes.append(
            {
                **{"x": left, "y": ceiling, "xref": "paper", "yref": "paper"},
                **{"xanchor": "left", "yanchor": "top", "showarrow": False},
                "text": plain(team.label),
                "font": {"size": 13, "color": "var(--ink)"},
            }
        )
    x, y = layout.pop("xaxis"), layout.pop("yaxis")
    return drawn(traces, height=height, x=x, y=y, annotations=notes, **layout)


def _panel(
    team: Panel, labels: tuple[str, str, str], axes: dict[str, str], *, is_first: bool
) -> list[object]:
    """The traces of one panel; the first one's stand in the legend for all."""
    own, alike, band = labels
    days = [0.0, *team.days]
    quiet = {"hoverinfo": "skip", "mode": "lines", "line": {"width": 0, "color": SERIES[4]}, **axes}
    return [
        go.Scatter(x=days, y=[0.0, *team.low], showlegend=False, legendgroup="band", **quiet),
        go.Scatter(
            x=days,
            y=[0.0, *team.high],
            fill="tonexty",
            fillcolor=SERIES[4].replace(")", "-band)"),
            name=band,
            showlegend=is_first,
            legendgroup="band",
            **quiet,
        ),
        go.Scatter(
            x=days,
            y=[0.0, *team.expected],
            name=alike,
            mode="lines",
            showlegend=is_first,
            legendgroup="alike",
            line={"color": SERIES[4], "width": 1.4, "dash": "dash"},
            hovertemplate="%{x:.0f}: %{y:.0%}<extra>" + alike + "</extra>",
            **axes,
        ),
        go.Scatter(
            x=days,
            y=[0.0, *team.decided],
            name=own,
            mode="lines+markers",
            showlegend=is_first,
            legendgroup="own",
            line={"color": SERIES[0], "width": 2.2},
            marker={"size": 6},
            hovertemplate="%{x:.0f}: %{y:.0%}<extra>" + plain(team.label) + "</extra>",
            **axes,
        ),
    ]


def months(lines: Sequence[Curve], names: Sequence[str], y_title: str) -> Figure:
    """Shares by month with bands; ``days`` of a line are places in ``names``, from 0."""
    traces: list[object] = []
    for place, line in enumerate(lines):
        colour = SERIES[place % len(SERIES)]
        at = [names[int(day)] for day in line.days]
        for edge, fill in ((line.low, "none"), (line.high, "tonexty")):
            traces.append(
                go.Scatter(
                    x=at,
                    y=list(edge),
                    fill=fill,
                    fillcolor=colour.replace(")", "-band)"),
                    line={"width": 0, "color": colour},
                    mode="lines",
                    hoverinfo="skip",
                    showlegend=False,
                    legendgroup=str(place),
                )
            )
        traces.append(
            go.Scatter(
                x=at,
                y=list(line.shares),
                name=plain(line.label),
                mode="lines+markers",
                line={"color": colour, "width": 2.2},
                marker={"size": 5},
                legendgroup=str(place),
                hovertemplate="%{x}: %{y:.0%}<extra>" + plain(line.label) + "</extra>",
            )
        )
    return drawn(
        traces,
        height=360,
        x={"type": "category", "categoryorder": "array", "categoryarray": list(names)},
        y={"title": titled(y_title), "tickformat": ".0%", "range": [0, 1]},
    )
