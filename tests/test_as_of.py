"""A past day run again knows what an export taken on that day would have known, and no more."""

import json
import shutil
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path

import pandas as pd
import pytest

from pipelines import backfill, ingest, ledger, replay, rewind, seeds, tables, train, warehouse
from pipelines.night import RULES, Night

THEN = date(2026, 1, 31)
# What an export keeps only as it is today, or counts of what it holds in all.
OF_TODAY = {
    "core.parameters",  # the newest stamp within the day
    "core.removals",  # when a deal was removed
    "core.sellers",  # who is active
    "core.leads",  # the status of a lead that was changed since
    "core.capabilities",
    "core.traps_acts",
    "core.traps_deals",
    "core.traps_history",
    "features.account_work",  # time on a lead counts for the account it became since
}
# Meetings that lay ahead then and were moved since; the contact and account of an act on a lead
# that became one since.
OF_TODAY_COLUMNS = {
    "core.activities": ["booked_until_sec", "contact_id", "account_id"],
    "features.work_days": ["account_id"],
}


@contextmanager
def flow(folder, home, as_of=None, *, cut=True, wanted=("core", "features")):
    """The flow from files to these schemas, or to these tables and what they are made from."""
    needed = rewind.needed_for(*wanted)
    with warehouse.in_memory() as con:
        night = Night(exports=str(folder), home=str(home), as_of=as_of)
        ingest.ingest(con, night.offered(), night.contracts, night.places.temp, night.options)
        seeds.write(
            con, RULES, night.settings.parameters(night.as_of_date), night.settings.mappings()
        )
        built = tables.queries().values()
        for query in built:
            if query.schema == "crm":
                tables.build(con, query)
        replay.run(con, night.as_of_date if cut else None)
        for query in built:
            if query.schema in wanted or query.name in needed:
                tables.build(con, query)
        yield con


@pytest.fixture(scope="module")
def nights(small_exports, tmp_path_factory):
    """The full export replayed at a day, and the export that was taken at the end of that day."""
    from models.simulate import Company, simulate, write

    base = tmp_path_factory.mktemp("then")
    taken = datetime(THEN.year, THEN.month, THEN.day, 23, 59, 59, tzinfo=UTC)
    write(simulate(Company(deals=150, sellers=6, months=14)), base / "then", until=taken)
    with (
        flow(small_exports, base / "a", THEN.isoformat()) as here,
        flow(base / "then", base / "b") as there,
    ):
        yield here, there


def test_a_replay_is_what_an_export_of_that_day_gives(nights):
    here, there = nights
    differ = []
    for name, query in tables.queries().items():
        if query.schema not in ("core", "features") or name in OF_TODAY:
            continue
        leave = ", ".join(OF_TODAY_COLUMNS.get(name, []))
        columns = f"* exclude ({leave})" if leave else "*"
        left, right = (con.sql(f"select {columns} from {name} order by all").df() for con in nights)
        if not left.equals(right):
            differ.append(name)
    assert differ == []
    deals = here.sql("select count(*), sum((status = 'open')::int) from core.deals").fetchall()[0]
    assert deals[0] > 80
    assert deals[1] > 20
    assert here.sql("from core.parameters").df()["as_of_day"].tolist() == (
        there.sql("from core.parameters").df()["as_of_day"].tolist()
    )


def test_the_model_is_told_the_same(nights):
    """Scores follow from these alone, with a fixed seed."""
    for con in nights:
        con.sql("create or replace temp view trained_on as select deal_id from core.deals")
    for sql in (train.DEALS, train.SNAPSHOTS, "from core.stalls order by deal_id, spell"):
        pd.testing.assert_frame_equal(*(con.sql(sql).df() for con in nights))


def test_what_a_replay_could_not_know_is_said(nights):
    here, there = nights
    said = here.sql("from core.replay_limits").df().set_index("what")
    assert said.loc["owners_of_today", "n"] == said.loc["owners_of_today", "of_all"] > 0
    assert {"accounts_of_today", "stages_of_today"} <= set(said.index)
    assert set(said.index) <= set(replay.LIMITS)
    assert there.sql("from core.replay_limits").df().empty


def test_every_limit_has_words_for_the_page():
    from reports.language import Words

    words = Words.read("en")
    assert all(words.has(f"replay_limit.{what}") for what in replay.LIMITS)


HEAD = "Id,Name,StageName,Amount,CloseDate,CreatedDate,LastModifiedDate,IsClosed,IsWon,LossReason"


@pytest.fixture
def bare(folder):
    """Deals without any history: one closed in February, one in January, one created later."""
    (folder / "Opportunity.csv").write_text(
        f"{HEAD}\n"
        "006000000000001AAA,A,Closed Lost,900,2026-02-20,2025-10-01T00:00:00Z,"
        "2026-02-20T09:00:00Z,true,false,No budget\n"
        "006000000000002AAA,B,Closed Won,800,2026-01-10,2025-10-02T00:00:00Z,"
        "2026-01-10T09:00:00Z,true,true,\n"
        "006000000000003AAA,C,Qualification,700,2026-05-01,2026-02-10T00:00:00Z,"
        "2026-03-10T09:00:00Z,false,false,\n"
    )
    return folder


DEALS = """
select source_id, status, stage, amount, expected_close_on, lost_reason, crm_probability
from core.deals order by source_id
"""


def test_the_present_of_a_deal_that_was_open_then_is_not_read(bare, tmp_path):
    with flow(bare, tmp_path, "2026-01-31", wanted=["core.deals"]) as con:
        rows = con.sql(DEALS).fetchall()
        assert [row[:2] for row in rows] == [
            ("006000000000001AAA", "open"),
            ("006000000000002AAA", "won"),
        ]
        assert rows[0][2:] == (None, None, None, None, None)
        assert rows[1][3] == 800
        limits = dict(con.sql("select what, n from core.replay_limits").fetchall())
        assert limits["open_without_history"] == 1


def test_only_the_cut_keeps_the_present_out(bare, tmp_path):
    """An as-of day alone would tell the amount of today. A day that is not covered is refused."""
    with flow(bare, tmp_path, "2026-01-31", cut=False, wanted=["core.deals"]) as con:
        assert con.sql(DEALS).fetchall()[0][3] == 900
        for day in (date(2025, 9, 30), date(2026, 3, 11)):
            with pytest.raises(
                replay.ReplayError, match="begins on 2025-10-01 and ends on 2026-03-10"
            ):
                replay.run(con, day)
        assert con.execute("select current_database()").fetchall() == [("memory",)]


def test_the_cut_is_the_rewind_checks(nights):
    """One definition of what was known serves both: what it names are columns of crm."""
    here, _ = nights
    for shape in rewind.RECORDED:
        assert shape in rewind.shapes()
    columns = {name for name, *_ in here.execute("describe crm.deals").fetchall()}
    assert set(rewind.PRESENT) <= columns


# On files, as a user runs it.


@pytest.fixture(scope="module")
def replayed_home(small_home, small_exports, command, tmp_path_factory):
    """A home with a live night, then a replayed one."""
    home = tmp_path_factory.mktemp("as-of") / "home"
    shutil.copytree(small_home, home, symlinks=True)
    live = home / "published" / "latest"
    before = live.resolve().name
    done = command("run", "--exports", small_exports, "--home", home, "--as-of", "2026-03-01")
    assert done.returncode in (0, 3), done.stderr
    return home, before, Path(done.stdout.splitlines()[0].removeprefix("Report: "))


def test_a_replayed_night_is_marked_everywhere_and_never_the_latest(replayed_home):
    home, before, page = replayed_home
    place = page.parent.parent
    assert place.name.startswith("2026-03-01-replayed-")
    assert (home / "published" / "latest").resolve().name == before
    summary = json.loads((place / "summary.json").read_text(encoding="utf-8"))
    assert summary["run"]["is_replayed"] is True
    assert summary["run"]["not_known_then"]["stages_of_today"] > 0
    assert "replayed" in page.read_text(encoding="utf-8").split("</header>")[0]
    assert "What this replay could not know" in (place / "en" / "trust.html").read_text()
    live = json.loads((home / "published" / before / "summary.json").read_text(encoding="utf-8"))
    assert live["run"]["is_replayed"] is False
    assert live["run"]["not_known_then"] == {}
    entries = ledger.entries(home / "ledger")
    assert [(entry.day, entry.is_replayed) for entry in entries] == [
        ("2026-03-01", True),
        (before[:10], False),
    ]


def test_a_warehouse_that_holds_a_replayed_night_replays_no_other(replayed_home):
    home, *_ = replayed_home
    with pytest.raises(replay.ReplayError, match="without --as-of first"):
        list(backfill.lines(Night(home=str(home)), backfill.asked("2026-01-01", None, "4w")))


def test_replaying_gives_the_scores_of_as_of_and_leaves_the_warehouse_alone(
    replayed_home, small_home, tmp_path
):
    home = tmp_path / "home"
    home.mkdir()
    shutil.copy(small_home / "warehouse.duckdb", home)
    wanted = backfill.asked("2026-03-01", "2026-03-01", "1w")
    night = Night(home=str(home))
    tables_before = built(home)
    first = list(backfill.lines(night, wanted))
    assert built(home) == tables_before
    (entry,) = ledger.entries(home / "ledger")
    (other, *_) = ledger.entries(replayed_home[0] / "ledger")
    with warehouse.in_memory() as con:
        reading = "select * exclude (entry) from read_parquet($1) order by all"
        frames = [con.execute(reading, [str(found.path)]).df() for found in (entry, other)]
    assert len(frames[0]) > 0
    pd.testing.assert_frame_equal(*frames)
    bytes_before = entry.path.read_bytes()
    again = list(backfill.lines(night, wanted))
    assert "open deals scored" in first[0]
    assert "in the ledger already" in again[0]
    assert entry.path.read_bytes() == bytes_before


def built(home):
    import duckdb

    with duckdb.connect(str(home / "warehouse.duckdb"), read_only=True) as con:
        return con.execute(
            "select schema_name, table_name, estimated_size from duckdb_tables() order by all"
        ).fetchall()
