"""Event logs in XES, read as a stream: never more than one batch of events in memory.

XES is IEEE 1849. Only what a contract names is kept of the attributes of a case and its events.
"""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import NoReturn
from unicodedata import normalize
from xml.parsers import expat

import duckdb
import pyarrow as pa

from pipelines.contracts import EVENT_COLUMNS, ROLES, Column, Log, best_log, header_key
from pipelines.exports import BLOCK, ExportError, Offered
from pipelines.values import sql_type

BATCH = 20_000
YEARS = range(2000, 2100)
ACTIVITIES_SHOWN = 20
VALUE_SHOWN = 200
LINE_REFUSED = "an event needs this, and it is missing or unreadable"
VALUE_UNKNOWN = "cannot be read, or out of range; kept as unknown"

Attributes = dict[str, str]


class _Depths:
    """Follows the elements of a log and keeps the events of the blocks fed so far.

    Attributes may hold attributes of their own, which are not the event's: only the children of
    a trace or an event count.
    """

    def __init__(self, label: str) -> None:
        self.label = label
        self.parser = expat.ParserCreate(namespace_separator=None)
        self.parser.StartElementHandler = self.start
        self.parser.EndElementHandler = self.end
        self.parser.StartDoctypeDeclHandler = self.refuse
        self.depth = 0
        self.trace_depth = self.event_depth = -1
        self.trace: Attributes = {}
        self.event: Attributes = {}
        self.has_events = False
        self.events: list[tuple[Attributes, Attributes]] = []

    def refuse(self, *_: object) -> NoReturn:
        raise ExportError(
            f"{self.label}: XML with a document type is not read, as it could grow without "
            "bound. Export plain XES."
        )

    def start(self, name: str, attributes: Attributes) -> None:
        self.depth += 1
        if self.event_depth >= 0:
            if self.depth == self.event_depth + 1 and "key" in attributes:
                self.event[attributes["key"]] = attributes.get("value", "")
            return
        local = name.rsplit(":", 1)[-1]
        if self.trace_depth < 0:
            if local == "trace":
                self.trace_depth, self.trace, self.has_events = self.depth, {}, False
        elif self.depth == self.trace_depth + 1:
            if local == "event":
                self.event_depth, self.event, self.has_events = self.depth, {}, True
            elif "key" in attributes:
                if self.has_events:
                    raise ExportError(
                        f"{self.label}, line {self.parser.CurrentLineNumber}: the case attribute "
                        f"{attributes['key']!r} stands after events. Export plain XES (IEEE 1849)."
                    )
                self.trace[attributes["key"]] = attributes.get("value", "")

    def end(self, _: str) -> None:
        if self.depth == self.event_depth:
            self.events.append((self.trace, self.event))
            self.event_depth = -1
        elif self.depth == self.trace_depth:
            self.trace_depth = -1
        self.depth -= 1


def events(label: str, path: Path) -> Iterator[tuple[Attributes, Attributes]]:
    """The attributes of the case and of the event, for every event of a log in file order.

    Raises ExportError for broken XML, or XML with a document type.
    """
    follower = _Depths(label)
    try:
        with path.open("rb") as source:
            while block := source.read(BLOCK):
                follower.parser.Parse(block, False)
                yield from follower.events
                follower.events.clear()
        follower.parser.Parse(b"", True)
    except ExportError:
        raise
    except (LookupError, ValueError) as error:
        # The parser is at the declaration, and the encoding it names is not known or not read.
        raise ExportError(
            f"{label}: an encoding that is not read ({error}). Export it again in UTF-8."
        ) from error
    except expat.ExpatError as error:
        raise ExportError(
            f"{label}: broken XML ({error}). It may be only partly downloaded: get it again."
        ) from error


@lru_cache(maxsize=4096)
def _datetime(text: str) -> str | None:
    """A time in UTC, to the second; None when it is no time or out of range."""
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        return None
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    utc = aware.astimezone(UTC)
    return utc.strftime("%Y-%m-%d %H:%M:%S") if utc.year in YEARS else None


def _number(text: str) -> str | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return text.strip() if math.isfinite(value) else None


def _text(text: str) -> str | None:
    return normalize("NFC", text).strip() or None


READ: Mapping[str, Callable[[str], str | None]] = {
    "id": _text,
    "choice": _text,
    "datetime": _datetime,
    "number": _number,
}


def _contract_of(label: str, path: Path, logs: Sequence[Log]) -> Log:
    """The contract that fits; in a long log the first events decide, where they can."""
    keys = {
        header
        for log in logs
        for column in log.events.columns
        if column.name == "activity"
        for header in column.headers
    }
    seen: set[str] = set()
    for number, (_, event) in enumerate(events(label, path), start=1):
        seen.update(_text(value) or "" for key, value in event.items() if header_key(key) in keys)
        if number % BATCH == 0 and best_log(logs, seen)[0] is not None:
            break
    log, nearest = best_log(logs, seen)
    if log is None:
        raise ExportError(
            f"{label}: an event log that no contract knows; {nearest}. Its activities are: "
            f"{', '.join(sorted(seen)[:ACTIVITIES_SHOWN])}. Write a contract like "
            "data/contracts/bpic2012.toml."
        )
    return log


@dataclass
class _Batch:
    """Rows on their way into one table."""

    con: duckdb.DuckDBPyConnection
    table: str
    types: Mapping[str, pa.DataType]
    rows: list[tuple[object, ...]] = field(default_factory=list)

    def add(self, *row: object) -> None:
        self.rows.append(row)
        if len(self.rows) == BATCH:
            self.flush()

    def flush(self) -> None:
        if self.rows:
            arrow = pa.table(
                {
                    name: pa.array(cells, kind)
                    for (name, kind), cells in zip(
                        self.types.items(), zip(*self.rows, strict=True), strict=True
                    )
                }
            )
            self.con.register("batch", arrow)
            self.con.execute(f"insert into {self.table} ({', '.join(self.types)}) from batch")
            self.con.unregister("batch")
            self.rows.clear()


class _Row:
    """Reads attributes into the columns of an event; each kind of attribute is looked up once."""

    def __init__(self, log: Log) -> None:
        self.log = log
        self.known: dict[tuple[str, bool], Column | None] = {}

    def read(
        self, attributes: Attributes, *, of_case: bool
    ) -> Iterator[tuple[Column, str, str | None]]:
        """The column, the text and its value for the attributes that the contract knows."""
        for key, text in attributes.items():
            at = (key, of_case)
            if at not in self.known:
                self.known[at] = self.log.column_of(key, of_case=of_case)
            column = self.known[at]
            if column is not None:
                yield column, text, READ[column.type](text)


def load(
    con: duckdb.DuckDBPyConnection, file: Offered, logs: Sequence[Log], table: str, rejects: str
) -> tuple[Log, int, int]:
    """Make `table` of a log's events, and append those refused to `rejects`.

    Returns its contract, how many events were read and how many refused. `_line` is the event's
    number in the file, since a whole log may stand on one line. Raises ExportError when no
    contract knows the log's activities, naming the nearest one.
    """
    log = _contract_of(file.label, file.path, logs)
    text, number_type = pa.string(), pa.int64()
    types = ", ".join(f"{name} {sql_type(kind)}" for name, kind in ROLES.values())
    con.execute(f"create table {table} ({types}, contract varchar, _line bigint)")
    good = _Batch(con, table, {**dict.fromkeys(EVENT_COLUMNS, text), "_line": number_type})
    bad = _Batch(
        con,
        rejects,
        {
            "file": text,
            "line": number_type,
            "column_name": text,
            "value": text,
            "reason": text,
            "is_line_refused": pa.bool_(),
        },
    )
    row = _Row(log)
    needed = [column.name for column in log.events.columns if column.is_required]
    offered = refused = 0
    for offered, (case, event) in enumerate(events(file.label, file.path), start=1):
        values: dict[str, str | None] = {"contract": log.name}
        shown: dict[str, str] = {}
        for column, told, value in (
            *row.read(case, of_case=True),
            *row.read(event, of_case=False),
        ):
            values[column.name] = value
            if value is None and told.strip():
                shown[column.name] = told[:VALUE_SHOWN]
        lacking = next((name for name in needed if values.get(name) is None), None)
        if lacking is not None:
            bad.add(file.label, offered, lacking, shown.get(lacking), LINE_REFUSED, True)
            refused += 1
            continue
        for name, told in shown.items():
            bad.add(file.label, offered, name, told, VALUE_UNKNOWN, False)
        good.add(*(values.get(name) for name in EVENT_COLUMNS), offered)
    good.flush()
    bad.flush()
    read = con.execute(f"select count(*) from {table}").fetchall()
    if read[0][0] + refused != offered:
        raise ExportError(
            f"{file.label}: {offered} events were offered but {read[0][0]} read and {refused} "
            "refused. Please report this file."
        )
    return log, read[0][0], refused
