"""Decision points under other definitions, by the same SQL.

A definition is one table of the night with other columns. It is laid into a catalog of its own, in
memory, in which every other table is a view of the night's, and the tables that change with it are
made again by their own queries: those that read a column that differs, and what is made from them.
Of many deals only those that are compared are followed (narrowed), with the activities and hours of
their accounts; sellers' past rates of letting go are then those of these deals.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import duckdb
import pandas as pd
import sqlglot
from sqlglot import exp

from pipelines import rewind, tables
from pipelines.settings import Comparison
from pipelines.tables import Query

POINTS = "features.decision_points"
CATALOG = "redefined"
# A reason that names neither side, and one that says who ended the deal.
UNTOLD = "coalesce(reason_class, 'unmapped') in ('other', 'unmapped')"
SELLERS_ACT = "'seller_drop'"
# Landmarks of whole companies are asked about by nobody here: seller_past then speaks of the days
# of signals only, with the same numbers.
EMPTIED = "features.weeks"
KEPT = "kept"
SIGNALS = "features.signals"
# The wide tables, cut to what is asked of the deals that are kept.
NARROWED = {
    "features.account_work": "party in (from {kept}.parties)",
    # Of an act on no deal it is asked only when its seller was last seen.
    "core.activities": "seller_id in (from {kept}.sellers) or deal_id in "
    "(select d.deal_id from core.deals d "
    "where coalesce(d.account_id, d.deal_id) in (from {kept}.parties))",
}


@dataclass(frozen=True)
class Definition:
    """A table of the night as another definition has it.

    `select` makes it, `{night}` standing for the night's catalog; `columns` are those that differ,
    none named meaning any.
    """

    table: str
    select: str
    columns: frozenset[str] = frozenset()

    @classmethod
    def of(cls, table: str, columns: Mapping[str, str]) -> "Definition":
        """The night's rows with some columns told by other expressions."""
        told = ", ".join(f"{value} as {name}" for name, value in columns.items())
        select = f"select * replace ({told}) from {{night}}.{table}"
        return cls(table, select, frozenset(columns))


def definitions(told: Comparison) -> dict[str, Definition]:
    """The definitions beside the headline's, by the label that their rows have on the page.

    Losses to the present supplier are the buyer's own no in the headline, so only the other way is
    here. g changes none of what is compared, so there is none of it.
    """
    days = told.silence_signal_days

    def silence(count: int) -> Definition:
        return Definition.of("core.parameters", {"silence_signal_days": str(count)})

    def outcome(**columns: str) -> Definition:
        return Definition.of("core.outcomes", columns)

    return {
        "silence_half": silence(max(days // 2, 1)),
        "silence_twice": silence(2 * days),
        "unknown_as_buyers_no": outcome(
            reason_class=f"case when {UNTOLD} then 'no_decision' else reason_class end",
            reason_subclass=f"case when {UNTOLD} then 'explicit_no' else reason_subclass end",
        ),
        "unknown_as_walk_away": outcome(
            reason_class=f"case when {UNTOLD} then {SELLERS_ACT} else reason_class end"
        ),
        "incumbent_as_walk_away": outcome(
            reason_class=f"case when reason_class = 'incumbent' then {SELLERS_ACT} "
            "else reason_class end"
        ),
    }


def earlier_signal(days: int) -> Definition:
    """Signals so many days before they came."""
    return Definition.of(
        "features.signals",
        {
            "signal_day": f"signal_day - {days}",
            "signal_end_sec": f"signal_end_sec - {86_400 * days}",
        },
    )


def changed(definition: Definition, wanted: str = POINTS) -> list[Query]:
    """The queries whose tables differ under a definition, of those that make `wanted`, in order."""
    needed = rewind.needed_for(wanted)
    names: set[str] = set()
    found = []
    for query in tables.queries().values():
        if query.name not in needed or query.name == definition.table:
            continue
        if _touches(query, definition) or query.reads & names:
            names.add(query.name)
            found.append(query)
    return found


def _touches(query: Query, definition: Definition) -> bool:
    """Whether a query reads a column that differs, by its name or by a star."""
    if definition.table not in query.reads or not definition.columns:
        return definition.table in query.reads
    tree = sqlglot.parse_one(query.sql, read="duckdb")
    if any(column.name in definition.columns for column in tree.find_all(exp.Column)):
        return True
    for select in tree.find_all(exp.Select):
        read = [s.this for s in select.find_all(exp.From, exp.Join) if s.parent is select]
        aliases = {
            table.alias_or_name
            for table in read
            if isinstance(table, exp.Table) and f"{table.db}.{table.name}" == definition.table
        }
        stars = [column for column in select.expressions if column.is_star]
        if aliases and any(
            not isinstance(star, exp.Column) or star.table in aliases for star in stars
        ):
            return True
    return False


@contextmanager
def narrowed(con: duckdb.DuckDBPyConnection, deals: str) -> Iterator[None]:
    """Attach the catalog of the deals that narrowed definitions follow.

    `deals` is a query that gives deal_id.
    """
    place = f"{KEPT}.main"
    of_deals = f"select {{0}} from core.deals semi join {place}.deals using (deal_id)"
    made = {
        f"{place}.deals": deals,
        f"{place}.sellers": of_deals.format("distinct seller_id"),
        f"{place}.parties": of_deals.format("distinct coalesce(account_id, deal_id) as party"),
        **{
            f"{KEPT}.{name}": f"select * from {name} where {text.format(kept=place)}"
            for name, text in NARROWED.items()
        },
    }
    con.execute(f"attach ':memory:' as {KEPT}")
    try:
        for schema in ("core", "features"):
            con.execute(f"create schema {KEPT}.{schema}")
        for name, select in made.items():
            con.execute(f"create table {name} as {select}")
        yield
    finally:
        con.execute(f"detach {KEPT}")


@contextmanager
def redefined(
    con: duckdb.DuckDBPyConnection,
    definition: Definition,
    wanted: str = POINTS,
    *,
    is_narrowed: bool = False,
) -> Iterator[str]:
    """Attach the catalog of a definition with `wanted` made anew; gives `wanted`'s full name.

    `is_narrowed` follows the deals of `narrowed`, within which it is then called.
    """
    night = con.execute("select current_database()").fetchall()[0][0]
    queries = changed(definition, wanted)
    made = {query.name for query in queries}
    read = {name for query in queries for name in query.reads} - made - {definition.table}
    con.execute(f"attach ':memory:' as {CATALOG}")
    con.execute(f"use {CATALOG}")
    try:
        for schema in ("core", "features"):
            con.execute(f"create schema {schema}")
        con.execute(f"create table {definition.table} as {definition.select.format(night=night)}")
        for name in sorted(read):
            catalog = KEPT if is_narrowed and name in NARROWED else night
            # Signals are cut below, and what is cut is no view.
            kind = "table" if name == SIGNALS else "view"
            where = "where false" if name == EMPTIED else ""
            con.execute(f"create {kind} {name} as select * from {catalog}.{name} {where}")
        if is_narrowed and SIGNALS not in made:
            _cut_signals(con)
        for query in queries:
            tables.build(con, query)
            if is_narrowed and query.name == SIGNALS:
                _cut_signals(con)
        con.execute(f"use {night}")
        yield f"{CATALOG}.{wanted}"
    finally:
        con.execute(f"use {night}")
        con.execute(f"detach {CATALOG}")


def _cut_signals(con: duckdb.DuckDBPyConnection) -> None:
    con.execute(f"delete from {SIGNALS} where deal_id not in (from {KEPT}.main.deals)")


def points(
    con: duckdb.DuckDBPyConnection, definition: Definition, *, is_narrowed: bool = False
) -> pd.DataFrame:
    """features.decision_points under a definition, ordered by deal."""
    with redefined(con, definition, is_narrowed=is_narrowed) as name:
        return con.sql(f"from {name} order by deal_id").df()


def before(con: duckdb.DuckDBPyConnection, days: int, *, is_narrowed: bool = False) -> pd.DataFrame:
    """What happened in the `days` before each signal, of deals that were open when these began.

    deal_id, replies of the buyer, and is_forward: whether the deal then stood in a later stage than
    `days` before (null where either stage is not known).
    """
    with redefined(
        con, earlier_signal(days), "features.signal_facts", is_narrowed=is_narrowed
    ) as name:
        return con.sql(
            f"""
            select deal_id, now.replies_all - past.replies_all as replies,
                now.stage_order > past.stage_order as is_forward
            from features.signal_facts now join {name} past using (deal_id)
            where past.age_days >= 0 and not past.is_closed
            order by deal_id
            """
        ).df()
