"""Answers as sentences, made from numbers and verdict keys. "Too few to say" is an answer."""

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd
from markupsafe import Markup

from reports.formats import NOTHING, real, text
from reports.marts import Marts, records
from reports.views import Measure, View

LEFT_OUT = ("open", "excluded")  # outcomes that are not an end, so outside every rate
CAUSES = (
    *("no_decision", "won", "lost_to_competitor", "disqualified"),
    *("other", "seller_drop", "unknown_loss"),
)
SUSTAINED = "clone_censor_weight"
HEADLINE_METHODS = (SUSTAINED, "doubly_robust", "overlap", "ipw")
AGAINST_WAITING = "disqualify_vs_wait"  # beside the headline, never in its place
STRATEGY_OUTCOMES = ("account_win", "revenue", "hours", "days_to_decision", "bristle", "return")
HEADLINE_HORIZON = 90  # days ahead at which the worklist ranks and the pages quote the model
DAYS_A_WEEK = 7  # curves are made week by week
INCIDENCE_DAYS = (180, 90, 30)  # the longest that the history reaches is quoted
TOO_MANY_RETURN = 0.05  # share of stalled deals won after all above which g is too short
YARDSTICK = "aalen_johansen"  # skill is measured against it
CONTENDER, CRM = "boosting", "crm_probability"


@dataclass(frozen=True)
class OutcomeMix:
    """Deals by outcome, and how many of them left: the denominator of every rate."""

    deals: Mapping[str, int]
    amounts: Mapping[str, float | None]
    left: int

    def share(self, outcome: str) -> float | None:
        """Share of the deals that left with this outcome; None where none left."""
        return self.deals.get(outcome, 0) / self.left if self.left else None


def outcome_mix(marts: Marts) -> OutcomeMix:
    """Sums marts.outcome_counts over its rules."""
    frame = marts["outcome_counts"]
    deals: dict[str, int] = {}
    amounts: dict[str, float | None] = {}
    for row in records(frame):
        outcome = text(row["outcome"])
        deals[outcome] = deals.get(outcome, 0) + int(real(row["deals"]) or 0)
        amount, before = real(row["amount_base"]), amounts.get(outcome)
        amounts[outcome] = before if amount is None else amount + (before or 0.0)
    left = sum(count for outcome, count in deals.items() if outcome not in LEFT_OUT)
    return OutcomeMix(deals, amounts, left)


def mix_sentence(view: View, marts: Marts) -> Markup:
    """What became of the deals that left."""
    mix = outcome_mix(marts)
    if not mix.left:
        return view.words.html("answer.mix_none")
    return view.words.html(
        "answer.mix",
        left=view.words.count("noun.deal", mix.left, view.formats.count(mix.left)),
        no_decision=view.formats.share(mix.share("no_decision")),
        won=view.formats.share(mix.share("won")),
        lost=view.formats.share(mix.share("lost_to_competitor")),
        disqualified=view.formats.share(mix.share("disqualified")),
    )


def zombie_sentence(view: View, marts: Marts) -> Markup | None:
    """How many open deals have a buyer who stopped deciding; None where nobody counted them."""
    row = summary_row(marts, "zombies")
    count = real(row.get("value"))
    if count is None:
        return None
    if count == 0:
        return view.words.html("answer.zombies_none")
    return view.words.html(
        "answer.zombies",
        zombies=view.words.count("noun.deal", int(count), view.formats.count(count)),
    )


def summary_row(marts: Marts, measure: str) -> dict[str, object]:
    """The row of marts.stall_summary for a measure, {} where there is none."""
    frame = marts["stall_summary"]
    rows = records(frame[frame["measure"] == measure].head(1))
    return rows[0] if rows else {}


def incidence_at(marts: Marts, day: int, cause: str, curve: str = "all") -> dict[str, object]:
    """The last point of an incidence curve not after ``day``; {} where the curve is shorter."""
    frame = marts["incidence"]
    points = frame[(frame["curve"] == curve) & (frame["cause"] == cause)]
    if points.empty or points["day"].max() <= day - DAYS_A_WEEK:
        return {}
    return records(points[points["day"] <= day].sort_values("day").tail(1))[0]


def incidence_sentence(view: View, marts: Marts) -> Markup:
    """How many deals have stopped in no decision by a day after creation, as far as it is known."""
    for day in INCIDENCE_DAYS:
        row = incidence_at(marts, day, "no_decision")
        if row:
            return view.words.html(
                "answer.incidence",
                share=view.formats.share(row["incidence"]),
                interval=view.interval(view.share, row["low"], row["high"])
                or view.words("interval_unknown"),
                days=view.measure("days")(day),
            )
    return view.words.html("answer.incidence_none")


def published_model(marts: Marts) -> str:
    """The model whose scores are published, as its card says; '' where there is no card."""
    return text(marts.facts("model_card").get("published_model"))


def judged_horizon(marts: Marts) -> int:
    """Days ahead at which the models were judged: shorter where 90 days hold too few stalls."""
    days = real(marts.facts("model_card").get("decided_at_days"))
    return int(days) if days else HEADLINE_HORIZON


def metric_rows(marts: Marts, **wanted: object) -> pd.DataFrame:
    """Rows of marts.model_evaluation whose columns equal the values asked for."""
    frame = marts["model_evaluation"]
    for column, value in wanted.items():
        frame = frame[frame[column] == value]
    return frame.reset_index(drop=True)


def skill_sentence(view: View, marts: Marts) -> Markup:
    """What the published model adds over knowing the average deal, or that it adds nothing."""
    published = published_model(marts)
    model = CONTENDER if published == YARDSTICK else published
    horizon = judged_horizon(marts)
    frame = metric_rows(
        marts, metric="brier_skill", cause="no_decision", horizon_days=horizon, slice="all"
    )
    by_model = {text(row["model"]): row for row in records(frame)}
    row = by_model.get(model, {})
    skill, low = real(row.get("value")), real(row.get("low"))
    if skill is None:
        return view.words.html("answer.skill_none")
    # The boosted model is published unless a simpler one does as well, so it is no rival to one.
    rivals = {
        name: real(other["value"]) or 0.0
        for name, other in by_model.items()
        if name in (model, YARDSTICK) or name != CONTENDER
    }
    best = max(sorted(rivals), key=lambda name: rivals[name])
    if row["is_thin"]:
        key = "answer.skill_thin"
    elif low is None or low <= 0:
        key = "answer.skill_unproven"
    else:
        key = "answer.skill" if rivals[best] <= skill else "answer.skill_beaten"
    return view.words.html(
        key,
        skill=view.formats.share(skill),
        interval=view.interval(view.share, low, row["high"]) or view.words("interval_unknown"),
        events=view.formats.count(row["events"]),
        days=view.measure("days")(horizon),
        rival=view.words.label("model", best),
        rival_skill=view.formats.share(rivals[best]),
    )


def headline_row(marts: Marts, outcome: str = "account_win") -> dict[str, object]:
    """The comparison's row that answers for an outcome: the first method that may answer.

    Where none may, the first method says why.
    """
    frame = marts["strategy_comparison"]
    frame = frame[frame["contrast"] != AGAINST_WAITING]
    found = [
        row
        for method in HEADLINE_METHODS
        for row in records(frame[(frame["outcome"] == outcome) & (frame["method"] == method)])
    ]
    answering = [row for row in found if text(row["verdict"]) == "ok"]
    return next(iter([*answering, *found]), {})


def comparison_measure(view: View, row: Mapping[str, object]) -> Measure:
    """How a row of the comparison is printed, by its unit; money with its sign."""
    unit = text(row["unit"])
    if text(row["outcome"]) == "revenue":
        return Measure(
            lambda value: view.formats.bare_amount(value, signed=True), view.formats.money
        )
    return view.measure(unit)


def strategy_sentence(view: View, marts: Marts) -> Markup:
    """Does letting go early beat chasing: the difference in later wins of the account."""
    row = headline_row(marts)
    if not row:
        return view.words.html("answer.strategy_none")
    verdict = text(row["verdict"])
    if verdict == "too_few":
        return view.words.html(
            "answer.strategy_too_few",
            n=view.formats.count(marts.facts("diagnostics").get("deals", row["n"])),
            sellers=view.formats.count(row["n_sellers"]),
            treated=view.formats.count(row["events_treated"]),
            control=view.formats.count(row["events_control"]),
            min_sellers=view.setting("min_sellers"),
            min_events=view.setting("min_events"),
        )
    if verdict == "no_overlap":
        return view.words.html("answer.strategy_no_overlap", n=view.formats.count(row["n"]))
    low, high = real(row["low"]), real(row["high"])
    if verdict != "ok" or low is None or high is None:
        return view.words.html("answer.strategy_unknown", verdict=verdict or view.words("unknown"))
    key = "fewer" if high < 0 else "more" if low > 0 else "level"
    show = comparison_measure(view, row)
    shares = {}
    if text(row["method"]) == SUSTAINED:
        key = f"sustained_{key}"
        shares = {
            arm: view.formats.share(share_that_buys(marts, arm)) for arm in ("disqualify", "chase")
        }
    return view.words.html(
        f"answer.strategy_{key}",
        **shares,
        gap=view.setting("chase_gap_days"),
        chase_days=view.setting("chase_days"),
        difference=show(row["estimate"]),
        interval=view.interval(show, low, high),
        grace=view.setting("grace_days"),
        horizon=view.setting("horizon_days"),
    )


def loosened_sentences(view: View, marts: Marts) -> list[Markup]:
    """Which gates of the comparison the settings made easier to pass, one sentence each."""
    lowered = marts.facts("trial_facts").get("lowered")
    return [
        view.words.html(
            "answer.gate_lowered",
            gate=view.words.label("setting", name),
            now=view.said(now),
            usual=view.said(usual),
        )
        for name, (now, usual) in (lowered if isinstance(lowered, Mapping) else {}).items()
    ]


def share_that_buys(marts: Marts, arm: str) -> float | None:
    """Share of accounts that would have bought by the horizon under a sustained strategy."""
    frame = marts["strategy_incidence"]
    last = records(frame[frame["strategy"] == arm].sort_values("day").tail(1))
    return real(last[0]["incidence"]) if last else None


def needed_sentences(view: View, marts: Marts) -> list[Markup]:
    """What it would take to say more: a larger difference, more sellers, time, or a pilot."""
    facts = marts.facts("diagnostics")
    shown = {
        "smallest_difference": _points,
        "sellers_missing": view.formats.count,
        "months_to_answer": view.formats.count,
        "pilot_deals_per_arm": view.formats.count,
    }
    return [
        view.words.html(
            f"answer.needed_{key}", n=show(facts[key]), pilot=_points(facts.get("pilot_difference"))
        )
        for key, show in shown.items()
        if real(facts.get(key))
    ]


def _points(value: object) -> str:
    number = real(value)
    return NOTHING if number is None else f"{100 * abs(number):.1f}"


def break_even_sentence(view: View, marts: Marts) -> Markup:
    """What an hour must be worth elsewhere for letting go to pay."""
    row = marts.row("break_even")
    if not row:
        return view.words.html("answer.break_even_none")
    verdict = text(row["verdict"])
    if verdict == "pays_if":
        gives_up = (real(row["wins_given_up"]) or 0.0) > 0
        verdict = f"pays_if_{text(row.get('is_met')) or 'unknown'}" if gives_up else "pays_if_level"
    key = f"answer.break_even_{verdict}"
    if not view.words.has(key):
        return view.words.html("answer.break_even_unknown", verdict=verdict)
    wins, rate = view.number(1), break_even_measure(view, "break_even_wins_per_hour")
    return view.words.html(
        key,
        deals=view.formats.count(row.get("deals")),
        wins=wins(row["wins_given_up"]),
        wins_interval=view.interval(
            wins, row.get("wins_given_up_low"), row.get("wins_given_up_high")
        )
        or view.words("interval_unknown"),
        hours=view.formats.hours(row["hours_freed"]),
        needed=rate.bare(row.get("break_even_wins_per_hour")),
        interval=_price_interval(view, rate, row),
        fresh=rate.bare(row.get("fresh_yield_wins_per_hour")),
        refilled=view.formats.share(row.get("refill_share")),
        found=rate.bare(row.get("freed_hour_wins")),
    )


def _price_interval(view: View, rate: Measure, row: Mapping[str, object]) -> str:
    low = row.get("break_even_wins_per_hour_low")
    bounded = view.interval(rate, low, row.get("break_even_wins_per_hour_high"))
    if bounded:
        return bounded
    if real(low) is not None:
        return view.words("interval_from", low=rate.bare(low))
    return view.words("interval_any")


def resurrection_sentence(view: View, marts: Marts) -> Markup:
    """How many stalled deals came back to be won, and whether that says the rule is too quick."""
    row = summary_row(marts, "resurrection_share")
    share = real(row.get("value"))
    if share is None:
        return view.words.html("answer.resurrection_none")
    return view.words.html(
        "answer.resurrection_high" if share > TOO_MANY_RETURN else "answer.resurrection",
        share=view.formats.share(share),
        interval=view.interval(view.share, row["low"], row["high"])
        or view.words("interval_unknown"),
        n=view.formats.count(row["n"]),
    )


BREAK_EVEN = (
    *("wins_given_up", "revenue_given_up", "hours_freed", "break_even_wins_per_hour"),
    *("break_even_revenue_per_hour", "fresh_yield_wins_per_hour", "fresh_yield_revenue_per_hour"),
    *("refill_share", "freed_hour_wins", "freed_hour_revenue", "backlog_deals"),
)


def break_even_measure(view: View, name: str) -> Measure:
    """How a quantity of marts.break_even is printed; wins an hour as wins in a hundred hours."""
    show = view.formats
    if "revenue" in name:
        return view.measure("amount")
    if name == "hours_freed":
        return view.measure("hours")
    if name == "refill_share":
        return view.share
    if name.endswith(("wins_per_hour", "hour_wins")):
        return Measure(
            lambda value: show.number(None if real(value) is None else 100 * (real(value) or 0.0)),
            view.in_unit("in_100_hours"),
        )
    return view.measure("count") if name == "backlog_deals" else view.number(1)


def refusals(view: View, marts: Marts) -> list[Markup]:
    """Estimates that were not given, each with its reason in words."""
    seen: dict[tuple[str, str], None] = {}
    for row in records(marts["strategy_comparison"]):
        is_shown_as_wrong = text(row["estimand"]) == "association"
        if text(row["contrast"]) == AGAINST_WAITING:
            continue
        if not is_shown_as_wrong and text(row["verdict"]) not in ("ok", ""):
            seen.setdefault((text(row["outcome"]), text(row["verdict"])))
    return [
        view.words.html(
            "refusal",
            outcome=view.words.label("strategy_outcome", outcome),
            reason=view.words.label("verdict", verdict),
        )
        for outcome, verdict in seen
    ]
