"""The questions of the project, and what each needs of an export."""

from dataclasses import dataclass

YES, PARTLY, NO = "yes", "partly", "no"


@dataclass(frozen=True)
class Need:
    """What a question needs: where a capability has one of these values, `so` follows.

    `answer` is what is then left of the question, no or partly. What is not mendable is so in
    the company, and no further file would change it.
    """

    capability: str
    values: tuple[str, ...]
    answer: str
    so: str
    is_mendable: bool = True


@dataclass(frozen=True)
class Question:
    """One question of the project and what stands in its way."""

    name: str
    asks: str
    needs: tuple[Need, ...]


BLIND = (
    Need(
        "activity_level",
        ("none",),
        NO,
        "there are no dated activities, so nobody can tell a silent buyer from a busy one",
    ),
    Need(
        "activity_direction",
        ("none",),
        NO,
        "no act of a buyer is on record, so their silence cannot be told",
    ),
)
UNSURE = (
    Need(
        "activity_direction",
        ("rules",),
        PARTLY,
        "who wrote to whom is read from subjects, not recorded",
    ),
    Need(
        "activity_archived_included",
        ("no",),
        PARTLY,
        "activities older than a year are missing: older deals look silent",
    ),
)
NO_HISTORY = "no history of stages: what a deal looked like on an earlier day is not known"
LATEST_ONLY = "only the last entry into each stage is known: loops and returns are lost"
LAST_ONLY = "only the last stage change is known"
NONE_AGAIN = "no account has more than one deal"
PART_ONLY = "most deals have no history of stages"


def _stages(answer: str) -> tuple[Need, ...]:
    return (
        Need("stage_history", ("none",), answer, NO_HISTORY),
        Need("stage_history", ("latest_per_stage",), PARTLY, LATEST_ONLY),
        Need("stage_history", ("last_change",), PARTLY, LAST_ONLY),
        Need("stage_history", ("part",), PARTLY, PART_ONLY),
    )


QUESTIONS = (
    Question(
        "outcomes",
        "How do deals end?",
        (
            Need("ended", ("no",), NO, "no deal has ended yet"),
            Need(
                "lost_reason",
                ("none",),
                PARTLY,
                "no reasons: a no decision cannot be told from a lost competition",
            ),
            Need(
                "lost_reason_filled",
                ("no",),
                PARTLY,
                "fewer than half of the lost deals have a reason; the others stay unknown",
            ),
            Need(
                "losses_known",
                ("no",),
                PARTLY,
                "{unknown} of {lost} lost deals have no reason that is known",
                is_mendable=False,
            ),
            Need(
                "lost_reason_kept_up",
                ("no",),
                PARTLY,
                "reasons are hardly filled in any more, so the latest endings are unknown",
            ),
            Need(
                "currency",
                ("multi",),
                PARTLY,
                "amounts in other currencies are left out of totals",
            ),
        ),
    ),
    Question(
        "stalls",
        "When do buyers go silent, and which deals stall?",
        (
            *BLIND,
            *UNSURE,
            Need(
                "email_observed_from", ("late",), PARTLY, "e-mails are on record only from {value}"
            ),
            Need(
                "email_observed_from",
                ("none",),
                PARTLY,
                "there are no e-mails: silence is read from other acts alone",
            ),
            Need(
                "close_date_history",
                ("none",),
                PARTLY,
                "no history of close dates: a stall then takes twice the silence",
            ),
        ),
    ),
    Question(
        "model",
        "Which open deals will end in no decision?",
        (
            *BLIND,
            Need("ended", ("no", "few"), NO, "too few deals have ended to learn from"),
            *_stages(NO),
            *UNSURE,
            Need(
                "lost_reason",
                ("none",),
                PARTLY,
                "the model learns from stalls alone, as no reasons are recorded",
            ),
        ),
    ),
    Question(
        "pushes",
        "How often are close dates pushed?",
        (
            Need(
                "close_date_history",
                ("none",),
                NO,
                "no history of close dates: the date on a deal is only the last one",
            ),
            Need(
                "close_date_history",
                ("truncated20",),
                PARTLY,
                "the system keeps the last twenty dates: long series of pushes are cut",
            ),
            Need("close_date_history", ("count_only",), PARTLY, "pushes are counted but not dated"),
        ),
    ),
    Question(
        "comparison",
        "Does letting go early beat chasing?",
        (
            *BLIND,
            Need("ended", ("no", "few"), NO, "too few deals have ended to compare"),
            Need("sellers", ("no", "one"), NO, "sellers cannot be told apart, and they differ"),
            Need(
                "sellers",
                ("few",),
                PARTLY,
                "with fewer than 20 sellers it will say 'too few to say'",
                is_mendable=False,
            ),
            Need(
                "stage_history",
                ("none",),
                NO,
                "no history of stages: the day a deal was let go is only its close date",
            ),
            *(need for need in _stages(NO) if need.values != ("none",)),
            *UNSURE,
            Need(
                "account_link",
                ("no",),
                PARTLY,
                "later wins of the same account cannot be followed",
            ),
            Need(
                "leads", ("no",), PARTLY, "no leads: walk-aways before a deal exists are invisible"
            ),
        ),
    ),
    Question(
        "options",
        "Do more options mean fewer decisions?",
        (
            Need("options", ("none",), NO, "neither quotes nor competitors are on record"),
            Need("quotes", ("none",), PARTLY, "our own offers are not on record, only competitors"),
            Need("quotes", ("current",), PARTLY, "offers have no dates"),
            Need("competitor", ("no",), PARTLY, "rivals are not on record, only our own offers"),
        ),
    ),
    Question(
        "origins",
        "Where do customers come from?",
        (
            Need("lead_source", ("no",), NO, "no lead source on record"),
            Need(
                "incumbent",
                ("no",),
                PARTLY,
                "no present supplier on record: who was brought over cannot be told",
            ),
        ),
    ),
    Question(
        "returns",
        "Who comes back after a walk-away?",
        (
            Need("account_link", ("no",), NO, "deals are not linked to accounts"),
            Need(
                "account_link",
                ("single",),
                NO,
                "no account has more than one deal",
                is_mendable=False,
            ),
            Need(
                "reopen",
                ("none",),
                PARTLY,
                "a deal that was opened again cannot be told from one never closed",
            ),
            Need("leads", ("no",), PARTLY, "returns as a new lead are invisible"),
        ),
    ),
    Question(
        "practice",
        "Is letting go fast, clear and alike across sellers?",
        (
            Need("sellers", ("no",), NO, "deals have no owners"),
            Need("sellers", ("one",), PARTLY, "there is one seller only", is_mendable=False),
            Need(
                "activity_direction",
                ("none",),
                PARTLY,
                "the days from a signal to the decision cannot be counted",
            ),
            Need(
                "activity_level",
                ("none",),
                PARTLY,
                "the days from a signal to the decision cannot be counted",
            ),
            Need(
                "lost_reason",
                ("none",),
                PARTLY,
                "whether a walk-away had a clear reason is unknown",
            ),
        ),
    ),
)
