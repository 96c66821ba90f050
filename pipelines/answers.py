"""What an export can answer: each question of the project, held against what the export records."""

import csv
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pipelines.questions import NO, PARTLY, QUESTIONS, YES, Need, Question

FILES = "helpful_files.csv"
OUTSIDE = "*"
# Below these the statistics say "too few to say" instead of a number.
LEAST_ENDED = 50
LEAST_SELLERS = 20
UNKNOWN_SHARE = 0.25


@dataclass(frozen=True)
class Answer:
    """Whether a question can be answered, and every reason why not or not wholly."""

    question: Question
    answer: str
    reasons: tuple[str, ...]
    lacking: tuple[Need, ...]


@dataclass(frozen=True)
class Counts:
    """How much there is of one source."""

    ended: int
    sellers: int
    lost: int = 0
    unknown: int = 0


def derived(found: Mapping[str, str], counts: Counts) -> dict[str, str]:
    """What follows from the capabilities of one source and from how much there is of it."""
    values = dict(found)
    values["ended"] = "no" if counts.ended == 0 else "few" if counts.ended < LEAST_ENDED else "yes"
    if values.get("sellers") == "yes" and counts.sellers < LEAST_SELLERS:
        values["sellers"] = "few"
    values["losses_known"] = "no" if counts.unknown > UNKNOWN_SHARE * counts.lost else "yes"
    fill = found.get("lost_reason_fill", "unknown")
    has_share = fill not in ("unknown", "") and found.get("lost_reason") in ("picklist", "text")
    values["lost_reason_filled"] = "no" if has_share and float(fill) < 0.5 else "yes"
    none = found.get("quotes") == "none" and found.get("competitor") == "no"
    values["options"] = "none" if none else "some"
    month = found.get("email_observed_from", "start")
    values["email_month"] = month
    if month not in ("start", "none"):
        values["email_observed_from"] = "late"
    # Where there are no activities at all, that is said once.
    if found.get("activity_level") == "none":
        values["activity_direction"] = values["email_observed_from"] = ""
    return values


def answers(found: Mapping[str, str], counts: Counts) -> list[Answer]:
    """Every question with its answer, for one source."""
    values = derived(found, counts)
    told = []
    for question in QUESTIONS:
        met = [need for need in question.needs if values.get(need.capability) in need.values]
        blocked = [need for need in met if need.answer == NO]
        answer = NO if blocked else PARTLY if met else YES
        said = {"value": values["email_month"], "unknown": counts.unknown, "lost": counts.lost}
        reasons = dict.fromkeys(need.so.format(**said) for need in blocked or met)
        told.append(
            Answer(
                question,
                answer,
                tuple(reasons),
                tuple(need for need in met if need.is_mendable),
            )
        )
    return told


def helpful(
    rules: Path, source: str, told: Sequence[Answer], kinds: Collection[str]
) -> list[tuple[str, list[str]]]:
    """The further files that would add most, each with the questions it would help to answer."""
    with (rules / FILES).open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))
    own = [row for row in rows if row["source"] == source]
    own_capabilities = {row["capability"] for row in own}
    own += [r for r in rows if r["source"] == OUTSIDE and r["capability"] not in own_capabilities]
    gains: dict[str, dict[str, int]] = {}
    same = {"options": "quotes", "lost_reason_filled": "", "ended": "", "currency": ""}
    for answer in told:
        for need in answer.lacking:
            wanted = same.get(need.capability, need.capability)
            for row in own:
                if row["capability"] == wanted and row["kind"] not in kinds:
                    # What stands in the way of an answer weighs more than what blurs it.
                    weight = 3 if need.answer == NO else 1
                    gain = gains.setdefault(row["file"], {})
                    gain[answer.question.asks] = max(weight, gain.get(answer.question.asks, 0))
    ranked = sorted(gains.items(), key=lambda gain: (-sum(gain[1].values()), gain[0]))
    return [(file, list(questions)) for file, questions in ranked]


def summary(found: Mapping[str, str]) -> str:
    """What kind of material this is, where that says more than the questions one by one."""
    has_history = found.get("stage_history") not in ("none", None)
    has_acts = found.get("activity_level") not in ("none", None)
    if not has_history and not has_acts:
        return (
            "This is a snapshot of deals as they stand today. It shows how deals ended, how long "
            "they took, how well reasons are kept and on which days lists were cleaned up. It "
            "cannot show what was known on any earlier day, and nothing that depends on that."
        )
    if not has_acts:
        return "There is a history of stages but no activities: silence cannot be seen."
    if not has_history:
        return "There are activities but no history of stages: moves of deals cannot be seen."
    return ""
