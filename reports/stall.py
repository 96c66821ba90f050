"""How deals stall: how many reach no decision, and when a deal counts as stalled."""

from collections.abc import Mapping

import pandas as pd

from reports import figures, foresight, scrutiny, steadiness, track, wording
from reports.formats import text
from reports.marts import Marts, records
from reports.views import Cell, Chart, Column, Table, View, frame_table, ordered

DAYS = (30, 90, 180, 365)
CURVES_SHOWN = 5
MEASURES = (
    *("stalled", "stalled_share", "broken_share", "resurrection_share"),
    *("zombies", "zombie_amount"),
)


def context(marts: Marts, view: View) -> Mapping[str, object]:
    """The page's parts."""
    sentences = [
        wording.incidence_sentence(view, marts),
        wording.skill_sentence(view, marts),
        scrutiny.choice_sentence(view, marts),
        *scrutiny.cold_sentences(view, marts),
    ]
    return {
        "answers": [sentence for sentence in sentences if sentence],
        "resurrection": wording.resurrection_sentence(view, marts),
        "cleanups": scrutiny.cleanup_sentence(view, marts),
        "incidence": incidence_table(marts, view),
        "incidence_chart": incidence_chart(marts, view),
        "pipelines_chart": pipelines_chart(marts, view),
        "models": foresight.model_table(marts, view, "all"),
        "models_reason_given": foresight.model_table(marts, view, "reason_given"),
        "models_won": foresight.crm_table(marts, view),
        "rivals": scrutiny.rivals_table(marts, view),
        "skill_chart": foresight.skill_chart(marts, view),
        "horizons": foresight.horizon_table(marts, view),
        "parts_table": scrutiny.parts_table(marts, view),
        "worth": scrutiny.worth_chart(marts, view),
        "calibration": foresight.calibration_chart(marts, view),
        "track": foresight.track_chart(marts, view),
        "track_metrics": track.metrics_table(marts, view),
        "drift_says": steadiness.drift_sentences(view, marts),
        "drift": steadiness.drift_table(marts, view),
        "summary": summary_table(marts, view),
        "by_g": scrutiny.by_g_table(marts, view),
        "observed": scrutiny.observed_table(marts, view),
        "thresholds": frame_table(view, "thresholds", marts["thresholds"], limit=60),
    }


def incidence_table(marts: Marts, view: View) -> Table:
    """Share of deals that ended in each way by some days after creation."""
    words, days = view.words, view.measure("days")
    frame = marts["incidence"]
    causes = ordered(frame.loc[frame["curve"] == "all", "cause"].tolist(), wording.CAUSES)
    reached = [day for day in DAYS if any(wording.incidence_at(marts, day, c) for c in causes)]
    rows = []
    for cause in causes:
        cells = [Cell(words.label("outcome", cause), f"key outcome-{cause}")]
        for day in reached:
            point = wording.incidence_at(marts, day, cause)
            ends = (point.get("low"), point.get("high"))
            cells.append(Cell(view.with_interval(view.share, point.get("incidence"), *ends)))
        rows.append(cells)
    return Table(
        id="incidence",
        caption=words("table.incidence"),
        rows=rows,
        columns=[Column(words("column.outcome")), *(Column(days(day), True) for day in reached)],
        empty=words("table_empty"),
    )


def curve(frame: pd.DataFrame, key: str, label: str) -> figures.Curve:
    """A cumulative-incidence curve of columns day, incidence, low and high, thinned for print."""
    points = figures.thinned(frame.sort_values("day"))
    has_band = bool(points[["low", "high"]].notna().all(axis=None))
    return figures.Curve(
        key=key,
        label=label,
        days=figures.floats(points["day"]),
        shares=figures.floats(points["incidence"]),
        low=figures.floats(points["low"]) if has_band else [],
        high=figures.floats(points["high"]) if has_band else [],
    )


def incidence_chart(marts: Marts, view: View) -> Chart | None:
    """Aalen-Johansen curves of all causes; None without data."""
    frame = marts["incidence"]
    frame = frame[frame["curve"] == "all"]
    lines = [
        curve(frame[frame["cause"] == cause], cause, view.words.label("outcome", cause))
        for cause in ordered(frame["cause"].tolist(), wording.CAUSES)
    ]
    if not lines:
        return None
    return Chart(
        id="incidence-chart",
        title=view.words("chart.incidence"),
        summary=view.words("chart.incidence_summary"),
        figure=figures.curves(
            lines, view.words("axis.days_since_creation"), view.words("axis.share_of_deals")
        ),
    )


def pipelines_chart(marts: Marts, view: View) -> Chart | None:
    """No decision by pipeline; None where there is only one curve."""
    frame = marts["incidence"]
    frame = frame[(frame["curve"] != "all") & (frame["cause"] == "no_decision")]
    names = sorted({text(name) for name in frame["curve"]})[:CURVES_SHOWN]
    if len(names) < 2:
        return None
    return Chart(
        id="pipelines-chart",
        title=view.words("chart.pipelines"),
        summary=view.words("chart.pipelines_summary"),
        figure=figures.curves(
            [curve(frame[frame["curve"] == name], "", name) for name in names],
            view.words("axis.days_since_creation"),
            view.words("axis.share_of_deals"),
        ),
    )


def summary_table(marts: Marts, view: View) -> Table:
    """Counts and shares of stalled deals, by measure."""
    words, show = view.words, view.formats
    frame = marts["stall_summary"]
    by_name = {text(row["measure"]): row for row in records(frame)}
    rows = []
    for name in ordered(list(by_name), MEASURES):
        row = by_name[name]
        measure = view.measure(
            "share" if "share" in name else "amount" if "amount" in name else "count"
        )
        rows.append(
            [
                Cell(words.label("measure", name)),
                Cell(view.with_interval(measure, row["value"], row["low"], row["high"])),
                Cell(show.count(row["n"])),
            ]
        )
    return Table(
        id="stall-summary",
        caption=words("table.stall_summary"),
        rows=rows,
        columns=[
            Column(words("column.measure")),
            Column(words("column.value"), True),
            Column(words("column.n"), True),
        ],
        empty=words("table_empty"),
    )
