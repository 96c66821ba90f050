"""What letting go from a risk on would have given up and freed, and two second looks."""

from collections.abc import Mapping

import plotly.graph_objects as go

from reports import figures
from reports.formats import real, text
from reports.marts import Marts, records
from reports.views import Cell, Chart, Column, Table, View

SHOWN = (0.3, 0.4, 0.5, 0.6, 0.7)
# Fewer deals let go than this say nothing of what they would have brought.
LEAST_LET_GO = 20
QUANTITIES = (
    ("wins_given_up", "number"),
    ("revenue_given_up", "currency"),
    ("hours_freed", "hours"),
)


def frontier_sentences(view: View, marts: Marts) -> list[str]:
    """What the table below says, or what it lacks."""
    words, show = view.words, view.formats
    facts = marts.facts("frontier_facts")
    verdict = text(facts.get("verdict"))
    if verdict == "too_few_followed":
        return [words("frontier_unfollowed", needed=show.count(facts.get("needed_followed")))]
    if verdict != "answered":
        return [
            words(
                "frontier_refused",
                sellers=show.count(facts.get("sellers")),
                wins=show.count(facts.get("wins")),
                needed_sellers=show.count(facts.get("needed_sellers")),
                needed_wins=show.count(facts.get("needed_wins")),
            )
        ]
    return [words("frontier_says", deals=show.count(facts.get("deals")))]


def frontier_table(marts: Marts, view: View) -> Table | None:
    """Deals let go, wins and revenue given up and hours freed, by day and risk; None if refused."""
    words, show = view.words, view.formats
    frame = marts["walkaway_frontier"]
    frame = frame[(frame["order_by"] == "risk") & frame["threshold"].isin(SHOWN)]
    if frame.empty:
        return None
    rows = []
    for row in records(frame.sort_values(["day", "threshold"])):
        cells = [
            Cell(
                words(
                    "frontier_rule", risk=show.share(row["threshold"]), day=show.count(row["day"])
                )
            ),
            Cell(
                words(
                    "frontier_share",
                    n=show.count(row["deals_let_go"]),
                    all=show.count(row["deals"]),
                )
            ),
        ]
        for name, unit in QUANTITIES:
            measure = view.number(1) if unit == "number" else view.measure(unit)
            ends = (row[f"{name}_low"], row[f"{name}_high"])
            cells.append(Cell(view.with_interval(measure, row[name], *ends)))
        cells.append(Cell(view.measure("currency")(row["revenue_per_hour"])))
        rows.append(cells)
    heads = ("frontier_rule", "deals_let_go", *(name for name, _ in QUANTITIES), "revenue_per_hour")
    return Table(
        id="frontier",
        caption=words("table.frontier"),
        rows=rows,
        columns=[Column(words(f"column.{head}"), head != "frontier_rule") for head in heads],
        note=words("note.frontier"),
    )


def frontier_chart(marts: Marts, view: View) -> Chart | None:
    """Revenue given up against hours freed, by each order of letting go; None if refused."""
    words = view.words
    frame = marts["walkaway_frontier"]
    if frame.empty:
        return None
    show, day = view.formats, int(frame["day"].min())
    traces = []
    for place, order in enumerate(("risk", "value_per_hour")):
        part = frame[(frame["order_by"] == order) & (frame["day"] == day)]
        part = part.sort_values("deals_let_go")
        label = words.label("frontier_order", order)
        traces.append(
            go.Scatter(
                x=figures.floats(part["hours_freed"]),
                y=figures.floats(part["revenue_given_up"]),
                mode="lines+markers",
                name=figures.plain(label),
                line={"color": figures.SERIES[place], "width": 2.2},
                customdata=[show.amount(value) for value in part["revenue_given_up"]],
                hovertemplate="%{x:,.0f}: %{customdata}<extra>" + figures.plain(label) + "</extra>",
            )
        )
    given_up = figures.floats(frame.loc[frame["day"] == day, "revenue_given_up"])
    worth = real(marts.row("break_even").get("freed_hour_revenue"))
    if worth is not None:
        most = max((real(value) or 0.0) for value in frame["hours_freed"])
        traces.append(
            go.Scatter(
                x=[0.0, most],
                y=[0.0, most * worth],
                mode="lines",
                name=figures.plain(words("frontier_fresh")),
                line={"color": "var(--c-unknown)", "dash": "dash", "width": 1.6},
                hoverinfo="skip",
            )
        )
    return Chart(
        id="frontier-chart",
        title=words("chart.frontier"),
        summary=words("chart.frontier_summary", day=view.formats.count(day)),
        figure=figures.drawn(
            traces,
            height=380,
            x={"title": figures.titled(words("axis.hours_freed")), "rangemode": "tozero"},
            y={
                "title": figures.titled(words("axis.revenue_given_up")),
                "rangemode": "tozero",
                **figures.round_ticks(given_up, show.bare_amount),
            },
        ),
    )


def second_looks_table(marts: Marts, view: View) -> Table | None:
    """Sellers over quarters, and sellers' habits as an instrument; None where nobody was let go."""
    words, show = view.words, view.formats
    frame = marts["second_looks"]
    if frame.empty:
        return None
    rows = []
    for row in records(frame):
        is_said = text(row["verdict"]) == "answered"
        tone = "" if is_said else "thin"
        rows.append(
            [
                Cell(words.label("second_look", row["method"]), tone),
                Cell(words.label("strategy_outcome", row["outcome"]), tone),
                Cell(_said(view, row) if is_said else words.label("verdict", row["verdict"]), tone),
                Cell(show.count(row["n"]), tone),
                Cell(show.count(row["n_sellers"]), tone),
            ]
        )
    heads = ("second_look", "strategy_outcome", "estimate", "deals_or_quarters", "n_sellers")
    numbers = ("deals_or_quarters", "n_sellers")
    return Table(
        id="second-looks",
        caption=words("table.second_looks"),
        rows=rows,
        columns=[Column(words(f"column.{head}"), head in numbers) for head in heads],
        note=words("note.second_looks"),
    )


def _said(view: View, row: Mapping[str, object]) -> str:
    measure = view.number(2) if text(row["unit"]) == "wins" else view.measure(text(row["unit"]))
    return view.with_interval(measure, row["estimate"], row["low"], row["high"])
