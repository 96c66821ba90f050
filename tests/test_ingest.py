"""Files to raw tables: every dialect reads the same, every broken line or file is named."""

import codecs
import csv
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines import contracts, ingest
from pipelines.contracts import ContractError
from pipelines.exports import ExportError
from pipelines.ingest_scan import scan
from pipelines.values import eighteen

CONTRACTS = contracts.load(Path(__file__).resolve().parents[1] / "data" / "contracts")
HEADER = "Id,Name,StageName,CloseDate,CreatedDate,Amount,IsWon\n"
LINES = (
    "006A00000000001,Acme,Qualification,2026-03-31,2026-01-05T09:15:27.000Z,1200.5,0\n"
    '006A00000000002,"Two\nlines, ""quoted""",Qualification,2026-04-01,'
    '2026-01-06T09:15:27.000+0000,"1,000",1\n'
)


def deals(con):
    return con.execute(
        "select id, name, cast(close_date as varchar), cast(created_date as varchar), amount, "
        "is_won, _line "
        "from raw.salesforce_opportunity order by _line"
    ).fetchall()


EXPECTED = [
    ("006A00000000001IAA", "Acme", "2026-03-31", "2026-01-05 09:15:27", 1200.5, False, 2),
    (
        "006A00000000002IAA",
        'Two\nlines, "quoted"',
        "2026-04-01",
        "2026-01-06 09:15:27",
        1000.0,
        True,
        3,
    ),
]


def test_a_plain_csv(con, read, folder):
    (folder / "Opportunity.csv").write_text(HEADER + LINES, encoding="utf-8")
    assert read(folder).loaded == ["Opportunity.csv"]
    assert deals(con) == EXPECTED


@pytest.mark.parametrize(
    ("encoding", "bom"),
    [("utf-8-sig", b""), ("utf-16", b""), ("utf-16-le", b""), ("cp949", b""), ("cp1252", b"")],
)
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_every_encoding_and_delimiter_reads_the_same(con, read, folder, encoding, bom, delimiter):
    name = {"cp1252": "Ärzte Müller"}.get(encoding, "한빛소프트웨어")
    text = (HEADER + LINES.splitlines()[0] + "\n").replace("Acme", name).replace(",", delimiter)
    (folder / "opps.csv").write_bytes(bom + text.encode(encoding))
    read(folder)
    assert [(row[1], row[2], row[4]) for row in deals(con)] == [(name, "2026-03-31", 1200.5)]


def test_an_excel_separator_line_and_upper_case_headers(con, read, folder):
    text = "sep=;\n" + HEADER.upper().replace(",", ";") + LINES.splitlines()[0].replace(",", ";")
    (folder / "opps.csv").write_text(text)
    read(folder)
    assert deals(con)[0][1:] == (*EXPECTED[0][1:6], 3)


def test_a_quoted_field_may_hold_lines_and_numbers_stay_true(con, read, folder):
    third = LINES.splitlines(keepends=True)[0].replace("001,", "003,", 1)
    (folder / "o.csv").write_text(HEADER + LINES + third)
    read(folder)
    assert [row[-1] for row in deals(con)] == [2, 3, 5]


def test_a_wrong_column_count_is_refused_with_its_line(con, read, folder):
    (folder / "o.csv").write_text(HEADER + LINES + "006A00000000004,short\n" + LINES)
    read(folder)
    assert con.execute("select line, reason, is_line_refused from raw.rejects").fetchall() == [
        (5, "2 columns where the header has 7", True)
    ]
    assert con.execute("select rows, rejected_rows from raw.files").fetchall() == [(4, 1)]
    assert len(deals(con)) == 4


def test_an_unreadable_value_is_kept_as_unknown_and_reported(con, read, folder):
    (folder / "o.csv").write_text(HEADER + LINES.splitlines()[0].replace("1200.5", "a lot") + "\n")
    read(folder)
    assert deals(con)[0][4] is None
    assert con.execute(
        "select line, column_name, value, is_line_refused from raw.rejects"
    ).fetchall() == [(2, "amount", "a lot", False)]


def test_a_year_out_of_range_is_unknown(con, read, folder):
    (folder / "o.csv").write_text(
        HEADER + LINES.splitlines()[0].replace("2026-03-31", "9999-12-31") + "\n"
    )
    read(folder)
    assert con.execute("select column_name, value from raw.rejects").fetchall() == [
        ("close_date", "9999-12-31")
    ]


def test_report_footers_are_refused_as_such(con, read, folder):
    tail = '"Grand Totals (1 records)",,,,,,\n"Copyright 2026 salesforce.com",,,,,,\n'
    (folder / "o.csv").write_text(HEADER + LINES.splitlines()[0] + "\n" + tail)
    read(folder)
    assert con.execute("select line, reason from raw.rejects order by line").fetchall() == [
        (3, "footer"),
        (4, "footer"),
    ]


@pytest.mark.parametrize(
    ("written", "read_as"),
    [
        ("31/03/2026", "2026-03-31"),
        ("3/31/2026", "2026-03-31"),
        ("31.03.2026", "2026-03-31"),
        ("2026. 3. 31.", "2026-03-31"),
        ("2026-03-31 00:00:00", "2026-03-31"),
    ],
)
def test_dates_in_every_form(con, read, folder, written, read_as):
    (folder / "o.csv").write_text(HEADER + LINES.splitlines()[0].replace("2026-03-31", written))
    read(folder)
    assert deals(con)[0][2] == read_as


def test_korean_clock_times(con, read, folder):
    (folder / "o.csv").write_text(
        HEADER + LINES.splitlines()[0].replace("2026-01-05T09:15:27.000Z", "2026. 1. 5. 오후 6:15"),
        encoding="utf-8",
    )
    read(folder)
    assert deals(con)[0][3] == "2026-01-05 18:15:00"


def test_an_undecidable_date_is_refused_until_settings_say(con, read, folder):
    (folder / "o.csv").write_text(
        HEADER + LINES.splitlines()[0].replace("2026-03-31", "03/04/2026")
    )
    with pytest.raises(ExportError, match=r"salesforce_opportunity\.close_date.*'03/04/2026'"):
        read(folder)
    told = "select estimated_size from duckdb_tables() where estimated_size > 0"
    assert con.execute(told).fetchall() == []
    read(folder, date_order={"salesforce_opportunity.close_date": "dmy"})
    assert deals(con)[0][2] == "2026-04-03"


def test_dates_that_contradict_each_other_are_refused(read, folder):
    one, two = LINES.splitlines()[0], LINES.splitlines()[0]
    (folder / "o.csv").write_text(
        HEADER
        + one.replace("2026-03-31", "31/03/2026")
        + "\n"
        + two.replace("2026-03-31", "03/31/2026")
    )
    with pytest.raises(ExportError, match="some dates have the day first and some the month"):
        read(folder)


def test_ids_that_a_spreadsheet_destroyed_are_refused(read, folder):
    (folder / "o.csv").write_text(
        HEADER + LINES.splitlines()[0].replace("006A00000000001", "7.52968E+17")
    )
    with pytest.raises(ExportError, match=r"line 2, column id: '7.52968E\+17' was an id"):
        read(folder)


def test_no_id_column_names_header_and_column(read, folder):
    (folder / "o.csv").write_text("Name,StageName,CloseDate,CreatedDate\nA,B,2026-01-01,2026-01-01")
    with pytest.raises(ExportError, match=r"lacks the column id; its header is: Name, StageName"):
        read(folder)


def test_nothing_and_nothing_known(read, folder):
    with pytest.raises(ExportError, match="no file in it"):
        read(folder)
    (folder / "tastes.csv").write_text("Colour,Taste\nred,sweet\n")
    with pytest.raises(ExportError, match=r"tastes\.csv: not a known export; nearest is"):
        read(folder)


def test_only_what_changed_is_read_again(con, read, folder):
    (folder / "o.csv").write_text(HEADER + LINES)
    (folder / "p.csv").write_text(HEADER + LINES.replace("006A", "006B"))
    assert read(folder).loaded == ["o.csv", "p.csv"]
    assert read(folder).unchanged == ["o.csv", "p.csv"]
    (folder / "o.csv").write_text(HEADER + LINES.splitlines(keepends=True)[0])
    report = read(folder)
    assert (report.loaded, report.unchanged) == (["o.csv"], ["p.csv"])
    assert len(deals(con)) == 3
    (folder / "p.csv").unlink()
    read(folder)
    assert len(deals(con)) == 1
    assert con.execute("select path from raw.files").fetchall() == [("o.csv",)]


def test_a_failed_read_leaves_what_was_there(con, read, folder):
    (folder / "o.csv").write_text(HEADER + LINES)
    read(folder)
    before = deals(con)
    (folder / "o.csv").write_text("Name,StageName,CloseDate,CreatedDate\nA,B,2026-01-01,2026-01-01")
    with pytest.raises(ExportError):
        read(folder)
    assert deals(con) == before


def test_a_header_that_is_sql_is_a_name_and_nothing_else(con, read, folder):
    hostile = 'x"); drop table raw.files; --'
    quoted = hostile.replace('"', '""')
    (folder / "Opportunity.csv").write_text(
        f'Id,Name,StageName,CloseDate,CreatedDate,"{quoted}"\n'
        "006A00000000001,Acme,Qualification,2026-03-31,2026-01-05T09:15:27.000Z,secret\n",
        encoding="utf-8",
    )
    report = read(folder)
    assert list(report.loaded) == ["Opportunity.csv"]
    assert con.sql("select name from raw.salesforce_opportunity").fetchall() == [("Acme",)]
    assert con.sql("select count(*) from raw.files").fetchall() == [(1,)]


def test_columns_that_no_contract_knows_are_listed(con, read, folder):
    (folder / "o.csv").write_text(HEADER.replace("IsWon", "Shoe_Size__c") + LINES)
    read(folder)
    assert con.execute(
        "select column_name from raw.columns where mapped_to is null"
    ).fetchall() == [("Shoe_Size__c",)]


def test_a_landed_opportunity_history_of_another_shape_is_told_by_its_ids(con, read, folder):
    (folder / "h.csv").write_text(
        "Id,OpportunityId,StageName,CreatedDate,CloseDate\n"
        "008A00000000001,006A00000000001,Qualification,2026-01-05T09:15:27.000Z,2026-03-31\n"
    )
    (folder / "o.csv").write_text(HEADER + LINES)
    read(folder)
    assert con.execute("select path, kind from raw.files order by path").fetchall() == [
        ("h.csv", "salesforce_opportunity_history"),
        ("o.csv", "salesforce_opportunity"),
    ]


def test_eighteen_characters_say_which_letters_are_capitals(con):
    ids = [("001300000000AAA",), ("006A0000000fooB",), ("006A0000000fooBIA0",)]
    found = [
        con.execute(f"select {eighteen('x')} from (select '{i}' as x)").fetchall()[0][0]
        for (i,) in ids
    ]
    assert found[0] == "001300000000AAAAA2"
    assert found[2] == "006A0000000fooBIA0"
    assert len(found[1]) == 18


def test_the_byte_order_mark_is_no_part_of_the_header(con, read, folder):
    (folder / "o.csv").write_bytes(codecs.BOM_UTF8 + (HEADER + LINES).encode())
    read(folder)
    assert len(deals(con)) == 2


ONE = LINES.splitlines()[0]


def rejects(con):
    return con.execute(
        "select line, column_name, value, reason, is_line_refused from raw.rejects order by line"
    ).fetchall()


def test_overlapping_parts_of_unlike_columns_are_both_kept(con, read, folder):
    for part, columns in (("1", HEADER), ("2", HEADER.replace("Amount", "Budget__c"))):
        with zipfile.ZipFile(folder / f"WE_{part}.ZIP", "w") as archive:
            archive.writestr("Opportunity.csv", columns + LINES)
    assert read(folder).loaded == ["WE_1.ZIP!Opportunity.csv", "WE_2.ZIP!Opportunity.csv"]
    assert con.execute(
        "select id, count(*), count(distinct _file), count(amount) "
        "from raw.salesforce_opportunity group by id order by id"
    ).fetchall() == [("006A00000000001IAA", 2, 2, 1), ("006A00000000002IAA", 2, 2, 1)]


def test_a_zip_with_nothing_known_says_what_is_in_it(read, folder):
    with zipfile.ZipFile(folder / "photos.zip", "w") as archive:
        archive.writestr("cat.jpg", b"\xff\xd8")
        archive.writestr("Campaign.csv", "Id,Budget\n701A,5\n")
    with pytest.raises(
        ExportError, match=r"(?s)none of the files .*photos\.zip!Campaign\.csv: not a"
    ):
        read(folder)


def test_an_unknown_file_beside_known_ones_is_left_out_and_listed(con, read, folder):
    (folder / "o.csv").write_text(HEADER + LINES)
    (folder / "readme.pdf").write_bytes(b"%PDF")
    report = read(folder)
    assert report.loaded == ["o.csv"]
    assert list(report.unrecognised) == ["readme.pdf"]
    assert con.execute("select path, decision from raw.files order by path").fetchall() == [
        ("o.csv", "loaded"),
        ("readme.pdf", "unrecognised"),
    ]


def test_opportunities_without_an_id_stop_a_run_that_has_other_files(read, folder):
    (folder / "Task.csv").write_text(
        "Id,WhoId,WhatId,ActivityDate,Status\n00T1,,,2026-01-01,Done\n"
    )
    (folder / "Opportunity.csv").write_text("Name,StageName\nA,B\n")
    with pytest.raises(
        ExportError,
        match=r"(?s)everything depends on.*lacks the column created_date, id; its header",
    ):
        read(folder)


def test_an_opportunity_file_with_ids_of_another_kind_is_refused(read, folder):
    (folder / "Opportunity.csv").write_text(HEADER + ONE.replace("006A", "701A"))
    with pytest.raises(ExportError, match=r"ids do not begin with 006 \(the first is '701A0000"):
        read(folder)


def test_a_name_and_the_needed_columns_are_enough(con, read, folder):
    (folder / "o.csv").write_text(HEADER + LINES)
    (folder / "Account.csv").write_text("Id,Name\n001A00000000001,Acme\n")
    assert read(folder).loaded == ["Account.csv", "o.csv"]
    assert con.execute("select name, industry from raw.salesforce_account").fetchall() == [
        ("Acme", None)
    ]


def test_a_file_of_a_header_alone_is_loaded_as_empty(con, read, folder):
    (folder / "o.csv").write_text(HEADER)
    assert read(folder).loaded == ["o.csv"]
    assert con.execute("select rows, rejected_rows from raw.files").fetchall() == [(0, 0)]


def test_an_empty_file_is_refused(read, folder):
    (folder / "o.csv").write_text("")
    with pytest.raises(ExportError, match=r"o\.csv: the file is empty"):
        read(folder)


@pytest.mark.parametrize(
    ("written", "ends", "read_as"),
    [
        ("Acme", "\r\n\n", "Acme"),
        ("Acme,", "\r\n\n", None),
        ('Acme "Ltd"', "\n\n", 'Acme "Ltd"'),
        ('Acme "a,b"', "\n\n", None),
        ('The 5" pipe', "\n\n", 'The 5" pipe'),
        ('"Bright" Ltd', "\n\n", "Bright Ltd"),
        ('"Bright" "Ltd"', "\n\r\n", 'Bright "Ltd"'),
    ],
)
def test_mixed_line_ends_and_stray_quotes_read_as_they_look(
    con, read, folder, written, ends, read_as
):
    lines = (HEADER, ONE.replace("Acme", written), ends, ONE.replace("001,", "003,", 1), "\n")
    (folder / "o.csv").write_bytes("".join(lines).encode())
    read(folder)
    expected = [(read_as, 2), ("Acme", 4)] if read_as else [("Acme", 4)]
    assert [(row[1], row[-1]) for row in deals(con)] == expected
    assert [row[0] for row in rejects(con)] == ([] if read_as else [2])


def test_quotes_marked_by_a_backslash(con, read, folder):
    (folder / "o.csv").write_text(HEADER + ONE.replace("Acme", r'"The \"big\", one"') + "\n")
    read(folder)
    assert deals(con)[0][1] == 'The "big", one'


def test_a_quote_that_is_never_closed_is_named_by_its_line(read, folder):
    tail = "".join(ONE.replace("001,", f"{n:03},", 1) + "\n" for n in range(3, 60))
    (folder / "o.csv").write_text(HEADER + LINES + ONE.replace("Acme", '"Acme') + "\n" + tail)
    with pytest.raises(ExportError, match=r"o\.csv, line 5: .*a quote is opened there"):
        read(folder)


@pytest.mark.parametrize(
    ("next_name", "why"),
    [
        ("Acme", "a quote is opened in it and not closed where a field ends"),
        ('Ac"me', "a quote is opened in it and not closed where a field ends"),
        ('Ac"me,more', "8 columns where the header has 7"),
    ],
)
def test_a_record_that_swallows_lines_says_how_far_it_reaches(con, read, folder, next_name, why):
    broken = ONE.replace("Acme", '"Acme') + "\n" + ONE.replace("Acme", next_name) + "\n"
    quoted = ONE.replace("Acme", '"Acme"') + "\n"
    (folder / "o.csv").write_text(HEADER + LINES + broken + quoted * 2)
    read(folder)
    last = 7 if next_name == "Acme" else 6
    assert [row[-1] for row in deals(con)] == [2, 3, *range(last + 1, 9)]
    told = f"{why}; it reaches down to line {last}"
    assert rejects(con) == [(5, None, "006A00000000001", told, True)]


def test_a_delimiter_too_many_is_refused_with_its_line(con, read, folder):
    (folder / "o.csv").write_text(HEADER + ONE + ",\n" + LINES)
    read(folder)
    assert [(row[0], row[3]) for row in rejects(con)] == [(2, "8 columns where the header has 7")]
    assert [row[-1] for row in deals(con)] == [3, 4]


def test_a_footer_of_one_cell_is_a_footer(con, read, folder):
    tail = '\n"Grand Totals (2 records)"\n"Confidential Information - Do Not Distribute"\n'
    (folder / "o.csv").write_text(HEADER + LINES + tail)
    read(folder)
    assert [(row[0], row[2], row[3]) for row in rejects(con)] == [
        (6, "Grand Totals (2 records)", "footer"),
        (7, "Confidential Information - Do Not Distribute", "footer"),
    ]


def test_a_needed_value_that_cannot_be_read_refuses_the_line(con, read, folder):
    (folder / "o.csv").write_text(HEADER + ONE.replace("2026-01-05T09:15:27.000Z", "soon") + "\n")
    read(folder)
    assert deals(con) == []
    assert [(row[0], row[1], row[2], row[4]) for row in rejects(con)] == [
        (2, "created_date", "soon", True)
    ]


@pytest.mark.parametrize(
    ("written", "read_as"),
    [
        (["1.200,50", "200,5"], [1200.5, 200.5]),
        (["1,200.50", "1,200"], [1200.5, 1200.0]),
        (["1,200", "3"], [1200.0, 3.0]),
        (["$1,200.5", "₩3,000,000"], [1200.5, 3_000_000.0]),
        (["KRW 3,000,000", "3,000원"], [3_000_000.0, 3000.0]),
        (["-5", "1e3"], [-5.0, 1000.0]),
        (["nan", "inf"], [None, None]),
        (["1.200,50", "7.25"], [None, 7.25]),
    ],
)
def test_numbers_in_every_form(con, read, folder, written, read_as):
    lines = "".join(
        ONE.replace("001,", f"{n:03},", 1).replace("1200.5", f'"{text}"') + "\n"
        for n, text in enumerate(written)
    )
    (folder / "o.csv").write_text(HEADER + lines, encoding="utf-8")
    read(folder)
    assert [None if row[4] is None else float(row[4]) for row in deals(con)] == read_as


@pytest.mark.parametrize(
    ("written", "read_as"),
    [
        ("2026-01-05T09:15:27.999+09:00", "2026-01-05 00:15:27"),
        ("2026-01-05T00:15:27-0130", "2026-01-05 01:45:27"),
        ("2026-01-05 09:15", "2026-01-05 09:15:00"),
        ("2026-01-05", "2026-01-05 00:00:00"),
        ("1/25/2026 9:15 PM", "2026-01-25 21:15:00"),
        ("1/25/2026, 12:15 AM", "2026-01-25 00:15:00"),
        ("25.01.2026 21:15:09", "2026-01-25 21:15:09"),
    ],
)
def test_times_come_out_in_utc(con, read, folder, written, read_as):
    (folder / "o.csv").write_text(HEADER + ONE.replace("2026-01-05T09:15:27.000Z", f'"{written}"'))
    read(folder)
    assert deals(con)[0][3] == read_as


def test_a_date_is_never_shifted_by_a_time_zone(con, read, folder):
    (folder / "o.csv").write_text(
        HEADER + ONE.replace("2026-03-31", "2026-03-31T23:30:00.000-0800")
    )
    read(folder)
    assert deals(con)[0][2] == "2026-03-31"


def test_guards_of_a_spreadsheet_are_taken_off(con, read, folder):
    (folder / "o.csv").write_text(HEADER + ONE.replace("006A00000000001", '"=""006A00000000001"""'))
    read(folder)
    assert deals(con)[0][0] == "006A00000000001IAA"


def test_a_header_that_occurs_twice_is_read_where_it_comes_first(con, read, folder):
    (folder / "o.csv").write_text(HEADER.replace("IsWon", "Name") + LINES)
    read(folder)
    assert deals(con)[0][1] == "Acme"


def test_text_is_composed(con, read, folder):
    (folder / "o.csv").write_text(HEADER + ONE.replace("Acme", "Mu\u0308ller"), encoding="utf-8")
    read(folder)
    assert deals(con)[0][1] == "Müller"


def test_a_file_that_is_not_what_its_mark_says_is_refused(read, folder):
    (folder / "o.csv").write_bytes(codecs.BOM_UTF8 + HEADER.encode() + b"\xff\xfe\xff\n")
    with pytest.raises(ExportError, match=r"o\.csv: it begins like utf-8-sig, but"):
        read(folder)


def test_a_file_that_changes_while_it_is_read_stops_the_run(con, read, folder, monkeypatch):
    (folder / "o.csv").write_text(HEADER + LINES)
    whole = ingest.Reader.text

    def read_and_change(reader, file):
        said = whole(reader, file)
        (folder / "o.csv").write_text(HEADER + LINES + "more")
        return said

    monkeypatch.setattr(ingest.Reader, "text", read_and_change)
    with pytest.raises(ExportError, match=r"o\.csv: the file changed while it was read"):
        read(folder)


def test_nothing_of_a_read_stays_behind(con, read, folder, tmp_path):
    (folder / "o.csv").write_bytes(codecs.BOM_UTF8 + (HEADER + LINES).encode())
    read(folder)
    assert list((tmp_path / "temp").iterdir()) == []
    assert con.execute("select count(*) from duckdb_tables() where temporary").fetchall() == [(0,)]


@pytest.mark.parametrize(
    ("said", "instead", "why"),
    [
        ('id_prefix = "006"\n', 'id_prefix = "006"\n[', "x.toml: "),
        ('amount = "number"', 'amount = "money"', "opportunity.amount has the type 'money'"),
        ('["id", "name", "stage_name", "created_date"]', '["id", "nmae"]', "known by nmae, which"),
    ],
)
def test_a_wrong_contract_names_file_and_mistake(tmp_path, said, instead, why):
    folder = Path(__file__).resolve().parents[1] / "data" / "contracts"
    text = (folder / "salesforce.toml").read_text(encoding="utf-8")
    assert said in text
    (tmp_path / "x.toml").write_text(text.replace(said, instead, 1), encoding="utf-8")
    with pytest.raises(ContractError, match=why):
        contracts.load(tmp_path)


CELLS = st.sampled_from(
    ["a", "", "é x", '"q"', '"a,b"', '"a\nb"', '"a\r\nb"', '"x""y"', '""', '""""', "'", "한"]
)


@given(
    st.lists(st.one_of(st.just([]), st.lists(CELLS, min_size=1, max_size=4)), max_size=9),
    st.sampled_from(["\n", "\r\n"]),
    st.booleans(),
    st.integers(1, 9),
)
def test_records_are_counted_as_the_csv_module_counts_them(
    tmp_path_factory, records, end, is_ended, block
):
    path = tmp_path_factory.mktemp("scan") / "f.csv"
    text = end.join(["h1,h2,h3", *(",".join(cells) for cells in records)])
    path.write_bytes((text + end * is_ended).encode())
    expected = []
    with path.open(encoding="utf-8", newline="") as lines:
        reader, start = csv.reader(lines), 1
        for cells in reader:
            if cells:
                expected.append((start, len(cells)))
            start = reader.line_num + 1
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("pipelines.ingest_scan.BLOCK", block)
        found = scan(path, ",", 0)
    assert found.is_clean
    assert list(zip(found.lines.tolist(), found.widths.tolist(), strict=True)) == expected[1:]
