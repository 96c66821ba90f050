"""Does letting go early beat chasing: counts, estimates, hours, and what could be wrong."""

from collections.abc import Mapping

import pandas as pd

from reports import (
    comparable,
    figures,
    frontier,
    segments,
    specifications,
    sustained,
    wording,
)
from reports.formats import real, text
from reports.marts import Marts, records
from reports.views import Cell, Chart, Column, Table, View, frame_table, ordered

STRATEGIES = ("disqualify", "chase", "wait", "help_decide", "unresolved")
SIGNALS = ("silence", "push", "later", "overstay")
METHODS = ("naive", "ipw", "overlap", "doubly_robust", wording.SUSTAINED)
FALSIFICATION = ("negative_control", "permuted", "placebo_signal")


def context(marts: Marts, view: View) -> Mapping[str, object]:
    """The page's parts."""
    is_answered = text(wording.headline_row(marts).get("verdict")) == "ok"
    return {
        "answers": [
            wording.strategy_sentence(view, marts),
            wording.break_even_sentence(view, marts),
        ],
        "needed": [] if is_answered else wording.needed_sentences(view, marts),
        "refusals": wording.refusals(view, marts),
        "loosened": wording.loosened_sentences(view, marts),
        "headline_trust": sustained.trust_table(marts, view),
        "headline": sustained.headline_table(marts, view),
        "incidence": sustained.incidence_chart(marts, view),
        "segments_say": segments.segment_sentences(view, marts),
        "segments": segments.segment_table(marts, view),
        "segment_tests": segments.verdict_table(marts, view),
        "segments_chart": segments.segment_chart(marts, view),
        "estimates": estimate_table(marts, view),
        "walked": walked_table(marts, view),
        "forest": forest_chart(marts, view),
        "counts": count_table(marts, view),
        "ineligible": frame_table(view, "ineligible_counts", marts["ineligible_counts"]),
        "overlap": comparable.overlap_chart(marts, view),
        "balance": comparable.balance_chart(marts, view),
        "grace": comparable.grace_chart(marts, view),
        "diagnostics": comparable.diagnostics_table(marts, view),
        "curves": curve_chart(marts, view),
        "break_even": break_even_table(marts, view),
        "fresh_yield": frame_table(view, "fresh_yield", _by_source(marts["fresh_yield"])),
        "backlog": frame_table(view, "backlog", marts["backlog"]),
        "frontier_says": frontier.frontier_sentences(view, marts),
        "frontier": frontier.frontier_table(marts, view),
        "frontier_chart": frontier.frontier_chart(marts, view),
        "second_looks": frontier.second_looks_table(marts, view),
        "sensitivity": sensitivity_table(marts, view, "sensitivity"),
        "falsification": sensitivity_table(marts, view, "falsification"),
        "specifications": specifications.curve_chart(marts, view),
    }


def count_table(marts: Marts, view: View) -> Table:
    """Decision points by signal and strategy; each cell is deals, and how many were won."""
    words, show = view.words, view.formats
    counts: dict[tuple[str, str], tuple[int, int]] = {}
    for row in records(marts["strategy_counts"]):
        key = (text(row["signal"]), text(row["strategy"]))
        deals, won = counts.get(key, (0, 0))
        counts[key] = (deals + int(real(row["deals"]) or 0), won + int(real(row["won"]) or 0))
    strategies = ordered([strategy for _, strategy in counts], STRATEGIES)
    signals = ordered([signal for signal, _ in counts], SIGNALS)

    def cell(pairs: list[tuple[int, int]]) -> Cell:
        deals, won = sum(p[0] for p in pairs), sum(p[1] for p in pairs)
        if not deals:
            return Cell(show.count(0))
        return Cell(words("deals_won", deals=show.count(deals), won=show.count(won)))

    rows = [
        [
            Cell(words.label("signal", signal)),
            *(cell([counts.get((signal, s), (0, 0))]) for s in strategies),
            cell([pair for key, pair in counts.items() if key[0] == signal]),
        ]
        for signal in signals
    ]
    if rows:
        rows.append(
            [
                Cell(words("total"), "total"),
                *(cell([pair for key, pair in counts.items() if key[1] == s]) for s in strategies),
                cell(list(counts.values())),
            ]
        )
    return Table(
        id="strategy-counts",
        caption=words("table.strategy_counts"),
        rows=rows,
        columns=[
            Column(words("column.signal")),
            *(Column(words.label("strategy", s), True) for s in strategies),
            Column(words("total"), True),
        ],
        empty=words("table_empty"),
    )


def estimate_table(marts: Marts, view: View) -> Table:
    """Differences between letting go early and not, every outcome by every other method."""
    frame = marts["strategy_comparison"]
    frame = frame[(frame["estimand"] != "share") & (frame["method"] != wording.SUSTAINED)]
    contrasts = sorted({view.words.label("contrast", c) for c in frame["contrast"]})
    return _comparison(
        marts, view, "estimates", frame, view.words("note.estimates", contrast="; ".join(contrasts))
    )


def walked_table(marts: Marts, view: View) -> Table:
    """What became of the deals let go: objections and returns, without another arm."""
    frame = marts["strategy_comparison"]
    return _comparison(marts, view, "walked", frame[frame["estimand"] == "share"], "")


def _comparison(marts: Marts, view: View, name: str, frame: pd.DataFrame, note: str) -> Table:
    """Rows of the comparison; a refused one is said in words, without a number."""
    words, show = view.words, view.formats
    headline = wording.headline_row(marts)
    is_difference = name == "estimates"
    rows = []
    for outcome in ordered(frame["outcome"].tolist(), wording.STRATEGY_OUTCOMES):
        part = frame[frame["outcome"] == outcome]
        for method in ordered(part["method"].tolist(), METHODS):
            for row in records(part[part["method"] == method]):
                is_said = text(row["verdict"]) == "ok"
                tone = "" if is_said else "thin"
                if text(row["estimand"]) == "association":
                    tone = "naive"
                if row == headline:
                    tone = "published"
                shown = words.label("verdict", row["verdict"])
                if is_said:
                    measure = wording.comparison_measure(view, row)
                    shown = view.with_interval(measure, row["estimate"], row["low"], row["high"])
                rows.append(
                    [
                        Cell(words.label("strategy_outcome", outcome), tone),
                        *([Cell(words.label("method", method), tone)] if is_difference else []),
                        Cell(shown, tone),
                        Cell(show.count(row["n"]), tone),
                        Cell(show.count(row["effective_n"]), tone),
                        Cell(show.count(row["n_sellers"]), tone),
                    ]
                )
    heads = (
        "strategy_outcome",
        *(("method", "estimate") if is_difference else ("share",)),
        *("n", "effective_n", "n_sellers"),
    )
    return Table(
        id=name,
        caption=words(f"table.{name}"),
        rows=rows,
        columns=[
            Column(words(f"column.{h}"), h not in ("strategy_outcome", "method")) for h in heads
        ],
        note=note,
        empty=words("table_empty"),
    )


def forest_chart(marts: Marts, view: View) -> Chart | None:
    """Later wins of the account by method; None where every estimate is refused."""
    frame = marts["strategy_comparison"]
    frame = frame[(frame["outcome"] == "account_win") & (frame["verdict"] == "ok")]
    frame = frame[frame["contrast"] != wording.AGAINST_WAITING]
    frame = frame.dropna(subset=["estimate", "low", "high"])
    rows = []
    for method in ordered(frame["method"].tolist(), METHODS):
        row = records(frame[frame["method"] == method])[0]
        rows.append(
            figures.Interval(
                view.words.label("method", method),
                100 * (real(row["estimate"]) or 0.0),
                100 * (real(row["low"]) or 0.0),
                100 * (real(row["high"]) or 0.0),
                "var(--c-unknown)" if method == "naive" else "var(--c-won)",
            )
        )
    if not rows:
        return None
    return Chart(
        id="forest",
        title=view.words("chart.forest"),
        summary=view.words("chart.forest_summary"),
        figure=figures.forest(rows, view.words("axis.points")),
    )


def curve_chart(marts: Marts, view: View) -> Chart | None:
    """First later win of the account by what the seller did: descriptive, not adjusted."""
    frame = marts["strategy_curves"].sort_values(["strategy", "day"])
    strategies = ordered(frame["strategy"].tolist(), STRATEGIES)
    if not strategies:
        return None
    return sustained.curves(view, frame, strategies, "curves", "strategy", "n_at_risk")


def break_even_table(marts: Marts, view: View) -> Table:
    """What is given up, what is freed, and the price of an hour at which the two are even."""
    words = view.words
    row = marts.row("break_even")
    rows = []
    for name in wording.BREAK_EVEN:
        if real(row.get(name)) is None:
            continue
        measure = wording.break_even_measure(view, name)
        interval = view.interval(measure, row.get(f"{name}_low"), row.get(f"{name}_high"))
        rows.append([Cell(words(f"break_even.{name}")), Cell(measure(row[name])), Cell(interval)])
    return Table(
        id="break-even",
        caption=words("table.break_even"),
        rows=rows,
        columns=[
            Column(words("column.quantity")),
            Column(words("column.value"), True),
            Column(words("column.interval"), True),
        ],
        empty=words("table_empty"),
    )


def sensitivity_table(marts: Marts, view: View, name: str) -> Table:
    """How the answer moves when an assumption does, or (falsification) what should be nothing."""
    words = view.words
    frame = pd.concat([marts["sensitivity"], marts["model_signal"]], ignore_index=True)
    is_falsification = frame["analysis"].isin(FALSIFICATION)
    frame = frame[is_falsification if name == "falsification" else ~is_falsification]
    rows = [
        [
            Cell(words.label("analysis", row["analysis"])),
            Cell(words.label("analysis_label", row["label"])),
            Cell(
                view.with_interval(
                    view.measure(text(row["unit"])), row["estimate"], row["low"], row["high"]
                )
            ),
            Cell(words.label("sensitivity_note", text(row["note"])), "prose"),
        ]
        for row in records(frame)
    ]
    return Table(
        id=name,
        caption=words(f"table.{name}"),
        rows=rows,
        columns=[
            Column(words("column.analysis")),
            Column(words("column.label")),
            Column(words("column.estimate"), True),
            Column(words("column.note")),
        ],
        note=words(
            f"note.{name}",
            placebo=view.setting("placebo_days"),
            most=view.setting("max_points"),
        ),
        empty=words("table_empty"),
    )


def _by_source(sellers: pd.DataFrame) -> pd.DataFrame:
    """What fresh hours yielded, sellers taken together: pages name no seller."""
    if "seller_id" not in sellers.columns or sellers.empty:
        return sellers
    total = sellers.groupby("source", as_index=False)[["deals", "wins", "hours", "revenue"]].sum()
    return total.assign(
        wins_per_hour=total["wins"] / total["hours"],
        revenue_per_hour=total["revenue"] / total["hours"],
    )
