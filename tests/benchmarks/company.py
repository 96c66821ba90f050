"""A company of any size in the shape of a Salesforce Data Export, written as csv by DuckDB.

`python tests/benchmarks/company.py FOLDER DEALS`. Everything follows from a deal's number by
hashing (company.sql), so that the same size gives the same bytes, and nothing larger than a block
is held in memory. A deal has about 50 acts (tasks, mail, meetings), up to 8 saved states and 3
contacts over a life of some months within three years; a tenth of the deals are open on the last
day. A million deals are 8 GB. Mail has no twin tasks, and nothing is deleted, merged or mistyped.
"""

import sys
from pathlib import Path

import duckdb

ACTS_PER_DEAL = 52
STATES_PER_DEAL = 8
PEOPLE = 3
LAST_DAY = 1_095
STAGES = (
    "Prospecting",
    "Qualification",
    "Needs Analysis",
    "Proposal/Price Quote",
    "Negotiation/Review",
    "Closed Won",
    "Closed Lost",
)
# Shares of acts that are tasks, and tasks or mail; the others are meetings.
TASKS, MAILS = 0.55, 0.88


def _of_acts(first: int, last: int, deals: int) -> str:
    return f"(select i, deal_of(i, {deals}) as deal from range({first}, {last}) as t(i))"


def selects(deals: int) -> dict[str, str]:
    """What each file holds, as SQL over the macros of company.sql."""
    acts = deals * ACTS_PER_DEAL
    tasks, mails = int(acts * TASKS), int(acts * MAILS)
    contact = f"account(deal) * {PEOPLE} + i % {PEOPLE}"
    return {
        "User.csv": """
            select sf_id('005', i, 'AAA') as "Id", 'Seller ' || i as "Name",
                's' || i || '@ours.example' as "Username", 's' || i || '@ours.example' as "Email",
                'true' as "IsActive", 'Standard' as "UserType", 'Team ' || i // 8 as "Department",
                '2023-10-01T08:00:00.000Z' as "CreatedDate"
            from range(sellers()) as t(i)""",
        "OpportunityStage.csv": f"""
            select sf_id('01J', place, 'EAA') as "Id", stage as "MasterLabel", stage as "ApiName",
                'true' as "IsActive", place as "SortOrder", place > 5 as "IsClosed",
                place = 6 as "IsWon",
                case when place = 7 then 0 else least(place * 15, 100) end as "DefaultProbability"
            from (select unnest({list(STAGES)!r}) as stage,
                unnest(range(1, {len(STAGES) + 1})) as place)""",
        "Account.csv": """
            select sf_id('001', i, 'AAA') as "Id", 'Account ' || i as "Name",
                list_extract(['Retail', 'Energy', 'Banking', 'Media'], 1 + i % 4) as "Industry",
                10 + draw('size', i, 5000) as "NumberOfEmployees", 'KR' as "BillingCountry",
                case when i % 3 = 0 then 'Rival ' || i % 7 end as "Incumbent__c",
                '2023-10-01T08:00:00.000Z' as "CreatedDate"
            from range(accounts()) as t(i)""",
        "Contact.csv": f"""
            select sf_id('003', i, 'AAA') as "Id",
                sf_id('001', i // {PEOPLE}, 'AAA') as "AccountId",
                'Buyer ' || i as "Name",
                list_extract(['Chief Financial Officer', 'Head of Operations', 'Analyst'],
                    1 + i % 3) as "Title",
                'b' || i || '@b' || i // {PEOPLE} || '.example' as "Email",
                '2023-10-01T08:00:00.000Z' as "CreatedDate"
            from range(accounts() * {PEOPLE}) as t(i)""",
        "Lead.csv": f"""
            select sf_id('00Q', i, 'EAA') as "Id", 'Lead ' || i as "Name",
                'Account ' || account(deal) as "Company",
                case when is_converted then 'Closed - Converted' else 'Unqualified' end as "Status",
                'Web' as "LeadSource", sf_id('005', owner(deal), 'AAA') as "OwnerId",
                is_converted as "IsConverted",
                case when is_converted then day_text(born(deal)) end as "ConvertedDate",
                case when is_converted then sf_id('001', account(deal), 'AAA') end
                    as "ConvertedAccountId",
                case when is_converted then sf_id('006', deal, 'AAA') end
                    as "ConvertedOpportunityId",
                case when not is_converted then 'Not a fit' end as "Disqualified_Reason__c",
                moment(workday(greatest(born(deal) - 5, 0)), 'lead', i) as "CreatedDate",
                moment(born(deal), 'led', i) as "LastModifiedDate"
            from (select i, i * 2 as deal, i % 2 = 0 as is_converted
                from range({deals // 2}) as t(i))""",
        "Opportunity.csv": f"""
            select sf_id('006', deal, 'AAA') as "Id",
                sf_id('001', account(deal), 'AAA') as "AccountId",
                'Deal ' || deal as "Name", stage(deal, last_save(deal)) as "StageName",
                amount_at(deal, last_save(deal)) as "Amount",
                day_text(close_on(deal, last_save(deal))) as "CloseDate",
                'New Business' as "Type",
                list_extract(['Web', 'Referral', 'Trade Show', 'Partner'], 1 + deal % 4)
                    as "LeadSource",
                is_closed(deal) as "IsClosed",
                is_closed(deal) and fate(deal) = 'won' as "IsWon",
                case when is_closed(deal) and fate(deal) <> 'won' then reason(deal) end
                    as "Loss_Reason__c",
                case when is_closed(deal) and fate(deal) = 'let go' and deal % 3 = 0
                    then day_text(ends(deal) + 180) end as "Return_Date__c",
                case when deal % 5 < 3 and last_save(deal) > 2 then 'true' else 'false' end
                    as "MEDDPICC_Champion__c",
                sf_id('005', owner(deal), 'AAA') as "OwnerId",
                moment(born(deal), 'born', deal) as "CreatedDate",
                moment(least(ends(deal), {LAST_DAY}), 'ended', deal) as "LastModifiedDate"
            from range({deals}) as t(deal)""",
        "OpportunityHistory.csv": f"""
            select sf_id('008', deal * {STATES_PER_DEAL} + save, 'AAA') as "Id",
                sf_id('006', deal, 'AAA') as "OpportunityId",
                sf_id('005', owner(deal), 'AAA') as "CreatedById",
                moment(saved_on(deal, save), case save when 0 then 'born' when 7 then 'ended'
                    else 'save' || save end, deal) as "CreatedDate",
                stage(deal, save) as "StageName", amount_at(deal, save) as "Amount",
                day_text(close_on(deal, save)) as "CloseDate"
            from range({deals}) as t(deal), range({STATES_PER_DEAL}) as s(save)
            where saved_on(deal, save) <= {LAST_DAY}""",
        "OpportunityFieldHistory.csv": f"""
            select sf_id('017', deal, 'AAA') as "Id", sf_id('006', deal, 'AAA') as "OpportunityId",
                sf_id('005', owner(deal), 'AAA') as "CreatedById",
                moment(saved_on(deal, 3), 'field', deal) as "CreatedDate",
                'MEDDPICC_Champion__c' as "Field", 'false' as "OldValue", 'true' as "NewValue"
            from range({deals}) as t(deal)
            where deal % 5 < 3 and last_save(deal) > 2""",
        "OpportunityContactRole.csv": f"""
            select sf_id('00K', deal * {PEOPLE} + i, 'EAA') as "Id",
                sf_id('006', deal, 'AAA') as "OpportunityId",
                sf_id('003', {contact}, 'AAA') as "ContactId",
                list_extract(['Decision Maker', 'Influencer', 'Evaluator'], 1 + i) as "Role",
                i = 0 as "IsPrimary",
                moment(workday(born(deal) + warm(deal) * i // 4), 'role', deal * {PEOPLE} + i)
                    as "CreatedDate"
            from range({deals}) as t(deal), range({PEOPLE}) as s(i)
            where born(deal) + warm(deal) * i // 4 <= {LAST_DAY}""",
        "OpportunityCompetitor.csv": f"""
            select sf_id('00J', deal, 'EAA') as "Id", sf_id('006', deal, 'AAA') as "OpportunityId",
                'Rival ' || draw('rival', deal, 7) as "CompetitorName",
                moment(saved_on(deal, 2), 'rival', deal) as "CreatedDate"
            from range({deals}) as t(deal)
            where deal % 4 = 0 and saved_on(deal, 2) <= {LAST_DAY}""",
        "Quote.csv": f"""
            select sf_id('0Q0', deal * 2 + i, 'CAA') as "Id",
                sf_id('006', deal, 'AAA') as "OpportunityId", 'Quote ' || i as "Name",
                'Presented' as "Status", 0 as "Discount",
                amount(deal) as "TotalPrice", amount(deal) as "GrandTotal",
                moment(saved_on(deal, 4 + i), 'quote', deal * 2 + i) as "CreatedDate"
            from range({deals}) as t(deal), range(2) as s(i)
            where deal % (2 + 2 * i) = 0 and depth(deal) > 1
                and saved_on(deal, 4 + i) <= {LAST_DAY}""",
        # A task of the weeks after the last day is a promise that is still open.
        "Task.csv": f"""
            select sf_id('00T', i, 'EAA') as "Id",
                case when i % 2 = 0 then sf_id('003', {contact}, 'AAA') end as "WhoId",
                sf_id('006', deal, 'AAA') as "WhatId",
                list_extract(['Call about the offer', 'Email: our proposal, revised',
                    'Send the contract', 'Left voicemail', 'Demo follow-up'],
                    1 + draw('subject', i, 5)) || ' ' || i % 997 as "Subject",
                day_text(day) as "ActivityDate",
                case when day <= {LAST_DAY} then 'Completed' else 'Not Started' end as "Status",
                sf_id('005', owner(deal), 'AAA') as "OwnerId",
                case when i % 2 = 0 then 'Call' else 'Task' end as "TaskSubtype",
                case when i % 8 = 0 then 'Inbound' when i % 2 = 0 then 'Outbound' end as "CallType",
                moment(case when day <= {LAST_DAY} then day else workday(day - 14) end, 'at', i)
                    as "CreatedDate"
            from (select i, deal, case when i % 8 = 0 then theirs_on(i, deal)
                else ours_on(i, deal) end as day from {_of_acts(0, tasks, deals)})
            where day <= {LAST_DAY} or (day <= {LAST_DAY} + 14 and born(deal) < day - 14)""",
        "EmailMessage.csv": f"""
            select sf_id('02s', i, 'AAA') as "Id", sf_id('006', deal, 'AAA') as "RelatedToId",
                case when i % 3 = 0 then 'b' || {contact} || '@b' || account(deal) || '.example'
                    else 's' || owner(deal) || '@ours.example' end as "FromAddress",
                list_extract(['Re: our talk', 'The next step', 'Offer attached'], 1 + i % 3)
                    || ' ' || i % 997 as "Subject",
                i % 3 = 0 as "Incoming", '3' as "Status", moment(day, 'at', i) as "MessageDate"
            from (select i, deal, case when i % 3 = 0 then theirs_on(i, deal)
                else ours_on(i, deal) end as day from {_of_acts(tasks, mails, deals)})
            where day <= {LAST_DAY}""",
        "Event.csv": f"""
            select sf_id('00U', i, 'EAA') as "Id", sf_id('003', {contact}, 'AAA') as "WhoId",
                sf_id('006', deal, 'AAA') as "WhatId", 'Meeting ' || i % 997 as "Subject",
                sf_id('005', owner(deal), 'AAA') as "OwnerId",
                moment(day, 'at', i) as "StartDateTime", moment(day, 'at', i) as "EndDateTime",
                30 * (1 + i % 3) as "DurationInMinutes",
                moment(workday(greatest(day - 3, born(deal))), 'booked', i) as "CreatedDate"
            from (select i, deal, theirs_on(i, deal) as day from {_of_acts(mails, acts, deals)})
            where day <= {LAST_DAY}""",
    }


def write(folder: Path, deals: int) -> int:
    """Write the files of a company with this many deals; their bytes."""
    folder.mkdir(parents=True, exist_ok=True)
    with duckdb.connect() as con:
        con.execute(
            "set TimeZone = 'UTC'; set memory_limit = '2GB'; set enable_progress_bar = false"
        )
        for name, value in (
            ("sellers", max(25, deals // 100)),
            ("accounts", max(10, deals // 3)),
            ("last_day", LAST_DAY),
        ):
            con.execute(f"create macro {name}() as {value}")
        con.execute(Path(__file__).with_suffix(".sql").read_text(encoding="utf-8"))
        for name, select in selects(deals).items():
            con.execute(f"copy ({select}) to '{folder / name}' (format csv, header)")
    return sum(path.stat().st_size for path in folder.iterdir())


if __name__ == "__main__":
    size = write(Path(sys.argv[1]), int(sys.argv[2]))
    print(f"{size / 1e9:.2f} GB")
