"""Salesforce exports, reports and landings in the core shape: one golden export for each layout."""

import csv
import shutil
from pathlib import Path

import pytest

from pipelines import tables

EXPORTS = Path(__file__).parent / "exports" / "salesforce"
LAYOUTS = (
    "data_export",
    "data_loader",
    "report",
    "report_names",
    "fivetran",
    "fivetran_history",
    "airbyte",
    "dlt",
    "singer",
)
DEALS = """
    select source_id, account_id, seller_id, pipeline, stage, is_closed, is_won, amount,
        cast(close_on as varchar), history_level, has_own_id
    from crm.deals order by deal_id
"""
STATES = """
    select replace(s.deal_id, 'salesforce:', ''), cast(s.changed_at as varchar), s.changed_by,
        s.stage, s.amount, cast(s.expected_close_on as varchar)
    from crm.deal_states as s
    semi join crm.deals as d on s.deal_id = d.deal_id
    order by s.deal_id, s.changed_sec, s.sort_key
"""
OWNERS = """
    select replace(deal_id, 'salesforce:', ''), cast(changed_at as varchar), from_seller_id,
        to_seller_id, changed_by, is_bulk
    from crm.owner_changes order by deal_id, changed_at
"""
STAGES = """
    select pipeline, stage, stage_order, is_closed, is_won, crm_probability
    from crm.stages order by pipeline, stage_order nulls last, stage
"""
ACTS = """
    select replace(activity_id, 'salesforce:', ''), deal_id, cast(happened_at as varchar), kind,
        direction, status
    from crm.activities where not is_twin order by activity_id
"""
NAMED_ACTS = """
    select subject, deal_id, account_id, contact_id, cast(happened_at as varchar), kind, direction,
        status
    from crm.activities order by happened_at, deal_id, account_id nulls first, subject
"""
REMOVALS = "select source, deal_id, why, status, survivor_id from crm.removals order by deal_id"
OUTCOMES = """
    select source_id, status, cast(closed_at as varchar), cast(expected_close_on as varchar),
        is_reopened
    from core.deals order by deal_id
"""
ANA, BEN, SYNC = (f"salesforce:00500000000000{n}AAA" for n in (1, 2, 3))
REASONS = "select lost_reason, lost_reason_detail, competitor from crm.deals order by deal_id"
OUTREACH = "[Outreach] [Email] [In] Re: rollout"


def deal(number):
    return f"006000000000{number:03d}AAA"


@pytest.fixture
def changed(tmp_path):
    """A copy of a golden export with texts of some of its files replaced, or files left out."""

    def changed(layout, replaced=None, without=()):
        folder = tmp_path / f"changed-{layout}"
        shutil.copytree(EXPORTS / layout, folder)
        for name in without:
            (folder / name).unlink()
        for name, (old, new) in (replaced or {}).items():
            text = (folder / name).read_text(encoding="utf-8")
            assert old in text, f"{old!r} is not in {name}"
            (folder / name).write_text(text.replace(old, new), encoding="utf-8")
        return folder

    return changed


@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_file_is_known_and_read_in_full(con, read, layout):
    report = read(EXPORTS / layout)
    assert sorted(report.loaded) == sorted(path.name for path in (EXPORTS / layout).iterdir())
    strangers = con.execute("select path, kind from raw.files where kind not like 'salesforce%'")
    assert strangers.fetchall() == []
    refused = con.execute("select * from raw.rejects where column_name is not null").fetchall()
    assert refused == []
    if not layout.startswith("report"):
        assert con.execute("select * from raw.rejects").fetchall() == []


def test_export_deals(told):
    core = told(EXPORTS / "data_export")
    assert core.rows(DEALS) == [
        (deal(1), "salesforce:001000000000001AAA", ANA, "New Sales", "Closed Won", True, True,
         12000.0, "2024-03-20", "full", True),
        (deal(2), "salesforce:001000000000002AAA", ANA, "New Sales", "Closed Lost", True, False,
         8000.0, "2024-04-02", "full", True),
        (deal(3), "salesforce:001000000000003AAA", BEN, "Renewal Sales", "Negotiation/Review",
         False, False, 30000.0, "2024-06-30", None, True),
        # Created before the first change of any tracked field.
        (deal(5), "salesforce:001000000000002AAA", ANA, "default", "Prospecting", False, False,
         100.0, "2024-05-31", "partial", True),
    ]  # fmt: skip
    assert core.rows("select account_id from core.deals where source_id like '%3AAA'") == [
        ("salesforce:001000000000005AAA",)
    ]
    # Deleted, and counted by how it had ended.
    assert core.rows(REMOVALS) == [("salesforce", f"salesforce:{deal(4)}", "deleted", "lost", None)]
    assert core.rows("select * from crm.stamps") == [("salesforce", 1712750400)]


def test_export_older_reasons_speak_where_the_newer_field_is_empty(told, changed):
    core = told(EXPORTS / "data_export")
    reason = ("Price;Lost to Competitor", 'asked,\nthen "chose" another', None)
    assert core.rows(REASONS)[1] == reason
    # Of several values the weightiest counts.
    assert core.rows(
        "select reason_class from core.outcomes where reason = 'Price;Lost to Competitor'"
    ) == [("competitor",)]
    newer = '"Price;Lost to Competitor","Timing","asked'
    folder = changed(
        "data_export", {"Opportunity.csv": ('"Price;Lost to Competitor","","asked', newer)}
    )
    assert told(folder).rows(REASONS)[1][0] == "Timing"


def test_export_saves_and_tracked_fields_are_states(told):
    core = told(EXPORTS / "data_export")
    assert core.rows(STATES) == [
        (deal(1), "2024-01-10 09:00:00", ANA, "Prospecting", 9000.0, "2024-02-29"),
        (deal(1), "2024-02-15 10:30:00", BEN, "Prospecting", 12000.0, "2024-03-31"),
        # The same change of stage in the history of fields is not told twice.
        (deal(1), "2024-03-20 14:00:00", ANA, "Closed Won", 12000.0, "2024-03-20"),
        (deal(2), "2024-01-15 09:00:00", ANA, "Prospecting", 8000.0, "2024-03-31"),
        (deal(2), "2024-04-02 16:00:00", ANA, "Closed Lost", 8000.0, "2024-04-02"),
        # No saves: stage and date come from the fields, and amounts were not tracked.
        (deal(3), "2024-02-01 09:00:00", None, "Prospecting", None, "2024-03-31"),
        (deal(3), "2024-03-01 10:00:00", BEN, "Negotiation/Review", None, "2024-04-30"),
        (deal(3), "2024-04-10 12:00:00", BEN, "Negotiation/Review", None, "2024-06-30"),
        (deal(5), "2024-04-01 09:00:00", None, "Prospecting", None, "2024-04-30"),
        (deal(5), "2024-04-01 09:00:00", ANA, "Prospecting", None, "2024-05-31"),
    ]
    assert core.rows(OUTCOMES) == [
        (deal(1), "won", "2024-03-20 14:00:00", "2024-03-31", False),
        (deal(2), "lost", "2024-04-02 16:00:00", "2024-03-31", False),
        (deal(3), "open", None, "2024-06-30", False),
        (deal(5), "open", None, "2024-05-31", False),
    ]
    assert core.rows(
        "select deal_id, count(*) from core.close_date_changes where is_push group by 1 order by 1"
    ) == [
        (f"salesforce:{deal(1)}", 1),
        (f"salesforce:{deal(3)}", 2),
        (f"salesforce:{deal(5)}", 1),
    ]


def test_export_emptied_fields_differ_from_untouched_ones(told, changed):
    rows = (
        '"017000000000010AAA","0","006000000000003AAA","005000000000002AAA","2024-03-02 10:00:00",'
        '"Amount","Currency","500.0",""\n'
        '"017000000000011AAA","0","006000000000003AAA","005000000000002AAA","2024-03-03 10:00:00",'
        '"Amount","Currency","","30000.0"\n'
    )
    folder = changed("data_export")
    with (folder / "OpportunityFieldHistory.csv").open("a", encoding="utf-8") as file:
        file.write(rows)
    states = [row[1:6:3] for row in told(folder).rows(STATES) if row[0] == deal(3)]
    assert states == [
        ("2024-02-01 09:00:00", 500.0),
        ("2024-03-01 10:00:00", 500.0),
        ("2024-03-02 10:00:00", None),
        ("2024-03-03 10:00:00", 30000.0),
        ("2024-04-10 12:00:00", 30000.0),
    ]


def test_export_owners_by_id_not_by_name(told):
    core = told(EXPORTS / "data_export")
    assert core.rows(OWNERS) == [
        (deal(3), "2024-03-15 10:00:00", ANA, BEN, SYNC, None),
        # Only the line with the names is there.
        (deal(5), "2024-04-01 09:00:00", BEN, ANA, ANA, None),
    ]


def test_export_acts(told):
    core = told(EXPORTS / "data_export")
    on = [f"salesforce:{deal(n)}" for n in range(4)]
    assert core.rows(ACTS) == [
        ("00T000000000002EAA", on[1], "2024-02-09 08:10:00", "call", "outbound", "done"),
        # 003 was a call in the house. 004 is archived, 005 a promise that was kept.
        ("00T000000000004EAA", on[2], "2024-02-12 11:00:00", "email", "unknown", "done"),
        ("00T000000000005EAA", on[2], "2024-02-21 09:30:00", "task", "unknown", "done"),
        # 006 is not done, 007 deleted, 008 a series; 009 was on the lead that became the deal.
        ("00T000000000009EAA", on[1], "2024-01-05 09:00:00", "email", "unknown", "done"),
        ("00T000000000011EAA", on[3], "2024-03-06 10:20:00", "task", "unknown", "done"),
        # 002 is a guest's copy, 005 the series itself.
        ("00U000000000001EAA", on[1], "2024-03-05 10:00:00", "meeting", "mutual", "unknown"),
        ("00U000000000003EAA", on[2], "2024-03-06 10:00:00", "meeting", "mutual", "no_show"),
        ("00U000000000004EAA", on[2], "2024-03-07 10:00:00", "meeting", "mutual", "unknown"),
        ("00U000000000006EAA", on[3], "2024-04-03 10:00:00", "meeting", "mutual", "unknown"),
        ("00U000000000007EAA", on[3], "2026-04-01 10:00:00", "meeting", "mutual", "unknown"),
        ("00U000000000008EAA", on[3], "2024-05-02 10:00:00", "meeting", "mutual", "unknown"),
        # Of the mails 003 is a draft and 004 stayed in the house.
        ("02s000000000001AAA", on[1], "2024-02-01 10:00:00", "email", "outbound", "done"),
        ("02s000000000002AAA", on[1], "2024-02-02 11:00:00", "email", "inbound", "done"),
        ("02s000000000005AAA", on[2], "2024-02-05 11:00:00", "email", "outbound", "done"),
        ("0LQ000000000001EAA", on[2], "2024-03-05 10:00:00", "call", "inbound", "done"),
    ]
    # The tasks of the first mail and of the phone call.
    assert core.rows("select activity_id from crm.activities where is_twin order by 1") == [
        ("salesforce:00T000000000001EAA",),
        ("salesforce:00T000000000010EAA",),
    ]
    assert core.rows("select activity_id from crm.activities where is_automatic") == [
        ("salesforce:02s000000000005AAA",)
    ]
    # The meeting ahead is booked. Of the series only what took place counts.
    assert core.rows(
        "select activity_id, status from core.activities where kind = 'meeting' order by 1"
    ) == [
        ("salesforce:00U000000000001EAA", "unknown"),
        ("salesforce:00U000000000003EAA", "no_show"),
        ("salesforce:00U000000000004EAA", "cancelled"),
        ("salesforce:00U000000000006EAA", "unknown"),
        ("salesforce:00U000000000008EAA", "booked"),
    ]
    # Of the mail by its relations; of the task by a relation and two merges.
    assert core.rows(
        "select contact_id from crm.activities where activity_id like '%02s%2AAA' "
        "or activity_id like '%00T%11EAA' order by activity_id desc"
    ) == [("salesforce:003000000000001AAA",), ("salesforce:003000000000004AAA",)]
    assert core.rows(
        "select commitment_id, cast(kept_at as varchar) from crm.commitments order by 1"
    ) == [
        ("salesforce:00T000000000005EAA", "2024-02-21 09:30:00"),
        ("salesforce:00T000000000006EAA", None),
    ]


def test_export_people_options_and_rates(told):
    core = told(EXPORTS / "data_export")
    assert core.rows("select account_id, name from core.accounts order by 1") == [
        ("salesforce:001000000000001AAA", "Alder Ltd"),
        ("salesforce:001000000000002AAA", "Birch GmbH"),
        ("salesforce:001000000000005AAA", "Cedar SA"),
    ]
    assert core.rows(
        "select seller_id, name, team, is_active, is_automatic from crm.sellers order by 1"
    ) == [
        (ANA, "Ana Silva", "North", True, False),
        (BEN, "Ben Okafor", "South", False, False),
        (SYNC, "Data Integration", None, True, True),
    ]
    assert core.rows("select contact_id, role, title from crm.deal_contacts order by 1") == [
        ("salesforce:003000000000001AAA", "Economic Buyer", "CFO"),
        ("salesforce:003000000000004AAA", None, "Head of Purchasing"),
    ]
    assert core.rows("select option_id, kind, amount from crm.options order by 1") == [
        ("salesforce:00J000000000001EAA", "competitor", None),
        ("salesforce:0Q0000000000001CAA", "ours", 12000.0),
        ("salesforce:a0q000000000001AAA", "ours", 29000.0),
    ]
    assert core.rows(
        "select lead_id, status, reason, deal_id from crm.leads order by 1"
    ) == [
        ("salesforce:00Q000000000001EAA", "Closed - Converted", None, f"salesforce:{deal(1)}"),
        ("salesforce:00Q000000000002EAA", "Unqualified", "No need", None),
    ]  # fmt: skip
    # One fixed rate, that of today, whatever the rate of a day was.
    assert core.rows("select amount, currency, amount_base from core.deals order by 1 desc") == [
        (30000.0, "EUR", 60000.0),
        (12000.0, "USD", 12000.0),
        (8000.0, "EUR", 16000.0),
        (100.0, None, 100.0),
    ]


def test_loader(told):
    core = told(EXPORTS / "data_loader")
    seller = "salesforce:005000000000101AAA"
    assert core.rows(DEALS) == [
        (deal(101), "salesforce:001000000000101AAA", seller, "default", "Closed Lost", True, False,
         1500.5, "2024-03-12", None, True),
        (deal(102), "salesforce:001000000000101AAA", seller, "default", "Qualification", False,
         False, 2500.0, "2024-05-31", None, True),
    ]  # fmt: skip
    # Fields of the company's own, found by what they are called; why a deal was won is no loss.
    assert core.rows(REASONS) == [
        ("No time this year", "asked twice", "Norvane"),
        (None, None, None),
    ]
    assert core.rows(REMOVALS) == [
        ("salesforce", f"salesforce:{deal(103)}", "deleted", "won", None)
    ]
    assert core.rows(OUTCOMES) == [
        (deal(101), "lost", "2024-03-12 15:00:00", None, False),
        (deal(102), "open", None, "2024-05-31", False),
    ]
    # What lies on the account belongs to its one deal that was open then, or to none.
    assert core.rows("select deal_id, direction, direction_from from core.activities") == [
        (None, "inbound", "rules")
    ]


def test_report_lines_of_one_deal_are_one_deal(told):
    core = told(EXPORTS / "report")
    assert core.rows(DEALS) == [
        (deal(201), "salesforce:Alder Ltd", "salesforce:Ana Silva", "default", "Closed Won", True,
         True, 12000.0, "2024-03-20", None, True),
        (deal(202), "salesforce:Birch GmbH", "salesforce:Ana Silva", "default", "Closed Lost", True,
         False, 8000.0, "2024-04-02", None, True),
        (deal(203), "salesforce:Cedar SA", "salesforce:Ben Okafor", "default",
         "Negotiation/Review", False, False, 30000.0, "2024-06-30", None, True),
        (deal(204), "salesforce:Dahlia plc", "salesforce:Ben Okafor", "default", "Prospecting",
         False, False, None, "2024-05-31", None, True),
    ]  # fmt: skip
    assert core.rows("select sum(amount) from core.deals") == [(50000.0,)]
    assert core.rows(
        "select currency, lead_source, deal_type, lost_reason, cast(created_at as varchar) "
        "from crm.deals where source_id = '006000000000202AAA'"
    ) == [("USD", "Partner Referral", "New Business", "No Budget / Lost Funding",
           "2024-01-15 00:00:00")]  # fmt: skip
    assert core.rows("select line, value, reason from raw.rejects order by line")[1:] == [
        (9, "Copyright © 2000-2024 salesforce.com, inc. All rights reserved.", "footer"),
        (10, "Confidential Information - Do Not Distribute", "footer"),
        (11, "Generated By:  Ana Silva  4/11/2024", "footer"),
        (12, "Grand Totals (5 records)", "footer"),
    ]
    assert core.rows("select deal_id, contact_id, role from crm.deal_contacts") == [
        (f"salesforce:{deal(201)}", "salesforce:Lea Roth", "Economic Buyer")
    ]


def test_report_history_by_name(told):
    core = told(EXPORTS / "report")
    ana, ben = "salesforce:Ana Silva", "salesforce:Ben Okafor"
    assert core.rows(STATES) == [
        (deal(201), "2024-01-10 09:00:00", ana, "Prospecting", 9000.0, "2024-02-29"),
        (deal(201), "2024-03-20 14:00:00", ana, "Closed Won", 12000.0, "2024-03-20"),
        # Two deals have the name, one has the account too; the newest line stands first.
        (deal(203), "2024-03-01 10:00:00", ben, "Prospecting", 30000.0, "2024-06-30"),
        (deal(203), "2024-03-01 10:00:00", ben, "Negotiation/Review", 30000.0, "2024-06-30"),
    ]
    assert core.rows(OUTCOMES) == [
        (deal(201), "won", "2024-03-20 14:00:00", "2024-02-29", False),
        (deal(202), "lost", "2024-04-02 00:00:00", None, False),
        (deal(203), "open", None, "2024-06-30", False),
        (deal(204), "open", None, "2024-05-31", False),
    ]
    assert core.rows(STAGES) == [
        ("default", "Closed Lost", 0, True, False, 0.0),
        ("default", "Prospecting", 10, False, False, 0.1),
        ("default", "Negotiation/Review", 90, False, False, 0.9),
        ("default", "Closed Won", 100, True, True, 1.0),
    ]


def test_report_acts_leads_and_people(told):
    core = told(EXPORTS / "report")
    on = f"salesforce:{deal(201)}"
    assert core.rows(NAMED_ACTS) == [
        (OUTREACH, on, "salesforce:Alder Ltd", "salesforce:Lea Roth", "2024-02-12 00:00:00",
         "email", "unknown", "done"),
        ("Call", on, "salesforce:Alder Ltd", "salesforce:Lea Roth", "2024-02-13 00:00:00", "call",
         "outbound", "done"),
        ("Demo", f"salesforce:{deal(203)}", "salesforce:Cedar SA", None, "2024-03-05 12:00:00",
         "meeting", "mutual", "unknown"),
        # Which renewal is meant is not told. What is not done yet is no act.
        ("Hello", None, None, None, "2024-03-06 00:00:00", "email", "unknown", "done"),
    ]  # fmt: skip
    assert core.rows(
        "select lead_id, seller_id, status, reason from crm.leads order by 1"
    ) == [
        ("salesforce:Elm Inc / Kim Oh / 2024-01-04", "salesforce:Ana Silva", "Unqualified",
         "No need"),
        ("salesforce:Fir KK / Max Ito / 2024-01-15", "salesforce:Zoe Park",
         "Open - Not Contacted", None),
    ]  # fmt: skip
    assert core.rows("select seller_id, name from crm.sellers order by 1") == [
        ("salesforce:Ana Silva", "Ana Silva"),
        ("salesforce:Ben Okafor", "Ben Okafor"),
        ("salesforce:Zoe Park", "Zoe Park"),
    ]
    assert core.rows("select account_id from crm.accounts order by 1") == [
        ("salesforce:Alder Ltd",),
        ("salesforce:Birch GmbH",),
        ("salesforce:Cedar SA",),
        ("salesforce:Dahlia plc",),
    ]


def test_report_without_ids(told):
    core = told(EXPORTS / "report_names")
    ana, ben = "salesforce:Ana Silva", "salesforce:Ben Okafor"
    rollout, renewal = "Alder Ltd / Rollout / 2024-01-10", "Cedar SA / Renewal / 2024-02-01"
    assert [row[::10] for row in core.rows(DEALS)] == [
        (rollout, False),
        ("Birch GmbH / Renewal / 2024-01-15", False),
        (renewal, False),
        ("Dahlia plc / Upgrade / 2024-02-03", False),
        ("Dahlia plc / Upgrade / 2024-03-20", False),
    ]
    assert core.rows("select amount from crm.deals order by deal_id") == [
        (12000.0,), (8000.0,), (3000.0,), (500.0,), (700.0,)
    ]  # fmt: skip
    # Renewals and upgrades there are two of: only a line with the account says which.
    assert core.rows(STATES) == [
        (rollout, "2024-01-10 00:00:00", None, "Prospecting", 9000.0, "2024-02-28"),
        (rollout, "2024-02-15 10:30:00", ana, "Prospecting", 12000.0, "2024-02-28"),
        (rollout, "2024-03-20 14:00:00", ana, "Closed Won", 12000.0, "2024-03-20"),
        (renewal, "2024-02-01 00:00:00", None, "Prospecting", 3000.0, "2024-03-31"),
        (renewal, "2024-04-10 12:00:00", ben, "Prospecting", 3000.0, "2024-06-30"),
    ]
    assert core.rows(OWNERS) == [(rollout, "2024-02-12 10:30:00", ben, ana, ana, None)]
    # Two equal lines of one file are two calls.
    assert [(row[0], row[1], row[2]) for row in core.rows(NAMED_ACTS)] == [
        ("Email: offer", f"salesforce:{rollout}", "salesforce:Alder Ltd"),
        ("Email: offer", "salesforce:Birch GmbH / Renewal / 2024-01-15", "salesforce:Birch GmbH"),
        ("Call", None, None),
        ("Call", None, "salesforce:Cedar SA"),
        ("Call", None, "salesforce:Cedar SA"),
    ]
    # Of the account's deals one alone was open then.
    assert core.rows(
        "select deal_id, count(*) from core.activities where kind = 'call' group by 1 order by 1"
    ) == [(f"salesforce:{renewal}", 2), (None, 1)]
    assert core.rows("select value, reason from raw.rejects order by line") == [
        ("All opportunities", "above the header"),
        ("Filtered By: All", "above the header"),
        ("", "above the header"),
        ("Grand Totals (5 records)", "footer"),
    ]


def test_reports_beside_an_export_of_the_objects(told, changed):
    folder = changed("data_export")
    (folder / "report.csv").write_text(
        "Opportunity Name,Account Name,Opportunity Owner,Stage,Amount,Close Date,Created Date\n"
        "Alder rollout,Alder Ltd,Ana Silva,Closed Won,1,3/20/2024,1/10/2024\n"
        "Other rollout,Birch GmbH,Ana Silva,Prospecting,2,3/20/2024,1/31/2024\n"
    )
    (folder / "history report.csv").write_text(
        "Opportunity Name,To Stage,From Stage,Close Date,Last Modified,Last Modified By\n"
        "Alder rollout,Closed Won,Prospecting,3/20/2024,3/20/2024,Ana Silva\n"
        "Other rollout,Prospecting,,3/20/2024,1/31/2024,Ana Silva\n"
    )
    core = told(folder)
    other = "Birch GmbH / Other rollout / 2024-01-31"
    assert core.rows(
        "select source_id, account_id, seller_id, amount from crm.deals order by 1"
    ) == [
        (deal(1), "salesforce:001000000000001AAA", ANA, 12000.0),
        (deal(2), "salesforce:001000000000002AAA", ANA, 8000.0),
        (deal(3), "salesforce:001000000000003AAA", BEN, 30000.0),
        (deal(5), "salesforce:001000000000002AAA", ANA, 100.0),
        (other, "salesforce:001000000000002AAA", ANA, 2.0),
    ]  # fmt: skip
    counts = {name: sum(row[0] == name for row in core.rows(STATES)) for name in (deal(1), other)}
    assert counts == {deal(1): 3, other: 1}
    assert core.rows("select count(*), count(distinct (pipeline, stage)) from crm.stages") == [
        (12, 12)
    ]
    assert core.rows("select count(*), count(distinct seller_id) from crm.sellers") == [(3, 3)]


def test_fivetran(told):
    core = told(EXPORTS / "fivetran")
    ana = "salesforce:005000000000301AAA"
    assert core.rows(STATES) == [
        (deal(301), "2024-01-05 10:00:00", ana, "Prospecting", 7000.0, "2024-02-29"),
        (deal(301), "2024-03-12 15:00:00", ana, "Closed Lost", 7000.0, "2024-03-12"),
        (deal(302), "2024-01-06 10:00:00", None, "Prospecting", 3000.0, None),
        (deal(302), "2024-01-20 10:00:00", ana, "Qualification", 3000.0, None),
        (deal(302), "2024-04-10 10:00:00", ana, "Qualification", 2500.0, None),
    ]
    assert core.rows(REASONS) == [("Went dark", None, "Norvane"), (None, None, None)]
    assert core.rows(REMOVALS) == [
        ("salesforce", f"salesforce:{deal(303)}", "deleted", "won", None),
        ("salesforce", f"salesforce:{deal(304)}", "deleted", "open", None),
    ]
    assert core.rows("select team from crm.sellers") == [("North",)]
    assert core.rows("select kind, status from crm.activities") == [("meeting", "unknown")]


def test_fivetran_versions_are_states(told):
    core = told(EXPORTS / "fivetran_history")
    one, two = "salesforce:005000000000401AAA", "salesforce:005000000000402AAA"
    assert core.rows(DEALS) == [
        (deal(401), "salesforce:001000000000401AAA", two, "default", "Closed Won", True, True,
         5500.0, "2024-03-12", "partial", True),
        (deal(402), "salesforce:001000000000401AAA", one, "default", "Prospecting", False, False,
         900.0, "2024-05-31", None, True),
    ]  # fmt: skip
    # A version begins when it was seen, and was made when the deal was last changed.
    assert core.rows(STATES) == [
        (deal(401), "2024-01-25 10:00:00", one, "Prospecting", 5000.0, "2024-03-31"),
        (deal(401), "2024-02-20 11:58:00", two, "Prospecting", 5000.0, "2024-04-30"),
        (deal(401), "2024-03-12 15:00:00", two, "Closed Won", 5500.0, "2024-03-12"),
        (deal(402), "2024-03-20 10:00:00", one, "Prospecting", 900.0, "2024-05-31"),
    ]
    assert core.rows(OWNERS) == [(deal(401), "2024-02-20 11:58:00", one, two, two, None)]
    # Its last version has ended.
    assert core.rows(REMOVALS) == [
        ("salesforce", f"salesforce:{deal(403)}", "deleted", "open", None)
    ]
    assert core.rows("select name, employees from crm.accounts") == [("Holm Ltd", 12)]


def test_fivetran_versions_beside_saves(told, changed):
    folder = changed("fivetran_history")
    (folder / "opportunity_history.csv").write_text(
        "id,opportunity_id,created_by_id,created_date,stage_name,amount,close_date,_fivetran_synced\n"
        "008000000000401AAA,006000000000401AAA,005000000000401AAA,2024-01-05 10:00:00,Prospecting,"
        "5000,2024-03-31 00:00:00,2024-04-11 02:00:00\n"
    )
    core = told(folder)
    assert [row for row in core.rows(STATES) if row[0] == deal(401)] == [
        (deal(401), "2024-01-05 10:00:00", "salesforce:005000000000401AAA", "Prospecting", 5000.0,
         "2024-03-31"),
    ]  # fmt: skip
    assert core.rows("select path, kind from raw.files order by path")[1:] == [
        ("opportunity.csv", "salesforce_opportunity"),
        ("opportunity_history.csv", "salesforce_opportunity_history"),
    ]


def test_airbyte(told):
    core = told(EXPORTS / "airbyte")
    seller = "salesforce:005000000000501AAA"
    # The older sync of the same deal does not count.
    assert core.rows(DEALS) == [
        (deal(501), "salesforce:001000000000501AAA", seller, "default", "Closed Won", True, True,
         4000.0, "2024-03-12", "full", True),
    ]  # fmt: skip
    assert core.rows(STATES) == [
        (deal(501), "2024-01-05 10:00:00", seller, "Prospecting", 3000.0, "2024-03-31"),
        (deal(501), "2024-03-12 15:00:00", seller, "Closed Won", 4000.0, "2024-03-12"),
    ]
    assert core.rows(REMOVALS) == [
        ("salesforce", f"salesforce:{deal(502)}", "deleted", "open", None)
    ]
    # An archived task is an act, a deleted one is not.
    assert core.rows(ACTS) == [
        ("00T000000000501EAA", f"salesforce:{deal(501)}", "2024-02-01 10:00:00", "call", "inbound",
         "done"),
    ]  # fmt: skip


def test_dlt(told):
    core = told(EXPORTS / "dlt")
    assert core.rows(STATES) == []
    assert core.rows(REASONS) == [("No decision", None, None), (None, None, None)]
    assert core.rows(OUTCOMES) == [
        (deal(601), "lost", "2024-03-12 15:00:00", None, False),
        (deal(602), "open", None, "2024-05-12", False),
    ]
    assert core.rows("select history_level from core.deals") == [("none",), ("none",)]
    assert core.rows("select seller_id, name from crm.sellers") == [
        ("salesforce:005000000000601AAA", "Ana Silva")
    ]
    assert core.rows("select role from crm.deal_contacts") == [("Evaluator",)]


def test_singer(told):
    core = told(EXPORTS / "singer")
    assert core.rows(STATES) == [
        (deal(701), "2024-01-05 10:00:00", None, "Prospecting", None, None),
        (deal(701), "2024-03-12 15:00:00", "salesforce:005000000000701AAA", "Closed Won", None,
         None),
    ]  # fmt: skip
    assert core.rows(OUTCOMES) == [(deal(701), "won", "2024-03-12 15:00:00", None, False)]
    assert core.rows(REMOVALS) == [
        ("salesforce", f"salesforce:{deal(702)}", "deleted", "lost", None)
    ]


def test_real_sample_of_fivetran(told, shared_data, command):
    """A vendor's test data: every deal in it is deleted, ids and words are partly hashed."""
    place = shared_data / "fivetran_salesforce"
    core = told(place)
    assert core.rows("select path from raw.files where decision <> 'loaded'") == [("LICENSE",)]
    assert core.rows("select path, kind, rows, rejected_rows from raw.files order by path")[1:] == [
        ("sf_account_data.csv", "salesforce_account", 10, 0),
        ("sf_account_history_data.csv", "salesforce_account", 10, 0),
        ("sf_contact_data.csv", "salesforce_contact", 4, 0),
        ("sf_contact_history_data.csv", "salesforce_contact", 4, 0),
        ("sf_event_data.csv", "salesforce_event", 10, 0),
        ("sf_lead_data.csv", "salesforce_lead", 1, 0),
        ("sf_opportunity_data.csv", "salesforce_opportunity", 10, 0),
        ("sf_opportunity_history_data.csv", "salesforce_opportunity", 10, 0),
        ("sf_opportunity_line_item_data.csv", "salesforce_opportunity_line_item", 10, 0),
        ("sf_order_data.csv", "salesforce_order", 10, 0),
        ("sf_product_2_data.csv", "salesforce_product", 2, 0),
        ("sf_task_data.csv", "salesforce_task", 10, 0),
        ("sf_user_data.csv", "salesforce_user", 10, 0),
        ("sf_user_role_data.csv", "salesforce_user_role", 10, 0),
    ]
    assert core.rows("select * from raw.rejects") == []
    assert core.rows("select count(*) from crm.deals") == [(0,)]
    assert core.rows(
        "select why, status, count(*) from crm.removals group by all order by all"
    ) == [("deleted", "lost", 4), ("deleted", "open", 1), ("deleted", "won", 5)]
    # Ten versions of ten deals, on none of which anything changed; stages are hashed.
    assert core.rows("select count(*), count(distinct deal_id) from crm.deal_states") == [(10, 10)]
    assert core.rows("select count(*) from crm.owner_changes") == [(0,)]
    assert core.rows("select name, survivor_id from crm.accounts order by 1") == [
        ("Eric's Test", None),
        ("Seinfeld", "salesforce:L4izOo4yZpLq5io5YM8pvA=="),
    ]
    assert core.rows(
        "select kind, direction, count(*) from crm.activities group by all order by all"
    ) == [("call", "mutual", 6), ("meeting", "mutual", 4), ("task", "unknown", 10)]  # fmt: skip
    assert core.rows("select count(*), count(name) from crm.sellers") == [(10, 10)]
    done = command("check", place)
    assert done.returncode == 0, done.stderr
    assert "salesforce: 5 won deals left out as deleted" in done.stdout


DIRECTIONS = {
    "[Outreach] [Email] [In] Re: pricing": "inbound",
    "[Outreach] [Call] [inbound] reached": "inbound",
    "[Outreach] [Call] [Inbound] reached": "inbound",
    "← Email: pricing": "inbound",
    "Email: << pricing": "inbound",
    "Reply: pricing": "inbound",
    "Note of an incoming call": "inbound",
    "Inbound web call": "inbound",
    "Re: pricing": "inbound",
    "RE: pricing": "inbound",
    "Re: [Outreach] [Email] [Out] pricing": "outbound",
    "[Outreach] [Email] [Out] Re: pricing": "outbound",
    "[Outreach] [Call] [outbound] no luck": "outbound",
    "[Outreach] [Call] [Outbound] no luck": "outbound",
    "→ Email: pricing": "outbound",
    "Email: >> pricing": "outbound",
    "[lemlist] step 2": "outbound",
    "List Email: spring": "outbound",
    "Spring List Email": "outbound",
    "Left VM": "outbound",
    "Called, left vm": "outbound",
    "Voicemail": "outbound",
    "Email: pricing": None,
    "Nooks dial": None,
    "Pricing": None,
}
SKIPPED = (
    "Opened Email: pricing",
    "Clicked Email: pricing",
    "Sent Spring newsletter",
    "[Outreach] [Email] [Opened] pricing",
    "Call 2: Step skipped",
    "Submitted Form: contact us",
    "LinkedIn: View a Profile",
)
AUTOMATIC = (
    "[Outreach] [Email] [In] Out of office: pricing",
    "[Outreach] [Email] [In] Automatic reply: pricing",
    "[Outreach] [Email] [In] 부재중 자동응답",
    "[Outreach] [Email] [In] 자동 회신: 견적",
    "[Outreach] [Email] [In] 부재중입니다",
)


def test_subjects_of_tasks_tell_the_direction(told, tmp_path):
    subjects = [*DIRECTIONS, *SKIPPED, *AUTOMATIC]
    shutil.copytree(EXPORTS / "data_export", tmp_path / "export")
    with (tmp_path / "export" / "Task.csv").open("a", encoding="utf-8", newline="") as file:
        lines = csv.writer(file, quoting=csv.QUOTE_ALL)
        for n, subject in enumerate(subjects):
            at = f"2024-03-01 1{n % 10}:00:{n:02d}"
            lines.writerow(
                [f"00T0000000009{n:02d}EAA", "", deal(1), subject, "2024-03-01", "Completed",
                 "005000000000001AAA", "", "0", "", "1", at, "005000000000001AAA", at, "", "",
                 "Task", at, "0", "0", at]
            )  # fmt: skip
    core = told(tmp_path / "export")
    found = dict(core.rows("select subject, direction from core.subject_classes"))
    skipped = dict(core.rows("select subject, is_skipped from core.subject_classes"))
    automatic = dict(core.rows("select subject, is_automatic from core.subject_classes"))
    assert {subject: found[subject] for subject in DIRECTIONS} == DIRECTIONS
    assert [subject for subject in SKIPPED if not skipped[subject]] == []
    assert [subject for subject in DIRECTIONS if skipped[subject]] == []
    assert [subject for subject in AUTOMATIC if not automatic[subject]] == []
    assert [subject for subject in DIRECTIONS if automatic[subject]] == []
    reached = {
        subject: said
        for subject, *said in core.rows(
            "select c.subject, a.direction, a.is_automatic, a.is_touch or a.is_reply "
            "from core.activities as a join crm.activities as c using (activity_id) "
            "where a.activity_id like 'salesforce:00T0000000009%'"
        )
    }
    assert not set(reached) & set(SKIPPED)
    for subject, direction in DIRECTIONS.items():
        assert reached[subject] == [direction or "unknown", False, direction is not None], subject
    for subject in AUTOMATIC:
        assert reached[subject] == ["inbound", True, False], subject


def test_without_an_export_there_is_nothing(told):
    core = told(EXPORTS.parent / "hubspot" / "labels")
    names = [name for name in tables.queries() if name.startswith("crm.salesforce_")]
    counts = {name: core.rows(f"select count(*) from {name}")[0][0] for name in names}
    assert counts == dict.fromkeys(names, 0)


def test_report_as_it_stands_on_the_screen(told, folder):
    (folder / "Opportunity Pipeline-2026-03-29-09-15-27.csv").write_text(
        "Opportunity Pipeline,,,,\n"
        "As of 2026-03-29 09:15:27 Eastern Standard Time/EST,,,,\n"
        ",,,,\n"
        "Stage  ↑,Opportunity Name,Opportunity Owner,Close Date ▼,Created Date\n"
        "Qualification,Roof,Kim,2026-06-30,2026-01-05\n"
        "Closed Won,Gate,Kim,2026-02-10,2025-11-06\n"
        "Total,,,,\n"
    )
    assert told(folder).rows(
        "select name, status, stage, expected_close_on::varchar from core.deals order by name"
    ) == [
        ("Gate", "won", "Closed Won", None),
        ("Roof", "open", "Qualification", "2026-06-30"),
    ]


def test_report_of_a_korean_user(told, folder):
    (folder / "report1711703732.csv").write_text(
        "기회 소유자,계정 이름,기회 이름,단계,금액,마감일,만든 날짜,실주 사유\n"
        '김민지,가나,지붕,협상,"3,000,000",2026. 6. 30.,2026. 1. 5.,\n'
        '김민지,다라,대문,Closed Lost,"2,000,000",2026. 2. 10.,2025. 11. 5.,예산 삭감\n'
        '김민지,마바,기둥,Qualification,"1,000",2026. 7. 1.,2026. 3. 2.,\n'
    )
    assert told(folder).rows(
        "select name, status, amount, substr(seller_id, 12), substr(account_id, 12), "
        "closed_at::varchar, lost_reason from core.deals order by created_at"
    ) == [
        ("대문", "lost", 2e6, "김민지", "다라", "2026-02-10 12:00:00", "예산 삭감"),
        ("지붕", "open", 3e6, "김민지", "가나", None, None),
        ("기둥", "open", 1e3, "김민지", "마바", None, None),
    ]
