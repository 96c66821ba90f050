"""One text file: its encoding, its delimiter, where its records begin, as clean UTF-8."""

import codecs
import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pipelines.exports import ExportError

BLOCK = 1 << 20
DELIMITERS = (",", ";", "\t", "|")
RECORDS_SNIFFED = 200
HANGUL_SHARE = 0.9
LONGEST_FIELD = 1 << 27


@dataclass(frozen=True)
class TextFile:
    """A delimited text file, as UTF-8 on disk.

    `starts` and `widths` have one entry a record after the header: its first physical line and
    its number of fields. Blank lines are no records.
    """

    path: Path
    encoding: str
    delimiter: str
    header: tuple[str, ...]
    skipped_lines: int
    starts: np.ndarray
    widths: np.ndarray

    @property
    def whole(self) -> np.ndarray:
        """Which records have as many fields as the header."""
        return np.equal(self.widths, len(self.header))


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


def encoding_of(path: Path) -> str:
    """The encoding of a file, judged on all of it, not on its beginning."""
    with path.open("rb") as file:
        head = file.read(4096)
    if head.startswith(codecs.BOM_UTF8):
        return "utf-8-sig"
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    if b"\x00" in head:
        return "utf-16-le" if head[1:2] == b"\x00" else "utf-16-be"
    if _decodes(path, "utf-8"):
        return "utf-8"
    if _decodes(path, "cp949") and _reads_as_korean(path):
        return "cp949"
    return "cp1252" if _decodes(path, "cp1252") else "latin-1"


def _as_utf8(path: Path, encoding: str, temp: Path) -> Path:
    if encoding == "utf-8":
        return path
    place = temp / f"{path.stem}-utf8.csv"
    decoder = codecs.getincrementaldecoder(encoding)("strict")
    with path.open("rb") as blocks, place.open("w", encoding="utf-8", newline="") as target:
        while block := blocks.read(BLOCK):
            target.write(decoder.decode(block))
        target.write(decoder.decode(b"", final=True))
    return place


def _records(path: Path, delimiter: str, skipped: int) -> Iterator[tuple[int, list[str]]]:
    """Each record with the physical line on which it begins."""
    csv.field_size_limit(LONGEST_FIELD)
    with path.open(encoding="utf-8", newline="") as lines:
        for _ in range(skipped):
            next(lines)
        reader = csv.reader(lines, delimiter=delimiter)
        start = skipped + 1
        for record in reader:
            if record:
                yield start, record
            start = skipped + reader.line_num + 1


def _delimiter(path: Path, skipped: int) -> str:
    """The delimiter that gives the most fields on the most records; a comma for one column."""
    best, best_score = ",", (0.0, 0)
    for delimiter in DELIMITERS:
        widths = []
        for (_, record), _ in zip(
            _records(path, delimiter, skipped), range(RECORDS_SNIFFED), strict=False
        ):
            widths.append(len(record))
        if not widths or widths[0] < 2:
            continue
        score = (sum(width == widths[0] for width in widths) / len(widths), widths[0])
        if score > best_score:
            best, best_score = delimiter, score
    return best


def read(label: str, path: Path, temp: Path) -> TextFile:
    """Look at a delimited text file. Raises ExportError when it is empty or cannot be parsed."""
    encoding = encoding_of(path)
    plain = _as_utf8(path, encoding, temp)
    with plain.open(encoding="utf-8", newline="") as lines:
        first = lines.readline()
    said = re.fullmatch(r"\"?sep=(.)\"?\s*", first)
    skipped = 1 if said else 0
    delimiter = said.group(1) if said else _delimiter(plain, skipped)
    starts: list[int] = []
    widths: list[int] = []
    header: tuple[str, ...] | None = None
    try:
        for start, record in _records(plain, delimiter, skipped):
            if header is None:
                header = tuple(cell.replace("\ufeff", "") for cell in record)
            else:
                starts.append(start)
                widths.append(len(record))
    except csv.Error as error:
        last = starts[-1] if starts else skipped + 1
        raise ExportError(f"{label}, after line {last}: {error}. Export it again.") from error
    if header is None:
        raise ExportError(f"{label}: the file is empty. Export it again.")
    return TextFile(
        plain,
        encoding,
        delimiter,
        header,
        skipped,
        np.asarray(starts, dtype=np.int64),
        np.asarray(widths, dtype=np.int64),
    )
