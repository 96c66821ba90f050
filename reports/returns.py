"""Who comes back after a walk-away: objections, returns, what becomes of them, dates now due."""

from collections.abc import Mapping

from reports import figures, return_says
from reports.formats import real, text
from reports.marts import Marts, records
from reports.stall import curve
from reports.views import Cell, Chart, Column, Table, View

GROUPS = (
    *("all", "with_date", "without_date", "with_reason", "without_reason"),
    *("ending", "parking", "lead"),
)
CURVES = ("with_date", "without_date", "all")
CONTRASTS = (("date", "return"), ("reason", "return"), ("date", "bristle"), ("reason", "bristle"))
DUE_SHOWN = 25


def context(marts: Marts, view: View) -> Mapping[str, object]:
    """The page's parts."""
    return {
        "answers": [
            *return_says.share_sentences(view, marts),
            *return_says.contrast_sentences(view, marts),
            *return_says.matched_sentences(view, marts),
            *return_says.due_sentences(view, marts),
        ],
        "groups": groups_table(marts, view),
        "became": became_table(marts, view),
        "curve_chart": curve_chart(marts, view),
        "contrasts": contrast_table(marts, view),
        "matched": matched_table(marts, view),
        "due": due_table(marts, view),
    }


def groups_table(marts: Marts, view: View) -> Table:
    """Objections and returns of each group of walk-aways."""
    words, show = view.words, view.formats
    rows = []
    for name in GROUPS:
        row = return_says.group_of(marts, name)
        if not real(row.get("walk_aways")):
            continue
        has_days = real(row["median_days"]) is not None
        rows.append(
            [
                Cell(words.label("return_group", name)),
                *(Cell(show.count(row[n])) for n in ("walk_aways", "with_account", "bristled")),
                Cell(return_says.share_said(view, row, "bristle")),
                Cell(show.count(row["returned"])),
                Cell(return_says.share_said(view, row, "return")),
                Cell(show.count(row["median_days"]) if has_days else words("unknown")),
            ]
        )
    heads = ("walk_aways", "with_account", "bristled", "bristle_share", "returned")
    return Table(
        id="returns",
        caption=words("table.returns"),
        rows=rows,
        columns=[
            Column(words("column.return_group")),
            *(Column(words(f"column.{head}"), True) for head in heads),
            Column(words("column.return_share"), True),
            Column(words("column.median_days"), True),
        ],
        note=words("note.returns"),
        empty=words("returns_empty"),
    )


def became_table(marts: Marts, view: View) -> Table:
    """What the deals of those who came back came to, by group."""
    words, show = view.words, view.formats
    rows = []
    for name in GROUPS:
        row = return_says.group_of(marts, name)
        if not real(row.get("returned")):
            continue
        is_said = real(row["won_share"]) is not None
        won = view.with_interval(view.share, row["won_share"], row["won_low"], row["won_high"])
        rows.append(
            [
                Cell(words.label("return_group", name)),
                Cell(show.count(row["returned"])),
                *(Cell(show.count(row[became])) for became in return_says.BECAME),
                Cell(won if is_said else words.label("return_verdict", "too_few")),
            ]
        )
    return Table(
        id="returns-became",
        caption=words("table.returns_became"),
        rows=rows,
        columns=[
            Column(words("column.return_group")),
            Column(words("column.returned"), True),
            *(Column(words.label("return_became", became), True) for became in return_says.BECAME),
            Column(words("column.won_of_ended"), True),
        ],
        note=words("note.returns_became"),
        empty=words("table_empty"),
    )


def curve_chart(marts: Marts, view: View) -> Chart | None:
    """Share back by day, with a date, without, and all; None without curves."""
    frame = marts["returns_curve"]
    keys = {"with_date": "won", "without_date": "unknown_loss", "all": "disqualified"}
    there = [name for name in CURVES if (frame["group"] == name).any()]
    if not there:
        return None
    # All lie between the two sides, where there are both.
    there = there[:2] if len(there) == len(CURVES) else there
    return Chart(
        id="returns-chart",
        title=view.words("chart.returns"),
        summary=view.words("chart.returns_summary"),
        figure=figures.curves(
            [
                curve(
                    frame[frame["group"] == name],
                    keys[name],
                    view.words.label("return_group", name),
                )
                for name in there
            ],
            view.words("axis.days_since_walk_away"),
            view.words("axis.share_back"),
        ),
    )


def contrast_table(marts: Marts, view: View) -> Table:
    """Endings with a date, or a reason, against those without."""
    words, show, points = view.words, view.formats, view.measure("points")
    by = {
        (text(row["contrast"]), text(row["outcome"])): row
        for row in records(marts["returns_contrasts"])
    }
    rows = []
    for pair in CONTRASTS:
        row = by.get(pair)
        if row is None:
            continue
        is_said = text(row["verdict"]) == "ok"
        told = view.with_interval(points, row["estimate"], row["low"], row["high"])
        rows.append(
            [
                Cell(words.label("return_contrast", pair[0])),
                Cell(words(f"return_outcome.{pair[1]}", days=show.count(row["within_days"]))),
                Cell(show.share(row["share"])),
                Cell(show.share(row["other_share"])),
                Cell(points(row["difference"])),
                Cell(told if is_said else words.label("return_verdict", row["verdict"])),
                Cell(words("of_two", a=show.count(row["n"]), b=show.count(row["other_n"]))),
            ]
        )
    heads = ("contrast", "return_outcome", "share_with", "share_without", "difference_plain")
    return Table(
        id="returns-contrasts",
        caption=words("table.returns_contrasts"),
        rows=rows,
        columns=[
            *(Column(words(f"column.{head}"), place > 1) for place, head in enumerate(heads)),
            Column(words("column.difference_equal"), True),
            Column(words("column.deals_both"), True),
        ],
        note=words("note.returns_contrasts"),
        empty=words("table_empty"),
    )


def matched_table(marts: Marts, view: View) -> Table:
    """The matched pairs: how many, how alike, and how many of each side bought."""
    words, show, points = view.words, view.formats, view.measure("points")
    row = marts.row("returns_matched")
    rows = []
    if real(row.get("pairs")):
        is_said = text(row["verdict"]) == "ok"
        told = view.with_interval(points, row["estimate"], row["low"], row["high"])
        number = view.number(2)
        rows = [
            [
                Cell(words("return_outcome.account_win", days=show.count(row["within_days"]))),
                Cell(words("of_two", a=show.count(row["pairs"]), b=show.count(row["let_go"]))),
                Cell(show.share(row["share"])),
                Cell(show.share(row["other_share"])),
                Cell(told if is_said else words.label("return_verdict", row["verdict"])),
                Cell(show.share(row["later_share"])),
                Cell(number(row["largest_smd_before"])),
                Cell(number(row["largest_smd_after"])),
            ]
        ]
    heads = ("return_outcome", "pairs_of", "share_let_go", "share_kept", "estimate")
    return Table(
        id="returns-matched",
        caption=words("table.returns_matched"),
        rows=rows,
        columns=[
            *(Column(words(f"column.{head}"), place > 0) for place, head in enumerate(heads)),
            Column(words("column.later_share"), True),
            Column(words("column.unlike_before"), True),
            Column(words("column.unlike_after"), True),
        ],
        note=words("note.returns_matched"),
        empty=words("returns_unmatched"),
    )


def due_table(marts: Marts, view: View) -> Table:
    """Promised dates that have come, the longest overdue first."""
    words, show = view.words, view.formats
    frame = marts["returns_due"].sort_values(
        ["days_overdue", "deal_id"], ascending=[False, True], kind="stable"
    )
    rows = [
        [
            Cell(text(row["account"]) or words("unknown")),
            Cell(text(row["deal_id"])),
            Cell(text(row["team"]) or words("unknown")),
            Cell(show.day(row["return_on"])),
            Cell(show.count(row["days_overdue"])),
        ]
        for row in records(frame.head(DUE_SHOWN))
    ]
    cut = words(
        "table_cut",
        shown=show.count(DUE_SHOWN),
        all=show.count(len(frame)),
        file="tables/returns_due.csv",
    )
    heads = ("account", "deal_id", "team", "return_on", "days_overdue")
    return Table(
        id="returns-due",
        caption=words("table.returns_due"),
        rows=rows,
        columns=[Column(words(f"column.{head}"), head == "days_overdue") for head in heads],
        note=cut if len(frame) > DUE_SHOWN else words("note.returns_due"),
        empty=words("returns_none_due"),
    )
