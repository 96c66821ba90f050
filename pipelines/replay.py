"""A past day over again: the flow run on what was known by its end, and what that cannot know.

What "known" means (when each fact was recorded, what of a deal's row is its present) is told by
`pipelines.rewind` alone, which also proves each night that past snapshots know no more.
"""

from datetime import date, timedelta

import duckdb
import pandas as pd

from pipelines import rewind, seeds, tables
from pipelines.tables import store

TABLES = {
    "core.replay_limits": "What a replayed night could not know; empty for a night of its own day.",
}
READS = frozenset({f"crm.{shape}" for shape in rewind.shapes()} | set(seeds.TABLES))
# Rows that are told as they are today although a past day is replayed, and of how many. `crm` has
# been cut by then; the catalog `present` holds the flow as the newest export has it.
LIMITS = {
    # The stage, amount and expected date of a deal come from its history alone.
    "open_without_history": """
        select count(*) filter (not p.has_states), count(*)
        from crm.deals d join present.core.deals p using (deal_id)
        where p.closed_sec is null or p.closed_sec >= {end_sec}
    """,
    # An export keeps the last ending of a deal only.
    "first_endings": """
        select count(*) filter (p.is_reopened), count(*)
        from crm.deals d join present.core.deals p using (deal_id)
        where p.closed_sec is null or p.closed_sec >= {end_sec}
    """,
    "owners_of_today": """
        select count(*) filter (source not in (select source from crm.owner_changes)), count(*)
        from crm.deals
    """,
    "removed_at_source": """
        select count(distinct r.deal_id), (select count(*) from crm.deals)
        from crm.removals r anti join present.core.deals p using (deal_id)
    """,
    "leads_changed_since": """
        select count(*) filter (modified_sec is null or modified_sec >= {end_sec}), count(*)
        from crm.leads
    """,
    "acts_without_stamp": """
        select count(*) filter (recorded_sec is null), count(*) from crm.activities
    """,
    # A meeting may have been moved or cancelled since.
    "meetings_ahead": """
        select count(*) filter (happened_sec >= {end_sec}), count(*) from crm.activities
        where kind = 'meeting'
    """,
    "people_without_date": """
        select count(*) filter (added_sec is null), count(*) from crm.deal_contacts
    """,
    "sellers_of_today": "select count(*), count(*) from crm.sellers",
    "accounts_of_today": "select count(*), count(*) from crm.accounts",
    "stages_of_today": "select count(*), count(*) from crm.stages",
}


class ReplayError(ValueError):
    """A day that cannot be replayed; the message says why and which can."""


def _present(con: duckdb.DuckDBPyConnection, catalog: str) -> None:
    """Attach the catalog `present`: every deal as the newest export has it."""
    con.execute("attach ':memory:' as present")
    con.execute("use present")
    for schema in ("crm", "core"):
        con.execute(f"create schema {schema}")
    known = tables.queries()
    for shape in rewind.shapes():
        parts = "\nunion all by name\n".join(
            f"select * from {catalog}.{part}" for part in sorted(known[f"crm.{shape}"].reads)
        )
        con.execute(f"create view crm.{shape} as {parts}")
    for seed in sorted(set(seeds.TABLES) - {"core.settings"}):
        con.execute(f"create view {seed} as from {catalog}.{seed}")
    con.execute(
        "create table core.settings as select * replace (null::integer as as_of_override_day) "
        f"from {catalog}.core.settings"
    )
    needed = rewind.needed_for("core.deals")
    for query in known.values():
        if query.name in needed:
            tables.build(con, query)


def refuse_impossible(day: date, first_day: int | None, newest_day: int | None) -> None:
    """Raise ReplayError for a day before the first deal or after the newest fact of the exports."""
    epoch = date(1970, 1, 1)
    if first_day is None or newest_day is None:
        raise ReplayError("no deal can be replayed: the exports hold none. Check --exports.")
    first, newest = (epoch + timedelta(days=int(n)) for n in (first_day, newest_day))
    if not first <= day <= newest:
        raise ReplayError(
            f"{day} cannot be replayed: what the exports tell begins on {first} and ends on "
            f"{newest}. Ask for a day between them."
        )


def run(con: duckdb.DuckDBPyConnection, day: date | None) -> None:
    """Cut `crm` in place at the end of `day`, and say in core.replay_limits what that leaves out.

    Nothing is cut when `day` is None. Raises ReplayError for a day that the exports do not cover.
    """
    found = pd.DataFrame({"what": pd.Series(dtype="str"), "n": pd.Series(dtype="int64")}).assign(
        of_all=pd.Series(dtype="int64")
    )
    if day is not None:
        catalog = str(con.execute("select current_database()").fetchall()[0][0])
        end_sec = ((day - date(1970, 1, 1)).days + 1) * 86_400
        try:
            _present(con, catalog)
            known = con.execute("select first_day, as_of_day from present.core.parameters")
            refuse_impossible(day, *known.fetchall()[0])
            con.execute(f"use {catalog}")
            for shape in rewind.shapes():
                tables.drop(con, f"crm.{shape}")
            rewind.cut_tables(con, "present", end_sec)
            counted = [
                (what, *con.execute(sql.format(end_sec=end_sec)).fetchall()[0])
                for what, sql in LIMITS.items()
            ]
            found = pd.DataFrame(counted, columns=["what", "n", "of_all"])
            found = found[found["n"] > 0].reset_index(drop=True)
        finally:
            con.execute(f"use {catalog}")
            con.execute("detach present")
    store(con, {"core.replay_limits": found}, TABLES)
