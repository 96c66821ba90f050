"""A brief for the buyer of each flagged deal: a few lines that hand the decision back.

Told are only facts that are on record, or that the settings say; a line whose fact is not known is
left out. Nothing of what the model makes of the deal is said, and nobody is named. A deal that is
held out is worked as if it had no flag, so it has no brief.
"""

import re
from collections.abc import Mapping
from datetime import date, timedelta

from reports.brief_templates import (
    FACT_WORDS,
    FIRST_TO_GO,
    LINES,
    MOVES,
    WORD_LIMIT,
    Templates,
    filled,
    words,
)
from reports.formats import flag, real, text
from reports.reasons import drivers
from reports.views import View

MOST_LETTERS = 80  # of a name from the CRM
LEAST_OPTIONS = 2
# What CRMs hold where nobody wrote a supplier's name.
NO_NAME = frozenset(
    (
        *("-", "--", "?", ".", "n/a", "na", "none", "no", "unknown", "tbd", "null"),
        *("없음", "미상", "모름"),
    )
)
# Line ends, control characters, and marks that turn the direction of writing.
_UNSEEN = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]")


def templates(view: View) -> Templates:
    """The templates that the settings of the run ask for."""
    told = view.settings_of("briefs")
    return Templates.read(
        text(told.get("language")) or "en",
        text(view.settings_of("source").get("vocabulary")),
        text(view.run.get("brief_templates")),
    )


def brief(
    view: View, told: Templates, row: Mapping[str, object], known: Mapping[str, object]
) -> str:
    """The brief of a deal; '' for a move that has none.

    `row` is its row of marts.worklist, `known` that of marts.brief_facts, {} where there is none.
    """
    move = text(row.get("move"))
    if move not in MOVES:
        return ""
    said = facts(view, told, row, known)
    asked = filled(told.question.get(text(row.get("question")), ()), said)
    question = asked or filled(told.question["what_is_missing_to_decide"], said)
    lines = {name: filled(told.line[name], {**said, "question": question}) for name in LINES[move]}
    for name in FIRST_TO_GO:
        if words(" ".join(lines.values())) < WORD_LIMIT:
            break
        lines[name] = ""
    return " ".join(line for line in lines.values() if line)


def facts(
    view: View, told: Templates, row: Mapping[str, object], known: Mapping[str, object]
) -> dict[str, str]:
    """The facts that a brief may tell, by name, as they are printed; unknown ones are absent."""
    settings = view.settings_of("briefs")
    as_of = date.fromisoformat(text(view.run["as_of"])[:10])
    silence = real(row.get("silence_days"))
    least = real(view.settings_of("comparison").get("silence_signal_days"))
    # Silence is counted from the first day on where nobody ever answered: then nothing was "last".
    is_silent = flag(known.get("has_sign_of_life")) and None not in (silence, least)
    options = sum(real(known.get(f"options_{of}")) or 0.0 for of in ("ours", "competitor"))
    promised, is_over = text(known.get("buyer_promise_on")), flag(known.get("is_promise_overdue"))
    step = told.day(date.fromisoformat(promised[:10])) if promised else ""
    later = real(settings.get("return_after_days"))
    found = {
        "account": _name(row.get("account")),
        "incumbent": _name(known.get("incumbent")),
        "silence_days": f"{silence:.0f}" if is_silent and silence >= least else "",  # type: ignore[operator]
        "step_was_due_on": step if is_over else "",
        "step_is_due_on": step if is_over is False else "",
        "options": f"{options:.0f}" if options >= LEAST_OPTIONS else "",
        "offer": _offer(known) if settings.get("amounts") else "",
        "differs": _sentence(settings.get("differs")),
        "changing": _sentence(settings.get("changing")),
        "misfit": _sentence(_misfit(settings.get("misfit"), row)),
        "return_on": told.day(as_of + timedelta(days=later)) if later else "",
    }
    return {name: fact for name, fact in found.items() if fact and _fits(name, fact)}


def _name(value: object) -> str:
    """A name from the CRM in one line; '' for what is none, or too long to be said."""
    name = " ".join(_UNSEEN.sub(" ", text(value)).split())
    return "" if name.lower() in NO_NAME or len(name) > MOST_LETTERS else name


def _offer(known: Mapping[str, object]) -> str:
    amount, currency = real(known.get("offer_amount")), text(known.get("currency"))
    return f"{currency} {amount:,.0f}" if amount and amount > 0 and currency else ""


def _misfit(said: object, row: Mapping[str, object]) -> object:
    """What the settings say of the deal's stage, else of what raises its risk most."""
    if not isinstance(said, Mapping):
        return None
    by_name = {text(name).strip().lower(): sentence for name, sentence in said.items()}
    found = by_name.get(text(row.get("stage")).strip().lower())
    return by_name.get(_idea(row.get("reasons"))) if found is None else found


def _idea(reasons: object) -> str:
    """The idea that raises the risk most, '' where none is told."""
    raising = [
        (real(driver.get("contribution")) or 0.0, text(driver.get("idea")))
        for driver in drivers(text(reasons)) or []
        if isinstance(driver, Mapping) and (real(driver.get("contribution")) or 0.0) > 0
    ]
    return max(raising, key=lambda pair: pair[0])[1] if raising else ""


def _sentence(value: object) -> str:
    """A text of the settings without the full stop that the template sets."""
    return " ".join(text(value).split()).rstrip(" .")


def _fits(name: str, fact: str) -> bool:
    return words(fact) <= FACT_WORDS[name]
