"""Leads: the backlog, and what was turned away before a deal."""

import numpy as np
import pandas as pd

from models import simulate_words as words
from models.simulate_company import DAY, SEOUL
from models.simulate_course import NEVER, SOURCES, Course
from models.simulate_deals import Book
from models.simulate_dice import Dice, Ints


def leads(
    course: Course, book: Book, account_name: pd.Series, first_contact: Ints
) -> tuple[pd.DataFrame, Ints]:
    """Leads that became deals, were turned away or still wait; and each deal's own lead."""
    d, company = course.deals, course.company
    dice = Dice(company.seed, "leads")
    every = np.arange(len(d))
    lead_of = np.full(len(d), NEVER)
    came = every[(d["parent"] == NEVER) & (dice.uniform(every, "was lead") < 0.3)]
    many = int(0.2 * company.deals)
    waits = np.arange(many)
    days = company.last_day - company.first_day
    day = company.first_day + np.floor(dice.uniform(waits, "lead day") * days).astype(np.int64)
    made = np.concatenate(
        [
            d["created"][came] * DAY - DAY * dice.whole(came, "lead lead", 3, 20) + 3_000,
            day * DAY + 30_000 + dice.whole(waits, "lead sec", 0, 20_000),
        ]
    )
    key = np.concatenate([came, len(d) + waits])
    order = np.argsort(made, kind="stable")
    serial = np.empty(made.size, dtype=np.int64)
    serial[order] = np.arange(made.size)
    team = np.concatenate([course.sellers.team[d["seller"][came]], waits * 0])
    owner = np.concatenate([d["seller"][came], waits % len(course.sellers.team)])
    is_korean = (team == SEOUL) & company.mess.korean
    latin = words.joined(dice, key, words.FIRST, words.LAST, " ")
    strangers = words.joined(dice, waits, words.PLACES, words.TRADES, " ")
    waiting = pd.DataFrame(
        {
            "number": serial,
            "name": np.where(
                is_korean, words.joined(dice, key, words.LAST_KO, words.FIRST_KO, ""), latin
            ),
            "company": np.concatenate([account_name.iloc[d["account"][came]], strangers]),
            "status": "new",
            "source": dice.pick(key, "lead source", SOURCES),
            "seller": owner,
            "account": NEVER,
            "contact": NEVER,
            "deal": NEVER,
            "converted_on": np.nan,
            "reason": None,
            "created": made,
            "since": made,
        }
    )
    lead_of[came] = serial[: came.size]
    first = book.opportunities["created"].to_numpy()[book.number[came]]
    converted = waiting.iloc[: came.size].assign(
        status="converted",
        account=d["account"][came],
        contact=first_contact[came],
        deal=book.number[came],
        converted_on=d["created"][came].astype(float),
        since=first,
    )
    turned = waiting.iloc[came.size :][dice.uniform(waits, "turned away") < 0.6]
    turned = turned.assign(
        status="disqualified",
        reason=dice.pick(turned.index.to_numpy(), "lead reason", words.REASONS_LEAD),
        since=turned["since"] + DAY * dice.whole(turned.index.to_numpy(), "lead end", 1, 25),
    )
    every_lead = pd.concat([waiting, converted, turned], ignore_index=True)
    if not company.mess.leads:
        return every_lead.iloc[:0], np.full(len(d), NEVER)
    return every_lead, lead_of
