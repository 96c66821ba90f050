"""A file of which all is plain into a typed part, in one pass.

Most lines of most exports are plain: ids are ids, times are ISO, nothing is missing. What is read
is counted to prove that all was; a file with anything else in it is left to `staging`.
"""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

import duckdb

from pipelines import values
from pipelines.contracts import Column, Object
from pipelines.parts import Part
from pipelines.textfiles import Head
from pipelines.values import Form

# Lines that are refused while a run reads; they reach raw.rejects when all of it has been read.
REFUSED = "temp.refused"
CHECKED = ("date", "datetime", "number", "boolean")
IDS = ("id", "sf_id")
# Times as programs write them, all of one file alike, are read as such and never kept as text.
WRITTEN_TIME = re.compile(
    r"\d{4}-\d\d-\d\d(?P<between>[T ])\d\d:\d\d:\d\d(?P<part>\.\d{3}|\.\d{6})?"
    r"(?P<utc>Z|\+0000|\+00:00)?"
)


@dataclass(frozen=True)
class Options:
    """What the settings say about reading."""

    date_order: Mapping[str, str] = field(default_factory=dict)
    time_zone: Mapping[str, str] = field(default_factory=dict)
    encoding: Mapping[str, str] = field(default_factory=dict)
    decimal_mark: Mapping[str, str] = field(default_factory=dict)
    full: bool = False

    def zone(self, name: str) -> str:
        """The zone in which a kind of file tells its times; empty for UTC."""
        fitting = [key for key in self.time_zone if key == name or name.startswith(f"{key}_")]
        return self.time_zone.get(max(fitting, key=len, default="*"), "")

    def said(self, kind: str, name: str, column: str) -> str | None:
        """Which part of a date comes first, or which mark before decimals, where none shows it."""
        told = self.decimal_mark if kind == "number" else self.date_order
        return told.get(f"{name}.{column}", told.get("*"))


@dataclass(frozen=True)
class Loaded:
    """The parts that a file's lines went into, and how many were read and refused."""

    parts: tuple[Part, ...]
    rows: int
    refused: int


def text_at(places: Sequence[int]) -> str:
    """The first of some columns of a line that is not empty."""
    if len(places) == 1:
        return f"c{places[0]}"
    return f"coalesce({', '.join(f'nullif(trim(c{n}), {chr(39) * 2})' for n in places)})"


class Target:
    """One file of a known kind, and what of it goes where."""

    def __init__(
        self,
        con: duckdb.DuckDBPyConnection,
        label: str,
        head: Head,
        thing: Object,
        name: str,
        options: Options,
        part_names: Iterator[str],
    ) -> None:
        self.con = con
        self.label = label
        self.head = head
        self.thing = thing
        self.name = name
        self.options = options
        self.part_names = part_names
        self.places = thing.places(head.header)
        self.spreads = {spread: spread.places(head.header) for spread in thing.spreads}
        self.present = [column for column in thing.columns if column.name in self.places]
        self.zone = options.zone(name)
        self.by_semicolons = head.delimiter == ";"
        # What a program wrote has no thousands to part.
        self.is_written_by_hand = head.numbers is None

    def columns(self, types: Collection[str]) -> list[Column]:
        """The columns of these types that the file has."""
        return [column for column in self.present if column.type in types]

    def at_once(self) -> Loaded | None:
        """The file in one pass; None where something in it wants a closer look."""
        typed = self._typed()
        loaded = self._in_one_pass(typed, self._time_form()) if typed else None
        return loaded or self._in_one_pass({}, "")

    def _typed(self) -> dict[int, str]:
        """The columns that can be read as what they are, by place; none where nothing tells how."""
        if any(column.type == "datetime" for column in self.present) and not self._time_form():
            return {}
        return {
            self.places[column.name][0]: values.sql_type(column.type)
            for column in self.columns(("date", "datetime", "boolean"))
            if len(self.places[column.name]) == 1
        }

    def _time_form(self) -> str:
        """The one form that all times of the first records have; empty where there is none."""
        if self.zone:
            return ""
        places = [n for column in self.columns(("datetime",)) for n in self.places[column.name]]
        told = {row[n] for row in self.head.first for n in places if n < len(row) and row[n]}
        forms = set()
        for time in told:
            found = WRITTEN_TIME.fullmatch(time)
            if found is None:
                return ""
            part = {0: "", 4: ".%g", 7: ".%f"}[len(found["part"] or "")]
            forms.add(f"%Y-%m-%d{found['between']}%H:%M:%S{part}{found['utc'] or ''}")
        return forms.pop() if len(forms) == 1 else ""

    def _in_one_pass(self, typed: Mapping[int, str], time_form: str) -> Loaded | None:
        first_line, records = self._reach()
        if (
            first_line is None
            or self.head.place
            or len(self.head.header) < 2
            or any(self.spreads.values())
        ):
            return None
        part = Part(self.label, self.thing.table, next(self.part_names), first_line)
        try:
            self.con.execute(
                f"create table {part.name} as {self._plain_select(typed, time_form)}",
                [str(self.head.path), self.head.skipped_lines, self.head.delimiter],
            )
        except (duckdb.InvalidInputException, duckdb.ConversionException):
            # A record that does not fit, or bytes that are no text; which, the stage tells.
            return None
        # A number that lost its end to a spreadsheet ends in zeros; an id of Salesforce in letters.
        ends = "".join(
            f", count({column.name}) > 1 and count({column.name}) = "
            f"count(*) filter (where ends_with({column.name}, '0000'))"
            for column in self.present
            if column.type == "id"
        )
        rows, odd, *zeroed = self.con.execute(
            f"select count(*), count(*) filter (where _is_odd){ends} from {part.name}"
        ).fetchall()[0]
        if odd or rows != records or any(zeroed):
            self.con.execute(f"drop table {part.name}")
            return None
        self.con.execute(f"alter table {part.name} drop column _is_odd")
        return Loaded((part,), rows, 0)

    def _reach(self) -> tuple[int | None, int]:
        """The line of the first record, where each stands on the next line; how many there are."""
        numbers = self.head.numbers
        if numbers is None:
            assert self.head.lines is not None
            return self.head.skipped_lines + 2, self.head.lines - self.head.skipped_lines - 1
        below = numbers[self.head.place + 1 :]
        if not len(below):
            return 0, 0
        is_whole = below[-1] - below[0] == len(below) - 1
        return (int(below[0]) if is_whole else None), len(below)

    def _plain_select(self, typed: Mapping[int, str], time_form: str) -> str:
        """Every column as it reads where it is plain, and whether a line holds what is not."""
        read, odd = [], []
        for column in self.present:
            text = text_at(self.places[column.name])
            value = f"v_{column.name}"
            if column.type == "datetime" and self.zone:
                told = values.read(text, "datetime", Form(time_zone=self.zone))
            else:
                told = values.quick(text, column.type)
            read.append(f"{told} as {value}")
            if column.type in CHECKED:
                odd.append(f"({text} is not null and {value} is null)")
            if column.type == "datetime" and not self.zone and not time_form:
                odd.append(values.names_zone(text))
            if column.type == "number" and self.is_written_by_hand:
                odd.append(values.may_group(text))
            if column.type == "sf_id":
                odd.append(f"strlen({value}) <> 18")
            if column.type == "id":
                odd.append(f"contains({value}, '+')")
                odd.append(f"starts_with({value}, '#')")
            if column.is_required:
                odd.append(f"{value} is null")
        named = ", ".join(f"v_{column.name} as {column.name}" for column in self.present)
        is_odd = f"coalesce({' or '.join(odd)}, false)" if odd else "false"
        form = f", timestampformat = '{time_form}'" if time_form else ""
        return (
            f"select {named}, {is_odd} as _is_odd from (select *, {', '.join(read)} "
            f"from {self.read_csv(form, typed)})"
        )

    def read_csv(self, more: str = "", typed: Mapping[int, str] = MappingProxyType({})) -> str:
        """The records of a delimited text; its path, skipped lines and delimiter are $1 to $3.

        Every column is text but those that are `typed`, by place.
        """
        columns = ", ".join(
            f"'c{n}': '{typed.get(n, 'varchar')}'" for n in range(len(self.head.header))
        )
        return (
            f"read_csv($1, columns = {{{columns}}}, auto_detect = false, header = true, "
            f"skip = $2, delim = $3, quote = '\"', escape = '\"'{more})"
        )
