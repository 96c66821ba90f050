"""A dump of the Copper API in the core shape."""

import shutil
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


def test_stages_in_the_cell_of_their_pipeline(told, folder):
    for name in ("opportunities.json", "activities.json"):
        shutil.copy(EXPORTS / "api" / name, folder)
    (folder / "pipelines.json").write_text(
        """[{"id": 213214, "name": "New customers", "stages": [
        {"id": 987790, "name": "First meeting", "win_probability": 10},
        {"id": 987791, "name": "Proposal", "win_probability": 50},
        {"id": 987792, "name": "Contract", "win_probability": 80}]}]""",
        encoding="utf-8",
    )
    found = told(folder)
    assert found.rows(
        "select stage, stage_order, crm_probability from core.stages where not is_closed order by 2"
    ) == [("First meeting", 10, 0.1), ("Proposal", 50, 0.5), ("Contract", 80, 0.8)]
    assert found.rows("select stage from core.deals where status = 'open'") == [("Proposal",)]
    # The lists of sources stayed behind: their ids say nothing of where a deal came from.
    assert found.rows("select distinct lead_source, origin from core.deals") == [(None, "unknown")]
