"""What the tests of the two engines share: a session of Spark, and what differs between tables."""

from contextlib import contextmanager

import numpy as np

from pipelines import ingest, replay, seeds, tables
from pipelines.night import Night
from pipelines.settings import Engine
from pipelines.spark import Spark

# Two parts, so that no order of rows is kept by chance; what only pays in hours of running is off.
PROPERTIES = {
    "spark.sql.shuffle.partitions": "2",
    "spark.sql.adaptive.enabled": "false",
    # One compiler alone would get a fifth of the usual room for code, which a night fills.
    "spark.driver.extraJavaOptions": (
        "-XX:TieredStopAtLevel=1 -XX:ReservedCodeCacheSize=256m -XX:+UseSerialGC"
    ),
}
ENGINE = Engine(name="spark", master="local[2]", properties=PROPERTIES)
MADE = [query for query in tables.queries().values() if query.schema != "crm"]


@contextmanager
def running(store, engine=ENGINE):
    session = Spark(engine, str(store), "4GB")
    try:
        yield session
    finally:
        session.stop()


def rows_of(con, table, order):
    return con.sql(f"select * from {table} order by {order}").df()


def difference(con, ours, theirs):
    """What differs between two tables, in words; empty where types and rows are the same."""
    kinds = [
        [column[:2] for column in con.execute(f"describe {table}").fetchall()]
        for table in (ours, theirs)
    ]
    if kinds[0] != kinds[1]:
        return f"types {set(kinds[0]) ^ set(kinds[1])}"
    one_way = f"select count(*) from (from {ours} except all from {theirs})"
    other_way = f"select count(*) from (from {theirs} except all from {ours})"
    if con.execute(f"select ({one_way}), ({other_way})").fetchall() == [(0, 0)]:
        return ""
    floats = [name for name, kind in kinds[0] if kind == "DOUBLE"]
    order = ", ".join(f'"{name}"' for name in [n for n, k in kinds[0] if k != "DOUBLE"] + floats)
    left, right = rows_of(con, ours, order), rows_of(con, theirs, order)
    if len(left) != len(right):
        return f"{len(left)} rows and {len(right)}"
    told = []
    for name in left.columns:
        if name in floats:
            pair = [side[name].to_numpy(float) for side in (left, right)]
            same = np.isclose(*pair, rtol=1e-9, atol=1e-9, equal_nan=True)
        else:
            same = (left[name] == right[name]) | (left[name].isna() & right[name].isna())
        if not np.all(same):
            at = int(np.argmin(np.asarray(same, dtype=bool)))
            told.append(f"{name}: {left[name].iloc[at]!r} and {right[name].iloc[at]!r}")
    return "; ".join(told)


def differences(con, folder, tmp_path):
    """What Spark makes otherwise of a folder of exports, by table."""
    night = Night(exports=str(folder), home=str(tmp_path / "home"))
    ingest.ingest(con, night.offered(), night.contracts, night.places.temp, night.options)
    seeds.write(con, night.rules, night.settings.parameters(None), night.settings.mappings())
    replay.run(con, None)
    for query in tables.queries().values():
        tables.build(con, query)
    con.execute("attach ':memory:' as kept")
    for schema in tables.HOPS:
        con.execute(f"create schema kept.{schema}")
    for query in MADE:
        con.execute(f"create table kept.{query.name} as from {query.name}")
    # A folder's name may hold what is special in SQL or in an address.
    with running(tmp_path / "the company's store") as session:
        for query in MADE:
            session.build(con, query)
        found = {query.name: difference(con, f"kept.{query.name}", query.name) for query in MADE}
    assert con.execute("select count(*) from kept.core.deals").fetchall() != [(0,)]
    return {name: told for name, told in found.items() if told}
