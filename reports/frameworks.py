"""Qualification frameworks: what is recorded of them, and which answers go with a decision."""

from collections.abc import Mapping, Sequence

import pandas as pd
from markupsafe import Markup

from reports import ratios
from reports.formats import real, text
from reports.marts import Marts, records
from reports.views import Cell, Chart, Column, Table, View, ordered

KNOWN = ("meddpicc", "spin", "challenger", "command_of_the_message", "bant")
DATED, NOT_DATED, EMPTY = "dated", "not_dated", "empty"
COUNT = "count"
ENDINGS = ("decided", "no_decision")
STAGES_SHOWN, ELEMENTS_SHOWN = 12, 100
Row = Mapping[str, object]


def context(marts: Marts, view: View) -> Mapping[str, object]:
    """The page's parts."""
    return {
        "answers": [*record_sentences(view, marts), *association_sentences(view, marts)],
        "records": record_table(marts, view),
        "elements": element_table(marts, view),
        "counts": count_table(marts, view),
        "chart": ratio_chart(marts, view),
        "stages": stage_table(marts, view),
    }


def framework_label(view: View, name: object) -> str:
    """A framework's name as it is written; one of the analyst's own stays as it is."""
    return view.words.label("frameworks.name", text(name))


def element_label(view: View, name: object) -> str:
    """An element in words; one of the analyst's own stays as it is."""
    return view.words.label("frameworks.element", text(name))


def record_sentences(view: View, marts: Marts) -> list[Markup]:
    """What is not known, and why, where no framework has answers with their days."""
    words = view.words
    frame = marts["frameworks"]
    if frame.empty:
        return [words.html("frameworks.not_recorded")]
    states = {name: _state(part) for name, part in frame.groupby("framework", sort=True)}
    told = []
    for state in (EMPTY, NOT_DATED):
        names = [name for name in ordered(list(states), KNOWN) if states[name] == state]
        if names:
            listed = ", ".join(framework_label(view, name) for name in names)
            told.append(words.html(f"frameworks.{state}_only", names=listed))
    return told


def _state(part: pd.DataFrame) -> str:
    """What is recorded of a framework as a whole."""
    found = set(part["record"])
    return next(state for state in (DATED, EMPTY, NOT_DATED) if state in found)


def association_sentences(view: View, marts: Marts) -> list[Markup]:
    """Which elements go with a decision, in sentences that carry their caveat; [] without any."""
    words, show = view.words, view.formats
    frame = marts["frameworks_adjusted"]
    decided = frame[frame["ending"] == "decided"]
    if decided.empty:
        return []
    able = decided[decided["verdict"] == "ok"]
    if able.empty:
        return [words.html("frameworks.too_few", sellers=show.count(decided["sellers"].max()))]
    told = []
    asked = show.count(able["asked"].max())
    elements = able[able["element"] != COUNT]
    sure = elements[elements["goes_with"].isin(["more", "less"])].sort_values("p_holm")
    if sure.empty:
        told.append(words.html("frameworks.none_sure", asked=asked))
    else:
        named = "; ".join(_said(view, row) for row in records(sure))
        told.append(words.html("frameworks.sure", named=named, asked=asked))
    count = able[able["element"] == COUNT].sort_values("weeks", ascending=False)
    for row in records(count.head(1)):
        told.append(
            words.html(
                "frameworks.count_level"
                if text(row["goes_with"]) == "level"
                else "frameworks.count",
                framework=framework_label(view, row["framework"]),
                plain=view.number(1)(row["plain"]),
                ratio=view.number(2)(row["ratio"]),
                interval=view.interval(view.number(2), row["low"], row["high"]),
            )
        )
    return told


def _said(view: View, row: Row) -> str:
    measure = view.number(2)
    interval = view.interval(measure, row["low"], row["high"])
    return view.words(
        "frameworks.one",
        element=element_label(view, row["element"]),
        framework=framework_label(view, row["framework"]),
        ratio=measure(row["ratio"]),
        interval=interval,
    )


def record_table(marts: Marts, view: View) -> Table:
    """Each known framework and those of the analyst's own: what the exports hold of it."""
    words, show = view.words, view.formats
    frame = marts["frameworks"]
    names = ordered([*KNOWN, *frame["framework"]], KNOWN)
    rows = []
    for name in names:
        part = frame[frame["framework"] == name]
        state = _state(part) if len(part) else "absent"
        counts = [int((part["record"] == record).sum()) for record in (DATED, EMPTY, NOT_DATED)]
        rows.append(
            [
                Cell(framework_label(view, name)),
                Cell(words(f"frameworks.record.{state}"), "" if state == DATED else "thin"),
                *(Cell(show.count(number)) for number in counts),
            ]
        )
    heads = ("dated", "empty", "not_dated")
    return Table(
        id="framework-records",
        caption=words("frameworks.table.records"),
        rows=rows,
        columns=[
            Column(words("frameworks.column.framework")),
            Column(words("frameworks.column.record")),
            *(Column(words(f"frameworks.column.{head}"), True) for head in heads),
        ],
        note=words("frameworks.note.records"),
    )


def _adjusted(marts: Marts) -> dict[tuple[str, str, str], Row]:
    return {
        (text(row["framework"]), text(row["element"]), text(row["ending"])): row
        for row in records(marts["frameworks_adjusted"])
    }


def _in_order(view: View, frame: pd.DataFrame) -> Sequence[Row]:
    """Frameworks in the page's order, elements in the order of their words."""
    frameworks = ordered(frame["framework"].tolist(), KNOWN)
    elements = [key.rsplit(".", 1)[1] for key in view.words.keys("frameworks.element")]
    known = ordered(frame["element"].tolist(), elements)
    return sorted(
        records(frame),
        key=lambda row: (
            frameworks.index(text(row["framework"])),
            known.index(text(row["element"])),
        ),
    )


def element_table(marts: Marts, view: View) -> Table:
    """Elements: how often and when they were answered, and what goes with it."""
    words, show = view.words, view.formats
    known = _adjusted(marts)
    rows = []
    for row in _in_order(view, marts["frameworks"])[:ELEMENTS_SHOWN]:
        record = text(row["record"])
        name = (text(row["framework"]), text(row["element"]))
        told = [known.get((*name, ending)) for ending in ENDINGS]
        missing = Cell(words(f"frameworks.record.{record}"), "thin")
        rows.append(
            [
                Cell(element_label(view, row["element"]), "", framework_label(view, name[0])),
                Cell(show.share(row["answered_share"])),
                Cell(show.count(row["deals_answered"])),
                Cell(show.count(row["median_day"])),
                *(missing if found is None else ratios.cell(view, found) for found in told),
                Cell("" if told[0] is None else view.number(3)(told[0]["p_holm"])),
            ]
        )
    heads = ("share", "deals_answered", "median_day", *ENDINGS, "p_holm")
    return Table(
        id="framework-elements",
        caption=words("frameworks.table.elements"),
        rows=rows,
        columns=[
            Column(words("frameworks.column.element")),
            *(Column(words(f"frameworks.column.{head}"), True) for head in heads),
        ],
        note=words("frameworks.note.elements"),
        empty=words("table_empty"),
    )


def count_table(marts: Marts, view: View) -> Table | None:
    """What goes with each further answer; None where no framework has several dated elements."""
    words, show = view.words, view.formats
    frame = marts["frameworks_adjusted"]
    rows = [
        [
            Cell(framework_label(view, row["framework"])),
            Cell(words(f"frameworks.ending.{row['ending']}")),
            ratios.cell(view, row),
            Cell(view.number(2)(row["plain"])),
            Cell(show.count(row["weeks"])),
            Cell(show.count(row["events"])),
            Cell(show.count(row["sellers"])),
        ]
        for row in _in_order(view, frame[frame["element"] == COUNT])
    ]
    if not rows:
        return None
    heads = ("ratio", "plain", "weeks", "events", "sellers")
    return Table(
        id="framework-counts",
        caption=words("frameworks.table.counts"),
        rows=rows,
        columns=[
            Column(words("frameworks.column.framework")),
            Column(words("frameworks.column.ending")),
            *(Column(words(f"frameworks.column.{head}"), True) for head in heads),
        ],
        note=words("frameworks.note.counts"),
    )


def ratio_chart(marts: Marts, view: View) -> Chart | None:
    """The elements' ratios of a decision."""
    words = view.words
    frame = marts["frameworks_adjusted"]
    frame = frame[(frame["ending"] == "decided") & (frame["element"] != COUNT)]
    several = len(set(frame["framework"])) > 1
    rows = []
    for row in _in_order(view, frame):
        label = element_label(view, row["element"])
        if several:
            label = words("pair", a=framework_label(view, row["framework"]), b=label)
        rows.append((label, row))
    return ratios.chart(
        view,
        "frameworks-chart",
        words("frameworks.chart"),
        words("frameworks.chart_summary"),
        rows,
    )


def stage_table(marts: Marts, view: View) -> Table | None:
    """In which stage each element was first answered; None where none was."""
    words, show = view.words, view.formats
    frame = marts["framework_stages"]
    if frame.empty:
        return None
    order = frame.groupby("stage", sort=True).agg({"stage_order": "min", "deals": "sum"})
    shown = order.sort_values("deals", ascending=False, kind="stable").head(STAGES_SHOWN)
    stages = shown.sort_values("stage_order", kind="stable").index.tolist()
    counts = frame.groupby(["framework", "element", "stage"], sort=True)["deals"].sum()
    pairs = frame[["framework", "element"]].drop_duplicates()
    rows = []
    for row in _in_order(view, pairs)[:ELEMENTS_SHOWN]:
        name = (text(row["framework"]), text(row["element"]))
        own = [real(counts.get((*name, stage))) or 0.0 for stage in stages]
        rows.append(
            [
                Cell(element_label(view, name[1]), "", framework_label(view, name[0])),
                *(Cell(show.count(number)) for number in own),
            ]
        )
    return Table(
        id="framework-stages",
        caption=words("frameworks.table.stages"),
        rows=rows,
        columns=[
            Column(words("frameworks.column.element")),
            *(Column(text(stage), True) for stage in stages),
        ],
    )
