"""One deal, followed from the lines of its exports to its outcome, strategy and score."""

import json
from collections.abc import Iterator

import duckdb

from pipelines.night import Night

# Columns of raw tables that may hold a deal's own id.
DEAL_COLUMNS = ("id", "opportunity_id", "what_id", "related_to_id", "case_id")
DEAL_TABLES = {"id": ("salesforce_opportunity",)}


class NoSuchDeal(LookupError):
    """No deal of the warehouse has that id."""


def _find(con: duckdb.DuckDBPyConnection, wanted: str) -> tuple[str, str]:
    found = con.execute(
        "select deal_id, source_id from core.deals "
        "where $1 in (deal_id, source_id) or left(source_id, 15) = $1 order by deal_id",
        [wanted],
    ).fetchall()
    if not found:
        raise NoSuchDeal(
            f"no deal has the id {wanted!r}. Ids are those of the CRM; the worklist lists them."
        )
    if len(found) > 1:
        ids = ", ".join(deal_id for deal_id, _ in found)
        raise NoSuchDeal(f"{wanted!r} could be any of {ids}. Name one of these.")
    return found[0]


def _export_lines(con: duckdb.DuckDBPyConnection, source_id: str) -> Iterator[str]:
    columns = con.execute(
        "select table_name, column_name from duckdb_columns() where schema_name = 'raw' "
        "and database_name = current_database() and table_name in (select view_name "
        "from duckdb_views() where schema_name = 'raw' and database_name = current_database()) "
        "order by table_name, column_name"
    ).fetchall()
    by_table: dict[str, list[str]] = {}
    for table, column in columns:
        if column in DEAL_COLUMNS and table in DEAL_TABLES.get(column, (table,)):
            by_table.setdefault(table, []).append(column)
    for table, names in by_table.items():
        condition = " or ".join(f"{name} = $1" for name in names)
        rows = con.execute(
            f"select _file, string_agg(_line::varchar, ', ' order by _line) from raw.{table} "
            f"where {condition} group by _file order by _file",
            [source_id],
        ).fetchall()
        for file, numbers in rows:
            yield f"  {file}: line {numbers}"


TIMELINE = """
select happened, what from (
    select changed_at as happened, 'stage: ' || coalesce(from_stage, '(new)') || ' -> ' || to_stage
        as what, 1 as tie from core.stage_changes where deal_id = $1
    union all
    select changed_at, 'expected close: ' || coalesce(from_on::varchar, '(none)') || ' -> '
        || coalesce(to_on::varchar, '(none)') || case when is_push then '  (push)' else '' end, 2
        from core.close_date_changes where deal_id = $1
    union all
    select happened_at, direction || ' ' || kind || ' (' || status || ')'
        || case when is_automatic then ', automatic' else '' end
        || case when is_sign_of_life then ', sign of life' else '' end
        || case when topic is not null and topic <> 'other' then ', ' || topic else '' end, 3
        from core.activities where deal_id = $1
    union all
    select offered_at, 'option: ' || kind, 4 from core.options where deal_id = $1
    union all
    select made_at, 'commitment by ' || made_by || ', due '
        || coalesce(due_on::varchar, 'unknown'), 5 from core.commitments where deal_id = $1
    union all
    select date '1970-01-01' + stalled_day, 'STALL'
        || case when broken_day is null then '' else ' (broken later)' end, 6
        from core.stalls where deal_id = $1
    union all
    select signal_at, 'INDECISION SIGNAL: ' || signal, 7 from features.decision_points
        where deal_id = $1
) order by happened, tie, what
"""


def _score(con: duckdb.DuckDBPyConnection, deal_id: str) -> Iterator[str]:
    scored = con.execute(
        "select horizon_days, p_no_decision, p_won, p_no_decision_if_pursued, "
        "p_won_if_pursued, drivers from marts.stall_scores where deal_id = $1 "
        "order by horizon_days",
        [deal_id],
    ).fetchall()
    if not scored:
        yield "Score: none (only open deals that have not stalled are scored)"
        return
    yield "Score"
    for days, stall, won, stall_pursued, won_pursued, _ in scored:
        yield (
            f"  within {days} days: no decision {stall:.0%}, won {won:.0%}; "
            f"if pursued: no decision {stall_pursued:.0%}, won {won_pursued:.0%}"
        )
    drivers = next((found[5] for found in scored if found[5]), None)
    for driver in json.loads(drivers) if drivers else []:
        yield (
            f"  because of {driver['idea']}: {driver['feature']} = {driver['value']} "
            f"(usual {driver['reference']}), {driver['contribution']:+.2f} on the log-odds"
        )


def lines(night: Night, wanted: str) -> Iterator[str]:
    """The story, line by line. Raises NoSuchDeal, or WarehouseError before the first run."""
    with night.open(read_only=True) as con:
        deal_id, source_id = _find(con, wanted)
        name, status, stage, created, closed = con.execute(
            "select name, status, stage, created_at, closed_at from core.deals where deal_id = $1",
            [deal_id],
        ).fetchall()[0]
        yield f"{deal_id}  {name}"
        yield f"  {status}, stage {stage}, created {created}, closed {closed or 'not yet'}"
        yield "Lines of the exports"
        yield from _export_lines(con, source_id)
        yield "What happened"
        for at, what in con.execute(TIMELINE, [deal_id]).fetchall():
            yield f"  {at}  {what}"
        for outcome, rule, reason, stalled in con.execute(
            "select outcome, rule, reason, stalled_at from core.outcomes where deal_id = $1",
            [deal_id],
        ).fetchall():
            yield f"Outcome: {outcome} (rule {rule}; reason {reason or 'none given'})"
            if stalled is not None:
                yield f"  stalled since {stalled}"
        points = con.execute(
            "select signal, signal_at, strategy, strategy_at, is_eligible, ineligible_reason "
            "from features.decision_points where deal_id = $1",
            [deal_id],
        ).fetchall()
        if not points:
            yield "Strategy: no indecision signal"
        for signal, at, strategy, when, eligible, why in points:
            counted = "counted in the comparison" if eligible else f"not counted: {why}"
            yield f"Strategy after {signal} on {at}: {strategy} ({when or 'no act'}); {counted}"
        yield from _score(con, deal_id)
