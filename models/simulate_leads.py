"""Leads as versions of Salesforce records: the backlog, and what was turned away before a deal."""

import numpy as np
import pandas as pd

from models import simulate_words as words
from models.simulate_company import DAY, SEOUL
from models.simulate_course import NEVER, SOURCES, Course
from models.simulate_deals import Book
from models.simulate_dice import Dice
from models.simulate_salesforce import ids


def leads(
    course: Course,
    book: Book,
    account: pd.Series,
    account_name: pd.Series,
    seller: pd.Series,
    contact: pd.Series,
) -> tuple[pd.DataFrame, pd.Series]:
    """Leads that became deals, leads that were turned away, and leads that still wait."""
    d, company = course.deals, course.company
    dice = Dice(company.seed, "leads")
    every = np.arange(len(d))
    lead_of = pd.Series([None] * len(d), dtype="object")
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
    owner = np.concatenate([d["seller"][came], waits % len(seller)])
    is_korean = (team == SEOUL) & company.mess.korean
    latin = words.joined(dice, key, words.FIRST, words.LAST, " ")
    strangers = words.joined(dice, waits, words.PLACES, words.TRADES, " ")
    waiting = pd.DataFrame(
        {
            "Id": ids("Lead", serial),
            "IsDeleted": False,
            "Name": np.where(
                is_korean, words.joined(dice, key, words.LAST_KO, words.FIRST_KO, ""), latin
            ),
            "Company": np.concatenate([account_name.iloc[d["account"][came]], strangers]),
            "Status": "Open - Not Contacted",
            "LeadSource": dice.pick(key, "lead source", SOURCES),
            "OwnerId": seller.iloc[owner].to_numpy(),
            "IsConverted": False,
            "ConvertedDate": np.nan,
            "ConvertedAccountId": None,
            "ConvertedContactId": None,
            "ConvertedOpportunityId": None,
            "Disqualified_Reason__c": None,
            "CreatedDate": made,
            "LastModifiedDate": made,
            "_sec": made,
        }
    )
    lead_of.iloc[came] = waiting["Id"].iloc[: came.size].to_numpy()
    first = book.opportunities["created"].to_numpy()[book.number[came]]
    converted = waiting.iloc[: came.size].assign(
        Status="Closed - Converted",
        IsConverted=True,
        ConvertedDate=d["created"][came].astype(float),
        ConvertedAccountId=account.iloc[d["account"][came]].to_numpy(),
        ConvertedContactId=contact.iloc[came].to_numpy(),
        ConvertedOpportunityId=ids("Opportunity", book.number[came]).to_numpy(),
        _sec=first,
    )
    turned = waiting.iloc[came.size :][dice.uniform(waits, "turned away") < 0.6]
    turned = turned.assign(
        Status="Unqualified",
        Disqualified_Reason__c=dice.pick(
            turned.index.to_numpy(), "lead reason", words.REASONS_LEAD
        ),
        _sec=turned["_sec"] + DAY * dice.whole(turned.index.to_numpy(), "lead end", 1, 25),
    )
    every_lead = pd.concat([waiting, converted, turned], ignore_index=True)
    if not company.mess.leads:
        return every_lead.iloc[:0], pd.Series([None] * len(d), dtype="object")
    return every_lead, lead_of
