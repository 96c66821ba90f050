"""Whether letting go does the same everywhere: the headline by kind of deal, and a test of each."""

from collections.abc import Mapping

import pandas as pd
from markupsafe import Markup

from reports import figures, wording
from reports.formats import real, text
from reports.marts import Marts, records
from reports.views import Cell, Chart, Column, Table, View

ATTRIBUTES = ("amount", "stage", "signal", "origin", "options")


def segment_sentences(view: View, marts: Marts) -> list[Markup]:
    """Whether any attribute surely makes a different answer, in one sentence; or why not asked."""
    words = view.words
    tests = _in_order(view, marts["heterogeneity_tests"])
    tested = tests[tests["differs"].isin(["yes", "no"])]
    if not (tests["levels"] > 0).any():
        return [words.html("answer.segments_unasked")] if len(tests) else []
    if tested.empty:
        return [words.html("answer.segments_too_few")]
    differing = tested[tested["differs"] == "yes"].sort_values("p_holm", kind="stable")
    if differing.empty:
        return [words.html("answer.segments_alike", attributes=_names(view, tested))]
    attribute = text(differing["attribute"].iloc[0])
    levels = marts["heterogeneity"]
    levels = levels[(levels["attribute"] == attribute) & (levels["verdict"] == "ok")]
    levels = levels.sort_values("shrunk_estimate", kind="stable")
    most, least = records(levels.tail(1))[0], records(levels.head(1))[0]
    return [
        words.html(
            "answer.segments_differ",
            attributes=_names(view, differing),
            most=_level(view, most),
            most_said=_said(view, most, "shrunk_"),
            least=_level(view, least),
            least_said=_said(view, least, "shrunk_"),
        )
    ]


def segment_table(marts: Marts, view: View) -> Table | None:
    """What letting go does in each segment, as it is and drawn towards all; None if unasked."""
    words, show = view.words, view.formats
    frame = _in_order(view, marts["heterogeneity"])
    if frame.empty:
        return None
    rows = []
    for row in records(frame):
        is_said = text(row["verdict"]) == "ok"
        tone = "" if is_said else "thin"
        refused = words.label("verdict", row["verdict"])
        rows.append(
            [
                Cell(words.label("segment_attribute", row["attribute"]), tone),
                Cell(_level(view, row), tone),
                Cell(_said(view, row) if is_said else refused, tone),
                Cell(_said(view, row, "shrunk_") if is_said else "", tone),
                *(Cell(show.count(row[n]), tone) for n in ("n", "n_sellers")),
                *(Cell(show.count(row[n]), tone) for n in ("events_treated", "events_control")),
            ]
        )
    heads = ("segment_attribute", "segment", "estimate", "segment_shrunk", "n", "n_sellers")
    return Table(
        id="segments",
        caption=words("table.segments"),
        rows=rows,
        columns=[
            Column(words(f"column.{head}"), place > 1)
            for place, head in enumerate((*heads, "wins_let_go", "wins_other"))
        ],
        note=words("note.segments"),
    )


def verdict_table(marts: Marts, view: View) -> Table | None:
    """Whether the answer differs by each attribute; None where no segment was looked at."""
    words, show = view.words, view.formats
    frame = _in_order(view, marts["heterogeneity_tests"])
    if not (frame["levels"] > 0).any():
        return None
    probability = view.number(3)
    rows = [
        [
            Cell(words.label("segment_attribute", row["attribute"])),
            Cell(words.label("differs", row["differs"])),
            Cell(show.count(row["levels_said"])),
            Cell(probability(row["p"])),
            Cell(probability(row["p_holm"])),
        ]
        for row in records(frame)
    ]
    heads = ("segment_attribute", "differs", "levels_said", "p", "p_holm")
    return Table(
        id="segment-tests",
        caption=words("table.segment_tests"),
        rows=rows,
        columns=[Column(words(f"column.{head}"), place > 1) for place, head in enumerate(heads)],
        note=words("note.segment_tests"),
    )


def segment_chart(marts: Marts, view: View) -> Chart | None:
    """Each segment beside all deals; None where no two may speak."""
    words = view.words
    frame = _in_order(view, marts["heterogeneity"])
    frame = frame[frame["verdict"] == "ok"].dropna(subset=["estimate", "low", "high"])
    headline = wording.headline_row(marts)
    if len(frame) < 2 or real(headline.get("estimate")) is None:
        return None
    rows = [_interval(words("segment_all"), headline, "var(--c-let)")]
    rows += [
        _interval(
            words(
                "pair",
                a=words.label("segment_attribute", row["attribute"]),
                b=_level(view, row),
            ),
            row,
            "var(--c-won)",
        )
        for row in records(frame)
    ]
    return Chart(
        id="segments-chart",
        title=words("chart.segments"),
        summary=words("chart.segments_summary"),
        figure=figures.forest(rows, words("axis.points")),
    )


def _interval(label: str, row: Mapping[str, object], tone: str) -> figures.Interval:
    estimate, low, high = (100 * (real(row[n]) or 0.0) for n in ("estimate", "low", "high"))
    return figures.Interval(label, estimate, low, high, tone)


def _in_order(view: View, frame: pd.DataFrame) -> pd.DataFrame:
    """Attributes in the page's order; the levels that have words in the order of these.

    Levels that are words from the data come first, the largest of them on top.
    """

    def place(row: Mapping[str, object]) -> tuple[int, int, float, str]:
        attribute, level = text(row["attribute"]), text(row.get("level"))
        group = f"segment.{attribute}"
        worded = [key.removeprefix(f"{group}.") for key in view.words.keys(group)]
        return (
            ATTRIBUTES.index(attribute) if attribute in ATTRIBUTES else len(ATTRIBUTES),
            worded.index(level) if level in worded else -1,
            -(real(row.get("n")) or 0.0),
            level,
        )

    rows = records(frame)
    return frame.iloc[sorted(range(len(rows)), key=lambda number: place(rows[number]))]


def _names(view: View, frame: pd.DataFrame) -> str:
    return ", ".join(view.words.label("segment_by", text(name)) for name in frame["attribute"])


def _level(view: View, row: Mapping[str, object]) -> str:
    return view.words.label(f"segment.{row['attribute']}", text(row["level"]))


def _said(view: View, row: Mapping[str, object], kind: str = "") -> str:
    ends = (row[f"{kind}low"], row[f"{kind}high"])
    return view.with_interval(view.measure("points"), row[f"{kind}estimate"], *ends)
