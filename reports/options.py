"""Whether more options go with fewer decisions: the answer, the curve, what stands behind them."""

from collections.abc import Mapping

import pandas as pd
import plotly.graph_objects as go
from markupsafe import Markup

from reports import figures
from reports.formats import NOTHING, real, text
from reports.marts import Marts, records
from reports.views import Cell, Chart, Column, Table, View, ordered

LEVELS: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys(("all", "ours", "competitor"), ("0", "1", "2", "3", "4_or_more")),
    "incumbent": ("no", "yes"),
    "grown": ("none", "1", "2_or_more"),
    "added": ("under_4_weeks", "4_to_7_weeks", "8_to_12_weeks", "13_weeks_or_more"),
}
ENDINGS = ("no_decision", "decision")
KINDS = ("ours", "competitor", "incumbent")
EXPOSURES = ("options", *KINDS, "standing", "added")


def context(marts: Marts, view: View) -> Mapping[str, object]:
    """The page's parts."""
    return {
        "answers": [
            answer_sentence(view, marts),
            *ratio_sentences(view, marts),
            *recorded_sentences(view, marts),
        ],
        "curve": curve_table(marts, view),
        "curve_chart": curve_chart(marts, view),
        "adjusted": adjusted_table(marts, view),
        "raw": raw_table(marts, view, tuple(LEVELS)[:4], "raw"),
        "growth": raw_table(marts, view, tuple(LEVELS)[4:], "growth"),
        "recorded": recorded_table(marts, view),
    }


def longest(marts: Marts) -> dict[str, object]:
    """The answer over the longest horizon, {} without any."""
    rows = records(marts["options_answer"].sort_values("horizon_days").tail(1))
    return rows[0] if rows else {}


def answer_sentence(view: View, marts: Marts) -> Markup:
    """How much more no decision goes with one further option, or why that cannot be said."""
    words, show = view.words, view.formats
    row = longest(marts)
    verdict = text(row.get("verdict")) or "not_recorded"
    if verdict not in ("more", "fewer", "nothing"):
        return words.html(
            f"options.answer.{verdict}",
            deals=show.count(row.get("deals")),
            sellers=show.count(row.get("sellers")),
            ended=show.count(row.get("no_decisions")),
            exposed=show.count(row.get("exposed_no_decisions")),
        )
    points = view.measure("points")
    return words.html(
        f"options.answer.{verdict}",
        difference=points(row["difference"]),
        interval=view.interval(points, row["low"], row["high"]),
        days=show.count(row["horizon_days"]),
        deals=show.count(row["deals"]),
    )


def ratio_sentences(view: View, marts: Marts) -> list[Markup]:
    """The hazard ratios of a further option, where both can be told."""
    frame = marts["options_adjusted"]
    frame = frame[(frame["exposure"] == "options") & (frame["verdict"] == "ok")]
    by_ending = {text(row["ending"]): row for row in records(frame)}
    if set(by_ending) != set(ENDINGS):
        return []
    ratio = view.number(2)
    told = {ending: by_ending[ending] for ending in ENDINGS}
    return [
        view.words.html(
            "options.ratios",
            **{ending: ratio(row["ratio"]) for ending, row in told.items()},
            **{
                f"{ending}_interval": view.interval(ratio, row["low"], row["high"])
                for ending, row in told.items()
            },
        )
    ]


def recorded_sentences(view: View, marts: Marts) -> list[Markup]:
    """What is not on record, source by source."""
    words = view.words
    found = []
    for row in records(marts["options_recorded"].sort_values("source")):
        absent = [kind for kind in KINDS if not real(row[f"with_{kind}"])]
        named = ", ".join(words(f"options.kind_absent.{kind}") for kind in absent)
        if len(absent) == len(KINDS):
            found.append(words.html("options.recorded_none", source=row["source"]))
        elif absent:
            found.append(words.html("options.recorded_part", source=row["source"], absent=named))
    return found


def _group(view: View, low: object, high: object) -> str:
    """Numbers of options from and to as one label."""
    words, show = view.words, view.formats
    if real(high) is None:
        return words("options.or_more", n=show.count(low))
    if real(low) == real(high):
        return show.count(low)
    return words("range", low=show.count(low), high=show.count(high))


def curve_table(marts: Marts, view: View) -> Table:
    """No decision by number of options, as it was and adjusted, by each horizon."""
    words, show, share = view.words, view.formats, view.share
    frame = marts["options_curve"].sort_values(["options_from", "horizon_days"])
    horizons = sorted({int(real(days) or 0) for days in frame["horizon_days"]})
    rows = []
    for _, part in frame.groupby("options_from", sort=True):
        told = records(part)
        first = told[0]
        cells = [
            Cell(_group(view, first["options_from"], first["options_to"])),
            *(Cell(show.count(first[name])) for name in ("deals", "no_decisions")),
        ]
        for row in told:
            observed = (row["observed"], row["observed_low"], row["observed_high"])
            adjusted = (row["adjusted"], row["low"], row["high"])
            cells += [Cell(view.with_interval(share, *each)) for each in (observed, adjusted)]
        rows.append(cells)
    heads = [Column(words("options.column.options"))]
    heads += [Column(words(f"options.column.{name}"), True) for name in ("deals", "ended")]
    for days in horizons:
        heads += [
            Column(words(f"options.column.{name}", days=show.count(days)), True)
            for name in ("observed", "adjusted")
        ]
    return Table(
        id="options-curve",
        caption=words("options.table.curve"),
        rows=rows,
        columns=heads,
        note=words("options.note.curve"),
        empty=words("table_empty"),
    )


def curve_chart(marts: Marts, view: View) -> Chart | None:
    """Observed shares as points, adjusted ones as a curve with its band; None without them."""
    words = view.words
    frame = marts["options_curve"]
    frame = frame[frame["horizon_days"] == frame["horizon_days"].max()]
    frame = frame.sort_values("options_from")
    if len(frame) < 2:
        return None
    labels = [_group(view, row["options_from"], row["options_to"]) for row in records(frame)]
    place = [float(number) for number in range(len(labels))]
    columns = ("observed", "observed_low", "observed_high", "adjusted", "low", "high")
    told = {name: figures.floats(frame[name]) for name in columns}
    adjusted, observed = words("options.adjusted"), words("options.observed")
    edges = [
        go.Scatter(
            x=place,
            y=told[edge],
            fill=fill,
            fillcolor="var(--c-none-band)",
            line={"width": 0, "color": "var(--c-none)"},
            hoverinfo="skip",
            showlegend=False,
            mode="lines",
        )
        for edge, fill in (("low", "none"), ("high", "tonexty"))
    ]
    line = go.Scatter(
        x=place,
        y=told["adjusted"],
        name=adjusted,
        mode="lines+markers",
        line={"color": "var(--c-none)", "width": 2.2},
        hovertemplate="%{y:.1%}<extra>" + adjusted + "</extra>",
    )
    aside = [at + 0.05 for at in place]
    points = go.Scatter(
        x=aside,
        y=told["observed"],
        name=observed,
        mode="markers",
        marker={"color": "var(--c-unknown)", "size": 9, "symbol": "diamond"},
        error_y={
            "type": "data",
            "symmetric": False,
            "thickness": 1.4,
            "width": 4,
            "color": "var(--c-unknown)",
            "array": [h - v for h, v in zip(told["observed_high"], told["observed"], strict=True)],
            "arrayminus": [
                v - low for low, v in zip(told["observed_low"], told["observed"], strict=True)
            ],
        },
        hovertemplate="%{y:.1%}<extra>" + observed + "</extra>",
    )
    days = view.formats.count(frame["horizon_days"].iloc[0])
    return Chart(
        id="options-chart",
        title=words("options.chart.title", days=days),
        summary=words("options.chart.summary"),
        figure=figures.drawn(
            [*edges, line, points],
            height=380,
            x={
                "title": figures.titled(words("options.chart.x")),
                "tickmode": "array",
                "tickvals": place,
                "ticktext": labels,
                "range": [-0.3, len(labels) - 0.7],
                "showgrid": False,
            },
            y={
                "title": figures.titled(words("options.chart.y", days=days)),
                "tickformat": ".0%",
                "rangemode": "tozero",
            },
        ),
    )


def adjusted_table(marts: Marts, view: View) -> Table:
    """Hazard ratios of every exposure for both endings."""
    words, show, ratio = view.words, view.formats, view.number(2)
    frame = marts["options_adjusted"]
    rows = []
    for exposure in ordered(frame["exposure"].tolist(), EXPOSURES):
        by_ending = {
            text(row["ending"]): row for row in records(frame[frame["exposure"] == exposure])
        }
        cells = [Cell(_exposure(view, exposure))]
        for ending in ENDINGS:
            row = by_ending.get(ending, {})
            is_told = text(row.get("verdict")) == "ok"
            ends = (row.get("ratio"), row.get("low"), row.get("high"))
            refused = words.label("options.verdict", text(row.get("verdict")))
            said = view.with_interval(ratio, *ends) if is_told else refused
            cells.append(Cell(said or NOTHING, "" if is_told else "thin"))
            exposed, events = row.get("exposed_events"), row.get("events")
            cells.append(Cell(words("options.of", n=show.count(exposed), all=show.count(events))))
        rows.append(cells)
    heads = ("exposure", "no_decision", "exposed", "decision", "exposed")
    return Table(
        id="options-adjusted",
        caption=words("options.table.adjusted"),
        rows=rows,
        columns=[
            Column(words(f"options.column.{head}"), place > 0) for place, head in enumerate(heads)
        ],
        note=words("options.note.adjusted"),
        empty=words("table_empty"),
    )


def _exposure(view: View, exposure: str) -> str:
    """An exposure's label; one of a number of options is made from the number."""
    words = view.words
    if words.has(f"options.exposure.{exposure}"):
        return words(f"options.exposure.{exposure}")
    low, _, rest = exposure.removeprefix("options_").partition("_")
    high = None if rest == "or_more" else rest.removeprefix("to_") or low
    group = _group(view, int(low), None if high is None else int(high))
    return words("options.exposure_level", n=group)


def raw_table(marts: Marts, view: View, kinds: tuple[str, ...], name: str) -> Table:
    """Weeks by what stood when they began, and what happened in them, kind by kind."""
    words, show = view.words, view.formats
    frame = marts["options"]
    rows = []
    for kind in kinds:
        part = frame[frame["kind"] == kind]
        by_level = {text(row["level"]): row for row in records(part)}
        for level in ordered(list(by_level), LEVELS[kind]):
            row = by_level[level]
            rows.append(
                [
                    Cell(words(f"options.kind.{kind}")),
                    Cell(words.label("options.level", level)),
                    *(Cell(show.count(row[n])) for n in ("deals", "weeks", "no_decisions")),
                    Cell(show.share(row["no_decision_share"])),
                    *(Cell(show.count(row[n])) for n in ("won", "lost_to_competitor")),
                    Cell(show.share(row["decision_share"])),
                ]
            )
    heads = (
        *("kind", "level", "deals", "weeks", "no_decisions", "no_decision_share"),
        *("won", "lost", "decision_share"),
    )
    return Table(
        id=f"options-{name}",
        caption=words(f"options.table.{name}"),
        rows=rows,
        columns=[
            Column(words(f"options.column.{head}"), place > 1) for place, head in enumerate(heads)
        ],
        note=words("options.note.raw"),
        empty=words("table_empty"),
    )


def recorded_table(marts: Marts, view: View) -> Table:
    """How many deals of each source have options on record, by kind."""
    words, show = view.words, view.formats
    frame: pd.DataFrame = marts["options_recorded"].sort_values("source")
    names = ("deals", "with_options", "with_ours", "with_competitor", "with_incumbent")
    return Table(
        id="options-recorded",
        caption=words("options.table.recorded"),
        rows=[
            [
                Cell(text(row["source"])),
                *(Cell(show.count(row[name])) for name in names),
                Cell(show.day(row["first_on"])),
            ]
            for row in records(frame)
        ],
        columns=[
            Column(words("column.source")),
            *(Column(words(f"options.column.{name}"), True) for name in names),
            Column(words("options.column.first_on")),
        ],
        empty=words("table_empty"),
    )
