"""Broken, hostile and damaged files: told by name and place, and nothing else is touched."""

import csv
import gzip
import os
import re
import shutil
from pathlib import Path

import pytest

from pipelines import exports
from pipelines.exports import ExportError
from tests.broken import ADVICE, GOOD, GOOD_NAME, assert_good_is_whole, assert_told, state

HERE = Path(__file__).parent
CORPUS = HERE / "fuzz"


def outcomes():
    with (CORPUS / "outcomes.csv").open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


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


def test_a_name_that_is_no_text_is_told(good, tmp_path):
    place = Path(os.fsdecode(os.fsencode(good) + b"/\xc7\xd1.csv"))
    place.write_text(GOOD, encoding="utf-8")
    with pytest.raises(ExportError, match=r"its name holds bytes that are no letters. Give it"):
        exports.offered(good, tmp_path / "temp")


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
