"""Files are found wherever they lie; what is broken or hostile is named."""

import gzip
import hashlib
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from pipelines import exports
from pipelines.exports import ExportError

TEXT = b"Id,Name\n1,a\n"


@pytest.fixture
def folder(tmp_path):
    found = tmp_path / "exports"
    found.mkdir()
    return found


@pytest.fixture
def offered(tmp_path):
    return lambda path: exports.offered(path, tmp_path / "temp")


def zipped(path, *members):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members:
            archive.writestr(name, data)
    return path


def labels(found):
    return [file.label for file in found]


def test_a_folder_is_searched_in_a_fixed_order(offered, folder):
    for name in ("b.csv", "a/z.tsv", "a/.hidden.csv", "truth/answers.csv", "A.txt"):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(TEXT)
    found = offered(folder)
    assert labels(found) == ["A.txt", "a/z.tsv", "b.csv"]
    assert {file.sha256 for file in found} == {hashlib.sha256(TEXT).hexdigest()}
    assert all(file.is_readable and not file.is_log for file in found)


def test_one_file_or_one_zip_is_an_export_too(offered, folder):
    (folder / "log.XES").write_bytes(b"<log/>")
    assert [(f.label, f.is_log) for f in offered(folder / "log.XES")] == [("log.XES", True)]
    assert labels(offered(zipped(folder / "w.zip", ("T.csv", TEXT)))) == ["w.zip!T.csv"]


def test_nothing_and_nothing_there(offered, folder):
    with pytest.raises(ExportError, match="no file in it"):
        offered(folder)
    with pytest.raises(ExportError, match="no such file or folder"):
        offered(folder / "gone")


def test_parts_with_the_same_member_are_kept_apart(offered, folder):
    for part in (1, 2):
        zipped(folder / f"WE_{part}.ZIP", ("Task.csv", TEXT * part))
    found = offered(folder)
    assert labels(found) == ["WE_1.ZIP!Task.csv", "WE_2.ZIP!Task.csv"]
    assert [file.path.read_bytes() for file in found] == [TEXT, TEXT * 2]


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_name_twice_in_one_zip_gets_two_labels(offered, folder):
    zipped(folder / "w.zip", ("Task.csv", TEXT), ("Task.csv", TEXT * 2))
    found = offered(folder)
    assert labels(found) == ["w.zip!Task.csv", "w.zip!2!Task.csv"]
    assert [file.size for file in found] == [len(TEXT), 2 * len(TEXT)]


@pytest.mark.parametrize("name", ["../../evil.csv", "/etc/evil.csv", "a/../../../evil.csv"])
def test_a_hostile_member_name_is_only_a_label(offered, folder, tmp_path, name):
    found = offered(zipped(folder / "w.zip", (name, TEXT)))
    assert len(found) == 1
    assert found[0].path.is_relative_to(tmp_path / "temp")
    assert list(tmp_path.rglob("*evil*")) == []


def test_members_that_cannot_be_read_are_named_but_not_unpacked(offered, folder, tmp_path):
    found = offered(zipped(folder / "w.zip", ("scan.pdf", b"%PDF" * 9), ("T.csv", TEXT)))
    assert [(file.label, file.is_readable) for file in found] == [
        ("w.zip!T.csv", True),
        ("w.zip!scan.pdf", False),
    ]
    assert [path.read_bytes() for path in (tmp_path / "temp").iterdir()] == [TEXT]


@pytest.mark.parametrize("kept", [10, 60, -30])
def test_a_truncated_zip_is_named(offered, folder, kept):
    whole = zipped(folder / "WE_1.zip", ("Opportunity.csv", bytes(range(256)) * 40))
    whole.write_bytes(whole.read_bytes()[:kept])
    with pytest.raises(ExportError, match=r"WE_1\.zip: the zip cannot be read .*download it again"):
        offered(folder)


def test_a_zip_damaged_within_is_named(offered, folder):
    whole = zipped(folder / "WE_1.zip", ("Opportunity.csv", bytes(range(256)) * 40))
    data = bytearray(whole.read_bytes())
    data[60] ^= 255
    whole.write_bytes(data)
    with pytest.raises(ExportError, match=r"WE_1\.zip: the zip cannot be read"):
        offered(folder)


def test_a_zip_larger_than_the_disk_is_refused_before_it_is_unpacked(
    offered, folder, tmp_path, monkeypatch
):
    zipped(folder / "w.zip", ("T.csv", TEXT))
    free = shutil.disk_usage(tmp_path)._replace(free=5)
    monkeypatch.setattr(exports.shutil, "disk_usage", lambda _: free)
    with pytest.raises(ExportError, match=r"w\.zip: unpacked it takes .* Make room"):
        offered(folder)


def test_gzip_is_unpacked_wherever_it_lies(offered, folder):
    (folder / "a.csv.gz").write_bytes(gzip.compress(TEXT))
    zipped(folder / "w.zip", ("b.csv.gz", gzip.compress(TEXT)))
    assert [file.path.read_bytes() for file in offered(folder)] == [TEXT, TEXT]


def test_a_broken_gzip_is_named(offered, folder):
    (folder / "a.csv.gz").write_bytes(gzip.compress(TEXT * 99)[:-12])
    with pytest.raises(ExportError, match=r"a\.csv\.gz: broken gzip .*get it again"):
        offered(folder)


def test_a_link_out_of_the_folder_is_refused(offered, folder, tmp_path):
    (tmp_path / "outside.csv").write_bytes(TEXT)
    (folder / "inside.csv").write_bytes(TEXT)
    (folder / "fine.csv").symlink_to(folder / "inside.csv")
    assert labels(offered(folder)) == ["fine.csv", "inside.csv"]
    (folder / "o.csv").symlink_to(tmp_path / "outside.csv")
    with pytest.raises(ExportError, match=r"o\.csv: a link that leads out"):
        offered(folder)


def test_a_large_member_of_a_zip_is_streamed(tmp_path):
    """Half a gigabyte passes through a few megabytes of memory."""
    packed = tmp_path / "WE_1.zip"
    with (
        zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive,
        archive.open("Task.csv", "w", force_zip64=True) as member,
    ):
        block = b"".join(b"00T%012dEAA,Completed,2026-01-05\n" % n for n in range(30_000))
        for _ in range(512 * 2**20 // len(block) + 1):
            member.write(block)
    code = (
        "import re, sys, pathlib; from pipelines import exports; "
        "status = pathlib.Path('/proc/self/status'); "
        "peak = lambda: int(re.search(r'VmHWM:\\s+(\\d+)', status.read_text())[1]) // 1024; "
        "before = peak(); "
        "(file,) = exports.offered(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])); "
        "print(file.size, peak() - before)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, packed, tmp_path / "temp"],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).resolve().parents[1],
    )
    size, mebibytes = map(int, done.stdout.split())
    assert size > 512 * 2**20
    assert mebibytes < 32
