"""A company of any size in the shape of a Salesforce Data Export, written as csv by DuckDB.

Everything follows from a deal's number by hashing, so that the same size gives the same bytes, and
nothing larger than a block is held in memory. A deal has about 50 acts (tasks, mail, meetings), 8
saved states and 3 contact roles over a life of some months, within three years.
"""

import sys
from pathlib import Path

import duckdb

ACTS_PER_DEAL = 50
STATES_PER_DEAL = 8
ROLES_PER_DEAL = 3
START = "timestamp '2023-11-01 08:00:00'"
DAYS = 1_096
STAGES = (
    "Prospecting",
    "Qualification",
    "Needs Analysis",
    "Proposal/Price Quote",
    "Negotiation/Review",
    "Closed Won",
    "Closed Lost",
)


def _id(prefix: str, number: str) -> str:
    """An id of 18 characters: its check letters say which of the first 15 are capitals."""
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
    capitals = sum(1 << place for place, letter in enumerate(prefix) if letter.isupper())
    return f"'{prefix}' || lpad(cast({number} as varchar), 12, '0') || '{letters[capitals]}AA'"


def _draw(seed: str, number: str, upto: str | int) -> str:
    """A whole number from 0 to `upto` - 1 that a seed and a number decide."""
    return f"cast(hash('{seed}', {number}) % {upto} as bigint)"


def _when(deal: str, share: str) -> str:
    """A moment in a deal's life, a thousandth of it for each unit of `share`."""
    born = _draw("born", deal, DAYS * 86_400)
    life = f"(86400 * (20 + {_draw('life', deal, 240)}))"
    end = f"{DAYS * 86_400 - 1}"
    return f"{START} + to_seconds(least({born} + {life} * ({share}) // 1000, {end}))"


def _stamp(moment: str) -> str:
    return f"strftime({moment}, '%Y-%m-%dT%H:%M:%S.000Z')"


def selects(deals: int) -> dict[str, str]:
    """What each file holds, as SQL."""
    sellers = max(20, deals // 400)
    accounts = max(10, deals * 4 // 5)
    acts = deals * ACTS_PER_DEAL
    owner = _draw("owner", "deal", sellers)
    act_deal = f"(i * 7919 + 13) % {deals}"
    account = f"deal % {accounts}"
    acted = _when("deal", _draw("act", "i", 1000))
    stage = f"list_extract({list(STAGES)!r}, 1 + {_draw('stage', 'deal', len(STAGES))})"
    of_act = f"(select i, {act_deal} as deal from range({{first}}, {{last}}) as t(i))"
    tasks, mails = acts * 6 // 10, acts * 9 // 10
    task_rows = of_act.format(first=0, last=tasks)
    mail_rows = of_act.format(first=tasks, last=mails)
    event_rows = of_act.format(first=mails, last=acts)
    saved = f"list_extract({list(STAGES[:-2])!r}, 1 + least(4, save // 2))"
    return {
        "User.csv": f"""
            select {_id("005", "i")} as "Id", 'Seller ' || i as "Name",
                'seller' || i || '@ours.example' as "Username",
                'seller' || i || '@ours.example' as "Email", 'true' as "IsActive",
                'Standard' as "UserType", 'Team ' || i % 12 as "Department",
                {_stamp(START)} as "CreatedDate", {_stamp(START)} as "SystemModstamp"
            from range({sellers}) as t(i)""",
        "OpportunityStage.csv": f"""
            select {_id("01J", "place")} as "Id", stage as "MasterLabel", stage as "ApiName",
                'true' as "IsActive", place as "SortOrder", place > 5 as "IsClosed",
                place = 6 as "IsWon", least(place * 15, 100) as "DefaultProbability"
            from (select unnest({list(STAGES)!r}) as stage,
                unnest(range(1, {len(STAGES) + 1})) as place)""",
        "Account.csv": f"""
            select {_id("001", "i")} as "Id", 'Account ' || i as "Name",
                list_extract(['Retail', 'Energy', 'Banking', 'Media'], 1 + i % 4) as "Industry",
                {_draw("size", "i", 5000)} as "NumberOfEmployees", 'KR' as "BillingCountry",
                {_stamp(START)} as "CreatedDate", {_stamp(START)} as "SystemModstamp"
            from range({accounts}) as t(i)""",
        "Opportunity.csv": f"""
            select {_id("006", "deal")} as "Id", 'false' as "IsDeleted",
                {_id("001", account)} as "AccountId", 'Deal ' || deal as "Name",
                {stage} as "StageName", 1000 + {_draw("amount", "deal", 90000)} as "Amount",
                cast({_when("deal", "900")} as date) as "CloseDate",
                'New Business' as "Type", 'Web' as "LeadSource",
                {stage} like 'Closed%' as "IsClosed", {stage} = 'Closed Won' as "IsWon",
                case when {stage} = 'Closed Lost' then list_extract(['No response', 'Price',
                    'Lost to competitor', 'Not a fit'], 1 + deal % 4) end as "Loss_Reason__c",
                {_id("005", owner)} as "OwnerId", {_stamp(_when("deal", "0"))} as "CreatedDate",
                {_stamp(_when("deal", "1000"))} as "SystemModstamp"
            from range({deals}) as t(deal)""",
        "OpportunityHistory.csv": f"""
            select {_id("008", f"deal * {STATES_PER_DEAL} + save")} as "Id",
                {_id("006", "deal")} as "OpportunityId", {_id("005", owner)} as "CreatedById",
                {_stamp(_when("deal", f"save * {1000 // STATES_PER_DEAL}"))} as "CreatedDate",
                case when save = {STATES_PER_DEAL - 1} then {stage} else {saved} end as "StageName",
                1000 + {_draw("amount", "deal", 90000)} as "Amount",
                cast({_when("deal", "900")} as date) + cast(save // 3 * 30 as integer)
                    as "CloseDate", least(save * 12, 90) as "Probability", 'false' as "IsDeleted"
            from range({deals}) as t(deal), range({STATES_PER_DEAL}) as s(save)""",
        "OpportunityContactRole.csv": f"""
            select {_id("00K", f"deal * {ROLES_PER_DEAL} + person")} as "Id",
                {_id("006", "deal")} as "OpportunityId",
                {_id("003", f"deal % {accounts} * {ROLES_PER_DEAL} + person")} as "ContactId",
                list_extract(['Decision Maker', 'Influencer', 'Evaluator'], 1 + person) as "Role",
                person = 0 as "IsPrimary",
                {_stamp(_when("deal", "person * 200"))} as "CreatedDate", 'false' as "IsDeleted"
            from range({deals}) as t(deal), range({ROLES_PER_DEAL}) as s(person)""",
        "Task.csv": f"""
            select {_id("00T", "i")} as "Id",
                {_id("003", f"deal % {accounts} * {ROLES_PER_DEAL} + i % {ROLES_PER_DEAL}")}
                    as "WhoId", {_id("006", "deal")} as "WhatId",
                list_extract(['Call about the offer', 'Email: our proposal, revised',
                    'Send the contract', 'Left voicemail'], 1 + {_draw("subject", "i", 4)})
                    || ' ' || i % 9973 as "Subject",
                cast({acted} as date) as "ActivityDate", 'Completed' as "Status",
                {_id("005", owner)} as "OwnerId", 'true' as "IsClosed",
                {_stamp(acted)} as "CreatedDate", {_stamp(acted)} as "SystemModstamp",
                list_extract(['Call', 'Task'], 1 + i % 2) as "TaskSubtype",
                case when i % 2 = 0 then list_extract(['Outbound', 'Inbound'],
                    1 + {_draw("way", "i", 2)}) end as "CallType"
            from {task_rows}""",
        "EmailMessage.csv": f"""
            select {_id("02s", "i")} as "Id", {_id("006", "deal")} as "RelatedToId",
                case when i % 3 = 0 then 'buyer' || {account} || '@buyer.example'
                    else 'seller' || {owner} || '@ours.example' end as "FromAddress",
                list_extract(['Re: our talk', 'The next step', 'Offer attached'], 1 + i % 3)
                    || ' ' || i % 9973 as "Subject",
                i % 3 = 0 as "Incoming", '3' as "Status", {_stamp(acted)} as "MessageDate",
                {_stamp(acted)} as "CreatedDate", 'false' as "IsDeleted"
            from {mail_rows}""",
        "Event.csv": f"""
            select {_id("00U", "i")} as "Id", {_id("006", "deal")} as "WhatId",
                'Meeting ' || i % 9973 as "Subject", {_id("005", owner)} as "OwnerId",
                {_stamp(f"{acted} + interval 2 day")} as "StartDateTime",
                {_stamp(f"{acted} + interval 49 hour")} as "EndDateTime",
                60 as "DurationInMinutes", 'false' as "IsChild", 'false' as "IsDeleted",
                {_stamp(acted)} as "CreatedDate", {_stamp(acted)} as "SystemModstamp"
            from {event_rows}""",
    }


def write(folder: Path, deals: int) -> int:
    """Write the files of a company with this many deals; their bytes."""
    folder.mkdir(parents=True, exist_ok=True)
    with duckdb.connect() as con:
        con.execute(
            "set TimeZone = 'UTC'; set memory_limit = '4GB'; set enable_progress_bar = false"
        )
        for name, select in selects(deals).items():
            con.execute(f"copy ({select}) to '{folder / name}' (format csv, header)")
    return sum(path.stat().st_size for path in folder.iterdir())


if __name__ == "__main__":
    size = write(Path(sys.argv[1]), int(sys.argv[2]))
    print(f"{size / 1e9:.2f} GB")
