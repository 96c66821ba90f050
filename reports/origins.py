"""Where customers come from: the flow from origin to outcome, rates by origin, what is unknown."""

from collections.abc import Mapping

import plotly.graph_objects as go

from reports import figures, origin_says
from reports.formats import real, text
from reports.marts import Marts, records
from reports.views import Cell, Chart, Column, Table, View, ordered

OUTCOMES = (
    *("won", "no_decision", "lost_to_competitor", "disqualified"),
    *("seller_drop", "unknown_loss", "open"),
)
MEASURES = (
    *("win_rate", "no_decision_rate", "days_median", "days_mean"),
    *("hours_median", "hours_mean"),
)
INCUMBENTS_SHOWN = 15
TONES = {
    "brought": "var(--c-lost)",
    "shared": "var(--c-drop)",
    "borrowed": "var(--c-let)",
    "direct": "var(--c-won)",
    "unknown": "var(--c-unknown)",
}


def context(marts: Marts, view: View) -> Mapping[str, object]:
    """The page's parts."""
    return {
        "answers": [
            *origin_says.won_sentences(view, marts),
            *origin_says.contrast_sentences(view, marts),
            *origin_says.supplier_sentences(view, marts),
        ],
        "flow": flow_table(marts, view),
        "flow_chart": flow_chart(marts, view),
        "rates": rates_table(marts, view),
        "contrasts": contrast_table(marts, view),
        "contrasts_chart": contrast_chart(marts, view),
        "incumbents": incumbents_table(marts, view),
        "unknown_says": origin_says.unknown_sentences(view, marts),
        "unknown": unknown_table(marts, view),
    }


def flow_table(marts: Marts, view: View) -> Table:
    """Deals by origin and outcome, and what share of those that were won each origin makes up."""
    words, show = view.words, view.formats
    counts = origin_says.counts_of(marts)
    origins = ordered([origin for origin, _ in counts], origin_says.ORIGINS)
    outcomes = ordered([outcome for _, outcome in counts], OUTCOMES)
    won = sum(counts.get((origin, "won"), 0) for origin in origins)
    rows = []
    for origin in origins:
        mine = [counts.get((origin, outcome), 0) for outcome in outcomes]
        share = counts.get((origin, "won"), 0) / won if won else None
        rows.append(
            [
                Cell(words.label("origin", origin), detail=words.label("origin_means", origin)),
                Cell(show.share(share)),
                *(Cell(show.count(count)) for count in mine),
                Cell(show.count(sum(mine))),
            ]
        )
    return Table(
        id="origins",
        caption=words("table.origins"),
        rows=rows,
        columns=[
            Column(words("column.origin")),
            Column(words("column.won_share"), True),
            *(Column(words.label("outcome", outcome), True) for outcome in outcomes),
            Column(words("total"), True),
        ],
        note=words("note.origins"),
        empty=words("table_empty"),
    )


def flow_chart(marts: Marts, view: View) -> Chart | None:
    """The flow of deals from origin to outcome; None without deals."""
    words = view.words
    counts = {pair: count for pair, count in origin_says.counts_of(marts).items() if count}
    if not counts:
        return None
    origins = ordered([origin for origin, _ in counts], origin_says.ORIGINS)
    outcomes = ordered([outcome for _, outcome in counts], OUTCOMES)
    links = [
        (origins.index(origin), len(origins) + outcomes.index(outcome), count, origin)
        for (origin, outcome), count in sorted(
            counts.items(), key=lambda item: (origins.index(item[0][0]), outcomes.index(item[0][1]))
        )
    ]
    labels = [
        *(words.label("origin", origin) for origin in origins),
        *(words.label("outcome", outcome) for outcome in outcomes),
    ]
    tones = [
        *(TONES.get(origin, "var(--c-unknown)") for origin in origins),
        *(figures.COLOURS.get(outcome, "var(--c-unknown)") for outcome in outcomes),
    ]
    flow = go.Sankey(
        node={
            "label": [figures.plain(label) for label in labels],
            "color": tones,
            "pad": 14,
            "thickness": 14,
            "line": {"width": 0},
            "hovertemplate": "%{label}: %{value:,}<extra></extra>",
        },
        link={
            "source": [link[0] for link in links],
            "target": [link[1] for link in links],
            "value": [link[2] for link in links],
            "color": [tones[link[0]].replace(")", "-band)") for link in links],
            "hovertemplate": "%{source.label}, %{target.label}: %{value:,}<extra></extra>",
        },
        textfont={"color": "var(--ink)", "shadow": "none"},
    )
    hidden = {"visible": False}
    return Chart(
        id="origins-chart",
        title=words("chart.origins"),
        summary=words("chart.origins_summary"),
        figure=figures.drawn([flow], height=420, x=hidden, y=hidden, legend=False),
    )


def rates_table(marts: Marts, view: View) -> Table:
    """Win rate, no decision, days and hours of the deals that ended, by what was found of them."""
    words, show = view.words, view.formats
    frame = marts["origin_rates"]
    by_pair = {(text(row["origin"]), text(row["measure"])): row for row in records(frame)}
    rows = []
    for origin in ordered([origin for origin, _ in by_pair], origin_says.ORIGINS):
        first = by_pair.get((origin, "win_rate"), {})
        if not real(first.get("n")):
            continue
        cells = [Cell(words.label("origin", origin)), Cell(show.count(first["n"]))]
        for measure in MEASURES:
            row = by_pair.get((origin, measure), {})
            unit = "share" if "rate" in measure else measure.split("_")[0]
            if text(row.get("verdict")) != "ok":
                cells.append(Cell(words("thin", n=show.count(row.get("n"))), "thin"))
                continue
            ends = (row["low"], row["high"])
            printed = view.measure(unit)
            cells.append(Cell(printed.bare(row["value"]), detail=view.interval(printed, *ends)))
        rows.append(cells)
    return Table(
        id="origin-rates",
        caption=words("table.origin_rates"),
        rows=rows,
        columns=[
            Column(words("column.origin")),
            Column(words("column.ended"), True),
            *(Column(words(f"column.{measure}"), True) for measure in MEASURES),
        ],
        note=words("note.origin_rates"),
        empty=words("table_empty"),
    )


def contrast_table(marts: Marts, view: View) -> Table:
    """Each contrast as it is and with all else held equal."""
    words, show = view.words, view.formats
    points = view.measure("points")
    rows = []
    for row in origin_says.contrasts_of(marts):
        is_said = text(row["verdict"]) == "ok"
        told = view.with_interval(points, row["estimate"], row["low"], row["high"])
        rows.append(
            [
                Cell(words.label("origin_contrast", row["contrast"])),
                Cell(words.label("outcome", row["outcome"])),
                Cell(show.share(row["share"])),
                Cell(show.share(row["other_share"])),
                Cell(points(row["difference"])),
                Cell(told if is_said else words.label("origin_verdict", row["verdict"])),
                Cell(words("of_two", a=show.count(row["n"]), b=show.count(row["other_n"]))),
            ]
        )
    heads = ("contrast", "outcome", "share_one", "share_other", "difference_plain")
    return Table(
        id="origin-contrasts",
        caption=words("table.origin_contrasts"),
        rows=rows,
        columns=[
            *(Column(words(f"column.{head}"), place > 1) for place, head in enumerate(heads)),
            Column(words("column.difference_equal"), True),
            Column(words("column.deals_both"), True),
        ],
        note=words("note.origin_contrasts"),
        empty=words("table_empty"),
    )


def contrast_chart(marts: Marts, view: View) -> Chart | None:
    """The contrasts with their intervals; None where none may speak."""
    rows = []
    for row in origin_says.contrasts_of(marts):
        if text(row["verdict"]) != "ok":
            continue
        label = view.words(
            "pair",
            a=view.words.label("origin_contrast", row["contrast"]),
            b=view.words.label("outcome", row["outcome"]),
        )
        estimate, low, high = (100 * (real(row[n]) or 0.0) for n in ("estimate", "low", "high"))
        tone = figures.COLOURS.get(text(row["outcome"]), "var(--c-unknown)")
        rows.append(figures.Interval(label, estimate, low, high, tone))
    if not rows:
        return None
    return Chart(
        id="origin-contrasts-chart",
        title=view.words("chart.origin_contrasts"),
        summary=view.words("chart.origin_contrasts_summary"),
        figure=figures.forest(rows, view.words("axis.points")),
    )


def incumbents_table(marts: Marts, view: View) -> Table:
    """The suppliers that buyers have or had, those that lost most customers to us first."""
    words, show = view.words, view.formats
    found = origin_says.suppliers_of(marts)
    rows = [
        [
            Cell(text(row["supplier"])),
            *(Cell(show.count(row[n])) for n in ("deals", "ended", "won")),
            Cell(view.with_interval(view.share, row["win_rate"], row["low"], row["high"])),
            *(Cell(show.count(row[n])) for n in ("lost_to_it", "no_decision")),
            Cell(show.amount(row["revenue"])),
        ]
        for row in found[:INCUMBENTS_SHOWN]
    ]
    heads = ("supplier", "deals", "ended", "won", "win_rate", "lost_to_it", "no_decision")
    cut = words(
        "table_cut",
        shown=show.count(INCUMBENTS_SHOWN),
        all=show.count(len(found)),
        file="tables/origins_incumbents.csv",
    )
    return Table(
        id="origin-incumbents",
        caption=words("table.origins_incumbents"),
        rows=rows,
        columns=[
            *(Column(words(f"column.{head}"), place > 0) for place, head in enumerate(heads)),
            Column(words("column.revenue"), True),
        ],
        note=cut if len(found) > INCUMBENTS_SHOWN else words("note.origins_incumbents"),
        empty=words("origins_no_supplier"),
    )


def unknown_table(marts: Marts, view: View) -> Table:
    """The fields that tell an origin, and how far each is filled."""
    words, show = view.words, view.formats
    frame = marts["origins_unknown"].sort_values(["source", "field"], kind="stable")
    rows = [
        [
            Cell(text(row["source"])),
            Cell(words.label("origin_field", row["field"])),
            Cell(words.label("origin_field_state", row["state"])),
            *(
                Cell(show.share(row[name]))
                for name in ("filled_share", "won_filled_share", "not_won_filled_share")
            ),
        ]
        for row in records(frame)
    ]
    heads = ("source", "field", "state", "filled_share", "won_filled_share", "not_won_filled_share")
    return Table(
        id="origins-unknown",
        caption=words("table.origins_unknown"),
        rows=rows,
        columns=[Column(words(f"column.{head}"), place > 2) for place, head in enumerate(heads)],
        note=words("note.origins_unknown"),
        empty=words("table_empty"),
    )
