"""Can deals let go and deals not let go be compared at all: overlap, balance, weights."""

from collections.abc import Mapping, Sequence

from reports import diagnostic_figures, figures
from reports.formats import real, text
from reports.marts import Marts, records
from reports.views import Cell, Chart, Column, Table, View, ordered

ARMS = ("disqualify", "treated", "not_disqualify", "not", "control")
COVARIATES_SHOWN = 24


def overlap_chart(marts: Marts, view: View) -> Chart | None:
    """How likely each deal was to be let go, by what happened; None without data."""
    words, show = view.words, view.formats
    frame = marts["overlap"].sort_values(["arm", "bin_low"])
    arms = ordered(frame["arm"].tolist(), ARMS)[:2]
    if not arms:
        return None
    parts = {arm: frame[frame["arm"] == arm] for arm in arms}
    bins = sorted(
        {(float(a), float(b)) for a, b in zip(frame["bin_low"], frame["bin_high"], strict=True)}
    )
    counts = {
        (arm, float(row_low)): n
        for arm, part in parts.items()
        for row_low, n in zip(part["bin_low"], part["n"], strict=True)
    }
    table = Table(
        id="overlap",
        caption=words("table.overlap"),
        columns=[
            Column(words("column.propensity")),
            *(Column(words.label("arm", arm), True) for arm in arms),
        ],
        rows=[
            [
                Cell(words("range", low=show.share(low), high=show.share(high))),
                *(Cell(show.count(counts.get((arm, low), 0))) for arm in arms),
            ]
            for low, high in bins
        ],
    )
    return Chart(
        id="overlap-chart",
        title=words("chart.overlap"),
        summary=words("chart.overlap_summary"),
        figure=diagnostic_figures.mirror(
            [
                diagnostic_figures.Bins(
                    arm,
                    words.label("arm", arm),
                    *(figures.floats(part[c]) for c in ("bin_low", "bin_high", "n")),
                )
                for arm, part in parts.items()
            ],
            words("axis.propensity"),
            words("axis.deals"),
        ),
        table=table,
    )


def balance_chart(marts: Marts, view: View) -> Chart | None:
    """Love plot at time zero: differences between the arms before and after weighting."""
    return _love(marts, view, "balance", ("smd_before", "smd_ipw", "smd_overlap"))


def grace_chart(marts: Marts, view: View) -> Chart | None:
    """Love plot of the clones that stayed, when the grace is over; None where none were made."""
    return _love(marts, view, "grace", ("smd_grace_before", "smd_grace_weighted"))


def _love(marts: Marts, view: View, name: str, columns: Sequence[str]) -> Chart | None:
    """A love plot with its table; the first of the columns is before weighting."""
    words, show = view.words, view.formats
    frame = marts["balance"]
    if frame.empty or not set(columns) <= set(frame.columns) or frame[columns[0]].isna().all():
        return None
    frame = frame.assign(**{c: frame[c].astype(float).abs() for c in columns})
    frame = frame.sort_values([columns[0], "covariate"], ascending=[False, True])
    labels = [covariate(view, text(name)) for name in frame["covariate"]]
    table = Table(
        id=name,
        caption=words(f"table.{name}"),
        columns=[
            Column(words("column.covariate")),
            *(Column(words(f"column.{c}"), True) for c in columns),
        ],
        rows=[
            [
                Cell(label),
                *(
                    Cell(
                        show.number(row[c]),
                        "bad" if (real(row[c]) or 0) >= 0.1 and c != columns[0] else "",
                    )
                    for c in columns
                ),
            ]
            for label, row in zip(labels, records(frame), strict=True)
        ],
        note=words("note.balance"),
    )
    top = frame.head(COVARIATES_SHOWN)
    return Chart(
        id=f"{name}-chart",
        title=words(f"chart.{name}"),
        summary=words(f"chart.{name}_summary"),
        figure=diagnostic_figures.love(
            labels[: len(top)],
            [(words(f"column.{c}"), top[c].tolist()) for c in columns],
            words("axis.smd"),
        ),
        table=table,
    )


def covariate(view: View, name: str) -> str:
    """A covariate in words; one of a level is named ``<covariate>=<level>``."""
    known, _, level = name.partition("=")
    label = view.words.label("covariate", known)
    if not level:
        return label
    group = known if known == "signal" else "level"
    shown = view.formats.quarter(level) if known == "quarter" else view.words.label(group, level)
    return view.words("pair", a=label, b=shown)


def diagnostics_table(marts: Marts, view: View) -> Table:
    """Diagnostics of the comparison, one a row."""
    words = view.words
    facts = {text(row["key"]): row["value"] for row in records(marts["diagnostics"])}
    return Table(
        id="diagnostics",
        caption=words("table.diagnostics"),
        rows=diagnostic_rows(view, facts),
        columns=[Column(words("column.diagnostic")), Column(words("column.value"), True)],
        empty=words("table_empty"),
    )


def diagnostic_rows(view: View, facts: Mapping[str, object]) -> list[list[Cell]]:
    """Diagnostics by key as rows: shares as percentages, effective sizes as counts."""
    words, show = view.words, view.formats
    rows = []
    for key, value in facts.items():
        number = real(value)
        if number is None:
            printed = text(value)
        elif key.endswith("share"):
            printed = show.share(number)
        else:
            printed = show.count(number) if key.startswith("effective_n") else show.plain(number)
        rows.append([Cell(words.label("diagnostic", key)), Cell(printed)])
    return rows
