"""One text file: its encoding, its delimiter, where its records begin, as clean UTF-8."""

import codecs
import csv
import itertools
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO, Self

import numpy as np

from pipelines import letters
from pipelines.exports import BLOCK, ExportError, Survey
from pipelines.ingest_scan import Scan, scan

DELIMITERS = (",", ";", "\t", "|")
# What may follow `sep=` in the first line.
SAID = (*DELIMITERS, ":", "^", "~", "!", "#")
RECORDS_SNIFFED = 200
# A report's title, its filters and a blank line or two stand above the header.
LINES_ABOVE = 16
ABOVE = "above the header"
HANGUL_SHARE = 0.9
LONGEST_FIELD = 1 << 27
CELL_SHOWN = 200
# With a delimiter after it, read after the last line: two fields unless a quote is still open.
END = "\x00end of file\x00"


@dataclass(frozen=True)
class Head:
    """A delimited text file as UTF-8 on disk, of which only the first records have been read.

    `beginning` are those records with the physical line each begins on; the one at `place` is the
    header. `lines` are the physical lines of the file. `numbers` are the records' own numbers
    where the text was made from something else.
    """

    path: Path
    encoding: str | None
    delimiter: str
    beginning: tuple[tuple[int, tuple[str, ...]], ...]
    place: int = 0
    lines: int | None = None
    numbers: np.ndarray | None = None

    @property
    def header(self) -> tuple[str, ...]:
        """The headers of the columns."""
        return tuple(cell.replace("\ufeff", "") for cell in self.beginning[self.place][1])

    @property
    def skipped_lines(self) -> int:
        """The physical lines above the header."""
        return self.beginning[self.place][0] - 1

    @property
    def first(self) -> tuple[tuple[str, ...], ...]:
        """The first records below the header."""
        return tuple(cells for _, cells in self.beginning[self.place + 1 :])

    def lower(self) -> Iterator[Self]:
        """The same file with a header further down, below lines that say what it is."""
        for place in range(1, min(LINES_ABOVE, len(self.beginning))):
            if len(self.beginning[place][1]) > 1:
                yield replace(self, place=place)

    @property
    def above(self) -> tuple["Misfit", ...]:
        """The records above the header, which are no lines of the table."""
        return tuple(
            Misfit(
                line if self.numbers is None else int(self.numbers[n]),
                line if self.numbers is None else int(self.numbers[n]),
                " ".join(cell for cell in cells if cell)[:CELL_SHOWN],
                ABOVE,
            )
            for n, (line, cells) in enumerate(self.beginning[: self.place])
        )


@dataclass(frozen=True)
class Misfit:
    """A record that does not fit: its lines, its first field and what is wrong with it."""

    line: int
    last_line: int
    first_cell: str
    reason: str


@dataclass(frozen=True)
class Records:
    """The records of a file after the header, ready to be loaded.

    `path` holds the header and the records of full width, in a form that leaves a reader no
    choice; `lines` are the physical lines of the offered file on which those records begin.
    """

    path: Path
    skipped_lines: int
    delimiter: str
    lines: np.ndarray
    misfits: tuple[Misfit, ...]


def _misfit(line: int, last_line: int, first_cell: str, reason: str) -> Misfit:
    reach = f"; it reaches down to line {last_line}" if last_line > line else ""
    return Misfit(line, last_line, first_cell[:CELL_SHOWN], reason + reach)


def _of_width(width: int, header: Sequence[str]) -> str:
    return f"{width} columns where the header has {len(header)}"


def _decodes(path: Path, encoding: str) -> bool:
    decoder = codecs.getincrementaldecoder(encoding)("strict")
    try:
        with path.open("rb") as blocks:
            while block := blocks.read(BLOCK):
                decoder.decode(block)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _reads_as_korean(path: Path) -> bool:
    """Whether a CP949 reading gives Hangul in runs, as Korean does and stray accents do not."""
    foreign = hangul = runs = 0
    with path.open(encoding="cp949") as lines:
        for line in lines:
            letters = re.findall(r"[^\x00-\x7f]", line)
            foreign += len(letters)
            hangul += sum("가" <= letter <= "힣" for letter in letters)
            runs += len(re.findall(r"[가-힣]{2,}", line))
    return foreign > 0 and hangul >= HANGUL_SHARE * foreign and runs > 0


def encoding_of(path: Path, *, is_utf8: bool) -> str:
    """The encoding of a file, judged on all of it, not on its beginning.

    `is_utf8` tells whether all of its bytes are UTF-8.
    """
    with path.open("rb") as file:
        head = file.read(letters.SNIFFED)
    if head.startswith(codecs.BOM_UTF8):
        return "utf-8-sig"
    if wide := letters.wide_encoding(head):
        return wide
    if is_utf8:
        return "utf-8"
    if _decodes(path, "cp949") and _reads_as_korean(path):
        return "cp949"
    return "cp1252" if _decodes(path, "cp1252") else "latin-1"


def _as_utf8(label: str, path: Path, encoding: str, temp: Path) -> tuple[Path, int]:
    """The file in UTF-8 without a mark before it, and its physical lines."""
    place = temp / "utf8.csv"
    decoder = codecs.getincrementaldecoder(encoding)("strict")
    feeds, last = 0, "\n"
    try:
        with path.open("rb") as blocks, place.open("w", encoding="utf-8", newline="") as target:
            while block := blocks.read(BLOCK):
                text = decoder.decode(block)
                feeds, last = feeds + text.count("\n"), text[-1:] or last
                target.write(text)
            target.write(decoder.decode(b"", final=True))
    except UnicodeDecodeError as error:
        raise ExportError(
            f"{label}: it begins like {encoding}, but byte {error.start} of a block does not fit "
            "that. It may be only partly downloaded: export it again, as UTF-8 if you can choose."
        ) from error
    return place, feeds + (last != "\n")


def in_utf8(label: str, path: Path, temp: Path, survey: Survey) -> Path:
    """A text without columns, such as JSON, in UTF-8."""
    encoding = encoding_of(path, is_utf8=survey.is_utf8)
    return path if encoding == "utf-8" else _as_utf8(label, path, encoding, temp)[0]


class _Lines:
    """Lines on their way to a parser; `record` holds those of the record it is at."""

    def __init__(self, lines: Iterable[str]) -> None:
        self.lines = iter(lines)
        self.record: list[str] = []

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> str:
        line = next(self.lines)
        self.record.append(line)
        return line


def parsed(
    path: Path, delimiter: str, skipped: int, escape: str | None = None, end: str = ""
) -> Iterator[tuple[int, list[str], list[str]]]:
    """The first physical line, the fields and the text lines of each record but blank lines.

    `end` is one more line to be read after the last one.
    """
    csv.field_size_limit(LONGEST_FIELD)
    with path.open(encoding="utf-8", newline="") as file:
        for _ in range(skipped):
            next(file)
        lines = _Lines(itertools.chain(file, [end] if end else []))
        start = skipped + 1
        for record in csv.reader(
            lines, delimiter=delimiter, escapechar=escape, doublequote=escape is None
        ):
            if record:
                yield start, record, lines.record
            start += len(lines.record)
            lines.record.clear()


def _closes_quotes(delimiter: str, escape: str | None) -> re.Pattern[str]:
    """What a record matches whose quoted fields all end where a field ends."""
    quoted = r'"[^"\\]*(?:\\.[^"\\]*)*"' if escape else r'"[^"]*(?:""[^"]*)*"'
    ends = rf"\r\n{re.escape(delimiter)}"
    of_field = rf'(?:{quoted}|(?:[^"{ends}][^{ends}]*)?)'
    return re.compile(rf"{of_field}(?:{re.escape(delimiter)}{of_field})*[\r\n]*", flags=re.DOTALL)


def _delimiter(path: Path, skipped: int) -> str:
    """The delimiter that gives the most fields on the most records; a comma for one column."""
    best, best_score = ",", (0.0, 0)
    for delimiter in DELIMITERS:
        first = itertools.islice(parsed(path, delimiter, skipped), RECORDS_SNIFFED)
        widths = Counter(len(record) for _, record, _ in first)
        # Titles and footers stand alone in their lines, and may be more than the records.
        parted = [width for width in widths if width > 1]
        if not parted:
            continue
        usual = max(parted, key=lambda width: (widths[width], width))
        score = (widths[usual] / widths.total(), usual)
        if score > best_score:
            best, best_score = delimiter, score
    return best


def made(label: str, path: Path, numbers: np.ndarray) -> Head:
    """The beginning of a text that was made from something else, with the records' numbers.

    Raises ExportError when it is empty.
    """
    return Head(path, None, ",", _beginning(label, path, ",", 0), numbers=numbers)


def look(label: str, path: Path, temp: Path, survey: Survey, encoding: str | None = None) -> Head:
    """Look at the beginning of a file; `encoding` is one that the settings name.

    Raises ExportError when the file is empty or cannot be read.
    """
    letters.refuse_other_kind(label, path)
    known = encoding or encoding_of(path, is_utf8=survey.is_utf8)
    if encoding is None:
        letters.refuse_mixed(label, path, known)
    plain, lines = path, survey.lines
    if known != "utf-8" or not survey.is_utf8:
        plain, lines = _as_utf8(label, path, known, temp)
    with plain.open(encoding="utf-8", newline="") as text:
        said = re.fullmatch(r"\"?sep=(.)\"?\s*", text.readline())
    if said and said.group(1) not in SAID:
        raise ExportError(
            f"{label}, line 1: {said.group(1)!r} cannot part the columns. Export it again with "
            "commas, semicolons or tabs between them."
        )
    skipped = 1 if said else 0
    try:
        delimiter = said.group(1) if said else _delimiter(plain, skipped)
    except csv.Error as error:
        raise _broken(label, 1, error) from error
    return Head(plain, known, delimiter, _beginning(label, plain, delimiter, skipped), lines=lines)


def _beginning(
    label: str, path: Path, delimiter: str, skipped: int
) -> tuple[tuple[int, tuple[str, ...]], ...]:
    try:
        records = itertools.islice(parsed(path, delimiter, skipped), RECORDS_SNIFFED)
        first = tuple((line, tuple(record)) for line, record, _ in records)
    except csv.Error as error:
        raise _broken(label, 1, error) from error
    if not first:
        raise ExportError(f"{label}: the file is empty. Export it again.")
    return first


def _broken(label: str, line: int, error: csv.Error) -> ExportError:
    return ExportError(
        f"{label}, line {line}: {error}: a quote is opened there and not closed. Export it again."
    )


def records(label: str, head: Head, temp: Path) -> Records:
    """Count the records of a file and bring it into a form that reads in one way only.

    Raises ExportError when it cannot be parsed.
    """
    if head.numbers is not None:
        lines = head.numbers[head.place + 1 :]
        return Records(head.path, head.skipped_lines, head.delimiter, lines, head.above)
    found = scan(head.path, head.delimiter, head.skipped_lines)
    if not found.is_clean:
        return _rewritten(label, head, temp)
    whole = found.widths == len(head.header)
    if whole.all():
        return Records(head.path, head.skipped_lines, head.delimiter, found.lines, head.above)
    return _without_misfits(head, found, temp)


def _without_misfits(head: Head, found: Scan, temp: Path) -> Records:
    """A clean file copied without the records of another width."""
    whole = found.widths == len(head.header)
    place = temp / "whole.csv"
    misfits = []
    with head.path.open("rb") as source, place.open("wb") as target:
        for n in np.flatnonzero(~whole):
            _copy(source, target, int(found.begins[n]) - source.tell())
            text = source.read(int(found.ends[n] - found.begins[n]))
            cells = next(csv.reader([text.decode()], delimiter=head.delimiter))
            line = int(found.lines[n])
            last = line + text.rstrip(b"\r\n").count(b"\n")
            misfits.append(_misfit(line, last, cells[0], _of_width(found.widths[n], head.header)))
        _copy(source, target, head.path.stat().st_size - source.tell())
    return Records(
        place, head.skipped_lines, head.delimiter, found.lines[whole], (*head.above, *misfits)
    )


def _copy(source: BinaryIO, target: BinaryIO, length: int) -> None:
    while length > 0 and (block := source.read(min(BLOCK, length))):
        target.write(block)
        length -= len(block)


def _rewritten(label: str, head: Head, temp: Path) -> Records:
    """A file with stray quotes or mixed line ends, read leniently and written out cleanly.

    Quotes within quotes are doubled, or marked by a backslash where that fits more records.
    """
    with head.path.open("rb") as lines:
        has_escapes = any(b'\\"' in line for line in lines)
    tries: list[Records] = []
    errors: list[ExportError] = []
    for escape in (None, "\\") if has_escapes else (None,):
        place = temp / ("doubled.csv" if escape is None else "escaped.csv")
        try:
            tries.append(_lenient(label, head, place, escape))
        except ExportError as error:
            errors.append(error)
    if not tries:
        raise errors[0]
    return max(tries, key=lambda found: len(found.lines))


def _lenient(label: str, head: Head, place: Path, escape: str | None) -> Records:
    starts: list[int] = []
    misfits: list[Misfit] = []
    line = head.skipped_lines
    end = END + head.delimiter
    closes_quotes = _closes_quotes(head.delimiter, escape)
    with place.open("w", encoding="utf-8", newline="") as target:
        writer = csv.writer(target, quoting=csv.QUOTE_ALL, lineterminator="\n")
        try:
            for n, (line, record, lines) in enumerate(
                parsed(head.path, head.delimiter, head.skipped_lines, escape, end)
            ):
                if record == [END, ""]:
                    break
                if any(END in cell for cell in record[-2:]):
                    raise csv.Error("the file ends within a quoted field")
                wrong = None
                if n and len(record) != len(head.header):
                    wrong = _of_width(len(record), head.header)
                elif n and len(lines) > 1 and not closes_quotes.fullmatch("".join(lines)):
                    wrong = "a quote is opened in it and not closed where a field ends"
                if wrong is not None:
                    misfits.append(_misfit(line, line + len(lines) - 1, record[0], wrong))
                    continue
                writer.writerow(record)
                if n:
                    starts.append(line)
        except csv.Error as error:
            raise _broken(label, line, error) from error
    return Records(place, 0, ",", np.asarray(starts, dtype=np.int64), (*head.above, *misfits))
