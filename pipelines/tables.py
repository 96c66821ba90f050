"""SQL files as tables: `sql/<schema>/<table>.sql` becomes `<schema>.<table>`.

A file holds a description comment and one select. What it reads is parsed from the query, so
the graph cannot drift from the SQL; reading a table that nobody makes is an error at load.
"""

import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import duckdb
import pandas as pd

from pipelines.warehouse import in_memory, transaction

SQL = Path(__file__).parent / "sql"
HOPS = ("crm", "core", "features", "marts")
READS = {
    "crm": {"raw", "crm"},
    "core": {"crm", "core"},
    "features": {"core", "features"},
    "marts": {"core", "features", "marts", "raw"},
}


class QueryError(ValueError):
    """A SQL file that breaks the house rules; the message names the file and the rule."""


@dataclass(frozen=True)
class Query:
    """One table of the flow, made by one select."""

    schema: str
    table: str
    sql: str
    description: str
    reads: frozenset[str]
    is_view: bool
    path: Path | None = None

    @property
    def name(self) -> str:
        """`schema.table`."""
        return f"{self.schema}.{self.table}"


def reads_of(con: duckdb.DuckDBPyConnection, sql: str) -> frozenset[str]:
    """The `schema.table` names that one select reads, common table expressions left out.

    Parsed, not bound: the tables need not be there. Raises ValueError for anything but one select.
    """
    told = con.execute(
        "select json_serialize_sql($1, skip_null := true, skip_empty := true)", [sql]
    )
    tree = json.loads(told.fetchall()[0][0])
    if tree["error"]:
        raise ValueError(tree["error_message"])
    if len(tree["statements"]) != 1:
        raise ValueError(f"{len(tree['statements'])} statements")
    found, waiting = set(), [tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, list):
            waiting += node
        elif isinstance(node, dict):
            waiting += node.values()
            if node.get("type") == "BASE_TABLE" and node.get("schema_name"):
                found.add(f"{node['schema_name']}.{node['table_name']}")
    return frozenset(found)


def parse(con: duckdb.DuckDBPyConnection, path: Path, schema: str, table: str) -> Query:
    """Read one SQL file. Raises QueryError when it is not one described, bare select."""
    text = path.read_text(encoding="utf-8")
    comment = []
    for line in text.splitlines():
        if not line.startswith("--"):
            break
        comment.append(line.removeprefix("--").strip())
    if not comment:
        raise QueryError(f"{path}: no description. Begin the file with a `--` comment.")
    try:
        reads = reads_of(con, text)
    except ValueError as error:
        raise QueryError(
            f"{path}: must hold exactly one select and nothing else: {error}"
        ) from error
    strangers = sorted(name for name in reads if name.split(".")[0] not in READS[schema])
    if strangers:
        raise QueryError(
            f"{path}: a table of {schema} may not read {', '.join(strangers)}; "
            f"it may read {', '.join(sorted(READS[schema]))}."
        )
    return Query(schema, table, text, " ".join(comment), reads, schema == "crm", path)


def _of_vendor(con: duckdb.DuckDBPyConnection, path: Path, vendor: str) -> Query:
    """One select of a vendor, which reads raw tables and the vendor's own steps."""
    query = parse(con, path, "crm", f"{vendor}_{path.stem}")
    steps = {f"crm.{vendor}_{step.stem}" for step in (SQL / "crm" / vendor / "steps").glob("*.sql")}
    strangers = sorted(
        name for name in query.reads if name.startswith("crm.") and name not in steps
    )
    if strangers:
        raise QueryError(
            f"{path}: reads {', '.join(strangers)}, which is no step of {vendor}; what several of "
            f"its selects need stands in sql/crm/{vendor}/steps/."
        )
    return query


def _unions(vendor_queries: Iterable[Query], shapes: Iterable[str]) -> list[Query]:
    """`crm.<table>`: every vendor's select of that table, one below the other by name."""
    by_shape: dict[str, list[Query]] = {shape: [] for shape in shapes}
    for query in vendor_queries:
        assert query.path is not None
        by_shape[query.path.stem].append(query)
    unions = []
    for shape, parts in sorted(by_shape.items()):
        sql = "\nunion all by name\n".join(f"select * from {part.name}" for part in parts)
        unions.append(
            Query(
                "crm",
                shape,
                sql,
                f"The {shape.replace('_', ' ')} of every vendor, in one shape.",
                frozenset(part.name for part in parts),
                is_view=True,
            )
        )
    return unions


def _found(con: duckdb.DuckDBPyConnection) -> list[Query]:
    crm = SQL / "crm"
    vendors = [_of_vendor(con, path, path.parent.name) for path in sorted(crm.glob("*/*.sql"))]
    # What several selects of a vendor need stands once, beside them, and in no common shape.
    steps = sorted(crm.glob("*/steps/*.sql"))
    found = [_of_vendor(con, path, path.parent.parent.name) for path in steps]
    found += vendors + _unions(vendors, {query.path.stem for query in vendors if query.path})
    for schema in HOPS[1:]:
        own = sorted((SQL / schema).glob("*.sql"))
        found += [parse(con, path, schema, path.stem) for path in own]
    return found


def _stored(found: Iterable[Query]) -> Callable[[Query], Query]:
    """Makes a shape of all vendors a table where several tables read it.

    What the vendors tell is then told apart, matched and put in order once, not for every reader.
    """
    readers = Counter(name for query in found for name in query.reads)
    return lambda query: (
        replace(query, is_view=False) if query.path is None and readers[query.name] > 1 else query
    )


@cache
def queries() -> Mapping[str, Query]:
    """Every table made by SQL, by name, in an order in which they can be built.

    Raises QueryError for a circle, or for a query of crm, core or features that reads a table
    which nothing makes (tables of raw and marts may also come from Python; `definitions` checks
    those).
    """
    with in_memory() as con:
        found = _found(con)
    by_name = {query.name: query for query in map(_stored(found), found)}
    graph = {q.name: sorted(r for r in q.reads if r in by_name) for q in found}
    try:
        order = list(TopologicalSorter(graph).static_order())
    except CycleError as error:
        raise QueryError(f"the tables read each other in a circle: {error.args[1]}") from error
    return {name: by_name[name] for name in order}


def build(con: duckdb.DuckDBPyConnection, query: Query) -> int | None:
    """Make one table or view anew, in one transaction; the number of rows of a table."""
    kind = "view" if query.is_view else "table"
    comment = query.description.replace("'", "''")
    with transaction(con):
        drop(con, query.name)
        con.execute(f"create {kind} {query.name} as {query.sql}")
        con.execute(f"comment on {kind} {query.name} is '{comment}'")
    return None if query.is_view else count(con, query.name)


def drop(con: duckdb.DuckDBPyConnection, name: str) -> None:
    """Take away the table or view of that name, if there is one.

    A night that replays a past day leaves tables of `crm` where others have views.
    """
    schema, _, table = name.partition(".")
    for kind in ("table", "view"):
        found = con.execute(
            f"select 1 from duckdb_{kind}s() where database_name = current_database() "
            f"and schema_name = $1 and {kind}_name = $2",
            [schema, table],
        ).fetchall()
        if found:
            con.execute(f"drop {kind} {name}")


def count(con: duckdb.DuckDBPyConnection, table: str) -> int:
    """Rows of a table."""
    rows = con.execute(f"select count(*) from {table}").fetchall()
    return int(rows[0][0])


def store(
    con: duckdb.DuckDBPyConnection, found: Mapping[str, pd.DataFrame], described: Mapping[str, str]
) -> None:
    """Replace tables by frames, all of them or none."""
    with transaction(con):
        for name, frame in found.items():
            con.register("frame", frame)
            con.execute(f"create or replace table {name} as select * from frame")
            con.unregister("frame")
            comment = described[name].replace("'", "''")
            con.execute(f"comment on table {name} is '{comment}'")
