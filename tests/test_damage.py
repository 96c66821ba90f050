"""Good files damaged in hundreds of ways: each is read or told, and nothing else is touched."""

import csv
import gzip
import io
import random
import re
import zipfile
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import xlsxwriter

from pipelines import exports
from pipelines.exports import ExportError
from tests.broken import ADVICE, GOOD, GOOD_NAME, assert_good_is_whole, assert_told, state

HERE = Path(__file__).parent


@pytest.fixture
def good(folder):
    (folder / GOOD_NAME).write_text(GOOD, encoding="utf-8")
    return folder


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
        if path.suffix in (".csv", ".json", ".jsonl")
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


def test_a_header_alone_of_a_file_of_ids(con, read, good):
    (good / "engagement_deal.csv").write_text(
        "engagement_id,deal_id,engagement_type,type_id,category\n", encoding="utf-8"
    )
    report = read(good)
    assert_told(con, report)
    assert_good_is_whole(con)
