"""The tables of `raw`: a part for the lines of each file, and a view over the parts of an object.

A part is never changed: a file that is read anew gets new parts, and those of before are dropped.
So the number that DuckDB gives a row is its place in the file, and taking a file out costs nothing.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import duckdb

PARTS = "raw.parts"
LAYOUT = "file varchar, table_name varchar, part varchar, first_line bigint"
PREFIX = "part_"


@dataclass(frozen=True)
class Part:
    """The lines of one file in one table of `raw`.

    `first_line` is the line of its first row where every row stands on the line after the one
    before; else the part has a column `_line` of its own.
    """

    file: str
    table: str
    name: str
    first_line: int | None = None


def fresh_names(con: duckdb.DuckDBPyConnection) -> Iterator[str]:
    """Names of parts that no part has yet."""
    held = con.execute(
        "select coalesce(max(try_cast(replace(table_name, $1, '') as integer)), 0) "
        "from duckdb_tables() where schema_name = 'raw' and starts_with(table_name, $1) "
        "and database_name = current_database()",
        [PREFIX],
    ).fetchall()[0][0]
    number = int(held)
    while True:
        number += 1
        yield f"raw.{PREFIX}{number}"


def drop_others(con: duckdb.DuckDBPyConnection, kept: Collection[str]) -> None:
    """Drop every table of `raw` that is no part in use and none of those `kept` (by full name).

    A run that was killed leaves parts behind that nothing names; an older warehouse held lines in
    tables of other layouts.
    """
    used = {name for (name,) in con.execute(f"select part from {PARTS}").fetchall()}
    there = con.execute(
        "select 'raw.' || table_name from duckdb_tables() where schema_name = 'raw' "
        "and database_name = current_database()"
    ).fetchall()
    for (name,) in there:
        if name not in used and name not in kept:
            con.execute(f"drop table {name}")


@contextmanager
def dropped_on_error(con: duckdb.DuckDBPyConnection, kept: Collection[str]) -> Iterator[None]:
    """Parts that are made inside are gone again when what is inside fails."""
    try:
        yield
    except BaseException:
        drop_others(con, kept)
        raise


def replace(con: duckdb.DuckDBPyConnection, files: Sequence[str], parts: Sequence[Part]) -> None:
    """Forget the parts of these files and take up these parts."""
    for file in files:
        told = con.execute(f"select part from {PARTS} where file = $1", [file]).fetchall()
        con.execute(f"delete from {PARTS} where file = $1", [file])
        for (name,) in told:
            con.execute(f"drop table {name}")
    for part in parts:
        con.execute(
            f"insert into {PARTS} values ($1, $2, $3, $4)",
            [part.file, part.table, part.name, part.first_line],
        )


def _select(part: Part, columns: Mapping[str, str], has: Collection[str]) -> str:
    told = ", ".join(
        name if name in has else f"cast(null as {kind}) as {name}" for name, kind in columns.items()
    )
    file = part.file.replace("'", "''")
    line = "_line" if part.first_line is None else f"rowid + {part.first_line}"
    return f"select {told}, '{file}' as _file, cast({line} as bigint) as _line from {part.name}"


def make_views(con: duckdb.DuckDBPyConnection, tables: Mapping[str, Mapping[str, str]]) -> None:
    """Each table of `raw` as a view over its parts; `tables` are their columns and types."""
    held: dict[str, list[Part]] = {}
    for file, table, name, first_line in con.execute(
        f"select file, table_name, part, first_line from {PARTS} order by file, part"
    ).fetchall():
        held.setdefault(table, []).append(Part(file, table, name, first_line))
    has: dict[str, set[str]] = {}
    for name, column in con.execute(
        "select 'raw.' || table_name, column_name from duckdb_columns() "
        "where schema_name = 'raw' and database_name = current_database()"
    ).fetchall():
        has.setdefault(name, set()).add(column)
    for table, columns in tables.items():
        selects = [_select(part, columns, has[part.name]) for part in held.get(table, ())]
        if not selects:
            nothing = ", ".join(f"cast(null as {kind}) as {n}" for n, kind in columns.items())
            selects = [
                f"select {nothing}, cast(null as varchar) as _file, cast(null as bigint) as _line "
                "where false"
            ]
        con.execute(f"create or replace view {table} as {' union all '.join(selects)}")
