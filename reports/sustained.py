"""The headline: every signalled deal let go early, against every one chased."""

from collections.abc import Mapping, Sequence

import pandas as pd

from reports import figures, wording
from reports.comparable import diagnostic_rows
from reports.formats import text
from reports.marts import Marts, records
from reports.stall import curve
from reports.views import Cell, Chart, Column, Table, View, ordered

ARMS = ("disqualify", "chase", "wait")
# The strategy that letting go is compared with, by contrast; the first is the headline.
OTHERS: Mapping[str, str] = {"disqualify_vs_chase": "chase", wording.AGAINST_WAITING: "wait"}
# What a reader should see before the numbers: how many clones stand for all, and how alike.
TRUST = (
    "clones_stayed_disqualify",
    "clones_stayed_chase",
    "effective_n_clones_disqualify",
    "effective_n_clones_chase",
    "top_1_percent_clones_disqualify_weight_share",
    "top_1_percent_clones_chase_weight_share",
    "largest_smd_grace_before",
    "largest_smd_grace_weighted",
)


def trust_table(marts: Marts, view: View) -> Table | None:
    """How far the headline can be trusted; None where it was not estimated."""
    facts = marts.facts("diagnostics")
    rows = diagnostic_rows(view, {key: facts[key] for key in TRUST if key in facts})
    if not rows:
        return None
    return Table(
        id="headline-trust",
        caption=view.words("table.headline_trust"),
        rows=rows,
        columns=[Column(view.words("column.diagnostic")), Column(view.words("column.value"), True)],
    )


def headline_table(marts: Marts, view: View) -> Table:
    """What letting go early does against each other strategy, an outcome a row."""
    words, show = view.words, view.formats
    frame = marts["strategy_comparison"]
    frame = frame[frame["method"] == wording.SUSTAINED]
    rows = []
    for contrast, other in OTHERS.items():
        part = frame[frame["contrast"] == contrast]
        if other != "chase" and not (part["verdict"] == "ok").any():
            part = part[part["outcome"] == "account_win"]  # one refusal is enough
        for outcome in ordered(part["outcome"].tolist(), wording.STRATEGY_OUTCOMES):
            row = records(part[part["outcome"] == outcome])[0]
            is_said = text(row["verdict"]) == "ok"
            tone = "" if is_said else "thin"
            if is_said and other == "chase" and outcome == "account_win":
                tone = "published"
            shown = _said(view, row) if is_said else words.label("verdict", row["verdict"])
            rows.append(
                [
                    Cell(words.label("strategy_outcome", outcome), tone),
                    Cell(words.label("sustained", other), tone),
                    Cell(shown, tone),
                    Cell(show.count(row["n"]), tone),
                    Cell(show.count(row["effective_n"]), tone),
                    Cell(show.count(row["events_treated"]), tone),
                    Cell(show.count(row["events_control"]), tone),
                ]
            )
    heads = ("strategy_outcome", "against", "estimate", "n")
    return Table(
        id="headline",
        caption=words("table.headline"),
        rows=rows,
        columns=[
            *(Column(words(f"column.{h}"), h in ("estimate", "n")) for h in heads),
            *(
                Column(words(f"column.{h}"), True)
                for h in ("effective_clones", "wins_let_go", "wins_other")
            ),
        ],
        note=words("note.headline"),
        empty=words("table_empty"),
    )


def _said(view: View, row: Mapping[str, object]) -> str:
    measure = wording.comparison_measure(view, row)
    return view.with_interval(measure, row["estimate"], row["low"], row["high"])


def incidence_chart(marts: Marts, view: View) -> Chart | None:
    """Accounts that would have bought by each day under each strategy; None where refused."""
    said = marts["strategy_comparison"]
    said = said[(said["method"] == wording.SUSTAINED) & (said["verdict"] == "ok")]
    spoken = {"disqualify", *(OTHERS.get(text(c), "") for c in said["contrast"])}
    frame = marts["strategy_incidence"].sort_values(["strategy", "day"])
    frame = frame[frame["strategy"].isin(spoken if len(said) else set())]
    arms = ordered(frame["strategy"].tolist(), ARMS)
    if not arms:
        return None
    return curves(view, frame, arms, "strategy_incidence", "sustained", "clones_at_risk")


def curves(
    view: View, frame: pd.DataFrame, arms: Sequence[str], name: str, labels: str, at_risk: str
) -> Chart:
    """First wins of accounts by arm as a chart and its table, under the words of `name`.

    `labels` is the group of the arms' own names, `at_risk` the heading of those still followed.
    """
    words, show = view.words, view.formats
    lines, rows = [], []
    for arm in arms:
        points = frame[frame["strategy"] == arm]
        label = words.label(labels, arm)
        lines.append(curve(points, arm, label))
        rows += [
            [
                Cell(label),
                Cell(show.count(row["day"])),
                Cell(show.share(row["incidence"])),
                Cell(view.interval(view.share, row["low"], row["high"])),
                Cell(show.count(row["n_at_risk"])),
            ]
            for row in records(figures.thinned(points, 7))
        ]
    heads = ("strategy", "day", "incidence", "interval", at_risk)
    place = name.replace("_", "-")
    return Chart(
        id=f"{place}-chart",
        title=words(f"chart.{name}"),
        summary=words(f"chart.{name}_summary"),
        figure=figures.curves(lines, words("axis.days_since_signal"), words("axis.account_win")),
        table=Table(
            id=place,
            caption=words(f"table.{name}"),
            rows=rows,
            columns=[Column(words(f"column.{h}"), h != "strategy") for h in heads],
        ),
    )
