"""What some Salesforce exports hold: merged records, tracked owners, currencies, an archive."""

from collections.abc import Callable
from typing import Any, Literal

import numpy as np
import pandas as pd

from models.simulate_company import DAY
from models.simulate_course import NEVER
from models.simulate_facts import Facts
from models.simulate_litter import RATES
from models.simulate_salesforce_ids import ids
from models.simulate_states import HOME

Name = Callable[[Any], Any]
ARCHIVED_AFTER = 365  # days


def with_merges(facts: Facts, kind: Literal["account", "contact"]) -> pd.DataFrame:
    """Versions of accounts or contacts with their survivor: what is merged away stays, deleted."""
    own = facts.accounts if kind == "account" else facts.contacts
    rows = own.assign(survivor=NEVER)
    merges = facts.merges[facts.merges["kind"] == kind].set_index("number")
    gone = rows[rows["number"].isin(merges.index)].drop_duplicates("number", keep="last")
    at = merges.loc[gone["number"]]
    gone = gone.assign(survivor=at["survivor"].to_numpy(), since=at["since"].to_numpy())
    return pd.concat([rows, gone], ignore_index=True)


def currency(facts: Facts) -> dict[str, pd.Series]:
    """The currency of each version of a deal, where there is more than one."""
    codes = facts.deals["currency"]
    return {"CurrencyIsoCode": codes} if (codes != HOME).any() else {}


def more_objects(facts: Facts, user: Name, deal: Name) -> dict[str, pd.DataFrame]:
    """The changes of tracked fields, and the list of currencies."""
    more = {}
    if len(facts.owners) or len(facts.answers):
        told = [_owner_history(facts, user, deal), _answer_history(facts, user, deal)]
        more["OpportunityFieldHistory"] = pd.concat(
            [each for each in told if len(each)], ignore_index=True
        )
    if currency(facts):
        started = facts.company.first_day * DAY
        rates = {HOME: 1.0} | {code: rate for code, (_, rate) in RATES.items()}
        more["CurrencyType"] = pd.DataFrame(
            {
                "Id": ids("CurrencyType", np.arange(len(rates))),
                "IsoCode": list(rates),
                "ConversionRate": list(rates.values()),
                "IsCorporate": [code == HOME for code in rates],
                "IsActive": True,
                "CreatedDate": started,
                "_sec": started,
            }
        )
    return more


def _answer_history(facts: Facts, user: Name, deal: Name) -> pd.DataFrame:
    """Answers to a framework, in fields that are tracked."""
    rows = facts.answers
    after = 2 * (int(facts.owners["number"].max()) + 1) if len(facts.owners) else 0
    return pd.DataFrame(
        {
            "Id": ids("OpportunityFieldHistory", after + rows["number"]),
            "IsDeleted": False,
            "OpportunityId": deal(rows["deal"]),
            "CreatedById": user(rows["by"]),
            "CreatedDate": rows["since"],
            "Field": rows["field"],
            "DataType": "Text",
            "OldValue": None,
            "NewValue": rows["value"],
            "_sec": rows["since"],
        }
    )


def _owner_history(facts: Facts, user: Name, deal: Name) -> pd.DataFrame:
    """A change of owner is told twice: by id and by name."""
    rows = facts.owners
    name = facts.users.drop_duplicates("number").set_index("number")["name"]
    told = []
    for place, (kind, word) in enumerate((("EntityId", user), ("Text", name.reindex))):
        told.append(
            pd.DataFrame(
                {
                    "Id": ids("OpportunityFieldHistory", 2 * rows["number"] + place),
                    "IsDeleted": False,
                    "OpportunityId": deal(rows["deal"]),
                    "CreatedById": user(rows["by"]),
                    "CreatedDate": rows["since"],
                    "Field": "Owner",
                    "DataType": kind,
                    "OldValue": np.asarray(word(rows["before"])),
                    "NewValue": np.asarray(word(rows["seller"])),
                    "_sec": rows["since"],
                }
            )
        )
    return pd.concat(told, ignore_index=True)


def kept(versions: pd.DataFrame, until_sec: int) -> pd.DataFrame:
    """Tasks or events that the CRM has not put into its archive: what is over for a year is there.

    What is still to be done stays, however old.
    """
    is_old = versions["ActivityDate"] < until_sec // DAY - ARCHIVED_AFTER
    if "IsClosed" in versions:
        is_old &= versions["IsClosed"].astype(bool)
    return versions[~is_old]
