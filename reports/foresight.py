"""How well no decision can be foreseen: the model beside simple rules, and its track record."""

from collections.abc import Mapping, Sequence

import pandas as pd

from reports import diagnostic_figures, figures, wording
from reports.formats import flag, real, text
from reports.marts import Marts, records
from reports.views import Cell, Chart, Column, Table, View, ordered

MODELS = ("boosting", "logit", "aalen_johansen", "crm_probability", "silence_rule")
METRICS = ("brier_skill", "ibs_skill", "auc", "calibration_slope", "ici", "lift_top_tenth")
TRACK_BINS = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)


def metric_cell(view: View, row: Mapping[str, object] | None, blank: str = "") -> Cell:
    """A metric printed by what it is, its interval below, in italics where events are few."""
    if row is None:
        return Cell(blank)
    metric = text(row["metric"])
    measure = view.share if "skill" in metric or metric == "ici" else view.number(2)
    tone = "thin" if flag(row["is_thin"]) else ""
    return Cell(measure(row["value"]), tone, view.interval(measure, row["low"], row["high"]))


def model_table(marts: Marts, view: View, part: str) -> Table:
    """The published model beside its baselines for no decision, at the horizon it was judged at."""
    return _models(marts, view, part, "no_decision", f"models_{part}")


def crm_table(marts: Marts, view: View) -> Table | None:
    """The same for wins, where the CRM's own probability can be judged; None where it has none."""
    frame = marts["model_evaluation"]
    if not (frame["model"] == "crm_probability").any():
        return None
    return _models(marts, view, "all", "won", "models_won")


def _models(marts: Marts, view: View, part: str, cause: str, name: str) -> Table:
    words, horizon = view.words, wording.judged_horizon(marts)
    frame = wording.metric_rows(marts, cause=cause, horizon_days=horizon, slice=part)
    metrics = [metric for metric in METRICS if (frame["metric"] == metric).any()]
    by_key = {(text(row["model"]), text(row["metric"])): row for row in records(frame)}
    rows = []
    for model in ordered(frame["model"].tolist(), MODELS):
        found = [by_key.get((model, metric)) for metric in metrics]
        events = max((real(n) or 0.0 for n in frame["events"]), default=0.0)
        rows.append(
            _model_row(view, model, metrics, found, model == wording.published_model(marts), events)
        )
    return Table(
        id=name.replace("_", "-"),
        caption=words(f"table.{name}", horizon=horizon),
        columns=[
            Column(words("column.model")),
            *(Column(words.label("metric", metric), True) for metric in metrics),
            Column(words("column.events"), True),
        ],
        rows=rows,
        note=words("note.models") if name == "models_all" else "",
        empty=words("table_empty"),
    )


def _model_row(
    view: View,
    model: str,
    metrics: Sequence[str],
    found: Sequence[Mapping[str, object] | None],
    is_published: bool,
    events: float,
) -> list[Cell]:
    words, show = view.words, view.formats
    is_thin = any(row is not None and flag(row["is_thin"]) for row in found)
    name, tone = words.label("model", model), "thin" if is_thin else ""
    if is_published:
        name = words("model_published", model=name)
    shown = []
    for metric, row in zip(metrics, found, strict=True):
        is_yardstick = model == wording.YARDSTICK and metric == "brier_skill"
        blank = words("yardstick") if is_yardstick else ""
        shown.append(metric_cell(view, row, blank))
    counted = words("thin", n=show.count(events)) if is_thin else show.count(events)
    return [
        Cell(name, f"{tone} published".strip() if is_published else tone),
        *shown,
        Cell(counted, tone),
    ]


def skill_chart(marts: Marts, view: View) -> Chart | None:
    """Skill of each model with its interval; None where it was not measured."""
    frame = wording.metric_rows(
        marts,
        metric="brier_skill",
        cause="no_decision",
        horizon_days=wording.judged_horizon(marts),
        slice="all",
    ).dropna(subset=["value", "low", "high"])
    by_model = {text(row["model"]): row for row in records(frame)}
    published = wording.published_model(marts)
    rows = [
        figures.Interval(
            view.words.label("model", model),
            real(by_model[model]["value"]) or 0.0,
            real(by_model[model]["low"]) or 0.0,
            real(by_model[model]["high"]) or 0.0,
            "var(--c-won)" if model == published else "var(--c-unknown)",
        )
        for model in ordered(list(by_model), MODELS)
    ]
    if not rows:
        return None
    return Chart(
        id="skill-chart",
        title=view.words("chart.skill"),
        summary=view.words("chart.skill_summary"),
        figure=figures.forest(rows, view.words("axis.skill"), ".0%"),
    )


def horizon_table(marts: Marts, view: View) -> Table:
    """Skill and ranking of the published model by outcome and horizon."""
    days = view.measure("days")
    words = view.words
    frame = wording.metric_rows(marts, model=wording.published_model(marts), slice="all")
    frame = frame[frame["metric"].isin(["brier_skill", "auc"])]
    horizons = sorted({int(h) for h in frame["horizon_days"].dropna()})
    by_key = {
        (text(r["cause"]), text(r["metric"]), int(real(r["horizon_days"]) or 0)): r
        for r in records(frame)
    }
    rows = []
    for cause in ordered(frame["cause"].tolist(), wording.CAUSES):
        for metric in ("brier_skill", "auc"):
            found = [by_key.get((cause, metric, horizon)) for horizon in horizons]
            if all(row is None or real(row["value"]) is None for row in found):
                continue
            rows.append(
                [
                    Cell(words.label("outcome", cause)),
                    Cell(words.label("metric", metric)),
                    *(metric_cell(view, r) for r in found),
                ]
            )
    return Table(
        id="horizons",
        caption=words("table.horizons"),
        rows=rows,
        columns=[
            Column(words("column.outcome")),
            Column(words("column.metric")),
            *(Column(days(horizon), True) for horizon in horizons),
        ],
        note=words("note.thin"),
        empty=words("table_empty"),
    )


def calibration_chart(marts: Marts, view: View) -> Chart | None:
    """Predicted against observed shares of no decision, with its table; None without bins."""
    days = view.measure("days")
    frame = marts["calibration"]
    frame = frame[
        (frame["cause"] == "no_decision") & (frame["model"] == wording.published_model(marts))
    ]
    return _calibration(
        view,
        "calibration",
        [
            (days(int(str(horizon))), part.sort_values("bin"))
            for horizon, part in frame.groupby("horizon_days", sort=True)
        ],
    )


def track_chart(marts: Marts, view: View) -> Chart | None:
    """Past predictions whose day has come, in tenths of risk; None before the first falls due."""
    days = view.measure("days")
    frame = marts["track_record"]
    frame = frame[frame["happened"].notna() & frame["p_no_decision"].notna()]
    if frame.empty:
        return None
    series = []
    for horizon, part in frame.groupby("horizon_days", sort=True):
        tenth = pd.cut(
            part["p_no_decision"].astype(float), list(TRACK_BINS), include_lowest=True, labels=False
        )
        grouped = part.assign(
            predicted=part["p_no_decision"].astype(float),
            bin=tenth,
            observed=part["happened"].astype(float),
        ).groupby("bin", sort=True)
        bins = grouped[["predicted", "observed"]].mean().reset_index()
        bins["n"] = grouped.size().to_numpy()
        series.append((days(int(str(horizon))), bins))
    return _calibration(view, "track", series)


def _calibration(view: View, name: str, parts: Sequence[tuple[str, pd.DataFrame]]) -> Chart | None:
    words, show = view.words, view.formats
    if not parts:
        return None
    rows = [
        [
            Cell(label),
            Cell(show.share(row["predicted"])),
            Cell(show.share(row["observed"])),
            Cell(show.count(row["n"])),
        ]
        for label, part in parts
        for row in records(part)
    ]
    heads = ("horizon_days", "predicted", "observed", "n")
    table = Table(
        id=name,
        caption=words(f"table.{name}"),
        rows=rows,
        columns=[Column(words(f"column.{head}"), head != "horizon_days") for head in heads],
    )
    return Chart(
        id=f"{name}-chart",
        title=words(f"chart.{name}"),
        summary=words(f"chart.{name}_summary"),
        figure=diagnostic_figures.calibration(
            [
                diagnostic_figures.Dots(
                    label, *(figures.floats(part[c]) for c in ("predicted", "observed", "n"))
                )
                for label, part in parts
            ],
            words("axis.predicted"),
            words("axis.observed"),
        ),
        table=table,
    )
