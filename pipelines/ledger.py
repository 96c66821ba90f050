"""The ledger of nightly scores, and the record of how they turned out.

Each night leaves one parquet file, `<as_of>-<run>.parquet`, which nothing ever rewrites; a night
that replays a past day, or speaks of a day before one that the ledger already holds, leaves
`<as_of>-replayed-<run>.parquet`. Where a day has several, the last live one counts, else the last
replayed. A prediction is judged when its horizon has passed, by what the newest exports say.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import duckdb
import pandas as pd

from models.news import Before
from pipelines.night import Night
from pipelines.tables import store

TABLES = {
    "marts.track_record": "Past predictions whose horizon has passed, and what happened.",
    "marts.track_metrics": "How past predictions did: by horizon, kind of night and quarter.",
}
READS = frozenset({"core.outcomes", "core.deals", "core.parameters"})
REPLAYED = "replayed"
# From here on only the last night of each week is judged: a year of nights is 50 times this much.
MOST_ROWS = 1_000_000
# Stalled deals are flagged without a score; they have one line a night.
RANKED_HORIZON = 90
# As many nights back it is counted for how long a deal has been on the list.
NIGHTS_COUNTED = 100
# What a ledger file holds; files of earlier versions may lack the later columns.
COLUMNS = {
    "deal_id": "varchar",
    "predicted_on": "date",
    "horizon_days": "integer",
    "p_no_decision": "double",
    "p_no_decision_if_pursued": "double",
    "p_won": "double",
    "p_lost_to_competitor": "double",
    "p_disqualified": "double",
    "p_other": "double",
    "is_flagged": "boolean",
    "is_held_out": "boolean",
    "model": "varchar",
    "is_replayed": "boolean",
    "entry": "integer",
    "move": "varchar",
}
MISSING = {"is_flagged": "false", "is_held_out": "false", "is_replayed": "false", "entry": "0"}
# The ending of a prediction's deal by the day it fell due. `gone` and `excluded` deals are told
# apart and judge nothing: nobody knows how they would have ended.
JUDGED = """
with due as (
    select
        p.*,
        date_diff('day', date '1970-01-01', p.predicted_on) as predicted_day,
        date_diff('day', date '1970-01-01', p.predicted_on) + p.horizon_days as due_day
    from predictions p
)
select
    d.deal_id, d.predicted_on, d.horizon_days, d.p_no_decision,
    d.predicted_on + d.horizon_days as due_on,
    case
        when o.outcome is not null and o.outcome <> 'excluded'
            then o.outcome = 'no_decision' and o.event_day <= d.due_day
    end as happened,
    coalesce(o.outcome, 'gone') as outcome,
    case
        when o.outcome is null then 'gone'
        when o.outcome = 'excluded' then 'excluded'
        when o.outcome = 'open' or o.event_day > d.due_day then 'open'
        when o.outcome in ('seller_drop', 'unknown_loss') then 'other'
        else o.outcome
    end as ending,
    case
        when o.event_day <= d.due_day then date '1970-01-01' + cast(o.event_day as integer)
    end as ended_on,
    o.outcome is null or o.outcome = 'excluded' as is_censored,
    coalesce(o.event_day <= d.predicted_day, false) as is_dated_before,
    d.p_no_decision_if_pursued, d.p_won, d.p_lost_to_competitor, d.p_disqualified, d.p_other,
    d.is_flagged, d.is_held_out, d.is_replayed, d.model
from due d
left join core.outcomes o using (deal_id)
cross join core.parameters c
where d.due_day <= c.as_of_day and d.p_no_decision is not null
order by d.deal_id, d.predicted_on, d.horizon_days
"""
# Every open deal of the night: its scores, and whether the worklist flagged or held it out.
TONIGHT = """
select
    w.deal_id, cast($1 as date) as predicted_on, coalesce(s.horizon_days, $5) as horizon_days,
    s.p_no_decision, s.p_no_decision_if_pursued, s.p_won, s.p_lost_to_competitor,
    s.p_disqualified, s.p_other,
    w.is_flagged, w.is_held_out, $2 as model, $3 as is_replayed, $4 as entry, w.move
from marts.worklist w
left join marts.stall_scores s using (deal_id)
where s.deal_id is not null or w.is_flagged
order by w.deal_id, horizon_days
"""


@dataclass(frozen=True)
class Entry:
    """A file of the ledger: the day that it speaks of, and whether it was made after that day."""

    path: Path
    day: str
    is_replayed: bool


def entries(ledger: Path, *, before: str | None = None) -> list[Entry]:
    """What the ledger holds, oldest day first; only days before `before` (YYYY-MM-DD) if given."""
    found = [
        Entry(path, path.name[:10], path.name[10:].startswith(f"-{REPLAYED}-"))
        for path in sorted(ledger.glob("*.parquet"))
    ]
    return [entry for entry in found if before is None or entry.day < before]


def predictions(con: duckdb.DuckDBPyConnection, found: list[Entry]) -> None:
    """Make the temporary table `predictions`: of each day, the entry that counts."""
    con.execute(
        "create or replace temp table predictions ("
        + ", ".join(f"{name} {kind}" for name, kind in COLUMNS.items())
        + ", file varchar)"
    )
    if not found:
        return
    files = [str(entry.path) for entry in found]
    reading = "read_parquet($1, union_by_name = true, filename = true)"
    held = {
        name for name, *_ in con.execute(f"describe select * from {reading}", [files]).fetchall()
    }
    told = ", ".join(
        f"cast({name if name in held else MISSING.get(name, 'null')} as {kind}) as {name}"
        for name, kind in COLUMNS.items()
    )
    con.execute(
        f"""
        insert into predictions
        with every as (select {told}, filename as file from {reading}),
        kept as (
            select predicted_on, file from every group by predicted_on, file
            qualify row_number() over (
                partition by predicted_on
                order by coalesce(bool_or(is_replayed), false),
                    coalesce(max(entry), 0) desc, file desc
            ) = 1
        )
        select every.* replace (
            coalesce(is_flagged, false) as is_flagged,
            coalesce(is_held_out, false) as is_held_out,
            coalesce(is_replayed, false) as is_replayed
        )
        from every join kept using (predicted_on, file)
        """,
        [files],
    )


def held_out(con: duckdb.DuckDBPyConnection, found: list[Entry]) -> dict[str, bool]:
    """Each deal that a live night has flagged, and whether it was held out then.

    The mark is given once, by the first night that flagged the deal, and kept for its life.
    """
    predictions(con, [entry for entry in found if not entry.is_replayed])
    rows = con.execute(
        "select deal_id, arg_min(is_held_out, predicted_on) from predictions "
        "where is_flagged group by deal_id order by deal_id"
    ).fetchall()
    return {deal_id: bool(mark) for deal_id, mark in rows}


def last_night(con: duckdb.DuckDBPyConnection, found: list[Entry]) -> Before:
    """How the live night before this one left each deal that it flagged or scored.

    Of each source it is the last night that knew it; no more than NIGHTS_COUNTED are looked back.
    """
    live = [entry for entry in found if not entry.is_replayed]
    days = sorted({entry.day for entry in live})[-NIGHTS_COUNTED:]
    predictions(con, [entry for entry in live if entry.day in days])
    nights = """
        nights as (
            select source, predicted_on,
                row_number() over (partition by source order by predicted_on desc) as back
            from (select distinct split_part(deal_id, ':', 1) as source, predicted_on
                from predictions)
        )
    """
    last = con.execute(
        f"with {nights} select source, predicted_on from nights where back = 1 order by source"
    ).fetchall()
    # A deal's nights on the list are unbroken for as long as their places keep pace with the
    # nights'.
    deals = con.execute(
        f"""
        with {nights},
        flagged as (
            select p.deal_id, n.back,
                row_number() over (partition by p.deal_id order by n.back) as place
            from (select distinct deal_id, predicted_on from predictions where is_flagged) p
            join nights n
                on n.source = split_part(p.deal_id, ':', 1) and n.predicted_on = p.predicted_on
        ),
        streaks as (
            select deal_id, count(*) as nights_before from flagged where place = back group by all
        )
        select p.deal_id, p.is_flagged as was_flagged, p.move as move_before,
            p.p_no_decision_if_pursued as risk_before,
            coalesce(s.nights_before, 0) as nights_before
        from predictions p
        join nights n
            on n.source = split_part(p.deal_id, ':', 1) and n.predicted_on = p.predicted_on
        left join streaks s using (deal_id)
        where n.back = 1 and p.horizon_days = $1
        order by p.deal_id
        """,
        [RANKED_HORIZON],
    ).df()
    return Before(dict(last), deals)


def last_flags(con: duckdb.DuckDBPyConnection, found: list[Entry], days: int) -> pd.DataFrame:
    """Deals that live nights have flagged, and the day on which each was flagged last.

    Columns deal_id and flagged_on. Of each source, the last night that knew it and the `days`
    before it are asked. Nights that a later one of the same day replaced are asked too: what they
    published may have been used.
    """
    files = [str(entry.path) for entry in found if not entry.is_replayed]
    nothing = pd.DataFrame({"deal_id": [], "flagged_on": []})
    if not files:
        return nothing
    reading = "read_parquet($1, union_by_name = true)"
    told = con.execute(f"describe select * from {reading}", [files]).fetchall()
    if "is_flagged" not in {name for name, *_ in told}:
        return nothing
    return con.execute(
        f"""
        with every as (
            select deal_id, predicted_on, coalesce(is_flagged, false) as is_flagged,
                max(predicted_on) over (partition by split_part(deal_id, ':', 1)) as last_on
            from {reading}
        )
        select deal_id, max(predicted_on) as flagged_on
        from every
        where is_flagged and predicted_on >= last_on - cast($2 as integer)
        group by deal_id
        order by deal_id
        """,
        [files, days],
    ).df()


def remember(
    con: duckdb.DuckDBPyConnection, ledger: Path, as_of: str, run: str, *, is_replayed: bool
) -> Path:
    """Keep tonight's scores and the worklist's marks; the file, which is never written twice.

    A night that speaks of a day before the newest live one was made after the fact, and is kept as
    replayed too.
    """
    ledger.mkdir(parents=True, exist_ok=True)
    kept = entries(ledger)
    late = is_replayed or any(not entry.is_replayed and entry.day > as_of for entry in kept)
    place = ledger / (f"{as_of}-{REPLAYED}-{run}.parquet" if late else f"{as_of}-{run}.parquet")
    if place.exists():
        return place
    same = [entry for entry in kept if entry.day == as_of and entry.is_replayed == late]
    card = dict(con.execute("select key, value from marts.model_card").fetchall())
    aside = place.with_suffix(".tmp")
    con.execute(
        f"create or replace temp table tonight as {TONIGHT}",
        [as_of, card.get("published_model"), late, len(same) + 1, RANKED_HORIZON],
    )
    target = str(aside).replace("'", "''")
    con.execute(f"copy (from tonight) to '{target}' (format parquet, compression zstd)")
    con.execute("drop table tonight")
    aside.replace(place)
    return place


def _thinned(con: duckdb.DuckDBPyConnection) -> None:
    """Leave one night of each week, its last, where more would fill a page's tables with copies."""
    rows = con.execute("select count(*) from predictions").fetchall()[0][0]
    if rows > MOST_ROWS:
        con.execute(
            "delete from predictions where predicted_on not in ("
            "select max(predicted_on) from predictions group by date_trunc('week', predicted_on))"
        )


def as_of_text(con: duckdb.DuckDBPyConnection) -> str:
    """The day that this night speaks of, YYYY-MM-DD."""
    rows = con.execute(
        "select strftime(date '1970-01-01' + as_of_day, '%Y-%m-%d') from core.parameters"
    ).fetchall()
    return str(rows[0][0])


def judged(con: duckdb.DuckDBPyConnection, ledger: Path) -> pd.DataFrame:
    """Every kept prediction of an earlier day that is due, and what became of its deal."""
    predictions(con, entries(ledger, before=as_of_text(con)))
    _thinned(con)
    return con.sql(JUDGED).df()


def run(con: duckdb.DuckDBPyConnection, night: Night) -> None:
    """Judge what is due, and say how it did."""
    from models.track import track_metrics

    record = judged(con, night.places.ledger)
    metrics = track_metrics(record, night.settings.model.seed)
    store(con, {"marts.track_record": record, "marts.track_metrics": metrics}, TABLES)
