"""Files to `raw.*`: text as it was, cleaned of its dialect, every refused line kept by number."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import duckdb

from pipelines.contracts import EVENT_COLUMNS, EVENTS, MAPPING_COLUMNS, Contracts, Log
from pipelines.exports import READABLE, ExportError, Offered, digest
from pipelines.ingest_recognise import Ambiguous, Unrecognised
from pipelines.reading import COLUMNS, FILES, REJECTS, Options, Reader
from pipelines.warehouse import transaction

MAPPING = "raw.event_log_mapping"
LOGS = "raw.event_log_contract"
LAYOUT = {
    FILES: "path varchar, sha256 varchar, bytes bigint, encoding varchar, delimiter varchar, "
    "kind varchar, rows bigint, rejected_rows bigint, decision varchar, reason varchar, "
    "read_with varchar",
    REJECTS: "file varchar, line bigint, column_name varchar, value varchar, reason varchar, "
    "is_line_refused boolean",
    COLUMNS: "file varchar, column_name varchar, mapped_to varchar",
}
DESCRIPTIONS = {
    FILES: "Every file offered: what it is, how many lines were read and refused, and why.",
    REJECTS: "Every line or value refused: where it stands, what it is, why.",
    COLUMNS: "Every column of every file, and the contract's column it fills (null: not read).",
    EVENTS: "Events of event logs, one a row.",
    MAPPING: "What each activity of a known event log means, from its contract.",
    LOGS: "The known event logs: automatons, currency, pipeline.",
}


@dataclass
class IngestReport:
    """What became of the files offered, by label."""

    loaded: list[str] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)
    refused: dict[str, str] = field(default_factory=dict)
    unrecognised: dict[str, str] = field(default_factory=dict)

    @property
    def warnings(self) -> list[str]:
        """One line for each file that was left out."""
        return [*self.refused.values(), *self.unrecognised.values()]


def raw_tables(contracts: Contracts) -> dict[str, str]:
    """Every table of the hop, with its description."""
    return {
        **{thing.table: thing.description for thing in contracts.objects},
        **{
            spread.table: f"{thing.description} Its columns of one kind, a value a line."
            for thing in contracts.objects
            for spread in thing.spreads
        },
        **DESCRIPTIONS,
    }


def line_tables(contracts: Contracts) -> list[str]:
    """The tables that hold lines of files."""
    return [*(thing.table for thing in contracts.objects), EVENTS]


def _create(con: duckdb.DuckDBPyConnection, contracts: Contracts) -> None:
    layouts = dict(LAYOUT)
    for thing in contracts.objects:
        columns = ", ".join(f"{column.name} varchar" for column in thing.columns)
        layouts[thing.table] = f"{columns}, _file varchar, _line bigint"
        for spread in thing.spreads:
            kept = ", ".join(f"{column} varchar" for column in (*spread.keep, "name", "value"))
            layouts[spread.table] = f"{kept}, _file varchar, _line bigint"
    events = ", ".join(f"{name} varchar" for name in EVENT_COLUMNS)
    layouts[EVENTS] = f"{events}, _file varchar, _line bigint"
    for table, layout in layouts.items():
        existing = con.execute(
            "select string_agg(column_name || ' ' || lower(data_type), ', ' order by column_index)"
            " from duckdb_columns() where schema_name || '.' || table_name = $1 "
            "and database_name = current_database()",
            [table],
        ).fetchall()[0][0]
        if existing != layout:
            con.execute(f"create or replace table {table} ({layout})")
            if existing is not None and table != FILES:
                # A contract has changed its columns: everything is read again.
                con.execute(f"create or replace table {FILES} ({LAYOUT[FILES]})")
        words = raw_tables(contracts)[table].replace("'", "''")
        con.execute(f"comment on table {table} is '{words}'")


def _write_log_contracts(con: duckdb.DuckDBPyConnection, logs: Sequence[Log]) -> None:
    names = ("contract", *MAPPING_COLUMNS)
    con.execute(
        f"create or replace table {MAPPING} ({', '.join(f'{name} varchar' for name in names)})"
    )
    con.execute(
        f"create or replace table {LOGS} "
        "(contract varchar, automaton_resources varchar, currency varchar, pipeline varchar)"
    )
    for log in logs:
        for row in log.mapping:
            cells = [log.name, *(row.get(name) for name in MAPPING_COLUMNS)]
            marks = ", ".join(f"${n}" for n in range(1, len(cells) + 1))
            con.execute(f"insert into {MAPPING} values ({marks})", cells)
        con.execute(
            f"insert into {LOGS} values ($1, $2, $3, $4)",
            [log.name, ";".join(log.automaton_resources), log.currency, log.pipeline],
        )
    for table in (MAPPING, LOGS):
        con.execute(f"comment on table {table} is '{DESCRIPTIONS[table]}'")


def _read_with(contracts: Contracts, options: Options) -> str:
    return hashlib.sha256(
        repr(
            (
                contracts.digest,
                *(
                    sorted(said.items())
                    for said in (options.date_order, options.time_zone, options.encoding)
                ),
            )
        ).encode()
    ).hexdigest()[:16]


def _forget(con: duckdb.DuckDBPyConnection, contracts: Contracts, labels: Sequence[str]) -> None:
    spreads = [spread.table for thing in contracts.objects for spread in thing.spreads]
    for label in labels:
        for table in (*line_tables(contracts), *spreads):
            con.execute(f"delete from {table} where _file = $1", [label])
        con.execute(f"delete from {FILES} where path = $1", [label])
        for table in (REJECTS, COLUMNS):
            con.execute(f"delete from {table} where file = $1", [label])


def _record(con: duckdb.DuckDBPyConnection, file: Offered, read_with: str, **said: object) -> None:
    row = {
        "path": file.label,
        "sha256": file.sha256,
        "bytes": file.size,
        "read_with": read_with,
        **said,
    }
    marks = ", ".join(f"${n}" for n in range(1, len(row) + 1))
    con.execute(f"insert into {FILES} ({', '.join(row)}) values ({marks})", list(row.values()))


def _read_one(
    con: duckdb.DuckDBPyConnection,
    reader: Reader,
    file: Offered,
    read_with: str,
    report: IngestReport,
) -> None:
    """Read one file, or keep why it was not read."""
    if not file.is_asked:
        reason = "a table that no contract knows"
        _record(con, file, read_with, decision="passed_over", reason=reason)
        return
    try:
        if not file.is_readable:
            raise Unrecognised(
                f"{file.label}: not a kind of file that is read ({', '.join(READABLE)}; also .gz)."
            )
        said = reader.xes(file) if file.is_log else reader.text(file)
    except Ambiguous:
        raise
    except Unrecognised as reason:
        report.unrecognised[file.label] = str(reason)
        _record(con, file, read_with, decision="unrecognised", reason=str(reason))
        return
    except ExportError as reason:
        report.refused[file.label] = str(reason)
        _forget(con, reader.contracts, [file.label])
        _record(con, file, read_with, decision="refused", reason=str(reason), kind=reader.kind)
        return
    if file.source is not None and digest(file.source) != file.source_sha256:
        raise ExportError(
            f"{file.label}: the file changed while it was read. Wait until its export has ended, "
            "then run again."
        )
    report.loaded.append(file.label)
    _record(con, file, read_with, decision="loaded", **said)


def _sources(con: duckdb.DuckDBPyConnection, contracts: Contracts) -> frozenset[str]:
    """The sources whose deals have been read."""
    vendors = {thing.name: thing.vendor for thing in contracts.objects if thing.is_decisive}
    kinds = con.execute(
        f"select distinct kind from {FILES} where decision in ('loaded', 'unchanged')"
    ).fetchall()
    return frozenset(vendors[kind] for (kind,) in kinds if kind in vendors)


def _refuse_nothing(contracts: Contracts, report: IngestReport, kinds: set[str]) -> None:
    """Raise ExportError when what decides is missing; the caller's transaction rolls back."""
    reasons = "\n".join(f"  {line}" for line in report.warnings)
    if not report.loaded and not report.unchanged:
        raise ExportError(f"none of the files offered could be read:\n{reasons}")
    decisive = {t.table.removeprefix("raw.") for t in contracts.objects if t.is_decisive}
    if any(kind in decisive for kind in kinds):
        raise ExportError(f"a file that everything depends on was refused:\n{reasons}")


def ingest(
    con: duckdb.DuckDBPyConnection,
    offered: Sequence[Offered],
    contracts: Contracts,
    temp: Path,
    options: Options,
) -> IngestReport:
    """Bring `raw.*` in line with the files offered, in one transaction.

    A file is read again only when its bytes or its contract have changed. Raises ExportError,
    with nothing changed, when no file is known or a file that decides cannot be read.
    """
    report = IngestReport()
    with transaction(con):
        _create(con, contracts)
        _write_log_contracts(con, contracts.logs)
        read_with = _read_with(contracts, options)
        known = dict(
            con.execute(
                f"select path, sha256 from {FILES} where read_with = $1 "
                "and decision in ('loaded', 'unchanged')",
                [read_with],
            ).fetchall()
        )
        same = {
            file.label
            for file in offered
            if not options.full and known.get(file.label) == file.sha256
        }
        held = [path for (path,) in con.execute(f"select path from {FILES}").fetchall()]
        _forget(con, contracts, [path for path in held if path not in same])
        reader = Reader(con, contracts, temp, options)
        unsure = []
        for file in offered:
            if file.label in same:
                con.execute(
                    f"update {FILES} set decision = 'unchanged' where path = $1", [file.label]
                )
                report.unchanged.append(file.label)
                continue
            try:
                _read_one(con, reader, file, read_with, report)
            except Ambiguous:
                unsure.append(file)
        reader.sources = _sources(con, contracts)
        for file in unsure:
            _read_one(con, reader, file, read_with, report)
        refused = con.execute(f"select distinct kind from {FILES} where decision = 'refused'")
        _refuse_nothing(contracts, report, {str(kind) for (kind,) in refused.fetchall()})
    return report
