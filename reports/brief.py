"""The brief: what became of our deals, does letting go pay, whom to act on, what is missing."""

from collections.abc import Mapping

from markupsafe import Markup

from reports import figures, wording, worklist
from reports.formats import flag, real, text
from reports.marts import Marts, records
from reports.views import Cell, Chart, Column, Table, View

OUTCOME_ORDER = (
    *("won", "lost_to_competitor", "no_decision", "disqualified", "seller_drop"),
    *("unknown_loss", "open", "excluded"),
)
QUARTERS_SHOWN = 16
DEALS_SHOWN = 3


def context(marts: Marts, view: View) -> Mapping[str, object]:
    """The page's parts."""
    return {
        "answers": [
            sentence
            for sentence in (
                wording.mix_sentence(view, marts),
                wording.zombie_sentence(view, marts),
                wording.strategy_sentence(view, marts),
                wording.break_even_sentence(view, marts),
                wording.skill_sentence(view, marts),
            )
            if sentence
        ],
        "outcomes": outcome_table(marts, view),
        "mix": mix_chart(marts, view),
        "quarters": quarter_chart(marts, view),
        "deals": worklist.first(marts, view, DEALS_SHOWN),
        "missing": missing(marts, view),
    }


def _outcomes(counts: Mapping[str, object]) -> list[str]:
    known = [outcome for outcome in OUTCOME_ORDER if outcome in counts]
    return known + sorted(set(counts) - set(known))


def outcome_table(marts: Marts, view: View) -> Table:
    """Deals, share of those that left, and amount, an outcome a row."""
    words, show, mix = view.words, view.formats, wording.outcome_mix(marts)
    rows = []
    for outcome in _outcomes(mix.deals):
        share = "" if outcome in wording.LEFT_OUT else show.share(mix.share(outcome))
        rows.append(
            [
                Cell(words.label("outcome", outcome), f"key {_tone(outcome)}"),
                Cell(show.count(mix.deals[outcome])),
                Cell(share),
                Cell(show.amount(mix.amounts[outcome])),
            ]
        )
    return Table(
        id="outcomes",
        caption=words("table.outcomes", left=show.count(mix.left)),
        columns=[
            Column(words("column.outcome")),
            Column(words("column.deals"), True),
            Column(words("column.share_of_left"), True),
            Column(words("column.amount_base"), True),
        ],
        rows=rows,
        note=words("note.outcomes"),
        empty=words("table_empty"),
    )


def _tone(outcome: str) -> str:
    return f"outcome-{outcome}" if outcome in OUTCOME_ORDER else ""


def mix_chart(marts: Marts, view: View) -> Chart | None:
    """Bars of deals by outcome; None without deals."""
    mix = wording.outcome_mix(marts)
    outcomes = [outcome for outcome in _outcomes(mix.deals) if outcome != "excluded"]
    if not outcomes:
        return None
    labels = [view.words.label("outcome", outcome) for outcome in outcomes]
    return Chart(
        id="mix",
        title=view.words("chart.mix"),
        summary=view.words("chart.mix_summary"),
        figure=figures.mix(labels, outcomes, [mix.deals[outcome] for outcome in outcomes]),
    )


def quarter_chart(marts: Marts, view: View) -> Chart | None:
    """Deals that left by quarter and outcome, with its table; None without deals."""
    words, show = view.words, view.formats
    frame = marts["outcome_quarters"]
    frame = frame[~frame["outcome"].isin(wording.LEFT_OUT)]
    if frame.empty:
        return None
    counts: dict[tuple[str, str], int] = {}
    for row in records(frame):
        key = (text(row["quarter"]), text(row["outcome"]))
        counts[key] = counts.get(key, 0) + int(real(row["deals"]) or 0)
    quarters = sorted({quarter for quarter, _ in counts})[-QUARTERS_SHOWN:]
    outcomes = _outcomes({outcome: True for _, outcome in counts})
    parts = [
        (outcome, words.label("outcome", outcome), [counts.get((q, outcome), 0) for q in quarters])
        for outcome in outcomes
    ]
    periods = [show.quarter(quarter) for quarter in quarters]
    table = Table(
        id="quarters",
        caption=words("table.quarters"),
        columns=[Column(words("column.quarter")), *(Column(label, True) for _, label, _ in parts)],
        rows=[
            [Cell(period), *(Cell(show.count(values[i])) for _, _, values in parts)]
            for i, period in enumerate(periods)
        ],
    )
    return Chart(
        id="quarters-chart",
        title=words("chart.quarters"),
        summary=words("chart.quarters_summary", n=len(quarters)),
        figure=figures.stack(periods, parts),
        table=table,
    )


def missing(marts: Marts, view: View) -> list[Markup]:
    """What tonight's data could not say, most important first."""
    words, show = view.words, view.formats
    found: list[Markup] = []
    nights = view.run.get("missing")
    for night in nights if isinstance(nights, (list, tuple)) else []:
        found.append(
            words.html(
                "missing.night", step=text(night.get("step")), reason=text(night.get("reason"))
            )
        )
    failed = [row for row in records(marts["checks"]) if flag(row["passed"]) is False]
    if failed:
        found.append(
            words.html(
                "missing.checks", n=words.count("noun.check", len(failed), show.count(len(failed)))
            )
        )
    refused = [
        row
        for row in records(marts["files_read"])
        if text(row["decision"]) in ("refused", "unrecognised")
    ]
    if refused:
        found.append(
            words.html(
                "missing.files", n=words.count("noun.file", len(refused), show.count(len(refused)))
            )
        )
    mix = wording.outcome_mix(marts)
    unknown = mix.share("unknown_loss")
    if unknown:
        found.append(words.html("missing.unknown_loss", share=show.share(unknown)))
    lacking: dict[str, list[str]] = {}
    for row in records(marts["capabilities"]):
        if text(row["value"]) in ("none", "no"):
            lacking.setdefault(text(row["source"]), []).append(
                words.label("capability", row["capability"])
            )
    found += [
        words.html("missing.capability", source=source, capability=", ".join(names))
        for source, names in sorted(lacking.items())
    ]
    return found
