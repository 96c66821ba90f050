"""Files to `raw.*`: text as it was, cleaned of its dialect, every refused line kept by number."""

import hashlib
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import duckdb

from pipelines import parts
from pipelines.contracts import EVENTS, MAPPING_COLUMNS, ROLES, Contracts, Log
from pipelines.exports import READABLE, ExportError, Offered, state
from pipelines.ingest_recognise import Ambiguous, Unrecognised
from pipelines.loading import REFUSED, Options
from pipelines.parts import PARTS, Part
from pipelines.reading import COLUMNS_READ, Reader
from pipelines.values import sql_type
from pipelines.warehouse import transaction

FILES = "raw.files"
REJECTS = "raw.rejects"
COLUMNS = "raw.columns"
MAPPING = "raw.event_log_mapping"
LOGS = "raw.event_log_contract"
LAYOUT = {
    FILES: "path varchar, sha256 varchar, bytes bigint, encoding varchar, delimiter varchar, "
    "kind varchar, rows bigint, rejected_rows bigint, decision varchar, reason varchar, "
    "read_with varchar",
    REJECTS: "file varchar, line bigint, column_name varchar, value varchar, reason varchar, "
    "is_line_refused boolean",
    COLUMNS: "file varchar, column_name varchar, mapped_to varchar",
    PARTS: parts.LAYOUT,
}
EVENT_TYPES = {**{name: sql_type(kind) for name, kind in ROLES.values()}, "contract": "varchar"}
DESCRIPTIONS = {
    FILES: "Every file offered: what it is, how many lines were read and refused, and why.",
    REJECTS: "Every line or value refused: where it stands, what it is, why.",
    COLUMNS: "Every column of every file, and the contract's column it fills (null: not read).",
    EVENTS: "Events of event logs, one a row.",
    MAPPING: "What each activity of a known event log means, from its contract.",
    LOGS: "The known event logs: automatons, currency, pipeline.",
    PARTS: "Which lines of which file each part of a raw table holds.",
}
STAYING = (*LAYOUT, MAPPING, LOGS)


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


def _columns(contracts: Contracts) -> dict[str, dict[str, str]]:
    """The columns and types of each table that holds lines or values of files."""
    tables: dict[str, dict[str, str]] = {EVENTS: EVENT_TYPES}
    for thing in contracts.objects:
        types = {column.name: sql_type(column.type) for column in thing.columns}
        tables[thing.table] = types
        for spread in thing.spreads:
            kept = {column: types[column] for column in spread.keep}
            tables[spread.table] = {**kept, "name": "varchar", "value": sql_type(spread.type)}
    return tables


def _prepare(con: duckdb.DuckDBPyConnection) -> None:
    """The tables that tell of files, and the temporary ones of this run; nothing else is left."""
    for table, layout in LAYOUT.items():
        existing = con.execute(
            "select string_agg(column_name || ' ' || lower(data_type), ', ' order by column_index)"
            " from duckdb_columns() where schema_name || '.' || table_name = $1 "
            "and database_name = current_database()",
            [table],
        ).fetchall()[0][0]
        if existing is None:
            con.execute(f"create table {table} ({layout})")
        elif existing != layout:
            # An older layout: everything is read again.
            for held, its_layout in LAYOUT.items():
                con.execute(f"create or replace table {held} ({its_layout})")
    parts.drop_others(con, STAYING)


@contextmanager
def _kept_aside(con: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """Temporary tables of what this run reads; parts that it made are gone when it fails."""
    con.execute(f"create temp table refused ({LAYOUT[REJECTS]})")
    con.execute(f"create temp table columns_read ({LAYOUT[COLUMNS]})")
    try:
        with parts.dropped_on_error(con, STAYING):
            yield
    finally:
        con.execute("drop view if exists temp.staged")
        for (name,) in con.execute(
            "select table_name from duckdb_tables() where temporary"
        ).fetchall():
            con.execute(f"drop table temp.{name}")


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
                    for said in (
                        *(options.date_order, options.time_zone),
                        *(options.encoding, options.decimal_mark),
                    )
                ),
            )
        ).encode()
    ).hexdigest()[:16]


@dataclass(frozen=True)
class _Said:
    """What is kept of one file of this run: its row of raw.files, and its parts."""

    row: dict[str, object]
    parts: tuple[Part, ...] = ()


def _row(file: Offered, read_with: str, **said: object) -> dict[str, object]:
    return {
        "path": file.label,
        "sha256": file.sha256,
        "bytes": file.size,
        "read_with": read_with,
        **said,
    }


def _read_one(
    con: duckdb.DuckDBPyConnection,
    reader: Reader,
    file: Offered,
    read_with: str,
    report: IngestReport,
) -> _Said:
    """Read one file, or keep why it was not read."""
    if not file.is_asked:
        reason = "a table that no contract knows"
        return _Said(_row(file, read_with, decision="passed_over", reason=reason))
    try:
        if not file.is_readable:
            raise Unrecognised(
                f"{file.label}: a zip within a zip. Unpack the outer one."
                if file.label.lower().endswith(".zip")
                else f"{file.label}: not a kind of file that is read ({', '.join(READABLE)}; "
                "also .gz and .zip)."
            )
        said, made = reader.xes(file) if file.is_log else reader.text(file)
    except Ambiguous:
        raise
    except Unrecognised as reason:
        report.unrecognised[file.label] = str(reason)
        return _Said(_row(file, read_with, decision="unrecognised", reason=str(reason)))
    except ExportError as reason:
        report.refused[file.label] = str(reason)
        con.execute(f"delete from {REFUSED} where file = $1", [file.label])
        return _Said(
            _row(file, read_with, decision="refused", reason=str(reason), kind=reader.kind)
        )
    except (OSError, duckdb.IOException) as error:
        raise ExportError(
            f"{file.label}: cannot be read to its end ({error}). Check that it may be opened and "
            f"that {reader.temp} and the warehouse have room, then run again."
        ) from error
    if file.source is not None and state(file.source) != file.source_state:
        raise ExportError(
            f"{file.label}: the file changed while it was read. Wait until its export has ended, "
            "then run again."
        )
    report.loaded.append(file.label)
    return _Said(_row(file, read_with, decision="loaded", **said), made)


def _sources(contracts: Contracts, kinds: Collection[object]) -> frozenset[str]:
    """The sources whose deals are among these kinds of files."""
    return frozenset(
        thing.vendor for thing in contracts.objects if thing.is_decisive and thing.name in kinds
    )


def _refuse_nothing(contracts: Contracts, report: IngestReport, said: Sequence[_Said]) -> None:
    """Raise ExportError when nothing was read, or what decides was refused."""
    reasons = "\n".join(f"  {line}" for line in report.warnings)
    if not report.loaded and not report.unchanged:
        raise ExportError(f"none of the files offered could be read:\n{reasons}")
    refused = {told.row.get("kind") for told in said if told.row["decision"] == "refused"}
    if _sources(contracts, refused):
        raise ExportError(f"a file that everything depends on was refused:\n{reasons}")


def _take_up(
    con: duckdb.DuckDBPyConnection,
    contracts: Contracts,
    gone: Sequence[str],
    same: Collection[str],
    said: Sequence[_Said],
) -> None:
    """Let `raw.*` hold what this run has read and no file that is gone."""
    for label in gone:
        con.execute(f"delete from {FILES} where path = $1", [label])
        for table in (REJECTS, COLUMNS):
            con.execute(f"delete from {table} where file = $1", [label])
    for label in same:
        con.execute(f"update {FILES} set decision = 'unchanged' where path = $1", [label])
    for told in said:
        marks = ", ".join(f"${n}" for n in range(1, len(told.row) + 1))
        con.execute(
            f"insert into {FILES} ({', '.join(told.row)}) values ({marks})",
            list(told.row.values()),
        )
    con.execute(f"insert into {REJECTS} select * from {REFUSED}")
    con.execute(f"insert into {COLUMNS} select * from {COLUMNS_READ}")
    parts.replace(con, gone, [part for told in said for part in told.parts])
    _write_log_contracts(con, contracts.logs)
    views = _columns(contracts)
    parts.make_views(con, views)
    for table, text in raw_tables(contracts).items():
        words = text.replace("'", "''")
        con.execute(f"comment on {'view' if table in views else 'table'} {table} is '{words}'")


def digest(con: duckdb.DuckDBPyConnection) -> str:
    """A short hash of the files that were offered, by name and content."""
    files = con.execute(f"select path, sha256 from {FILES} order by path").fetchall()
    return hashlib.sha256(repr(files).encode()).hexdigest()[:12]


def ingest(
    con: duckdb.DuckDBPyConnection,
    offered: Sequence[Offered],
    contracts: Contracts,
    temp: Path,
    options: Options,
) -> IngestReport:
    """Bring `raw.*` in line with the files offered.

    A file is read again only when its bytes or its contract have changed. Files are read into
    parts that nothing knows of yet, and taken up in one transaction. Raises ExportError, with
    nothing changed, when no file is known or a file that decides cannot be read.
    """
    report = IngestReport()
    _prepare(con)
    read_with = _read_with(contracts, options)
    held = {
        path: (sha256, kind, told_with == read_with and decision in ("loaded", "unchanged"))
        for path, sha256, kind, told_with, decision in con.execute(
            f"select path, sha256, kind, read_with, decision from {FILES}"
        ).fetchall()
    }
    same = {
        file.label
        for file in offered
        if not options.full and held.get(file.label, ("", "", False))[::2] == (file.sha256, True)
    }
    with _kept_aside(con):
        reader = Reader(con, contracts, temp, options, parts.fresh_names(con))
        said: dict[str, _Said] = {}
        unsure = []
        for file in offered:
            if file.label in same:
                report.unchanged.append(file.label)
                continue
            try:
                said[file.label] = _read_one(con, reader, file, read_with, report)
            except Ambiguous:
                unsure.append(file)
        kinds = {told.row.get("kind") for told in said.values()} | {held[f][1] for f in same}
        reader.sources = _sources(contracts, kinds)
        for file in unsure:
            said[file.label] = _read_one(con, reader, file, read_with, report)
        places = {file.label: n for n, file in enumerate(offered)}
        report.loaded.sort(key=places.__getitem__)
        _refuse_nothing(contracts, report, list(said.values()))
        with transaction(con):
            gone = sorted(held.keys() - same)
            _take_up(con, contracts, gone, same, list(said.values()))
    return report
