"""What would become of open deals from tonight on, pursued and let go: a simulator alone knows."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from models import simulate_run
from models.simulate_company import Company
from models.simulate_course import CHASE, DISQUALIFIED, FIELDS, WON, Course, is_business_day
from models.simulate_deals import book
from models.simulate_dice import Floats, Ints
from models.simulate_sellers import CHASED, REPLICATE, _end_by_seller
from tests.proofs import direct

HORIZON = simulate_run.HORIZON


@dataclass(frozen=True)
class Future:
    """Means over the luck to come, one value a deal: revenue and hours within HORIZON days."""

    revenue: Floats
    hours: Floats


def tonight(company: Company) -> tuple[Course, pd.Series]:
    """The course up to the company's last day, and the row in it of each deal, by its id."""
    numbers = book(simulate_run.happened(company)).number
    course = simulate_run.happened(company, company.last_day)
    rows = np.arange(len(course.deals))
    ids = pd.Series(direct.deal_ids(numbers[: len(rows)]))
    # Of an opportunity that was opened again the last deal counts.
    return course, pd.Series(rows, index=ids).groupby(level=0).last()


def onward(course: Course, rows: Ints, *, is_let_go: bool, replicates: int) -> Future:
    """What comes of these deals when each is let go tonight, or pursued for 90 days."""
    company, many = course.company, len(rows)
    other = Course(company, course.dice, course.sellers, log=True)
    for luck in range(1, replicates + 1):
        state = {name: course.deals[name][rows] for name in FIELDS}
        state["key"] = state["key"] + REPLICATE * luck
        state["root"] = (luck - 1) * many + np.arange(many)
        other.deals.add(many, **state)
    today, all_rows, d = company.last_day, np.arange(many * replicates), other.deals
    if is_let_go:
        _end_by_seller(other, today, all_rows, DISQUALIFIED)
    else:
        d["plan"][:], d["policy"][:], d["signal_on"][:] = CHASE, CHASED, today
    for day in filter(is_business_day, range(today + 1, today + HORIZON + 1)):
        simulate_run._pass_day(other, day)
    revenue = np.zeros(many * replicates)
    won = np.flatnonzero(d["ending"] == WON)
    revenue[d["root"][won]] = d["amount"][won]
    hours = simulate_run._hours(other, np.full(many * replicates, today), many * replicates)
    shape = (replicates, many)
    return Future(revenue.reshape(shape).mean(axis=0), hours.reshape(shape).mean(axis=0))


def fresh_yield(course: Course) -> float:
    """Revenue an hour on fresh deals, both within HORIZON days of their start."""
    d, last = course.deals, course.company.last_day
    old = d["created"] + HORIZON <= last
    quick = (d["ending"] == WON) & (d["closed_on"] - d["created"] <= HORIZON)
    own = d["root"] == np.arange(len(d))
    hours = simulate_run._hours(course, d["created"], len(d))
    return float(d["amount"][old & own & quick].sum() / hours[old & own].sum())
