"""Pipedrive exports, dumps and landings in the core shape: one golden export for each layout."""

import csv
import shutil
from pathlib import Path

import pytest
import xlsxwriter

EXPORTS = Path(__file__).parent / "exports" / "pipedrive"
LAYOUTS = ("labels", "api_v1", "api_v2", "singer", "dlt", "airbyte", "fivetran")
RIVAL = "9a1b2c3d4e5f60718293a4b5c6d7e8f901234567"
DEALS = """
    select deal_id, account_id, seller_id, pipeline, stage, is_closed, is_won, amount,
        cast(close_on as varchar), history_level, reopened_hint
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
    select activity_id, deal_id, cast(happened_at as varchar), cast(recorded_at as varchar), kind,
        direction, status, minutes
    from crm.activities order by activity_id
"""
PROMISES = """
    select commitment_id, deal_id, cast(made_at as varchar), cast(due_on as varchar),
        cast(kept_at as varchar), made_by
    from crm.commitments order by commitment_id
"""
PEOPLE = """
    select deal_id, contact_id, title, cast(added_at as varchar)
    from crm.deal_contacts order by deal_id, contact_id
"""
REMOVALS = "select deal_id, why, status, survivor_id from crm.removals order by deal_id"
ACCOUNTS = "select account_id, name from crm.accounts order by account_id"
SELLERS = """
    select seller_id, name, is_active, is_automatic, email_domain from crm.sellers order by 1
"""
OWNERS = """
    select source, deal_id, cast(changed_at as varchar), changed_sec, from_seller_id, to_seller_id,
        changed_by, is_bulk
    from crm.owner_changes order by deal_id, changed_sec
"""
OUTCOMES = """
    select d.deal_id, d.status, cast(d.closed_at as varchar), cast(d.expected_close_on as varchar),
        d.is_reopened, o.outcome, o.rule
    from core.deals as d join core.outcomes as o on d.deal_id = o.deal_id order by d.deal_id
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


def capability(core, name):
    told = core.rows(
        f"select value from core.capabilities where source = 'pipedrive' and capability = '{name}'"
    )
    return told[0][0]


@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_file_is_known_and_read_in_full(told, layout):
    core = told(EXPORTS / layout)
    place = EXPORTS / layout
    offered = sorted(p.relative_to(place).as_posix() for p in place.rglob("*") if p.is_file())
    assert sorted(core.report.loaded) == offered
    assert core.rows("select * from raw.rejects") == []
    assert core.rows("select path, kind from raw.files where kind not like 'pipedrive_%'") == []


def test_labels_deals(told):
    core = told(EXPORTS / "labels")
    assert core.rows(DEALS) == [
        ("pipedrive:101", "pipedrive:501", "pipedrive:Ana Silva", "Sales", "Won", True, True,
         12000.0, "2026-03-20", "last_change", None),
        ("pipedrive:102", "pipedrive:502", "pipedrive:Ana Silva", "Sales", "Lost", True, False,
         8000.0, "2026-04-02", "last_change", None),
        # The first of the two columns of the status is empty here: the second one says "Open". It
        # was lost once, and that time and reason have stayed.
        ("pipedrive:103", "pipedrive:503", "pipedrive:Ben Okafor", "Sales", "Demo", False, False,
         30000.0, "2026-06-30", "last_change", True),
        ("pipedrive:105", "pipedrive:505", "pipedrive:Ben Okafor", "Enterprise", "Lost", True,
         False, 5000.0, "2026-04-11", "none", None),
        # A stage that is called as an ending is: nobody has won this yet.
        ("pipedrive:106", "pipedrive:505", "pipedrive:Ben Okafor", "Enterprise", "Won (stage)",
         False, False, 7000.0, "2026-05-31", "none", None),
    ]  # fmt: skip
    assert core.rows(
        "select deal_id, currency, crm_probability, lost_reason, competitor, lead_source, "
        "last_stage_change_sec, last_inbound_sec, last_outbound_sec from crm.deals order by 1"
    ) == [
        ("pipedrive:101", "EUR", None, None, None, "Referral", 1774015200, 1773907200, 1773820800),
        ("pipedrive:102", "EUR", None, "No budget this year", None, "Web forms", 1775145600, None,
         1771574400),
        ("pipedrive:103", "EUR", 0.4, None, None, None, 1775386800, None, None),
        ("pipedrive:105", "EUR", None, None, "Rival Inc", None, 1775894400, None, None),
        ("pipedrive:106", "EUR", None, None, None, None, None, None, None),
    ]  # fmt: skip
    assert core.rows(REMOVALS) == [("pipedrive:104", "archived", "open", None)]
    assert core.rows(ACCOUNTS) == [
        ("pipedrive:501", "Alder Ltd"),
        ("pipedrive:502", "Birch GmbH"),
        ("pipedrive:503", "Cedar SA"),
        ("pipedrive:505", "Elm KG"),
    ]
    assert core.rows("select seller_id, name from crm.sellers order by 1") == [
        ("pipedrive:Ana Silva", "Ana Silva"),
        ("pipedrive:Ben Okafor", "Ben Okafor"),
    ]
    assert core.rows("select * from crm.stamps") == [("pipedrive", 1775899800)]


def test_labels_outcomes(told):
    core = told(EXPORTS / "labels")
    assert core.rows(OUTCOMES) == [
        ("pipedrive:101", "won", "2026-03-20 14:00:00", None, False, "won", "won"),
        ("pipedrive:102", "lost", "2026-04-02 16:00:00", None, False, "no_decision",
         "no_decision_reason"),
        ("pipedrive:103", "open", None, "2026-06-30", True, "open", "open"),
        ("pipedrive:105", "lost", "2026-04-11 08:00:00", None, False, "lost_to_competitor",
         "competitor_field"),
        ("pipedrive:106", "open", None, "2026-05-31", False, "open", "open"),
    ]  # fmt: skip
    assert core.rows(STAGES) == [
        ("Enterprise", "Lost", None, True, False, 0.0),
        ("Enterprise", "Won", None, True, True, 1.0),
        ("Enterprise", "Won (stage)", None, False, False, None),
        ("Sales", "Demo", None, False, False, None),
        ("Sales", "Lost", None, True, False, 0.0),
        ("Sales", "Offer sent", None, False, False, None),
        ("Sales", "Won", None, True, True, 1.0),
    ]
    assert capability(core, "stage_history") == "last_change"
    assert capability(core, "close_date_history") == "none"


def test_labels_acts_are_dated_by_what_is_likeliest(told):
    core = told(EXPORTS / "labels")
    assert core.rows(ACTS) == [
        # Without a time of the day, when it was ticked off.
        ("pipedrive:2001", "pipedrive:101", "2026-02-01 10:30:00", "2026-02-01 10:30:00", "call",
         "unknown", "done", None),
        # A meeting was when it was to be, however late it was ticked off.
        ("pipedrive:2002", "pipedrive:101", "2026-02-10 10:00:00", "2026-02-02 09:00:00",
         "meeting", "mutual", "done", 90.0),
        # Weeks later is a clean-up of the list, and known only from then on.
        ("pipedrive:2003", "pipedrive:102", "2026-02-12 09:30:00", "2026-04-01 18:00:00", "call",
         "unknown", "done", None),
        ("pipedrive:2004", "pipedrive:102", "2026-02-01 12:00:00", "2026-04-01 18:00:00", "task",
         "unknown", "done", None),
        # A meeting that has passed and was never ticked off; its deal is told by title only.
        ("pipedrive:2005", "pipedrive:103", "2026-03-05 14:00:00", "2026-03-01 09:00:00",
         "meeting", "mutual", "unknown", 120.0),
        ("pipedrive:2006", "pipedrive:103", "2026-05-02 10:00:00", "2026-04-09 09:00:00",
         "meeting", "mutual", "unknown", 60.0),
        # Who wrote to whom is not told.
        ("pipedrive:2008", "pipedrive:103", "2026-04-07 08:00:00", "2026-04-07 08:00:00", "email",
         "unknown", "done", None),
        ("pipedrive:2009", None, "2026-04-06 12:00:00", "2026-04-06 12:00:00", "task", "unknown",
         "done", None),
    ]  # fmt: skip
    assert core.rows(
        "select activity_id, account_id, seller_id, type_word from crm.activities "
        "where activity_id in ('pipedrive:2005', 'pipedrive:2009') order by 1"
    ) == [
        ("pipedrive:2005", "pipedrive:503", "pipedrive:Ben Okafor", "Site visit"),
        ("pipedrive:2009", "pipedrive:503", "pipedrive:Ben Okafor", "Task"),
    ]
    assert core.rows("select activity_id from core.activities where status = 'booked'") == [
        ("pipedrive:2006",)
    ]
    assert capability(core, "activity_direction") == "none"


def test_labels_what_was_planned_is_a_promise(told):
    assert told(EXPORTS / "labels").rows(PROMISES) == [
        ("pipedrive:2001", "pipedrive:101", "2026-01-28 09:00:00", "2026-02-01",
         "2026-02-01 10:30:00", None),
        ("pipedrive:2003", "pipedrive:102", "2026-02-05 09:00:00", "2026-02-12",
         "2026-04-01 18:00:00", None),
        ("pipedrive:2004", "pipedrive:102", "2026-01-20 09:00:00", "2026-02-01",
         "2026-04-01 18:00:00", None),
        ("pipedrive:2007", "pipedrive:103", "2026-04-08 09:00:00", "2026-04-15", None, None),
    ]  # fmt: skip


def test_a_workbook_tells_the_same(told, folder):
    for name, sheet in (("deals", "Deals"), ("activities", "Activities")):
        book = xlsxwriter.Workbook(folder / f"{name}-3471.xlsx")
        page = book.add_worksheet(sheet)
        with (EXPORTS / "labels" / f"{name}-3471.csv").open(encoding="utf-8") as rows:
            for n, row in enumerate(csv.reader(rows)):
                page.write_row(n, 0, row)
        book.close()
    core, plain = told(folder), told(EXPORTS / "labels")
    assert core.rows("select path, kind, rows from raw.files order by 1") == [
        ("activities-3471.xlsx", "pipedrive_activity", 9),
        ("deals-3471.xlsx", "pipedrive_deal", 6),
    ]
    for query in (DEALS, ACTS, PROMISES, OUTCOMES):
        assert core.rows(query) == plain.rows(query)


def test_times_of_a_list_export_are_in_the_users_zone(told):
    settings = '[source]\ntime_zone = { "pipedrive" = "Europe/Berlin" }\n'
    core = told(EXPORTS / "labels", settings)
    assert core.rows(
        "select cast(created_at as varchar), cast(close_on as varchar) from crm.deals "
        "where deal_id in ('pipedrive:101', 'pipedrive:103') order by deal_id"
    ) == [("2026-01-05 08:00:00", "2026-03-20"), ("2026-01-20 08:00:00", "2026-06-30")]


def test_deals_without_ids_are_known_by_title_company_and_day(told, changed):
    folder = changed("labels", {"deals-3471.csv": ("Deal - ID,", "Deal - Weighted value,")})
    core = told(folder)
    assert core.rows("select deal_id, stage from crm.deals order by 1")[:2] == [
        ("pipedrive:Alder rollout / Alder Ltd / 2026-01-05", "Won"),
        ("pipedrive:Birch licences / Birch GmbH / 2026-01-15", "Lost"),
    ]
    assert core.rows("select deal_id from crm.activities where activity_id = 'pipedrive:2005'") == [
        ("pipedrive:Cedar pilot / Cedar SA / 2026-01-20",)
    ]


def test_first_version_deals(told):
    core = told(EXPORTS / "api_v1")
    assert core.rows(DEALS) == [
        # Won a month before it was won again.
        ("pipedrive:201", "pipedrive:501", "pipedrive:11", "Sales", "Won", True, True, 12000.0,
         "2026-03-20", "full", True),
        ("pipedrive:202", "pipedrive:502", "pipedrive:12", "Sales", "Demo", False, False, 8000.0,
         "2026-05-31", "last_change", True),
    ]  # fmt: skip
    assert core.rows(REMOVALS) == [("pipedrive:203", "deleted", "lost", None)]
    # The same name in two pipelines is two stages.
    assert core.rows(STAGES) == [
        ("Partners", "Demo", 0, False, False, 1.0),
        ("Partners", "Lost", None, True, False, 0.0),
        ("Partners", "Won", None, True, True, 1.0),
        ("Sales", "Qualified", 0, False, False, 0.2),
        ("Sales", "Demo", 1, False, False, 0.5),
        ("Sales", "Offer sent", 2, False, False, 0.8),
        ("Sales", "Lost", None, True, False, 0.0),
        ("Sales", "Won", None, True, True, 1.0),
    ]
    assert core.rows(ACCOUNTS) == [
        ("pipedrive:501", "Alder Ltd"),
        ("pipedrive:502", "Birch GmbH"),
    ]
    assert core.rows(SELLERS) == [
        ("pipedrive:11", "Ana Silva", True, False, "seller.example.com"),
        ("pipedrive:12", "Ben Okafor", False, False, "gmail.com"),
    ]
    assert core.rows(
        "select employees, country, cast(created_at as varchar) from crm.accounts "
        "where account_id = 'pipedrive:501'"
    ) == [(120, "United Kingdom", "2026-01-05 08:58:00")]


def test_first_version_flow_is_every_state(told):
    core = told(EXPORTS / "api_v1")
    assert core.rows(STATES) == [
        ("pipedrive:201", "2026-01-05 09:00:00", "pipedrive:11", "Qualified", 10000.0,
         "2026-02-28", None),
        ("pipedrive:201", "2026-01-20 10:00:00", "pipedrive:11", "Demo", 10000.0, "2026-02-28",
         None),
        ("pipedrive:201", "2026-01-25 10:00:00", "pipedrive:11", "Demo", 10000.0, "2026-03-31",
         True),
        ("pipedrive:201", "2026-02-10 10:00:00", "pipedrive:11", "Offer sent", 10000.0,
         "2026-03-31", None),
        ("pipedrive:201", "2026-02-10 10:05:00", "pipedrive:11", "Offer sent", 12000.0,
         "2026-03-31", None),
        ("pipedrive:201", "2026-02-20 09:00:00", "pipedrive:11", "Won", 12000.0, "2026-03-31",
         None),
        ("pipedrive:201", "2026-02-21 09:00:00", "pipedrive:11", "Offer sent", 12000.0,
         "2026-03-31", None),
        ("pipedrive:201", "2026-03-20 14:00:00", "pipedrive:11", "Won", 12000.0, "2026-03-31",
         None),
    ]  # fmt: skip
    assert core.rows(OUTCOMES) == [
        ("pipedrive:201", "won", "2026-03-20 14:00:00", "2026-03-31", True, "won", "won"),
        ("pipedrive:202", "open", None, "2026-05-31", True, "open", "open"),
    ]
    # The flow calls the change of date a bulk change, which is no push by the seller.
    assert core.rows(
        "select cast(from_on as varchar), cast(to_on as varchar), is_push "
        "from core.close_date_changes where deal_id = 'pipedrive:201' order by seq"
    ) == [(None, "2026-02-28", False), ("2026-02-28", "2026-03-31", False)]
    assert core.rows(OWNERS) == [
        ("pipedrive", "pipedrive:201", "2026-01-26 10:00:00", 1769421600, "pipedrive:12",
         "pipedrive:11", "pipedrive:12", False)
    ]  # fmt: skip


def test_first_version_without_lists_of_stages(told, changed):
    core = told(changed("api_v1", without=("stages.json", "pipelines.json")))
    # The flow tells the names of the stages it went through, in whatever pipeline.
    assert core.rows(
        "select distinct stage from crm.deal_states where deal_id = 'pipedrive:201' order by 1"
    ) == [("Demo",), ("Offer sent",), ("Qualified",), ("Won",)]
    assert core.rows("select deal_id, pipeline, stage from crm.deals order by 1") == [
        ("pipedrive:201", "1", "Won"),
        ("pipedrive:202", "1", "Demo"),
    ]


def test_first_version_acts(told):
    core = told(EXPORTS / "api_v1")
    assert core.rows(ACTS) == [
        ("pipedrive:3001", "pipedrive:201", "2026-01-20 11:00:00", "2026-01-20 11:00:00", "call",
         "unknown", "done", 15.0),
        ("pipedrive:3004", "pipedrive:201", "2026-02-15 15:00:00", "2026-02-10 12:00:00",
         "meeting", "mutual", "done", 60.0),
        # The flow is of one deal, so its mail is on it too.
        ("pipedrive:mail/51", "pipedrive:201", "2026-02-17 09:00:00", "2026-02-17 09:00:05",
         "email", "outbound", "done", None),
        ("pipedrive:mail/52", "pipedrive:201", "2026-02-18 09:00:00", "2026-02-18 09:01:00",
         "email", "inbound", "done", None),
        # 53 is a draft and 54 stayed in the house. A seller's free mailbox is no domain of ours.
        ("pipedrive:mail/55", "pipedrive:202", "2026-03-28 10:00:00", "2026-03-28 10:01:00",
         "email", "inbound", "done", None),
        ("pipedrive:note/41", "pipedrive:201", "2026-02-16 09:00:00", "2026-02-16 09:00:00",
         "note", "unknown", "done", None),
    ]  # fmt: skip
    assert core.rows(
        "select activity_id, seller_id, contact_id, subject from crm.activities "
        "where kind in ('email', 'note') order by 1"
    ) == [
        ("pipedrive:mail/51", "pipedrive:11", "pipedrive:601", "Next steps"),
        ("pipedrive:mail/52", "pipedrive:11", "pipedrive:601", "Re: Next steps"),
        ("pipedrive:mail/55", "pipedrive:12", "pipedrive:603", "Your licences"),
        ("pipedrive:note/41", "pipedrive:11", None, "They like the plan"),
    ]
    assert core.rows(PROMISES) == [
        ("pipedrive:3001", "pipedrive:201", "2026-01-18 09:00:00", "2026-01-20",
         "2026-01-20 11:00:00", None),
        ("pipedrive:3002", "pipedrive:202", "2026-03-30 09:00:00", "2026-04-20", None, None),
    ]  # fmt: skip
    assert capability(core, "activity_direction") == "native"


def test_who_wrote_is_unknown_without_addresses_of_ours(told, changed):
    folder = changed(
        "api_v1",
        {
            "deals.json": ('"email": "', '"mail": "'),
            "mail_messages.json": ('"linked_person_id": 601', '"linked_person_id": null'),
        },
        without=("users.json", "flow.json"),
    )
    assert told(folder).rows(
        "select activity_id, direction from crm.activities where kind = 'email' order by 1"
    ) == [
        ("pipedrive:mail/52", "unknown"),
        ("pipedrive:mail/54", "outbound"),
        # A person of the buyer's wrote it.
        ("pipedrive:mail/55", "inbound"),
    ]


def test_first_version_people_and_leads(told):
    core = told(EXPORTS / "api_v1")
    assert core.rows(PEOPLE) == [
        # The whole flow saw no change of the contact person: they were there from the beginning.
        ("pipedrive:201", "pipedrive:601", "Chief Operating Officer", "2026-01-05 09:00:00"),
        ("pipedrive:201", "pipedrive:602", None, "2026-02-05 10:00:00"),
    ]
    assert core.rows(
        "select account_id, seller_id, status, reason, cast(disqualified_at as varchar) "
        "from core.leads order by created_at"
    ) == [
        ("pipedrive:502", "pipedrive:12", "Archived", "Archived without a deal",
         "2026-03-01 08:00:00"),
        ("pipedrive:501", "pipedrive:11", "Open", None, None),
    ]  # fmt: skip


def test_a_custom_field_has_the_name_that_the_settings_say(told):
    settings = f'[columns]\n"pipedrive_deal.competitor" = ["{RIVAL}"]\n'
    for layout, deal in (("api_v1", "pipedrive:201"), ("api_v2", "pipedrive:301")):
        core = told(EXPORTS / layout, settings)
        assert core.rows(f"select competitor from crm.deals where deal_id = '{deal}'") == [
            ("Rival Inc",)
        ]


def test_second_version_changelogs(told):
    core = told(EXPORTS / "api_v2")
    assert core.rows(DEALS) == [
        ("pipedrive:301", "pipedrive:501", "pipedrive:12", "Sales", "Lost", True, False, 9000.0,
         "2026-03-20", "full", None),
        ("pipedrive:302", "pipedrive:502", "pipedrive:12", "Sales", "Demo", False, False, 8000.0,
         "2026-05-31", "full", None),
    ]  # fmt: skip
    # The changes of 301 name their deal in the name of their folder only, those of 302 beside them.
    assert core.rows(STATES) == [
        ("pipedrive:301", "2026-01-05 09:00:00", None, "Qualified", 9000.0, None, None),
        ("pipedrive:301", "2026-01-20 10:00:00", "pipedrive:11", "Qualified", 9000.0,
         "2026-03-31", False),
        ("pipedrive:301", "2026-02-10 10:00:00", "pipedrive:11", "Offer sent", 9000.0,
         "2026-03-31", False),
        ("pipedrive:301", "2026-03-20 14:00:00", "pipedrive:12", "Lost", 9000.0, "2026-03-31",
         True),
        ("pipedrive:302", "2026-01-15 09:00:00", None, "Demo", 8000.0, "2026-02-28", None),
        ("pipedrive:302", "2026-02-01 10:00:00", "pipedrive:12", "Demo", 8000.0, "2026-05-31",
         False),
    ]  # fmt: skip
    assert core.rows(OWNERS) == [
        ("pipedrive", "pipedrive:301", "2026-03-01 10:00:00", 1772359200, "pipedrive:11",
         "pipedrive:12", "pipedrive:11", True)
    ]  # fmt: skip
    assert core.rows(OUTCOMES) == [
        ("pipedrive:301", "lost", "2026-03-20 14:00:00", "2026-03-31", False,
         "lost_to_competitor", "competitor_reason"),
        ("pipedrive:302", "open", None, "2026-05-31", False, "open", "open"),
    ]  # fmt: skip


def test_second_version_rest(told):
    core = told(EXPORTS / "api_v2")
    assert core.rows(REMOVALS) == [
        ("pipedrive:303", "archived", "won", None),
        ("pipedrive:304", "merged", "open", "pipedrive:302"),
    ]
    assert core.rows(PEOPLE) == [
        ("pipedrive:301", "pipedrive:601", "COO", "2026-02-20 10:00:00"),
        ("pipedrive:301", "pipedrive:602", None, "2026-01-05 09:00:00"),
        ("pipedrive:301", "pipedrive:603", None, "2026-02-12 10:00:00"),
    ]
    assert core.rows(
        "select option_id, deal_id, kind, amount, cast(offered_at as varchar) from crm.options"
    ) == [("pipedrive:301/products", "pipedrive:301", "ours", 9000.0, "2026-02-09 10:00:00")]
    assert core.rows(ACTS) == [
        ("pipedrive:3101", "pipedrive:301", "2026-01-20 10:00:00", "2026-01-20 11:00:00", "call",
         "unknown", "done", 15.0)
    ]  # fmt: skip
    # Deleted, but still the company behind a deal.
    assert core.rows(ACCOUNTS) == [
        ("pipedrive:501", "Alder Ltd"),
        ("pipedrive:502", "Birch GmbH"),
    ]


def test_a_log_that_ends_before_the_rows_is_continued_by_them(told, changed):
    folder = changed(
        "api_v2",
        {"deals/301/changelog.json": ("2026-0", "2025-0")},
    )
    (folder / "deals" / "301" / "changelog.json").write_text(
        '{"success": true, "data": [{"time": "2026-01-20 10:00:00", "new_value": "2", '
        '"old_value": "1", "field_key": "stage_id", "actor_user_id": 11}]}',
        encoding="utf-8",
    )
    core = told(folder)
    assert core.rows(
        "select cast(changed_at as varchar), stage from crm.deal_states "
        "where deal_id = 'pipedrive:301' order by sort_key"
    ) == [
        ("2026-01-05 09:00:00", "Qualified"),
        ("2026-01-20 10:00:00", "Demo"),
        ("2026-02-10 10:00:00", "Offer sent"),
        ("2026-03-20 14:00:00", "Lost"),
    ]


def test_a_log_without_the_moves_is_no_history_of_stages(told, changed):
    folder = changed(
        "api_v2",
        {
            "deals.jsonl": (
                '"stage_change_time": null',
                '"stage_change_time": "2026-02-09T00:00:00Z"',
            )
        },
    )
    core = told(folder)
    assert core.rows(
        "select history_level from crm.deals where deal_id = 'pipedrive:302'"
    ) == [("last_change",)]  # fmt: skip
    assert core.rows(
        "select cast(changed_at as varchar), stage, cast(expected_close_on as varchar) "
        "from crm.deal_states where deal_id = 'pipedrive:302' order by sort_key"
    ) == [
        ("2026-01-15 09:00:00", None, "2026-02-28"),
        ("2026-02-01 10:00:00", None, "2026-05-31"),
        ("2026-02-09 00:00:00", "Demo", "2026-05-31"),
    ]


def test_singer_flow_knows_of_stages_only(told):
    core = told(EXPORTS / "singer")
    assert core.rows(DEALS) == [
        ("pipedrive:401", "pipedrive:501", "pipedrive:11", "Sales", "Won", True, True, 12000.0,
         "2026-03-20", "full", None),
        # The newer of two rows of one deal.
        ("pipedrive:402", "pipedrive:502", "pipedrive:12", "Sales", "Demo", False, False, 8500.0,
         "2026-05-31", "full", None),
    ]  # fmt: skip
    assert core.rows(STATES) == [
        ("pipedrive:401", "2026-01-05 09:00:00", "pipedrive:11", "Qualified", None, None, None),
        ("pipedrive:401", "2026-01-20 10:00:00", "pipedrive:11", "Demo", None, None, False),
        ("pipedrive:401", "2026-02-10 10:00:00", "pipedrive:11", "Offer sent", None, None, True),
        # How it ended is told by the row.
        ("pipedrive:401", "2026-03-20 14:00:00", None, "Won", None, None, None),
        # A stage that no one names any more keeps its id.
        ("pipedrive:402", "2026-01-15 09:00:00", "pipedrive:12", "7", None, None, None),
        ("pipedrive:402", "2026-01-25 10:00:00", "pipedrive:12", "Demo", None, None, False),
    ]
    assert core.rows(OUTCOMES) == [
        ("pipedrive:401", "won", "2026-03-20 14:00:00", None, False, "won", "won"),
        ("pipedrive:402", "open", None, "2026-05-31", False, "open", "open"),
    ]
    assert core.rows(REMOVALS) == [("pipedrive:403", "deleted", "open", None)]
    assert core.rows(ACTS) == [
        ("pipedrive:3201", "pipedrive:401", "2026-02-01 09:30:00", "2026-02-01 10:00:00", "call",
         "unknown", "done", 30.0),
        ("pipedrive:note/61", "pipedrive:401", "2026-02-03 09:00:00", "2026-02-03 09:00:00",
         "note", "unknown", "done", None),
    ]  # fmt: skip
    assert capability(core, "stage_history") == "full"
    assert capability(core, "close_date_history") == "none"


def test_dlt_flow(told):
    core = told(EXPORTS / "dlt")
    assert core.rows(DEALS) == [
        ("pipedrive:501", "pipedrive:501", "pipedrive:11", "Sales", "Lost", True, False, 12000.0,
         "2026-03-20", "full", None)
    ]  # fmt: skip
    assert core.rows(STATES) == [
        ("pipedrive:501", "2026-01-05 09:00:00", "pipedrive:11", "Demo", 12000.0, "2026-02-28",
         None),
        ("pipedrive:501", "2026-02-10 10:00:00", "pipedrive:11", "Offer sent", 12000.0,
         "2026-02-28", None),
        ("pipedrive:501", "2026-02-25 10:00:00", "pipedrive:11", "Offer sent", 12000.0,
         "2026-03-31", None),
        ("pipedrive:501", "2026-03-20 14:00:00", "pipedrive:11", "Lost", 12000.0, "2026-03-31",
         None),
    ]  # fmt: skip
    assert core.rows(ACTS) == [
        ("pipedrive:3301", "pipedrive:501", "2026-02-05 10:00:00", "2026-02-01 09:00:00",
         "meeting", "mutual", "done", 60.0),
        ("pipedrive:note/71", "pipedrive:501", "2026-03-02 09:00:00", "2026-03-02 09:00:00",
         "note", "unknown", "done", None),
    ]  # fmt: skip
    assert core.rows(PEOPLE) == [
        ("pipedrive:501", "pipedrive:601", None, "2026-01-05 09:00:00"),
        ("pipedrive:501", "pipedrive:602", None, "2026-02-06 09:00:00"),
    ]
    assert core.rows(OUTCOMES) == [
        ("pipedrive:501", "lost", "2026-03-20 14:00:00", "2026-03-31", False, "no_decision",
         "no_decision_reason")
    ]  # fmt: skip


def test_airbyte_keeps_objects_as_text(told):
    core = told(EXPORTS / "airbyte")
    assert core.rows(DEALS) == [
        ("pipedrive:601", "pipedrive:501", "pipedrive:11", "Sales", "Won", True, True, 12000.0,
         "2026-03-20", "last_change", None)
    ]  # fmt: skip
    assert core.rows(REMOVALS) == [("pipedrive:602", "deleted", "open", None)]
    assert core.rows(ACCOUNTS) == [("pipedrive:501", "Alder Ltd")]
    assert core.rows(SELLERS) == [("pipedrive:11", "Ana Silva", True, False, "seller.example.com")]
    assert core.rows(PEOPLE) == [("pipedrive:601", "pipedrive:601", None, None)]
    assert core.rows(OUTCOMES) == [
        ("pipedrive:601", "won", "2026-03-20 14:00:00", None, False, "won", "won")
    ]


def test_fivetran_deals(told):
    core = told(EXPORTS / "fivetran")
    assert core.rows(DEALS) == [
        ("pipedrive:701", "pipedrive:501", "pipedrive:11", "Sales", "Lost", True, False, 12000.0,
         "2026-03-20", "last_change", None)
    ]  # fmt: skip
    assert core.rows(REMOVALS) == [("pipedrive:702", "deleted", "open", None)]
    assert core.rows(OUTCOMES) == [
        ("pipedrive:701", "lost", "2026-03-20 14:00:00", None, False, "excluded",
         "excluded_duplicate")
    ]  # fmt: skip


def test_a_flow_beside_a_list_export(told, folder):
    shutil.copy(EXPORTS / "labels" / "deals-3471.csv", folder)
    (folder / "stages.csv").write_text(
        "id,order_nr,name,pipeline_id,deal_probability\n5,0,Demo,1,40\n6,1,Offer sent,1,70\n"
    )
    (folder / "flow").mkdir()
    # Only the file's name tells which deal it is about.
    (folder / "flow" / "103.json").write_text(
        """{"success": true, "data": [
        {"object": "dealChange", "timestamp": "2026-03-01 10:00:00", "data": {"id": 2,
         "field_key": "status", "old_value": "open", "new_value": "lost", "user_id": 3,
         "log_time": "2026-03-01 10:00:00"}},
        {"object": "dealChange", "timestamp": "2026-01-20 09:00:00", "data": {"id": 1,
         "field_key": "add_time", "old_value": null, "new_value": "2026-01-20 09:00:00",
         "log_time": "2026-01-20 09:00:00", "user_id": 3}},
        {"object": "mailMessage", "timestamp": "2026-02-11 10:00:00", "data": {"id": 6,
         "subject": "Hi", "from": [{"email_address": "x@cedar.example", "linked_person_id": 9}],
         "to": [], "message_time": "2026-02-11T10:00:00.000Z", "sent_flag": 0, "draft_flag": 0}}
        ]}"""
    )
    core = told(folder)
    assert core.rows(STATES) == [
        # Where it was before it moved is not told.
        ("pipedrive:103", "2026-01-20 09:00:00", "pipedrive:3", None, 30000.0, "2026-06-30", None),
        ("pipedrive:103", "2026-03-01 10:00:00", "pipedrive:3", "Lost", 30000.0, "2026-06-30",
         None),
        # The row is newer: it moved to this stage, and is open.
        ("pipedrive:103", "2026-04-05 11:00:00", None, "Demo", 30000.0, "2026-06-30", None),
    ]  # fmt: skip
    assert core.rows("select status, is_reopened from core.deals where source_id = '103'") == [
        ("open", True)
    ]
    assert core.rows(
        "select deal_id, direction, contact_id from crm.activities where kind = 'email'"
    ) == [("pipedrive:103", "inbound", "pipedrive:9")]
    # A list of stages that names no pipeline orders the stages by their names.
    assert core.rows(
        "select stage, stage_order, crm_probability from crm.stages "
        "where pipeline = 'Sales' and not is_closed order by 2"
    ) == [("Demo", 0, 0.4), ("Offer sent", 1, 0.7)]


def test_a_deal_that_was_typed_in_as_won_is_no_sale_to_learn_from(told, changed):
    folder = changed(
        "singer", {"deals.csv": ("2026-03-20T14:00:00Z,2026-03-20T14:00:00Z,2026-03-20T14:00:00Z",
                                 "2026-01-05T09:00:00Z,2026-01-05T09:00:00Z,2026-01-05T09:00:00Z")}
    )  # fmt: skip
    (folder / "dealflow.csv").write_text(
        "id,item_id,user_id,field_key,old_value,new_value,is_bulk_update_flag,log_time\n"
        "1,401,11,add_time,,2026-01-05 09:00:00,,2026-01-05 09:00:00\n"
    )
    assert told(folder).rows(
        "select outcome, rule from core.outcomes where deal_id = 'pipedrive:401'"
    ) == [("excluded", "excluded_created_closed")]


def test_lists_by_label_of_people_leads_and_notes(told, folder):
    shutil.copy(EXPORTS / "labels" / "deals-3471.csv", folder)
    (folder / "people-1.csv").write_text(
        "Person - ID,Person - Name,Person - Organization,Person - Email - Work,"
        "Person - Open deals,Person - Job title\n"
        "601,Nora Alder,Alder Ltd,nora@alder.example,1,CFO\n"
    )
    (folder / "organizations-1.csv").write_text(
        "Organization - ID,Organization - Name,Organization - People,Organization - Open deals,"
        "Organization - Current supplier\n501,Alder Ltd,2,1,Old Works\n"
    )
    (folder / "leads-1.csv").write_text(
        "Lead - ID,Lead - Title,Lead - Owner,Lead - Organization,Lead - Archive status,"
        "Lead - Lead created,Lead - Update time\n"
        "a-1,Enquiry,Ana Silva,Alder Ltd,Archived,2026-01-01 10:00:00,2026-01-09 10:00:00\n"
    )
    (folder / "notes-1.csv").write_text(
        "Note - ID,Note - Content,Note - Deal ID,Note - Add time\n"
        "1,<p>hello</p>,101,2026-02-01 10:00:00\n"
    )
    core = told(folder)
    assert core.rows("select path, kind from raw.files order by 1") == [
        ("deals-3471.csv", "pipedrive_deal"),
        ("leads-1.csv", "pipedrive_lead"),
        ("notes-1.csv", "pipedrive_note"),
        ("organizations-1.csv", "pipedrive_organization"),
        ("people-1.csv", "pipedrive_person"),
    ]
    assert core.rows("select title from crm.deal_contacts") == [("CFO",)]
    assert core.rows(
        "select incumbent from crm.accounts where account_id = 'pipedrive:501'"
    ) == [("Old Works",)]  # fmt: skip
    assert core.rows(
        "select account_id, seller_id, cast(disqualified_at as varchar) from core.leads"
    ) == [("pipedrive:501", "pipedrive:Ana Silva", "2026-01-09 10:00:00")]
    assert core.rows("select deal_id, subject from crm.activities") == [("pipedrive:101", "hello")]


def test_what_only_looks_alike_is_left_to_others(told, folder):
    (folder / "pipeline.csv").write_text(
        "Title,Company,Stage,Status,Created,Owner\nRoof,Alder Ltd,Demo,Open,2026-01-05,Ana Silva\n"
    )
    (folder / "todo.csv").write_text("Subject,Due date,Done,Deal\nCall,2026-02-01,Yes,Roof\n")
    (folder / "people.csv").write_text("ID,Name,Email,Active\n1,Ana Silva,ana@x.example,yes\n")
    core = told(folder)
    assert core.rows("select kind from raw.files where kind like 'pipedrive%'") == []
    assert core.rows("select source from core.deals") == [("sheet",)]


def test_an_answer_that_names_its_deal_once(told, changed):
    folder = changed("api_v2")
    core = told(folder)
    assert core.rows(
        "select deal_id, field_key from raw.pipedrive_deal_change "
        "where _file = 'logs/changelogs.jsonl'"
    ) == [("302", "expected_close_date")]


def test_a_flow_of_moves_alone_says_that_nothing_else_changed(told, folder):
    shutil.copy(EXPORTS / "labels" / "deals-3471.csv", folder)
    (folder / "flow_102.json").write_text(
        """{"success": true, "data": [{"object": "dealChange", "timestamp": "2026-02-10 10:00:00",
        "data": {"id": 5, "field_key": "stage_id", "old_value": 5, "new_value": 6, "user_id": 3,
        "log_time": "2026-02-10 10:00:00",
        "additional_data": {"old_value_formatted": "Demo",
        "new_value_formatted": "Offer sent"}}}]}"""
    )
    assert told(folder).rows(STATES) == [
        ("pipedrive:102", "2026-01-15 09:00:00", None, "Demo", 8000.0, "2026-03-31", None),
        ("pipedrive:102", "2026-02-10 10:00:00", "pipedrive:3", "Offer sent", 8000.0,
         "2026-03-31", None),
        ("pipedrive:102", "2026-04-02 16:00:00", None, "Lost", 8000.0, "2026-03-31", None),
    ]  # fmt: skip
