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


def test_what_is_told_by_name_alone(told, folder):
    (folder / "Opportunities_2026_03.csv").write_text(
        # The id's own header and the expected revenue are those of a stage history too.
        "Deal Id,Deal Name,Deal Owner,Amount,Expected Revenue,Closing Date,Stage,Created Time,"
        "Modified Time\n"
        "zcrm_1,Roof,Kim,10,9,2026-06-30,Negotiation/Review,2026-01-05 09:00:00,"
        "2026-03-20 10:00:00\n"
        "zcrm_2,Gate,Kim,10,9,2026-06-30,Qualification,2026-01-05 09:00:00,2026-01-20 10:00:00\n"
        "zcrm_3,Gate,Kim,10,9,2026-06-30,Qualification,2026-01-05 09:00:00,2026-01-20 10:00:00\n"
    )
    (folder / "Deals Stage History 3.csv").write_text(
        "Deal Name,Stage,Amount,Expected Revenue,Closing Date,Modified By,Modified Time\n"
        "Roof,Qualification,8,1,2026-03-31,Kim,2026-01-05 09:00:00\n"
        "Roof,Negotiation/Review,10,9,2026-06-30,Kim,2026-03-20 10:00:00\n"
        "Gate,Qualification,10,9,2026-06-30,Kim,2026-01-05 09:00:00\n"
    )
    (folder / "Calls.csv").write_text(
        "Record Id,Subject,Call Type,Call Start Time,Related To,Call Owner,Created Time\n"
        "zcrm_8,Ring,Inbound,2026-02-10 09:00:00,Roof,Kim,2026-02-10 09:00:00\n"
        "zcrm_9,Ring,Inbound,2026-02-11 09:00:00,Gate,Kim,2026-02-11 09:00:00\n"
    )
    (folder / "Tasks.csv").write_text(
        "Record Id,Subject,Due Date,Status,Related To,Created Time,Modified Time\n"
        "zcrm_7,Send quote,2026-02-20,Not Started,roof,2026-02-10 09:00:00,2026-02-10 09:00:00\n"
    )
    found = told(folder)
    assert dict(found.rows("select path, kind from raw.files")) == {
        "Calls.csv": "zoho_call",
        "Deals Stage History 3.csv": "zoho_stage_history",
        "Opportunities_2026_03.csv": "zoho_deal",
        "Tasks.csv": "zoho_task",
    }
    assert found.rows(
        "select deal_id, changed_at::varchar, to_stage from core.stage_changes order by 2"
    ) == [
        ("zoho:1", "2026-01-05 09:00:00", "Qualification"),
        ("zoho:1", "2026-03-20 10:00:00", "Negotiation/Review"),
    ]
    assert found.rows(
        "select deal_id, to_on::varchar from core.close_date_changes where to_on > from_on"
    ) == [("zoho:1", "2026-06-30")]
    assert found.rows("select activity_id, deal_id from crm.activities order by 1") == [
        ("zoho:8", "zoho:1"),
        ("zoho:9", None),
    ]
    assert found.rows("select deal_id, due_on::varchar from core.commitments") == [
        ("zoho:1", "2026-02-20")
    ]


def test_an_answer_of_the_interface_names_the_closing_date_its_own_way(told, folder):
    (folder / "deals_page1.json").write_text(
        '{"data": [{"id": "1", "Deal_Name": "Roof", "Stage": "Qualification", "Amount": 10, '
        '"Closing_Date": "2026-06-30", "Owner": {"name": "Kim", "id": "5"}, '
        '"Created_Time": "2026-01-05T09:00:00+09:00", "Modified_Time": '
        '"2026-03-20T10:00:00+09:00"}], "info": {"more_records": false}}'
    )
    step = '"Deal_Name": {"name": "Roof", "id": "1"}, "Stage": "Qualification", "Amount": 10'
    (folder / "stages.json").write_text(
        f'{{"data": [{{"id": "21", {step}, "Close_Date": "2026-03-31", "Duration_Days": 15, '
        '"Modified_Time": "2026-01-05T09:00:00+09:00"}, '
        f'{{"id": "22", {step}, "Close_Date": "2026-06-30", "Duration_Days": null, '
        '"Modified_Time": "2026-01-20T09:00:00+09:00"}]}'
    )
    assert told(folder).rows(
        "select changed_at::varchar, from_on::varchar, to_on::varchar "
        "from core.close_date_changes where to_on > from_on"
    ) == [("2026-01-20 00:00:00", "2026-03-31", "2026-06-30")]
