"""Writes a company's facts as HubSpot exports: the lists of records, and the history of properties.

A list tells times to the minute, in UTC, and names columns by internal name or, with labels, as a
person sees them. Only the history of a property knows what it was before, and of its revisions only
the last ones are kept. Deleted records are in no list, opened mail is a count on the mail itself.
"""

from pathlib import Path

import numpy as np
import pandas as pd

from models.simulate_course import NEVER
from models.simulate_dice import Ints, Texts
from models.simulate_facts import Facts, Kind, by_clock, standing
from models.simulate_hubspot_acts import acts
from models.simulate_hubspot_forms import (
    PIPELINE,
    PIPELINE_ID,
    STAGE_IDS,
    STAGES,
    Table,
    associated,
    first_and_last,
    ids,
    instant,
    minute,
    number,
    write,
)
from models.simulate_hubspot_history import REVISIONS, history, stage_entries
from models.simulate_states import HOME

DEAL_TYPES = {
    "New Business": "newbusiness",
    "Existing Business": "existingbusiness",
    "Renewal": "renewal",
}
LEAD_STAGES = {
    "new": ("new-stage-id", "New"),
    "converted": ("qualified-stage-id", "Qualified"),
    "disqualified": ("unqualified-stage-id", "Unqualified"),
}


def write_lists(
    facts: Facts,
    folder: Path,
    until_sec: int,
    *,
    labels: bool = False,
    revisions: int = REVISIONS,
) -> list[Path]:
    """Write an export taken at a moment; with `labels` the lists as a person sees them.

    Lists with labels come without the history of properties, as from somebody who exported what
    is on the screen: the date of the latest entry into each stage is all that is left of it.
    """
    told, told_until = facts, until_sec
    # Lists tell the company's own clock, the history of a property tells UTC.
    facts, until_sec = by_clock(facts), until_sec + 3_600 * facts.company.mess.clock_hours
    deals = standing(facts.deals, until_sec)
    gone = deals["is_deleted"].astype(bool) | deals["number"].isin(
        facts.merged("deal", until_sec).index
    )
    deals = deals[~gone].reset_index(drop=True)
    people = _people(facts, until_sec)
    changes = history(told, deals, told_until)
    tables: dict[str, Table] = {
        "hubspot-crm-exports-all-deals": [
            *_deals(facts, deals, until_sec, labels),
            *_currency(facts, deals),
            *_merged(facts, "deal", "deal", deals, until_sec),
        ],
        "hubspot-crm-exports-all-companies": _companies(facts, until_sec),
        "hubspot-crm-exports-all-contacts": _contacts(facts, people, until_sec),
        "deal-contact-associations": _roles(standing(facts.roles, until_sec), deals),
        "owners": _owners(standing(facts.users, until_sec)),
        "pipelines": _pipelines(),
        "leads": _leads(facts, until_sec, labels),
        "quotes": _quotes(standing(facts.quotes, until_sec)),
        **acts(facts, people, until_sec),
    }
    if labels:
        tables["hubspot-crm-exports-all-deals"] += stage_entries(changes, deals)
    else:
        kept = changes.groupby(["deal", "property"]).tail(revisions)
        tables["deal-property-history"] = [
            ("Object ID", "Object ID", ids("deal", kept["deal"])),
            ("Property", "Property", kept["property"]),
            ("Value", "Value", kept["value"]),
            ("Timestamp", "Timestamp", instant(kept["sec"])),
            ("Change source", "Change source", kept["source"]),
            ("Updated by user ID", "Updated by user ID", ids("user", kept["by"])),
        ]
    folder.mkdir(parents=True, exist_ok=True)
    return [
        write(table, folder / f"{name}.csv", labels=labels)
        for name, table in sorted(tables.items())
    ]


def _people(facts: Facts, until_sec: int) -> pd.DataFrame:
    """Contacts, and those who are only leads: a lead hangs on a person from its first day on."""
    became = facts.leads.groupby("number")["contact"].max()
    leads = facts.leads.drop_duplicates("number")
    of_lead = pd.Series(leads["number"].to_numpy(), became.reindex(leads["number"]).to_numpy())
    of_lead = of_lead[of_lead.index != NEVER]
    met = leads.set_index("number")["created"].reindex(of_lead).set_axis(of_lead.index)
    contacts = facts.contacts.assign(lead=NEVER)
    contacts["created"] = np.fmin(contacts["created"], met.reindex(contacts["number"]).to_numpy())
    contacts["lead"] = of_lead.reindex(contacts["number"], fill_value=NEVER).to_numpy()
    alone = leads[~leads["number"].isin(of_lead)]
    strangers = pd.DataFrame(
        {
            "number": len(contacts) + np.arange(len(alone)),
            "account": NEVER,
            "name": alone["name"],
            "title": None,
            "email": [f"lead{one}@prospect.example" for one in alone["number"]],
            "created": alone["created"],
            "lead": alone["number"],
        }
    )
    everyone = pd.concat([contacts, strangers], ignore_index=True)
    everyone["is_known"] = everyone["created"] <= until_sec
    return everyone


def _deals(facts: Facts, rows: pd.DataFrame, until_sec: int, labels: bool) -> Table:
    stage = STAGES.iloc[rows["stage"]].reset_index(drop=True)
    users = standing(facts.users, until_sec)
    owner: Texts = ids("owner", rows["seller"])
    kind: Texts = rows["kind"].map(DEAL_TYPES).to_numpy()
    chance = (stage["probability"] / 100).map("{:g}".format)
    if labels:
        first, last = first_and_last(users["name"])
        owner = (first + " " + last).to_numpy()[rows["seller"]]
        kind = rows["kind"].to_numpy()
        chance = stage["probability"].astype(str) + "%"
    roles = standing(facts.roles, until_sec)
    company = standing(facts.accounts, until_sec).set_index("number")["name"]
    return [
        ("hs_object_id", "Record ID", ids("deal", rows["number"])),
        ("dealname", "Deal Name", rows["name"]),
        ("dealstage", "Deal Stage", stage["label"] if labels else STAGE_IDS[rows["stage"]]),
        ("pipeline", "Pipeline", PIPELINE if labels else PIPELINE_ID),
        ("amount", "Amount", number(rows["amount"])),
        ("closedate", "Close Date", minute(_close_at(facts, rows, stage["is_closed"], until_sec))),
        ("createdate", "Create Date", minute(rows["created"])),
        ("hs_lastmodifieddate", "Last Modified Date", minute(rows["since"])),
        ("hubspot_owner_id", "Deal owner", owner),
        ("dealtype", "Deal Type", kind),
        ("hs_next_step", "Next step", rows["next_step"]),
        ("closed_lost_reason", "Closed Lost Reason", rows["reason"]),
        ("closed_lost_notes", "Closed Lost Notes", rows["detail"]),
        ("main_competitor", "Main Competitor", rows["rival"]),
        ("recontact_date", "Recontact Date", minute(rows["return_on"] * 86_400).str[:10]),
        ("lead_source", "Lead Source", rows["source"]),
        ("hs_is_closed", "Is Deal Closed?", stage["is_closed"].map({True: "true", False: "false"})),
        ("hs_is_closed_won", "Is Closed Won", stage["is_won"].map({True: "true", False: "false"})),
        ("hs_deal_stage_probability", "Deal Probability", chance),
        (
            "hs_v2_date_entered_current_stage",
            "Date entered current stage",
            minute(rows["stage_since"]),
        ),
        ("Associated Company IDs", "Associated Company IDs", ids("company", rows["account"])),
        (
            "Associated Company",
            "Associated Company",
            company.reindex(rows["account"]).to_numpy(),
        ),
        (
            "Associated Contact IDs",
            "Associated Contact IDs",
            associated("contact", roles["deal"], roles["contact"], rows["number"]),
        ),
    ]


def _close_at(facts: Facts, rows: pd.DataFrame, is_closed: pd.Series, until_sec: int) -> pd.Series:
    """Closing sets the close date to now; who then dates a closing back sets it once more."""
    saves = facts.saves[facts.saves["created"] <= until_sec]
    closed = saves[saves["kind"] == "close"].drop_duplicates("deal", keep="last")
    now = closed.set_index("deal")["created"].reindex(rows["number"]).to_numpy()
    expected = (rows["expected_on"] * 86_400).to_numpy()
    is_now = is_closed.to_numpy() & (now // 86_400 <= expected // 86_400)
    return pd.Series(np.where(is_now, now, expected))


def _currency(facts: Facts, deals: pd.DataFrame) -> Table:
    """The currency of each deal, where there is more than one."""
    if (facts.deals["currency"] == HOME).all():
        return []
    return [("deal_currency_code", "Currency", deals["currency"])]


def _merged(facts: Facts, kind: Kind, noun: str, rows: pd.DataFrame, until_sec: int) -> Table:
    """The ids of all that was merged into each record, where anything was."""
    survivors = facts.merged(kind, until_sec)
    if survivors.empty:
        return []
    label = f"Merged {noun} IDs".title().replace("Ids", "IDs")
    cells = associated(noun, survivors, survivors.index, rows["number"])
    return [("hs_merged_object_ids", label, cells)]


def _companies(facts: Facts, until_sec: int) -> Table:
    rows = standing(facts.accounts, until_sec)
    rows = rows[~rows["number"].isin(facts.merged("account", until_sec).index)]
    rows = rows.reset_index(drop=True)
    return [
        ("hs_object_id", "Record ID", ids("company", rows["number"])),
        ("name", "Company name", rows["name"]),
        ("domain", "Company Domain Name", "a" + rows["number"].astype(str) + ".example"),
        ("industry", "Industry", rows["industry"]),
        ("numberofemployees", "Number of Employees", rows["employees"]),
        ("country", "Country/Region", rows["country"]),
        ("current_supplier", "Current Supplier", rows["incumbent"]),
        ("createdate", "Create Date", minute(rows["created"])),
        ("hs_lastmodifieddate", "Last Modified Date", minute(rows["since"])),
        *_merged(facts, "account", "company", rows, until_sec),
    ]


def _contacts(facts: Facts, people: pd.DataFrame, until_sec: int) -> Table:
    gone = people["number"].isin(facts.merged("contact", until_sec).index)
    rows = people[people["is_known"] & ~gone].reset_index(drop=True)
    first, last = first_and_last(rows["name"])
    return [
        ("hs_object_id", "Record ID", ids("contact", rows["number"])),
        ("firstname", "First Name", first),
        ("lastname", "Last Name", last),
        ("email", "Email", rows["email"]),
        ("jobtitle", "Job Title", rows["title"]),
        ("createdate", "Create Date", minute(rows["created"])),
        ("lastmodifieddate", "Last Modified Date", minute(rows["created"])),
        ("Associated Company IDs", "Associated Company IDs", ids("company", rows["account"])),
        *_merged(facts, "contact", "contact", rows, until_sec),
    ]


def _roles(rows: pd.DataFrame, deals: pd.DataFrame) -> Table:
    rows = rows[rows["deal"].isin(deals["number"])]
    return [
        ("Deal ID", "Deal ID", ids("deal", rows["deal"])),
        ("Contact ID", "Contact ID", ids("contact", rows["contact"])),
        ("Association label", "Association label", rows["role"]),
    ]


def _owners(rows: pd.DataFrame) -> Table:
    rows = rows[~rows["is_automatic"].astype(bool)].reset_index(drop=True)
    first, last = first_and_last(rows["name"])
    return [
        ("Owner ID", "Owner ID", ids("owner", rows["number"])),
        ("User ID", "User ID", ids("user", rows["number"])),
        ("First name", "First name", first),
        ("Last name", "Last name", last),
        ("Email", "Email", rows["email"]),
        ("Team", "Team", rows["team"]),
        ("Archived", "Archived", np.where(rows["is_active"], "false", "true")),
    ]


def _pipelines() -> Table:
    return [
        ("Pipeline ID", "Pipeline ID", [PIPELINE_ID] * len(STAGES)),
        ("Pipeline", "Pipeline", PIPELINE),
        ("Stage ID", "Stage ID", STAGE_IDS),
        ("Stage", "Stage", STAGES["label"]),
        ("Display order", "Display order", np.arange(len(STAGES))),
        ("Is closed", "Is closed", STAGES["is_closed"].map({True: "true", False: "false"})),
        ("Probability", "Probability", (STAGES["probability"] / 100).map("{:g}".format)),
    ]


def _leads(facts: Facts, until_sec: int, labels: bool) -> Table:
    rows = standing(facts.leads, until_sec)
    words = rows["status"].map(lambda status: LEAD_STAGES[status][labels])
    return [
        ("hs_object_id", "Record ID", ids("lead", rows["number"])),
        ("hs_lead_name", "Lead name", rows["name"] + " - " + rows["company"]),
        ("hs_pipeline_stage", "Lead pipeline stage", words),
        ("hubspot_owner_id", "Lead owner", ids("owner", rows["seller"])),
        ("hs_lead_disqualification_reason", "Lead disqualification reason", rows["reason"]),
        ("hs_createdate", "Create Date", minute(rows["created"])),
        ("hs_lastmodifieddate", "Last Modified Date", minute(rows["since"])),
        ("Associated Deal IDs", "Associated Deal IDs", ids("deal", rows["deal"])),
        ("Associated Company IDs", "Associated Company IDs", ids("company", rows["account"])),
    ]


def _quotes(rows: pd.DataFrame) -> Table:
    place: Ints = rows["place"].to_numpy()
    return [
        ("hs_object_id", "Record ID", ids("quote", rows["number"])),
        ("hs_title", "Quote title", "Quote " + pd.Series(place).astype(str)),
        ("hs_quote_amount", "Quote amount", number(rows["net"])),
        ("hs_status", "Quote status", ["APPROVAL_NOT_NEEDED"] * len(rows)),
        ("hs_createdate", "Create Date", minute(rows["created"])),
        ("hs_lastmodifieddate", "Last Modified Date", minute(rows["since"])),
        ("Associated Deal IDs", "Associated Deal IDs", ids("deal", rows["deal"])),
    ]
