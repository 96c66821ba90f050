"""Sheets, parquet and JSON read as text does; titles, repeated pairs and damage are seen."""

import datetime as dt
import gzip
import json
import zipfile

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import xlsxwriter

from pipelines import exports
from pipelines.exports import ExportError, Limits

HEADER = ["Id", "Name", "StageName", "CloseDate", "CreatedDate", "Amount", "IsWon"]
CREATED = dt.datetime(2026, 1, 5, 9, 15, 27)
ROWS = [
    ["006A00000000001", "Acme", "Qualification", dt.date(2026, 3, 31), CREATED, 1200.5, False],
    ["006A00000000002", "Two\nlines", "Qualification", dt.date(2026, 4, 1), CREATED, 1000, True],
]
EXPECTED = [
    ("006A00000000001IAA", "Acme", "2026-03-31", "2026-01-05 09:15:27", 1200.5, False),
    ("006A00000000002IAA", "Two\nlines", "2026-04-01", "2026-01-05 09:15:27", 1000.0, True),
]


def deals(con):
    return con.execute(
        "select id, name, cast(close_date as varchar), cast(created_date as varchar), amount, "
        "is_won "
        "from raw.salesforce_opportunity order by _line"
    ).fetchall()


def lines(con):
    return [
        line
        for (line,) in con.execute(
            "select _line from raw.salesforce_opportunity order by _line"
        ).fetchall()
    ]


def written(path, *sheets):
    book = xlsxwriter.Workbook(path, {"default_date_format": "yyyy-mm-dd hh:mm"})
    for name, rows, above in sheets:
        sheet = book.add_worksheet(name)
        for n, row in enumerate(rows):
            for k, value in enumerate(row):
                if isinstance(value, (dt.date, dt.datetime)):
                    sheet.write_datetime(n + above, k, value)
                else:
                    sheet.write(n + above, k, value)
        if name == "hidden":
            sheet.hide()
    book.close()
    return path


def test_a_workbook(con, read, folder):
    written(folder / "Opportunity.xlsx", ("Sheet1", [HEADER, *ROWS], 0))
    assert read(folder).loaded == ["Opportunity.xlsx"]
    assert deals(con) == EXPECTED
    assert lines(con) == [2, 3]


def test_a_workbook_of_several_sheets(con, read, folder):
    written(
        folder / "all.xlsx",
        ("Opportunity", [HEADER, ROWS[0]], 0),
        ("hidden", [HEADER, ROWS[1]], 0),
        ("empty", [], 0),
        ("notes", [["What we talked about"]], 0),
    )
    report = read(folder)
    assert report.loaded == ["all.xlsx!Opportunity"]
    assert list(report.unrecognised) == ["all.xlsx!notes"]
    assert deals(con) == EXPECTED[:1]


def test_rows_of_a_sheet_are_numbered_as_a_person_counts_them(con, read, folder):
    title = ["All deals", None, None, None, None, None, None]
    blank = [None] * 7
    written(folder / "a.xlsx", ("Sheet1", [title, blank, HEADER, ROWS[0], blank, ROWS[1]], 3))
    read(folder)
    assert deals(con) == EXPECTED
    assert lines(con) == [7, 9]
    assert con.execute("select line, value, reason from raw.rejects").fetchall() == [
        (4, "All deals", "above the header")
    ]


def test_a_number_that_was_an_id_is_refused(read, folder):
    written(folder / "a.xlsx", ("Sheet1", [HEADER, [7529682000000091023, *ROWS[0][1:]]], 0))
    with pytest.raises(ExportError, match=r"a.xlsx, line 2, column id: '7.529682E\+18'"):
        read(folder)


def test_long_ids_that_all_end_in_zeros_are_refused(read, folder):
    ids = ("7529682000000090000", "7529682000000120000")
    body = "".join(f"{i},,,2026-03-31,Done\n" for i in ids)
    (folder / "Task.csv").write_text("Id,WhoId,WhatId,ActivityDate,Status\n" + body)
    with pytest.raises(ExportError, match=r"line 2, column id: '7529682000000090000' was an id"):
        read(folder)


@pytest.mark.parametrize(
    "name", ["a.xlsx", "a.xls", "a.parquet", "a.json", "a.jsonl", "a.xlsx.gz", "a.zip"]
)
def test_a_broken_file_of_any_kind_is_named(read, folder, name):
    data = b"PK\x03\x04 broken {"
    (folder / name).write_bytes(gzip.compress(data) if name.endswith(".gz") else data)
    with pytest.raises(ExportError, match=f"^(none of.*\n  )?{name}: .*(again|by hand|CSV)"):
        read(folder)


def test_a_web_page_called_a_sheet(read, folder):
    (folder / "a.xls").write_text("<html><table><tr><td>Id</td></tr></table></html>")
    with pytest.raises(ExportError, match="a web page with the name of a sheet"):
        read(folder)


def test_text_called_a_sheet_is_text(con, read, folder):
    body = "006A00000000001\tAcme\tQualification\t2026-03-31\t2026-01-05 09:15:27\t1200.5\t0\n"
    (folder / "a.xls").write_text("\t".join(HEADER) + "\n" + body, encoding="utf-16")
    read(folder)
    assert deals(con) == EXPECTED[:1]


def test_parquet_with_types(con, read, folder):
    columns = dict(zip(HEADER, zip(*ROWS, strict=True), strict=True))
    columns["Tags"] = [["a", "b"], None]
    columns["Amount"] = [float(value) for value in columns["Amount"]]
    pq.write_table(pa.table(columns), folder / "opportunity.parquet")
    read(folder)
    assert deals(con) == EXPECTED
    assert lines(con) == [1, 2]


RECORDS = [
    {
        name: str(value) if not isinstance(value, bool) else value
        for name, value in zip(HEADER, row, strict=True)
    }
    for row in ROWS
]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.json", json.dumps(RECORDS)),
        ("a.json", json.dumps(RECORDS, indent=2)),
        ("a.json", json.dumps({"success": True, "data": RECORDS, "next": None})),
        ("a.jsonl", "\n".join(json.dumps(record) for record in RECORDS)),
        ("a.ndjson", "\n".join(json.dumps({"x": {"y": 1}} | record) for record in RECORDS)),
    ],
)
def test_json_of_an_array_an_answer_or_lines(con, read, folder, name, text):
    (folder / name).write_text(text, encoding="utf-8")
    assert read(folder).loaded == [name]
    assert deals(con) == EXPECTED
    assert lines(con) == [1, 2]


def test_a_title_above_the_header_of_a_text(con, read, folder):
    body = "006A00000000001,Acme,Qualification,2026-03-31,2026-01-05 09:15:27,1200.5,0\n"
    (folder / "a.csv").write_text("All deals\n\nAs of,today\n" + ",".join(HEADER) + "\n" + body)
    report = read(folder)
    assert report.loaded == ["a.csv"]
    assert deals(con) == EXPECTED[:1]
    assert lines(con) == [5]
    assert con.execute("select line, value, reason from raw.rejects order by 1").fetchall() == [
        (1, "All deals", "above the header"),
        (3, "As of today", "above the header"),
    ]
    assert con.execute("select rows, rejected_rows from raw.files").fetchall() == [(1, 2)]


def test_packed_files_of_every_kind(con, read, folder):
    book = written(folder / "a.xlsx", ("Sheet1", [HEADER, ROWS[0]], 0)).read_bytes()
    (folder / "a.xlsx").unlink()
    (folder / "a.xlsx.gz").write_bytes(gzip.compress(book))
    with zipfile.ZipFile(folder / "b.zip", "w") as archive:
        archive.writestr("deals/b.xlsx", book)
        archive.writestr("b.json", json.dumps(RECORDS[1:]))
    assert read(folder).loaded == ["a.xlsx.gz", "b.zip!b.json", "b.zip!deals/b.xlsx"]
    assert sorted(deals(con)) == [EXPECTED[0], EXPECTED[0], EXPECTED[1]]


@pytest.mark.parametrize("name", ["bomb.zip", "bomb.csv.gz"])
def test_a_bomb_is_not_unpacked(folder, tmp_path, name):
    data = b"0" * (70 << 20)
    if name.endswith(".gz"):
        (folder / name).write_bytes(gzip.compress(data))
    else:
        with zipfile.ZipFile(folder / name, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("a.csv", data)
    with pytest.raises(ExportError, match=rf"{name}: it unpacks to more than 0.07 GB.*zip_ratio"):
        exports.offered(folder, tmp_path / "temp")
    assert len(exports.offered(folder, tmp_path / "temp", Limits(ratio=5000))) == 1
    with pytest.raises(ExportError, match="it unpacks to more than"):
        exports.offered(folder, tmp_path / "temp", Limits(unpacked_bytes=1 << 20, ratio=5000))


def test_a_folder_called_like_a_file(folder, tmp_path):
    (folder / "deals.csv").mkdir()
    with pytest.raises(ExportError, match="a folder with the name of a file"):
        exports.offered(folder, tmp_path / "temp")
    (folder / "deals.csv" / "part-0.csv").write_text("Id\n1\n")
    assert [f.label for f in exports.offered(folder, tmp_path / "temp")] == ["deals.csv/part-0.csv"]
