"""Accounts, people and deals that were kept twice until somebody merged them.

What was filed under the one merged away goes on naming it in part, as lists drawn on different days
do: whoever reads must follow it to the one that survived.
"""

from dataclasses import replace

import numpy as np
import pandas as pd

from models.simulate_company import DAY
from models.simulate_dice import Dice, Ints
from models.simulate_facts import Facts

ACCOUNTS, CONTACTS, DEALS = 0.08, 0.05, 0.025
STILL_NAMED = 0.5


def merged(facts: Facts, dice: Dice) -> Facts:
    """The facts with twins, and when each was merged into the record it is a twin of."""
    return _deals(_contacts(_accounts(facts, dice), dice), dice)


def _twins(
    facts: Facts, kind: str, rows: pd.DataFrame, dice: Dice, share: float
) -> tuple[pd.DataFrame, pd.DataFrame, pd.Series]:
    """First versions of some records again, with own numbers; all merges; twins by number."""
    first = rows.drop_duplicates("number")
    some = first[dice.uniform(first["number"].to_numpy(), f"twin {kind}") < share]
    since = some["created"] + DAY * dice.whole(some["number"].to_numpy(), f"merged {kind}", 30, 120)
    # Twins that nobody has merged yet are no trap that a reader could know of.
    some, since = some[since <= facts.company.end_sec], since[since <= facts.company.end_sec]
    number = int(rows["number"].max()) + 1 + np.arange(len(some))
    of = pd.Series(number, some["number"].to_numpy())
    merges = pd.DataFrame(
        {"kind": kind, "number": number, "survivor": some["number"], "since": since}
    )
    every = pd.concat([facts.merges, merges], ignore_index=True)
    return some.assign(number=number), every, of


def _when(merges: pd.DataFrame, kind: str) -> pd.Series:
    of_kind = merges[merges["kind"] == kind]
    return pd.Series(of_kind["since"].to_numpy(), of_kind["number"].to_numpy())


def _named(numbers: pd.Series, twins: pd.Series, key: Ints, dice: Dice, salt: str) -> pd.Series:
    """Half of what names a record names its twin."""
    twin = numbers.map(twins).where(dice.uniform(key, salt) < STILL_NAMED)
    return twin.fillna(numbers).astype("int64")


def _accounts(facts: Facts, dice: Dice) -> Facts:
    twins, merges, of = _twins(facts, "account", facts.accounts, dice, ACCOUNTS)
    if twins.empty:
        return facts
    twins = twins.assign(name=twins["name"] + " HQ")
    deals, leads = facts.deals, facts.leads
    return replace(
        facts,
        accounts=pd.concat([facts.accounts, twins], ignore_index=True),
        deals=deals.assign(
            account=_named(deals["account"], of, deals["number"].to_numpy(), dice, "its account")
        ),
        leads=leads.assign(
            account=_named(leads["account"], of, leads["number"].to_numpy(), dice, "of lead")
        ),
        merges=merges,
    )


def _contacts(facts: Facts, dice: Dice) -> Facts:
    twins, merges, of = _twins(facts, "contact", facts.contacts, dice, CONTACTS)
    if twins.empty:
        return facts
    since = _when(merges, "contact")

    def told(rows: pd.DataFrame) -> pd.DataFrame:
        named = _named(rows["contact"], of, rows["number"].to_numpy(), dice, "its contact")
        # Only what was filed while there were two.
        is_late = rows["created"] > named.map(since).fillna(np.inf)
        return rows.assign(contact=named.where(~is_late, rows["contact"]))

    return replace(
        facts,
        contacts=pd.concat([facts.contacts, twins], ignore_index=True),
        roles=told(facts.roles),
        entries=told(facts.entries),
        mail=told(facts.mail),
        meetings=told(facts.meetings),
        merges=merges,
    )


def _deals(facts: Facts, dice: Dice) -> Facts:
    """Deals that two people opened within days, one of whom then gives theirs up."""
    own = facts.deals[~facts.deals["is_deleted"].astype(bool)]
    twins, merges, of = _twins(facts, "deal", own, dice, DEALS)
    if twins.empty:
        return facts
    opened = twins["created"] + DAY * dice.whole(twins["number"].to_numpy(), "opened", 1, 6) + 7_200
    twins = twins.assign(created=opened, since=opened, stage_since=np.nan)
    number = int(facts.saves["number"].max()) + 1 + np.arange(len(twins))
    saves = pd.DataFrame(
        {
            "number": number,
            "deal": twins["number"],
            "by": twins["seller"],
            "kind": "create",
            "stage": twins["stage"],
            "amount": twins["amount"],
            "expected_on": twins["expected_on"],
            "created": opened,
            "is_deleted": False,
            "since": opened,
        }
    )
    since = _when(merges, "deal")
    born = pd.Series(opened.to_numpy(), twins["number"].to_numpy())

    def told(rows: pd.DataFrame) -> pd.DataFrame:
        named = _named(rows["deal"], of, rows["number"].to_numpy(), dice, "its deal")
        while_two = rows["created"].between(named.map(born), named.map(since))
        return rows.assign(deal=named.where(while_two, rows["deal"]))

    return replace(
        facts,
        deals=pd.concat([facts.deals, twins], ignore_index=True),
        saves=pd.concat([facts.saves, saves], ignore_index=True),
        entries=told(facts.entries),
        mail=told(facts.mail),
        meetings=told(facts.meetings),
        merges=merges,
    )
