"""The graph that Dagster sees: whole, described, in one process, off until switched on."""

import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import dagster as dg
import duckdb
import pytest

from pipelines import assets, checks, rewind, seeds, tables, warehouse
from pipelines.definitions import defs
from pipelines.night import Night
from pipelines.tables import QueryError

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def graph():
    return defs.resolve_asset_graph()


def test_every_asset_is_described_and_in_its_hop(graph):
    for key in graph.get_all_asset_keys():
        node = graph.get(key)
        assert node.description, key
        assert node.group_name == key.path[0], key


def test_the_report_is_downstream_of_every_mart(graph):
    report = graph.get(dg.AssetKey(["published", "report"]))
    marts = {key for key in graph.get_all_asset_keys() if key.path[0] == "marts"}
    assert marts == set(report.parent_keys)


def test_one_process_and_nothing_runs_by_itself():
    assert defs.executor is dg.in_process_executor
    assert [schedule.name for schedule in defs.schedules] == ["nightly_schedule"]
    assert defs.schedules[0].default_status == dg.DefaultScheduleStatus.STOPPED
    assert defs.sensors[0].default_status == dg.DefaultSensorStatus.STOPPED
    assert defs.resolve_job_def("nightly").name == "nightly"


def test_a_table_that_nobody_makes_is_an_error():
    @dg.asset(key=["core", "x"], deps=[["core", "nothing"]])
    def x():
        """Reads what is not there."""

    with pytest.raises(QueryError, match=r"core\.x reads core\.nothing, which nobody makes"):
        assets.refuse_strangers([x])


def test_every_check_has_a_table_of_the_graph(graph):
    made = {".".join(key.path) for key in graph.get_all_asset_keys()}
    for check in checks.checks():
        assert check.table in made, check.name
        assert check.severity in ("error", "warn")
        assert check.description
    assert len({check.name for check in checks.checks()}) == len(checks.checks())


@pytest.mark.parametrize("arguments", [("check", "defs"), ("list", "defs")])
def test_dg_reads_the_definitions(arguments):
    dg_command = Path(sys.executable).with_name("dg")
    done = subprocess.run(
        [str(dg_command), *arguments], cwd=ROOT, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_run_is_tagged_with_the_files_that_it_read(tmp_path):
    """The same files give the same tag, whatever the company's home; one more byte another."""
    exports = tmp_path / "exports"
    exports.mkdir()
    line = "006A00000000001,Acme,Qualification,2026-03-31,2026-01-05T09:15:27.000Z\n"
    head = "Id,Name,StageName,CloseDate,CreatedDate\n"

    def tag(home, text):
        (exports / "Opportunity.csv").write_text(text, encoding="utf-8")
        night = Night(exports=str(exports), home=str(tmp_path / home))
        with dg.DagsterInstance.ephemeral() as instance:
            done = dg.materialize(
                [assets.raw_asset()], instance=instance, resources={"night": night}
            )
            run = instance.get_run_by_id(done.run_id)
            return run.tags[assets.EXPORTS_TAG]

    first = tag("a", head + line)
    assert len(first) == 12
    assert tag("b", head + line) == first
    assert tag("a", head + line.replace("Acme", "Acmf")) != first


def test_a_report_that_is_late_is_seen_in_dagster(graph):
    policy = graph.get(dg.AssetKey(["published", "report"])).freshness_policy
    assert policy.fail_window.to_timedelta() == timedelta(hours=36)


def test_a_failing_check_names_rows_and_stops(built_warehouse):
    broken = next(check for check in checks.checks() if check.name == "deals_key")
    with warehouse.in_memory() as con:
        con.execute("create table core.deals as select 'a' as deal_id from range(5)")
        verdict = broken.run(con)
    assert not verdict.passed
    assert verdict.detail == "deal_id a, lines 5"


def test_the_rewind_check_names_a_feature_that_knows_the_future(built_warehouse, tmp_path):
    """A feature that reads the present of the deal is caught by name."""
    import shutil

    copy = tmp_path / "warehouse.duckdb"
    shutil.copy(built_warehouse, copy)
    with warehouse.opened(copy) as con:
        assert rewind.check(con)[0]
        con.execute(
            "create or replace table features.snapshots as select s.* replace ("
            "case when d.status = 'lost' then 1.0 else s.amount end as amount) "
            "from features.snapshots s join core.deals d using (deal_id)"
        )
        passed, words = rewind.check(con)
    assert not passed
    assert "amount in" in words


def test_every_sql_check_can_fail(built_warehouse):
    """A check that returns nothing on broken rows would guard nothing: each one is tried."""
    con = duckdb.connect(str(built_warehouse), read_only=True)
    for check in checks.checks():
        if check.name != "snapshots_rewind":
            verdict = check.run(con)
            assert verdict.passed or check.severity == "warn", (check.name, verdict.detail)
    con.close()


def test_a_broken_rule_names_its_line(tmp_path):
    for name in seeds.FILES.values():
        (tmp_path / name).write_text(
            "rule_order,language,pattern,reason_class,subclass\n1,en,fine,other,\n2,en,(,other,\n"
        )
    with (
        warehouse.in_memory() as con,
        pytest.raises(seeds.RuleError, match=r"line 3: '\(' is not a pattern"),
    ):
        seeds.write(con, tmp_path, {"a": 1})


def test_a_locked_warehouse_says_who_and_what_to_do(tmp_path):
    path = tmp_path / "w.duckdb"
    code = (
        f"import duckdb, time; c = duckdb.connect({str(path)!r}); "
        "print('open', flush=True); time.sleep(60)"
    )
    holder = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    try:
        holder.stdout.readline()
        with (
            pytest.raises(warehouse.WarehouseError, match="another process has the warehouse open"),
            warehouse.opened(path),
        ):
            pass
    finally:
        holder.kill()
        holder.wait()


def test_a_transaction_is_all_or_nothing():
    with warehouse.in_memory() as con:
        with pytest.raises(ZeroDivisionError), warehouse.transaction(con):
            con.execute("create table core.half as select 1 as x")
            raise ZeroDivisionError
        assert (
            tables.queries()
            and not con.execute(
                "select * from duckdb_tables() where table_name = 'half'"
            ).fetchall()
        )
