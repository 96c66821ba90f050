"""Each query alone: rows given, rows expected (`tests/sql/*.toml`)."""

import re
import tomllib
from datetime import date, datetime
from pathlib import Path

import duckdb
import pandas as pd
import pytest

from pipelines import tables

CASES = [
    pytest.param(case, id=f"{path.stem}: {case['name']}")
    for path in sorted((Path(__file__).parent / "sql").glob("*.toml"))
    for case in tomllib.loads(path.read_text(encoding="utf-8"))["case"]
]


@pytest.fixture(scope="session")
def shapes(built_warehouse):
    """Column names and types of every table of a real run."""
    con = duckdb.connect(str(built_warehouse), read_only=True)
    found = con.execute(
        "select schema_name || '.' || table_name, column_name, data_type from duckdb_columns() "
        "where database_name = current_database() order by all"
    ).fetchall()
    con.close()
    by_table = {}
    for table, column, kind in found:
        by_table.setdefault(table, {})[column] = kind
    return by_table


def literal(value, kind):
    if value is None:
        return "null"
    if isinstance(value, bool | int | float) and not isinstance(value, bool):
        return f"cast({value!r} as {kind})"
    if isinstance(value, bool):
        return str(value).lower()
    text = value.isoformat(" ") if isinstance(value, datetime) else str(value)
    return f"cast('{text.replace(chr(39), chr(39) * 2)}' as {kind})"


def create(con, name, columns, rows):
    unknown = {key for row in rows for key in row} - set(columns)
    assert not unknown, f"{name} has no column {sorted(unknown)}"
    listed = ", ".join(f'"{column}" {kind}' for column, kind in columns.items())
    con.execute(f"create table {name} ({listed})")
    for row in rows:
        values = ", ".join(literal(row.get(column), kind) for column, kind in columns.items())
        con.execute(f"insert into {name} values ({values})")


def plain(value):
    if value is None or value is pd.NaT or (isinstance(value, float) and pd.isna(value)):
        return None
    if isinstance(value, datetime | date):
        return str(value)
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else value


@pytest.mark.parametrize("case", CASES)
def test_query(case, shapes):
    query = tables.queries()[case["table"]]
    strangers = set(case["given"]) - query.reads
    assert not strangers, f"{query.name} does not read {sorted(strangers)}"
    con = duckdb.connect()
    con.execute("set TimeZone = 'UTC'")
    for schema in ("raw", "crm", "core", "features", "marts"):
        con.execute(f"create schema {schema}")
    for name in sorted(query.reads):
        create(con, name, shapes[name], case["given"].get(name, []))
    found = con.sql(query.sql)
    columns = sorted({column for row in case["expect"] for column in row})
    missing = set(columns) - set(found.columns)
    assert not missing, f"{query.name} has no column {sorted(missing)}"
    rows = [dict(zip(found.columns, row, strict=True)) for row in found.fetchall()]
    got = [{column: plain(row[column]) for column in columns} for row in rows]
    expected = [{column: plain(row.get(column)) for column in columns} for row in case["expect"]]
    assert sorted(got, key=repr) == sorted(expected, key=repr)
    con.close()


@pytest.mark.parametrize(
    "name", [name for name, query in tables.queries().items() if query.schema != "crm"]
)
def test_reads_on_both_engines(name):
    """Hops from core on stay within SQL that the scale-out engine reads too."""
    import sqlglot

    query = tables.queries()[name]
    spark = sqlglot.transpile(query.sql, read="duckdb", write="spark", unsupported_level=None)
    assert sqlglot.parse_one(spark[0], read="spark") is not None
    banned = ("asof", "qualify", "unnest", "quantile", "interval", "list_", "struct_pack")
    assert not [word for word in banned if re.search(rf"\b{word}", query.sql.lower())]
