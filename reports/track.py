"""How past predictions turned out, with intervals: live and replayed nights, held-out deals."""

from collections.abc import Mapping

from reports.formats import flag, text
from reports.marts import Marts, records
from reports.views import Cell, Column, Table, View, ordered

GROUPS = ("all", "live", "replayed", "held_out", "flagged_others")
SHARES = ("predicted", "observed", "difference", "brier_skill")


def metrics_table(marts: Marts, view: View) -> Table:
    """One row a group of predictions and horizon: foretold, observed, Brier score and skill."""
    words, show = view.words, view.formats
    frame = marts["track_metrics"]
    found: dict[tuple[str, str, int], dict[str, Mapping[str, object]]] = {}
    for row in records(frame):
        key = (text(row["group"]), text(row["period"]), int(str(row["horizon_days"])))
        found.setdefault(key, {})[text(row["metric"])] = row
    groups = ordered([group for group, _, _ in found], GROUPS)
    rows = []
    for key in sorted(found, key=lambda key: (key[1] != "all", key[1], groups.index(key[0]), key)):
        group, period, horizon = key
        told = found[key]
        any_row = next(iter(told.values()))
        tone = "thin" if flag(any_row["is_thin"]) else ""
        rows.append(
            [
                Cell(
                    words.label("track_group", group) if period == "all" else show.quarter(period)
                ),
                Cell(view.measure("days")(horizon)),
                *(
                    Cell(_shown(view, metric, told.get(metric)), tone)
                    for metric in ("predicted", "observed", "brier", "brier_skill")
                ),
                Cell(show.count(any_row["deals"])),
                Cell(show.count(any_row["censored"])),
            ]
        )
    heads = ("nights", "horizon_days", *("foretold", "observed", "brier", "brier_skill"))
    return Table(
        id="track-metrics",
        caption=words("table.track_metrics"),
        rows=rows,
        columns=[
            *(Column(words(f"column.{head}"), head not in ("nights",)) for head in heads),
            Column(words("column.deals"), True),
            Column(words("column.not_judged"), True),
        ],
        note=words("note.track_metrics"),
        empty=words("no_track"),
    )


def _shown(view: View, metric: str, row: Mapping[str, object] | None) -> str:
    if row is None:
        return ""
    measure = view.share if metric in SHARES else view.number(3)
    return view.with_interval(measure, row["value"], row["low"], row["high"])
