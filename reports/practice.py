"""Is our way of letting go fast, clear, sure and repeatable: one sentence each, teams, months."""

from collections.abc import Mapping

import pandas as pd

from reports import figures, practice_figures, practice_says
from reports.formats import NOTHING, real, text
from reports.marts import Marts, records
from reports.practice_says import MEASURES, found, measured, probability, spread_said
from reports.views import Cell, Chart, Column, Table, View

TEAM_COLUMNS = (
    *("decided_30", "decided_ratio", "decided_shrunk_ratio", "median_days"),
    *("misfit_share", "return_date_share", "reversed_90"),
)
MONTH_COLUMNS = ("decided_30", "decided_90", "misfit_share", "return_date_share", "reversed_90")
TREND = ("decided_30", "decided_90")
UNITS, SPREADS = ("team", "seller"), ("decided", "misfit", "return_date")
PANELS_SHOWN = 12


def context(marts: Marts, view: View) -> Mapping[str, object]:
    """The page's parts."""
    return {
        "answers": [
            *practice_says.fast(view, marts),
            practice_says.clear(view, marts),
            practice_says.sure(view, marts),
            *practice_says.repeatable(view, marts),
            practice_says.trend(view, marts),
        ],
        "minds": practice_says.minds(view, marts),
        "missing": practice_says.missing(view, marts),
        "company": company_table(marts, view),
        "teams": people_table(marts, view, "team"),
        "teams_chart": teams_chart(marts, view),
        "spreads": spread_table(marts, view),
        "sellers": people_table(marts, view, "seller"),
        "trend": trend_chart(marts, view),
    }


def company_table(marts: Marts, view: View) -> Table:
    """Every measure of the company, with its interval."""
    words, show = view.words, view.formats
    frame = marts["practice"]
    by_name = {text(row["measure"]): row for row in records(frame[frame["scope"] == "company"])}
    rows = []
    for name in (measure for measure in MEASURES if measure in by_name):
        row = by_name[name]
        tone = "" if text(row["verdict"]) == "ok" else "thin"
        rows.append(
            [
                Cell(words(f"practice_measure.{name}"), tone),
                Cell(measured(view, row), tone),
                Cell(show.count(row["n"]), tone),
                Cell(show.count(row["sellers"]), tone),
            ]
        )
    heads = ("measure", "value", "n", "sellers")
    return Table(
        id="practice",
        caption=words("practice.table_company"),
        rows=rows,
        columns=[Column(words(f"practice_column.{head}"), head != "measure") for head in heads],
        empty=words("table_empty"),
    )


def people_table(marts: Marts, view: View, scope: str) -> Table | None:
    """A row a team, those together and those not shown among them; or a row a seller."""
    words, show = view.words, view.formats
    frame = marts["practice"]
    scopes = (scope, "small_teams") if scope == "team" else (scope,)
    part = frame[frame["scope"].isin(scopes)]
    if part.empty:
        return None
    rows = []
    for kind, name in dict.fromkeys(zip(part["scope"], part["name"], strict=True)):
        told = part[(part["scope"] == kind) & (part["name"] == name)]
        by_name = {text(row["measure"]): row for row in records(told)}
        label = _called(view, text(kind), text(name))
        if "team" in by_name:
            why = words.label("practice_verdict", text(by_name["team"]["verdict"]))
            blank = [Cell("", "thin")] * (len(TEAM_COLUMNS) + 1)
            rows.append([Cell(label, "thin"), Cell(why, "thin"), *blank])
            continue
        first = by_name.get("decided_30", {})
        counts = [Cell(show.count(first.get("n"))), Cell(show.count(first.get("sellers")))]
        cells = [_cell(view, by_name.get(measure)) for measure in TEAM_COLUMNS]
        rows.append([Cell(label), *counts, *cells])
    return Table(
        id=f"practice-{scope}s",
        caption=words(f"practice.table_{scope}s"),
        rows=rows,
        columns=[
            Column(words(f"practice_column.{scope}")),
            *(Column(words(f"practice_column.{head}"), True) for head in ("deals", "sellers")),
            *(Column(words(f"practice_measure.{head}"), True) for head in TEAM_COLUMNS),
        ],
        note=words("practice.note_ratio"),
    )


def _cell(view: View, row: Mapping[str, object] | None) -> Cell:
    if row is None:
        return Cell(NOTHING, "thin")
    return Cell(measured(view, row), "" if text(row["verdict"]) == "ok" else "thin")


def _called(view: View, scope: str, name: str) -> str:
    """What a row is called: a name of the data, or what stands for several or for none."""
    if scope == "small_teams":
        return view.words("practice.small_teams")
    return name or view.words("practice.no_team")


def spread_table(marts: Marts, view: View) -> Table:
    """Whether teams, and sellers, differ beyond case mix and chance, a row a test."""
    words, show = view.words, view.formats
    rows = []
    in_order = sorted(
        records(marts["practice_spread"]),
        key=lambda row: (UNITS.index(text(row["unit"])), SPREADS.index(text(row["measure"]))),
    )
    for row in in_order:
        is_said = text(row["verdict"]) == "ok"
        tone = "" if is_said else "thin"
        shown = spread_said(view, row) if is_said else words.label("verdict", row["verdict"])
        rows.append(
            [
                Cell(words(f"practice_measure.{text(row['measure'])}_spread"), tone),
                Cell(words.label("practice_unit", row["unit"]), tone),
                Cell(words.label("differs", row["differs"]), tone),
                Cell(shown, tone),
                Cell(f"{show.count(row['levels_said'])} / {show.count(row['levels'])}", tone),
                Cell(probability(view, row["p"]).removeprefix("= "), tone),
                Cell(probability(view, row["p_holm"]).removeprefix("= "), tone),
            ]
        )
    heads = ("measure", "unit", "differs", "spread", "said", "p", "p_holm")
    return Table(
        id="practice-spreads",
        caption=words("practice.table_spreads"),
        rows=rows,
        columns=[
            Column(words(f"practice_column.{head}"), place > 2) for place, head in enumerate(heads)
        ],
        note=words("practice.note_spread"),
        empty=words("table_empty"),
    )


def teams_chart(marts: Marts, view: View) -> Chart | None:
    """Small multiples, the largest teams first cut to twelve; None where no team may be shown."""
    words = view.words
    frame = marts["practice_curves"]
    names = list(dict.fromkeys(zip(frame["scope"], frame["name"], strict=True)))
    if not names:
        return None
    size = {key: real(found(marts, "decided_30", *key).get("n")) or 0.0 for key in names}
    largest = sorted(names, key=lambda key: (-size[key], key))[:PANELS_SHOWN]
    panels, rows = [], []
    for scope, name in (key for key in names if key in largest):
        part = frame[(frame["scope"] == scope) & (frame["name"] == name)].sort_values("day")
        label = _called(view, text(scope), text(name))
        columns = ("day", "decided", "expected", "low", "high")
        panels.append(practice_figures.Panel(label, *(figures.floats(part[c]) for c in columns)))
        rows += [
            [
                Cell(label),
                Cell(view.measure("days")(row["day"])),
                Cell(view.share(row["decided"])),
                Cell(view.with_interval(view.share, *(row[c] for c in columns[2:]))),
            ]
            for row in records(part)
        ]
    heads = ("team", "by_day", "decided", "expected")
    labels = (
        words("practice.line_own"),
        words("practice.line_expected"),
        words("practice.line_band"),
    )
    return Chart(
        id="practice-teams-chart",
        title=words("practice.chart_teams"),
        summary=words("practice.chart_teams_summary"),
        figure=practice_figures.panels(panels, labels, words("practice.axis_days")),
        table=Table(
            id="practice-curves",
            caption=words("practice.chart_teams"),
            rows=rows,
            columns=[
                Column(words(f"practice_column.{head}"), place > 0)
                for place, head in enumerate(heads)
            ],
        ),
    )


def trend_chart(marts: Marts, view: View) -> Chart | None:
    """By month of the signal what was decided, as far as the months are over; None of one month."""
    words = view.words
    frame = marts["practice"]
    part = frame[frame["scope"] == "month"]
    names = sorted({text(name) for name in part["name"]})
    lines = []
    for measure in TREND:
        said = part[(part["measure"] == measure) & (part["verdict"] == "ok")].sort_values("name")
        columns = (said["value"], said["low"], said["high"])
        places = [float(names.index(text(name))) for name in said["name"]]
        shares = [figures.floats(values) for values in columns]
        lines.append(figures.Curve("", words(f"practice_measure.{measure}"), places, *shares))
    if max((len(line.days) for line in lines), default=0) < 2:
        return None
    return Chart(
        id="practice-trend",
        title=words("practice.chart_trend"),
        summary=words("practice.chart_trend_summary"),
        figure=practice_figures.months(
            [line for line in lines if line.days], names, words("practice.axis_decided")
        ),
        table=_months_table(view, part, names),
    )


def _months_table(view: View, part: pd.DataFrame, names: list[str]) -> Table:
    rows = []
    for name in names:
        told = records(part[part["name"] == name])
        by_name = {text(row["measure"]): row for row in told}
        cells = [_cell(view, by_name.get(measure)) for measure in MONTH_COLUMNS]
        counts = Cell(view.formats.count(by_name.get("decided_30", {}).get("n")))
        rows.append([Cell(name), counts, *cells])
    return Table(
        id="practice-months",
        caption=view.words("practice.table_months"),
        rows=rows,
        columns=[
            Column(view.words("practice_column.month")),
            Column(view.words("practice_column.deals"), True),
            *(Column(view.words(f"practice_measure.{head}"), True) for head in MONTH_COLUMNS),
        ],
    )
