"""What somebody must be told of a night: once, again when it lasts, and when it is over.

What stands is worked out anew each time, from the notes of failed nights, the verdicts of the
checks and the age of what was read; what was told already is kept beside the warehouse. Here, and
for nothing that is published, the clock counts: exports are old by today's date.
"""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import duckdb

from pipelines import channels, checks
from pipelines.channels import ChannelError, Message
from pipelines.checks import Verdict
from pipelines.night import SAMPLE, Night
from pipelines.unattended import Kind

DRIFT_CHECK = "model_has_drifted"


@dataclass(frozen=True)
class Alert:
    """One trouble. `detail` may hold words of the exports, `title` never does."""

    kind: Kind
    about: str
    title: str
    detail: str = ""

    @property
    def key(self) -> str:
        """The same trouble has the same key, whatever the numbers in its words are tonight."""
        return f"{self.kind} {re.sub(r'[0-9]+', '#', self.about)}".strip()


@dataclass(frozen=True)
class Told:
    """What was told, and which channels failed and why."""

    messages: tuple[Message, ...] = ()
    errors: tuple[str, ...] = ()


def _failures(night: Night, kind: Kind) -> Iterator[Alert]:
    """Nights that failed since the last report: stopped by a check, or otherwise."""
    for path in sorted(night.places.failed.glob("*.json")):
        note = json.loads(path.read_text(encoding="utf-8"))
        own = "blocking_check" if note["is_check"] else "failure"
        if note["told_by"] is None and own == kind:
            what = "The check" if kind == "blocking_check" else "The night failed at"
            end = " stopped the night." if kind == "blocking_check" else "."
            yield Alert(
                kind,
                f"{note['step']}: {note['reason']}",
                f"{what} {note['step']}{end} The last good report stays.",
                note["reason"],
            )


def _as_of_day(con: duckdb.DuckDBPyConnection) -> int | None:
    """The newest day of the exports; None where no night has come so far."""
    there = con.execute(
        "select 1 from information_schema.tables "
        "where table_schema = 'core' and table_name = 'parameters'"
    ).fetchall()
    if not there:
        return None
    rows = con.execute("select as_of_day from core.parameters").fetchall()
    return rows[0][0] if rows else None


def _stale(as_of_day: int, night: Night, now: datetime) -> Iterator[Alert]:
    as_of = date(1970, 1, 1) + timedelta(days=as_of_day)
    age = (now.date() - as_of).days
    if age > night.settings.alerts.stale_days and night.exports_path != SAMPLE:
        yield Alert(
            "stale_exports",
            "",
            f"The newest stamp in the exports is of {as_of}, {age} days ago: "
            "the report is as old as they are.",
        )


def _drift(verdict: Verdict) -> Iterator[Alert]:
    if not verdict.passed:
        yield Alert(
            "drift",
            "",
            "What the model is told, or what its percentages mean, has moved since it was trained.",
            verdict.detail,
        )


def _overdue(night: Night, now: datetime) -> Iterator[Alert]:
    """No night has ended well for too long: the schedule itself may be broken."""
    latest = night.places.published / "latest"
    if latest.is_symlink():
        ended = datetime.fromtimestamp(latest.lstat().st_mtime, UTC)
        hours = (now - ended) / timedelta(hours=1)
        if hours > night.settings.alerts.overdue_hours:
            yield Alert(
                "overdue",
                "",
                f"No night has ended well for {hours:.0f} hours, since {ended:%Y-%m-%d %H:%M} UTC.",
            )


@dataclass(frozen=True)
class Standing:
    """What is wrong now, and of which kinds it is known whether anything is."""

    alerts: tuple[Alert, ...]
    known: frozenset[Kind]


def standing(night: Night, con: duckdb.DuckDBPyConnection | None, now: datetime) -> Standing:
    """What is wrong now, of the kinds that the settings ask for.

    Without a connection, or where a night has not come so far, nothing is known of the exports' age
    and of drift.
    """
    looked: dict[Kind, Iterator[Alert]] = {
        "failure": _failures(night, "failure"),
        "blocking_check": _failures(night, "blocking_check"),
        "overdue": _overdue(night, now),
    }
    day = None if con is None else _as_of_day(con)
    if day is not None:
        looked["stale_exports"] = _stale(day, night, now)
    verdict = None if con is None else checks.said(con, DRIFT_CHECK)
    if verdict is not None:
        looked["drift"] = _drift(verdict)
    wanted = {kind: found for kind, found in looked.items() if kind in night.settings.alerts.on}
    one_each = {alert.key: alert for found in wanted.values() for alert in found}
    return Standing(tuple(one_each.values()), frozenset(wanted))


def _message(alert: Alert, night: Night, now: datetime, *, is_over: bool) -> Message:
    wanted = night.settings.alerts
    lines = [alert.title]
    if wanted.details and alert.detail and not is_over:
        lines.append(alert.detail)
    if wanted.pages_at:
        lines.append(f"Pages: {wanted.pages_at}")
    lines.append(f"Look closer there with: nodecision doctor (in {night.places.warehouse.parent})")
    word = "over" if is_over else alert.kind.replace("_", " ")
    return Message(f"nodecision: {word}", "\n".join(lines), now)


def due(
    night: Night, found: Standing, now: datetime
) -> tuple[list[Message], dict[str, dict[str, str]]]:
    """The messages that are due, and what is to be remembered once they are sent.

    New troubles, those last told `remind_days` ago, and those that were told and are known to be
    over.
    """
    place = night.places.alerts / "told.json"
    told = json.loads(place.read_text(encoding="utf-8")) if place.exists() else {}
    again = timedelta(days=night.settings.alerts.remind_days)
    messages = []
    for alert in found.alerts:
        last = told.get(alert.key, {}).get("last")
        if last is None or now - datetime.fromisoformat(last) >= again:
            messages.append(_message(alert, night, now, is_over=False))
            told[alert.key] = {
                "kind": alert.kind,
                "about": alert.about,
                "title": alert.title,
                "last": now.isoformat(),
            }
    for key in sorted(told.keys() - {alert.key for alert in found.alerts}):
        if told[key]["kind"] in found.known:
            was = told.pop(key)
            over = Alert(was["kind"], was["about"], f"No longer so: {was['title']}")
            messages.append(_message(over, night, now, is_over=True))
    return messages, told


def send(night: Night, messages: Sequence[Message]) -> tuple[str, ...]:
    """Put messages through every channel and on record; what failed, in words."""
    errors: dict[str, None] = {}
    for message in messages:
        own = []
        for channel in channels.wanted(night.settings.alerts).values():
            try:
                channel(message)
            except ChannelError as error:
                own.append(str(error))
        channels.keep(message, own, night.places.alerts / "messages.txt")
        errors |= dict.fromkeys(own)
    return tuple(errors)


def tell(
    night: Night,
    con: duckdb.DuckDBPyConnection | None,
    now: datetime,
    *,
    is_dry: bool = False,
) -> Told:
    """Tell what is due. What no channel took is told again the next time.

    A replayed night tells nothing: it is of the past.
    """
    if night.as_of_date is not None:
        return Told()
    messages, remembered = due(night, standing(night, con, now), now)
    if is_dry or not messages:
        return Told(tuple(messages))
    errors = send(night, messages)
    if len(errors) < max(len(channels.wanted(night.settings.alerts)), 1):
        place = night.places.alerts / "told.json"
        aside = place.with_suffix(".new")
        aside.write_text(json.dumps(remembered, indent=1, ensure_ascii=False), encoding="utf-8")
        aside.replace(place)
    return Told(tuple(messages), errors)
