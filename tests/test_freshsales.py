"""A dump of the Freshsales API in the core shape."""

from pathlib import Path

EXPORTS = Path(__file__).parent / "exports" / "freshsales"


def test_a_dump_of_the_api(told):
    found = told(EXPORTS / "api")
    assert found.report.warnings == []
    assert found.rows("select path, kind, rows from raw.files order by 1") == [
        ("deal_pipelines.csv", "freshsales_deal_pipeline", 1),
        ("deal_reasons.csv", "freshsales_deal_reason", 1),
        ("deal_stages.csv", "freshsales_deal_stage", 4),
        ("deals.json", "freshsales_deal", 3),
        ("lead_sources.csv", "freshsales_lead_source", 2),
        ("sales_activities.csv", "freshsales_sales_activity", 2),
        ("tasks.csv", "freshsales_task", 1),
    ]
    assert found.rows(
        "select source_id, pipeline, stage, status, amount, closed_at::varchar, lost_reason, "
        "origin, history_level from core.deals order by 1"
    ) == [
        (
            "5000011",
            "Default pipeline",
            "Won",
            "won",
            12000.0,
            "2026-03-20 16:00:00",
            None,
            "borrowed",
            "last_change",
        ),
        (
            "5000012",
            "Default pipeline",
            "Lost",
            "lost",
            3500.0,
            "2026-02-28 17:30:00",
            "No budget this year",
            "unknown",
            "last_change",
        ),
        (
            "5000013",
            "Default pipeline",
            "Proposal",
            "open",
            9000.0,
            None,
            None,
            "unknown",
            "last_change",
        ),
    ]
    assert found.rows("select deal_id, outcome, rule from core.outcomes order by 1") == [
        ("freshsales:5000011", "won", "won"),
        ("freshsales:5000012", "no_decision", "no_decision_reason"),
        ("freshsales:5000013", "open", "open"),
    ]
    assert found.rows(
        "select kind, direction, direction_from, minutes, is_sign_of_life from core.activities "
        "order by happened_at"
    ) == [
        ("meeting", "mutual", "native", 90.0, True),
        ("email", "inbound", "rules", None, True),
        ("task", "unknown", "none", None, False),
    ]
    assert found.rows("select due_on::varchar, kept_at::varchar from core.commitments") == [
        ("2026-02-20", "2026-02-19 15:00:00")
    ]


def test_a_list_export_by_label(told, folder):
    (folder / "deals_export.csv").write_text(
        "Deal : Name,Deal : Id,Deal : Deal value,Deal : Deal stage,Deal : Deal pipeline,"
        "Deal : Sales owner,Deal : Account name,Deal : Expected close date,Deal : Closed date,"
        "Deal : Lost reason,Deal : Created at,Deal : Updated at\n"
        "Alder,71,4000,Won,Default,Kim Reed,Alder Ltd,2026-02-28,2026-02-20,,"
        "2026-01-05 09:00:00,2026-02-20 10:00:00\n"
        "Birch,72,900,Lost,Default,Kim Reed,Birch GmbH,2026-02-28,2026-03-20,No budget,"
        "2026-01-06 09:00:00,2026-03-20 10:00:00\n",
        encoding="utf-8",
    )
    found = told(folder)
    assert found.report.warnings == []
    assert found.rows(
        "select deal_id, account_id, amount, status, closed_at::varchar, lost_reason "
        "from core.deals order by 1"
    ) == [
        ("freshsales:71", "freshsales:alder ltd", 4000.0, "won", "2026-02-20 10:00:00", None),
        ("freshsales:72", "freshsales:birch gmbh", 900.0, "lost", "2026-03-20 10:00:00",
         "No budget"),
    ]  # fmt: skip
