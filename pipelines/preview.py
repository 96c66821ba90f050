"""What an export is and what it can answer, said before anything runs."""

import textwrap
from collections.abc import Iterator, Sequence

import duckdb

from pipelines import answers, preview_columns, preview_words, seeds, tables
from pipelines.contracts import Contracts
from pipelines.exports import ExportError
from pipelines.night import RULES, Night
from pipelines.preview_files import (
    READ,
    WIDTH,
    Held,
    held,
    known_file,
    listed,
    span,
    unknown_file,
    wrapped,
)
from pipelines.preview_reading import Offer, opened, read
from pipelines.preview_unknown import Unknowns
from pipelines.toml_text import Line
from pipelines.warehouse import in_memory

MOST_HELPFUL = 5


class NothingRead(ExportError):
    """Not one file of an export can be read; the preview has said why."""


class Preview:
    """One preview, over a warehouse in memory that is gone afterwards."""

    def __init__(self, con: duckdb.DuckDBPyConnection, night: Night) -> None:
        self.con = con
        self.night = night
        self.contracts: Contracts = night.contracts
        self.labels = preview_columns.labels(RULES)
        self.lines: list[Line] = []
        self.looked = Unknowns(con, night, self.labels)

    def rows(self, sql: str) -> list[tuple[object, ...]]:
        """The rows of a query."""
        return self.con.execute(sql).fetchall()

    def say(self) -> Iterator[str]:
        """The preview, line by line. Raises NothingRead at its end, when no file can be read."""
        offer = opened(self.night)
        read(self.con, offer, self.night)
        settings = self.night.settings
        seeds.write(
            self.con,
            self.night.rules,
            settings.parameters(self.night.as_of_date),
            settings.mappings(),
        )
        has_raw = bool(self.rows("select 1 from duckdb_views() where schema_name = 'raw' limit 1"))
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
        yield "Files"
        for path in sorted(good):
            row = told[path]
            is_log = str(row[1]).startswith("event_log:")
            yield from known_file(self.con, row[:5], holds.get(path, Held()), is_log)
        for path in bad:
            reason = offer.faults.get(path) or str(told[path][6] if path in told else "")
            unknown = self.looked.of(files.get(path), reason, has_deals)
            self.lines += unknown.lines
            if unknown.draft:
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
            "select d.source, count(*), count(distinct d.seller_id), min(d.created_at), "
            "max(coalesce(d.closed_at, d.created_at)), "
            "cast(sum(case when d.status <> 'open' then 1 else 0 end) as bigint), "
            "cast(sum(case when d.status = 'lost' then 1 else 0 end) as bigint), "
            "cast(sum(case when o.outcome = 'unknown_loss' then 1 else 0 end) as bigint) "
            "from core.deals as d inner join core.outcomes as o on d.deal_id = o.deal_id "
            "group by d.source order by d.source"
        )
        yield ""
        yield "Deals"
        left_out = self.rows(
            "select source, why, status, count(*) from crm.removals group by all order by all"
        )
        for source, why, status, number in left_out:
            yield f"  {source}: {number} {status or 'other'} deals left out as {why}"
        if not deals:
            yield from self._no_deals()
            return
        for source, number, sellers, first, last, *_ in deals:
            plural = f"{number:,} deal{'s' if number != 1 else ''}"
            owners = f"{sellers:,} seller{'s' if sellers != 1 else ''}"
            yield f"  {source}: {plural} of {owners}, {span(first, last)}"
        outcomes = self.rows(
            "select outcome, rule, count(*) from core.outcomes group by all order by 3 desc, 1, 2"
        )
        yield from self._outcomes(outcomes)
        kinds = {str(kind) for (kind,) in self.rows("select distinct kind from raw.files")}
        for source, _, sellers, _, _, *ends in deals:
            counts = answers.Counts(_int(ends[0]), _int(sellers), _int(ends[1]), _int(ends[2]))
            yield from self._source(str(source), counts, kinds)

    def _no_deals(self) -> Iterator[str]:
        decisive = [thing.name for thing in self.contracts.objects if thing.is_decisive]
        read = sum(
            _int(rows)
            for kind, rows in self.rows("select kind, rows from raw.files where rows > 0")
            if kind in decisive
        )
        if read:
            yield from _paragraph(
                f"{read:,} lines of deals were read, but none is a deal that stands: all are "
                "deleted, merged into others, or begin after the newest stamp of the exports."
            )
        else:
            yield from _paragraph(
                "There are none: no file that was read lists deals, and everything else needs one "
                "that does."
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
        found = {name: value for name, value, _ in rows}
        told = answers.answers(found, counts)
        yield ""
        yield f"What {source} can and cannot answer"
        if words := answers.summary(found):
            yield from _paragraph(words)
        for answer in told:
            why = "; ".join(answer.reasons)
            yield f"  {answer.answer:<7} {answer.question.asks}"
            if why:
                yield from wrapped("", f"{why[0].upper()}{why[1:]}.", indent=10, name_width=0)
        wanted = answers.helpful(RULES, source, told, kinds)
        if wanted:
            yield ""
            yield "What would add most"
            for file, questions in wanted[:MOST_HELPFUL]:
                yield f"  {file}"
                yield from wrapped("", f"for: {' '.join(questions)}", indent=10, name_width=0)
        yield ""
        yield f"What {source} records"
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
        if quarters and found.get("lost_reason") in ("picklist", "text"):
            told_by = ", ".join(
                f"{quarter} {with_reason / lost:.0%} of {lost:,}"
                for quarter, lost, with_reason in reversed(quarters)
            )
            yield from wrapped(
                "", f"loss reasons filled in, by quarter of closing: {told_by}", 2, 0
            )

    def _drafts(self) -> Iterator[str]:
        for unknown in self.looked.drafts:
            path = f"data/contracts/{unknown.name}.toml"
            yield ""
            yield f"A contract for an event log, to be saved as {path}"
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
            lines += preview_words.stages(self.con, RULES)
            lines += preview_words.pipelines(self.con)
            lines += preview_words.loss_reasons(self.con)
            logs = [log.name for log in self.contracts.logs]
            lines += preview_words.activity_types(self.con, RULES, logs)
        text = preview_words.merged(lines, self.night.settings)
        yield ""
        if not text:
            yield "Lines for nodecision.toml"
            yield from _paragraph(
                "None: every stage, reason and type of activity is known."
                if has_deals and self.rows("select 1 from core.deals limit 1")
                else "None to propose."
            )
            return
        yield "Lines for nodecision.toml"
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
