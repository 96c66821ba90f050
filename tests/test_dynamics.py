"""Dynamics 365 entities and Excel exports in the core shape."""

import datetime as dt
from pathlib import Path

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
