"""One file into its raw tables: recognised, cleaned of its dialect, every refused line kept."""

from collections.abc import Iterator
from pathlib import Path, PurePath
from tempfile import TemporaryDirectory

import duckdb

from pipelines import conversions, ragged, textfiles, xes
from pipelines.contracts import (
    EVENTS,
    NEEDED_EVENT_COLUMNS,
    Contracts,
    Log,
    Object,
    best_log,
    header_key,
)
from pipelines.exports import ExportError, Offered
from pipelines.ingest_recognise import Recognised, Unrecognised, recognise
from pipelines.loading import REFUSED, Loaded, Options, Target
from pipelines.parts import Part
from pipelines.staging import Stage
from pipelines.textfiles import Head, Misfit, Records

COLUMNS_READ = "temp.columns_read"


def looked_at(file: Offered, place: Path, options: Options) -> Head:
    """The beginning of a file that is no XES; `place` holds what has to be made of it.

    Raises ExportError when it cannot be read.
    """
    made = conversions.plain(file, place)
    if made is not None:
        return textfiles.made(file.label, made.path, made.numbers)
    assert file.survey is not None
    said = options.encoding.get(file.label)
    return textfiles.look(file.label, file.path, place, file.survey, said)


class Reader:
    """Reads the files of one ingest into parts, one file after the other."""

    def __init__(
        self,
        con: duckdb.DuckDBPyConnection,
        contracts: Contracts,
        temp: Path,
        options: Options,
        part_names: Iterator[str],
    ) -> None:
        self.con = con
        self.contracts = contracts
        self.temp = temp
        self.options = options
        self.part_names = part_names
        self.kind: str | None = None
        self.sources: frozenset[str] | None = None

    def text(self, file: Offered) -> tuple[dict[str, object], tuple[Part, ...]]:
        """Read one delimited file; its row of raw.files and its parts.

        Raises ExportError to refuse it.
        """
        self.kind = None
        with TemporaryDirectory(dir=self.temp) as place:
            head = looked_at(file, Path(place), self.options)
            thing, name, head = self._known(file, head)
            is_ragged = thing is not None and thing.is_ragged(head.header)
            loaded = None
            if thing is not None and not is_ragged:
                target = self._target(file, head, thing, name)
                loaded = target.at_once()
            if loaded is None:
                loaded, target = self._by_stage(file, head, thing, name, Path(place))
        self._keep_columns(file, target)
        told: dict[str, object] = {
            "encoding": head.encoding,
            "delimiter": None if head.encoding is None else head.delimiter,
            "kind": self.kind,
            "rows": loaded.rows,
            "rejected_rows": loaded.refused,
        }
        return told, loaded.parts

    def xes(self, file: Offered) -> tuple[dict[str, object], tuple[Part, ...]]:
        """Read one event log in XES; its row of raw.files and its part."""
        self.kind = "event_log"
        part = Part(file.label, EVENTS, next(self.part_names))
        log, rows, refused = xes.load(self.con, file, self.contracts.logs, part.name, REFUSED)
        told: dict[str, object] = {
            "encoding": "utf-8",
            "delimiter": None,
            "kind": f"event_log:{log.name}",
            "rows": rows,
            "rejected_rows": refused,
        }
        return told, (part,)

    def _target(self, file: Offered, head: Head, thing: Object, name: str) -> Target:
        return Target(self.con, file.label, head, thing, name, self.options, self.part_names)

    def _by_stage(
        self, file: Offered, head: Head, thing: Object | None, name: str, place: Path
    ) -> tuple[Loaded, Target]:
        """Read a file that wants a closer look, or an event log."""
        odd: tuple[Misfit, ...] = ()
        if thing is not None and thing.is_ragged(head.header):
            head, odd = ragged.unfolded(head, thing.pairs, place)
        records = textfiles.records(file.label, head, place)
        misfits = (*odd, *records.misfits)
        if thing is None:
            log, stage = self._log(file, head, records)
            self.kind = f"event_log:{log.name}"
            constant = f"'{log.name}' as contract,"
        else:
            stage, constant = Stage(self._target(file, head, thing, name), records), ""
        loaded = stage.parts(misfits, constant)
        stage.forget()
        offered = len(records.lines) + len(misfits)
        if loaded.rows + loaded.refused != offered:
            raise ExportError(
                f"{file.label}: {offered} lines were offered but {loaded.rows} read and "
                f"{loaded.refused} refused. Please report this file."
            )
        return loaded, stage.target

    def _known(self, file: Offered, head: Head) -> tuple[Object | None, str, Head]:
        """The object that a file holds, or None for a log, whose activities are yet to be seen.

        Where the first record is no known header, one of the next may be, below a title.
        """
        top = self._recognised(file, head)
        if top.thing is not None and not top.reason:
            self.kind = top.thing.name
            return top.thing, self.kind, head
        if self._is_log(head):
            return None, "", head
        for lower in head.lower():
            found = self._recognised(file, lower)
            if found.thing is not None and not found.reason:
                self.kind = found.thing.name
                return found.thing, self.kind, lower
        if top.thing is None:
            raise Unrecognised(f"{file.label}: not a known export; {top.reason}.")
        self.kind = top.thing.name
        raise ExportError(f"{file.label}: {top.reason}.")

    def _recognised(self, file: Offered, head: Head) -> Recognised:
        place = next((n for n, h in enumerate(head.header) if header_key(h) == "id"), None)
        ids = [row[place] for row in head.first if place is not None and place < len(row)]
        return recognise(
            self.contracts.objects,
            head.header,
            next((text.strip(" ='\"") for text in ids if text.strip()), None),
            PurePath(file.label.rsplit("!", 1)[-1]).name.split(".")[0].lower(),
            self.sources,
        )

    def _is_log(self, head: Head) -> bool:
        return any(
            set(NEEDED_EVENT_COLUMNS) <= set(log.events.places(head.header))
            for log in self.contracts.logs
        )

    def _log(self, file: Offered, head: Head, records: Records) -> tuple[Log, Stage]:
        """The event log whose activities a file shows, staged."""
        nearest = ""
        for log in self.contracts.logs:
            target = self._target(file, head, log.events, "event_log_event")
            if "activity" not in target.places:
                continue
            stage = Stage(target, records)
            found, nearest = best_log([log], stage.activities(target.places["activity"][0]))
            if found is not None:
                return found, stage
        raise Unrecognised(f"{file.label}: an event log that no contract knows; {nearest}.")

    def _keep_columns(self, file: Offered, target: Target) -> None:
        """Keep which column of the contract each column of the file fills."""
        mapped = {n: column for column, at in target.places.items() for n in at}
        for spread, at in target.spreads.items():
            mapped.update(dict.fromkeys(at, spread.table.removeprefix("raw.")))
        header = list(target.head.header)
        self.con.execute(
            f"insert into {COLUMNS_READ} "
            "select $1, unnest(cast($2 as varchar[])), unnest(cast($3 as varchar[]))",
            [file.label, header, [mapped.get(n) for n in range(len(header))]],
        )
