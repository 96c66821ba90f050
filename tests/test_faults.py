"""What may befall an unwatched machine: afterwards the pages are those of an undisturbed night."""

import os
import shutil
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest

from pipelines import launch, mending, warehouse
from pipelines.night import Night
from pipelines.warehouse import WarehouseBroken, WarehouseBusy, WarehouseError

NOW = datetime(2026, 7, 1, 2, 0, tzinfo=UTC)
HEADERS, BLOCK = 3 * 4096, 262_144


def files(folder):
    root = Path(folder).resolve()
    return {str(p.relative_to(root)): p.read_bytes() for p in root.rglob("*") if p.is_file()}


def cut_off(path):
    with path.open("r+b") as file:
        file.truncate(path.stat().st_size // 2)


def overwritten(path):
    path.write_bytes(b"this is no warehouse\n" * 1000)


def emptied(path):
    path.write_bytes(b"")


def damaged_within(path):
    """Other bytes in the middle of a block of a raw table, which is kept from night to night."""
    with duckdb.connect(str(path), read_only=True) as con:
        table = con.execute(
            "select table_name from duckdb_tables() where schema_name = 'raw' "
            "and table_name like 'part%' order by estimated_size desc limit 1"
        ).fetchall()[0][0]
        block = con.execute(
            f"select block_id from pragma_storage_info('raw.{table}') "
            "where persistent and block_id >= 0 order by block_id limit 1"
        ).fetchall()[0][0]
    with path.open("r+b") as file:
        file.seek(HEADERS + block * BLOCK + 64)
        file.write(os.urandom(4096))


def test_a_damaged_warehouse_is_built_anew(small_exports, small_home, command, tmp_path):
    """Within, which is found by a step on the way, and then as a whole, found at the start."""
    home = tmp_path / "home"
    shutil.copytree(small_home, home, symlinks=True)
    pages, ledger = files(home / "published" / "latest"), files(home / "ledger")
    for damage in (damaged_within, cut_off):
        damage(home / "warehouse.duckdb")
        done = command("run", "--exports", small_exports, "--home", home)
        assert done.returncode in (0, 3), done.stderr[-2000:]
        assert files(home / "published" / "latest") == pages
        assert files(home / "ledger") == ledger
        assert (home / "warehouse.duckdb.broken").exists()
        assert not (home / "warehouse.duckdb.damaged").exists()
    said = (home / "alerts" / "messages.txt").read_text(encoding="utf-8")
    assert said.count("nodecision: warehouse rebuilt") == 2


@pytest.mark.parametrize("damage", [cut_off, overwritten, emptied])
def test_a_file_that_is_no_warehouse_is_put_aside_whole(damage, tmp_path):
    night = Night(home=str(tmp_path))
    path = night.places.warehouse
    with night.open() as con:
        con.execute("create table raw.t as select range as n from range(1000000)")
    damage(path)
    broken = path.read_bytes()
    with pytest.raises(WarehouseBroken, match="puts a broken file aside"), night.open():
        pass
    mending.mend(night, NOW)
    assert not path.exists()
    assert path.with_name("warehouse.duckdb.broken").read_bytes() == broken
    with night.open() as con:
        assert con.execute("select count(*) from duckdb_tables()").fetchall() == [(0,)]


def test_a_night_that_is_damaged_twice_is_told_as_failed(tmp_path, monkeypatch):
    """Only the first is made again; the second must not go by in silence."""
    night = Night(home=str(tmp_path))
    with night.open():
        pass
    mending.note_damage(night, "Corrupt database file: computed checksum 1")
    tags = []
    monkeypatch.setattr(launch, "_once", lambda _night, _form, told: tags.append(told))
    launch.run(night)
    assert [mending.AGAIN_TAG in told for told in tags] == [True, False]


def test_nothing_is_moved_under_a_run_that_goes_on(tmp_path):
    night = Night(home=str(tmp_path))
    with night.open() as con:
        con.execute("create table raw.t as select 1 as n")
    mending.note_damage(night, "Corrupt database file: computed checksum 1")
    holds = (
        "import duckdb, sys; con = duckdb.connect(sys.argv[1]); print(flush=True); sys.stdin.read()"
    )
    holder = subprocess.Popen(
        [sys.executable, "-c", holds, str(night.places.warehouse)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    try:
        holder.stdout.readline()
        with pytest.raises(WarehouseBusy):
            mending.mend(night, NOW)
        assert night.places.warehouse.exists() and mending.is_damaged(night)
    finally:
        holder.communicate()
    mending.mend(night, NOW)
    assert not night.places.warehouse.exists() and not mending.is_damaged(night)


def test_what_is_well_or_of_other_causes_is_left_alone(tmp_path):
    night = Night(home=str(tmp_path))
    with night.open() as con:
        con.execute("create table raw.t as select 1 as n")
    mending.note_damage(night, "Conversion Error: could not convert 'Kim' to a number")
    mending.mend(night, NOW)
    with night.open() as con:
        assert con.execute("select n from raw.t").fetchall() == [(1,)]
    place = tmp_path / "folder.duckdb"
    place.mkdir()
    with pytest.raises(WarehouseError) as found, warehouse.opened(place):
        pass
    assert not isinstance(found.value, WarehouseBroken)
