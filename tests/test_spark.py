"""A night on Spark is a night on DuckDB; what the engines word unlike; what is missing is told.

Larger companies are compared in `proofs/test_spark_rows.py`.
"""

import importlib.metadata
import importlib.util
from pathlib import Path

import pytest

from pipelines import health, launch, train, warehouse
from pipelines import spark as engines
from pipelines.dialect import DialectError, spark_sql
from pipelines.night import Night
from pipelines.settings import Engine, SettingsError, load
from pipelines.spark import EngineError, Spark
from pipelines.tables import Query
from tests.two_engines import ENGINE, MADE, PROPERTIES, difference, running

ROOT = Path(__file__).resolve().parents[1]

# Compilers that do not pay on few rows are off.
INTERPRETED = {
    "spark.sql.codegen.wholeStage": "false",
    "spark.sql.codegen.factoryMode": "NO_CODEGEN",
}
QUICK = ENGINE.model_copy(update={"properties": PROPERTIES | INTERPRETED})


# Bounds by ln and exp, whose last digit is not the same in Java and in C.
LAST_DIGIT = {
    f"tables/{name}.{kind}"
    for name in ("stall_by_g", "stall_summary")
    for kind in ("csv", "parquet")
}


def files_of(place):
    return {path.relative_to(place): path for path in place.rglob("*") if path.is_file()}


@pytest.mark.usefixtures("spark_installed")
def test_a_night_on_spark_publishes_the_same(tmp_path, folder, monkeypatch):
    from models.simulate import scenario, write_sample

    write_sample(folder, "salesforce", scenario("all_litter").company(7, 200))
    written = tmp_path / "nodecision.toml"
    properties = "\n".join(f'"{name}" = "{value}"' for name, value in QUICK.properties.items())
    written.write_text(
        f'[engine]\nname = "spark"\nmaster = "local[2]"\n[engine.properties]\n{properties}\n',
        encoding="utf-8",
    )
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv("DAGSTER_DISABLE_TELEMETRY", "1")
    homes = {"duckdb": tmp_path / "duckdb", "spark": tmp_path / "spark"}
    nights = {}
    for name, home in homes.items():
        settings = str(written) if name == "spark" else None
        nights[name] = launch.run(
            Night(exports=str(folder), home=str(home), settings_path=settings)
        )
        # The second night also scores its open deals in parts.
        monkeypatch.setattr(train, "SCORED_AT_ONCE", 7)
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
    unequal = {str(name) for name in left if left[name].read_bytes() != right[name].read_bytes()}
    assert unequal <= LAST_DIGIT


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


@pytest.mark.usefixtures("spark_installed")
def test_words_that_differ_mean_the_same(con, tmp_path):
    con.execute(
        "create table core.given as select '리셀러referral' as column_of_rules, "
        "'\\breferral' as pattern_of_rules"
    )
    listed = WORDS.strip().splitlines()
    columns = ", ".join(f"{text} as c{place}" for place, text in enumerate(listed))
    sql = f"select {columns} from core.given"
    expected = con.execute(sql).fetchall()
    with running(tmp_path / "store", QUICK) as session:
        session.build(con, Query("marts", "words", sql, "", frozenset({"core.given"}), False))
    found = con.execute("from marts.words").fetchall()
    told = zip(listed, expected[0], found[0], strict=True)
    assert [(text, left, right) for text, left, right in told if left != right] == []


@pytest.mark.usefixtures("spark_installed")
def test_nulls_and_ties_stand_alike(con, tmp_path):
    con.execute("create table core.given as from (values (1, 'b'), (null, 'a'), (2, null)) t(n, w)")
    sql = (
        "select n, w, row_number() over (order by n, w) as up, "
        "row_number() over (order by n desc, w) as down, "
        "lag(w, 1, 'none') over (order by w) as before from core.given"
    )
    expected = con.execute(f"{sql} order by up").fetchall()
    with running(tmp_path / "store", QUICK) as session:
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


@pytest.mark.usefixtures("spark_installed")
def test_a_query_that_fails_names_its_table(con, tmp_path):
    con.execute("create table core.given as select 0 as n")
    query = Query("marts", "words", "select 1 // n as x from core.given", "", frozenset(), False)
    with (
        running(tmp_path / "store", QUICK) as session,
        pytest.raises(EngineError, match=r"marts\.words"),
    ):
        session.build(con, query)


@pytest.mark.usefixtures("spark_installed")
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
    engine = Engine(name="spark", master="local[2]", properties=QUICK.properties | hadoop)
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


def test_the_doctor_names_the_engine(tmp_path, monkeypatch):
    written = tmp_path / "nodecision.toml"
    written.write_text('[engine]\nname = "spark"\nmaster = "local[3]"\n', encoding="utf-8")
    night = Night(home=str(tmp_path / "home"), settings_path=str(written))
    monkeypatch.setattr(health, "refuse_absent", lambda: None)
    monkeypatch.setattr(importlib.metadata, "version", lambda name: "4.3.0")
    told = f"pyspark 4.3.0 on local[3], tables in {tmp_path}/home/store"
    assert (True, told) in list(health.lines(night))

    def absent():
        raise EngineError("no Java")

    monkeypatch.setattr(health, "refuse_absent", absent)
    assert (False, "no Java") in list(health.lines(night))


@pytest.mark.parametrize("home", [True, False])
def test_no_java_is_told(tmp_path, monkeypatch, home):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: name)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("JAVA_HOME", raising=False)
    if home:
        monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    with pytest.raises(EngineError, match=r"Java 17"):
        engines.refuse_absent()


@pytest.mark.usefixtures("spark_installed")
def test_a_run_without_java_ends_before_it_begins(tmp_path, monkeypatch):
    written = tmp_path / "nodecision.toml"
    written.write_text('[engine]\nname = "spark"\n', encoding="utf-8")
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    finished = launch.run(Night(home=str(tmp_path / "home"), settings_path=str(written)))
    assert finished.report is None
    assert finished.failed_step == "starting the engine"
    assert "JAVA_HOME" in finished.reason


@pytest.mark.usefixtures("spark_installed")
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
