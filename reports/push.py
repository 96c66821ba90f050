"""Whether pushing a silent buyer helps or harms: the answer at equal silence, and what misleads."""

from collections.abc import Mapping

from markupsafe import Markup

from reports import figures
from reports.formats import NOTHING, real, text
from reports.marts import Marts, records
from reports.views import Cell, Chart, Column, Table, View, ordered

TOLD = ("more", "fewer", "nothing")
ROWS = (
    ("naive", "touches_so_far"),
    ("equal_silence", "touches"),
    ("within_deal", "touches"),
    ("equal_silence", "touches_urgent"),
    ("equal_silence", "discounts"),
)
OUTCOMES = ("answer", "no_decision")
SILENCES = ("all", "under_14", "14_to_20", "21_to_27", "28_to_41", "42_or_more")
LEVELS: Mapping[str, tuple[str, ...]] = {
    "so_far": ("0", "1_to_2", "3_to_5", "6_or_more"),
    "touches": ("0", "1", "2", "3_or_more"),
    "urgent": ("no", "yes"),
    "discount": ("no", "yes"),
}


def context(marts: Marts, view: View) -> Mapping[str, object]:
    """The page's parts."""
    sentences = [
        answer_sentence(view, marts),
        within_sentence(view, marts),
        naive_sentence(view, marts),
        *recorded_sentences(view, marts),
    ]
    return {
        "answers": [sentence for sentence in sentences if sentence],
        "adjusted": adjusted_table(marts, view),
        "answers_chart": answers_chart(marts, view),
        "silent": raw_table(marts, view, "touches"),
        "so_far": raw_table(marts, view, "so_far"),
        "words": [raw_table(marts, view, kind) for kind in ("urgent", "discount")],
        "teams": teams_table(marts, view),
        "recorded": recorded_table(marts, view),
    }


def row_of(marts: Marts, method: str, outcome: str, exposure: str) -> dict[str, object]:
    """One row of the adjusted mart, {} where there is none."""
    frame = marts["push_adjusted"]
    frame = frame[
        (frame["method"] == method)
        & (frame["outcome"] == outcome)
        & (frame["exposure"] == exposure)
    ]
    rows = records(frame.head(1))
    return rows[0] if rows else {}


def _said(view: View, row: Mapping[str, object]) -> dict[str, str]:
    ratio = view.number(2)
    return {
        "ratio": ratio(row["ratio"]),
        "interval": view.interval(ratio, row["low"], row["high"]),
        "deals": view.formats.count(row["deals"]),
        "weeks": view.formats.count(row["weeks"]),
    }


def answer_sentence(view: View, marts: Marts) -> Markup:
    """What one more unanswered touch goes with at equal silence, or why that cannot be said."""
    row = row_of(marts, "equal_silence", "answer", "touches")
    verdict = text(row.get("verdict")) or "not_recorded"
    if verdict in TOLD:
        return view.words.html(f"push.answer.{verdict}", **_said(view, row))
    show = view.formats
    counts = ("weeks", "sellers", "events", "exposed_events")
    told = {name: show.count(row.get(name) or 0) for name in counts}
    return view.words.html(f"push.answer.{verdict}", **told)


def within_sentence(view: View, marts: Marts) -> Markup | None:
    """Whether the weeks of one and the same deal say so too; None where nothing is said at all."""
    first = text(row_of(marts, "equal_silence", "answer", "touches").get("verdict"))
    row = row_of(marts, "within_deal", "answer", "touches")
    verdict = text(row.get("verdict"))
    if first not in TOLD:
        return None
    if verdict not in TOLD:
        return view.words.html("push.within.too_few")
    if first == "nothing":
        key = "nothing" if verdict == first else "alone"
    elif verdict == first:
        key = "same"
    else:
        key = "unsure" if verdict == "nothing" else "against"
    return view.words.html(f"push.within.{key}", **_said(view, row))


def naive_sentence(view: View, marts: Marts) -> Markup | None:
    """What all open weeks look like, and why that misleads; None where it is not known."""
    row = row_of(marts, "naive", "answer", "touches_so_far")
    if text(row.get("verdict")) not in TOLD:
        return None
    first = text(row_of(marts, "equal_silence", "answer", "touches").get("verdict"))
    key = "naive_too" if first == text(row["verdict"]) else "naive"
    if text(row["verdict"]) == "more" != first:
        key = "naive_more"
    return view.words.html(f"push.{key}", **_said(view, row))


def recorded_sentences(view: View, marts: Marts) -> list[Markup]:
    """What cannot be told of urgency and discounts, source by source."""
    found = []
    for row in records(marts["push_recorded"].sort_values("source")):
        if not real(row["touches"]):
            found.append(view.words.html("push.no_touches", source=row["source"]))
        elif not real(row["touches_urgent"]) and not real(row["touches_discount"]):
            found.append(view.words.html("push.no_words", source=row["source"]))
    return found


def adjusted_table(marts: Marts, view: View) -> Table:
    """Every ratio by what is asked and how it is compared."""
    words, show, ratio = view.words, view.formats, view.number(2)
    rows = []
    for method, exposure in ROWS if len(marts["push_adjusted"]) else ():
        cells = [
            Cell(words(f"push.exposure.{exposure}")),
            Cell(words(f"push.method.{method}")),
        ]
        for outcome in OUTCOMES:
            row = row_of(marts, method, outcome, exposure)
            verdict = text(row.get("verdict"))
            if verdict in TOLD:
                cells.append(Cell(view.with_interval(ratio, row["ratio"], row["low"], row["high"])))
            else:
                refused = words.label("push.verdict", verdict) if verdict else NOTHING
                cells.append(Cell(refused, "thin"))
        row = row_of(marts, method, "answer", exposure)
        cells.append(Cell(show.count(row.get("weeks"))))
        told = (show.count(row.get(name)) for name in ("exposed_events", "events"))
        cells.append(Cell(words("push.of", **dict(zip(("n", "all"), told, strict=True)))))
        rows.append(cells)
    heads = ("exposure", "method", "answer", "no_decision", "weeks", "answers")
    return Table(
        id="push-adjusted",
        caption=words("push.table.adjusted"),
        rows=rows,
        columns=[
            Column(words(f"push.column.{head}"), place > 1) for place, head in enumerate(heads)
        ],
        note=words("push.note.adjusted"),
        empty=words("table_empty"),
    )


def answers_chart(marts: Marts, view: View) -> Chart | None:
    """Ratios of the chance of an answer beside each other; None where fewer than two are told."""
    words = view.words
    told = [
        (exposure, method, row)
        for method, exposure in ROWS
        for row in [row_of(marts, method, "answer", exposure)]
        if text(row.get("verdict")) in TOLD
    ]
    if len(told) < 2:
        return None
    rows = []
    for exposure, method, row in told:
        estimate, low, high = (
            100 * ((real(row[name]) or 0.0) - 1) for name in ("ratio", "low", "high")
        )
        label = words(f"push.short.{method}_{exposure}")
        tone = "var(--c-unknown)" if method == "naive" else "var(--c-won)"
        rows.append(figures.Interval(label, estimate, low, high, tone))
    return Chart(
        id="push-chart",
        title=words("push.chart.title"),
        summary=words("push.chart.summary"),
        figure=figures.forest(rows, words("push.chart.x")),
    )


def raw_table(marts: Marts, view: View, kind: str) -> Table:
    """Weeks by silence and by what was pushed, and what came of them."""
    words, show = view.words, view.formats
    frame = marts["push"]
    frame = frame[frame["kind"] == kind]
    by_place = {(text(row["silence"]), text(row["level"])): row for row in records(frame)}
    silences = ordered(frame["silence"].tolist(), SILENCES)
    levels = ordered(frame["level"].tolist(), LEVELS[kind])
    rows = []
    for silence, level in ((s, each) for s in silences for each in levels):
        row = by_place.get((silence, level))
        if row is None:
            continue
        rows.append(
            [
                Cell(words.label("push.silence", silence)),
                Cell(words.label(f"push.level_{kind}", level)),
                *(Cell(show.count(row[name])) for name in ("deals", "weeks", "answered")),
                Cell(show.share(row["answered_share"])),
                Cell(show.count(row["no_decisions"])),
                Cell(show.share(row["no_decision_share"])),
            ]
        )
    heads = (
        *("silence", f"level_{kind}", "deals", "weeks", "answered", "answered_share"),
        *("no_decisions", "no_decision_share"),
    )
    return Table(
        id=f"push-{kind.replace('_', '-')}",
        caption=words(f"push.table.{kind}"),
        rows=rows,
        columns=[
            Column(words(f"push.column.{head}"), place > 1) for place, head in enumerate(heads)
        ],
        note=words(f"push.note.{kind}"),
        empty=words("table_empty"),
    )


def teams_table(marts: Marts, view: View) -> Table:
    """The chase so far on tonight's silent deals, team by team."""
    words, show = view.words, view.formats
    names = ("deals", "silent", "touched_0", "touched_1_2", "touched_3_5", "touched_6_or_more")
    rows = []
    for row in records(marts["push_teams"].sort_values("team")):
        silent, touches = real(row["silent"]) or 0.0, real(row["touches"]) or 0.0
        team = text(row["team"])
        rows.append(
            [
                Cell(words("unknown") if team == "unknown" else team),
                *(Cell(show.count(row[name])) for name in names),
                Cell(show.number(touches / silent, 1) if silent else NOTHING),
            ]
        )
    return Table(
        id="push-teams",
        caption=words("push.table.teams"),
        rows=rows,
        columns=[
            Column(words("column.team")),
            *(Column(words(f"push.column.{name}"), True) for name in (*names, "touches_each")),
        ],
        note=words("push.note.teams"),
        empty=words("table_empty"),
    )


def recorded_table(marts: Marts, view: View) -> Table:
    """What is on record of pressing and of discounts in each source."""
    words, show = view.words, view.formats
    names = (
        *("touches", "touches_urgent", "touches_discount"),
        *("offers", "offers_discount_known", "offers_discounted"),
    )
    return Table(
        id="push-recorded",
        caption=words("push.table.recorded"),
        rows=[
            [Cell(text(row["source"])), *(Cell(show.count(row[name])) for name in names)]
            for row in records(marts["push_recorded"].sort_values("source"))
        ],
        columns=[
            Column(words("column.source")),
            *(Column(words(f"push.column.{name}"), True) for name in names),
        ],
        empty=words("table_empty"),
    )
