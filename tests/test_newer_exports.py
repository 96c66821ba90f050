"""A newer export of the same deals: what it changes, what it lacks, what is only a part."""

import pytest

from pipelines import contracts, tables
from pipelines.night import CONTRACTS

HEADER = "Id,Name,StageName,IsClosed,IsWon,CreatedDate,SystemModstamp\n"


def deal(number, day, stage="Qualification", changed=None):
    """One line of an opportunity created on a day of January 2026."""
    closed, won = (str(stage.startswith("Closed")), str(stage == "Closed Won"))
    return (
        f"006A{number:011},Deal {number},{stage},{closed},{won},2026-01-{day:02}T09:00:00.000Z,"
        f"{changed or f'2026-01-{day:02}T09:00:00.000Z'}\n"
    )


def write(folder, name, lines):
    (folder / name).write_text(HEADER + "".join(lines))


FIRST = [deal(n, 1 + n % 20) for n in range(100)]
TOUCHED = deal(99, 20, "Closed Won", "2026-02-05T10:00:00.000Z")
REMOVALS = "select deal_id, why, status, is_left_out from core.removals order by deal_id"


def test_a_newer_export_changes_and_adds(told, folder):
    write(folder, "week1.csv", FIRST)
    write(folder, "week2.csv", [*FIRST[:99], TOUCHED, deal(100, 30)])
    core = told(folder)
    assert core.rows("select count(*), count(distinct deal_id) from core.deals") == [(101, 101)]
    assert core.rows("select status from core.deals where name = 'Deal 99'") == [("won",)]
    assert core.rows(REMOVALS) == []


def test_what_a_newer_export_no_longer_lists_is_gone_and_counted(told, folder):
    lost = deal(98, 19, "Closed Lost")
    write(folder, "week1.csv", [*FIRST[:98], lost, FIRST[99]])
    write(folder, "week2.csv", [*FIRST[:98], TOUCHED])
    core = told(folder)
    assert core.rows("select count(*) from core.deals where name = 'Deal 98'") == [(0,)]
    assert core.rows("select count(*) from core.deals") == [(99,)]
    (removal,) = core.rows(REMOVALS)
    assert removal[1:] == ("missing", "lost", True)


@pytest.mark.parametrize(
    "second",
    [
        # A list of the open deals alone, of which nine in ten are.
        [*FIRST[:90], TOUCHED],
        # What was changed since, and no more.
        [TOUCHED],
    ],
)
def test_a_list_that_is_only_shorter_takes_nothing_away(told, folder, second):
    write(folder, "all.csv", FIRST)
    write(folder, "some.csv", second)
    core = told(folder)
    assert core.rows("select count(*) from core.deals") == [(100,)]
    assert core.rows(REMOVALS) == []


def test_the_parts_of_one_export_are_no_newer_exports(told, folder):
    write(folder, "part1.csv", FIRST[:50])
    write(folder, "part2.csv", [*FIRST[50:], deal(100, 31)])
    core = told(folder)
    assert core.rows("select count(*) from core.deals") == [(101,)]
    assert core.rows(REMOVALS) == []


def test_an_older_export_read_again_takes_nothing_away(told, folder):
    write(folder, "week2.csv", [*FIRST, deal(100, 30)])
    write(folder, "older.csv", FIRST[:60])
    assert told(folder).rows("select count(*) from core.deals") == [(101,)]


def test_the_setting_says_how_much_a_newer_export_must_hold(told, folder):
    write(folder, "all.csv", FIRST)
    write(folder, "some.csv", [*FIRST[:90], TOUCHED])
    core = told(folder, "[traps]\nreexport_share = 0.9\n")
    assert core.rows("select count(*) from core.deals") == [(91,)]
    assert core.rows("select count(*) from core.removals where why = 'missing'") == [(9,)]


def test_a_list_without_stamps_was_taken_after_the_closings_that_it_tells(told, folder):
    (folder / "Opportunity.csv").write_text(
        "Id,Name,StageName,IsClosed,IsWon,CloseDate,CreatedDate\n"
        "006A00000000001,Lost,Closed Lost,1,0,2026-03-18,2026-01-10T09:00:00.000Z\n"
        "006A00000000002,Open,Qualification,0,0,2026-09-30,2026-01-15T09:00:00.000Z\n"
        "006A00000000003,Typo,Closed Won,1,1,2062-01-20,2026-01-12T09:00:00.000Z\n"
    )
    core = told(folder)
    assert core.rows("select cast(as_of as varchar) from core.parameters") == [
        ("2026-03-18 12:00:00",)
    ]
    assert core.rows(
        "select status, cast(closed_at as varchar) from core.deals where name = 'Lost'"
    ) == [("lost", "2026-03-18 12:00:00")]


def test_deals_of_every_source_are_looked_at():
    reads = tables.queries()["crm.newer_exports_removals"].reads
    deals = {thing.table for thing in contracts.load(CONTRACTS).objects if thing.is_decisive}
    assert deals <= reads
