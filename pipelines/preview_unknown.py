"""The files of an export that were not read: what each may be, and what would make it known."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import duckdb

from pipelines import preview_columns, preview_logs
from pipelines.contracts import header_key
from pipelines.exports import Offered
from pipelines.ingest_recognise import LEAST_SHARED, recognise
from pipelines.night import CONTRACTS, RULES, Night
from pipelines.preview_columns import Near
from pipelines.preview_files import is_likely, proposals
from pipelines.preview_reading import FAULTS, looked_at
from pipelines.textfiles import Head
from pipelines.toml_text import Line


@dataclass
class Unknown:
    """A file that was not read: why, its header, and what it may be."""

    reason: str
    header: Sequence[str] = ()
    near: Near | None = None
    draft: str = ""
    name: str = ""
    lines: list[Line] = field(default_factory=list)


def _stem(label: str) -> str:
    return label.rsplit("!", 1)[-1].rsplit("/", 1)[-1].split(".")[0].lower()


class Unknowns:
    """Looks at files that were not read; `drafts` are those that are event logs."""

    def __init__(
        self, con: duckdb.DuckDBPyConnection, night: Night, labels: Mapping[str, Sequence[str]]
    ) -> None:
        self.con = con
        self.night = night
        self.contracts = night.contracts
        self.labels = labels
        self.drafts: list[Unknown] = []

    def of(self, file: Offered | None, reason: str, has_deals: bool) -> Unknown:
        """What can be said of a file that was not read."""
        unknown = Unknown(reason)
        if file is None or not file.is_readable:
            return unknown
        try:
            if file.is_log:
                self._draft(unknown, file, preview_logs.of_xes(file, self.labels), ())
                return unknown
            with looked_at(file, self.night) as (head, place):
                if head is None:
                    return unknown
                unknown.header = head.header
                seen = preview_logs.of_table(self.con, file, head, place, self.labels)
                if seen is not None:
                    self._draft(unknown, file, seen, head.header)
                    return unknown
                best = self._best(unknown, file, head)
        except FAULTS:
            # It cannot be read, which is said already.
            return unknown
        # What shares nothing, or lacks nothing, has its own reason.
        if best is None or not best.lacking:
            return unknown
        needed = len(best.lacking) + best.found
        if not best.matches and best.found < LEAST_SHARED * needed:
            return unknown
        unknown.near = best
        if is_likely(best, unknown.header):
            unknown.lines = proposals(file.label, best, has_deals)
        return unknown

    def _best(self, unknown: Unknown, file: Offered, head: Head) -> Near | None:
        """The kind that a file should be by its name, else the one it is nearest to.

        None when it is of a known kind, and was refused for another reason than its header.
        """
        stem = _stem(file.label)
        best: Near | None = None
        for one in (head, *head.lower()):
            header, rows = one.header, one.first
            place = next((n for n, text in enumerate(header) if header_key(text) == "id"), None)
            ids = [row[place] for row in rows if place is not None and place < len(row)]
            found = recognise(
                self.contracts.objects, header, next(filter(None, ids), None), stem, ()
            )
            if found.thing is not None and not found.reason:
                return None
            if found.thing is not None:
                near = preview_columns.near(found.thing, header, rows, stem, self.labels)
            else:
                nearest = preview_columns.nearest(
                    self.contracts.objects, header, rows, stem, self.labels
                )
                if nearest is None:
                    continue
                near = nearest
            if best is None or near.found > best.found:
                best, unknown.header = near, header
        return best

    def _draft(
        self,
        unknown: Unknown,
        file: Offered,
        seen: preview_logs.Seen | None,
        header: Sequence[str],
    ) -> None:
        if seen is None:
            return
        taken = {log.name for log in self.contracts.logs}
        taken |= {thing.vendor for thing in self.contracts.objects}
        taken |= {path.stem for path in CONTRACTS.glob("*.toml")}
        taken |= {draft.name for draft in self.drafts}
        unknown.name = preview_logs.name_of(file, taken)
        said = preview_logs.classes(self.con, list(seen.events))
        unknown.draft = preview_logs.draft(seen, unknown.name, file.label, said, RULES)
        unknown.header = header or list(seen.headers.values())
        self.drafts.append(unknown)
