"""Runs of a company: the course that happened, and the courses that could have."""

from dataclasses import dataclass

import numpy as np

from models import simulate_buyers, simulate_sellers
from models.simulate_company import Company, Sellers
from models.simulate_course import NEVER, POLICIES, WON, Course, Deals, Policy, is_business_day
from models.simulate_dice import Dice, Floats, Ints

AFTER_END = 20  # days simulated past the export, for what is already in the calendar
HORIZON = 180
REST_DAY = 4  # of the week, a Monday: when could_have lays deals to rest
MAIL_MINUTES, TASK_MINUTES = 10.0, 15.0  # the settings' own defaults
GIVEN = (
    "key",
    "account",
    "seller",
    "parent",
    "created",
    "amount",
    "source",
    "quality",
    "urgency",
    "indecision",
    "misfit",
    "start_stage",
    "start_engaged",
)


def happened(company: Company, until: int | None = None) -> Course:
    """The course of events that the CRM then holds, logged; up to a day, where one is given."""
    course = _course(company, log=True)
    prospects, due = 0, 0.0
    days = range(company.first_day, company.last_day + AFTER_END + 1)
    pace = company.deals / (sum(map(is_business_day, days)) * len(course.sellers.team))
    last = days.stop if until is None else until + 1
    for day in filter(is_business_day, range(days.start, min(last, days.stop))):
        _pass_day(course, day)
        here = np.flatnonzero(course.sellers.is_here(day))
        if company.backlog:
            takers = np.repeat(here, _has_time_for(course, here, day, pace))
        else:
            due += pace * here.size
            many = int(due)
            due -= many
            takers = here[course.dice.whole(prospects + np.arange(many), "taker", 0, here.size - 1)]
        simulate_sellers.arrive(course, day, prospects, takers)
        prospects += takers.size
    return course


@dataclass(frozen=True, eq=False)
class Potential:
    """What could have come of each past deal, (policies, replicates, deals) each.

    `days` from the first signal to the first win of the deal or of its returns, NaN where there is
    none within the horizon. `revenue` of that win, and `hours` that sellers spend on the deal and
    its returns from the day after the signal to the horizon; both NaN for deals without a signal.
    Hours are expected ones: each act counts as the mean of what such acts are logged with, or the
    minutes that the settings give it by default.
    """

    days: Floats
    revenue: Floats
    hours: Floats


# Minutes of a touch, a reply, a meeting, a promise kept. Mail (70 % of touches, 75 % of replies)
# and tasks count as the settings say by default; calls last 1 to 20 minutes, inbound ones 3 to
# 25, meetings 30, 60 or 90. Of touches after a week's silence 1.5 % are meetings nobody came to.
MINUTES = {
    "touch": 0.7 * MAIL_MINUTES + 0.3 * 10.5,
    "reply": 0.75 * MAIL_MINUTES + 0.25 * 14.0,
    "meeting": 60.0,
    "kept": TASK_MINUTES,
}
MISSED_MINUTES, MISSED_AFTER = 0.015 * 60.0, 7


def could_have(
    company: Company, past: Deals, policies: tuple[Policy, ...], replicates: int = 1
) -> Potential:
    """What comes of each past deal under each policy from its first signal on.

    Every deal of `past` runs again from its arrival; deals that come of it run on naturally.
    Replicate 0 meets the luck that `past` met; the others throw it again after the signal.
    """
    courses = [(POLICIES.index(policy), r) for policy in policies for r in range(replicates)]
    signals = past["signal_on"]
    shape = (len(policies), replicates, len(past))
    given = np.flatnonzero(signals != NEVER)
    if not given.size:
        return Potential(*(np.full(shape, np.nan) for _ in range(3)))
    course = _course(company, log=True)
    order = given[np.argsort(past["created"][given], kind="stable")]
    created = past["created"][order]
    started = 0
    last = int(signals.max()) + HORIZON
    # Who takes over a leaver's returns is told by the row they stand in, so no row may be missing.
    rests = bool(course.sellers.is_here(last).all())
    for day in filter(is_business_day, range(int(created[0]), last + 1)):
        if rests and day % 7 == REST_DAY:
            _lay_to_rest(course, signals, day)
        _pass_day(course, day)
        until = int(np.searchsorted(created, day, side="right"))
        arrivals, started = order[started:until], until
        if not arrivals.size:
            continue
        for place, (policy, replicate) in enumerate(courses):
            rows = course.deals.add(
                arrivals.size,
                **{name: past[name][arrivals] for name in GIVEN},
                policy=policy,
                replicate=replicate,
                root=place * len(past) + arrivals,
            )
            simulate_buyers.open_deals(course, day, rows)
    never = np.iinfo(np.int64).max
    many = len(courses) * len(past)
    wins, revenue = np.full(many, never), np.zeros(many)
    d = course.deals
    won = np.flatnonzero(d["ending"] == WON)
    # A buyer decides once, so a root has one win at most.
    wins[d["root"][won]], revenue[d["root"][won]] = d["closed_on"][won], d["amount"][won]
    first = wins.reshape(shape)
    has_signal = signals != NEVER
    is_won = (first != never) & has_signal & (first - signals <= HORIZON)
    return Potential(
        np.where(is_won, first - signals, np.nan),
        np.where(has_signal, np.where(is_won, revenue.reshape(shape), 0.0), np.nan),
        np.where(has_signal, _hours(course, signals, many).reshape(shape), np.nan),
    )


def _hours(course: Course, signals: Ints, many: int) -> Floats:
    """Hours on each root's deals from the day after its signal to the horizon."""
    minutes = np.zeros(many)
    for kind, each in MINUTES.items():
        day, deal, silence = course.log(kind)
        root = course.deals["root"][deal]
        since = day - signals[root % len(signals)]
        counted = (since > 0) & (since <= HORIZON)
        spent = np.full(day.size, each)
        if kind == "touch":
            spent += MISSED_MINUTES * (silence >= MISSED_AFTER)
        minutes += np.bincount(root[counted], weights=spent[counted], minlength=many)
    hours: Floats = minutes / 60
    return hours


def _lay_to_rest(course: Course, signals: Ints, day: int) -> None:
    """Take deals off the road whose horizon is over: nothing that they meet still counts."""
    d = course.deals
    signal_on = signals[d["root"] % len(signals)]
    over = (d["open"] | d["alive"]) & (signal_on + HORIZON < day)
    for name, value in (("open", False), ("alive", False), ("commit_due", NEVER)):
        d[name][over] = value


def _course(company: Company, *, log: bool) -> Course:
    dice = Dice(company.seed)
    return Course(company, dice, Sellers.of(company, dice), log=log)


def _pass_day(course: Course, day: int) -> None:
    simulate_sellers.notice(course, day)
    simulate_buyers.step(course, day)
    simulate_sellers.step(course, day)


def _has_time_for(course: Course, here: Ints, day: int, pace: float) -> Ints:
    """How many each seller takes from the backlog: some, with fewer deals to work on than slots."""
    d = course.deals
    worked = d["seller"][d["open"] & (d["touch_next"] <= day + 20)]
    busy = np.bincount(worked, minlength=len(course.sellers.team))[here]
    # Three in ten look for more on a day; more of them where that could not bring the deals asked,
    # and for several at once where not even all of them could.
    eager = course.dice.uniform(here, "eager", day) < max(0.3, 2 * pace)
    free = np.ceil(course.sellers.slots[here] - busy)
    takes: Ints = (eager * np.clip(free, 0, np.ceil(2 * pace))).astype(np.int64)
    return takes
