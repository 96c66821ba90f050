"""Event logs in XES, read as a stream: never more than one batch of events in memory.

XES is IEEE 1849; only what a contract needs is kept: each trace's name, creation and amount, each
event's name, time, resource and lifecycle transition.
"""

import xml.etree.ElementTree as ET
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pyarrow as pa

from pipelines.contracts import Log
from pipelines.exports import ExportError, Offered

BATCH = 20_000
HEAD = 1 << 16
TRACE_KEYS = {"concept:name": "case_id", "REG_DATE": "case_created_at", "AMOUNT_REQ": "case_amount"}
EVENT_KEYS = {
    "concept:name": "activity",
    "time:timestamp": "happened_at",
    "org:resource": "resource",
    "lifecycle:transition": "lifecycle",
}
NEEDED = ("case_id", "activity", "happened_at")
TIMES = ("happened_at", "case_created_at")


def _utc(text: str) -> str | None:
    """An XES time in UTC, to the second; None when it is no time."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return aware.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")


def _attributes(element: ET.Element, keys: dict[str, str]) -> dict[str, str | None]:
    found: dict[str, str | None] = {}
    for child in element:
        name = keys.get(child.get("key", ""))
        value = child.get("value")
        if name is not None and value is not None:
            found[name] = _utc(value) if name in TIMES else value
    return found


def events(label: str, path: Path) -> Iterator[dict[str, str | None]]:
    """Every event of a log with the attributes of its trace, in file order.

    Raises ExportError for broken XML, or XML with a document type (which could expand without
    bound).
    """
    with path.open("rb") as source:
        if b"<!DOCTYPE" in source.read(HEAD):
            raise ExportError(f"{label}: XML with a document type is not read. Export plain XES.")
        source.seek(0)
        try:
            root: ET.Element | None = None
            for moment, element in ET.iterparse(source, events=("start", "end")):
                if root is None:
                    root = element
                if moment == "end" and element.tag.rsplit("}", 1)[-1] == "trace":
                    trace = _attributes(element, TRACE_KEYS)
                    for child in element:
                        if child.tag.rsplit("}", 1)[-1] == "event":
                            yield {**trace, **_attributes(child, EVENT_KEYS)}
                    root.clear()
        except ET.ParseError as error:
            raise ExportError(
                f"{label}: broken XML ({error}). It may be only partly downloaded: get it again."
            ) from error


def load(
    con: duckdb.DuckDBPyConnection,
    file: Offered,
    logs: Sequence[Log],
    table: str,
    rejects: str,
    columns: Sequence[str],
) -> tuple[int, int]:
    """Append a log's events to `table`; how many were read and how many refused.

    `_line` is the event's number in the file. Raises ExportError when no contract knows the log's
    activities, naming the nearest one.
    """
    names = [*columns, "_file", "_line"]
    batch: dict[str, list[object]] = {name: [] for name in names}
    activities: set[str] = set()
    read = refused = 0

    def flush() -> None:
        text = pa.string()
        arrow = pa.table(
            {name: pa.array(batch[name], pa.int64() if name == "_line" else text) for name in names}
        )
        con.register("batch", arrow)
        con.execute(f"insert into {table} ({', '.join(names)}) select * from batch")
        con.unregister("batch")
        for values in batch.values():
            values.clear()

    for number, event in enumerate(events(file.label, file.path), start=1):
        lacking = next((name for name in NEEDED if event.get(name) is None), None)
        if lacking is not None:
            con.execute(
                f"insert into {rejects} values ($1, $2, $3, null, "
                "'an event needs this, and it is missing or unreadable', true)",
                [file.label, number, lacking],
            )
            refused += 1
            continue
        read += 1
        activities.add(str(event["activity"]))
        for name in columns:
            batch[name].append(event.get(name))
        batch["_file"].append(file.label)
        batch["_line"].append(number)
        if read % BATCH == 0:
            flush()
    flush()
    known = {log.name: len(log.activities & activities) for log in logs}
    fitting = [log for log in logs if known[log.name] >= log.least_known]
    if not fitting:
        nearest = max(known, key=lambda name: known[name], default="none")
        raise ExportError(
            f"{file.label}: an event log that no contract knows; nearest is {nearest} with "
            f"{known.get(nearest, 0)} activities in common. Its activities are: "
            f"{', '.join(sorted(activities)[:20])}. Write a contract like "
            "data/contracts/bpic2012.toml."
        )
    best = max(fitting, key=lambda log: known[log.name])
    con.execute(f"update {table} set contract = $1 where _file = $2", [best.name, file.label])
    return read, refused
