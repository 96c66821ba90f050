"""Where customers come from, in sentences; what is not on record is said, never guessed."""

from markupsafe import Markup

from reports.formats import real, text
from reports.marts import Marts, records
from reports.views import View

ORIGINS = ("brought", "shared", "borrowed", "direct", "unknown")


def counts_of(marts: Marts) -> dict[tuple[str, str], int]:
    """Deals by origin and outcome."""
    return {
        (text(row["origin"]), text(row["outcome"])): int(real(row["deals"]) or 0)
        for row in records(marts["origins"])
    }


def won_sentences(view: View, marts: Marts) -> list[Markup]:
    """Where the customers that were won came from, and whether shared ones could be told."""
    words, show = view.words, view.formats
    counts = counts_of(marts)
    won = {origin: counts.get((origin, "won"), 0) for origin in ORIGINS}
    total = sum(won.values())
    if not total:
        return [words.html("answer.origins_none")]
    shares = {origin: show.share(count / total) for origin, count in won.items()}
    key = "unknown" if won["unknown"] == total else "told" if _is_shared_told(marts) else "untold"
    return [
        words.html(
            f"answer.origins_{key}",
            won=words.count("noun.won_deal", total, show.count(total)),
            **shares,
        )
    ]


def _is_shared_told(marts: Marts) -> bool:
    """Whether any deal says that a supplier stays, or wins are given reasons that could say so."""
    told = marts["origins"]
    reasons = marts["origins_unknown"]
    is_said = bool((told["said_to_stay"] > 0).any())
    filled = reasons.loc[reasons["field"] == "won_reason", "filled"]
    return is_said or bool((filled > 0).any())


def contrast_sentences(view: View, marts: Marts) -> list[Markup]:
    """Whether one origin goes with more wins, or fewer stalls, than another, a line a pair."""
    rows = contrasts_of(marts)
    pairs = dict.fromkeys(text(row["contrast"]) for row in rows)
    found = [
        Markup(" ").join(_of_pair(view, [row for row in rows if text(row["contrast"]) == pair]))
        for pair in pairs
    ]
    if any(text(row["verdict"]) == "ok" for row in rows):
        found.append(view.words.html("answer.origin_caveat"))
    return found


def _of_pair(view: View, rows: list[dict[str, object]]) -> list[Markup]:
    found = []
    for row in rows:
        verdict = text(row["verdict"])
        if verdict != "ok":
            if text(row["outcome"]) == "won":
                found.append(
                    view.words.html(
                        f"answer.origin_{verdict}",
                        pair=view.words.label("origin_pair", row["contrast"]),
                        n=view.formats.count(row["n"]),
                        other=view.formats.count(row["other_n"]),
                        days=view.measure("days")(row["within_days"]),
                    )
                )
            continue
        measure = view.measure("points")
        low, high = real(row["low"]) or 0.0, real(row["high"]) or 0.0
        way = "less" if high < 0 else "more" if low > 0 else "level"
        found.append(
            view.words.html(
                f"answer.origin_{row['contrast']}_{row['outcome']}_{way}",
                difference=measure(row["estimate"]),
                interval=view.interval(measure, low, high),
                days=view.measure("days")(row["within_days"]),
            )
        )
    return found


def contrasts_of(marts: Marts) -> list[dict[str, object]]:
    """The rows of marts.origin_contrasts in the page's order."""
    order = ("brought_vs_direct", "borrowed_vs_direct")
    rows = records(marts["origin_contrasts"])
    return sorted(
        rows,
        key=lambda row: (
            order.index(text(row["contrast"])),
            ("won", "no_decision").index(text(row["outcome"])),
        ),
    )


def supplier_sentences(view: View, marts: Marts) -> list[Markup]:
    """From which supplier most customers came over; nothing where none is named."""
    rows = suppliers_of(marts)
    won = sum(int(real(row["won"]) or 0) for row in rows)
    if not won:
        return []
    first = max(rows, key=lambda row: (real(row["won"]) or 0.0, text(row["supplier"])))
    return [
        view.words.html(
            "answer.origins_supplier",
            supplier=text(first["supplier"]),
            won=view.formats.count(first["won"]),
            of=view.formats.count(won),
        )
    ]


def suppliers_of(marts: Marts) -> list[dict[str, object]]:
    """The rows of marts.origins_incumbents, those that lost most customers to us first."""
    frame = marts["origins_incumbents"]
    return records(
        frame.sort_values(
            ["won", "deals", "supplier"], ascending=[False, False, True], kind="stable"
        )
    )


def unknown_sentences(view: View, marts: Marts) -> list[Markup]:
    """How many deals have no origin, and per source which field would tell it."""
    words, show = view.words, view.formats
    counts = counts_of(marts)
    total, unknown = sum(counts.values()), sum(c for (o, _), c in counts.items() if o == "unknown")
    if not total:
        return [words.html("answer.origins_none")]
    found = [
        words.html(
            "answer.origins_left",
            unknown=show.count(unknown),
            all=words.count("noun.deal", total, show.count(total)),
            share=show.share(unknown / total),
        )
    ]
    for row in records(marts["origins_unknown"].sort_values(["source", "field"], kind="stable")):
        state = text(row["state"])
        if state != "filled":
            found.append(
                words.html(
                    f"answer.origin_field_{state}",
                    field=words.label("origin_field", row["field"]),
                    source=text(row["source"]),
                    share=show.share(row["filled_share"]),
                    would=words.label("origin_field_tells", row["field"]),
                )
            )
    return found
