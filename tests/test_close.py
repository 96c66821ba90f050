"""A dump of the Close API in the core shape."""

import shutil
from pathlib import Path

EXPORTS = Path(__file__).parent / "exports" / "close"


def test_a_dump_of_the_api(told):
    found = told(EXPORTS / "api")
    assert found.report.warnings == []
    assert found.rows("select path, kind, rows from raw.files order by 1") == [
        ("call_activities.csv", "close_call", 2),
        ("email_activities.json", "close_email", 3),
        ("opportunities.json", "close_opportunity", 3),
        ("opportunity_status_change_activities.jsonl", "close_status_change", 3),
    ]
    assert found.rows(
        "select deal_id, name, stage, status, amount, closed_at::varchar, is_reopened, "
        "history_level, lead_source from core.deals order by 1"
    ) == [
        (
            "close:oppo_1",
            "Alder Ltd",
            "Won",
            "won",
            12000.0,
            "2026-03-20 12:00:00",
            False,
            "none",
            "Referral",
        ),
        (
            "close:oppo_2",
            "Birch GmbH",
            "Lost - no decision",
            "lost",
            3500.0,
            "2026-02-28 17:30:00",
            False,
            "full",
            "Web",
        ),
        ("close:oppo_3", "Cedar SA", "Proposal", "open", 9000.0, None, True, "full", None),
    ]
    assert found.rows("select deal_id, outcome, rule from core.outcomes order by 1") == [
        ("close:oppo_1", "won", "won"),
        ("close:oppo_2", "no_decision", "no_decision_stage"),
        ("close:oppo_3", "open", "open"),
    ]


def test_the_log_of_statuses_begins_at_creation(told):
    found = told(EXPORTS / "api")
    assert found.rows(
        "select deal_id, changed_at::varchar, from_stage, to_stage from core.stage_changes "
        "order by 1, seq"
    ) == [
        ("close:oppo_2", "2026-01-12 09:00:00", None, "Discovery"),
        ("close:oppo_2", "2026-02-28 17:30:00", "Discovery", "Lost - no decision"),
        ("close:oppo_3", "2026-01-20 09:00:00", None, "Discovery"),
        ("close:oppo_3", "2026-02-01 10:00:00", "Discovery", "Lost"),
        ("close:oppo_3", "2026-02-05 10:00:00", "Lost", "Proposal"),
    ]


def test_acts_on_a_company_fall_to_its_one_open_deal(told):
    found = told(EXPORTS / "api")
    assert found.rows(
        "select deal_id, kind, direction, happened_at::varchar, minutes, is_touch, is_sign_of_life "
        "from core.activities order by happened_at"
    ) == [
        ("close:oppo_3", "email", "outbound", "2026-02-06 10:00:00", None, True, False),
        ("close:oppo_3", "email", "inbound", "2026-02-07 09:00:00", None, False, True),
        ("close:oppo_2", "call", "outbound", "2026-02-20 10:00:00", 0.0, True, False),
        ("close:oppo_2", "call", "inbound", "2026-02-21 10:00:00", 5.0, False, True),
    ]


def test_a_list_of_all_activities(told, folder):
    shutil.copy(EXPORTS / "api" / "opportunities.json", folder)
    (folder / "activities (1).json").write_text(
        """{"has_more": false, "data": [
 {"_type": "Email", "id": "acti_70", "lead_id": "lead_c", "user_id": "user_l", "direction":
  "incoming", "status": "inbox", "subject": "Re: Prices", "thread_id": "th_7",
  "date_sent": "2026-02-03T10:00:00Z", "date_created": "2026-02-03T10:00:00Z"},
 {"_type": "EmailThread", "id": "acti_71", "lead_id": "lead_c", "user_id": "user_l",
  "date_created": "2026-02-03T10:00:00Z"},
 {"_type": "Call", "id": "acti_72", "lead_id": "lead_c", "user_id": "user_l", "direction":
  "outbound", "duration": 240, "date_created": "2026-02-05T10:00:00Z"},
 {"_type": "Note", "id": "acti_73", "lead_id": "lead_c", "user_id": "user_l", "note": "Nice",
  "date_created": "2026-02-06T10:00:00Z"},
 {"_type": "OpportunityStatusChange", "id": "acti_74", "lead_id": "lead_c", "user_id": "user_l",
  "opportunity_id": "oppo_3", "old_status_label": "Demo", "old_status_type": "active",
  "new_status_label": "Proposal", "new_status_type": "active",
  "date_created": "2026-02-07T10:00:00Z"}]}""",
        encoding="utf-8",
    )
    found = told(folder)
    assert found.report.warnings == []
    assert found.rows(
        "select activity_id, deal_id, kind, direction, minutes from core.activities order by 1"
    ) == [
        ("close:acti_70", "close:oppo_3", "email", "inbound", None),
        ("close:acti_72", "close:oppo_3", "call", "outbound", 4.0),
    ]
    assert found.rows(
        "select changed_at::varchar, to_stage from core.stage_changes order by 1"
    ) == [("2026-01-20 09:00:00", "Demo"), ("2026-02-07 10:00:00", "Proposal")]
