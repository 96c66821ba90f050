"""HubSpot exports and landings in the core shape: one golden export for each layout."""

import shutil
from pathlib import Path

import pytest

from pipelines import tables

EXPORTS = Path(__file__).parent / "exports" / "hubspot"
LAYOUTS = ("labels", "internal", "ragged", "fivetran", "airbyte", "dlt", "singer")
DEALS = """
    select deal_id, account_id, seller_id, pipeline, stage, is_closed, is_won, amount,
        cast(close_on as varchar), history_level
    from crm.deals order by deal_id
"""
STATES = """
    select s.deal_id, cast(s.changed_at as varchar), s.changed_by, s.stage, s.amount,
        cast(s.expected_close_on as varchar), s.is_bulk
    from crm.deal_states as s
    semi join crm.deals as d on s.deal_id = d.deal_id
    order by s.deal_id, s.sort_key
"""
STAGES = """
    select pipeline, stage, stage_order, is_closed, is_won, crm_probability
    from crm.stages order by pipeline, stage_order nulls last, stage
"""
ACTS = """
    select activity_id, deal_id, cast(happened_at as varchar), kind, direction, status
    from crm.activities order by activity_id
"""
PROMISES = """
    select commitment_id, deal_id, subject, cast(made_at as varchar), cast(due_on as varchar),
        cast(kept_at as varchar)
    from crm.commitments order by commitment_id
"""
REMOVALS = "select deal_id, why, status, survivor_id from crm.removals order by deal_id"
OUTCOMES = """
    select deal_id, status, cast(closed_at as varchar), cast(expected_close_on as varchar),
        is_reopened
    from core.deals order by deal_id
"""


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
def test_every_file_is_known_and_read_in_full(told, layout):
    core = told(EXPORTS / layout)
    offered = sorted(path.name for path in (EXPORTS / layout).iterdir())
    assert sorted(core.report.loaded) == offered
    assert core.rows("select * from raw.rejects") == []
    assert core.rows("select path, kind from raw.files where kind not like 'hubspot_%'") == []


def test_labels_deals(told):
    core = told(EXPORTS / "labels")
    assert core.rows(DEALS) == [
        ("hubspot:101", "hubspot:501", "hubspot:901", "Sales Pipeline", "Closed Won", True, True,
         12000.0, "2024-03-20", "latest_per_stage"),
        ("hubspot:102", "hubspot:502", "hubspot:901", "Sales Pipeline", "Closed Lost", True, False,
         8000.0, "2024-04-02", "latest_per_stage"),
        ("hubspot:103", "hubspot:503", "hubspot:902", "Sales Pipeline", "Contract Sent", False,
         False, 30000.0, "2024-06-30", "latest_per_stage"),
        ("hubspot:105", "hubspot:502", "hubspot:902", "Renewals (EU)", "Closed Won", True, True,
         5000.0, "2024-04-01", "latest_per_stage"),
    ]  # fmt: skip
    assert core.rows(
        "select name, currency, crm_probability, lost_reason, lead_source, deal_type, "
        "cast(created_at as varchar), last_stage_change_sec from crm.deals "
        "where deal_id = 'hubspot:102'"
    ) == [
        ("Birch licences", "EUR", 0.0, "No budget this year", "Referrals", "newbusiness",
         "2024-01-15 09:00:00", 1712073600)
    ]  # fmt: skip


def test_labels_entries_into_stages_are_states(told):
    core = told(EXPORTS / "labels")
    assert core.rows(STATES) == [
        ("hubspot:101", "2024-01-10 09:00:00", None, "Appointment Scheduled", None, None, None),
        ("hubspot:101", "2024-02-15 10:30:00", None, "Contract Sent", None, None, None),
        ("hubspot:101", "2024-03-20 14:00:00", None, "Closed Won", None, None, None),
        # What the row alone tells was so when it was last changed.
        ("hubspot:101", "2024-03-21 08:00:00", None, "Closed Won", 12000.0, None, None),
        ("hubspot:102", "2024-01-15 09:00:00", None, "Appointment Scheduled", None, None, None),
        ("hubspot:102", "2024-04-02 16:00:00", None, "Closed Lost", None, None, None),
        ("hubspot:102", "2024-04-02 16:05:00", None, "Closed Lost", 8000.0, None, None),
        ("hubspot:103", "2024-01-20 09:00:00", None, "Appointment Scheduled", None, None, None),
        ("hubspot:103", "2024-03-01 10:00:00", None, "Closed Lost", None, None, None),
        ("hubspot:103", "2024-04-05 11:00:00", None, "Contract Sent", None, None, None),
        ("hubspot:103", "2024-04-10 12:00:00", None, "Contract Sent", 30000.0, "2024-06-30", None),
        ("hubspot:105", "2024-04-01 09:00:00", None, "Closed Won", None, None, None),
        ("hubspot:105", "2024-04-01 09:10:00", None, "Closed Won", 5000.0, None, None),
    ]
    assert core.rows(OUTCOMES) == [
        ("hubspot:101", "won", "2024-03-20 14:00:00", None, False),
        ("hubspot:102", "lost", "2024-04-02 16:00:00", None, False),
        ("hubspot:103", "open", None, "2024-06-30", True),
        ("hubspot:105", "won", "2024-04-01 09:00:00", None, False),
    ]


def test_labels_stages_of_no_chance_are_lost(told):
    assert told(EXPORTS / "labels").rows(STAGES) == [
        ("Renewals (EU)", "Proposal", 0, False, False, 0.5),
        ("Renewals (EU)", "Closed Won", 1, True, True, 1.0),
        ("Renewals (EU)", "No decision", 2, True, False, 0.0),
        ("Sales Pipeline", "Appointment Scheduled", 0, False, False, 0.2),
        ("Sales Pipeline", "Contract Sent", 1, False, False, 0.9),
        ("Sales Pipeline", "Closed Won", 2, True, True, 1.0),
        ("Sales Pipeline", "Closed Lost", 3, True, False, 0.0),
    ]


def test_labels_acts(told):
    core = told(EXPORTS / "labels")
    assert core.rows(ACTS) == [
        ("hubspot:2001", "hubspot:101", "2024-02-01 10:00:00", "email", "outbound", "done"),
        ("hubspot:2002", "hubspot:101", "2024-02-02 11:00:00", "email", "inbound", "done"),
        # Forwarded by the buyer, and on two deals; the next one by the seller.
        ("hubspot:2003/103", "hubspot:103", "2024-02-03 09:00:00", "email", "inbound", "done"),
        ("hubspot:2003/105", "hubspot:105", "2024-02-03 09:00:00", "email", "inbound", "done"),
        ("hubspot:2004", "hubspot:103", "2024-02-04 09:00:00", "email", "outbound", "done"),
        ("hubspot:2005", "hubspot:103", "2024-02-05 09:00:00", "email", "outbound", "done"),
        # 2006 is not sent yet and 2007 stayed in the house. 2008 was on a deal merged away.
        ("hubspot:2008", "hubspot:105", "2024-02-08 09:00:00", "email", "outbound", "done"),
        ("hubspot:2101", "hubspot:101", "2024-02-09 08:00:00", "call", "outbound", "done"),
        ("hubspot:2102", "hubspot:101", "2024-02-10 08:00:00", "call", "inbound", "done"),
        ("hubspot:2103", "hubspot:103", "2024-02-11 08:00:00", "call", "unknown", "done"),
        ("hubspot:2201", "hubspot:101", "2024-03-05 10:00:00", "meeting", "mutual", "done"),
        ("hubspot:2202", "hubspot:102", "2024-03-06 10:00:00", "meeting", "mutual", "unknown"),
        ("hubspot:2203", "hubspot:102", "2024-03-07 10:00:00", "meeting", "mutual", "no_show"),
        ("hubspot:2204", "hubspot:102", "2024-03-08 10:00:00", "meeting", "mutual", "cancelled"),
        ("hubspot:2205", "hubspot:103", "2024-05-02 10:00:00", "meeting", "mutual", "unknown"),
        ("hubspot:2301", "hubspot:101", "2024-02-13 09:30:00", "task", "unknown", "done"),
        ("hubspot:2303", "hubspot:103", "2024-02-14 08:05:00", "task", "unknown", "done"),
        ("hubspot:2401", "hubspot:103", "2024-02-16 12:00:00", "note", "unknown", "done"),
    ]
    assert core.rows("select activity_id from crm.activities where is_automatic") == [
        ("hubspot:2005",)
    ]
    assert core.rows(
        "select seller_id, contact_id, minutes, cancelled_sec, type_word, recorded_sec "
        "from crm.activities where activity_id in ('hubspot:2001', 'hubspot:2101', 'hubspot:2201', "
        "'hubspot:2204', 'hubspot:2301') order by activity_id"
    ) == [
        ("hubspot:901", "hubspot:601", None, None, "email", 1706781600),
        ("hubspot:901", None, 5.0, None, "call", 1707466200),
        ("hubspot:901", None, 45.0, None, "First demo", 1708419600),
        ("hubspot:901", None, 30.0, 1709823600, "meeting", 1708678800),
        ("hubspot:901", None, None, None, "EMAIL", 1707469200),
    ]
    assert core.rows(
        "select activity_id from core.activities where status = 'booked'"
    ) == [("hubspot:2205",)]  # fmt: skip


def test_labels_tasks_done_when_logged_are_no_promises(told):
    assert told(EXPORTS / "labels").rows(PROMISES) == [
        ("hubspot:2301", "hubspot:101", "Send references", "2024-02-09 09:00:00", "2024-02-12",
         "2024-02-13 09:30:00"),
        ("hubspot:2302", "hubspot:103", "Call Cedar back", "2024-04-08 09:00:00", "2024-04-15",
         None),
    ]  # fmt: skip


def test_labels_people_and_companies(told):
    core = told(EXPORTS / "labels")
    assert core.rows(REMOVALS) == [
        ("hubspot:104", "merged", "open", "hubspot:105"),
        ("hubspot:106", "merged", None, "hubspot:105"),
    ]
    # Names of two companies in one cell say not which is whose.
    assert core.rows("select account_id, name from crm.accounts order by 1") == [
        ("hubspot:501", "Alder Ltd"),
        ("hubspot:502", "Birch GmbH"),
        ("hubspot:503", "Cedar SA"),
    ]
    assert core.rows(
        "select seller_id, name, team, is_active, is_automatic, email_domain from crm.sellers "
        "order by 1"
    ) == [
        ("hubspot:901", "Ana Silva", "North", True, False, "seller.example.com"),
        ("hubspot:902", "Ben Okafor", "South", True, False, "seller.example.com"),
    ]
    assert core.rows("select deal_id, contact_id, added_sec from crm.deal_contacts order by 1, 2")[
        :2
    ] == [("hubspot:101", "hubspot:601", None), ("hubspot:101", "hubspot:602", None)]
    assert core.rows("select * from crm.stamps") == [("hubspot", 1712750400)]


def test_labels_without_lists_of_stages_and_owners(told, changed):
    core = told(changed("labels", without=("stages.csv", "owners.csv")))
    assert core.rows("select deal_id, seller_id, is_closed, is_won from crm.deals order by 1") == [
        ("hubspot:101", "hubspot:Ana Silva", True, True),
        ("hubspot:102", "hubspot:Ana Silva", True, False),
        ("hubspot:103", "hubspot:Ben Okafor", False, False),
        ("hubspot:105", "hubspot:Ben Okafor", True, True),
    ]
    assert core.rows("select seller_id, name from crm.sellers order by 1") == [
        ("hubspot:Ana Silva", "Ana Silva"),
        ("hubspot:Ben Okafor", "Ben Okafor"),
    ]
    assert core.rows(STAGES) == [
        ("Renewals (EU)", "Closed Won", None, True, True, 1.0),
        ("Sales Pipeline", "Appointment Scheduled", None, False, False, 0.2),
        ("Sales Pipeline", "Closed Lost", None, True, False, 0.0),
        ("Sales Pipeline", "Closed Won", None, True, True, 1.0),
        ("Sales Pipeline", "Contract Sent", None, False, False, 0.9),
    ]
    # Whose the sender is cannot be told without the owners' addresses.
    assert core.rows(
        "select activity_id, direction from crm.activities where subject like 'Fwd%' order by 1"
    ) == [
        ("hubspot:2003/103", "unknown"),
        ("hubspot:2003/105", "unknown"),
        ("hubspot:2004", "unknown"),
    ]


def test_internal_history_of_properties(told):
    core = told(EXPORTS / "internal")
    assert core.rows(STATES) == [
        ("hubspot:201", "2024-01-05 10:00:00", "hubspot:901", "Appointment Scheduled", 12000.0,
         "2024-01-31", False),
        ("hubspot:201", "2024-01-20 09:00:00", "hubspot:901", "Appointment Scheduled", 12000.0,
         "2024-02-29", False),
        ("hubspot:201", "2024-02-10 09:00:00", None, "Appointment Scheduled", 15000.0,
         "2024-02-29", True),
        ("hubspot:201", "2024-03-01 09:00:00", "hubspot:901", "Appointment Scheduled", 15000.0,
         "2024-03-31", False),
        # The close date that closing sets is not what had been expected.
        ("hubspot:201", "2024-03-28 15:00:00", "hubspot:901", "Closed Won", 15000.0,
         "2024-03-31", False),
        ("hubspot:202", "2024-01-08 10:00:00", None, "Appointment Scheduled", None,
         "2024-02-29", True),
        ("hubspot:202", "2024-02-20 10:00:00", None, "No decision", None, "2024-02-29", True),
        ("hubspot:202", "2024-04-01 10:00:00", "hubspot:902", "Appointment Scheduled", None,
         "2024-02-29", False),
        ("hubspot:202", "2024-04-09 10:00:00", "hubspot:902", "Appointment Scheduled", None,
         "2024-07-31", False),
        ("hubspot:202", "2024-04-09 10:00:00", None, "Appointment Scheduled", 4000.0,
         "2024-07-31", None),
        # A stage that was deleted since keeps its id.
        ("hubspot:203", "2024-01-09 10:00:00", "hubspot:902", "70099", None, None, False),
        ("hubspot:203", "2024-04-03 12:00:00", "hubspot:902", "No decision", None, None, True),
        ("hubspot:203", "2024-04-03 12:00:03", None, "No decision", 9000.0, None, None),
    ]  # fmt: skip
    assert core.rows(
        "select deal_id, cast(to_on as varchar) from core.close_date_changes where is_push "
        "order by deal_id, seq"
    ) == [
        ("hubspot:201", "2024-02-29"),
        ("hubspot:201", "2024-03-31"),
        ("hubspot:202", "2024-07-31"),
    ]


def test_internal_deals(told):
    core = told(EXPORTS / "internal")
    assert core.rows(DEALS) == [
        ("hubspot:201", None, "hubspot:901", "Sales Pipeline", "Closed Won", True, True, 15000.0,
         "2024-03-28", "full"),
        ("hubspot:202", None, "hubspot:902", "Partners", "Appointment Scheduled", False, False,
         4000.0, "2024-07-31", "full"),
        # HubSpot calls the deal of a custom stage of no chance open.
        ("hubspot:203", None, "hubspot:902", "Partners", "No decision", True, False, 9000.0,
         "2024-04-03", "full"),
    ]  # fmt: skip
    assert core.rows(OUTCOMES) == [
        ("hubspot:201", "won", "2024-03-28 15:00:00", "2024-03-31", False),
        ("hubspot:202", "open", None, "2024-07-31", True),
        ("hubspot:203", "lost", "2024-04-03 12:00:00", None, False),
    ]
    # Two pipelines have a stage of one name; each has a place and a probability of its own.
    assert core.rows(STAGES) == [
        ("Partners", "Appointment Scheduled", 0, False, False, 0.3),
        ("Partners", "Closed Won", 1, True, True, 1.0),
        ("Partners", "No decision", 2, True, False, 0.0),
        ("Partners", "70099", None, None, None, None),
        ("Sales Pipeline", "Appointment Scheduled", 0, False, False, 0.2),
        ("Sales Pipeline", "Closed Won", 1, True, True, 1.0),
        ("Sales Pipeline", "Closed Lost", 2, True, False, 0.0),
    ]


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        ("2024-03-28T15:04:59Z", "2024-03-31"),
        ("2024-03-28T14:55:01Z", "2024-03-31"),
        # More than five minutes before: somebody set it by hand.
        ("2024-03-28T14:54:59Z", "2024-03-28"),
    ],
)
def test_a_close_date_set_by_closing_is_not_expected(told, changed, moment, expected):
    line = "201,closedate,2024-03-28T15:00:00Z,"
    folder = changed(
        "internal", {"property-history.csv": (f"{line}2024-03-28T15:00:02Z", f"{line}{moment}")}
    )
    assert told(folder).rows(
        "select cast(expected_close_on as varchar) from core.deals where deal_id = 'hubspot:201'"
    ) == [(expected,)]


def test_ids_of_the_default_pipeline_need_no_list(told, changed):
    core = told(changed("internal", without=("pipelines.csv", "owners.csv")))
    assert core.rows("select stage, is_closed, is_won from crm.deals order by deal_id") == [
        ("closedwon", True, True),
        ("70011", False, False),
        ("70013", False, False),
    ]
    assert core.rows(STAGES)[-2:] == [
        ("default", "appointmentscheduled", 0, False, False, 0.2),
        ("default", "closedwon", 5, True, True, 1.0),
    ]
    # A user's id is not an owner's.
    assert core.rows(
        "select distinct changed_by from crm.deal_states where deal_id = 'hubspot:201' order by 1"
    ) == [("hubspot:user/801",), (None,)]


def test_ragged_history_of_properties(told):
    core = told(EXPORTS / "ragged")
    assert core.rows(STATES) == [
        ("hubspot:201", "2024-01-05 10:00:00", None, "Appointment Scheduled", None, None, None),
        ("hubspot:201", "2024-03-01 09:00:00", None, "Appointment Scheduled", None,
         "2024-03-31", None),
        ("hubspot:201", "2024-03-28 15:00:00", None, "Closed Won", None, "2024-03-31", None),
        ("hubspot:201", "2024-03-28 15:00:05", None, "Closed Won", 15000.0, "2024-03-31", None),
        ("hubspot:202", "2024-01-08 10:00:00", None, "Appointment Scheduled", None, None, None),
        ("hubspot:202", "2024-02-20 10:00:00", None, "No decision", None, None, None),
        ("hubspot:202", "2024-04-01 10:00:00", None, "Appointment Scheduled", None, None, None),
        ("hubspot:202", "2024-04-09 10:00:00", None, "Appointment Scheduled", 4000.0,
         "2024-07-31", None),
        ("hubspot:203", "2024-04-03 12:00:00", None, "No decision", None, None, None),
        ("hubspot:203", "2024-04-03 12:00:03", None, "No decision", 9000.0, None, None),
    ]  # fmt: skip
    assert core.rows("select distinct history_level from crm.deals") == [("full",)]


def test_fivetran_deals(told):
    core = told(EXPORTS / "fivetran")
    assert core.rows(DEALS) == [
        # Of two companies the primary one.
        ("hubspot:301", "hubspot:503", "hubspot:901", "Sales Pipeline", "Closed Won", True, True,
         7000.0, "2024-03-12", "full"),
        ("hubspot:302", "hubspot:504", "hubspot:902", "Sales Pipeline", "Closed Lost", True, False,
         6000.0, "2024-03-30", "full"),
        ("hubspot:303", None, "hubspot:902", "Sales Pipeline", "Appointment Scheduled", False,
         False, 5000.0, "2024-05-31", "full"),
    ]  # fmt: skip
    assert core.rows(STATES) == [
        ("hubspot:301", "2024-01-05 10:00:00", "hubspot:901", "Appointment Scheduled", 7000.0,
         "2024-01-31", False),
        ("hubspot:301", "2024-03-12 15:00:00", "hubspot:901", "Closed Won", 7000.0, "2024-01-31",
         False),
        ("hubspot:302", "2024-01-06 10:00:00", None, "Appointment Scheduled", None, None, True),
        ("hubspot:302", "2024-02-01 12:00:00", "hubspot:902", "Closed Lost", None, None, False),
        ("hubspot:302", "2024-02-20 09:00:00", "hubspot:902", "Appointment Scheduled", None, None,
         False),
        ("hubspot:302", "2024-03-30 12:00:00", "hubspot:902", "Closed Lost", None, None, False),
        ("hubspot:302", "2024-03-30 12:00:05", None, "Closed Lost", 6000.0, None, None),
        ("hubspot:303", "2024-01-07 10:00:00", "hubspot:902", "Appointment Scheduled", 5000.0,
         "2024-01-31", False),
        ("hubspot:303", "2024-01-30 10:00:00", "hubspot:902", "Appointment Scheduled", 5000.0,
         "2024-03-31", False),
        ("hubspot:303", "2024-04-10 10:00:00", "hubspot:902", "Appointment Scheduled", 5000.0,
         "2024-05-31", False),
    ]  # fmt: skip
    assert core.rows(REMOVALS) == [
        ("hubspot:304", "deleted", "lost", None),
        ("hubspot:305", "merged", "open", "hubspot:303"),
        # Merged into 305, which was merged itself.
        ("hubspot:306", "merged", None, "hubspot:303"),
    ]
    assert core.rows(OUTCOMES) == [
        ("hubspot:301", "won", "2024-03-12 15:00:00", "2024-01-31", False),
        ("hubspot:302", "lost", "2024-03-30 12:00:00", None, True),
        ("hubspot:303", "open", None, "2024-05-31", False),
    ]


def test_fivetran_acts(told):
    core = told(EXPORTS / "fivetran")
    assert core.rows(ACTS) == [
        ("hubspot:3001", "hubspot:301", "2024-01-10 09:00:00", "email", "outbound", "done"),
        # Without a column of directions the type of the engagement tells.
        ("hubspot:3002", "hubspot:301", "2024-01-11 09:00:00", "email", "inbound", "done"),
        # On the survivor and on the deal merged into it, but one act; 3007 was deleted.
        ("hubspot:3003", "hubspot:303", "2024-01-12 09:00:00", "call", "outbound", "done"),
        ("hubspot:3004/301", "hubspot:301", "2024-02-01 10:00:00", "meeting", "mutual", "done"),
        ("hubspot:3004/302", "hubspot:302", "2024-02-01 10:00:00", "meeting", "mutual", "done"),
        ("hubspot:3005", "hubspot:301", "2024-02-02 10:00:00", "note", "unknown", "done"),
        ("hubspot:3006", "hubspot:303", "2024-02-08 16:00:00", "task", "unknown", "done"),
    ]
    assert core.rows(
        "select account_id, contact_id, seller_id from crm.activities "
        "where activity_id = 'hubspot:3001'"
    ) == [("hubspot:503", "hubspot:601", "hubspot:901")]
    assert core.rows(PROMISES) == [
        ("hubspot:3006", "hubspot:303", "Send plan", "2024-02-05 10:00:00", "2024-02-09",
         "2024-02-08 16:00:00"),
    ]  # fmt: skip


def test_fivetran_people_and_companies(told):
    core = told(EXPORTS / "fivetran")
    assert core.rows(
        "select account_id, name, industry, employees, country, survivor_id from crm.accounts "
        "order by 1"
    ) == [
        ("hubspot:502", "Iris Old", "RETAIL", 10, "Spain", "hubspot:503"),
        ("hubspot:503", "Iris SL", "RETAIL", 120, "Spain", None),
        ("hubspot:504", "Juniper AG", "BANKING", 900, "Switzerland", None),
    ]
    assert core.rows(
        "select deal_id, contact_id, role, title from crm.deal_contacts order by 1"
    ) == [
        ("hubspot:301", "hubspot:601", "DECISION_MAKER", "Head of IT"),
        ("hubspot:303", "hubspot:602", None, "Buyer"),
    ]  # fmt: skip
    assert core.rows("select seller_id, is_active from crm.sellers order by 1") == [
        ("hubspot:901", True),
        ("hubspot:902", False),
    ]


def test_airbyte(told):
    core = told(EXPORTS / "airbyte")
    assert core.rows(DEALS) == [
        ("hubspot:401", "hubspot:505", "hubspot:901", "Sales Pipeline", "Lost", True, False, 7000.0,
         "2024-03-12", "full"),
        # A date of the last move is no history of stages.
        ("hubspot:402", "hubspot:506", "hubspot:902", "Sales Pipeline", "First talk", False, False,
         2500.0, "2024-06-30", "last_change"),
    ]  # fmt: skip
    assert core.rows(STATES) == [
        # What changed within one second is one state.
        ("hubspot:401", "2024-01-05 10:00:00", "hubspot:901", "First talk", None, "2024-02-29",
         False),
        ("hubspot:401", "2024-03-12 15:00:00", None, "Lost", None, "2024-02-29", True),
        ("hubspot:401", "2024-03-12 15:00:05", None, "Lost", 7000.0, "2024-02-29", None),
    ]  # fmt: skip
    assert core.rows(STAGES) == [
        ("Sales Pipeline", "First talk", 0, False, False, 0.2),
        ("Sales Pipeline", "Lost", 1, True, False, 0.0),
    ]
    assert core.rows(REMOVALS) == [("hubspot:403", "archived", "lost", None)]
    assert core.rows(ACTS) == [
        ("hubspot:4001/401", "hubspot:401", "2024-01-10 09:00:00", "email", "outbound", "done"),
        ("hubspot:4001/402", "hubspot:402", "2024-01-10 09:00:00", "email", "outbound", "done"),
        ("hubspot:4002", "hubspot:401", "2024-01-11 09:00:00", "email", "inbound", "done"),
        ("hubspot:4101", "hubspot:401", "2024-01-12 10:00:00", "call", "unknown", "done"),
        ("hubspot:4103", None, "2024-01-13 10:00:00", "email", "inbound", "done"),
    ]
    # What is on a company alone belongs to its one open deal.
    assert core.rows(
        "select deal_id from core.activities where activity_id = 'hubspot:4103'"
    ) == [("hubspot:402",)]  # fmt: skip
    assert core.rows(PROMISES) == [
        ("hubspot:4102", "hubspot:402", "Send numbers", "2024-04-10 08:00:00", "2024-04-11", None),
    ]
    assert core.rows("select seller_id, is_active from crm.sellers order by 1") == [
        ("hubspot:901", True),
        ("hubspot:902", False),
    ]


def test_dlt(told):
    core = told(EXPORTS / "dlt")
    assert core.rows(DEALS) == [
        ("hubspot:501", "hubspot:801", "hubspot:901", "Sales Pipeline", "Closed Won", True, True,
         11000.0, "2024-03-15", "latest_per_stage"),
        ("hubspot:502", None, "hubspot:902", "Partners", "Proposal", False, False, 9000.0,
         "2024-05-31", "latest_per_stage"),
    ]  # fmt: skip
    assert core.rows(STATES) == [
        ("hubspot:501", "2024-01-05 10:00:00", None, "Appointment Scheduled", None, None, None),
        ("hubspot:501", "2024-03-15 15:00:00", None, "Closed Won", None, None, None),
        ("hubspot:501", "2024-03-15 15:00:09", None, "Closed Won", 11000.0, None, None),
        # An old id of a stage has one more number behind it.
        ("hubspot:502", "2024-01-06 10:00:00", None, "Proposal", None, None, None),
        ("hubspot:502", "2024-04-11 10:00:00", None, "Proposal", 9000.0, "2024-05-31", None),
    ]
    assert core.rows(STAGES) == [
        ("Partners", "Proposal", 0, False, False, 0.5),
        ("Sales Pipeline", "Appointment Scheduled", 0, False, False, 0.2),
        ("Sales Pipeline", "Closed Won", 1, True, True, 1.0),
    ]
    assert core.rows(REMOVALS) == [("hubspot:503", "deleted", "open", None)]
    assert core.rows("select account_id, name from crm.accounts") == [("hubspot:801", "Pine Ltd")]
    assert core.rows("select deal_id, contact_id from crm.deal_contacts") == [
        ("hubspot:501", "hubspot:701")
    ]


def test_singer(told):
    core = told(EXPORTS / "singer")
    assert core.rows(DEALS) == [
        ("hubspot:601", "hubspot:805", "hubspot:901", "Sales Pipeline", "Closed Lost", True, False,
         3000.0, "2024-03-12", "last_change"),
        ("hubspot:602", None, "hubspot:902", "Sales Pipeline", "Appointment Scheduled", False,
         False, 1500.0, "2024-05-31", "latest_per_stage"),
    ]  # fmt: skip
    assert core.rows(STATES) == [
        ("hubspot:602", "2024-01-06 10:00:00", None, "Appointment Scheduled", None, None, None),
        ("hubspot:602", "2024-04-11 10:00:00", None, "Appointment Scheduled", 1500.0, "2024-05-31",
         None),
    ]  # fmt: skip
    # The moment at which the stage got its value is that of the closing.
    assert core.rows(OUTCOMES) == [
        ("hubspot:601", "lost", "2024-03-12 15:00:00", None, False),
        ("hubspot:602", "open", None, "2024-05-31", False),
    ]
    assert core.rows(REMOVALS) == [("hubspot:603", "deleted", "lost", None)]
    assert core.rows(ACTS) == [
        ("hubspot:6101", "hubspot:601", "2024-01-10 10:00:00", "email", "outbound", "done"),
        ("hubspot:6102", "hubspot:601", "2024-01-11 10:00:00", "email", "inbound", "done"),
        ("hubspot:6103/601", "hubspot:601", "2024-01-15 10:00:00", "meeting", "mutual", "done"),
        ("hubspot:6103/602", "hubspot:602", "2024-01-15 10:00:00", "meeting", "mutual", "done"),
        # 6104 was deleted.
        ("hubspot:6105", "hubspot:602", "2024-01-13 10:00:00", "task", "unknown", "done"),
    ]
    assert core.rows(PROMISES) == [
        ("hubspot:6105", "hubspot:602", "Send sample", "2024-01-12 10:00:00", "2024-01-14",
         "2024-01-13 10:00:00"),
    ]  # fmt: skip


def test_leads_and_quotes(told, changed):
    folder = changed("internal")
    (folder / "leads.csv").write_text(
        "hs_object_id,hs_lead_name,hs_pipeline_stage,hs_lead_disqualification_reason,"
        "hubspot_owner_id,hs_createdate,hs_lastmodifieddate,Associated Deal IDs,"
        "Associated Company IDs\n"
        "7101,Ivy,qualified-stage-id,,901,2024-01-02T10:00:00Z,2024-01-05T10:00:00Z,201,\n"
        "7102,Reed,unqualified-stage-id,No need,902,2024-01-03T10:00:00Z,2024-01-06T10:00:00Z,,"
        "509\n"
    )
    (folder / "quotes.csv").write_text(
        "hs_object_id,hs_title,hs_quote_amount,hs_status,hs_createdate,Associated Deal IDs\n"
        "7201,Offer,15000,APPROVAL_NOT_NEEDED,2024-02-10T09:00:00Z,201\n"
        "7202,Draft,14000,DRAFT,2024-02-11T09:00:00Z,201\n"
        "7203,Both,4000,APPROVED,2024-02-12T09:00:00Z,201;202\n"
    )
    core = told(folder)
    assert core.rows(
        "select lead_id, account_id, seller_id, status, reason, deal_id from crm.leads order by 1"
    ) == [
        ("hubspot:7101", None, "hubspot:901", "qualified-stage-id", None, "hubspot:201"),
        ("hubspot:7102", "hubspot:509", "hubspot:902", "unqualified-stage-id", "No need", None),
    ]
    assert core.rows(
        "select option_id, deal_id, kind, amount, cast(offered_at as varchar) from crm.options "
        "order by 1"
    ) == [
        ("hubspot:7201", "hubspot:201", "ours", 15000.0, "2024-02-10 09:00:00"),
        ("hubspot:7203/201", "hubspot:201", "ours", 4000.0, "2024-02-12 09:00:00"),
        ("hubspot:7203/202", "hubspot:202", "ours", 4000.0, "2024-02-12 09:00:00"),
    ]


def test_an_older_export_beside_a_newer_one(told, changed):
    folder = changed("labels")
    text = (folder / "deals.csv").read_text(encoding="utf-8")
    older = text.replace("2024-04-10 12:00", "2024-03-01 10:00").replace(
        "2024-04-05 11:00,2024-01-20 09:00,2024-04-05 11:00,,2024-03-01 10:00",
        "2024-03-01 10:00,2024-01-20 09:00,2024-02-10 08:00,,2024-03-01 10:00",
    )
    assert older != text
    (folder / "older.csv").write_text(older, encoding="utf-8")
    core = told(folder)
    assert core.rows("select count(*) from crm.deals") == [(4,)]
    # The first stay in the stage, whose date the second one took.
    assert [row[1:4:2] for row in core.rows(STATES) if row[0] == "hubspot:103"] == [
        ("2024-01-20 09:00:00", "Appointment Scheduled"),
        ("2024-02-10 08:00:00", "Contract Sent"),
        ("2024-03-01 10:00:00", "Closed Lost"),
        ("2024-04-05 11:00:00", "Contract Sent"),
        ("2024-04-10 12:00:00", "Contract Sent"),
    ]


def test_without_an_export_there_is_nothing(told, small_exports):
    core = told(small_exports)
    names = [name for name in tables.queries() if name.startswith("crm.hubspot_")]
    steps = [name for name in names if tables.queries()[name].path.parent.name == "steps"]
    assert len(names) - len(steps) == 16
    assert {
        name: core.rows(f"select count(*) from {name}")[0][0] for name in names
    } == dict.fromkeys(names, 0)


def put(folder, **files):
    for name, text in files.items():
        (folder / f"{name}.csv").write_text(text, encoding="utf-8")
    return folder


DEALS_BY_LABEL = """Deal Name,Record ID,Deal Stage,Pipeline,Create Date,Close Date,MQL score
Fir,61,{fir},Sales,2026-01-05 09:00,2026-03-10 10:00,4
Gorse,62,{gorse},Sales,2026-01-06 09:00,2026-05-01 00:00,
Heath,63,{heath},Sales,2026-04-01 09:00,2026-02-01 10:00,
"""


def test_a_file_of_one_property_need_not_name_it(told, folder):
    put(
        folder,
        deals=DEALS_BY_LABEL.format(fir="Closed Won", gorse="Demo", heath="Demo"),
        deal_dealstage_history="Record ID,Property value,Change date,Change source\n"
        "61,Demo,2026-01-05 09:00,CRM UI\n61,Closed Won,2026-03-10 10:00,CRM UI\n",
        deal_closedate_history="Change date,Record ID,Property value\n"
        "2026-01-05 09:00,61,2026-02-28 18:00\n2026-02-20 09:00,61,2026-03-31 18:00\n"
        "2026-03-10 10:00,61,2026-03-10 10:00\n",
    )
    core = told(folder)
    assert core.report.warnings == []
    assert core.rows(
        "select changed_at::varchar, to_stage, is_bulk from core.stage_changes "
        "where deal_id = 'hubspot:61' order by 1"
    ) == [("2026-01-05 09:00:00", "Demo", False), ("2026-03-10 10:00:00", "Closed Won", False)]
    assert core.rows(
        "select from_on::varchar, to_on::varchar from core.close_date_changes "
        "where from_on is not null"
    ) == [("2026-02-28", "2026-03-31")]


def test_a_stage_of_every_chance_is_won_where_nothing_else_is_said(told, folder):
    put(
        folder,
        deals=DEALS_BY_LABEL.format(fir="Closed Won", gorse="Demo", heath="Bought"),
        pipelines="Stage,Stage ID,Pipeline,Win probability\nDemo,1,Sales,20%\n"
        "Closed Won,2,Sales,100%\nBought,3,Sales,100%\nNever,4,Sales,0%\n",
    )
    core = told(folder)
    assert core.rows("select deal_id, status from core.deals order by 1") == [
        ("hubspot:61", "won"),
        ("hubspot:62", "open"),
        ("hubspot:63", "won"),
    ]
    assert core.rows("select stage, is_closed, is_won from core.stages order by 1") == [
        ("Bought", True, True),
        ("Closed Won", True, True),
        ("Demo", False, False),
        ("Never", True, False),
    ]


def test_where_no_column_says_what_ends_a_deal_the_names_of_stages_do(told, folder):
    put(folder, deals=DEALS_BY_LABEL.format(fir="Won", gorse="Demo", heath="Lost - no decision"))
    assert told(folder).rows("select deal_id, status from core.deals order by 1") == [
        ("hubspot:61", "won"),
        ("hubspot:62", "open"),
        ("hubspot:63", "lost"),
    ]


@pytest.mark.parametrize(
    ("zone", "time"), [("Asia/Seoul", "00:00"), ("America/Los_Angeles", "23:30")]
)
def test_no_zone_moves_a_close_date_to_another_day(told, folder, zone, time):
    text = DEALS_BY_LABEL.format(fir="Demo", gorse="Demo", heath="Demo")
    put(folder, deals=text.replace("2026-05-01 00:00", f"2026-05-01 {time}"))
    core = told(folder, f'[source]\ntime_zone = {{ "*" = "{zone}" }}')
    assert core.rows(
        "select expected_close_on::varchar from core.deals where deal_id = 'hubspot:62'"
    ) == [("2026-05-01",)]


@pytest.mark.parametrize("label", ["Lost reason (new)", "Reason for loss", "reason_lost_2026"])
def test_a_reason_of_ones_own_is_found(told, folder, label):
    text = DEALS_BY_LABEL.format(fir="Closed Lost", gorse="Demo", heath="Demo")
    put(folder, deals=text.replace("MQL score", label).replace("10:00,4", "10:00,Too dear"))
    assert told(folder).rows("select lost_reason from core.deals where deal_id = 'hubspot:61'") == [
        ("Too dear",)
    ]


@pytest.mark.parametrize(
    ("entered", "modified", "closed_at"),
    [("", "", "2026-03-10 12:00:00"), ("2026-03-10 10:00", "", "2026-03-10 10:00:00"),
     ("", "2026-03-10 10:30", "2026-03-10 10:30:00")],
)  # fmt: skip
def test_a_closing_that_no_history_tells_is_the_rows(told, folder, entered, modified, closed_at):
    put(
        folder,
        deals="Record ID,Deal Name,Deal Stage,Pipeline,Create Date,Close Date,Is closed lost,"
        'Date entered current stage,Last Modified Date,"Date entered ""Demo (Sales)"""\n'
        f"81,Ivy,Closed Lost,Sales,2026-01-05 09:00,2026-03-10 10:00,true,{entered},{modified},"
        "2026-01-20 09:00\n"
        "82,Juniper,Demo,Sales,2026-04-01 09:00,2026-05-10 10:00,false,,,2026-04-02 09:00\n",
    )
    core = told(folder)
    assert core.rows(
        "select deal_id, status, stage, closed_at::varchar from core.deals order by 1"
    ) == [
        ("hubspot:81", "lost", "Closed Lost", closed_at),
        ("hubspot:82", "open", "Demo", None),
    ]
    assert core.rows(
        "select to_stage from core.stage_changes where deal_id = 'hubspot:81' order by changed_at"
    ) == [("Demo",), ("Closed Lost",)]
    assert core.rows("select * from core.close_date_changes where deal_id = 'hubspot:81'") == []
