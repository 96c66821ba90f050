"""Writes a company's facts as Pipedrive tells them: lists by label, and dumps of its interface.

A closed deal keeps the stage it was in: that it ended is a status, and there is one kind of lost.
Closing leaves the expected close date alone. Activities have no direction, only mail has; a
meeting called off is deleted, and a lead that became a deal is in the inbox no more.
"""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from models.simulate_course import NEVER
from models.simulate_facts import Facts, by_clock, standing, without
from models.simulate_pipedrive_acts import activities, mail
from models.simulate_pipedrive_forms import (
    CURRENCY,
    ENDED,
    PIPELINE,
    PIPELINE_ID,
    STAGES,
    STATUS,
    Records,
    day,
    ids,
    moment,
    people_of_leads,
    records,
)
from models.simulate_pipedrive_log import changelog, last_open


def write_lists(facts: Facts, folder: Path, until_sec: int) -> list[Path]:
    """Write the lists and dumps taken at a moment.

    Lists tell the company's own clock, dumps tell UTC. Of people merged away nothing is left.
    """
    facts = without(facts, "contact", until_sec)
    clock, clock_until = by_clock(facts), until_sec + 3_600 * facts.company.mess.clock_hours
    deals = standing(facts.deals, until_sec)
    deals = deals[~deals["is_deleted"].astype(bool)].reset_index(drop=True)
    saves = facts.saves[(facts.saves["created"] <= until_sec) & ~facts.saves["is_deleted"]]
    saves = saves[saves["deal"].isin(deals["number"])].reset_index(drop=True)
    leads = standing(facts.leads, until_sec)
    told = standing(clock.deals, clock_until)
    told = told[~told["is_deleted"].astype(bool)].reset_index(drop=True)
    told_saves = by_clock(replace(facts, saves=saves)).saves
    messages, threads = mail(facts, until_sec)
    lists = {
        "deals": _deals(clock, told, told_saves, clock_until),
        "leads": _leads(standing(clock.leads, clock_until), clock),
        "organizations": _organizations(clock, clock_until),
        "persons": _persons(clock, clock_until),
    }
    dumps = {
        "activities": activities(facts, leads, until_sec),
        "deals_changelog": changelog(facts, deals, saves, until_sec),
        "deals_participants": _participants(standing(facts.roles, until_sec), deals),
        "deals_products": _products(standing(facts.quotes, until_sec), deals),
        "mail_messages": messages,
        "mail_threads": threads,
        "pipelines": [{"id": PIPELINE_ID, "name": PIPELINE, "order_nr": 1}],
        "stages": _stages(),
        "users": _users(standing(facts.users, until_sec)),
    }
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for name, table in lists.items():
        paths.append(folder / f"{name}.csv")
        table.to_csv(paths[-1], index=False, lineterminator="\n", encoding="utf-8")
    for name, dump in dumps.items():
        paths.append(folder / f"{name}.json")
        paths[-1].write_text(json.dumps(dump, ensure_ascii=False) + "\n", encoding="utf-8")
    return paths


def _deals(facts: Facts, rows: pd.DataFrame, saves: pd.DataFrame, until_sec: int) -> pd.DataFrame:
    status = STATUS[rows["stage"]]
    is_open = status == "Open"
    before = last_open(saves).reindex(rows["number"])
    closing = saves[saves["kind"] == "close"].drop_duplicates("deal", keep="last")
    closed = closing.set_index("deal").reindex(rows["number"])
    was = STATUS[closed["stage"].fillna(0).astype(np.int64)]
    at = closed["created"].reset_index(drop=True)
    # What has no stage of its own to end in is a reason, and a reason stays on what was reopened.
    label = pd.Series(ENDED[rows["stage"]])
    reason = rows["reason"].where(rows["reason"].notna(), label)
    contact = facts.roles[facts.roles["is_primary"]].drop_duplicates("deal").set_index("deal")
    person = contact["contact"].reindex(rows["number"]).fillna(NEVER).astype(np.int64)
    sellers = standing(facts.users, until_sec)["name"].to_numpy()
    companies = standing(facts.accounts, until_sec).set_index("number")["name"]
    people = facts.contacts.drop_duplicates("number").set_index("number")["name"]
    heard, wrote = _mailed(facts, rows["number"], until_sec)
    survivors = facts.merged("deal", until_sec)
    status = np.where(rows["number"].isin(survivors.index), "Deleted", status)
    return pd.DataFrame(
        {
            "Deal - ID": ids("deal", rows["number"]),
            "Deal - Title": rows["name"],
            "Deal - Owner": sellers[rows["seller"]],
            "Deal - Value": rows["amount"].map("{:.0f}".format),
            "Deal - Currency of Value": rows["currency"],
            "Deal - Probability": None,
            "Deal - Organization": companies.reindex(rows["account"]).to_numpy(),
            "Deal - Organization ID": ids("organization", rows["account"]),
            "Deal - Contact person": people.reindex(person).to_numpy(),
            "Deal - Contact person ID": ids("person", person),
            "Deal - Pipeline": PIPELINE,
            "Deal - Stage": STAGES["label"].to_numpy()[before["stage"].astype(np.int64)],
            "Deal - Status": status,
            "Deal - Deal created": moment(rows["created"]),
            "Deal - Update time": moment(rows["since"]),
            "Deal - Last stage change": moment(before["moved"].reset_index(drop=True)),
            "Deal - Won time": moment(at.where(was == "Won")),
            "Deal - Lost time": moment(at.where(was == "Lost")),
            "Deal - Deal closed on": moment(at.where(~is_open)),
            "Deal - Lost reason": reason.where(status == "Lost"),
            "Deal - Lost reason details": rows["detail"],
            "Deal - Expected close date": day(before["expected_on"].reset_index(drop=True)),
            "Deal - Last email received": moment(heard),
            "Deal - Last email sent": moment(wrote),
            "Deal - Deal type": rows["kind"],
            "Deal - Lead source": rows["source"],
            "Deal - Competitor": rows["rival"],
            "Deal - Return date": day(rows["return_on"]),
            **_merged("Deal", "deal", survivors, rows),
        }
    )


def _merged(noun: str, kind: str, survivors: pd.Series, rows: pd.DataFrame) -> dict[str, Any]:
    """What each record was merged into, where anything was."""
    if survivors.empty:
        return {}
    into = rows["number"].map(survivors).fillna(NEVER).astype(np.int64)
    return {f"{noun} - Merged into ID": ids(kind, into)}


def _mailed(facts: Facts, deals: pd.Series, until_sec: int) -> tuple[pd.Series, pd.Series]:
    """When mail last came in, and last went out."""
    mail = without(facts, "deal", until_sec).mail  # a survivor's includes that of its twins
    sent = mail[mail["created"] <= until_sec]
    latest = sent.groupby(["is_inbound", "deal"])["sec"].max()

    def one_way(is_inbound: bool) -> pd.Series:
        of_deal = latest[latest.index.get_level_values(0) == is_inbound].droplevel(0)
        return of_deal.reindex(deals).astype(float).reset_index(drop=True)

    return one_way(True), one_way(False)


def _leads(rows: pd.DataFrame, facts: Facts) -> pd.DataFrame:
    """The inbox with its archive."""
    rows = rows[rows["status"] != "converted"].reset_index(drop=True)
    is_gone = rows["status"] == "disqualified"
    sellers = facts.users.drop_duplicates("number")["name"].to_numpy()
    return pd.DataFrame(
        {
            "Lead - ID": ids("lead", rows["number"]),
            "Lead - Title": rows["company"] + " lead",
            "Lead - Owner": sellers[rows["seller"]],
            "Lead - Contact person": rows["name"],
            "Lead - Lead created": moment(rows["created"]),
            "Lead - Update time": moment(rows["since"]),
            "Lead - Archive status": np.where(is_gone, "Archived", "Not archived"),
            "Lead - Archive time": moment(rows["since"].where(is_gone)),
            "Lead - Disqualification reason": rows["reason"],
            "Lead - Source origin": "Manually created",
        }
    )


def _organizations(facts: Facts, until_sec: int) -> pd.DataFrame:
    rows = standing(facts.accounts, until_sec)
    survivors = facts.merged("account", until_sec)
    return pd.DataFrame(
        {
            "Organization - ID": ids("organization", rows["number"]),
            "Organization - Name": rows["name"],
            "Organization - Address": rows["country"],
            "Organization - Country of Address": rows["country"],
            "Organization - Industry": rows["industry"],
            "Organization - Number of employees": rows["employees"],
            "Organization - Current supplier": rows["incumbent"],
            "Organization - Organization created": moment(rows["created"]),
            "Organization - Update time": moment(rows["since"]),
            **_merged("Organization", "organization", survivors, rows),
        }
    )


def _persons(facts: Facts, until_sec: int) -> pd.DataFrame:
    rows, accounts = standing(facts.contacts, until_sec), standing(facts.accounts, until_sec)
    leads = standing(facts.leads, until_sec)
    rows = pd.concat([rows, people_of_leads(facts, leads)], ignore_index=True)
    company = accounts.set_index("number")["name"]
    return pd.DataFrame(
        {
            "Person - ID": ids("person", rows["number"]),
            "Person - Name": rows["name"],
            "Person - Organization": company.reindex(rows["account"]).to_numpy(),
            "Person - Organization ID": ids("organization", rows["account"]),
            "Person - Email - Work": rows["email"],
            "Person - Job title": rows["title"],
            "Person - Person created": moment(rows["created"]),
            "Person - Update time": moment(rows["created"]),
        }
    )


def _participants(rows: pd.DataFrame, deals: pd.DataFrame) -> Records:
    rows = rows[rows["deal"].isin(deals["number"])].reset_index(drop=True)
    return records(
        id=ids("participant", rows["number"]),
        related_item_type=["deal"] * len(rows),
        related_item_id=ids("deal", rows["deal"]),
        person_id=ids("person", rows["contact"]),
        add_time=moment(rows["created"]),
        active_flag=[True] * len(rows),
    )


def _products(quotes: pd.DataFrame, deals: pd.DataFrame) -> Records:
    """There are no quotes: the product on a deal has the price last offered for it."""
    first = quotes.drop_duplicates("deal").reset_index(drop=True)
    price = quotes.drop_duplicates("deal", keep="last").set_index("deal")["net"]
    told = price.reindex(first["deal"]).to_numpy()
    return records(
        id=ids("deal_product", first["number"]),
        deal_id=ids("deal", first["deal"]),
        product_id=[1] * len(first),
        item_price=told,
        quantity=[1] * len(first),
        sum=told,
        currency=first["deal"].map(deals.set_index("number")["currency"]).fillna(CURRENCY),
        add_time=moment(first["created"]),
        enabled_flag=[True] * len(first),
    )


def _stages() -> Records:
    open_ones = STAGES[~STAGES["is_closed"]]
    return records(
        id=ids("stage", open_ones.index),
        name=open_ones["label"],
        pipeline_id=[PIPELINE_ID] * len(open_ones),
        order_nr=open_ones.index + 1,
        deal_probability=open_ones["probability"],
        rotten_flag=[False] * len(open_ones),
    )


def _users(rows: pd.DataFrame) -> Records:
    rows = rows[~rows["is_automatic"].astype(bool)].reset_index(drop=True)
    many: list[Any] = [None] * len(rows)
    return records(
        id=ids("user", rows["number"]),
        name=rows["name"],
        email=rows["email"],
        active_flag=rows["is_active"],
        is_admin=(rows["title"] == "Administrator").astype(int),
        default_currency=[CURRENCY for _ in many],
        created=moment(rows["created"]),
        modified=moment(rows["since"]),
    )
