"""The buyer's own dated promises: what goes with them, which are kept, which deals have none."""

from collections.abc import Mapping, Sequence

import pandas as pd
from markupsafe import Markup

from reports import ratios
from reports.formats import real, text
from reports.marts import Marts, records
from reports.views import Cell, Chart, Column, Table, View, ordered

MAKERS = ("buyer", "seller")
COUNTS = (
    *("made", "kept_in_time", "kept_late", "overdue", "standing", "left_at_close"),
    *("mean_days_given", "mean_days_late", "mean_days_overdue"),
)
COMPARED = ("promised", "kept")
ENDINGS = ("decided", "no_decision")
HELD = ("all", "without_silence", "nothing")
STAGES_SHOWN = 60


def context(marts: Marts, view: View) -> Mapping[str, object]:
    """The page's parts."""
    return {
        "answers": [*association_sentences(view, marts), *open_sentences(view, marts)],
        "adjusted": adjusted_table(marts, view),
        "chart": ratio_chart(marts, view),
        "counts": counts_table(marts, view),
        "counts_says": counts_sentences(view, marts),
        "open_deals": open_table(marts, view),
        "missing": missing_sentences(view, marts),
    }


def row_of(marts: Marts, comparison: str, ending: str, held: str = "all") -> Mapping[str, object]:
    """One row of marts.commitments_adjusted, {} where it is not there."""
    frame = marts["commitments_adjusted"]
    found = frame[
        (frame["comparison"] == comparison)
        & (frame["ending"] == ending)
        & (frame["held_equal"] == held)
    ]
    return records(found.head(1))[0] if len(found) else {}


def association_sentences(view: View, marts: Marts) -> list[Markup]:
    """What goes with a promise, in a sentence that carries its caveat; or why nothing is said."""
    words = view.words
    decided = row_of(marts, "promised", "decided")
    if not decided or text(decided["verdict"]) == "not_recorded":
        return [words.html("commitments.not_recorded")]
    if text(decided["verdict"]) != "ok":
        return [
            words.html(
                "commitments.too_few",
                n=view.formats.count(decided["exposed_moments"]),
                events=view.formats.count(decided["exposed_events"]),
                sellers=view.formats.count(decided["sellers"]),
            )
        ]
    told = [words.html(f"commitments.decided_{decided['goes_with']}", **_ratio(view, decided))]
    stalls = row_of(marts, "promised", "no_decision")
    if stalls and text(stalls["verdict"]) == "ok":
        key = f"commitments.no_decision_{stalls['goes_with']}"
        told.append(words.html(key, **_ratio(view, stalls)))
    return told


def _ratio(view: View, row: Mapping[str, object]) -> dict[str, str]:
    measure = view.number(2)
    interval = view.interval(measure, row["low"], row["high"])
    return {"ratio": measure(row["ratio"]), "interval": interval}


def open_sentences(view: View, marts: Marts) -> list[Markup]:
    """How many open deals have no promise of the buyer's ahead, and how many of those flagged."""
    words, show = view.words, view.formats
    frame = marts["open_commitments"]
    known = frame[frame["is_recorded"].astype(bool)]
    if known.empty:
        return []
    told = [
        words.html(
            "commitments.open",
            n=show.count(known["without"].sum()),
            all=_deals(view, known["open_deals"].sum()),
            never=show.count(known["never"].sum()),
            overdue=show.count(known["overdue"].sum()),
        )
    ]
    listed = marts["worklist"]
    flagged = listed[listed["move"] != "keep"]
    if len(flagged):
        without = flagged["deal_id"].isin(marts["deals_without_commitment"]["deal_id"]).sum()
        told.append(
            words.html(
                "commitments.flagged",
                n=show.count(without),
                all=_deals(view, len(flagged)),
            )
        )
    return told


def _deals(view: View, number: object) -> str:
    return view.words.count("noun.open_deal", int(real(number) or 0), view.formats.count(number))


def missing_sentences(view: View, marts: Marts) -> list[str]:
    """Open deals of sources that record no promise of a buyer's: of them nothing is known."""
    frame = marts["open_commitments"]
    unknown = frame[~frame["is_recorded"].astype(bool)]
    if unknown.empty:
        return []
    number = unknown["open_deals"].sum()
    return [view.words("commitments.unrecorded", n=_deals(view, number))]


def counts_sentences(view: View, marts: Marts) -> list[str]:
    """The share of the buyers' promises that came to their day and were kept by it."""
    frame = marts["commitments"]
    row = next((row for row in records(frame) if text(row["made_by"]) == "buyer"), None)
    if row is None:
        return []
    names = ("kept_in_time", "kept_late", "overdue", "left_at_close")
    due = sum(real(row[name]) or 0.0 for name in names)
    if not due:
        return []
    show = view.formats
    in_time = real(row["kept_in_time"]) or 0.0
    return [
        view.words("commitments.kept_share", share=show.share(in_time / due), n=show.count(due))
    ]


def counts_table(marts: Marts, view: View) -> Table:
    """Promises by who made them."""
    words, show = view.words, view.formats
    by_maker = {text(row["made_by"]): row for row in records(marts["commitments"])}
    rows = []
    for maker in ordered(list(by_maker), MAKERS):
        row = by_maker[maker]
        told = [
            Cell(show.number(row[name], 1) if name.startswith("mean") else show.count(row[name]))
            for name in COUNTS
        ]
        rows.append(
            [Cell(words.label("commitments.maker", maker)), Cell(show.count(row["deals"])), *told]
        )
    return Table(
        id="commitments",
        caption=words("commitments.table.counts"),
        rows=rows,
        columns=[
            Column(words("commitments.column.made_by")),
            *(Column(words(f"commitments.column.{name}"), True) for name in ("deals", *COUNTS)),
        ],
        note=words("commitments.note.counts"),
        empty=words("table_empty"),
    )


def adjusted_table(marts: Marts, view: View) -> Table:
    """Every comparison, each with what is held equal."""
    words, show = view.words, view.formats
    rows = []
    for comparison in COMPARED:
        for ending in ENDINGS:
            told = [row_of(marts, comparison, ending, held) for held in HELD]
            if not all(told):
                continue
            first = told[0]
            rows.append(
                [
                    Cell(words(f"commitments.compared.{comparison}")),
                    Cell(words(f"commitments.ending.{ending}")),
                    *(ratios.cell(view, row) for row in told),
                    *(Cell(show.count(first[n])) for n in ("exposed_moments", "moments")),
                    Cell(show.count(first["exposed_events"])),
                    Cell(show.count(first["sellers"])),
                ]
            )
    heads = ("held_all", "held_without_silence", "held_nothing")
    counts = ("with", "of", "events", "sellers")
    return Table(
        id="commitments-adjusted",
        caption=words("commitments.table.adjusted"),
        rows=rows,
        columns=[
            Column(words("commitments.column.comparison")),
            Column(words("commitments.column.ending")),
            *(Column(words(f"commitments.column.{name}"), True) for name in (*heads, *counts)),
        ],
        note=words("commitments.note.adjusted"),
        empty=words("table_empty"),
    )


def ratio_chart(marts: Marts, view: View) -> Chart | None:
    """The adjusted ratios."""
    words = view.words
    rows = [
        (
            words(
                "pair",
                a=words(f"commitments.short.{comparison}"),
                b=words(f"commitments.ending.{ending}"),
            ),
            row,
        )
        for comparison in COMPARED
        for ending in ENDINGS
        if (row := row_of(marts, comparison, ending))
    ]
    return ratios.chart(
        view,
        "commitments-chart",
        words("commitments.chart"),
        words("commitments.chart_summary"),
        rows,
    )


def open_table(marts: Marts, view: View) -> Table:
    """Open deals by team and stage; the list itself is among the tables."""
    words, show = view.words, view.formats
    frame = marts["open_commitments"]
    frame = frame[frame["is_recorded"].astype(bool)]
    has_several = len(set(frame["pipeline"])) > 1
    rows = [_open_row(view, row, has_several) for row in _in_order(frame)[:STAGES_SHOWN]]
    names = ("open_deals", "with_standing", "without", "never", "all_kept", "overdue")
    return Table(
        id="open-commitments",
        caption=words("commitments.table.open"),
        rows=rows,
        columns=[
            Column(words("column.team")),
            Column(words("column.stage")),
            *(Column(words(f"commitments.column.{name}"), True) for name in names),
            Column(words("commitments.column.without_amount"), True),
        ],
        note=words(
            "commitments.note.open",
            n=show.count(len(marts["deals_without_commitment"])),
            file="tables/deals_without_commitment.csv",
        ),
        empty=words("commitments.no_open"),
    )


def _in_order(frame: pd.DataFrame) -> Sequence[Mapping[str, object]]:
    return sorted(
        records(frame),
        key=lambda row: (
            text(row["team"]),
            text(row["pipeline"]),
            real(row["stage_order"]) or 0.0,
            text(row["stage"]),
        ),
    )


def _open_row(view: View, row: Mapping[str, object], has_several: bool) -> list[Cell]:
    show, pipeline = view.formats, text(row["pipeline"]) if has_several else ""
    names = ("open_deals", "with_standing", "without", "never", "all_kept", "overdue")
    return [
        Cell(text(row["team"]) or view.words("unknown")),
        Cell(text(row["stage"]) or view.words("unknown"), "", pipeline),
        *(Cell(show.count(row[name])) for name in names),
        Cell(show.amount(row["without_amount"])),
    ]
