"""One deal, followed from the lines of its exports to its outcome, strategy and score."""

import json
from collections.abc import Iterator
from datetime import date, timedelta

import duckdb

from pipelines import ledger
from pipelines.night import Night

# Columns of raw tables that may hold a deal's own id.
DEAL_COLUMNS = ("id", "opportunity_id", "what_id", "related_to_id", "case_id", "deal_id")
DEAL_TABLES = {"id": ("salesforce_opportunity",)}
NIGHTS_SHOWN = 12
HORIZON_DAYS = 90


class NoSuchDeal(LookupError):
    """No deal of the warehouse has that id, or several have."""


def _find(con: duckdb.DuckDBPyConnection, wanted: str) -> tuple[str, str, str]:
    """The deal's id, its source and its id there."""
    found = con.execute(
        "select deal_id, source, source_id from core.deals "
        "where $1 in (deal_id, source_id) or left(source_id, 15) = $1 order by deal_id",
        [wanted],
    ).fetchall()
    if len(found) == 1:
        return found[0]
    if found:
        ids = ", ".join(deal_id for deal_id, *_ in found)
        raise NoSuchDeal(f"{wanted!r} could be any of {ids}. Name one of these.")
    gone = con.execute(
        "select deal_id, why, survivor_id from core.removals where $1 = deal_id "
        "or right(deal_id, length($1) + 1) = ':' || $1 order by deal_id",
        [wanted],
    ).fetchall()
    if gone:
        deal_id, why, survivor = gone[0]
        into = f"; it lives on as {survivor}" if survivor else ""
        raise NoSuchDeal(f"{deal_id} is no deal any more ({why}){into}.")
    raise NoSuchDeal(
        f"no deal has the id {wanted!r}. Ids are those of the CRM; the worklist lists them."
    )


def _export_lines(con: duckdb.DuckDBPyConnection, source: str, source_id: str) -> Iterator[str]:
    columns = con.execute(
        "select table_name, column_name from duckdb_columns() where schema_name = 'raw' "
        "and database_name = current_database() and table_name in (select view_name "
        "from duckdb_views() where schema_name = 'raw' and database_name = current_database()) "
        "order by table_name, column_name"
    ).fetchall()
    by_table: dict[str, list[str]] = {}
    for table, column in columns:
        own = table == f"{source}_deal"
        is_key = column in DEAL_COLUMNS and table in DEAL_TABLES.get(column, (table,))
        if table.startswith(source) and (is_key or (own and column == "id")):
            by_table.setdefault(table, []).append(column)
    for table, names in by_table.items():
        condition = " or ".join(f"cast({name} as varchar) = $1" for name in names)
        rows = con.execute(
            f"select _file, string_agg(_line::varchar, ', ' order by _line) from raw.{table} "
            f"where {condition} group by _file order by _file",
            [source_id],
        ).fetchall()
        for file, numbers in rows:
            yield f"  {file}: line {numbers}"


# Signals, stalls and the grace are of whole days, known at their end.
TIMELINE = """
select strftime(happened, '%Y-%m-%d %H:%M'), what from (
    select d.created_at as happened, 'created' as what, 0 as tie
        from core.deals d where d.deal_id = $1
    union all
    select changed_at, 'stage: ' || coalesce(from_stage, '(new)') || ' -> ' || to_stage
        || case when is_bulk then '  (bulk change)' else '' end, 1
        from core.stage_changes where deal_id = $1
    union all
    select changed_at, 'expected close: ' || coalesce(from_on::varchar, '(none)') || ' -> '
        || coalesce(to_on::varchar, '(none)') || case when is_push then '  (push)' else '' end, 2
        from core.close_date_changes where deal_id = $1
    union all
    select changed_at, 'amount: ' || coalesce(format('{:,.0f}', from_amount), '(none)') || ' -> '
        || coalesce(format('{:,.0f}', to_amount), '(none)'), 2
        from core.amount_changes where deal_id = $1
    union all
    select changed_at, 'owner: ' || coalesce(from_seller_id, '(none)') || ' -> '
        || coalesce(to_seller_id, '(none)'), 2 from core.owner_changes where deal_id = $1
    union all
    select added_at, 'person: ' || coalesce(role, 'role unknown')
        || case when seniority = 'senior' then ', senior' else '' end, 3
        from core.deal_contacts where deal_id = $1
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
        || coalesce(due_on::varchar, 'unknown')
        || case when kept_at is null then '' else ', kept ' || cast(kept_at as date) end, 5
        from core.commitments where deal_id = $1
    union all
    select date '1970-01-01' + stalled_day + to_seconds(86399),
        '== STALL' || case when broken_day is null
        then ', not broken since' else ', broken on '
        || strftime(date '1970-01-01' + broken_day, '%Y-%m-%d') end, 6
        from core.stalls where deal_id = $1
    union all
    select signal_at + to_seconds(86399), '== INDECISION SIGNAL: ' || signal, 7
        from features.decision_points where deal_id = $1
    union all
    select signal_at + to_days(c.grace_days) + to_seconds(86399),
        '== end of grace, ' || c.grace_days || ' days after the signal', 8
        from features.decision_points, core.parameters c
        where deal_id = $1 and signal_at + to_days(c.grace_days) <= c.as_of
    union all
    select closed_at, '== CLOSED: ' || status, 9 from core.deals
        where deal_id = $1 and closed_at is not null
) where happened is not null order by happened, tie, what
"""
# Touches after the signal, and the widest gap between them, as features.strategies counts them.
TOUCHES = """
with span as (
    select p.deal_id, p.signal_day, least(p.signal_day + c.chase_days,
        coalesce(d.closed_day, c.as_of_day), c.as_of_day) as last_day
    from features.decision_points p join core.deals d using (deal_id), core.parameters c
    where p.deal_id = $1
),
days as (
    select signal_day as day from span
    union select last_day from span
    union select a.happened_day from core.activities a join span s using (deal_id)
    where a.is_touch and a.happened_day > s.signal_day and a.happened_day <= s.last_day
)
select
    (select count(*) from core.activities a join span s using (deal_id)
        where a.is_touch and a.happened_day > s.signal_day and a.happened_day <= s.last_day),
    (select max(gap) from (select day - lag(day) over (order by day) as gap from days)),
    (select last_day - signal_day from span)
"""
WHY = {
    "disqualify": "the seller ended it by their own act, within the grace of {grace} days",
    "help_decide": "within the grace of {grace} days the buyer gave a dated promise, or one of our "
    "options was taken off the table",
    "chase": "{touches} touches in {days} days, never more than {gap_allowed} days apart",
    "wait": "{touches} touches in {days} days, {gap} days apart at the widest; "
    "chasing allows {gap_allowed}",
    "unresolved": "the grace of {grace} days is not over",
}


def _strategy(con: duckdb.DuckDBPyConnection, deal_id: str) -> Iterator[str]:
    points = con.execute(
        "select signal, cast(signal_at as date), strategy, cast(strategy_at as date), "
        "is_eligible, ineligible_reason from features.decision_points where deal_id = $1",
        [deal_id],
    ).fetchall()
    if not points:
        yield "Strategy: no indecision signal"
        return
    grace, allowed = con.execute(
        "select grace_days, chase_gap_days from core.parameters"
    ).fetchall()[0]
    touches, gap, days = con.execute(TOUCHES, [deal_id]).fetchall()[0]
    for signal, at, strategy, when, eligible, why in points:
        counted = "counted in the comparison" if eligible else f"not counted: {why}"
        yield f"Strategy after {signal} on {at}: {strategy} ({when or 'no act'}); {counted}"
        told = {"grace": grace, "gap_allowed": allowed, "touches": touches, "gap": gap or 0}
        yield f"  because {WHY[strategy].format(**told, days=days)}"


def _outcome(con: duckdb.DuckDBPyConnection, deal_id: str) -> Iterator[str]:
    for outcome, rule, reason, stalled in con.execute(
        "select outcome, rule, reason, cast(stalled_at as date) from core.outcomes "
        "where deal_id = $1",
        [deal_id],
    ).fetchall():
        yield f"Outcome: {outcome} (rule {rule}; reason {reason or 'none given'})"
        if stalled is not None:
            yield f"  stalled since {stalled}"


def _landmark(con: duckdb.DuckDBPyConnection, deal_id: str) -> Iterator[str]:
    """What was known at the end of the last week in which the deal was open."""
    from models.features import IDEAS

    found = con.execute(
        "select * from features.snapshots where deal_id = $1 order by week limit 1", [deal_id]
    )
    names = [name for name, *_ in found.description or []]
    rows = found.fetchall()
    if not rows:
        yield "What was known: no week's end fell while it was open"
        return
    known = dict(zip(names, rows[0], strict=True))
    on = date(1970, 1, 1) + timedelta(days=int(known["snapshot_day"]))
    yield f"What was known at the end of {on}"
    for idea, features in IDEAS.items():
        told = ", ".join(f"{name} {_value(known.get(name))}" for name in features)
        yield f"  {idea}: {told}"


def _value(value: object) -> str:
    if value is None or (isinstance(value, float) and value != value):
        return "unknown"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:,.2f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)


def _reasons(drivers: str | None) -> Iterator[str]:
    for driver in json.loads(drivers) if drivers else []:
        among = f" of {driver['n']} deals" if driver.get("n") else ""
        where = f" in stage {driver['stage']}" if driver.get("stage") else ""
        yield (
            f"  because of {driver['idea']}: {driver['feature']} = {_value(driver['value'])} "
            f"(usual {_value(driver['reference'])}{among}{where}), "
            f"{driver['contribution']:+.2f} on the log-odds"
        )


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
    yield from _reasons(next((found[5] for found in scored if found[5]), None))


def _worklist(con: duckdb.DuckDBPyConnection, deal_id: str) -> Iterator[str]:
    for move, held in con.execute(
        "select move, is_held_out from marts.worklist where deal_id = $1", [deal_id]
    ).fetchall():
        yield f"Worklist: {move.replace('_', ' ')}"
        if held:
            yield "  held out by lot when first flagged: pursue it as if it had no flag"


def _past(con: duckdb.DuckDBPyConnection, night: Night, deal_id: str) -> Iterator[str]:
    ledger.predictions(con, ledger.entries(night.places.ledger))
    rows = con.execute(
        "select predicted_on, p_no_decision, p_no_decision_if_pursued, is_flagged, is_held_out, "
        "is_replayed, model from predictions where deal_id = $1 and horizon_days = $2 "
        "order by predicted_on",
        [deal_id, HORIZON_DAYS],
    ).fetchall()
    if not rows:
        yield "Earlier nights: the ledger holds no score of this deal"
        return
    yield f"No decision within {HORIZON_DAYS} days, as nights before have scored it"
    if len(rows) > NIGHTS_SHOWN:
        yield f"  ({len(rows) - NIGHTS_SHOWN} earlier nights left out)"
    for on, p, pursued, flagged, held, replayed, model in rows[-NIGHTS_SHOWN:]:
        score = "no score (stalled)" if p is None else f"{p:.0%}"
        score += "" if pursued is None else f", if pursued {pursued:.0%}"
        marks = [
            word
            for word, said in (
                ("flagged", flagged),
                ("held out", held),
                ("replayed", replayed),
                (f"by {model}", model is not None),
            )
            if said
        ]
        yield f"  {on}  {score}" + (f"  ({', '.join(marks)})" if marks else "")


def lines(night: Night, wanted: str) -> Iterator[str]:
    """The story, line by line. Raises NoSuchDeal, or WarehouseError before the first run."""
    with night.open(read_only=True) as con:
        deal_id, source, source_id = _find(con, wanted)
        name, status, stage, created, closed = con.execute(
            "select name, status, stage, cast(created_at as date), cast(closed_at as date) "
            "from core.deals where deal_id = $1",
            [deal_id],
        ).fetchall()[0]
        as_of, override = con.execute(
            "select cast(as_of as date), as_of_override_day from core.parameters"
        ).fetchall()[0]
        replayed = "" if override is None else ", replayed: what was known then"
        yield f"{deal_id}  {name or '(no name)'}"
        yield f"  as of {as_of}{replayed}"
        stands = f"stage {stage or 'unknown'}, created {created}, closed {closed or 'not yet'}"
        yield f"  {status}, {stands}"
        yield "Lines of the exports"
        yield from _export_lines(con, source, source_id)
        yield "What happened"
        for at, what in con.execute(TIMELINE, [deal_id]).fetchall():
            yield f"  {at}  {what}"
        yield from _outcome(con, deal_id)
        yield from _strategy(con, deal_id)
        yield from _landmark(con, deal_id)
        yield from _score(con, deal_id)
        yield from _worklist(con, deal_id)
        yield from _past(con, night, deal_id)
