"""Dates, numbers and ids in every form that an export writes them in."""

from dataclasses import replace

import pytest

from pipelines import values, warehouse


@pytest.fixture(scope="module")
def con():
    with warehouse.in_memory() as con:
        yield con


def read(con, kind, *texts, zone=""):
    con.execute("create or replace temp table staged (c0 varchar)")
    con.executemany("insert into staged values ($1)", [[text] for text in texts])
    form = values.form_of(con, "staged", "c0", kind, "deals.csv, column deal.value")
    form = replace(form, time_zone=zone)
    expression = f"cast({values.read(values.plain('c0'), kind, form)} as varchar)"
    return [value for (value,) in con.execute(f"select {expression} from staged").fetchall()]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1711703727000", "2024-03-29 09:15:27"),
        ("1711703727", "2024-03-29 09:15:27"),
        ("45380", "2024-03-29 00:00:00"),
        ("45380.75", "2024-03-29 18:00:00"),
        ("20240329", "2024-03-29 00:00:00"),
        ("2024. 3. 29. 오후 6:15", "2024-03-29 18:15:00"),
        ("2024-03-29T09:15:27.000+0900", "2024-03-29 00:15:27"),
        ("99999", None),
        ("12", None),
    ],
)
def test_a_time_however_it_is_told(con, text, expected):
    assert read(con, "datetime", text) == [expected]


def test_a_day_counted_by_a_spreadsheet(con):
    assert read(con, "date", "45380", "2024-03-30") == ["2024-03-29", "2024-03-30"]


def test_a_time_without_a_zone_is_told_in_the_zone_of_its_source(con):
    told = ("2024-03-29 09:15", "2024-03-29T09:15:00Z", "2024-03-29 09:15:00+01:00")
    assert read(con, "datetime", *told, zone="Asia/Seoul") == [
        "2024-03-29 00:15:00",
        "2024-03-29 09:15:00",
        "2024-03-29 08:15:00",
    ]
    assert read(con, "datetime", "3/29/2024 9:15 AM", zone="Asia/Seoul") == ["2024-03-29 00:15:00"]
    assert read(con, "date", "2024-03-29", zone="Asia/Seoul") == ["2024-03-29"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("$1,200.50", "1200.5"),
        ("USD 1,200.50", "1200.5"),
        ("-USD 1,200.50", "-1200.5"),
        ("1,200.50 EUR", "1200.5"),
        ("1.200,50", "1200.5"),
        ("₩3,000,000", "3000000.0"),
        ("KRW 3,000,000", "3000000.0"),
        ("3,000,000원", "3000000.0"),
        ("(1,200)", "-1200.0"),
        ("($1,200.50)", "-1200.5"),
        ("120만", "1200000.0"),
        ("1.2억", "120000000.0"),
        ("1억 2,000만원", "120000000.0"),
        ("-1억", "-100000000.0"),
        ("3만 5,000", "35000.0"),
        ("2천만", "20000000.0"),
        ("1억2천만원", "120000000.0"),
        ("500천원", "500000.0"),
        ("20%", "20.0"),
        ("억", None),
        ("about 5", None),
    ],
)
def test_an_amount_however_it_is_told(con, text, expected):
    assert read(con, "number", text) == [expected]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Yes", "true"),
        ("✓", "true"),
        ("예", "true"),
        ("0", "false"),
        ("아니요", "false"),
        ("?", None),
    ],
)
def test_yes_and_no(con, text, expected):
    assert read(con, "boolean", text) == [expected]


def test_a_choice_may_be_none_but_not_a_dash(con):
    assert read(con, "choice", "None", "없음", "-", "--", "(blank)", "(No value)") == [
        "None",
        "없음",
        None,
        None,
        None,
        None,
    ]
