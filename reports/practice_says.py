"""The sentences on practice: fast, clear, sure, repeatable, and what would change our mind."""

import math
from collections.abc import Mapping

from markupsafe import Markup

from reports.formats import real, text
from reports.marts import Marts, records
from reports.views import Measure, View

MEASURES = (
    *("median_days", "decided_30", "decided_60", "decided_90"),
    *("let_go_90", "buyer_90", "unsaid_90", "swept_90"),
    *("reason_share", "misfit_share", "return_date_share", "reversed_90"),
    *("decided_30_a_year", "reason_share_a_year", "misfit_share_a_year"),
    "return_date_share_a_year",
)


def found(marts: Marts, measure: str, scope: str = "company", name: str = "") -> dict[str, object]:
    """The row of marts.practice of a measure and scope, {} where there is none."""
    frame = marts["practice"]
    part = frame[
        (frame["measure"] == measure) & (frame["scope"] == scope) & (frame["name"] == name)
    ]
    rows = records(part.head(1))
    return rows[0] if rows else {}


def printed_as(view: View, measure: str) -> Measure:
    """How a measure is printed: days, points a year, a multiple, else a share."""
    if measure.endswith("_days"):
        return view.measure("days")
    if measure.endswith("_a_year"):
        return view.measure("points")
    return view.number(2) if measure.endswith("_ratio") else view.share


def measured(view: View, row: Mapping[str, object]) -> str:
    """A value with its interval, or why there is none."""
    show = printed_as(view, text(row["measure"]))
    verdict = text(row["verdict"])
    if verdict != "ok":
        return view.words.label("practice_verdict", verdict)
    ends = interval(view, row)
    shown = show(row["value"])
    return view.words("with_interval", value=shown, interval=ends) if ends else shown


def interval(view: View, row: Mapping[str, object]) -> str:
    """A row's interval, open above where it has no upper end, '' where it has none."""
    show = printed_as(view, text(row["measure"]))
    if real(row["low"]) is not None and real(row["high"]) is None:
        return view.words("interval_from", low=show.bare(row["low"]))
    return view.interval(show, row["low"], row["high"])


def _verdict(row: Mapping[str, object]) -> str:
    return text(row.get("verdict")) or "too_few"


def fast(view: View, marts: Marts) -> list[Markup]:
    """How long until a decision either way, and whose it was."""
    words, share = view.words, view.share
    median, by_then = found(marts, "median_days"), found(marts, "decided_90")
    first = found(marts, "decided_30")
    if _verdict(first) != "ok":
        n = view.formats.count(first.get("n") or 0)
        return [words.html(f"practice.fast_{_verdict(first)}", n=n)]
    has_median = _verdict(median) == "ok"
    told = median if has_median else first
    said = [
        words.html(
            "practice.fast" if has_median else "practice.fast_not_half",
            value=printed_as(view, text(told["measure"]))(told["value"]),
            interval=interval(view, told),
        )
    ]
    if _verdict(by_then) == "ok":
        parts = {
            each: share(found(marts, f"{each}_90").get("value"))
            for each in ("let_go", "buyer", "unsaid")
        }
        waiting = 1 - (real(by_then["value"]) or 0.0)
        said.append(words.html("practice.fast_whose", waiting=share(waiting), **parts))
    return said


def clear(view: View, marts: Marts) -> Markup:
    """Whether walk-aways say why, and when to come back."""
    row = found(marts, "misfit_share")
    if _verdict(row) != "ok":
        return view.words.html(f"practice.clear_{_verdict(row)}")
    others = {
        name: measured(view, other) if other else view.words("unknown")
        for name in ("reason", "return_date")
        for other in [found(marts, f"{name}_share")]
    }
    return view.words.html(
        "practice.clear", misfit=view.share(row["value"]), interval=interval(view, row), **others
    )


def sure(view: View, marts: Marts) -> Markup:
    """How often a walk-away is reversed without the buyer's move."""
    row = found(marts, "reversed_90")
    if _verdict(row) != "ok":
        return view.words.html(f"practice.sure_{_verdict(row)}")
    return view.words.html(
        "practice.sure", share=view.share(row["value"]), interval=interval(view, row)
    )


def _test(marts: Marts, unit: str) -> dict[str, object]:
    """The test of speed between teams or sellers, {} where none was made."""
    frame = marts["practice_spread"]
    rows = records(frame[(frame["measure"] == "decided") & (frame["unit"] == unit)].head(1))
    return rows[0] if rows else {}


def off(view: View, spread: object) -> str:
    """A spread of log rates as how far a typical group lies off, in per cent."""
    number = real(spread)
    return view.share(None if number is None else math.expm1(number))


def spread_said(view: View, row: Mapping[str, object]) -> str:
    """How far a typical group lies off, with its interval."""
    ends = view.words("interval", low=off(view, row["low"]), high=off(view, row["high"]))
    return view.words("with_interval", value=off(view, row["spread"]), interval=ends)


def probability(view: View, value: object) -> str:
    """A p value to three decimals; of a smaller one only that it is."""
    number = real(value)
    shown = view.number(3)
    return f"< {shown(0.001)}" if number is not None and number < 0.001 else f"= {shown(value)}"


def repeatable(view: View, marts: Marts) -> list[Markup]:
    """Whether teams, and sellers, differ in how soon they decide beyond their deals and chance."""
    words = view.words
    said = []
    for unit in ("team", "seller"):
        row = _test(marts, unit)
        differs = text(row.get("differs")) or "unknown"
        if unit == "team" and (real(row.get("levels")) or 0.0) < 1:
            said.append(words.html("practice.repeat_team_none"))
            continue
        told: dict[str, object] = {}
        if differs != "unknown":
            ends = words("interval", low=off(view, row["low"]), high=off(view, row["high"]))
            told = {"spread": off(view, row["spread"]), "interval": ends}
            told["p"] = probability(view, row["p_holm"])
        told |= {n: view.formats.count(row.get(n)) for n in ("levels", "levels_said")}
        said.append(words.html(f"practice.repeat_{unit}_{differs}", **told, **_ends(view, marts)))
    return said


def _ends(view: View, marts: Marts) -> dict[str, str]:
    """The teams that decide soonest and latest after case mix, and by how much, drawn together."""
    frame = marts["practice"]
    part = frame[
        (frame["measure"] == "decided_shrunk_ratio")
        & frame["scope"].isin(["team", "small_teams"])
        & frame["value"].notna()
    ].sort_values(["value", "name"], kind="stable")
    if part.empty:
        return {}
    told = {}
    for which, row in (("slow", records(part.head(1))[0]), ("fast", records(part.tail(1))[0])):
        is_small = text(row["scope"]) == "small_teams"
        name = view.words("practice.small_teams") if is_small else text(row["name"])
        told[which] = name or view.words("practice.no_team")
        told[f"{which}_ratio"] = view.number(2)(row["value"])
    return told


def trend(view: View, marts: Marts) -> Markup:
    """Whether the share that is decided in 30 days has moved."""
    row = found(marts, "decided_30_a_year")
    if _verdict(row) != "ok":
        return view.words.html("practice.trend_too_few")
    low, high = real(row["low"]) or 0.0, real(row["high"]) or 0.0
    key = "up" if low > 0 else "down" if high < 0 else "level"
    return view.words.html(
        f"practice.trend_{key}",
        points=printed_as(view, text(row["measure"]))(row["value"]),
        interval=interval(view, row),
    )


def minds(view: View, marts: Marts) -> list[Markup]:
    """For each of the four, what would change our mind."""
    median, test = found(marts, "median_days"), _test(marts, "team")
    first = median if _verdict(median) == "ok" else found(marts, "decided_30")
    known = _verdict(first) == "ok"
    differs = text(test.get("differs")) or "unknown"
    return [
        view.words.html(
            "practice.mind_fast" if known else "practice.mind_fast_unknown",
            interval=interval(view, first) if known else "",
            swept=view.share(found(marts, "swept_90").get("value")),
        ),
        view.words.html("practice.mind_clear"),
        view.words.html("practice.mind_sure"),
        view.words.html(f"practice.mind_repeat_{differs}", high=off(view, test.get("high"))),
    ]


def missing(view: View, marts: Marts) -> list[Markup]:
    """What the exports do not record, and which field would tell."""
    named = ("reason_share", "return_date_share", "reversed_90")
    absent = [name for name in named if _verdict(found(marts, name)) == "not_recorded"]
    if not (real(_test(marts, "team").get("levels")) or 0.0) and len(marts["practice"]):
        absent.append("team")
    return [view.words.html(f"practice_missing.{name}") for name in absent]
