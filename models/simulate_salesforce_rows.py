"""The facts of a company as Salesforce objects: what each would hold, under its API names.

A row with `_sec` stands from that moment on. Everything done is a task or an event there: mail is a
message and a task beside it, a tool's mail only a task whose subject says which way it went.
"""

import numpy as np
import pandas as pd

from models import simulate_words as words
from models.simulate_company import DAY
from models.simulate_course import NEVER
from models.simulate_facts import Facts, without
from models.simulate_salesforce_ids import ids
from models.simulate_salesforce_litter import Name, currency, more_objects, with_merges

STAGES = pd.DataFrame(words.STAGES, columns=["label", "probability", "is_closed", "is_won"])
LEAD_STATUS = {
    "new": "Open - Not Contacted",
    "converted": "Closed - Converted",
    "disqualified": "Unqualified",
}
QUOTE_STATUS = {"presented": "Presented", "accepted": "Accepted", "denied": "Denied"}
TASK_TYPES = {
    "call": "Call",
    "tool_email": "Email",
    "copy": "Email",
    "trace": "Email",
    "lead_email": "Email",
}


def objects(facts: Facts) -> dict[str, pd.DataFrame]:
    """Versions of every object; the last two are there only where there is something to tell."""
    facts = without(facts, "deal", np.inf)  # there is no merging of opportunities
    account = _named("Account", facts.accounts)
    contact = _named("Contact", facts.contacts)
    deal = _named("Opportunity", facts.deals)
    user = _named("User", facts.users)
    lead = _named("Lead", facts.leads)
    return {
        "Account": _accounts(with_merges(facts, "account"), account),
        "User": _users(facts.users),
        "Contact": _contacts(with_merges(facts, "contact"), account, contact),
        "OpportunityContactRole": _roles(facts.roles, deal, contact),
        "Lead": _leads(facts.leads, user, account, contact, deal),
        "Opportunity": _opportunities(facts.deals, account, user).assign(**currency(facts)),
        "OpportunityHistory": _history(facts.saves, deal, user),
        "OpportunityStage": _stages(facts),
        "Quote": _quotes(facts.quotes, deal),
        "OpportunityCompetitor": _rivals(facts.rivals, deal),
        "Task": _tasks(facts.entries, user, account, contact, deal, lead),
        "Event": _events(facts.meetings, user, account, contact, deal),
        "EmailMessage": _messages(facts, user, deal),
        **more_objects(facts, user, deal),
    }


def _named(kind: str, versions: pd.DataFrame) -> Name:
    """Ids of records of a kind by number; none for NEVER."""
    many = int(versions["number"].max()) + 1 if len(versions) else 0
    known = np.full(many + 1, None, dtype=object)
    known[:many] = ids(kind, np.arange(many))
    return lambda numbers: known[np.asarray(numbers, dtype=np.int64)]


def _accounts(rows: pd.DataFrame, account: Name) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "Id": ids("Account", rows["number"]).array,
            "IsDeleted": rows["survivor"] != NEVER,
            "MasterRecordId": account(rows["survivor"]),
            "Name": rows["name"],
            "Industry": rows["industry"],
            "NumberOfEmployees": rows["employees"],
            "BillingCountry": rows["country"],
            "Incumbent__c": rows["incumbent"],
            "CreatedDate": rows["created"],
            "LastModifiedDate": rows["since"],
            "_sec": rows["since"],
        }
    )


def _users(rows: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "Id": ids("User", rows["number"]).array,
            "Username": rows["email"],
            "Name": rows["name"],
            "Email": rows["email"],
            "IsActive": rows["is_active"],
            "UserType": np.where(rows["is_automatic"], "AutomatedProcess", "Standard"),
            "Department": rows["team"],
            "Title": rows["title"],
            "CreatedDate": rows["created"],
            "LastModifiedDate": rows["since"],
            "_sec": rows["since"],
        }
    )


def _contacts(rows: pd.DataFrame, account: Name, contact: Name) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "Id": ids("Contact", rows["number"]).array,
            "IsDeleted": rows["survivor"] != NEVER,
            "MasterRecordId": contact(rows["survivor"]),
            "AccountId": account(rows["account"]),
            "Name": rows["name"],
            "Title": rows["title"],
            "Email": rows["email"],
            "CreatedDate": rows["created"],
            "LastModifiedDate": rows["since"],
            "_sec": rows["since"],
        }
    )


def _roles(rows: pd.DataFrame, deal: Name, contact: Name) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "Id": ids("OpportunityContactRole", rows["number"]).array,
            "OpportunityId": deal(rows["deal"]),
            "ContactId": contact(rows["contact"]),
            "Role": rows["role"],
            "IsPrimary": rows["is_primary"],
            "CreatedDate": rows["created"],
            "LastModifiedDate": rows["since"],
            "IsDeleted": False,
            "_sec": rows["since"],
        }
    )


def _leads(
    rows: pd.DataFrame, user: Name, account: Name, contact: Name, deal: Name
) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "Id": ids("Lead", rows["number"]).array,
            "IsDeleted": False,
            "Name": rows["name"],
            "Company": rows["company"],
            "Status": rows["status"].map(LEAD_STATUS),
            "LeadSource": rows["source"],
            "OwnerId": user(rows["seller"]),
            "IsConverted": rows["status"] == "converted",
            "ConvertedDate": rows["converted_on"],
            "ConvertedAccountId": account(rows["account"]),
            "ConvertedContactId": contact(rows["contact"]),
            "ConvertedOpportunityId": deal(rows["deal"]),
            "Disqualified_Reason__c": rows["reason"],
            "CreatedDate": rows["created"],
            "LastModifiedDate": rows["since"],
            "_sec": rows["since"],
        }
    )


def _opportunities(rows: pd.DataFrame, account: Name, user: Name) -> pd.DataFrame:
    stage = STAGES.iloc[rows["stage"]]
    return pd.DataFrame(
        {
            "Id": ids("Opportunity", rows["number"]).array,
            "IsDeleted": rows["is_deleted"],
            "AccountId": account(rows["account"]),
            "Name": rows["name"],
            "StageName": stage["label"].array,
            "Amount": rows["amount"],
            "Probability": stage["probability"].array,
            "CloseDate": rows["expected_on"],
            "Type": rows["kind"],
            "NextStep": rows["next_step"],
            "LeadSource": rows["source"],
            "IsClosed": stage["is_closed"].array,
            "IsWon": stage["is_won"].array,
            "OwnerId": user(rows["seller"]),
            "CreatedDate": rows["created"],
            "LastModifiedDate": rows["since"],
            "LastStageChangeDate": rows["stage_since"],
            "Loss_Reason__c": rows["reason"],
            "Loss_Reason_Details__c": rows["detail"],
            "Competitor__c": rows["rival"],
            "Return_Date__c": rows["return_on"],
            "_sec": rows["since"],
        }
    )


def _history(rows: pd.DataFrame, deal: Name, user: Name) -> pd.DataFrame:
    stage = STAGES.iloc[rows["stage"]]
    return pd.DataFrame(
        {
            "Id": ids("OpportunityHistory", rows["number"]).array,
            "OpportunityId": deal(rows["deal"]),
            "CreatedById": user(rows["by"]),
            "CreatedDate": rows["created"],
            "StageName": stage["label"].array,
            "Amount": rows["amount"],
            "CloseDate": rows["expected_on"],
            "Probability": stage["probability"].array,
            "IsDeleted": rows["is_deleted"],
            "SystemModstamp": rows["since"],
            "_sec": rows["since"],
        }
    )


def _stages(facts: Facts) -> pd.DataFrame:
    order = np.arange(len(STAGES))
    started = facts.company.first_day * DAY
    return pd.DataFrame(
        {
            "Id": ids("OpportunityStage", order),
            "MasterLabel": STAGES["label"],
            "ApiName": STAGES["label"],
            "IsActive": True,
            "SortOrder": order + 1,
            "IsClosed": STAGES["is_closed"],
            "IsWon": STAGES["is_won"],
            "DefaultProbability": STAGES["probability"],
            "CreatedDate": started,
            "_sec": started,
        }
    )


def _quotes(rows: pd.DataFrame, deal: Name) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "Id": ids("Quote", rows["number"]).array,
            "OpportunityId": deal(rows["deal"]),
            "Name": "Quote " + rows["place"].astype(str),
            "Status": rows["status"].map(QUOTE_STATUS),
            "Discount": rows["discount"],
            "TotalPrice": rows["total"],
            "GrandTotal": rows["net"],
            "CreatedDate": rows["created"],
            "LastModifiedDate": rows["since"],
            "IsDeleted": False,
            "_sec": rows["since"],
        }
    )


def _rivals(rows: pd.DataFrame, deal: Name) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "Id": ids("OpportunityCompetitor", rows["number"]).array,
            "OpportunityId": deal(rows["deal"]),
            "CompetitorName": rows["name"],
            "CreatedDate": rows["created"],
            "IsDeleted": False,
            "_sec": rows["since"],
        }
    )


def _tasks(
    rows: pd.DataFrame, user: Name, account: Name, contact: Name, deal: Name, lead: Name
) -> pd.DataFrame:
    is_call = rows["what"] == "call"
    of_lead = rows["lead"] != NEVER
    seller = user(rows["seller"])
    behind = account(rows["account"])
    subtype = np.select([is_call, rows["what"] == "copy"], ["Call", "Email"], "Task")
    return pd.DataFrame(
        {
            "Id": ids("Task", rows["number"]).array,
            "WhoId": np.where(of_lead, lead(rows["lead"]), contact(rows["contact"])),
            "WhatId": np.where(rows["on_account"], behind, deal(rows["deal"])),
            "Subject": rows["prefix"] + rows["subject"],
            "ActivityDate": rows["sec"] // DAY,
            "Status": np.where(rows["is_done"], "Completed", "Not Started"),
            "OwnerId": seller,
            "Type": rows["what"].map(TASK_TYPES),
            "Description": rows["note"],
            "IsDeleted": rows["is_deleted"],
            "AccountId": behind,
            "IsClosed": rows["is_done"],
            "CreatedDate": rows["created"],
            "CreatedById": user(rows["by"]),
            "LastModifiedDate": rows["since"],
            "CallDurationInSeconds": (60.0 * rows["minutes"]).where(is_call),
            "CallType": pd.Series("Outbound", rows.index)
            .mask(rows["is_inbound"].astype(bool), "Inbound")
            .where(is_call),
            "TaskSubtype": subtype,
            "CompletedDateTime": rows["done"],
            "IsRecurrence": False,
            "_sec": rows["since"],
        }
    )


def _events(
    rows: pd.DataFrame, user: Name, account: Name, contact: Name, deal: Name
) -> pd.DataFrame:
    seller = user(rows["seller"])
    return pd.DataFrame(
        {
            "Id": ids("Event", rows["number"]).array,
            "WhoId": contact(rows["contact"]),
            "WhatId": deal(rows["deal"]),
            "Subject": rows["subject"],
            "IsAllDayEvent": False,
            "ActivityDateTime": rows["sec"],
            "ActivityDate": rows["sec"] // DAY,
            "DurationInMinutes": rows["minutes"],
            "StartDateTime": rows["sec"],
            "EndDateTime": rows["sec"] + 60 * rows["minutes"],
            "AccountId": account(rows["account"]),
            "OwnerId": seller,
            "Type": "Meeting",
            "IsChild": rows["is_copy"],
            "IsDeleted": False,
            "CreatedDate": rows["created"],
            "CreatedById": seller,
            "LastModifiedDate": rows["created"],
            "Meeting_Status__c": rows["status"],
            "_sec": rows["since"],
        }
    )


def _messages(facts: Facts, user: Name, deal: Name) -> pd.DataFrame:
    rows = facts.mail
    task = _named("Task", facts.entries)
    address = facts.users.drop_duplicates("number")["email"].to_numpy()[rows["seller"]]
    incoming = rows["is_inbound"]
    return pd.DataFrame(
        {
            "Id": ids("EmailMessage", rows["number"]).array,
            "ActivityId": task(rows["copy"]),
            "RelatedToId": deal(rows["deal"]),
            "FromAddress": np.where(incoming, rows["contact_email"], address),
            "ToAddress": np.where(incoming, address, rows["contact_email"]),
            "Subject": rows["subject"],
            "Incoming": incoming,
            "Status": np.where(incoming, "1", "3"),
            "MessageDate": rows["sec"],
            "IsDeleted": False,
            "IsBounced": False,
            "AutomationType": None,
            "HasAttachment": False,
            "CreatedDate": rows["created"],
            "CreatedById": user(rows["seller"]),
            "_sec": rows["since"],
        }
    )
