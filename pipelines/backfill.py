"""The track record of nights before the first: past days scored on what was known by their end.

Each night is made from the warehouse of the last run, in a catalog of its own that is gone
afterwards, and leaves one file in the ledger. The newest exports judge it later, as any other.
"""

import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

import duckdb

from pipelines import ledger, publish, replay, rewind, tables, train, worklist
from pipelines.night import Night
from pipelines.replay import ReplayError
from pipelines.tables import store
from pipelines.warehouse import WarehouseError

DAYS_IN = {"d": 1, "w": 7}
# What the scores and the worklist of a night are made from.
WANTED = tuple(sorted(name for name in train.READS | worklist.READS if name in tables.queries()))


@dataclass(frozen=True)
class Asked:
    """The nights to replay: from a day, every so many days, until a day or the newest known."""

    first: date
    until: date | None
    every_days: int


def asked(first: str, until: str | None, every: str) -> Asked:
    """What was asked for. Raises ValueError in words for a person."""

    def day(option: str, text: str) -> date:
        try:
            return date.fromisoformat(text)
        except ValueError as error:
            raise ValueError(f"{option} {text!r}: {error}. Write YYYY-MM-DD.") from error

    step = re.fullmatch(r"([1-9]\d{0,3})([dw])", every)
    if step is None:
        raise ValueError(f"--every {every!r}: write a number of days or weeks, as 10d or 4w.")
    start, end = day("--from", first), None if until is None else day("--until", until)
    if end is not None and end < start:
        raise ValueError(f"--until {end} lies before --from {start}.")
    return Asked(start, end, int(step[1]) * DAYS_IN[step[2]])


def nights(wanted: Asked, newest: date) -> list[date]:
    """The days to replay, oldest first."""
    last = newest if wanted.until is None else wanted.until
    count = max((last - wanted.first).days // wanted.every_days, 0)
    return [wanted.first + timedelta(days=wanted.every_days * n) for n in range(count + 1)]


def _span(con: duckdb.DuckDBPyConnection, first: date, last: date | None) -> date:
    """The newest day of the warehouse. Raises ReplayError when the days lie outside of it."""
    override, first_day, newest_day = con.execute(
        "select as_of_override_day, first_day, as_of_day from core.parameters"
    ).fetchall()[0]
    if override is not None:
        raise ReplayError(
            "the warehouse holds a replayed night, which knows nothing after its own day. "
            "Run `nodecision run` without --as-of first."
        )
    for day in (first, last or first):
        replay.refuse_impossible(day, first_day, newest_day)
    return date(1970, 1, 1) + timedelta(days=int(newest_day))


def _one(con: duckdb.DuckDBPyConnection, night: Night, day: date) -> str:
    """Replay one night into the ledger; what came of it, in words."""
    then = Night(settings_path=night.settings_path, home=night.home, as_of=day.isoformat())
    catalog = con.execute("select current_database()").fetchall()[0][0]
    run = publish.run_id(con, then, day.isoformat())
    rewind.rebuild_until(con, (day - date(1970, 1, 1)).days, frozen=(), wanted=WANTED)
    try:
        con.execute("use rewound")
        found = train.trained(con, then)
        store(
            con,
            {"marts.stall_scores": found.scores, "marts.model_card": found.card},
            train.TABLES,
        )
        worklist.run(con, then, is_whole=False)
        ledger.remember(con, then.places.ledger, day.isoformat(), run, is_replayed=True)
    finally:
        con.execute(f"use {catalog}")
        con.execute("detach rewound")
    scored = found.scores["deal_id"].nunique()
    return f"{scored} open deals scored, by {found.fit.published} ({found.fit.reason})"


def lines(night: Night, wanted: Asked) -> Iterator[str]:
    """Replay every night that the ledger lacks; one line a night.

    Raises ReplayError for days that the warehouse does not cover, WarehouseError without one.
    """
    # A connection that only reads cannot hold a catalog in memory beside; nothing is written.
    if not night.places.warehouse.exists():
        raise WarehouseError(f"{night.places.warehouse}: no warehouse yet. Run `nodecision run`.")
    with night.open() as con:
        newest = _span(con, wanted.first, wanted.until)
        for day in nights(wanted, newest):
            # Asked anew each time: another process may have been here.
            if any(entry.day == day.isoformat() for entry in ledger.entries(night.places.ledger)):
                yield f"{day}  in the ledger already"
                continue
            started = time.monotonic()
            told = _one(con, night, day)
            yield f"{day}  {told}, {time.monotonic() - started:.0f} s"
    yield f"Ledger: {night.places.ledger}. The next `nodecision run` judges what is due."
