"""Tables of the databases that settings name, read as files are: nothing is written there."""

import csv
import hashlib
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import duckdb
import psycopg

from pipelines.contracts import Contracts
from pipelines.exports import ExportError, Offered, surveyed
from pipelines.ingest_recognise import recognise
from pipelines.settings import Database
from pipelines.warehouse import WarehouseError, opened

FETCHED = 10_000
ERRORS = (duckdb.Error, sqlite3.Error, psycopg.Error, OSError, WarehouseError)


@dataclass(frozen=True)
class Table:
    """A table of a database: its schema, its name, its columns in order."""

    schema: str
    name: str
    columns: tuple[str, ...]

    @property
    def quoted(self) -> str:
        """Its full name in SQL."""
        return ".".join(quoted(part) for part in (self.schema, self.name))


class Landing(Protocol):
    """An open database of any kind."""

    def tables(self) -> list[Table]:
        """Every table and view, in a fixed order."""

    def copy(self, table: Table, place: Path) -> int:
        """The rows of a table as text with commas; how many there are."""


def quoted(name: str) -> str:
    """A name in SQL, whatever is in it."""
    return '"' + name.replace('"', '""') + '"'


def _tables(rows: Sequence[tuple[Any, ...]]) -> list[Table]:
    """Tables of rows of schema, table and column, in order."""
    found: dict[tuple[str, str], list[str]] = {}
    for schema, table, column in rows:
        found.setdefault((str(schema), str(table)), []).append(str(column))
    return [Table(*place, tuple(columns)) for place, columns in found.items()]


@dataclass(frozen=True)
class _DuckDB:
    con: duckdb.DuckDBPyConnection

    def tables(self) -> list[Table]:
        return _tables(
            self.con.execute(
                "select schema_name, table_name, column_name from duckdb_columns() "
                "where database_name = current_database() and not internal "
                "order by schema_name, table_name, column_index"
            ).fetchall()
        )

    def copy(self, table: Table, place: Path) -> int:
        target = str(place).replace("'", "''")
        return int(
            self.con.execute(
                f"copy (select * from {table.quoted}) to '{target}' "
                "(format csv, header, force_quote *)"
            ).fetchall()[0][0]
        )


@dataclass(frozen=True)
class _Sqlite:
    con: sqlite3.Connection

    def tables(self) -> list[Table]:
        names = self.con.execute(
            "select name from sqlite_master where type in ('table', 'view') "
            "and name not like 'sqlite_%' order by name"
        ).fetchall()
        return _tables(
            [
                ("main", name, column)
                for (name,) in names
                for _, column, *_ in self.con.execute(f"pragma table_info({quoted(name)})")
            ]
        )

    def copy(self, table: Table, place: Path) -> int:
        cursor = self.con.execute(f"select * from {table.quoted}")
        count = 0
        with place.open("w", encoding="utf-8", newline="") as target:
            writer = csv.writer(target, quoting=csv.QUOTE_ALL, lineterminator="\n")
            writer.writerow(table.columns)
            while rows := cursor.fetchmany(FETCHED):
                writer.writerows(rows)
                count += len(rows)
        return count


@dataclass(frozen=True)
class _Postgres:
    con: psycopg.Connection

    def tables(self) -> list[Table]:
        return _tables(
            self.con.execute(
                "select table_schema, table_name, column_name from information_schema.columns "
                "where table_schema not in ('information_schema', 'pg_catalog') "
                "order by table_schema, table_name, ordinal_position"
            ).fetchall()
        )

    def copy(self, table: Table, place: Path) -> int:
        query = psycopg.sql.SQL(
            "copy (select * from {}) to stdout (format csv, header, force_quote *)"
        ).format(psycopg.sql.Identifier(table.schema, table.name))
        with self.con.cursor() as cursor:
            with place.open("wb") as target, cursor.copy(query) as blocks:
                for block in blocks:
                    target.write(block)
            return cursor.rowcount


@contextmanager
def _open(said: Database) -> Iterator[Landing]:
    if said.kind == "postgresql":
        with psycopg.connect(
            str(said.connection), options="-c TimeZone=UTC -c DateStyle=ISO", connect_timeout=30
        ) as con:
            con.read_only = True
            yield _Postgres(con)
        return
    path = Path(str(said.path)).expanduser()
    if not path.is_file():
        raise FileNotFoundError(2, "no such file", str(path))
    if said.kind == "duckdb":
        with opened(path, read_only=True) as con:
            yield _DuckDB(con)
        return
    address = f"{path.resolve().as_uri()}?mode=ro"
    with closing(sqlite3.connect(address, uri=True)) as con:
        yield _Sqlite(con)


def _wanted(said: Database, tables: Sequence[Table], name: str) -> list[Table]:
    known = {f"{table.schema}.{table.name}" for table in tables}
    strangers = sorted(set(said.tables) - known)
    if strangers:
        raise ExportError(
            f"[databases.{name}]: {', '.join(strangers)} is not there; the database holds "
            f"{', '.join(sorted(known)) or 'no table'}."
        )
    return [
        table
        for table in tables
        if (not said.schemas or table.schema in said.schemas)
        and (not said.tables or f"{table.schema}.{table.name}" in said.tables)
    ]


def _of(name: str, said: Database, known: Contracts, temp: Path) -> Iterator[Offered]:
    with _open(said) as database:
        for table in _wanted(said, database.tables(), name):
            label = f"{name}!{table.schema}/{table.name}"
            found = recognise(known.objects, table.columns, None, table.name.lower(), ())
            if found.thing is None and not said.tables:
                yield Offered(label, temp, "", 0, is_asked=False)
                continue
            place = temp / f"{hashlib.sha256(label.encode()).hexdigest()[:16]}.table"
            records = database.copy(table, place)
            survey = surveyed(place)
            yield Offered(label, place, survey.sha256, survey.size, survey, records=records)


def offered(databases: Mapping[str, Database], known: Contracts, temp: Path) -> list[Offered]:
    """The tables that a contract knows, or that the settings name, copied out to `temp`.

    Raises ExportError, naming the database, when one cannot be opened or read.
    """
    found: list[Offered] = []
    for name, said in databases.items():
        try:
            found += _of(name, said, known, temp)
        except ERRORS as error:
            raise ExportError(
                f"[databases.{name}]: cannot be read ({str(error).strip()}). Check its settings, "
                "that it is up and that this user may read it."
            ) from error
    return found
