"""Runs of a company: the course that happened, and the courses that could have."""

import numpy as np

from models import simulate_buyers, simulate_sellers
from models.simulate_company import Company, Sellers
from models.simulate_course import NEVER, POLICIES, WON, Course, Deals, Policy, is_business_day
from models.simulate_dice import Dice, Flags, Floats, Ints

AFTER_END = 20  # days simulated past the export, for what is already in the calendar
HORIZON = 180
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


def happened(company: Company) -> Course:
    """The course of events that the CRM then holds, logged."""
    course = _course(company, log=True)
    prospects, due = 0, 0.0
    days = range(company.first_day, company.last_day + AFTER_END + 1)
    pace = company.deals / (sum(map(is_business_day, days)) * len(course.sellers.team))
    for day in filter(is_business_day, days):
        _pass_day(course, day)
        here = np.flatnonzero(course.sellers.is_here(day))
        if company.backlog:
            takers = here[_has_time(course, here, day)]
        else:
            due += pace * here.size
            many = int(due)
            due -= many
            takers = here[course.dice.whole(prospects + np.arange(many), "taker", 0, here.size - 1)]
        simulate_sellers.arrive(course, day, prospects, takers)
        prospects += takers.size
    return course


def could_have(
    company: Company, past: Deals, policies: tuple[Policy, ...], replicates: int = 1
) -> Floats:
    """Days from each past deal's first signal to the first win of the deal or of its returns.

    Every deal of `past` runs again from its arrival under each policy; deals that come of it run
    on naturally. Replicate 0 meets the luck that `past` met; the others throw it again after the
    signal. Shape (policies, replicates, deals); NaN: no win within the horizon, or no signal.
    """
    courses = [(POLICIES.index(policy), r) for policy in policies for r in range(replicates)]
    signals = past["signal_on"]
    shape = (len(policies), replicates, len(past))
    given = np.flatnonzero(signals != NEVER)
    if not given.size:
        return np.full(shape, np.nan)
    course = _course(company, log=False)
    order = given[np.argsort(past["created"][given], kind="stable")]
    created = past["created"][order]
    started = 0
    for day in filter(is_business_day, range(int(created[0]), int(signals.max()) + HORIZON + 1)):
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
    wins = np.full(len(courses) * len(past), never)
    won = course.deals["ending"] == WON
    np.minimum.at(wins, course.deals["root"][won], course.deals["closed_on"][won])
    first = wins.reshape(shape)
    is_won = (first != never) & (signals != NEVER) & (first - signals <= HORIZON)
    return np.where(is_won, first - signals, np.nan)


def _course(company: Company, *, log: bool) -> Course:
    dice = Dice(company.seed)
    return Course(company, dice, Sellers.of(company, dice), log=log)


def _pass_day(course: Course, day: int) -> None:
    simulate_sellers.notice(course, day)
    simulate_buyers.step(course, day)
    simulate_sellers.step(course, day)


def _has_time(course: Course, here: Ints, day: int) -> Flags:
    """Sellers with fewer deals to work on than they have slots take one from the backlog."""
    d = course.deals
    worked = d["seller"][d["open"] & (d["touch_next"] <= day + 20)]
    busy = np.bincount(worked, minlength=len(course.sellers.team))[here]
    eager = course.dice.uniform(here, "eager", day) < 0.3
    free: Flags = busy < course.sellers.slots[here]
    return eager & free
