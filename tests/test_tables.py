"""SQL files as tables: what a file must look like, and that the graph holds together."""

import pytest

from pipelines import tables, warehouse
from pipelines.warehouse import in_memory


@pytest.fixture(scope="module")
def con():
    with in_memory() as found:
        yield found


def written(tmp_path, text):
    path = tmp_path / "x.sql"
    path.write_text(text, encoding="utf-8")
    return path


def test_reads_are_parsed_without_common_table_expressions(con):
    sql = """
        with a as (select * from core.deals), b as (select * from a join core.stages using (stage))
        select * from b where exists (select 1 from features.weeks w where w.week = b.week)
    """
    assert tables.reads_of(con, sql) == {"core.deals", "core.stages", "features.weeks"}


def test_reads_in_every_place_of_a_query_are_found(con):
    sql = """
        select (select max(day) from core.a), case when exists (select 1 from core.b) then 1 end
        from (select * from core.c union all select * from core.d) as u, lateral
            (select * from core.e where e.id = u.id) as l
        left join core.f on l.id in (select id from core.g)
        group by all having count(*) > (select min(n) from core.h)
        order by (select 1 from core.i)
    """
    assert tables.reads_of(con, sql) == {f"core.{name}" for name in "abcdefghi"}


def test_a_file_needs_a_description(con, tmp_path):
    with pytest.raises(tables.QueryError, match="no description"):
        tables.parse(con, written(tmp_path, "select 1 as x"), "core", "x")


def test_a_file_holds_one_select(con, tmp_path):
    for text in ("-- x\nselect 1; select 2", "-- x\ndrop table core.deals", "-- x\nselec 1"):
        with pytest.raises(tables.QueryError, match="exactly one select"):
            tables.parse(con, written(tmp_path, text), "core", "x")


def test_a_hop_reads_only_the_hop_before(con, tmp_path):
    with pytest.raises(tables.QueryError, match=r"may not read raw\.salesforce_task"):
        tables.parse(con, written(tmp_path, "-- x\nselect * from raw.salesforce_task"), "core", "x")


def test_a_vendor_reads_its_own_steps_only(tmp_path, monkeypatch):
    place = tmp_path / "crm" / "acme"
    (place / "steps").mkdir(parents=True)
    (place / "steps" / "named.sql").write_text("-- Deals by name.\nselect 1 as id", "utf-8")
    (place / "deals.sql").write_text("-- Deals.\nselect id from crm.acme_named", "utf-8")
    monkeypatch.setattr(tables, "SQL", tmp_path)
    tables.queries.cache_clear()
    assert list(tables.queries()) == ["crm.acme_named", "crm.acme_deals", "crm.deals"]
    (place / "deals.sql").write_text("-- Deals.\nselect id from crm.other_deals", "utf-8")
    tables.queries.cache_clear()
    with pytest.raises(tables.QueryError, match=r"crm\.other_deals, which is no step of acme"):
        tables.queries()
    tables.queries.cache_clear()


def test_every_query_is_described_and_ordered():
    seen = set()
    for name, query in tables.queries().items():
        assert len(query.description) > 20, name
        made = {read for read in query.reads if read in tables.queries()}
        assert made <= seen, f"{name} comes before {made - seen}"
        seen.add(name)


def test_every_vendor_has_every_shape():
    shapes = {}
    for query in tables.queries().values():
        if query.schema == "crm" and query.path is not None:
            shapes.setdefault(query.path.parent.name, set()).add(query.path.stem)
    assert shapes["salesforce"] >= shapes["event_log"]


def test_only_its_owner_reads_a_new_warehouse(tmp_path):
    """And one that somebody has opened up on purpose stays as it is."""
    path = tmp_path / "warehouse.duckdb"
    with warehouse.opened(path):
        pass
    assert path.stat().st_mode & 0o777 == 0o600
    path.chmod(0o640)
    with warehouse.opened(path):
        pass
    assert path.stat().st_mode & 0o777 == 0o640


def test_what_several_tables_read_of_the_vendors_is_stored():
    found = tables.queries()
    readers = {
        name: sum(name in query.reads for query in found.values())
        for name, query in found.items()
        if query.schema == "crm"
    }
    stored = {name for name in readers if not found[name].is_view}
    assert stored == {n for n, many in readers.items() if many > 1 and found[n].path is None}
    assert {"crm.deals", "crm.activities"} <= stored


def test_a_warehouse_that_has_spilled_opens_again(tmp_path):
    path = tmp_path / "w.duckdb"
    with warehouse.opened(path, memory_limit="60MB") as con:
        con.execute("create temp table wide as select i, hash(i) as h from range(10000000) t(i)")
        assert list((tmp_path / "tmp").iterdir())
        with warehouse.opened(path, memory_limit="60MB") as again:
            assert again.execute("select 1").fetchall() == [(1,)]
