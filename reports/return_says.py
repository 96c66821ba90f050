"""Who comes back after a walk-away, in sentences; what cannot be seen is said."""

from collections.abc import Mapping

from markupsafe import Markup

from reports.formats import real, text
from reports.marts import Marts, records
from reports.views import View

BECAME = ("won", "no_decision", "lost", "let_go", "open")


def group_of(marts: Marts, name: str) -> dict[str, object]:
    """The row of marts.returns for a group, {} where there is none."""
    frame = marts["returns"]
    found = records(frame[frame["group"] == name].head(1))
    return found[0] if found else {}


def share_said(view: View, row: Mapping[str, object], kind: str) -> str:
    """A share with its interval, or why there is none."""
    verdict = text(row["verdict" if kind == "return" else f"{kind}_verdict"])
    if verdict != "ok":
        return view.words.label("return_verdict", verdict)
    ends = (row[f"{kind}_low"], row[f"{kind}_high"])
    return view.with_interval(view.share, row[f"{kind}_share"], *ends)


def share_sentences(view: View, marts: Marts) -> list[Markup]:
    """How many objected and came back, what became of them, and of how many nobody can know."""
    words, show = view.words, view.formats
    row = group_of(marts, "all")
    count = int(real(row.get("walk_aways")) or 0)
    if not count:
        return [words.html("answer.returns_none")]
    known = int(real(row["with_account"]) or 0)
    told = {
        "walks": words.count("noun.walk_away", count, show.count(count)),
        "known": words.count("noun.walk_away", known, show.count(known)),
        "bristle_days": view.setting("bristle_days"),
    }
    if not known:
        return [words.html("answer.returns_no_account", **told)]
    found = []
    if text(row["verdict"]) == "ok":
        bristled = share_said(view, row, "bristle")
        found.append(
            words.html(
                "answer.returns",
                share=show.share(row["return_share"]),
                interval=view.interval(view.share, row["return_low"], row["return_high"]),
                bristled=bristled,
                **told,
            )
        )
    else:
        found.append(words.html(f"answer.returns_{text(row['verdict'])}", **told))
    returned = int(real(row["returned"]) or 0)
    if returned:
        found.append(
            words.html(
                "answer.returns_became",
                returned=show.count(returned),
                **{name: show.count(row[name]) for name in BECAME},
            )
        )
    if known < count:
        found.append(words.html("answer.returns_unseen", n=show.count(count - known), **told))
    return found


def contrast_sentences(view: View, marts: Marts) -> list[Markup]:
    """Whether a date, or a reason, goes with more returns; why not, where that cannot be said."""
    rows = {
        (text(row["contrast"]), text(row["outcome"])): row
        for row in records(marts["returns_contrasts"])
    }
    measure = view.measure("points")
    found = []
    for name in ("date", "reason"):
        row = rows.get((name, "return"))
        if row is None:
            continue
        verdict = text(row["verdict"])
        key = verdict
        if verdict == "ok":
            low, high = real(row["low"]) or 0.0, real(row["high"]) or 0.0
            key = "less" if high < 0 else "more" if low > 0 else "level"
        found.append(
            view.words.html(
                f"answer.returns_{name}_{key}",
                difference=measure(row["estimate"]),
                interval=view.interval(measure, row["low"], row["high"]),
                n=view.formats.count(row["n"]),
                other=view.formats.count(row["other_n"]),
            )
        )
    if any(text(row["verdict"]) == "ok" for row in rows.values()):
        found.append(view.words.html("answer.returns_caveat"))
    return found


def matched_sentences(view: View, marts: Marts) -> list[Markup]:
    """Whether accounts let go bought less often than those of deals alike that were not."""
    row = marts.row("returns_matched")
    if not row:
        return []
    measure, show = view.measure("points"), view.formats
    key = text(row["verdict"])
    if key == "ok":
        low, high = real(row["low"]) or 0.0, real(row["high"]) or 0.0
        key = "less" if high < 0 else "more" if low > 0 else "level"
    return [
        view.words.html(
            f"answer.returns_matched_{key}",
            pairs=show.count(row["pairs"]),
            let_go=show.count(row["let_go"]),
            share=show.share(row["share"]),
            other=show.share(row["other_share"]),
            difference=measure(row["estimate"]),
            interval=view.interval(measure, row["low"], row["high"]),
        )
    ]


def due_sentences(view: View, marts: Marts) -> list[Markup]:
    """How many promised dates have come; nothing where none has."""
    count = len(marts["returns_due"])
    if not count:
        return []
    return [view.words.html("answer.returns_due", n=view.formats.count(count))]
