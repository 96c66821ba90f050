"""A plain file is read in one pass, any other by way of a stage; both must say the same.

One pass has two forms: times read as such, or as text where a file writes them in several ways.
"""

from datetime import datetime
from pathlib import Path

import pytest

from pipelines import contracts, exports, ingest, warehouse
from pipelines.loading import Options, Target
from pipelines.night import CONTRACTS
from pipelines.staging import Stage

EXPORTS = Path(__file__).parent / "exports"
SAMPLE = Path(__file__).resolve().parents[1] / "data" / "sample"
HEADER = "Id,Name,StageName,CloseDate,CreatedDate,Amount,IsWon\n"
LINE = "006A00000000001IAA,Acme,Qualification,2026-03-31,2026-01-05T09:15:27.000Z,1200.5,0\n"
# Those below check/ hold what cannot be read.
LAYOUTS = sorted(
    path for path in EXPORTS.glob("*/*") if path.is_dir() and path.parent.name != "check"
)


def everything(folder, temp):
    """Each table of raw with all of its lines, in the order of files and lines."""
    known = contracts.load(CONTRACTS)
    with warehouse.in_memory() as con:
        ingest.ingest(con, exports.offered(folder, temp), known, temp, Options())
        tables = [*ingest._columns(known), "raw.files", "raw.rejects", "raw.columns"]
        return {table: con.execute(f"from {table} order by all").fetchall() for table in tables}


def every_way(folder, temp, monkeypatch):
    """What raw holds after the quickest way that a file allows, and after each slower one."""
    yield everything(folder, temp)
    monkeypatch.setattr(Target, "_typed", lambda self: {})
    yield everything(folder, temp)
    monkeypatch.setattr(Target, "at_once", lambda self: None)
    yield everything(folder, temp)


@pytest.mark.parametrize(
    "folder", [SAMPLE, *LAYOUTS], ids=lambda path: f"{path.parent.name}-{path.name}"
)
def test_all_ways_read_the_same(folder, tmp_path, monkeypatch):
    typed, as_text, staged = every_way(folder, tmp_path / "temp", monkeypatch)
    assert typed == as_text == staged


@pytest.mark.parametrize(
    "odd",
    [
        LINE.replace("006A00000000001IAA", "006A00000000001"),
        LINE.replace("006A00000000001IAA", '"=""006A00000000001"""'),
        LINE.replace("006A00000000001IAA", "006A00000000001   "),
        LINE.replace("006A00000000001IAA", "   006A00000000001"),
        LINE.replace("Qualification", " Qualification "),
        LINE.replace("Qualification", "'=Qualification"),
        LINE.replace("Qualification", "\uc601\uc5c5"),
        LINE.replace("Qualification", "\u1109\u1161"),
        LINE.replace("2026-03-31", "2026-03-31 00:00:00"),
        LINE.replace("2026-03-31", "46112"),
        LINE.replace("2026-03-31", "1970-01-01"),
        LINE.replace("2026-03-31", "n/a"),
        LINE.replace("27.000Z", "27.900Z"),
        LINE.replace("27.000Z", "27Z"),
        LINE.replace("27.000Z", "27.123456Z"),
        LINE.replace("2026-01-05T", "2026-1-5T"),
        LINE.replace("2026-01-05T", "2026-02-30T"),
        LINE.replace("2026-01-05T", "1970-01-05T"),
        LINE.replace("2026-01-05T09:15:27.000Z", "infinity"),
        LINE.replace("2026-01-05T09:15:27.000Z", ""),
        LINE.replace("2026-01-05T09:15:27.000Z", '""'),
        LINE.replace("27.000Z", "27+09:00"),
        LINE.replace("27.000Z", "27.000+0000"),
        LINE.replace("T09:15:27.000Z", " 09:15:27 America/New_York"),
        LINE.replace("T09:15:27.000Z", " 09:15:27 UTC"),
        LINE.replace("1200.5", "$1,200.50").replace("$1,200.50", '"$1,200.50"'),
        LINE.replace("1200.5", "inf"),
        LINE.replace(",0\n", ",maybe\n"),
        LINE.replace("Acme", '"Two\nlines"'),
        LINE.replace("Acme", ""),
        LINE.replace("Qualification", ""),
        LINE.replace(",0\n", "\n"),
        "\n" + LINE,
        LINE.replace("\n", "\r\n"),
        LINE.rstrip("\n"),
        "Total,,,,,,\n",
    ],
)
def test_one_odd_line_reads_the_same_either_way(odd, folder, tmp_path, monkeypatch):
    text = HEADER + LINE.replace("001IAA", "009IAA") + odd
    (folder / "Opportunity.csv").write_bytes(text.encode())
    either, as_text, staged = every_way(folder, tmp_path / "temp", monkeypatch)
    assert either == as_text == staged
    files = either["raw.files"]
    assert files[0][6] + files[0][7] == text.replace('"Two\n', "").strip("\n").count("\n") - (
        odd.startswith("\n")
    )


@pytest.mark.parametrize(
    ("told", "read_as"),
    [
        ("2026-01-05T09:15:27+09:00", datetime(2026, 1, 5, 0, 15, 27)),
        ("2026-01-05T09:15:27.000+0900", datetime(2026, 1, 5, 0, 15, 27)),
        ("2026-01-05 09:15:27-05", datetime(2026, 1, 5, 14, 15, 27)),
        ("2026-01-05 09:15:27 America/New_York", datetime(2026, 1, 5, 14, 15, 27)),
        ("2026-01-05 09:15:27 UTC", datetime(2026, 1, 5, 9, 15, 27)),
    ],
)
def test_a_time_in_a_zone_of_its_own_is_moved_to_utc(con, read, folder, told, read_as):
    (folder / "o.csv").write_text(HEADER + LINE.replace("2026-01-05T09:15:27.000Z", told))
    read(folder)
    created = con.execute("select created_date from raw.salesforce_opportunity").fetchall()
    assert created == [(read_as,)]


@pytest.mark.parametrize(
    ("other", "ways"),
    [("2026-01-05T09:15:28.500Z", [True]), ("2026-01-05T09:15:28Z", [True, False])],
)
def test_times_are_read_as_times_where_all_are_written_alike(
    read, folder, monkeypatch, other, ways
):
    """The second time stands below the records by which the form is told."""
    seen = []
    one_pass = Target._in_one_pass

    def spied(self, typed, time_form):
        seen.append("timestamp" in typed.values())
        return one_pass(self, typed, time_form)

    monkeypatch.setattr(Target, "_in_one_pass", spied)
    lines = [LINE.replace("00001IAA", f"{n:05}IAA") for n in range(300)]
    lines.append(LINE.replace("2026-01-05T09:15:27.000Z", other).replace("00001IAA", "99999IAA"))
    (folder / "o.csv").write_text(HEADER + "".join(lines))
    assert read(folder).loaded == ["o.csv"]
    assert seen == ways


def test_lines_keep_their_numbers_when_both_cores_read(con, read, folder, monkeypatch):
    def refused(*_):
        raise AssertionError("a plain file was staged")

    monkeypatch.setattr(Stage, "__init__", refused)
    count = 300_000
    with (folder / "o.csv").open("w") as file:
        file.write(HEADER)
        for n in range(count):
            file.write(LINE.replace("006A00000000001IAA", f"006A{n:011}IAA"))
    assert read(folder).loaded == ["o.csv"]
    assert con.execute(
        "select count(*), count(*) filter (where cast(substr(id, 5, 11) as integer) + 2 = _line), "
        "count(distinct _line) from raw.salesforce_opportunity"
    ).fetchall() == [(count, count, count)]


def test_parts_of_a_read_that_failed_are_gone(con, read, folder, monkeypatch):
    (folder / "o.csv").write_text(HEADER + LINE)
    read(folder)
    held = con.execute("select file, table_name, part from raw.parts").fetchall()

    def broken(*_, **__):
        raise KeyboardInterrupt

    (folder / "o.csv").write_text(HEADER + LINE.replace("Acme", "Birch"))
    monkeypatch.setattr(ingest, "_take_up", broken)
    with pytest.raises(KeyboardInterrupt):
        read(folder)
    assert con.execute("select file, table_name, part from raw.parts").fetchall() == held
    tables = con.execute(
        "select count(*) from duckdb_tables() where starts_with(table_name, 'part_')"
    ).fetchall()
    assert tables == [(1,)]
    assert con.execute("select name from raw.salesforce_opportunity").fetchall() == [("Acme",)]
    monkeypatch.undo()
    read(folder)
    assert con.execute("select name from raw.salesforce_opportunity").fetchall() == [("Birch",)]


def test_a_part_that_a_killed_run_left_is_dropped(con, read, folder):
    (folder / "o.csv").write_text(HEADER + LINE)
    read(folder)
    con.execute("create table raw.part_99 as select 1 as id")
    read(folder)
    tables = con.execute(
        "select table_name from duckdb_tables() where starts_with(table_name, 'part_')"
    ).fetchall()
    assert tables == [("part_1",)]


@pytest.mark.parametrize(
    ("delimiter", "numbers", "read_as"),
    [
        (";", ("9.500", "12.000"), [9500.0, 12000.0]),
        (";", ("9.500", "12.5"), [9.5, 12.5]),
        (";", ("0.250", "12"), [0.25, 12.0]),
        (",", ("9.500", "12.000"), [None, None]),
        (",", ("9.500", "12.00"), [9.5, 12.0]),
        (",", ("€9.500", "12"), [None, 12.0]),
        (";", ("1.234,50", "9.500"), [1234.5, 9500.0]),
    ],
)
def test_a_mark_that_may_part_thousands_or_decimals(con, read, folder, delimiter, numbers, read_as):
    lines = "".join(
        LINE.replace("001IAA", f"00{n}IAA").replace(",", delimiter).replace("1200.5", number)
        for n, number in enumerate(numbers)
    )
    (folder / "o.csv").write_text(HEADER.replace(",", delimiter) + lines)
    read(folder)
    amounts = con.execute("select amount from raw.salesforce_opportunity order by _line").fetchall()
    assert [amount for (amount,) in amounts] == read_as


def test_a_setting_says_which_mark_is_before_decimals(con, read, folder):
    (folder / "o.csv").write_text(HEADER + LINE.replace("1200.5", "9.500"))
    read(folder)
    ((reason,),) = con.execute("select reason from raw.rejects").fetchall()
    assert 'decimal_mark = { "salesforce_opportunity.amount" = "," }' in reason
    for mark, amount in ((",", 9500.0), (".", 9.5)):
        read(folder, decimal_mark={"salesforce_opportunity.amount": mark})
        told = con.execute("select amount from raw.salesforce_opportunity").fetchall()
        assert told == [(amount,)]


def test_an_id_in_braces_is_the_id(con, read, folder):
    bare = "0a1b2c3d-0000-4000-8000-00000000000"
    header = "opportunityid,name,statecode,statuscode,createdon,modifiedon\n"
    line = ",Acme,0,1,2026-01-05T09:00:00Z,2026-01-06T09:00:00Z\n"
    (folder / "opportunity.csv").write_text(f"{header}{{{bare}1}}{line}{bare}2{line}")
    read(folder)
    ids = con.execute("select id from raw.dynamics_opportunity order by id").fetchall()
    assert ids == [(f"{bare}1",), (f"{bare}2",)]


def test_a_day_alone_is_in_no_zone(con, read, folder):
    (folder / "o.csv").write_text(HEADER + LINE.replace("2026-01-05T09:15:27.000Z", "2026-01-05"))
    read(folder, time_zone={"*": "Europe/Berlin"})
    created = con.execute("select created_date from raw.salesforce_opportunity").fetchall()
    assert created == [(datetime(2026, 1, 5),)]


def test_a_filled_custom_reason_stands_in_for_the_empty_standard_one(con, read, folder):
    (folder / "deals.csv").write_text(
        "Record ID,Deal Name,Deal Stage,Pipeline,Create Date,Closed Lost Reason,"
        "Loss Reason (dropdown)\n7,Acme,Closed Lost,Sales,2026-01-05 09:00,,No budget\n"
    )
    read(folder)
    assert con.execute("select lost_reason from raw.hubspot_deal").fetchall() == [("No budget",)]


@pytest.mark.parametrize("name", ["users (1).csv", "users-2024-03-29.csv", "users_2.csv"])
def test_a_download_is_known_by_its_name_all_the_same(con, read, folder, name):
    (folder / "opportunities.json").write_text(
        '[{"id": 1, "name": "Acme", "status": "Open", "pipeline_id": 1, "pipeline_stage_id": 2, '
        '"assignee_id": 5, "monetary_value": 9, "date_created": 1767603600, '
        '"date_modified": 1767603700}]'
    )
    (folder / name).write_text("id,name,email\n5,Ann,ann@ours.example\n")
    assert name in read(folder).loaded
    kinds = con.execute("select kind from raw.files where path = $1", [name]).fetchall()
    assert kinds == [("copper_user",)]


def test_messages_of_a_singer_tap_and_answers_of_a_tool(con, read, folder):
    record = (
        '{"Id": "006A00000000001IAA", "Name": "Acme", "StageName": "Qualification", '
        '"CloseDate": "2026-03-31", "CreatedDate": "2026-01-05T09:15:27.000Z"}'
    )
    (folder / "opportunity.jsonl").write_text(
        '{"type": "SCHEMA", "stream": "Opportunity", "schema": {}, "key_properties": ["Id"]}\n'
        f'{{"type": "RECORD", "stream": "Opportunity", "record": {record}}}\n'
        '{"type": "STATE", "value": {"bookmark": 1}}\n'
    )
    (folder / "query.json").write_text(
        f'{{"status": 0, "result": {{"records": [{record.replace("001IAA", "002IAA")}], '
        '"totalSize": 1, "done": true}}'
    )
    assert read(folder).unrecognised == {}
    ids = con.execute("select id from raw.salesforce_opportunity order by 1").fetchall()
    assert ids == [("006A00000000001IAA",), ("006A00000000002IAA",)]
