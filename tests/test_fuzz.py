"""Broken, hostile and damaged files: told by name and place, and nothing else is touched."""

import csv
import gzip
import io
import os
import random
import re
import shutil
import zipfile
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import xlsxwriter

from pipelines import exports
from pipelines.exports import ExportError

HERE = Path(__file__).parent
CORPUS = HERE / "fuzz"
GOOD_NAME = "A good one.csv"
GOOD = (
    "Id,Name,StageName,CloseDate,CreatedDate,Amount,IsWon\n"
    "006A00000000001,Acme,Qualification,2026-03-31,2026-01-05T09:15:27.000Z,1200.5,0\n"
    "006A00000000002,한빛,Closed Won,2026-04-30,2026-01-06T09:15:27.000Z,99,1\n"
)
ADVICE = r"again|by hand|by its first bytes|CSV|Put|Unpack|Make|Write a contract|lacks|not a kind"


def outcomes():
    with (CORPUS / "outcomes.csv").open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def state(con):
    """Everything that raw holds."""
    tables = con.execute(
        "select table_name from information_schema.tables where table_schema = 'raw' order by 1"
    ).fetchall()
    return {
        table: sorted(con.execute(f'select * from raw."{table}"').fetchall(), key=repr)
        for (table,) in tables
    }


def lines_of(con, label):
    """How many lines of a file are in any table of raw."""
    tables = con.execute(
        "select table_name from information_schema.columns where table_schema = 'raw' "
        "and column_name = '_file' and table_name not like '%\\_by\\_%' escape '\\'"
    ).fetchall()
    return sum(
        con.execute(f'select count(*) from raw."{table}" where _file = $1', [label]).fetchone()[0]
        for (table,) in tables
    )


def assert_told(con, report):
    """Each file is loaded to its last line, or left out with its name, why and what to do."""
    left_out = {**report.refused, **report.unrecognised}
    for label, reason in left_out.items():
        assert label in reason
        assert len(reason) > len(label) + 20
        assert lines_of(con, label) == 0
    files = con.execute(
        "select path, decision, rows, rejected_rows, reason from raw.files"
    ).fetchall()
    assert {path for path, *_ in files} == {*report.loaded, *report.unchanged, *left_out}
    for path, decision, rows, rejected, reason in files:
        if decision != "loaded":
            assert reason == left_out[path]
            continue
        refused = con.execute(
            "select count(*) from raw.rejects where file = $1 and is_line_refused", [path]
        ).fetchone()[0]
        assert rejected == refused, path
        unnamed = con.execute(
            "select count(*) from raw.rejects where file = $1 and (line is null or reason is null)",
            [path],
        ).fetchone()[0]
        assert unnamed == 0, path


def assert_good_is_whole(con):
    rows = con.execute(
        "select id, name, _line from raw.salesforce_opportunity where _file = $1 order by _line",
        [GOOD_NAME],
    ).fetchall()
    assert rows == [("006A00000000001IAA", "Acme", 2), ("006A00000000002IAA", "한빛", 3)]


@pytest.fixture
def good(folder):
    (folder / GOOD_NAME).write_text(GOOD, encoding="utf-8")
    return folder


STOPPING = [said for said in outcomes() if said["outcome"] == "stops"]
OTHERS = [said for said in outcomes() if said["outcome"] != "stops"]


@pytest.mark.parametrize("said", STOPPING, ids=lambda said: said["name"])
def test_a_broken_archive_stops_before_anything_is_read(con, folder, tmp_path, said):
    shutil.copy(CORPUS / said["name"], folder / said["name"])
    with pytest.raises(ExportError) as stopped:
        exports.offered(folder, tmp_path / "temp")
    assert str(stopped.value).startswith(said["name"])
    assert said["says"] in str(stopped.value)
    assert re.search(ADVICE, str(stopped.value))


def test_broken_files_beside_a_good_one(con, read, good):
    for said in OTHERS:
        shutil.copy(CORPUS / said["name"], good / said["name"])
    report = read(good)
    assert_told(con, report)
    assert_good_is_whole(con)
    told = {}
    for path, decision, rows, rejected, reason in con.execute(
        "select path, decision, rows, rejected_rows, reason from raw.files where path <> $1",
        [GOOD_NAME],
    ).fetchall():
        told.setdefault(path.split("!")[0], []).append((decision, rows, rejected, reason))
    for said in OTHERS:
        found = told[said["name"]]
        assert {decision for decision, *_ in found} == {said["outcome"]}, said["name"]
        if said["outcome"] == "loaded":
            rows, rejected = sum(rows for _, rows, *_ in found), sum(n for *_, n, _ in found)
            assert (str(rows), str(rejected)) == (said["rows"], said["rejected"]), said["name"]
        else:
            assert all(said["says"] in reason for *_, reason in found), said["name"]
            assert all(re.search(ADVICE, reason) for *_, reason in found), said["name"]


def test_what_stops_a_read_leaves_raw_as_it_was(con, read, good):
    read(good)
    before = state(con)
    (good / "B.csv").write_text(GOOD.replace("006A00000000001", "7.52968E+18"), encoding="utf-8")
    with pytest.raises(ExportError, match="everything depends on"):
        read(good)
    assert state(con) == before


def test_the_corpus_and_its_outcomes_are_the_same_files():
    kept = {path.name for path in CORPUS.iterdir()} - {"outcomes.csv"}
    assert kept == {said["name"] for said in outcomes()}


def mutated(random, data):
    """A file with one to three of its places flipped, cut out, doubled or filled with rubbish."""
    data = bytearray(data)
    for _ in range(random.randint(1, 3)):
        at = random.randrange(len(data) + 1)
        upto = min(len(data), at + random.choice((1, 2, 16, 200)))
        way = random.randrange(6)
        if way == 0 and at < len(data):
            data[at] ^= 1 << random.randrange(8)
        elif way == 1:
            del data[at:upto]
        elif way == 2:
            data[at:at] = data[at:upto]
        elif way == 3:
            data[at:upto] = random.randbytes(upto - at)
        elif way == 4:
            del data[at:]
        else:
            data[at:at] = random.choice((b'"', b"\n", b"\r", b",", b"\x00", b"\xff", b"\\", b"{"))
    return bytes(data)


def packed(name, data):
    """A text file once more in each kind of file that a text may become."""
    rows = [row for row in csv.reader(io.StringIO(data.decode())) if row]
    header, width = rows[0], len(rows[0])
    rows = [row[:width] + [""] * (width - len(row)) for row in rows]
    stem = name.removesuffix(".csv")
    zipped, sheet, columns = io.BytesIO(), io.BytesIO(), io.BytesIO()
    with zipfile.ZipFile(zipped, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, data)
    book = xlsxwriter.Workbook(sheet, {"in_memory": True})
    page = book.add_worksheet(stem[:31])
    for n, row in enumerate(rows):
        for k, value in enumerate(row):
            page.write_string(n, k, value)
    book.close()
    table = {column: [row[k] for row in rows[1:]] for k, column in enumerate(header)}
    pq.write_table(pa.table(table), columns)
    return {
        f"{name}.gz": gzip.compress(data),
        f"{stem}.zip": zipped.getvalue(),
        f"{stem}.xlsx": sheet.getvalue(),
        f"{stem}.parquet": columns.getvalue(),
        f"{stem}.utf16.csv": data.decode().encode("utf-16"),
    }


def whole_files():
    """The files of every vendor's export, and one of them in each other kind."""
    found = {
        "-".join(path.relative_to(HERE / "exports").parts): path.read_bytes()
        for path in sorted((HERE / "exports").rglob("*"))
        if path.suffix in (".csv", ".json", ".jsonl") and path.stat().st_size < 20_000
    }
    events = (
        '<?xml version="1.0" encoding="UTF-8"?>\n<log><trace><string key="concept:name" value="1"/>'
        '<event><string key="concept:name" value="A_SUBMITTED"/>'
        '<date key="time:timestamp" value="2026-01-05T09:00:00Z"/></event></trace></log>'
    )
    return found | packed("Deals.csv", GOOD.encode()) | {"log.xes": events.encode()}


SEED = 20260105
ROUNDS = 40
TOGETHER = 10


def test_damage_of_any_kind_is_told(con, read, good, tmp_path):
    """Bytes of good files flipped, cut and doubled: hundreds of files, the same ones every time.

    A damaged archive stops the search for files; each other file is read or left out.
    """
    dice = random.Random(SEED)
    files = whole_files()
    stopped = 0
    for _ in range(ROUNDS):
        for old in good.iterdir():
            if old.name != GOOD_NAME:
                old.unlink()
        names = dice.sample(sorted(files), TOGETHER)
        for name in names:
            place = good / name
            place.write_bytes(mutated(dice, files[name]))
            try:
                exports.offered(place, tmp_path / "alone")
            except ExportError as error:
                assert str(error).startswith(name)
                assert re.search(ADVICE, str(error)), error
                place.unlink()
                stopped += 1
        before = state(con)
        try:
            report = read(good)
        except ExportError as error:
            assert any(name in str(error) for name in names)
            assert state(con) == before
        else:
            assert_told(con, report)
            assert_good_is_whole(con)
    assert 0 < stopped < ROUNDS * TOGETHER / 2


def test_links_that_lead_nowhere_or_in_a_circle_are_told(good, tmp_path):
    (good / "gone.csv").symlink_to(good / "never there.csv")
    with pytest.raises(ExportError, match=r"gone.csv: a link that leads nowhere. Put the file"):
        exports.offered(good, tmp_path / "temp")
    (good / "gone.csv").unlink()
    (good / "circle.csv").symlink_to(good / "circle.csv")
    with pytest.raises(ExportError, match=r"circle.csv: a link that leads nowhere"):
        exports.offered(good, tmp_path / "temp")


def test_a_pipe_is_not_waited_for(good, tmp_path):
    os.mkfifo(good / "deals.csv")
    with pytest.raises(ExportError, match=r"deals.csv: neither a file nor a folder. Put a plain"):
        exports.offered(good, tmp_path / "temp")


def test_a_name_that_is_no_text_is_read_all_the_same(con, read, good):
    with open(os.fsencode(good) + b"/\xc7\xd1.csv", "wb") as file:
        file.write(GOOD.replace("006A", "006B").encode())
    report = read(good)
    assert_told(con, report)
    assert len(report.loaded) == 2


@pytest.mark.parametrize("what", ["read", "write"])
def test_a_disk_that_fails_is_told(good, tmp_path, monkeypatch, what):
    """As it is without permission, or without room where archives are unpacked."""
    (good / "a.csv.gz").write_bytes(gzip.compress(GOOD.encode()))
    opened = Path.open

    def failing(path, mode="r", *arguments, **options):
        if what == "read" and path.name == GOOD_NAME:
            raise PermissionError(13, "Permission denied", str(path))
        if what == "write" and "w" in mode and path.parent.name == "temp":
            raise OSError(28, "No space left on device", str(path))
        return opened(path, mode, *arguments, **options)

    monkeypatch.setattr(Path, "open", failing)
    name = GOOD_NAME if what == "read" else "a.csv.gz"
    with pytest.raises(ExportError, match=rf"^{name}: cannot be read.*may be opened.*has room"):
        exports.offered(good, tmp_path / "temp")
