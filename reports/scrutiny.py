"""What a reader may doubt of the stall model and its rule: its choice, parts, worth, and g."""

from collections.abc import Mapping, Sequence

import pandas as pd
from markupsafe import Markup

from reports import diagnostic_figures, figures, foresight, wording
from reports.formats import flag, real, text
from reports.marts import Marts, records
from reports.views import Cell, Chart, Column, Table, View, frame_table, ordered

PART_METRICS = ("brier_skill", "auc", "calibration_slope", "ici", "lift_top_tenth")
WHOLE: Sequence[str] = ("all", "reason_given")
PARTS = ("age", "pipeline", "team")
BASELINES = ("aalen_johansen", "silence_rule", "logit", "crm_probability")
CURVES = ("act_on_all", "silence_rule")
SHOWN_THRESHOLDS = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7)
FACTORS = (0.5, 1.0, 2.0)
BY_G = (
    *("stalled", "stalled_share", "broken_share", "resurrection_share"),
    *("zombies", "no_decisions", "unknown_losses", "undecided"),
)


def choice_sentence(view: View, marts: Marts) -> Markup | None:
    """Why a simpler model is published in the boosted one's place; None where it is not."""
    published, horizon = wording.published_model(marts), wording.judged_horizon(marts)
    if published in (wording.CONTENDER, wording.YARDSTICK, "none", ""):
        return None
    found = wording.metric_rows(
        marts,
        metric=f"skill_over_{published}",
        model=wording.CONTENDER,
        cause="no_decision",
        horizon_days=horizon,
        slice="all",
    )
    if found.empty or real(found["low"].iloc[0]) is None:
        return None
    row = records(found)[0]
    return view.words.html(
        "answer.choice",
        published=view.words.label("model", published),
        contender=view.words.label("model", wording.CONTENDER),
        gain=view.formats.share(row["value"]),
        interval=view.interval(view.share, row["low"], row["high"]),
    )


def cold_sentences(view: View, marts: Marts) -> list[Markup]:
    """What is missing for a model to be trained, and when it will be there, where that is known."""
    card = marts.facts("model_card")
    missing = card.get("missing")
    if not isinstance(missing, Mapping):
        return []
    count, words = view.formats.count, view.words
    have, need = missing.get("deals"), missing.get("needed_deals")
    events, needed = missing.get("no_decision_events"), missing.get("needed_no_decision_events")
    found = []
    if None not in (real(have), real(need), real(events), real(needed)):
        found.append(
            words.html(
                "answer.cold",
                have=count(have),
                need=count(need),
                events=count(events),
                needed=count(needed),
            )
        )
    day = text(missing.get("enough_on") or card.get("enough_on"))
    months = real(missing.get("months_needed") or card.get("months_needed"))
    if day:
        found.append(words.html("answer.cold_until", day=view.formats.day(day)))
    elif months is not None:
        found.append(words.html("answer.cold_months", n=count(max(months, 1))))
    return found


def rivals_table(marts: Marts, view: View) -> Table:
    """Each model's squared error removed beside each simpler one, on the same redrawn deals."""
    words, horizon = view.words, wording.judged_horizon(marts)
    frame = wording.metric_rows(marts, horizon_days=horizon, slice="all")
    by_key = {(text(r["cause"]), text(r["model"]), text(r["metric"])): r for r in records(frame)}
    measured = {metric for _, _, metric in by_key}
    rivals = [rival for rival in BASELINES if _over(rival) in measured]
    rows = []
    for cause in ("no_decision", "won"):
        for model in ordered(frame["model"].tolist(), foresight.MODELS):
            found = [by_key.get((cause, model, _over(rival))) for rival in rivals]
            if model in (wording.YARDSTICK, wording.CRM) or not any(found[1:]):
                continue
            rows.append(
                [
                    Cell(words.label("outcome", cause)),
                    Cell(words.label("model", model)),
                    *(foresight.metric_cell(view, row) for row in found),
                ]
            )
    return Table(
        id="rivals",
        caption=words("table.rivals", horizon=horizon),
        columns=[
            Column(words("column.outcome")),
            Column(words("column.model")),
            *(Column(words.label("model", rival), True) for rival in rivals),
        ],
        rows=rows,
        note=words("note.rivals"),
        empty=words("table_empty"),
    )


def _over(rival: str) -> str:
    return "brier_skill" if rival == wording.YARDSTICK else f"skill_over_{rival}"


def parts_table(marts: Marts, view: View) -> Table:
    """The published model by age of the deal, pipeline and team, for no decision."""
    words, horizon = view.words, wording.judged_horizon(marts)
    frame = wording.metric_rows(
        marts,
        model=wording.published_model(marts),
        cause="no_decision",
        horizon_days=horizon,
    )
    by_key = {(text(r["slice"]), text(r["metric"])): r for r in records(frame)}
    found = [text(part) for part in frame["slice"].drop_duplicates()]
    parts = [p for p in WHOLE if p in found]
    parts += [p for kind in PARTS for p in sorted(found, key=_age) if p.startswith(f"{kind}:")]
    rows = []
    for part in parts:
        cells = [by_key.get((part, metric)) for metric in PART_METRICS]
        known = next((row for row in cells if row), None)
        if known is None:
            continue
        tone = "thin" if flag(known["is_thin"]) else ""
        rows.append(
            [
                Cell(part_label(view, part), tone),
                Cell(view.formats.count(known["n"]), tone),
                Cell(view.formats.count(known["events"]), tone),
                *(foresight.metric_cell(view, row) for row in cells),
            ]
        )
    return Table(
        id="parts",
        caption=words("table.parts", horizon=horizon),
        columns=[
            Column(words("column.part")),
            Column(words("column.n"), True),
            Column(words("column.events"), True),
            *(Column(words.label("metric", metric), True) for metric in PART_METRICS),
        ],
        rows=rows,
        note=words("note.thin"),
        empty=words("table_empty"),
    )


def _age(part: str) -> tuple[int, str]:
    """Ages by their first day, other parts by name."""
    first = part.removeprefix("age:").partition("-")[0]
    return (int(first) if first.isdigit() else 0, part)


def part_label(view: View, part: str) -> str:
    """The name of a part of the test: ages in days, pipelines and teams by their names."""
    kind, _, name = part.partition(":")
    if not name:
        return view.words.label("part", kind)
    if kind == "age":
        low, _, high = name.partition("-")
        return view.words("part.age_to" if high else "part.age_from", low=low, high=high)
    return view.words(f"part.{kind}", name=name)


def worth_chart(marts: Marts, view: View) -> Chart | None:
    """Net benefit by threshold: the published model, the silence rule, acting on all; or None."""
    published, words = wording.published_model(marts), view.words
    frame = marts["decision_curve"]
    frame = frame[
        (frame["cause"] == "no_decision") & (frame["horizon_days"] == wording.judged_horizon(marts))
    ]
    own = frame[frame["model"] == published].sort_values("threshold")
    if own.empty:
        return None
    models = [published, *(m for m in CURVES if m != published and (frame["model"] == m).any())]
    lines = []
    for model in models:
        points = frame[frame["model"] == model].sort_values("threshold")
        has_band = model == published and points[["low", "high"]].notna().all(axis=None)
        lines.append(
            figures.Curve(
                "",
                words.label("model", model),
                figures.floats(points["threshold"]),
                figures.floats(points["net_benefit"]),
                figures.floats(points["low"]) if has_band else [],
                figures.floats(points["high"]) if has_band else [],
            )
        )
    return Chart(
        id="worth-chart",
        title=words("chart.worth"),
        summary=words("chart.worth_summary"),
        figure=diagnostic_figures.worth(lines, words("axis.threshold"), words("axis.net_benefit")),
        table=_worth_table(view, frame, models),
    )


def _worth_table(view: View, frame: pd.DataFrame, models: Sequence[str]) -> Table:
    words = view.words
    by_key = {(text(r["model"]), round(real(r["threshold"]) or 0.0, 2)): r for r in records(frame)}
    per_hundred = view.number(1)
    rows = []
    for at in SHOWN_THRESHOLDS:
        cells = [Cell(view.formats.share(at))]
        for model in models:
            row = by_key.get((model, at))
            shown = [real(row[key]) for key in ("net_benefit", "low", "high")] if row else [None]
            scaled = [None if x is None else 100 * x for x in shown]
            tone = "thin" if row and flag(row["is_thin"]) else ""
            cells.append(Cell(view.with_interval(per_hundred, *scaled) if row else "", tone))
        rows.append(cells)
    return Table(
        id="worth",
        caption=words("table.worth"),
        columns=[
            Column(words("column.threshold")),
            *(Column(words.label("model", model), True) for model in models),
        ],
        rows=rows,
        note=words("note.worth"),
        empty=words("table_empty"),
    )


def by_g_table(marts: Marts, view: View) -> Table:
    """How many deals stall, and what becomes of them, with half of g, g and twice g."""
    words, frame = view.words, marts["stall_by_g"]
    by_key = {(text(r["measure"]), real(r["g_factor"])): r for r in records(frame)}
    rows = []
    for name in ordered(frame["measure"].tolist(), BY_G):
        measure = view.measure("share" if name.endswith("_share") else "count")
        cells = [Cell(words.label("measure", name))]
        for factor in FACTORS:
            row = by_key.get((name, factor))
            if row is None:
                cells.append(Cell(""))
                continue
            ends = view.interval(measure, row["low"], row["high"])
            cells.append(Cell(measure(row["value"]), "", ends))
        rows.append(cells)
    return Table(
        id="by-g",
        caption=words("table.by_g"),
        columns=[
            Column(words("column.measure")),
            *(Column(words(f"column.g_{name}"), True) for name in ("half", "once", "twice")),
        ],
        rows=rows,
        note=words("note.by_g"),
        empty=words("table_empty"),
    )


def observed_table(marts: Marts, view: View) -> Table:
    """Days of open deals that could be watched, and why others could not."""
    return frame_table(view, "observed_days", marts["observed_days"])


def cleanup_sentence(view: View, marts: Marts) -> Markup | None:
    """What became of closing dates of mass clean-ups; None where there was none."""
    frame = marts["cleanup_days"]
    if frame.empty or not {"deals", "stalled"} <= set(frame.columns):
        return None
    count = view.formats.count
    deals, stalled = frame["deals"].sum(), frame["stalled"].sum()
    return view.words.html(
        "answer.cleanups",
        deals=view.words.count("noun.deal", int(deals), count(deals)),
        days=view.words.count("noun.day", len(frame), count(len(frame))),
        stalled=count(stalled),
        undated=count(deals - stalled),
    )
