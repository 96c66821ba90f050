"""Dynamics 365 entities and Excel exports in the core shape."""

import datetime as dt
from pathlib import Path

import pytest
import xlsxwriter

EXPORTS = Path(__file__).parent / "exports" / "dynamics"


def test_entities_by_logical_name(told):
    found = told(EXPORTS / "entities")
    assert found.report.warnings == []
    assert found.rows("select path, kind, rows from raw.files order by 1") == [
        ("activitypointer.csv", "dynamics_activity", 4),
        ("email.csv", "dynamics_activity", 2),
        ("opportunity.csv", "dynamics_opportunity", 5),
        ("opportunityclose.csv", "dynamics_opportunity_close", 4),
        ("systemuser.csv", "dynamics_user", 2),
    ]
    assert found.rows(
        "select right(deal_id, 1), stage, status, amount, expected_close_on::varchar, "
        "closed_at::varchar, lost_reason, competitor, is_reopened from core.deals order by 1"
    ) == [
        ("1", "Won", "won", 12000.0, None, "2026-03-20 16:00:00", None, None, False),
        (
            "2",
            "Out-Sold",
            "lost",
            3500.0,
            None,
            "2026-02-28 17:30:00",
            "Out-Sold",
            "Bright Co",
            False,
        ),
        ("3", "3-Propose", "open", 9000.0, "2026-05-31", None, None, None, True),
        ("4", "Canceled", "lost", None, None, "2026-02-15 08:00:00", "Canceled", None, False),
        ("5", "On Hold", "open", 500.0, "2026-06-15", None, None, None, False),
    ]
    assert found.rows("select right(deal_id, 1), outcome, rule from core.outcomes order by 1") == [
        ("1", "won", "won"),
        ("2", "lost_to_competitor", "competitor_reason"),
        ("3", "open", "open"),
        ("4", "no_decision", "no_decision_reason"),
        ("5", "open", "open"),
    ]


def test_an_email_and_its_pointer_are_one_act(told):
    found = told(EXPORTS / "entities")
    assert found.rows(
        "select right(deal_id, 1), kind, direction, status, happened_at::varchar, "
        "is_touch, is_sign_of_life from core.activities order by happened_at"
    ) == [
        ("3", "email", "outbound", "done", "2026-02-06 10:00:00", True, False),
        ("3", "email", "inbound", "done", "2026-02-07 09:00:00", False, True),
        ("3", "meeting", "mutual", "done", "2026-02-20 09:00:00", False, True),
    ]
    assert found.rows("select due_on::varchar, kept_at from core.commitments") == [
        ("2026-03-10", None)
    ]


def test_an_excel_export_with_hidden_columns(told, folder):
    book = xlsxwriter.Workbook(folder / "My Open Opportunities.xlsx")
    sheet = book.add_worksheet("My Open Opportunities")
    header = ["(Do Not Modify) Opportunity", "(Do Not Modify) Row Checksum"]
    header += ["(Do Not Modify) Modified On", "Topic", "Potential Customer", "Est. Close Date"]
    header += ["Est. Revenue", "Status", "Status Reason", "Pipeline Phase", "Created On", "Owner"]
    sheet.write_row(0, 0, header)
    sheet.set_column(0, 2, None, None, {"hidden": True})
    day = book.add_format({"num_format": "m/d/yyyy"})
    row = ["A1B2C3D4-0000-4000-8000-000000000009", "x/y==", None, "Roof sensors", "Alder Ltd", None]
    row += [12000, "Open", "In Progress", "3-Propose", None, "Kim Reed"]
    sheet.write_row(1, 0, row)
    sheet.write_datetime(1, 2, dt.datetime(2026, 3, 2, 8, 30), day)
    sheet.write_datetime(1, 5, dt.datetime(2026, 5, 31), day)
    sheet.write_number(1, 10, 46042.375)  # a serial that nobody formatted as a date
    book.add_worksheet("hiddenSheet").hide()
    book.close()
    found = told(folder)
    assert found.rows("select path, kind, rows from raw.files") == [
        ("My Open Opportunities.xlsx", "dynamics_opportunity", 1)
    ]
    assert found.rows(
        "select name, account_id, stage, status, amount, expected_close_on::varchar, "
        "created_at::varchar, seller_id from core.deals"
    ) == [
        (
            "Roof sensors",
            "dynamics:alder ltd",
            "3-Propose",
            "open",
            12000.0,
            "2026-05-31",
            "2026-01-20 09:00:00",
            "dynamics:kim reed",
        )
    ]


def test_words_of_a_landing_come_from_its_string_map(told, folder):
    for name in ("opportunity.csv", "opportunityclose.csv"):
        text = (EXPORTS / "entities" / name).read_text()
        (folder / name).write_text(text.replace(",2,4,2-Develop", ",2,100000001,2-Develop"))
    (folder / "stringmap.csv").write_text(
        "objecttypecode,attributename,attributevalue,value\n"
        "opportunity,statuscode,100000001,Not a fit for us\n"
        "opportunity,statuscode,5,Out-Sold\n"
    )
    found = told(folder)
    assert found.rows(
        "select lost_reason, outcome from core.deals join core.outcomes using (deal_id) "
        "where right(deal_id, 1) = '4'"
    ) == [("Not a fit for us", "disqualified")]


def write_sheet(place, rows):
    book = xlsxwriter.Workbook(place)
    sheet = book.add_worksheet()
    for n, row in enumerate(rows):
        sheet.write_row(n, 0, row)
    sheet.set_column(0, 2, None, None, {"hidden": True})
    book.close()


@pytest.mark.parametrize(
    ("header", "states"),
    [
        (
            "(Nicht ändern) Verkaufschance|(Nicht ändern) Zeilenprüfsumme|"
            "(Nicht ändern) Geändert am|Thema|Potenzieller Kunde|Gesch. Abschlussdatum|"
            "Gesch. Umsatz|Status|Statusgrund|Besitzer|Erstellt am|Tatsächliches Abschlussdatum",
            ("Offen", "Verloren", "Gewonnen"),
        ),
        (
            "(수정 안 함) 영업 기회|(수정 안 함) 행 체크섬|(수정 안 함) 수정한 날짜|주제|"
            "잠재 고객|예상 마감 일자|예상 매출|상태|상태 설명|담당자|만든 날짜|실제 마감 일자",
            ("진행 중", "실패", "성공"),
        ),
    ],
)
def test_a_sheet_in_another_language(told, folder, header, states):
    write_sheet(
        folder / "export.xlsx",
        [
            header.split("|"),
            [
                "A-1",
                "x",
                "2026-03-20 10:00",
                "Roof",
                "Alder",
                "2026-06-30",
                50,
                states[0],
                "r1",
                "Kim",
                "2026-01-05 09:00",
                "",
            ],
            [
                "A-2",
                "x",
                "2026-02-12 10:00",
                "Gate",
                "Birch",
                "2026-02-28",
                20,
                states[1],
                "r2",
                "Kim",
                "2025-11-05 09:00",
                "2026-02-10",
            ],
            [
                "A-3",
                "x",
                "2026-01-20 10:00",
                "Mast",
                "Birch",
                "2026-01-28",
                30,
                states[2],
                "r3",
                "Kim",
                "2025-10-05 09:00",
                "2026-01-19",
            ],
        ],
    )
    assert told(folder).rows(
        "select name, status, closed_at::varchar, expected_close_on::varchar, amount, lost_reason "
        "from core.deals order by deal_id"
    ) == [
        ("Roof", "open", None, "2026-06-30", 50.0, None),
        ("Gate", "lost", "2026-02-10 12:00:00", None, 20.0, "r2"),
        ("Mast", "won", "2026-01-19 12:00:00", None, 30.0, None),
    ]


def test_a_state_in_an_unknown_language_closes_nothing(told, folder):
    (folder / "opportunity.csv").write_text(
        "opportunityid,name,statecode,statuscode,createdon,modifiedon\n"
        "a-1,Roof,Otwarta,W toku,2026-01-05 09:00:00,2026-03-20 10:00:00\n"
    )
    assert told(folder).rows(
        "select d.is_closed, c.status, s.is_closed from crm.deals as d "
        "join core.deals as c using (deal_id) join core.stages as s on c.stage = s.stage"
    ) == [(None, "open", False)]


def test_sheets_of_activities_name_the_deal(told, folder):
    hidden = "(Do Not Modify) Row Checksum,(Do Not Modify) Modified On"
    (folder / "Opportunity Advanced Find View 3-29-2026.csv").write_text(
        f"(Do Not Modify) Opportunity,{hidden},Topic,Status,Status Reason,Created On\n"
        "A-1,x,2026-03-20 10:00,Roof,Open,In Progress,2026-01-05 09:00\n"
        "A-2,x,2026-03-20 10:00,Gate,Open,In Progress,2026-01-05 09:00\n"
        "A-3,x,2026-03-20 10:00,Gate,Open,In Progress,2026-01-05 09:00\n"
    )
    (folder / "All Activities 3-29-2026.csv").write_text(
        f"(Do Not Modify) Activity,{hidden},Activity Type,Subject,Regarding,Activity Status,"
        "Owner,Due Date,Date Created\n"
        "B-1,x,2026-02-10 10:00,Phone Call,Ring,Roof,Completed,Kim,2026-02-10 09:00,"
        "2026-02-10 08:59\n"
        "B-2,x,2026-02-11 10:00,Phone Call,Ring,Gate,Completed,Kim,2026-02-11 09:00,"
        "2026-02-11 08:59\n"
    )
    (folder / "Task Advanced Find View 3-29-2026.csv").write_text(
        f"(Do Not Modify) Task,{hidden},Subject,Regarding,Activity Status,Due Date,Created On\n"
        "B-3,x,2026-02-22 08:00,Send quote,roof,Completed,2026-02-20,2026-02-12 09:00\n"
    )
    found = told(folder)
    assert found.rows(
        "select activity_id, deal_id, kind, seller_id from crm.activities order by 1"
    ) == [
        ("dynamics:b-1", "dynamics:a-1", "call", "dynamics:kim"),
        ("dynamics:b-2", None, "call", "dynamics:kim"),
        ("dynamics:b-3", "dynamics:a-1", "task", None),
    ]
    assert found.rows(
        "select deal_id, due_on::varchar, kept_at::varchar from core.commitments "
        "where commitment_id = 'dynamics:b-3'"
    ) == [("dynamics:a-1", "2026-02-20", "2026-02-22 08:00:00")]
    assert found.rows("select seller_id, name from core.sellers") == [("dynamics:kim", "Kim")]


def test_a_task_beside_its_pointer_is_a_promise(told, folder):
    (folder / "opportunities.json").write_text(
        '{"value": [{"opportunityid": "a-1", "name": "Roof", "statecode": 0, "statuscode": 1, '
        '"createdon": "2026-01-05T09:00:00Z", "modifiedon": "2026-03-20T10:00:00Z"}]}'
    )
    about = '"_regardingobjectid_value": "a-1", "statecode": 1, "createdon": "2026-02-10T09:00:00Z"'
    done = '"actualend": "2026-02-22T08:00:00Z", "modifiedon": "2026-02-22T08:00:00Z"'
    due = '"scheduledend": "2026-02-20T00:00:00Z"'
    (folder / "activitypointers.json").write_text(
        '{"value": [{"activityid": "b-1", "activitytypecode": "task", '
        f"{about}, {due}, {done}}}]}}"
    )
    (folder / "tasks.json").write_text(
        f'{{"value": [{{"activityid": "b-1", {about}, {due}, {done}}}]}}'
    )
    assert told(folder).rows(
        "select made_at::varchar, due_on::varchar, kept_at::varchar from core.commitments"
    ) == [("2026-02-10 09:00:00", "2026-02-20", "2026-02-22 08:00:00")]


def test_words_of_two_languages_are_one_stage(told, folder):
    (folder / "opportunity.csv").write_text(
        "opportunityid,name,statecode,statuscode,createdon,modifiedon\n"
        "a-1,Roof,2,798330001,2026-01-05 09:00:00,2026-03-20 10:00:00\n"
    )
    (folder / "stringmap.csv").write_text(
        "attributename,attributevalue,langid,objecttypecode,value\n"
        "statuscode,798330001,1042,opportunity,예산 없음\n"
        "statuscode,798330001,1033,opportunity,No Budget\n"
    )
    assert told(folder).rows(
        "select d.lost_reason, s.stage_class from core.deals as d join core.stages as s "
        "using (pipeline, stage)"
    ) == [("No Budget", "budget")]
