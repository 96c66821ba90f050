"""Activities and mail as Pipedrive holds them."""

import numpy as np
import pandas as pd

from models.simulate_course import NEVER
from models.simulate_facts import Facts, standing
from models.simulate_pipedrive_forms import (
    Records,
    clock,
    day,
    ids,
    moment,
    records,
    strangers_from,
)

TYPES = {
    "call": "call",
    "tool_email": "email",
    "lead_email": "email",
    "promise": "task",
    "todo": "task",
}


def activities(facts: Facts, leads: pd.DataFrame, until_sec: int) -> Records:
    """Calls, a tool's mail, tasks and meetings: none of them says who acted on whom."""
    told = pd.concat(
        [_entries(facts, leads, until_sec), _meetings(facts, until_sec)], ignore_index=True
    )
    return records(
        id=told["id"],
        type=told["type"],
        subject=told["subject"],
        due_date=told["due_date"],
        due_time=told["due_time"],
        duration=told["duration"],
        done=told["done"],
        marked_as_done_time=told["done_time"],
        add_time=told["add_time"],
        update_time=told["update_time"],
        user_id=told["user"],
        deal_id=told["deal"],
        lead_id=told["lead"],
        person_id=told["person"],
        org_id=told["organization"],
        note=told["note"],
        active_flag=[True] * len(told),
    )


def _entries(facts: Facts, leads: pd.DataFrame, until_sec: int) -> pd.DataFrame:
    rows = standing(facts.entries, until_sec)
    rows = rows[~rows["is_deleted"].astype(bool) & rows["what"].isin(TYPES)].reset_index(drop=True)
    # What was done with a lead moves with it to the deal that it becomes.
    of_lead = (rows["lead"] != NEVER).to_numpy()
    became = leads.set_index("number")[["deal", "contact", "account"]].reindex(rows["lead"])
    alone = (strangers_from(facts) + rows["lead"]).to_numpy()
    contact = np.where(became["contact"] >= 0, became["contact"], alone)
    deal = np.where(of_lead, became["deal"].fillna(NEVER), rows["deal"])
    deal = np.where(rows["on_account"], NEVER, deal)
    account = np.where(of_lead, became["account"].fillna(NEVER), rows["account"])
    is_lead = of_lead & (deal == NEVER)
    # A task is for a day, the rest has its hour.
    is_task = rows["what"].isin(["promise", "todo"])
    return pd.DataFrame(
        {
            "id": ids("entry", rows["number"]),
            "type": rows["what"].map(TYPES),
            "subject": rows["subject"],
            "due_date": moment(rows["sec"]).str[:10],
            "due_time": clock(rows["sec"]).mask(is_task, ""),
            "duration": _hours(rows["minutes"].where(rows["what"] == "call")),
            "done": rows["is_done"],
            "done_time": moment(rows["done"]),
            "add_time": moment(rows["created"]),
            "update_time": moment(rows["since"]),
            "user": ids("user", rows["seller"]),
            "deal": ids("deal", deal),
            "lead": ids("lead", rows["lead"].where(is_lead, NEVER)),
            "person": ids("person", np.where(of_lead, contact, rows["contact"])),
            "organization": ids("organization", account),
            "note": rows["note"],
        }
    )


def _meetings(facts: Facts, until_sec: int) -> pd.DataFrame:
    """One that was called off is deleted; one to which nobody came was not done."""
    rows = standing(facts.meetings, until_sec)
    kept = ~rows["is_copy"].astype(bool) & (rows["status"] != "Canceled")
    rows = rows[kept].reset_index(drop=True)
    is_held = rows["status"] == "Held"
    return pd.DataFrame(
        {
            "id": ids("meeting", rows["number"]),
            "type": "meeting",
            "subject": rows["subject"],
            "due_date": day(rows["sec"] // 86_400),
            "due_time": clock(rows["sec"]),
            "duration": _hours(rows["minutes"]),
            "done": is_held,
            "done_time": moment((rows["sec"] + 60 * rows["minutes"]).where(is_held)),
            "add_time": moment(rows["created"]),
            "update_time": moment(rows["since"]),
            "user": ids("user", rows["seller"]),
            "deal": ids("deal", rows["deal"]),
            "lead": None,
            "person": ids("person", rows["contact"]),
            "organization": ids("organization", rows["account"]),
            "note": None,
        }
    )


def _hours(minutes: pd.Series) -> pd.Series:
    """A length as hours and minutes."""
    return clock(60 * minutes)


def mail(facts: Facts, until_sec: int) -> tuple[Records, Records]:
    """The messages, and their threads, which know the deal: one a deal."""
    rows = standing(facts.mail, until_sec)
    users = standing(facts.users, until_sec)
    ours = users["email"].to_numpy()[rows["seller"]]
    incoming = rows["is_inbound"].astype(bool)
    person = ids("person", rows["contact"])
    theirs = [
        [{"email_address": address, "linked_person_id": who}]
        for address, who in zip(rows["contact_email"], person, strict=True)
    ]
    own = [[{"email_address": address, "linked_person_id": None}] for address in ours]
    both = list(zip(incoming, theirs, own, strict=True))
    messages = records(
        id=ids("mail_message", rows["number"]),
        mail_thread_id=ids("mail_thread", rows["deal"]),
        subject=rows["subject"],
        message_time=moment(rows["sec"]),
        add_time=moment(rows["created"]),
        update_time=moment(rows["since"]),
        user_id=ids("user", rows["seller"]),
        sent_flag=(~incoming).astype(int),
        draft_flag=[0] * len(rows),
    )
    for message, (is_inbound, buyer, seller) in zip(messages, both, strict=True):
        message["from"], message["to"] = (buyer, seller) if is_inbound else (seller, buyer)
    threads = rows.groupby("deal").agg(many=("number", "size"), last=("sec", "max")).reset_index()
    return messages, records(
        id=ids("mail_thread", threads["deal"]),
        deal_id=ids("deal", threads["deal"]),
        message_count=threads["many"],
        last_message_timestamp=moment(threads["last"]),
    )
