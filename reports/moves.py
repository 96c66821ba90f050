"""Why a deal got its move, what being wrong costs, and what changed overnight: in words."""

from collections.abc import Mapping

from markupsafe import Markup

from reports import wording
from reports.formats import NOTHING, flag, real, text
from reports.marts import Marts, records
from reports.views import View

RARE, OFTEN = 0.001, 0.5  # chances that are not told as one in so many
NIGHTS_COUNTED = 100  # no run of nights on the list is followed for longer
CHANGES = ("new", "move_changed", "risk_up", "risk_down")
BLUNT = ("aalen_johansen", "silence_rule")  # rules that tell deals apart by one thing alone


def rule(view: View, row: Mapping[str, object]) -> str:
    """The rule that decided a deal, and why an hour's worth did not where it might have."""
    name, gap = text(row.get("rule")), text(row.get("rule_gap"))
    if not name:
        return ""
    said = view.words.label("rule", name)
    silence = real(row.get("silence_days"))
    if name in ("silent", "answers") and silence is not None:
        said = view.words(
            f"rule.{name}_days",
            days=view.formats.count(silence),
            patience=view.formats.count(row.get("patience_days")),
        )
    if name.endswith("_an_hour"):
        said = view.words(f"rule.{name}_at", value=view.formats.amount(row.get("value_per_hour")))
    return view.words("rule_because", rule=said, gap=gap_of(view, gap)) if gap else said


def gap_of(view: View, gap: str) -> str:
    """Why what an hour earns could not decide."""
    return view.words.label("rule_gap", gap)


def one_in(view: View, chance: object) -> str:
    """A chance as one in so many; as a share where it is more than a half; '' where unknown."""
    share = real(chance)
    if share is None:
        return ""
    if share > OFTEN:
        return view.formats.share(share)
    if share < RARE:
        return view.words("one_in_many", n=view.formats.count(1 / RARE))
    return view.words("one_in", n=view.formats.count(1 / share))


def cost(view: View, row: Mapping[str, object]) -> tuple[str, str]:
    """What is lost if we let go and the deal would have been won; and what that is made of."""
    lost = view.formats.amount(row.get("cost_if_let_go"))
    chance = one_in(view, row.get("chance_if_pursued"))
    if not chance:
        return (lost if lost != NOTHING else view.words("unknown")), ""
    if lost == NOTHING:
        return view.words("unknown"), view.words("cost_chance", chance=chance)
    amount = view.formats.amount(row.get("amount_base"))
    return lost, view.words("cost_parts", chance=chance, amount=amount)


def hours(view: View, row: Mapping[str, object]) -> str:
    """The hours that going on is expected to take."""
    known = real(row.get("hours_if_pursued"))
    return view.words("unknown") if known is None else view.measure("hours")(known)


def change(view: View, row: Mapping[str, object]) -> tuple[str, str]:
    """What has changed about a deal since the night before, and for how long it is on the list."""
    words, name = view.words, text(row.get("change"))
    before, now = real(row.get("risk_before")), real(row.get("p_no_decision_if_pursued"))
    points = "" if None in (before, now) else view.formats.points(now - before)  # type: ignore[operator]
    told = {
        "new": words("change.new"),
        "move_changed": words(
            "change.move_changed", move=words.label("move", text(row.get("move_before")))
        ),
        "risk_up": words("change.risk_up", points=points),
        "risk_down": words("change.risk_down", points=points),
    }
    nights = real(row.get("nights_flagged")) or 0
    key = "change.nights_most" if nights >= NIGHTS_COUNTED else "change.nights"
    stays = words(key, n=view.formats.count(nights)) if nights > 1 else ""
    return (told[name], stays) if name in told else (stays, "")


def compared_with(marts: Marts) -> str | None:
    """The night that this one is compared with, YYYY-MM-DD; None for a first or replayed one."""
    frame = marts["worklist"]
    if "compared_with_on" not in frame:
        return None
    return max((text(day)[:10] for day in frame["compared_with_on"].dropna()), default=None)


def news_sentence(view: View, marts: Marts) -> Markup:
    """What has changed about the list since the night before, or why that is not told."""
    words, last = view.words, compared_with(marts)
    if view.run.get("is_replayed"):
        return words.html("answer.news_replayed")
    if last is None:
        return words.html("answer.news_first")
    lifted = [row for row in records(marts["flags_lifted"]) if text(row["flagged_on"])[:10] >= last]
    counts = marts["worklist"]["change"].value_counts()
    told = {name: view.formats.count(int(counts.get(name, 0))) for name in CHANGES}
    day = view.formats.day(last)
    return words.html("answer.news", day=day, gone=view.formats.count(len(lifted)), **told)


def blunt_sentence(view: View, marts: Marts) -> Markup | None:
    """That risks are those of a simple rule, and what this leaves unseen; None where they are not.

    An average by stage, or by silence, hardly foretells a deal surely enough to be flagged.
    """
    published = wording.published_model(marts)
    if published not in BLUNT:
        return None
    return view.words.html("answer.worklist_blunt", model=view.words.label("model", published))


def how_chosen(view: View, marts: Marts) -> list[Markup]:
    """The rules by which moves are chosen, with what they stand at tonight."""
    words, known = view.words, marts.row("move_rules")
    gap = text(known.get("hour_gap"))
    stated = real(view.settings.get("value_of_an_hour"))
    low, high = real(known.get("hour_low")), real(known.get("hour_high"))
    amount = view.measure("amount")
    always = [
        words.html("chosen.flag", share=view.share(view.settings.get("flag_above"))),
        words.html("chosen.stalled"),
    ]
    if stated is not None:
        hour = words.html("chosen.hour_stated", value=amount(stated))
    elif low is not None and high is not None:
        ends = view.formats.money(view.interval(amount, low, high))
        hour = words.html("chosen.hour", interval=ends)
    elif gap == "does_not_pay":
        return [*always, words.html("chosen.hour_loses")]
    elif gap == "refill_unknown" and high is not None:
        hour = words.html("chosen.hour_at_most", high=amount(high))
    else:
        hour = words.html("chosen.hour_unknown", gap=gap_of(view, gap or "not_compared"))
    patience = real(view.settings.get("patience")) or 1.0
    silence = "chosen.silence" if patience == 1 else "chosen.silence_times"
    return [*always, hour, words.html(silence, patience=view.formats.plain(patience))]


def what_costs_mean(view: View, marts: Marts) -> list[Markup]:
    """How the cost of being wrong is reckoned, and what is known of stalled deals instead."""
    days = view.formats.count(marts.row("move_rules").get("chance_days"))
    stalled = view.words.html("costs.stalled")
    return [
        view.words.html("costs.both", days=days),
        Markup("{} {}").format(stalled, wording.resurrection_sentence(view, marts)),
    ]


def chase(view: View, row: Mapping[str, object], known: Mapping[str, object]) -> str:
    """The chase so far: touches since the last sign of life, or since the start without one."""
    made, silence = real(row.get("touches_since_sign_of_life")), real(row.get("silence_days"))
    if made is None or silence is None:
        return ""
    key = "chase_never" if flag(known.get("has_sign_of_life")) is False else "chase_so_far"
    touches = view.words.count("noun.touch", round(made), view.formats.count(made))
    return view.words(key, touches=touches, days=view.formats.count(silence))


def promises(view: View, known: Mapping[str, object]) -> str:
    """Commitments of both sides: made, kept, overdue; '' where none are recorded."""
    told = []
    for side in ("buyer", "seller"):
        counts = {
            name: real(known.get(f"commitments_{side}_{name}"))
            for name in ("made", "kept", "overdue")
        }
        if counts["made"]:
            printed = {name: view.formats.count(count) for name, count in counts.items()}
            told.append(view.words(f"promises_{side}", **printed))
    return "; ".join(told)
