"""A dump of the Copper API in the core shape."""

from pathlib import Path

EXPORTS = Path(__file__).parent / "exports" / "copper"


def test_a_dump_of_the_api(told):
    found = told(EXPORTS / "api")
    assert found.report.warnings == []
    assert found.rows("select path, kind, rows from raw.files order by 1") == [
        ("activities.json", "copper_activity", 2),
        ("customer_sources.csv", "copper_customer_source", 2),
        ("loss_reasons.csv", "copper_loss_reason", 1),
        ("opportunities.json", "copper_opportunity", 4),
        ("pipeline_stages.csv", "copper_pipeline_stage", 3),
        ("pipelines.json", "copper_pipeline", 1),
    ]
    assert found.rows(
        "select source_id, pipeline, stage, status, amount, closed_at::varchar, lost_reason, "
        "lead_source from core.deals order by 1"
    ) == [
        (
            "2827698",
            "New customers",
            "Won",
            "won",
            12000.0,
            "2026-03-20 12:00:00",
            None,
            "Referral",
        ),
        (
            "2827699",
            "New customers",
            "Lost",
            "lost",
            3500.0,
            "2026-02-28 12:00:00",
            "Went with a rival",
            "Web",
        ),
        ("2827700", "New customers", "Proposal", "open", 9000.0, None, None, "Web"),
        ("2827701", "New customers", "Abandoned", "lost", None, "2026-02-15 08:00:00", None, "Web"),
    ]
    assert found.rows("select deal_id, outcome, rule from core.outcomes order by 1") == [
        ("copper:2827698", "won", "won"),
        ("copper:2827699", "lost_to_competitor", "competitor_reason"),
        ("copper:2827700", "open", "open"),
        ("copper:2827701", "no_decision", "no_decision_stage"),
    ]
    assert found.rows("select deal_id, kind, direction, is_sign_of_life from core.activities") == [
        ("copper:2827700", "call", "unknown", False)
    ]
    assert found.rows("select to_stage from core.stage_changes") == [("Proposal",)]
