"""Plain sheets, in English and in Korean, in the core shape."""

from pathlib import Path

EXPORTS = Path(__file__).parent / "exports" / "sheet"
DEALS = (
    "select source_id, name, account_id, seller_id, stage, status, amount, "
    "created_at::date::varchar, expected_close_on::varchar, closed_at::date::varchar, lost_reason "
    "from core.deals order by 1"
)


def test_an_english_sheet(told):
    found = told(EXPORTS / "english")
    assert sorted(found.report.loaded) == ["Deals 2026.csv", "activities.csv", "stage_history.csv"]
    assert found.rows(DEALS) == [
        (
            "D-1",
            "Roof sensors",
            "sheet:alder ltd",
            "sheet:kim reed",
            "Won",
            "won",
            12000.5,
            "2026-01-05",
            None,
            "2026-03-20",
            None,
        ),
        (
            "D-2",
            "Dock lights",
            "sheet:birch gmbh",
            "sheet:kim reed",
            "Lost",
            "lost",
            3500.0,
            "2026-01-12",
            None,
            "2026-02-28",
            "Went with another vendor",
        ),
        (
            "D-3",
            "Yard gate",
            "sheet:cedar sa",
            "sheet:lee hart",
            "Proposal",
            "open",
            9000.0,
            "2026-01-20",
            "2026-05-31",
            None,
            None,
        ),
        (
            "D-4",
            "Cold store",
            "sheet:dogwood ag",
            "sheet:lee hart",
            "Disqualified",
            "lost",
            None,
            "2026-01-21",
            None,
            "2026-02-02",
            "Not a fit",
        ),
    ]
    assert found.rows("select deal_id, outcome, rule from core.outcomes order by 1") == [
        ("sheet:D-1", "won", "won"),
        ("sheet:D-2", "lost_to_competitor", "competitor_reason"),
        ("sheet:D-3", "open", "open"),
        ("sheet:D-4", "disqualified", "disqualified_reason"),
    ]
    assert found.rows(
        "select deal_id, changed_at::date::varchar, from_stage, to_stage from core.stage_changes "
        "order by 1, 2"
    ) == [
        ("sheet:D-2", "2026-01-12", None, "Discovery"),
        ("sheet:D-2", "2026-02-01", "Discovery", "Negotiation"),
        ("sheet:D-2", "2026-02-28", "Negotiation", "Lost"),
        ("sheet:D-3", "2026-01-20", None, "Discovery"),
        ("sheet:D-3", "2026-02-10", "Discovery", "Proposal"),
    ]
    assert found.rows(
        "select deal_id, happened_at::varchar, kind, direction, status, is_touch, is_sign_of_life "
        "from core.activities order by 2"
    ) == [
        ("sheet:D-3", "2026-02-11 10:00:00", "email", "outbound", "done", True, False),
        ("sheet:D-3", "2026-02-12 09:30:00", "email", "inbound", "done", False, True),
        ("sheet:D-3", "2026-02-20 00:00:00", "meeting", "mutual", "unknown", False, True),
        ("sheet:D-3", "2026-03-01 00:00:00", "call", "unknown", "done", False, False),
    ]


def test_a_korean_sheet_without_ids(told):
    found = told(EXPORTS / "korean")
    assert found.report.loaded == ["영업현황.csv"]
    assert found.rows("select encoding, rows, rejected_rows from raw.files") == [("cp949", 5, 0)]
    assert found.rows(
        "select name, stage, status, amount, closed_at::date::varchar, origin from core.deals "
        "order by created_at"
    ) == [
        ("옥상 센서", "수주", "won", 120000000.0, "2026-03-20", "borrowed"),
        ("물류 조명", "실주", "lost", 3500000.0, "2026-02-28", "unknown"),
        ("게이트", "제안", "open", 9000000.0, None, "unknown"),
        ("냉동 창고", "드랍", "lost", None, "2026-02-02", "unknown"),
        ("창고 문", "보류", "open", 3000000.0, None, "unknown"),
    ]
    assert found.rows(
        "select name, outcome from core.outcomes join core.deals using (deal_id) "
        "order by created_at"
    ) == [
        ("옥상 센서", "won"),
        ("물류 조명", "lost_to_competitor"),
        ("게이트", "open"),
        ("냉동 창고", "disqualified"),
        ("창고 문", "open"),
    ]


def test_the_analyst_says_that_on_hold_is_an_ending(told):
    found = told(EXPORTS / "korean", '[stages]\n"보류" = "no_decision"\n')
    assert found.rows(
        "select status, outcome, rule from core.outcomes join core.deals using (deal_id) "
        "where stage = '보류'"
    ) == [("lost", "no_decision", "no_decision_stage")]


def test_a_list_of_deals_says_how_those_ended_whose_log_does_not(told):
    found = told(EXPORTS / "endings")
    assert found.rows(
        "select source_id, stage, status, closed_at::date::varchar, outcome "
        "from core.deals join core.outcomes using (deal_id) order by 1"
    ) == [
        ("10", "Abandoned", "lost", "2024-03-20", "no_decision"),
        ("7", "Won", "won", "2024-03-01", "won"),
        ("8", "Lost", "lost", "2024-03-02", "no_decision"),
        ("9", "Negotiation", "open", None, "open"),
    ]
    # The ending is no move of the log.
    assert found.rows("select count(*) from core.stage_changes") == [(7,)]


def test_that_a_deal_is_over_does_not_say_how(told):
    found = told(EXPORTS / "directions")
    assert sorted(found.report.loaded) == ["단계이력.csv", "영업현황.csv", "활동이력.csv"]
    assert found.rows("select source_id, stage, status from core.deals order by 1") == [
        ("1", "제안", "open"),
        ("2", "수주성공", "won"),
        ("3", "실패", "lost"),
        ("4", "수주 예정", "open"),
    ]


def test_who_acted_is_read_from_words_and_arrows(told):
    found = told(EXPORTS / "directions")
    assert found.rows(
        "select happened_at::date::varchar, kind, direction from core.activities order by 1"
    ) == [
        ("2024-01-06", "call", "outbound"),
        ("2024-01-07", "call", "inbound"),
        ("2024-01-08", "message", "inbound"),
        ("2024-01-09", "email", "outbound"),
        ("2024-01-10", "call", "unknown"),
        ("2024-01-11", "email", "inbound"),
        ("2024-01-12", "email", "inbound"),
    ]


def test_of_deals_of_one_name_the_account_tells_which(told):
    found = told(EXPORTS / "names")
    assert found.rows("select deal_id, to_stage from core.stage_changes order by 1") == [
        ("sheet:ace / renewal / 2024-01-05", "Demo"),
        ("sheet:ace / upgrade / 2024-01-06", "Demo"),
        ("sheet:bee / renewal / 2024-01-05", "Demo"),
    ]
    assert found.rows(
        "select happened_at::date::varchar, deal_id, direction from core.activities order by 1"
    ) == [
        ("2024-01-09", "sheet:ace / renewal / 2024-01-05", "outbound"),
        ("2024-01-10", "sheet:bee / renewal / 2024-01-05", "inbound"),
        ("2024-01-11", "sheet:ace / upgrade / 2024-01-06", "inbound"),
        ("2024-01-12", None, "outbound"),
    ]
