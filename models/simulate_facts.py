"""The facts of a company, whatever CRM holds them: who was there, what was done and put down when.

Records are kept as versions: a row stands from `since` on (epoch seconds), until the next version
of the same `number`. Numbers count the records of a kind from 0 in order of creation, those that
litter adds after all others, and name them wherever another record speaks of them; NEVER stands for
none. Columns ending in `_on` hold
days since 1970-01-01, other times are epoch seconds, NaN where there is none.
"""

from dataclasses import dataclass, field, replace
from typing import Any, Literal

import pandas as pd

from models.simulate_company import Company
from models.simulate_dice import Ints

Kind = Literal["account", "contact", "deal"]
ANSWERS = ("number", "deal", "field", "value", "by", "created", "since")
OWNERS = ("number", "deal", "before", "seller", "by", "since")
NAMED_IN = {
    "contact": ("roles", "leads", "entries", "mail", "meetings"),
    "deal": ("roles", "leads", "quotes", "rivals", "entries", "mail", "meetings", "answers"),
}
CLOCKS = ("since", "created", "stage_since", "sec", "done")


@dataclass(frozen=True, eq=False)
class Facts:
    """All records of a company, one frame of versions a kind.

    accounts: name, industry, employees, country, incumbent, created.
    users: name, email, team, title, is_active, is_automatic, created; sellers come first.
    contacts: account, name, title, email, deal, place, created.
    roles: deal, contact, role, is_primary, created.
    leads: name, company, status (new, converted, disqualified), source, seller, account, contact,
        deal, converted_on, reason, created.
    deals: account, seller, name, kind, source, stage, amount, expected_on, next_step, reason,
        detail, rival, return_on, created, stage_since, is_deleted, currency.
    saves: deal, by, kind, stage, amount, expected_on, is_deleted. What each saving left a deal
        with; `since` of the first version is when.
    quotes: deal, place, status (presented, accepted, denied), discount, total, net, created.
    rivals: deal, name, created.
    entries: what is put on the list of things done and to do. what (call, tool_email, copy, trace,
        lead_email, promise, todo), prefix, subject, contact, lead, deal, account, on_account,
        seller, by, sec (due or done), minutes, is_inbound, is_done, done, note, created,
        is_deleted. A copy is of mail that stands in `mail` too, a trace is a tool's, not a
        person's.
    mail: deal, account, contact, contact_email, seller, subject, is_inbound, sec, created, copy
        (number of the entry).
    meetings: contact, deal, account, seller, subject, sec, minutes, status (empty, Held, Canceled,
        No Show), is_copy (an attendee's), created.
    owners: deal, before, seller, by. Hand-overs, `since` is when.
    answers: deal, field, value, by, created. What sellers filled in of a framework.
    merges: kind (account, contact, deal), survivor. The record `number` of that kind was kept twice
        and is, from `since` on, one with its survivor; some of what names it goes on doing so.
    """

    company: Company
    accounts: pd.DataFrame
    users: pd.DataFrame
    contacts: pd.DataFrame
    roles: pd.DataFrame
    leads: pd.DataFrame
    deals: pd.DataFrame
    saves: pd.DataFrame
    quotes: pd.DataFrame
    rivals: pd.DataFrame
    entries: pd.DataFrame
    mail: pd.DataFrame
    meetings: pd.DataFrame
    owners: pd.DataFrame = field(
        default_factory=lambda: pd.DataFrame({name: pd.Series(dtype="int64") for name in OWNERS})
    )
    merges: pd.DataFrame = field(
        default_factory=lambda: pd.DataFrame(
            {"kind": pd.Series(dtype="object")}
            | {name: pd.Series(dtype="int64") for name in ("number", "survivor", "since")}
        )
    )

    answers: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=list(ANSWERS)))

    def merged(self, kind: Kind, until_sec: float) -> pd.Series:
        """The survivors of records that had been merged away at a moment, by number."""
        done = (self.merges["kind"] == kind) & (self.merges["since"] <= until_sec)
        survivors: pd.Series = self.merges[done].set_index("number")["survivor"]
        return survivors


@dataclass(frozen=True, eq=False)
class People:
    """Those who act, found by deal: what the other records are made with."""

    accounts: pd.DataFrame
    account_name: pd.Series  # by number, gaps included
    users: pd.DataFrame
    contacts: pd.DataFrame
    roles: pd.DataFrame
    leads: pd.DataFrame
    first_contact: Ints  # for each deal of the course, the number of its first contact
    lead: Ints  # for each deal of the course, the number of the lead it came from
    seller_email: pd.Series
    operations: int
    automation: int


def standing(versions: pd.DataFrame, until_sec: int) -> pd.DataFrame:
    """The version of each record that stood at a moment, in order of number."""
    seen = versions[versions["since"] <= until_sec]
    rows = seen.sort_values(["number", "since"], kind="stable")
    return rows.drop_duplicates("number", keep="last").reset_index(drop=True)


def without(facts: Facts, kind: Literal["contact", "deal"], until_sec: float) -> Facts:
    """The same where a CRM leaves nothing of merged records: all that named one names the survivor.

    Of a deal merged away not even its saves and its owners are left.
    """
    survivors = facts.merged(kind, until_sec)
    if survivors.empty:
        return facts
    own = getattr(facts, f"{kind}s")
    changed: dict[str, Any] = {}
    kept = ~own["number"].isin(survivors.index)
    changed[f"{kind}s"] = own[kept].reset_index(drop=True)
    if kind == "deal":
        for name in ("saves", "owners"):
            rows = getattr(facts, name)
            kept = ~rows["deal"].isin(survivors.index)
            changed[name] = rows[kept].reset_index(drop=True)
    for name in NAMED_IN[kind]:
        rows = getattr(facts, name)
        follows = rows[kind].map(survivors)
        changed[name] = rows.assign(**{kind: follows.fillna(rows[kind]).astype("int64")})
    return replace(facts, **changed)


def by_clock(facts: Facts) -> Facts:
    """The same by the clock of the company's lists: all times later by so many hours."""
    ahead = 3_600 * facts.company.mess.clock_hours
    if not ahead:
        return facts
    shifted: dict[str, Any] = {
        name: rows.assign(**{clock: rows[clock] + ahead for clock in CLOCKS if clock in rows})
        for name, rows in vars(facts).items()
        if isinstance(rows, pd.DataFrame)
    }
    return replace(facts, **shifted)
