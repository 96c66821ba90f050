"""Landings in DuckDB, SQLite and PostgreSQL read as files do, and are never written to."""

import os
import pwd
import shutil
import sqlite3
import subprocess
from pathlib import Path

import duckdb
import psycopg
import pytest

from pipelines.exports import ExportError

ROWS = [
    (
        "006A00000000001",
        "Acme",
        "Qualification",
        "2026-03-31",
        "2026-01-05 09:15:27",
        1200.5,
        False,
    ),
    ("006A00000000002", 'Two\nlines, "', "Won", "2026-04-01", "2026-01-06 09:15:27", None, True),
]
EXPECTED = [
    ("006A00000000001IAA", "Acme", "2026-03-31", "2026-01-05 09:15:27", 1200.5, False, 1),
    ("006A00000000002IAA", 'Two\nlines, "', "2026-04-01", "2026-01-06 09:15:27", None, True, 2),
]
LAYOUT = (
    "id varchar(18), name text, stage_name text, close_date date, created_date timestamp, "
    "amount double precision, is_won boolean"
)


def deals(told):
    return told.rows(
        "select id, name, cast(close_date as varchar), cast(created_date as varchar), amount, "
        "is_won, _line "
        "from raw.salesforce_opportunity order by _line"
    )


@pytest.fixture
def landing(tmp_path):
    path = tmp_path / "landing.duckdb"
    with duckdb.connect(str(path)) as con:
        con.execute(
            f'create schema "sales force"; use "sales force"; create table opportunity ({LAYOUT})'
        )
        con.executemany("insert into opportunity values (?, ?, ?, ?, ?, ?, ?)", ROWS)
        con.execute("create table web_visits (visit integer)")
    return path


@pytest.fixture(scope="session")
def postgres(tmp_path_factory):
    """A PostgreSQL server of its own, on a socket."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if not found:
        pytest.skip("no PostgreSQL server here: apt-get install postgresql")
    place = Path("/tmp") / f"nodecision-pg-{os.getpid()}"  # a socket's path must be short
    place.mkdir()
    as_user = []
    if os.getuid() == 0:
        shutil.chown(place, pwd.getpwnam("postgres").pw_uid)
        as_user = ["runuser", "-u", "postgres", "--"]
    programs = found[-1].parent

    def call(program, *said):
        subprocess.run(
            [*as_user, programs / program, "-D", place / "data", *said],
            check=True,
            cwd=place,
            capture_output=True,
        )

    call("initdb", "-U", "test", "-A", "trust", "-E", "UTF8", "--no-sync")
    options = f"-k {place} -c listen_addresses= -c fsync=off"
    call("pg_ctl", "-w", "-l", str(place / "log"), "-o", options, "start")
    try:
        yield f"host={place} user=test dbname=postgres"
    finally:
        call("pg_ctl", "-m", "immediate", "stop")
        shutil.rmtree(place)


def test_a_duckdb_landing(told, landing):
    before = landing.read_bytes()
    found = told(None, f'[databases.crm]\nkind = "duckdb"\npath = "{landing}"\n')
    assert found.report.loaded == ["crm!sales force/opportunity"]
    assert deals(found) == EXPECTED
    assert found.rows("select path, decision from raw.files order by 1") == [
        ("crm!sales force/opportunity", "loaded"),
        ("crm!sales force/web_visits", "passed_over"),
    ]
    assert landing.read_bytes() == before


def test_a_sqlite_landing(told, tmp_path):
    path = tmp_path / "landing.sqlite"
    con = sqlite3.connect(path)
    con.execute(f"create table opportunity ({LAYOUT})")
    con.executemany("insert into opportunity values (?, ?, ?, ?, ?, ?, ?)", ROWS)
    con.commit()
    con.close()
    before = path.read_bytes()
    found = told(None, f'[databases.crm]\nkind = "sqlite"\npath = "{path}"\n')
    assert found.report.loaded == ["crm!main/opportunity"]
    assert deals(found) == EXPECTED
    assert path.read_bytes() == before


def test_a_postgresql_landing(told, postgres):
    with psycopg.connect(postgres) as con:
        con.execute('create schema "Sales"')
        con.execute(f'create table "Sales".opportunity ({LAYOUT})')
        con.execute("create table public.opportunity (visit integer)")
        with con.cursor() as cursor:
            cursor.executemany(
                'insert into "Sales".opportunity values (%s, %s, %s, %s, %s, %s, %s)', ROWS
            )
    said = f'[databases.crm]\nkind = "postgresql"\nconnection = "{postgres}"\n'
    found = told(None, said)
    assert found.report.loaded == ["crm!Sales/opportunity"]
    assert deals(found) == EXPECTED
    named = told(None, said + 'schemas = ["Sales"]\ntables = ["Sales.opportunity"]\n')
    assert deals(named) == EXPECTED


def test_files_and_databases_are_read_together(told, landing, folder):
    (folder / "User.csv").write_text("Id,Username,IsActive,Name\n005A00000000001,a,1,Ann\n")
    found = told(folder, f'[databases.crm]\nkind = "duckdb"\npath = "{landing}"\n')
    assert found.report.loaded == ["User.csv", "crm!sales force/opportunity"]


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (
            'kind = "duckdb"\npath = "/nowhere/x.duckdb"\n',
            r"\[databases.crm\]: .*/nowhere/x.duckdb",
        ),
        ('kind = "sqlite"\npath = "{bad}"\n', r"\[databases.crm\]: .*not a database"),
        ('kind = "duckdb"\npath = "{bad}"\n', r"\[databases.crm\]: .*"),
        ('kind = "postgresql"\nconnection = "host=/nowhere"\n', r"\[databases.crm\]: .*"),
        ('kind = "duckdb"\npath = "{good}"\ntables = ["main.deals"]\n', "main.deals is not there"),
    ],
)
def test_a_database_that_cannot_be_read_is_named(told, landing, tmp_path, said, words):
    bad = tmp_path / "bad.db"
    bad.write_bytes(b"this is no database at all" * 100)
    settings = "[databases.crm]\n" + said.format(bad=bad, good=landing)
    with pytest.raises(ExportError, match=words):
        told(None, settings)
