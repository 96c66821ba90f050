"""Litter strewn over the finished facts: records change, what happened and its truth do not.

What is added is numbered after all else, so that a record has the same number with it and without.
"""

from dataclasses import replace

import numpy as np
import pandas as pd

from models import simulate_words as words
from models.simulate_company import DAY
from models.simulate_course import NEVER
from models.simulate_dice import Dice, Flags, Ints
from models.simulate_facts import Facts
from models.simulate_litter_merges import merged
from models.simulate_litter_owners import handed_over

AHEAD, BACK = 7_305, -36_525  # days by which a mistyped year is off
PROPOSED = "Price"  # by the form, as the reason of a loss
MAIL_SINCE = 0.4  # of the time
# Units of each currency for one of the company's own, and the team that sells in it.
RATES = {"EUR": ("Europe", 0.9), "KRW": ("Seoul", 1350.0)}
MAIL = ("copy", "trace", "tool_email", "lead_email")
IS_CLOSED: Flags = np.array([is_closed for _, _, is_closed, _ in words.STAGES])


def littered(facts: Facts) -> Facts:
    """The facts of a company with the litter that its mess asks for."""
    mess = facts.company.mess
    dice = Dice(facts.company.seed, "litter")
    for switch, strew in (
        (mess.late_mail, _late_mail),
        (mess.order_entries, _order_entries),
        (mess.mistaken_wins, _mistaken_wins),
        (mess.default_reasons, _default_reasons),
        (mess.wild_dates, _wild_dates),
        (mess.currencies, _currencies),
        (mess.merged_records, merged),
        (mess.owner_changes or mess.territory_change, handed_over),
        (mess.limited_sharing, _limited_sharing),
    ):
        if switch:
            facts = strew(facts, dice)
    return facts


def _late_mail(facts: Facts, dice: Dice) -> Facts:
    """Before the mailboxes were joined to the CRM no mail is on record."""
    company = facts.company
    days = company.last_day - company.first_day
    joined = (company.first_day + int(MAIL_SINCE * days)) * DAY
    entries = facts.entries
    unseen = entries["what"].isin(MAIL) & (entries["sec"] < joined)
    mail = facts.mail[facts.mail["sec"] >= joined]
    return replace(
        facts,
        mail=mail.reset_index(drop=True),
        entries=entries[~unseen].reset_index(drop=True),
    )


def _order_entries(facts: Facts, dice: Dice) -> Facts:
    """Orders of old customers, typed in as deals on the day they come and won at once."""
    deals = facts.deals.drop_duplicates("number")
    some = deals[dice.uniform(deals["number"].to_numpy(), "orders") < 0.03]
    sec = some["created"] // DAY * DAY + DAY * dice.whole(some["number"].to_numpy(), "after", 5, 90)
    number = int(facts.deals["number"].max()) + 1 + np.arange(len(some))
    saved = int(facts.saves["number"].max()) + 1 + np.arange(2 * len(some))
    typed = some.assign(
        number=number,
        name=some["name"] + " order",
        stage=1,
        expected_on=(sec // DAY).astype(float),
        reason=None,
        created=sec + 36_000,
        stage_since=np.nan,
        is_deleted=False,
        since=sec + 36_000,
    )
    won = typed.assign(
        stage=words.CLOSED_WON, stage_since=(sec + 43_200).astype(float), since=sec + 43_200
    )
    made = pd.concat([typed, won], ignore_index=True).sort_values(
        ["number", "since"], kind="stable", ignore_index=True
    )
    saves = pd.DataFrame(
        {
            "number": saved,
            "deal": made["number"],
            "by": made["seller"],
            "kind": np.where(IS_CLOSED[made["stage"]], "close", "create"),
            "stage": made["stage"],
            "amount": made["amount"],
            "expected_on": made["expected_on"],
            "created": made["since"],
            "is_deleted": False,
            "since": made["since"],
        }
    )
    return replace(
        facts,
        deals=pd.concat([facts.deals, made], ignore_index=True),
        saves=pd.concat([facts.saves, saves], ignore_index=True),
    )


def _mistaken_wins(facts: Facts, dice: Dice) -> Facts:
    """Somebody drops a card on 'won', and drags it back half an hour later."""
    saves = facts.saves[~facts.saves["is_deleted"].astype(bool)]
    after = saves.groupby("deal")["created"].shift(-1).fillna(facts.company.end_sec)
    quiet = ~IS_CLOSED[saves["stage"]] & (after - saves["created"] > 5 * DAY)
    at = saves[quiet & (dice.uniform(saves["number"].to_numpy(), "slips") < 0.02)]
    at = at.drop_duplicates("deal")
    sec = at["created"] // DAY * DAY + 2 * DAY + 36_000
    number = int(facts.saves["number"].max()) + 1 + np.arange(2 * len(at))
    slip = at.assign(
        kind="close",
        stage=words.CLOSED_WON,
        expected_on=(sec // DAY).astype(float),
        created=sec,
        since=sec,
    )
    back = at.assign(kind="create", created=sec + 1_800, since=sec + 1_800)
    both = pd.concat([slip, back], ignore_index=True).assign(number=number)
    standing = pd.merge_asof(
        both[["deal", "since", "stage", "expected_on"]].sort_values("since", kind="stable"),
        facts.deals.drop(columns=["stage", "expected_on"]).sort_values("since", kind="stable"),
        on="since",
        left_by="deal",
        right_by="number",
    )
    versions = standing.assign(stage_since=standing["since"].astype(float))[facts.deals.columns]
    return replace(
        facts,
        saves=_in_order(pd.concat([facts.saves, both], ignore_index=True), "deal"),
        deals=_in_order(pd.concat([facts.deals, versions], ignore_index=True), "number"),
    )


def _in_order(versions: pd.DataFrame, of: str) -> pd.DataFrame:
    return versions.sort_values([of, "since"], kind="stable", ignore_index=True)


def _default_reasons(facts: Facts, dice: Dice) -> Facts:
    """The form proposes a reason, and most people leave it at that."""
    deals = facts.deals
    is_lost = deals["stage"].isin([words.CLOSED_LOST, words.CLOSED_NO_DECISION])
    leaves = is_lost & (dice.uniform(deals["number"].to_numpy(), "leaves it") < 0.75)
    return replace(facts, deals=deals.assign(reason=deals["reason"].mask(leaves, PROPOSED)))


def _wild_dates(facts: Facts, dice: Dice) -> Facts:
    """Years mistyped: close dates of open deals, and days of calls, far ahead or a century ago."""
    first = facts.saves.drop_duplicates("deal").set_index("deal")["expected_on"]

    def off(numbers: Ints, share: float) -> Ints:
        draw = dice.uniform(numbers, "mistyped")
        days: Ints = np.select([draw < share / 2, draw < share], [AHEAD, BACK], 0)
        return days

    def mistyped(rows: pd.DataFrame, deal: str) -> pd.DataFrame:
        at_first = rows["expected_on"].eq(rows[deal].map(first)) & ~IS_CLOSED[rows["stage"]]
        days = off(rows[deal].to_numpy(), 0.06) * at_first
        return rows.assign(expected_on=rows["expected_on"] + days)

    entries = facts.entries
    days = off(entries["number"].to_numpy(), 0.01) * (entries["what"] == "call")
    return replace(
        facts,
        deals=mistyped(facts.deals, "number"),
        saves=mistyped(facts.saves, "deal"),
        entries=entries.assign(sec=entries["sec"] + DAY * days),
    )


def _currencies(facts: Facts, dice: Dice) -> Facts:
    """Two teams sell in their own currency, at rates that never move."""
    team = facts.users.drop_duplicates("number").set_index("number")["team"]
    of_team = {name: currency for currency, (name, _) in RATES.items()}
    first = facts.deals.drop_duplicates("number").set_index("number")
    currency = first["seller"].map(team).map(of_team).fillna(first["currency"])
    rate = currency.map({name: rate for name, (_, rate) in RATES.items()}).fillna(1.0)

    def told(rows: pd.DataFrame, deal: str, *columns: str) -> pd.DataFrame:
        units = rows[deal].map(rate)
        return rows.assign(**{name: (rows[name] * units).round(2) for name in columns})

    return replace(
        facts,
        deals=told(facts.deals, "number", "amount").assign(
            currency=facts.deals["number"].map(currency)
        ),
        saves=told(facts.saves, "deal", "amount"),
        quotes=told(facts.quotes, "deal", "total", "net"),
    )


def _limited_sharing(facts: Facts, dice: Dice) -> Facts:
    """Who draws the export sees the deals of the first seller; accounts and people are for all."""
    last = facts.deals.sort_values("since", kind="stable").drop_duplicates("number", keep="last")
    seen = {NEVER, *last.loc[last["seller"] == 0, "number"]}

    def shared(rows: pd.DataFrame, deal: str = "deal") -> pd.DataFrame:
        return rows[rows[deal].isin(seen)].reset_index(drop=True)

    return replace(
        facts,
        deals=shared(facts.deals, "number"),
        saves=shared(facts.saves),
        leads=shared(facts.leads),
        roles=shared(facts.roles),
        quotes=shared(facts.quotes),
        rivals=shared(facts.rivals),
        entries=shared(facts.entries),
        mail=shared(facts.mail),
        meetings=shared(facts.meetings),
        owners=shared(facts.owners),
        merges=facts.merges[(facts.merges["kind"] != "deal") | facts.merges["number"].isin(seen)],
    )
