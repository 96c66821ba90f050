"""Mail, calls, meetings and tasks as HubSpot lists them."""

import numpy as np
import pandas as pd

from models.simulate_course import NEVER
from models.simulate_facts import Facts, standing
from models.simulate_hubspot_forms import Table, ids, minute

CONNECTED = "f240bbac-87c9-4f6e-bf70-924b57d47db7"
LEFT_VOICEMAIL = "b2cf5968-551e-4856-9783-52b3da59a7d0"
OUTCOMES = {"": "SCHEDULED", "Held": "COMPLETED", "Canceled": "CANCELED", "No Show": "NO_SHOW"}


def acts(facts: Facts, people: pd.DataFrame, until_sec: int) -> dict[str, Table]:
    """Emails, calls, meetings and tasks; what was deleted is gone."""
    entries = standing(facts.entries, until_sec)
    entries = entries[~entries["is_deleted"].astype(bool)].reset_index(drop=True)
    entries["deal"] = entries["deal"].mask(entries["on_account"].astype(bool), NEVER)
    what = entries["what"]
    meetings = standing(facts.meetings, until_sec)
    return {
        "emails": _emails(facts, people, entries, until_sec),
        "calls": _calls(entries[what == "call"].reset_index(drop=True)),
        "tasks": _tasks(entries[what.isin(["promise", "todo"])].reset_index(drop=True)),
        "meetings": _meetings(meetings[~meetings["is_copy"].astype(bool)].reset_index(drop=True)),
    }


def _beside(rows: pd.DataFrame) -> Table:
    """Whose the act is, and the records it is filed under."""
    return [
        ("hubspot_owner_id", "Activity assigned to", ids("owner", rows["seller"])),
        ("hs_createdate", "Create date", minute(rows["created"])),
        ("hs_lastmodifieddate", "Last modified date", minute(rows["since"])),
        ("Associated Deal IDs", "Associated Deal IDs", ids("deal", rows["deal"])),
        ("Associated Contact IDs", "Associated Contact IDs", ids("contact", rows["contact"])),
        ("Associated Company IDs", "Associated Company IDs", ids("company", rows["account"])),
    ]


def _emails(facts: Facts, people: pd.DataFrame, entries: pd.DataFrame, until_sec: int) -> Table:
    """Mail from a mailbox and from a tool alike; mail to a lead is filed under the person."""
    of_tool = entries[entries["what"] == "tool_email"]
    of_lead = entries[entries["what"] == "lead_email"]
    person = people[people["lead"] != NEVER].set_index("lead")
    of_lead = of_lead.assign(
        contact=person["number"].reindex(of_lead["lead"]).to_numpy(),
        account=person["account"].reindex(of_lead["lead"]).to_numpy(),
    )
    mail = standing(facts.mail, until_sec)
    rows = pd.concat([mail, of_tool, of_lead], ignore_index=True)
    of_mailbox = np.arange(len(rows)) < len(mail)
    own = np.where(of_mailbox, ids("email", rows["number"]), ids("tool_email", rows["number"]))
    ours = standing(facts.users, until_sec)["email"].to_numpy()[rows["seller"].astype(np.int64)]
    theirs = people["email"].to_numpy()[rows["contact"].astype(np.int64)]
    incoming = rows["is_inbound"].astype(bool)
    return [
        ("hs_object_id", "Record ID", own),
        ("hs_timestamp", "Activity date", minute(rows["sec"])),
        ("hs_email_direction", "Email direction", np.where(incoming, "INCOMING_EMAIL", "EMAIL")),
        ("hs_email_status", "Email send status", np.where(incoming, "", "SENT")),
        ("hs_email_subject", "Email subject", rows["subject"]),
        ("hs_email_from_email", "Email from address", np.where(incoming, theirs, ours)),
        ("hs_email_to_email", "Email to address", np.where(incoming, ours, theirs)),
        *_beside(rows),
    ]


def _calls(rows: pd.DataFrame) -> Table:
    voicemail = rows["subject"].str.startswith("Left VM").to_numpy(dtype=bool)
    incoming = rows["is_inbound"].astype(bool)
    return [
        ("hs_object_id", "Record ID", ids("call", rows["number"])),
        ("hs_timestamp", "Activity date", minute(rows["sec"])),
        ("hs_call_title", "Call title", rows["subject"]),
        ("hs_call_direction", "Call direction", np.where(incoming, "INBOUND", "OUTBOUND")),
        ("hs_call_status", "Call status", ["COMPLETED"] * len(rows)),
        ("hs_call_disposition", "Call outcome", np.where(voicemail, LEFT_VOICEMAIL, CONNECTED)),
        ("hs_call_duration", "Call duration (milliseconds)", rows["minutes"] * 60_000),
        ("hs_call_body", "Call notes", rows["note"]),
        *_beside(rows),
    ]


def _tasks(rows: pd.DataFrame) -> Table:
    return [
        ("hs_object_id", "Record ID", ids("task", rows["number"])),
        ("hs_timestamp", "Due date", minute(rows["sec"])),
        ("hs_task_subject", "Task title", rows["subject"]),
        ("hs_task_status", "Task status", np.where(rows["is_done"], "COMPLETED", "NOT_STARTED")),
        ("hs_task_type", "Task type", ["TODO"] * len(rows)),
        ("hs_task_completion_date", "Completed at", minute(rows["done"])),
        ("hs_task_body", "Notes", rows["note"]),
        *_beside(rows),
    ]


def _meetings(rows: pd.DataFrame) -> Table:
    return [
        ("hs_object_id", "Record ID", ids("meeting", rows["number"])),
        ("hs_timestamp", "Activity date", minute(rows["sec"])),
        ("hs_meeting_start_time", "Meeting start time", minute(rows["sec"])),
        ("hs_meeting_end_time", "Meeting end time", minute(rows["sec"] + 60 * rows["minutes"])),
        ("hs_meeting_title", "Meeting name", rows["subject"]),
        ("hs_meeting_outcome", "Meeting outcome", rows["status"].map(OUTCOMES)),
        *_beside(rows),
    ]
