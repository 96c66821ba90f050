"""Spark makes what DuckDB makes: every table of every company, and a whole night's pages."""

import importlib.util
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from pipelines import ingest, launch, replay, seeds, tables, warehouse
from pipelines import spark as engines
from pipelines.dialect import DialectError, spark_sql
from pipelines.night import Night
from pipelines.settings import Engine, SettingsError, load
from pipelines.spark import EngineError, Spark
from pipelines.tables import Query

ROOT = Path(__file__).resolve().parents[1]
# Two parts, so that an order of rows is not kept by chance; compilers that do not pay on few rows
# are off.
PROPERTIES = {
    "spark.sql.shuffle.partitions": "2",
    "spark.sql.adaptive.enabled": "false",
    "spark.driver.extraJavaOptions": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC",
}
ENGINE = Engine(name="spark", master="local[2]", properties=PROPERTIES)
MADE = [query for query in tables.queries().values() if query.schema != "crm"]


@pytest.fixture(scope="module", autouse=True)
def installed():
    try:
        engines.refuse_absent()
    except EngineError as error:
        pytest.skip(str(error))


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


def test_the_sample_has_the_same_rows(con, tmp_path):
    assert differences(con, ROOT / "data" / "sample", tmp_path) == {}


def test_a_real_log_has_the_same_rows(con, tmp_path, shared_data):
    log = shared_data / "bpic2012" / "financial_log.xes.gz"
    assert differences(con, log, tmp_path) == {}


def test_a_random_company_has_the_same_rows(con, folder, tmp_path):
    from models.simulate import scenario, write_sample

    write_sample(folder, "pipedrive", scenario("framework_matters").company(20261125, 250))
    assert differences(con, folder, tmp_path) == {}


def files_of(place):
    return {path.relative_to(place): path for path in place.rglob("*") if path.is_file()}


def test_a_night_on_spark_publishes_the_same(tmp_path, folder, monkeypatch):
    from models.simulate import scenario, write_sample

    write_sample(folder, "salesforce", scenario("all_litter").company(7, 200))
    written = tmp_path / "nodecision.toml"
    properties = "\n".join(f'"{name}" = "{value}"' for name, value in PROPERTIES.items())
    written.write_text(
        f'[engine]\nname = "spark"\nmaster = "local[2]"\n[engine.properties]\n{properties}\n',
        encoding="utf-8",
    )
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv("DAGSTER_DISABLE_TELEMETRY", "1")
    homes = {"duckdb": tmp_path / "duckdb", "spark": tmp_path / "spark"}
    nights = {
        name: launch.run(
            Night(
                exports=str(folder),
                home=str(home),
                settings_path=str(written) if name == "spark" else None,
            )
        )
        for name, home in homes.items()
    }
    assert all(night.report is not None for night in nights.values()), nights
    assert nights["duckdb"].warnings == nights["spark"].warnings
    with warehouse.opened(homes["spark"] / "warehouse.duckdb", read_only=True) as con:
        con.execute(f"attach '{homes['duckdb']}/warehouse.duckdb' as kept (read_only)")
        names = [
            name
            for (name,) in con.execute(
                "select schema_name || '.' || table_name from duckdb_tables() "
                "where database_name = 'kept' and schema_name in ('core', 'features', 'marts') "
                "order by all"
            ).fetchall()
        ]
        told = {name: difference(con, f"kept.{name}", name) for name in names}
        views = con.execute(
            "select count(*) from duckdb_views() where contains(sql, 'read_parquet') "
            "and database_name = current_database()"
        ).fetchall()
    assert {name: what for name, what in told.items() if what} == {}
    assert views == [(len(MADE),)]
    left, right = (files_of(night.report) for night in nights.values())
    assert nights["duckdb"].report.name == nights["spark"].report.name
    assert left.keys() == right.keys()
    unequal = [str(name) for name in left if left[name].read_bytes() != right[name].read_bytes()]
    assert unequal == []


# One text a line: what the engines read unlike unless it is put into Spark's words.
WORDS = r"""
regexp_matches('한국refer', '\brefer\b')
regexp_matches(column_of_rules, pattern_of_rules)
regexp_matches(chr(13), '^.$')
regexp_replace('a.b.c', '[.]', '-', 'g')
regexp_replace('a.b.c', '^(.)[.]', '\1\1')
regexp_replace('a]b', '[^])]', '#', 'g')
regexp_extract('only 12 of 34', '[0-9]+', 0)
round(cast(2.675 as double), 2)
round(cast(1.005 as double), 2)
round(cast(-2.5 as double))
cast(round(cast(2.5 as double)) as integer)
7 / 2
-7 % 3
cast(floor(-7 / 2) as integer)
cast(0.1 as double) + 0.2
cast(1 as double) / 3.0
date_diff('day', epoch_ms(86399000), epoch_ms(86401000))
date_diff('day', cast('2026-03-01' as date), cast('2025-02-28' as date))
extract(quarter from cast('1970-01-01' as date) + 20400)
cast('1970-01-01' as date) + 20400
epoch_ms(-1)
greatest(null, 2, 1)
least(null, 2, 1)
'a' || null
substr('한국어', 2, 1)
length('한🙂e')
split_part('a;b', ';', 3)
translate('a–b_c', '–_', '--')
trim('  a' || chr(9))
lower('ÄÖ한SS')
'a\b''c'
cast(3 as varchar) || cast(cast(0.125 as double) as varchar)
cast(true as integer)
nullif('', '')
"""


def test_words_that_differ_mean_the_same(con, tmp_path):
    con.execute(
        "create table core.given as select '리셀러referral' as column_of_rules, "
        "'\\breferral' as pattern_of_rules"
    )
    listed = WORDS.strip().splitlines()
    columns = ", ".join(f"{text} as c{place}" for place, text in enumerate(listed))
    sql = f"select {columns} from core.given"
    expected = con.execute(sql).fetchall()
    with running(tmp_path / "store") as session:
        session.build(con, Query("marts", "words", sql, "", frozenset({"core.given"}), False))
    found = con.execute("from marts.words").fetchall()
    told = zip(listed, expected[0], found[0], strict=True)
    assert [(text, left, right) for text, left, right in told if left != right] == []


def test_nulls_and_ties_stand_alike(con, tmp_path):
    con.execute("create table core.given as from (values (1, 'b'), (null, 'a'), (2, null)) t(n, w)")
    sql = (
        "select n, w, row_number() over (order by n, w) as up, "
        "row_number() over (order by n desc, w) as down, "
        "lag(w, 1, 'none') over (order by w) as before from core.given"
    )
    expected = con.execute(f"{sql} order by up").fetchall()
    with running(tmp_path / "store") as session:
        session.build(con, Query("marts", "words", sql, "", frozenset({"core.given"}), False))
    assert con.execute("from marts.words order by up").fetchall() == expected


@pytest.mark.parametrize(
    "sql",
    [
        "select regexp_replace(a, 'x', 'y') from core.deals",
        "select regexp_replace(a, '^x|y', 'z') from core.deals",
        "select regexp_replace(a, b, 'y', 'g') from core.deals",
        "select regexp_replace(a, 'x', '$', 'g') from core.deals",
        "select date_diff('month', a, b) from core.deals",
        "select round(a, b) from core.deals",
        "select to_timestamp(a) from core.deals",
    ],
)
def test_what_spark_would_read_otherwise_is_refused(sql):
    with pytest.raises(DialectError):
        spark_sql(sql)


def test_a_query_that_fails_names_its_table(con, tmp_path):
    con.execute("create table core.given as select 0 as n")
    query = Query("marts", "words", "select 1 // n as x from core.given", "", frozenset(), False)
    with running(tmp_path / "store") as session, pytest.raises(EngineError, match=r"marts\.words"):
        session.build(con, query)


def test_tables_lie_in_an_object_store(tmp_path, monkeypatch):
    """Both engines take s3:// for a folder here: what is tested is that they meet there."""
    from pyarrow import fs

    class Found:
        @staticmethod
        def from_uri(_):
            return fs.SubTreeFileSystem(str(tmp_path), fs.LocalFileSystem()), "bucket/company"

    monkeypatch.setattr(fs, "FileSystem", Found)
    # An object store has no folders that would have to be made.
    (tmp_path / "bucket" / "company" / "given" / "core").mkdir(parents=True)
    hadoop = {
        "spark.hadoop.fs.s3.impl": "org.apache.hadoop.fs.viewfs.ViewFileSystemOverloadScheme",
        "spark.hadoop.fs.viewfs.mounttable.bucket.link./company": (
            tmp_path / "bucket" / "company"
        ).as_uri(),
    }
    store = "s3://bucket/company"
    engine = Engine(name="spark", master="local[2]", properties=PROPERTIES | hadoop)
    query = Query(
        "marts", "words", "select n + 1 as m from core.given", "", frozenset({"core.given"}), False
    )
    place = tmp_path / "warehouse.duckdb"
    with warehouse.opened(place, store=store) as con, running(store, engine) as session:
        con.execute("create table core.given as select 1 as n")
        session.build(con, query)
    assert list((tmp_path / "bucket" / "company" / "marts" / "words").glob("*.parquet"))
    with warehouse.opened(place, store=store, read_only=True) as con:
        assert con.execute("from marts.words").fetchall() == [(2,)]


def test_a_store_that_cannot_be_reached_is_told(tmp_path):
    with pytest.raises(warehouse.WarehouseError, match=r"s3:///x: the store cannot be reached"):
        warehouse.opened(tmp_path / "w.duckdb", store="s3:///x").__enter__()


def test_no_pyspark_is_told(monkeypatch):
    real = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name == "pyspark" else real(name)
    )
    with pytest.raises(EngineError, match=r"make setup-spark"):
        engines.refuse_absent()


@pytest.mark.parametrize("home", [True, False])
def test_no_java_is_told(tmp_path, monkeypatch, home):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("JAVA_HOME", raising=False)
    if home:
        monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    with pytest.raises(EngineError, match=r"Java 17"):
        engines.refuse_absent()


def test_a_run_without_java_ends_before_it_begins(tmp_path, monkeypatch):
    written = tmp_path / "nodecision.toml"
    written.write_text('[engine]\nname = "spark"\n', encoding="utf-8")
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    finished = launch.run(Night(home=str(tmp_path / "home"), settings_path=str(written)))
    assert finished.report is None
    assert finished.failed_step == "starting the engine"
    assert "JAVA_HOME" in finished.reason


def test_a_master_that_cannot_be_is_told(tmp_path):
    with pytest.raises(EngineError, match=r"cannot start on 'local\[0\]'.*Check master"):
        Spark(Engine(name="spark", master="local[0]"), str(tmp_path), "4GB")


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ('master = "localhost"', r"line 2: engine\.master = 'localhost'"),
        ('store = "ftp://x/y"', r"line 2: engine\.store"),
        ('name = "duck"', r"line 2: engine\.name"),
    ],
)
def test_wrong_settings_name_their_line(tmp_path, line, told):
    written = tmp_path / "nodecision.toml"
    written.write_text(f"[engine]\n{line}\n", encoding="utf-8")
    with pytest.raises(SettingsError, match=told):
        load(written)
