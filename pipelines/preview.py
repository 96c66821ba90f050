"""What an export is and what it can answer, said before anything runs."""

import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import duckdb

from pipelines import answers, preview_columns, preview_logs, preview_words, seeds, tables
from pipelines.contracts import Contracts
from pipelines.exports import ExportError, Offered
from pipelines.ingest_recognise import LEAST_SHARED
from pipelines.night import CONTRACTS, RULES, Night
from pipelines.preview_columns import Near
from pipelines.preview_files import (
    READ,
    WIDTH,
    Held,
    held,
    known_file,
    listed,
    proposals,
    span,
    unknown_file,
    wrapped,
)
from pipelines.preview_reading import FAULTS, Offer, looked_at, opened, read
from pipelines.toml_text import Line
from pipelines.warehouse import in_memory

MOST_HELPFUL = 5


class NothingRead(ExportError):
    """Not one file of an export can be read; the preview has said why."""


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


class Preview:
    """One preview, over a warehouse in memory that is gone afterwards."""

    def __init__(self, con: duckdb.DuckDBPyConnection, night: Night) -> None:
        self.con = con
        self.night = night
        self.contracts: Contracts = night.contracts
        self.labels = preview_columns.labels(RULES)
        self.lines: list[Line] = []
        self.drafts: list[Unknown] = []

    def rows(self, sql: str) -> list[tuple[object, ...]]:
        """The rows of a query."""
        return self.con.execute(sql).fetchall()

    def say(self) -> Iterator[str]:
        """The preview, line by line. Raises NothingRead at its end, when no file can be read."""
        offer = opened(self.night)
        read(self.con, offer, self.night)
        settings = self.night.settings
        seeds.write(
            self.con, RULES, settings.parameters(self.night.as_of_date), settings.mappings()
        )
        has_raw = bool(self.rows("select 1 from duckdb_tables() where schema_name = 'raw' limit 1"))
        yield from self._files(offer, has_raw)
        if has_raw:
            yield from self._whole()
        yield from self._drafts()
        yield from self._words()
        if not has_raw:
            raise NothingRead(
                "none of the files offered could be read; what each lacks is said above."
            )

    def _files(self, offer: Offer, has_raw: bool) -> Iterator[str]:
        known = (
            self.con.execute(
                "select path, kind, rows, encoding, delimiter, decision, reason from raw.files "
                "order by path"
            ).fetchall()
            if has_raw
            else []
        )
        told = {str(row[0]): row for row in known}
        good = {path for path, row in told.items() if row[5] in READ}
        decisive = {thing.name for thing in self.contracts.objects if thing.is_decisive}
        kinds = {str(told[path][1]) for path in good}
        has_deals = bool(kinds & decisive) or any(k.startswith("event_log:") for k in kinds)
        holds = held(self.con, self.contracts) if has_raw else {}
        files = {file.label: file for file in offer.files}
        passed = sorted(path for path, row in told.items() if row[5] == "passed_over")
        bad = sorted({*told, *offer.faults} - good - set(passed))
        yield _heading("Files")
        for path in sorted(good):
            row = told[path]
            is_log = str(row[1]).startswith("event_log:")
            yield from known_file(self.con, row[:5], holds.get(path, Held()), is_log)
        for path in bad:
            reason = offer.faults.get(path) or str(told[path][6] if path in told else "")
            unknown = self._unknown(files.get(path), reason, has_deals)
            self.lines += unknown.lines
            if unknown.draft:
                self.drafts.append(unknown)
                yield f"  {path}"
                yield from wrapped(
                    "is unknown",
                    "an event log that no contract knows; a draft of one stands below",
                    name_width=13,
                )
                yield from wrapped("its header", listed(unknown.header, 12), name_width=13)
            else:
                yield from unknown_file(
                    path, unknown.reason, unknown.near, unknown.lines, unknown.header
                )
        if passed:
            yield from wrapped("", f"Not asked for: {listed(passed, 12)}", indent=2, name_width=0)

    def _unknown(self, file: Offered | None, reason: str, has_deals: bool) -> Unknown:
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
                best: Near | None = None
                for one in (head, *head.lower()):
                    found = preview_columns.nearest(
                        self.contracts.objects,
                        one.header,
                        one.first,
                        _stem(file.label),
                        self.labels,
                    )
                    if found is not None and (best is None or found.found > best.found):
                        best, unknown.header = found, one.header
        except FAULTS:
            # It cannot be read, which is said already.
            return unknown
        # A file of a known kind that was refused, or one that shares nothing, has its own reason.
        if best is None or not best.lacking:
            return unknown
        needed = len(best.lacking) + best.found
        if not best.matches and best.found < LEAST_SHARED * needed:
            return unknown
        unknown.near = best
        unknown.lines = proposals(file.label, best, has_deals)
        return unknown

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

    def _whole(self) -> Iterator[str]:
        for query in tables.queries().values():
            if query.schema in ("crm", "core"):
                try:
                    tables.build(self.con, query)
                except duckdb.Error as error:
                    raise ExportError(
                        f"{query.name} cannot be made of these files "
                        f"({str(error).splitlines()[0]}). Please report this."
                    ) from error
        deals = self.rows(
            "select source, count(*), count(distinct seller_id), min(created_at), "
            "max(coalesce(closed_at, created_at)), sum(case when status <> 'open' then 1 else 0 "
            "end) from core.deals group by source order by source"
        )
        yield ""
        yield _heading("Deals")
        if not deals:
            yield from _paragraph(
                "There are no deals: none of these files lists them. Everything else needs one "
                "that does (see the nearest kinds above)."
            )
            return
        for source, number, sellers, first, last, _ in deals:
            plural = f"{number:,} deal{'s' if number != 1 else ''}"
            owners = f"{sellers:,} seller{'s' if sellers != 1 else ''}"
            yield f"  {source}: {plural} of {owners}, {span(first, last)}"
        outcomes = self.rows(
            "select outcome, rule, count(*) from core.outcomes group by all order by 3 desc, 1, 2"
        )
        yield from self._outcomes(outcomes)
        kinds = {str(kind) for (kind,) in self.rows("select distinct kind from raw.files")}
        for source, number, sellers, _, _, ended in deals:
            yield from self._source(
                str(source), answers.Counts(_int(number), _int(ended), _int(sellers)), kinds
            )

    def _outcomes(self, rows: Sequence[tuple[object, ...]]) -> Iterator[str]:
        by_outcome: dict[str, list[tuple[str, int]]] = {}
        for outcome, rule, deals in rows:
            by_outcome.setdefault(str(outcome), []).append((str(rule), _int(deals)))
        ordered = sorted(by_outcome.items(), key=lambda one: (-sum(n for _, n in one[1]), one[0]))
        for outcome, rules in ordered:
            total = sum(deals for _, deals in rules)
            told = ", ".join(f"{rule} {deals:,}" for rule, deals in rules)
            why = "" if [rule for rule, _ in rules] == [outcome] else f"  by rule: {told}"
            first, *rest = textwrap.wrap(why, WIDTH - 32) or [""]
            yield f"    {outcome:<20} {total:>7,}  {first}".rstrip()
            yield from (f"{' ' * 43}{line}" for line in rest)

    def _source(self, source: str, counts: "answers.Counts", kinds: set[str]) -> Iterator[str]:
        rows = self.con.execute(
            "select capability, value, detail from core.capabilities where source = $1 order by 1",
            [source],
        ).fetchall()
        told = answers.answers({name: value for name, value, _ in rows}, counts)
        yield ""
        yield _heading(f"What {source} can and cannot answer")
        for answer in told:
            why = "; ".join(answer.reasons)
            yield f"  {answer.answer:<7} {answer.question.asks}"
            if why:
                yield from wrapped("", f"{why[0].upper()}{why[1:]}.", indent=10, name_width=0)
        wanted = answers.helpful(RULES, source, told, kinds)
        if wanted:
            yield ""
            yield _heading("What would add most")
            for file, questions in wanted[:MOST_HELPFUL]:
                yield f"  {file}"
                yield from wrapped("", f"for: {' '.join(questions)}", indent=10, name_width=0)
        yield ""
        yield _heading(f"What {source} records")
        for name, value, detail in rows:
            start = f"  {name} = {value}"
            gap = " " * max(1, 42 - len(start))
            lines = textwrap.wrap(str(detail), WIDTH - 42) or [""]
            yield f"{start}{gap}{lines[0]}".rstrip()
            yield from (f"{' ' * 42}{line}" for line in lines[1:])
        quarters = self.con.execute(
            "select quarter, lost, with_reason from core.reason_quarters where source = $1 "
            "order by quarter_no desc limit 8",
            [source],
        ).fetchall()
        if quarters:
            told_by = ", ".join(
                f"{quarter} {with_reason / lost:.0%} of {lost:,}"
                for quarter, lost, with_reason in reversed(quarters)
            )
            yield from wrapped(
                "", f"loss reasons filled in, by quarter of closing: {told_by}", 2, 0
            )

    def _drafts(self) -> Iterator[str]:
        for unknown in self.drafts:
            path = f"data/contracts/{unknown.name}.toml"
            yield ""
            yield _heading(f"A contract for an event log, to be saved as {path}")
            yield f"# ---- {path} ----"
            yield from unknown.draft.splitlines()
            yield f"# ---- end of {path} ----"

    def _words(self) -> Iterator[str]:
        objects = {thing.name: thing for thing in self.contracts.objects}
        lines = list(self.lines)
        has_deals = bool(
            self.rows("select 1 from duckdb_tables() where schema_name = 'core' "
                      "and table_name = 'outcomes'")
        )  # fmt: skip
        if has_deals:
            lines += preview_words.unread_columns(self.con, objects, self.labels)
            lines += preview_words.stages(self.con)
            lines += preview_words.pipelines(self.con)
            lines += preview_words.loss_reasons(self.con)
            lines += preview_words.activity_types(self.con, RULES)
        text = preview_words.merged(lines, self.night.settings)
        yield ""
        if not text:
            yield _heading("Lines for nodecision.toml")
            yield "  None: every stage, reason and type of activity is known."
            return
        yield _heading("Lines for nodecision.toml")
        yield from _paragraph(
            "Each heading may stand in that file only once: put the lines below the one that is "
            "there, or save the block as a file of its own and name it with --settings. A line "
            "that is commented out needs your word in place of the dots."
        )
        yield "# ---- nodecision.toml ----"
        yield from text.splitlines()
        yield "# ---- end of nodecision.toml ----"


def _int(value: object) -> int:
    assert isinstance(value, int)
    return value


def _heading(text: str) -> str:
    return text


def _paragraph(text: str) -> Iterator[str]:
    yield from wrapped("", text, indent=2, name_width=0)


def lines(night: Night) -> Iterator[str]:
    """The preview, line by line.

    Raises ExportError when there is nothing to read, and NothingRead, once it has said what each
    file lacks, when none can be read.
    """
    with in_memory() as con:
        con.execute("set memory_limit = $1", [night.settings.source.memory_limit])
        con.execute("set temp_directory = $1", [str(night.places.temp)])
        yield from Preview(con, night).say()
