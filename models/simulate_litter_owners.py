"""Deals that pass from one seller to another in the CRM, and what is kept of it.

Who worked on a deal does not change: a seller opens it for the one who then works on it, or a list
is given to another after the fact, and the current row names somebody who never was there.
"""

from dataclasses import replace

import numpy as np
import pandas as pd

from models import simulate_words as words
from models.simulate_company import DAY
from models.simulate_dice import Dice, Flags
from models.simulate_facts import OWNERS, Facts

IS_CLOSED: Flags = np.array([is_closed for _, _, is_closed, _ in words.STAGES])
HANDED_OVER, TERRITORY_AFTER = 0.15, 0.7
HANDED_OVER_DAYS = 20


def handed_over(facts: Facts, dice: Dice) -> Facts:
    """Deals under the owners that the CRM named at each time, and the hand-overs."""
    mess = facts.company.mess
    if facts.company.sellers < 2:
        return facts
    parts = []
    if mess.owner_changes:
        parts.append(_one_by_one(facts, dice))
    if mess.territory_change:
        parts.append(_list(facts))
    owners = pd.concat(parts, ignore_index=True)
    owners = owners.sort_values(["since", "deal"], kind="stable", ignore_index=True)
    owners.insert(0, "number", np.arange(len(owners)))
    owners = owners[list(OWNERS)].astype("int64")
    return replace(facts, deals=_under_owners(facts.deals, owners), owners=owners)


def _one_by_one(facts: Facts, dice: Dice) -> pd.DataFrame:
    """Opened by another seller, and given within weeks to the one who works on it."""
    deals = facts.deals.drop_duplicates("number")
    key = deals["number"].to_numpy()
    closed = facts.deals[IS_CLOSED[facts.deals["stage"]]].groupby("number")["since"].min()
    sec = deals["created"] + DAY * dice.whole(key, "given on", 1, HANDED_OVER_DAYS) + 3_600
    still_open = ~(deals["number"].map(closed) <= sec)
    some = still_open & (sec <= facts.company.end_sec)
    some &= dice.uniform(key, "given") < HANDED_OVER
    many = facts.company.sellers
    before = (deals["seller"] + dice.whole(key, "given by", 1, many - 1)) % many
    return pd.DataFrame(
        {
            "deal": deals["number"],
            "before": before,
            "seller": deals["seller"],
            "by": before,
            "since": sec,
        }
    )[some]


def _list(facts: Facts) -> pd.DataFrame:
    """All that the last seller ever had goes to the first: when they leave, or later on."""
    company, users = facts.company, facts.users
    who = company.sellers - 1
    left = users.loc[(users["number"] == who) & ~users["is_active"].astype(bool), "since"]
    later = company.first_day + int(TERRITORY_AFTER * (company.last_day - company.first_day))
    day = later if left.empty else int(left.min()) // DAY + 3
    deals = facts.deals.drop_duplicates("number")
    theirs = deals[
        (deals["seller"] == who) & (deals["created"] < (day - HANDED_OVER_DAYS - 1) * DAY)
    ]
    operations = int(users.loc[~users["is_automatic"].astype(bool), "number"].max())
    return pd.DataFrame(
        {
            "deal": theirs["number"],
            "before": who,
            "seller": 0,
            "by": operations,
            "since": day * DAY + 54_000 + np.arange(len(theirs)) % 50,
        }
    )


def _under_owners(deals: pd.DataFrame, owners: pd.DataFrame) -> pd.DataFrame:
    """Versions under the owner of their time, and one more for each hand-over."""
    changes = owners[["deal", "since", "seller"]].rename(columns={"seller": "owner"})
    changes = changes.sort_values("since", kind="stable")
    standing = pd.merge_asof(
        changes.rename(columns={"deal": "number"})[["number", "since"]],
        deals.sort_values("since", kind="stable").assign(at=deals["since"]),
        on="since",
        by="number",
    )
    # A list may hold what was opened, in the CRM, a moment after somebody drew it up.
    handed = standing.dropna(subset="at")[deals.columns].astype(deals.dtypes.to_dict())
    every = pd.concat([deals, handed], ignore_index=True)
    every = every.sort_values(["number", "since"], kind="stable", ignore_index=True)
    then = pd.merge_asof(
        every[["number", "since"]].reset_index().sort_values("since", kind="stable"),
        changes,
        on="since",
        left_by="number",
        right_by="deal",
    ).set_index("index")["owner"]
    first = owners.drop_duplicates("deal").set_index("deal")["before"]
    owner = then.reindex(every.index).fillna(every["number"].map(first)).fillna(every["seller"])
    return every.assign(seller=owner.astype("int64"))
