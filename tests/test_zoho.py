"""A Zoho module export in the core shape."""

from pathlib import Path

EXPORTS = Path(__file__).parent / "exports" / "zoho"


def test_a_module_export_by_label(told):
    found = told(EXPORTS / "labels")
    assert found.report.warnings == []
    assert found.rows("select path, kind, rows from raw.files order by 1") == [
        ("Calls_001.csv", "zoho_call", 2),
        ("Deals_001.csv", "zoho_deal", 4),
        ("Stage History.csv", "zoho_stage_history", 5),
        ("Tasks_001.csv", "zoho_task", 2),
    ]
    assert found.rows(
        "select source_id, name, seller_id, stage, status, amount, expected_close_on::varchar, "
        "closed_at::varchar, history_level from core.deals order by 1"
    ) == [
        (
            "7529682000000091023",
            "Roof sensors",
            "zoho:7529682000000010001",
            "Closed Won",
            "won",
            12000.0,
            None,
            "2026-03-20 12:00:00",
            "none",
        ),
        (
            "7529682000000091024",
            "Dock lights",
            "zoho:7529682000000010001",
            "Closed Lost to Competition",
            "lost",
            3500.0,
            None,
            "2026-02-28 12:00:00",
            "none",
        ),
        (
            "7529682000000091025",
            "Yard gate",
            "zoho:7529682000000010002",
            "Proposal/Price Quote",
            "open",
            9000.0,
            "2026-05-31",
            None,
            "full",
        ),
        (
            "7529682000000091026",
            "Cold store",
            "zoho:7529682000000010002",
            "Closed Lost",
            "lost",
            None,
            "2026-03-31",
            "2026-02-15 08:00:00",
            "full",
        ),
    ]
    assert found.rows("select right(deal_id, 5), outcome, rule from core.outcomes order by 1") == [
        ("91023", "won", "won"),
        ("91024", "lost_to_competitor", "competitor_reason"),
        ("91025", "open", "open"),
        ("91026", "no_decision", "no_decision_reason"),
    ]


def test_history_acts_and_promises(told):
    found = told(EXPORTS / "labels")
    assert found.rows(
        "select right(deal_id, 5), from_stage, to_stage from core.stage_changes order by 1, seq"
    ) == [
        ("91025", None, "Qualification"),
        ("91025", "Qualification", "Proposal/Price Quote"),
        ("91026", None, "Qualification"),
        ("91026", "Qualification", "Closed Lost"),
    ]
    assert found.rows(
        "select right(deal_id, 5), from_on::varchar, to_on::varchar from core.close_date_changes "
        "where to_on > from_on"
    ) == [("91025", "2026-04-30", "2026-05-31")]
    assert found.rows(
        "select kind, direction, happened_at::varchar, minutes, is_touch, is_sign_of_life "
        "from core.activities order by happened_at"
    ) == [
        ("call", "outbound", "2026-02-10 10:00:00", 5.5, True, False),
        ("call", "inbound", "2026-02-11 11:00:00", 12.0, False, True),
        ("task", "unknown", "2026-02-19 15:00:00", None, False, False),
    ]
    assert found.rows(
        "select made_at::varchar, due_on::varchar, kept_at::varchar "
        "from core.commitments order by 1"
    ) == [
        ("2026-02-11 11:20:00", "2026-02-20", "2026-02-19 15:00:00"),
        ("2026-03-01 09:00:00", "2026-03-10", None),
    ]
