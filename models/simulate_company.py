"""What a simulated company is like: its size, its habits, what walking away does, its mess."""

from dataclasses import dataclass, field, fields
from datetime import UTC, datetime

import numpy as np

from models.simulate_dice import Dice, Flags, Floats, Ints

DAY = 86_400
TEAMS = ("Northeast", "Central", "Europe", "Seoul")
# Hours from UTC to each team's clock; 9:00 to 17:59 is then within one UTC day for all of them.
CLOCKS = np.array([-5, -6, 1, 9])
SEOUL = TEAMS.index("Seoul")


SHARES = ("long_ago_closes", "missing_reasons", "missing_if_silent", "mislabelled")


@dataclass(frozen=True)
class Mess:
    """What real exports are littered with; each switch is one kind of litter."""

    twin_tasks: bool = True  # every e-mail is also a task
    same_stage_saves: bool = True  # history rows that move no stage
    cleanup_day: bool = True  # a seller leaves and all they had is closed at once
    auto_replies: bool = True
    tracking_rows: bool = True  # 'Opened: ...' written by a tool
    recurring_events: bool = True  # series that run years ahead
    child_events: bool = True  # attendees' copies of a meeting
    deleted_rows: bool = True
    duplicate_deals: bool = True
    reopened_deals: bool = True  # the account comes back and the old deal is opened again
    recreated_deals: bool = True  # or a new deal gets the old deal's name
    back_dated_closes: bool = True
    edits_after_close: bool = True  # system stamps later than the last change
    korean: bool = True  # one team writes Korean
    awkward_text: bool = True  # line breaks, quotes, commas
    hostile_names: bool = True  # script and formula injection
    blank_reasons: bool = True
    renewals: bool = True
    account_activities: bool = True  # acts logged on the account, not the deal
    leads: bool = True  # acts before conversion, leads disqualified before a deal
    commitments: bool = True
    automation_user: bool = True
    overlapping_parts: bool = True  # a row may be in both zips
    # What the sample does not have: only the scenarios that ask for it.
    bulk_edits: bool = False  # one hand moves the close dates of all that is open, twice a year
    migration: bool = False  # what is older than a change of CRM is typed in on its first day
    abandoned_reasons: bool = False  # hardly anyone fills the reason in after three fifths of it
    long_ago_closes: float = 0.0  # share of losses dated 15 to 60 days before they were saved
    missing_reasons: float = 0.0  # share of losses without a reason, whatever they were
    missing_if_silent: float = 0.0  # the same, where nobody answered or the seller let go
    mislabelled: float = 0.0  # share of losses with a reason of another kind of ending
    owner_changes: bool = False  # deals pass to another seller, one by one
    territory_change: bool = False  # one hand gives all of a seller's deals away within a minute
    merged_records: bool = False  # accounts, people and deals kept twice, until they are merged
    wild_dates: bool = False  # close dates and calls typed into another year
    order_entries: bool = False  # deals that are only typed in when they are won
    mistaken_wins: bool = False  # deals that were won for half an hour, by a slip
    default_reasons: bool = False  # most losses keep the reason that the form proposes
    late_mail: bool = False  # mail is on record only after two fifths of the time
    archived_activities: bool = False  # a year on, tasks and meetings leave the export (Salesforce)
    currencies: bool = False  # Europe sells in euros, Seoul in won
    limited_sharing: bool = False  # whoever draws the export may see one seller's deals only
    clock_hours: int = 0  # by how much the clock of lists is ahead of UTC (not Salesforce's zips)

    def __post_init__(self) -> None:
        for name in SHARES:
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"Mess.{name}={getattr(self, name)} must be from 0 to 1")
        if abs(self.clock_hours) > 14:
            raise ValueError(f"Mess.clock_hours={self.clock_hours} is no clock on Earth")

    @classmethod
    def none(cls) -> "Mess":
        """A company that keeps its CRM clean."""
        return cls(**dict.fromkeys(_switches(), False))

    @classmethod
    def all(cls) -> "Mess":
        """Every kind of litter at once that leaves an export whole."""
        return cls(
            **(dict.fromkeys(_switches(), True) | {"limited_sharing": False}),
            long_ago_closes=0.2,
            missing_reasons=0.1,
            missing_if_silent=0.3,
            mislabelled=0.15,
            clock_hours=9,
        )


def _switches() -> list[str]:
    """The kinds of litter that are there or not."""
    return [switch.name for switch in fields(Mess) if switch.name not in (*SHARES, "clock_hours")]


@dataclass(frozen=True)
class Company:
    """A company to simulate; the same values give the same history.

    `deals` is about how many deals are opened over `months` before `end`, returns included: within
    a twelfth over two years, where sellers work on five deals or more at a time; in a short
    history, or with hardly a deal for each seller, up to a fifth more. The three effects are log
    hazard ratios on an undecided buyer coming back to life once let go, against being kept:
    for everybody, for good-fit buyers in the first 30 days (the bristle), and around a return
    date the seller set. All three at 0 is a company where walking away changes nothing.
    `confounding` scales how much sellers let the worse-looking deals go, `hidden_confounding` how
    much they sense a quality that no record shows. With `backlog`, prospects wait and an hour
    freed is an hour spent on the next one; without, deals arrive whatever the sellers do.

    With `fit_by_source` the lead source, not quality, tells who but a misfit is a good fit.

    `effect_after_days` puts the effect for everybody off until so long after the walk-away.
    `team_spread` is how much whole teams differ in letting go early (log-odds, a deviation).
    `seller_skill` is how much sellers differ in winning (log hazard), `second_thoughts` the chance
    that a seller who meant to let go stays because the buyer spoke in between, `chase_odds` how
    many of those who stay keep touching, `chase_pace` how many times faster than every 8 to 18 days
    they do, `late_walk` the daily chance of letting a silent deal go after the grace. `drift` is
    how much worse and less decided the buyers of the last two fifths of the time are. `decides` and
    `rivals_win` scale how often engaged buyers decide, and decide for a rival; where nothing
    `closes`, sellers end no deal.

    `promise_effect` is a log hazard ratio on deciding, and its inverse on lapsing, while a promise
    of the buyer's is not yet due, and for four weeks after it was kept. With `qualification`
    sellers fill the fields of a framework; `framework_effect` is a log hazard ratio on deciding
    once its economic buyer is known, and the other elements do nothing.

    `options_lapse` scales how much each option beyond the first makes buyers drift
    and keeps them from buying. `push_effect` is how much more each touch of the last fortnight that
    is left unanswered makes buyers drift, and the less they come back or speak (log hazard);
    `pushes_hard` the share of touches on silent buyers that offer a discount or press for time,
    which does nothing to them. `incumbent_effect` is how much less buyers with a present supplier
    buy from us, and how much more they settle on nothing (log hazards).
    """

    seed: int = 20260630
    deals: int = 2_000
    sellers: int = 30
    months: float = 24
    end: datetime = datetime(2026, 6, 30, 18, 0, tzinfo=UTC)
    walk_effect: float = -0.3
    bristle_effect: float = 1.1
    return_effect: float = 0.9
    confounding: float = 0.85
    hidden_confounding: float = 0.0
    walk_share: float = 0.25
    backlog: bool = True
    effect_after_days: int = 0
    fit_by_source: bool = False
    seller_skill: float = 0.0
    second_thoughts: float = 0.5
    chase_odds: float = 0.9
    chase_pace: float = 1.0
    late_walk: float = 0.0006
    drift: float = 0.0
    decides: float = 1.0
    rivals_win: float = 1.0
    incumbent_effect: float = 0.0
    closes: bool = True
    promise_effect: float = 0.0
    qualification: bool = False
    framework_effect: float = 0.0
    options_lapse: float = 1.0
    push_effect: float = 0.0
    pushes_hard: float = 0.0
    team_spread: float = 0.0
    mess: Mess = field(default_factory=Mess)

    def __post_init__(self) -> None:
        if self.end.tzinfo is None:
            raise ValueError(f"Company.end={self.end} has no time zone; give it in UTC")
        if self.chase_pace <= 0:
            raise ValueError(f"Company.chase_pace={self.chase_pace} must be more than 0")
        for name in ("deals", "sellers"):
            if getattr(self, name) < 1:
                raise ValueError(f"Company.{name}={getattr(self, name)} must be at least 1")
        if self.months <= 0:
            raise ValueError(f"Company.months={self.months} must be more than 0")
        if self.effect_after_days < 0:
            raise ValueError(f"Company.effect_after_days={self.effect_after_days} is negative")
        if not 0 <= self.pushes_hard <= 1:
            raise ValueError(f"Company.pushes_hard={self.pushes_hard} is no share")
        if not 0 <= self.second_thoughts <= 1:
            raise ValueError(f"Company.second_thoughts={self.second_thoughts} is no chance")
        if not 0 < self.walk_share < 1:
            raise ValueError(f"Company.walk_share={self.walk_share} must be between 0 and 1")

    @property
    def end_sec(self) -> int:
        """The moment of the export in epoch seconds."""
        return int(self.end.timestamp())

    @property
    def last_day(self) -> int:
        """The day of the export, in days since 1970-01-01."""
        return self.end_sec // DAY

    @property
    def migrated_sec(self) -> int:
        """The moment before which nothing was recorded: a change of CRM after a third of the time.

        0 where there was none.
        """
        if not self.mess.migration:
            return 0
        return (self.first_day + (self.last_day - self.first_day) // 3) * DAY + 70_000

    @property
    def first_day(self) -> int:
        """The day on which the company starts to use its CRM."""
        return self.last_day - round(self.months * 365.25 / 12) + 1


@dataclass(frozen=True, eq=False)
class Sellers:
    """Sellers' habits, one value a seller. Propensities are on the log-odds scale."""

    team: Ints
    walk: Floats  # lets go early
    chase: Floats  # keeps touching where not letting go
    tidy: Floats  # closes what is dead, against leaving it open
    slots: Floats  # deals worked on at a time
    skill: Floats  # log hazard ratio on winning
    leaves_on: Ints  # the day a seller leaves; far ahead for those who stay

    @classmethod
    def of(cls, company: Company, dice: Dice) -> "Sellers":
        """The sellers of a company, spread over its teams."""
        who = np.arange(company.sellers)
        teams = len(TEAMS) if company.mess.korean else SEOUL
        days = company.last_day - company.first_day + 1
        # A deal is worked on for about 70 days; the slots then fill to the number asked for.
        slots = SLOT_DAYS * company.deals / company.sellers / days
        spread = np.exp(0.2 * dice.normal(who, "slots"))
        slots = slots * spread / spread.mean()
        tidy = 0.8 * dice.normal(who, "tidy")
        leaves_on = np.full(company.sellers, company.last_day + 10_000)
        if company.mess.cleanup_day and company.sellers > 1:
            leaver = company.sellers - 1
            leaves_on[leaver] = company.first_day + int(days * 0.8)
            slots[leaver] *= 4.0
            tidy[leaver] = -5.0
        return cls(
            team=who % teams,
            walk=0.5 * dice.normal(who, "walk habit")
            + company.team_spread * _apart(dice, teams)[who % teams],
            chase=0.6 * dice.normal(who, "chase habit"),
            tidy=tidy,
            slots=slots,
            skill=company.seller_skill * dice.normal(who, "skill"),
            leaves_on=leaves_on,
        )

    def is_here(self, day: int) -> Flags:
        """Who works on a day."""
        here: Flags = self.leaves_on > day
        return here


def _apart(dice: Dice, teams: int) -> Floats:
    """How each team is beside the others, with a mean of 0 and a deviation of 1."""
    drawn = dice.normal(np.arange(teams), "team habit")
    found: Floats = (drawn - drawn.mean()) / max(float(drawn.std()), 1e-9)
    return found


SLOT_DAYS = 75.0
