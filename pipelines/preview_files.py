"""Each file of an export for the preview: what it is, what it holds, what is wrong with it."""

import textwrap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

import duckdb

from pipelines.contracts import EVENTS, Column, Contracts
from pipelines.preview_columns import Near
from pipelines.toml_text import Line, comment

WIDTH = 98
LIKELY_SHARE = 0.3
LEAST_SHOWN_FILL = 0.995
MOST_COLUMNS = 14
MOST_REASONS = 3
VALUE_SHOWN = 40
HEADERS_SHOWN = 12
READ = ("loaded", "unchanged")
DELIMITERS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}
DATABASES = (".duckdb", ".sqlite", ".sqlite3", ".db")
# Of several dated columns the one that places a line in time, the likeliest first.
MAIN_DATES = ("happened", "changed", "created", "activity", "timestamp", "message", "start")


@dataclass
class Held:
    """What the lines of one file hold in the columns that are read."""

    rows: int = 0
    dated: str = ""
    first: object = None
    last: object = None
    fills: dict[str, float] = field(default_factory=dict)


def wrapped(label: str, text: str, indent: int = 6, name_width: int = 11) -> Iterator[str]:
    """A labelled paragraph within the width of a page."""
    gap = " " * (indent + name_width)
    start = f"{' ' * indent}{label:<{name_width}}"
    yield from textwrap.wrap(
        text, WIDTH, initial_indent=start, subsequent_indent=gap, break_on_hyphens=False
    )


def plain(text: object, most: int = VALUE_SHOWN) -> str:
    """A value as it can be shown on one line, whatever it holds."""
    shown = comment(str(text))[2:]
    return shown if len(shown) <= most else f"{shown[: most - 1]}…"


def _columns_of(contracts: Contracts) -> Mapping[str, tuple[str, Sequence[Column]]]:
    """Table and columns by kind, as raw.files names it."""
    found = {thing.name: (thing.table, thing.columns) for thing in contracts.objects}
    logs = {f"event_log:{log.name}": (EVENTS, log.events.columns) for log in contracts.logs}
    return {**found, **logs}


def held(con: duckdb.DuckDBPyConnection, contracts: Contracts) -> dict[str, Held]:
    """What every file that was read holds: one pass over each raw table."""
    known = _columns_of(contracts)
    tables: dict[str, dict[str, Column]] = {}
    for (kind,) in con.execute(
        "select distinct kind from raw.files where decision in ('loaded', 'unchanged') order by 1"
    ).fetchall():
        if kind in known:
            table, columns = known[kind]
            tables.setdefault(table, {}).update({column.name: column for column in columns})
    mapped: dict[str, set[str]] = {}
    for file, column in con.execute(
        "select distinct file, mapped_to from raw.columns where mapped_to is not null"
    ).fetchall():
        mapped.setdefault(file, set()).add(column)
    found: dict[str, Held] = {}
    for table, by_name in tables.items():
        columns = list(by_name.values())
        dated = [column for column in columns if column.type in ("date", "datetime")]
        parts = [
            *(f"count(nullif(trim(cast({c.name} as varchar)), ''))" for c in columns),
            *(f"min(try_cast({c.name} as timestamp))" for c in dated),
            *(f"max(try_cast({c.name} as timestamp))" for c in dated),
        ]
        for file, rows, *told in con.execute(
            f"select _file, count(*), {', '.join(parts)} from {table} group by _file order by 1"
        ).fetchall():
            fills = dict(zip((c.name for c in columns), told, strict=False))
            there = mapped.get(file, {name for name, n in fills.items() if n})
            spans = {
                c.name: (told[len(columns) + n], told[len(columns) + len(dated) + n])
                for n, c in enumerate(dated)
                if c.name in there and fills[c.name]
            }
            one = Held(rows, fills={c: fills[c] / rows for c in fills if c in there})
            if spans:
                one.dated = min(spans, key=lambda name: _main(by_name[name], one.fills[name]))
                one.first, one.last = spans[one.dated]
            found[file] = one
    return found


def _main(column: Column, fill: float) -> tuple[bool, int, float, str]:
    place = next(
        (n for n, word in enumerate(MAIN_DATES) if column.name.startswith(word)), len(MAIN_DATES)
    )
    return not column.is_required, place, -fill, column.name


def _day(moment: object) -> str:
    return moment.date().isoformat() if isinstance(moment, datetime) else str(moment)


def span(first: object, last: object) -> str:
    """Two days as a span."""
    if isinstance(first, date) and isinstance(last, date):
        return f"{_day(first)} to {_day(last)}"
    return "no dates"


def listed(names: Sequence[str], most: int) -> str:
    """Some names, and how many more there are."""
    shown = ", ".join(plain(name) for name in names[:most])
    return shown if len(names) <= most else f"{shown} and {len(names) - most:,} more"


def _number(n: int, noun: str) -> str:
    return f"{n:,} {noun}{'' if n == 1 else 's'}"


def _fills(one: Held) -> str:
    ordered = sorted(one.fills.items(), key=lambda fill: (fill[1], fill[0]))
    low = [(name, fill) for name, fill in ordered if fill < LEAST_SHOWN_FILL]
    shown = [f"{name} {fill:.0%}" for name, fill in low[:MOST_COLUMNS]]
    if len(low) > MOST_COLUMNS:
        shown.append(f"{len(low) - MOST_COLUMNS} more below 100%")
    full = len(ordered) - len(low)
    if full:
        shown.append(f"{'the other ' if low else ''}{_number(full, 'column')} 100%")
    return ", ".join(shown)


def _rejects(con: duckdb.DuckDBPyConnection, file: str) -> Iterator[str]:
    for is_line, label in ((True, "refused"), (False, "unread")):
        rows = con.execute(
            "select line, column_name, value, reason from raw.rejects "
            "where file = $1 and is_line_refused = $2 order by line, column_name",
            [file, is_line],
        ).fetchmany(MOST_REASONS + 1)
        total = con.execute(
            "select count(*) from raw.rejects where file = $1 and is_line_refused = $2",
            [file, is_line],
        ).fetchall()[0][0]
        if not rows:
            continue
        noun = "lines" if is_line else "values"
        yield from wrapped(label, f"{total:,} {noun if total > 1 else noun[:-1]}")
        for line, column, value, reason in rows[:MOST_REASONS]:
            place = f"line {line:,}" if line is not None else "a line"
            where = f", column {column}" if column else ""
            shown = "" if value is None else f", {plain(value)!r}"
            yield from wrapped("", f"{place}{where}{shown}: {plain(reason, 200)}")
        if total > MOST_REASONS:
            yield from wrapped("", f"and {total - MOST_REASONS:,} more")


def known_file(
    con: duckdb.DuckDBPyConnection,
    row: Sequence[object],
    one: Held,
    is_log: bool,
) -> Iterator[str]:
    """A file that was read."""
    path, kind, rows, encoding, delimiter = row
    facts = [str(kind), _number(int(str(rows)), "event" if is_log else "row")]
    if one.dated:
        facts.append(f"{one.dated} {span(one.first, one.last)}")
    if encoding:
        facts.append(f"{encoding}, {DELIMITERS.get(str(delimiter), '') or 'no delimiter'}")
    yield f"  {plain(path, 90)}"
    yield from wrapped("is", "; ".join(facts))
    if one.fills:
        yield from wrapped("filled", _fills(one))
    yield from _rejects(con, str(path))
    unread = [
        str(name)
        for (name,) in con.execute(
            "select column_name from raw.columns where file = $1 and mapped_to is null "
            "and trim(column_name) <> '' order by column_name",
            [path],
        ).fetchall()
    ]
    if unread:
        yield from wrapped("not read", listed(unread, HEADERS_SHOWN))


def is_likely(near: Near, header: Sequence[str]) -> bool:
    """Whether so much of a file is of its nearest kind that it may well be one."""
    known = near.found + len(near.matches)
    return near.is_named or known >= LIKELY_SHARE * len(header)


def proposals(label: str, near: Near, has_deals: bool) -> list[Line]:
    """The lines that would make an unknown file a known one.

    They are active only where the whole file would then be read, and would not add lines of a
    doubtful kind to deals that are known already.
    """
    doubtful = near.thing.is_decisive and has_deals and not near.is_named
    is_active = near.is_whole and not doubtful
    return [
        Line(
            "columns",
            f"{near.thing.name}.{match.column.name}",
            (match.header,),
            f"{plain(label, 30)}: like {match.like!r}"
            + (
                f"; holds {', '.join(plain(e, 20) for e in match.examples)}"
                if match.examples
                else ""
            ),
            is_active,
        )
        for match in (*near.matches.values(), *near.more)
    ]


def unknown_file(
    label: str, reason: str, near: Near | None, lines: Sequence[Line], header: Sequence[str]
) -> Iterator[str]:
    """A file that was not read: why, what it is nearest to, and what would make it known."""
    yield f"  {plain(label, 90)}"
    if near is None:
        # The header is shown by itself, and not in full.
        why = reason.removeprefix(f"{label}: ").partition("; its header is:")[0]
        yield from wrapped("is not read", plain(why, 600), name_width=13)
        if label.lower().endswith(DATABASES):
            told = "a database is no export: name it below [databases] of nodecision.toml"
            yield from wrapped("what to do", told, name_width=13)
        if header:
            yield from wrapped("its header", listed(header, HEADERS_SHOWN), name_width=13)
        return
    lacks = ", ".join(entry.replace("|", " or ") for entry in near.lacking)
    lack = f" and lacks {lacks}" if lacks else ""
    yield from wrapped(
        "is unknown",
        f"{'' if is_likely(near, header) else 'far from all that is read; '}"
        f"nearest is {near.thing.name} ({near.thing.description.rstrip('.')}); it shows "
        f"{near.found} of {len(near.thing.columns)} columns of it{lack}",
        name_width=13,
    )
    yield from wrapped("its header", listed(header, HEADERS_SHOWN), name_width=13)
    if lines:
        yield from wrapped(
            "if it is one",
            "with these lines below [columns] of nodecision.toml it is read:"
            if near.is_whole
            else "these lines below [columns] of nodecision.toml supply a part of it:",
            name_width=13,
        )
        for line in lines:
            for part in replace_active(line).text.splitlines():
                yield f"        {part}"
    missing = [entry for entry in near.lacking if entry not in near.matches]
    if missing:
        names = ", ".join(entry.replace("|", " or ") for entry in missing)
        yield from wrapped(
            "still lacks", f"{names}: no other column of it looks like one", name_width=13
        )


def replace_active(line: Line) -> Line:
    """The line as it would stand in the settings."""
    return Line(line.section, line.key, line.values, line.why, is_active=True)
