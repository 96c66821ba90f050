"""Files to raw tables: every dialect reads the same, every broken line or file is named."""

import codecs
import gzip
import zipfile
from pathlib import Path

import pytest

from pipelines import contracts, exports, ingest, warehouse
from pipelines.exports import ExportError
from pipelines.reading import Options
from pipelines.values import eighteen

CONTRACTS = contracts.load(Path(__file__).resolve().parents[1] / "data" / "contracts")
HEADER = "Id,Name,StageName,CloseDate,CreatedDate,Amount,IsWon\n"
LINES = (
    "006A00000000001,Acme,Qualification,2026-03-31,2026-01-05T09:15:27.000Z,1200.5,0\n"
    '006A00000000002,"Two\nlines, ""quoted""",Qualification,2026-04-01,'
    '2026-01-06T09:15:27.000+0000,"1,000",1\n'
)


@pytest.fixture
def con():
    with warehouse.in_memory() as con:
        yield con


@pytest.fixture
def read(con, tmp_path):
    def read(folder, **options):
        temp = tmp_path / "temp"
        return ingest.ingest(
            con, exports.offered(folder, temp), CONTRACTS, temp, Options(**options)
        )

    return read


@pytest.fixture
def folder(tmp_path):
    found = tmp_path / "exports"
    found.mkdir()
    return found


def deals(con):
    return con.execute(
        "select id, name, close_date, created_date, amount, is_won, _line "
        "from raw.salesforce_opportunity order by _line"
    ).fetchall()


EXPECTED = [
    ("006A00000000001AAA", "Acme", "2026-03-31", "2026-01-05 09:15:27", "1200.5", "false", 2),
    (
        "006A00000000002AAA",
        'Two\nlines, "quoted"',
        "2026-04-01",
        "2026-01-06 09:15:27",
        "1000.0",
        "true",
        3,
    ),
]


def test_a_plain_csv(con, read, folder):
    (folder / "Opportunity.csv").write_text(HEADER + LINES, encoding="utf-8")
    assert read(folder).loaded == ["Opportunity.csv"]
    assert [row[1:] for row in deals(con)] == [row[1:] for row in EXPECTED]


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
    assert [(row[1], row[2], row[4]) for row in deals(con)] == [(name, "2026-03-31", "1200.5")]


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
    assert con.execute("select count(*) from duckdb_tables()").fetchall() == [(0,)]
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


def test_a_truncated_zip(read, folder):
    whole = folder / "a.zip"
    with zipfile.ZipFile(whole, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("Opportunity.csv", HEADER + LINES * 500)
    whole.write_bytes(whole.read_bytes()[:-300])
    with pytest.raises(ExportError, match=r"a\.zip: the zip cannot be read"):
        read(folder)


def test_zip_parts_with_the_same_member_and_a_hostile_name(con, read, folder, tmp_path):
    for part in (1, 2):
        with zipfile.ZipFile(folder / f"WE_{part}.ZIP", "w") as archive:
            archive.writestr("../../Opportunity.csv", HEADER + LINES)
    report = read(folder)
    assert report.loaded == ["WE_1.ZIP!../../Opportunity.csv", "WE_2.ZIP!../../Opportunity.csv"]
    assert len(deals(con)) == 4
    assert not (tmp_path / "Opportunity.csv").exists()


def test_a_gzip_reads_as_its_content(con, read, folder):
    (folder / "Opportunity.csv.gz").write_bytes(gzip.compress((HEADER + LINES).encode()))
    read(folder)
    assert len(deals(con)) == 2


def test_a_link_out_of_the_folder_is_refused(read, folder, tmp_path):
    (tmp_path / "outside.csv").write_text(HEADER + LINES)
    (folder / "o.csv").symlink_to(tmp_path / "outside.csv")
    with pytest.raises(ExportError, match="a link that leads out"):
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


XES = """<?xml version="1.0" encoding="UTF-8"?>
<log xmlns="http://www.xes-standard.org/"><trace>
<date key="REG_DATE" value="2011-10-01T00:38:44.546+02:00"/>
<string key="concept:name" value="1"/><string key="AMOUNT_REQ" value="5000"/>
{events}</trace></log>"""
EVENT = """<event><string key="concept:name" value="{name}"/>
<string key="lifecycle:transition" value="COMPLETE"/>
<date key="time:timestamp" value="2011-10-01T{hour:02}:00:00+02:00"/></event>"""
NAMES = (
    "A_SUBMITTED",
    "A_PARTLYSUBMITTED",
    "A_PREACCEPTED",
    "A_ACCEPTED",
    "A_FINALIZED",
    "O_CREATED",
    "O_SENT",
    "O_SENT_BACK",
    "A_CANCELLED",
)


def written_log(names):
    return XES.format(events="".join(EVENT.format(name=n, hour=h) for h, n in enumerate(names)))


@pytest.mark.parametrize("packed", [False, True])
def test_an_event_log_is_known_by_its_activities(con, read, folder, packed):
    data = written_log(NAMES).encode()
    name = "log.xes.gz" if packed else "log.xes"
    (folder / name).write_bytes(gzip.compress(data) if packed else data)
    read(folder)
    rows = con.execute(
        "select case_id, activity, happened_at, case_created_at, case_amount, contract, _line "
        "from raw.event_log_event order by _line"
    ).fetchall()
    assert len(rows) == len(NAMES)
    assert rows[0] == (
        "1",
        "A_SUBMITTED",
        "2011-09-30 22:00:00",
        "2011-09-30 22:38:44",
        "5000",
        "bpic2012",
        1,
    )


def test_the_same_log_as_csv(con, read, folder):
    lines = "".join(f"1,{name},2011-10-01T00:00:00+02:00,11,COMPLETE\n" for name in NAMES)
    (folder / "log.csv").write_text("Case ID,Activity,Timestamp,Resource,lifecycle\n" + lines)
    read(folder)
    assert con.execute("select count(*), min(resource) from raw.event_log_event").fetchall() == [
        (len(NAMES), "11")
    ]


def test_an_unknown_log_names_the_nearest_contract(read, folder):
    (folder / "log.xes").write_text(written_log(["A_SUBMITTED", "Bake", "Eat"]))
    with pytest.raises(ExportError, match="nearest is bpic2012 with 1 activities in common"):
        read(folder)


def test_an_event_without_a_time_is_refused_by_number(con, read, folder):
    text = written_log(NAMES).replace("2011-10-01T03:00:00+02:00", "yesterday")
    (folder / "log.xes").write_text(text)
    read(folder)
    assert con.execute("select line, column_name from raw.rejects").fetchall() == [
        (4, "happened_at")
    ]


def test_xml_that_could_expand_without_bound_is_refused(read, folder):
    (folder / "log.xes").write_text('<!DOCTYPE x [<!ENTITY a "b">]>' + written_log(NAMES))
    with pytest.raises(ExportError, match="document type"):
        read(folder)


def test_the_real_event_log_needs_little_memory(shared_data, tmp_path):
    import subprocess
    import sys

    code = f"""
import resource
from pathlib import Path
from pipelines import contracts, exports, ingest, warehouse
from pipelines.reading import Options
temp = Path({str(tmp_path)!r})
with warehouse.opened(temp / "w.duckdb") as con:
    found = exports.offered(Path({str(shared_data / "bpic2012")!r}), temp)
    ingest.ingest(con, found, contracts.load(Path("data/contracts")), temp, Options())
    print(*con.execute("select count(*), count(distinct case_id) from raw.event_log_event"
          ).fetchall()[0], resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
"""
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).resolve().parents[1],
    )
    events, cases, mebibytes = map(int, done.stdout.split())
    assert (events, cases) == (262_200, 13_087)
    assert mebibytes < 1024


def test_the_byte_order_mark_is_no_part_of_the_header(con, read, folder):
    (folder / "o.csv").write_bytes(codecs.BOM_UTF8 + (HEADER + LINES).encode())
    read(folder)
    assert len(deals(con)) == 2
