"""The companies that the methods are tried on, by name: what each is like, and what it is for.

    company = scenario("bristle").company(seed=3)

A scenario that says what a method has to find stands beside its number in methods.md, section 9;
where one number asks for two companies, each has a name.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from models.simulate_company import Company, Mess

NOTHING = {"walk_effect": 0.0, "bristle_effect": 0.0, "return_effect": 0.0}
EVERYBODY = {"bristle_effect": 0.0, "return_effect": 0.0}


class UnknownScenario(ValueError):
    """A name that no scenario has; the message lists those there are."""


@dataclass(frozen=True)
class Scenario:
    """A kind of company. `settings` are of Company, `litter` of Mess, beyond their defaults."""

    number: int
    name: str
    is_about: str
    settings: Mapping[str, Any]
    litter: Mapping[str, Any] = field(default_factory=dict)

    def company(self, seed: int, deals: int | None = None, *, tidy: bool = False) -> Company:
        """One such company; a `tidy` one has no litter but the scenario's own."""
        mess = Mess.none() if tidy else Mess()
        size = {} if deals is None else {"deals": deals}
        litter = {name: getattr(mess, name) for name in vars(mess)} | dict(self.litter)
        return Company(**{"seed": seed, **self.settings, **size, "mess": Mess(**litter)})


def _known() -> dict[str, Scenario]:
    def one(number: int, name: str, is_about: str, litter: Any = None, **values: Any) -> Scenario:
        return Scenario(number, name, is_about, values, litter or {})

    confounded = {**NOTHING, "confounding": 1.2, "walk_share": 0.5}
    plain = {**NOTHING, "confounding": 0.85, "walk_share": 0.5}
    # Large companies whose sellers pursue every few days, seldom by how a deal looks: the verdict
    # weighs hours against wins, and needs both to be told apart from nothing.
    pursuing = NOTHING | {"walk_effect": -0.15, "chase_odds": 2.5, "chase_pace": 4.0}
    pursuing |= {"confounding": 0.2, "walk_share": 0.5, "second_thoughts": 0.2}
    pursuing |= {"decides": 1.5, "rivals_win": 0.5, "deals": 6_000, "sellers": 60}
    # Buyers decide fast and mostly for us, and few sellers change their mind: wins enough in each
    # segment, whose difference is then a matter of who is stirred and who is lost.
    stirred = {"bristle_effect": 5.5, "walk_effect": -2.0, "fit_by_source": True}
    stirred |= {"decides": 1.5, "rivals_win": 0.5, "confounding": 0.5, "second_thoughts": 0.3}
    # Few deals are let go, so that most of those that are not decided end in no decision.
    several = NOTHING | {"walk_share": 0.15, "options_lapse": 6.0, "deals": 3_000, "sellers": 40}
    # Sellers touch twice as often as elsewhere, and press in some of the touches.
    pressed = NOTHING | {"walk_share": 0.15, "chase_pace": 2.0, "pushes_hard": 0.3}
    pressed |= {"deals": 3_000, "sellers": 40}
    # Nine ratios for two endings are held to account together: large enough to name one of them.
    asked = plain | {"qualification": True, "deals": 2_400, "sellers": 40}
    # With half as many deals no model beats the days of silence in a quarter of companies (2 of 8),
    # and none but stalled deals are at a risk that is high enough to be weighed.
    hunting = {"walk_effect": -0.25, "chase_odds": 2.5, "chase_pace": 4.0}
    hunting |= {"deals": 3_000, "sellers": 75}
    found = [
        one(1, "no_effect_confounded", "no effect, worse deals are let go", **confounded),
        one(
            2,
            "no_effect",
            "no effect, no confounding: only who decides in the grace cannot be let go",
            **(NOTHING | {"confounding": 0.0, "walk_share": 0.5, "second_thoughts": 0.0}),
        ),
        one(
            3,
            "harmful",
            "walking away loses wins",
            # So few that were let go buy that a smaller company could not be answered.
            **(plain | {"walk_effect": -1.5, "deals": 3_000, "sellers": 40}),
        ),
        one(
            4,
            "bristle",
            "walking away wins good-fit buyers back",
            **(plain | stirred | {"deals": 4_000, "sellers": 50}),
        ),
        one(
            5,
            "constant_effect",
            "the same effect on everybody",
            **(plain | {"walk_effect": -0.8, "deals": 4_000, "sellers": 50}),
        ),
        one(6, "sellers_differ", "30 sellers of unlike skill", **(plain | {"seller_skill": 0.5})),
        one(
            7,
            "no_overlap",
            "who is let go is all but settled by how the deal looks",
            **(NOTHING | {"confounding": 12.0, "walk_share": 0.5}),
        ),
        one(
            8,
            "hidden_quality",
            "sellers sense a quality that no record shows",
            **(plain | {"hidden_confounding": 0.8}),
        ),
        one(9, "backlog", "prospects wait for freed hours", **pursuing),
        one(
            10,
            "scarcity",
            "no prospect waits for freed hours",
            **(pursuing | {"backlog": False}),
        ),
        one(
            11,
            "informative_censoring",
            "silent deals are let go weeks after the grace",
            **(plain | {"late_walk": 0.015}),
        ),
        one(
            12,
            "clean_up",
            "mass closings and back-dated losses",
            {"cleanup_day": True, "back_dated_closes": True, "long_ago_closes": 0.3},
            **plain,
        ),
        one(
            13,
            "reasons_missing",
            "30 % of reasons missing at random",
            {"missing_reasons": 0.3},
            **plain,
        ),
        one(
            13,
            "reasons_missing_selectively",
            "reasons missing where nobody answered",
            {"blank_reasons": True, "missing_if_silent": 0.45},
            **plain,
        ),
        one(14, "mislabelled", "15 % of reasons are wrong", {"mislabelled": 0.15}, **plain),
        one(15, "leak", "a column is filled in when a deal closes", **plain),
        one(16, "drift", "buyers become worse and less decided", **(plain | {"drift": 1.2})),
        one(
            17,
            "too_few",
            "five sellers and 80 deals",
            **(plain | {"deals": 80, "sellers": 5, "months": 18}),
        ),
        one(18, "nothing_closed", "no deal ever ends", **(plain | {"closes": False, "decides": 0})),
        one(18, "one_cause_absent", "no rival ever wins", **(plain | {"rivals_win": 0.0})),
        one(18, "one_week", "a week of history", **(plain | {"months": 0.23, "deals": 60})),
        one(
            18,
            "doubled",
            "duplicates, and deals opened again",
            {"duplicate_deals": True, "reopened_deals": True, "recreated_deals": True},
            **plain,
        ),
        one(
            19,
            "late_effect",
            "walking away wins, but only from the ninth week on",
            **(plain | {"walk_effect": 1.2, "effect_after_days": 56}),
        ),
        one(
            20,
            "ignored",
            "most of those who are not let go are not touched either",
            **(plain | {"chase_odds": -1.5}),
        ),
        one(21, "placebo_signal", "a signal 30 days before the real one", **plain),
        one(22, "permuted", "outcomes dealt out by lot", **plain),
        one(
            0,
            "worklist_backlog",
            "prospects wait, and hours go into deals that stall",
            **(plain | hunting),
        ),
        one(
            0,
            "worklist_scarcity",
            "the same, and nobody waits",
            **(plain | hunting | {"backlog": False}),
        ),
        one(0, "options_undecide", "every further option makes buyers drift", **several),
        one(
            0,
            "options_nothing",
            "buyers decide alike, however many options they have, and no rival ever wins",
            # Where rivals win, one more of them is one more who may.
            **(several | {"options_lapse": 0.0, "rivals_win": 0.0}),
        ),
        one(
            0,
            "push_harms",
            "touches left unanswered make buyers drift",
            **(pressed | {"push_effect": 0.7}),
        ),
        one(0, "push_nothing", "touches do nothing; sellers push what already stalls", **pressed),
        one(0, "sample", "a company as the sample's, whose effects differ by buyer"),
        one(
            0,
            "promises_decide",
            "buyers who gave a dated promise decide, and lapse less",
            {"commitments": True},
            **(plain | {"promise_effect": 1.0}),
        ),
        one(
            0,
            "promises_nothing",
            "buyers give promises, which change nothing",
            {"commitments": True},
            **plain,
        ),
        one(
            0,
            "framework_matters",
            "deals whose economic buyer is known are decided more often",
            **(asked | {"framework_effect": 0.7}),
        ),
        one(
            0,
            "framework_nothing",
            "answers rise with stage and engagement, and change nothing",
            **asked,
        ),
        one(
            0,
            "teams_differ",
            "whole teams let go sooner than others",
            **(plain | {"team_spread": 0.8}),
        ),
        one(0, "teams_alike", "sellers differ, but teams do not", **plain),
        one(
            0,
            "incumbents_hold",
            "buyers who have a supplier mostly stay with it",
            **(plain | {"incumbent_effect": 1.2, "deals": 2_400, "sellers": 40}),
        ),
        one(
            0,
            "incumbents_nothing",
            "a present supplier changes nothing",
            **(plain | {"deals": 2_400, "sellers": 40}),
        ),
        one(
            0,
            "dates_bring_back",
            "buyers who were given a date come back around it",
            **(plain | {"return_effect": 3.0, "deals": 3_000, "sellers": 40}),
        ),
        one(
            0,
            "dates_nothing",
            "a date to return changes nothing",
            **(plain | {"deals": 3_000, "sellers": 40}),
        ),
        one(0, "all_litter", "every kind of litter at once", vars(Mess.all())),
    ]
    return {each.name: each for each in found}


SCENARIOS: Mapping[str, Scenario] = _known()


def scenario(name: str) -> Scenario:
    """The scenario of a name. Raises UnknownScenario for one that is not there."""
    if name not in SCENARIOS:
        raise UnknownScenario(f"no scenario {name!r}; there are {', '.join(sorted(SCENARIOS))}")
    return SCENARIOS[name]
