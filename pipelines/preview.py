"""What an export is and what it can answer, said before anything runs."""

import re
from collections.abc import Iterator

import duckdb

from pipelines import ingest, seeds, tables
from pipelines.night import RULES, Night
from pipelines.warehouse import in_memory


def _rows(con: duckdb.DuckDBPyConnection, sql: str) -> list[tuple[object, ...]]:
    return con.execute(sql).fetchall()


def _files(con: duckdb.DuckDBPyConnection) -> Iterator[str]:
    yield "Files"
    for path, kind, rows, rejected, decision, reason in _rows(
        con,
        "select path, kind, rows, rejected_rows, decision, reason from raw.files order by path",
    ):
        what = kind or "?"
        tail = f"  {rejected} lines refused" if rejected else ""
        yield f"  {path}: {what}, {rows or 0} rows, {decision}{tail}"
        if reason:
            yield f"      {reason}"
    unread = _rows(
        con,
        "select file, string_agg(column_name, ', ' order by column_name) from raw.columns "
        "where mapped_to is null group by file order by file",
    )
    if unread:
        yield "Columns that are not read"
        for file, names in unread:
            yield f"  {file}: {names}"


def _whole(con: duckdb.DuckDBPyConnection) -> Iterator[str]:
    for query in tables.queries().values():
        if query.schema in ("crm", "core"):
            tables.build(con, query)
    yield "Deals"
    for source, deals, first, last in _rows(
        con,
        "select source, count(*), min(created_at)::date, max(coalesce(closed_at, created_at))"
        "::date from core.deals group by source order by source",
    ):
        yield f"  {source}: {deals} deals, {first} to {last}"
    for source, why, status, deals in _rows(
        con, "select source, why, status, count(*) from crm.removals group by all order by all"
    ):
        yield f"  {source}: {deals} {status or 'other'} deals left out as {why}"
    yield "Outcomes"
    for outcome, deals in _rows(
        con, "select outcome, count(*) from core.outcomes group by outcome order by 2 desc, 1"
    ):
        yield f"  {outcome}: {deals}"
    yield "What it can and cannot answer"
    for source, capability, value, detail in _rows(
        con, "select source, capability, value, detail from core.capabilities order by 1, 2"
    ):
        yield f"  {source}: {capability} = {value}{f' ({detail})' if detail else ''}"
    unmapped = _rows(
        con,
        "select reason, count(*) from core.outcomes where reason_class = 'unmapped' "
        "group by reason order by 2 desc, 1 limit 20",
    )
    if unmapped:
        yield "Loss reasons that no rule knows (number of deals). To map one, put a line such as"
        yield "the one shown into data/rules/loss_reasons.csv with the class that fits."
        for reason, deals in unmapped:
            pattern = re.escape(str(reason).lower()).replace('"', '""')
            yield f"  {deals:>6}  {reason}"
            yield f'          1,en,"^{pattern}$",other,'


def lines(night: Night) -> Iterator[str]:
    """The preview, line by line, from a warehouse in memory that is gone afterwards.

    Raises ExportError when nothing can be read.
    """
    with in_memory() as con:
        ingest.ingest(con, night.offered(), night.contracts, night.places.temp, night.options)
        seeds.write(
            con, RULES, night.settings.parameters(night.as_of_date), night.settings.mappings()
        )
        yield from _files(con)
        yield from _whole(con)
