"""Where the records of a delimited UTF-8 file begin, counted without the reader that loads them.

A file is clean when every quote opens or closes a whole field, every quoted field ends, and all
records end in the same way. In a clean file the parity of the quotes so far says whether a byte
lies inside a field, so records and fields are counted on whole blocks of bytes at once.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

BLOCK = 1 << 22
QUOTE, LINE_FEED, RETURN = 34, 10, 13


@dataclass(frozen=True)
class Scan:
    """The records of a file after its first one, the header.

    One entry a record in each array: its first physical line (from 1), its number of fields, and
    the bytes from which and up to which it reaches. Blank lines are no records. The arrays of a
    file that is not clean mean nothing.
    """

    is_clean: bool
    lines: np.ndarray
    widths: np.ndarray
    begins: np.ndarray
    ends: np.ndarray


class _Blocks:
    """What the next block of bytes needs to know of those before it."""

    def __init__(self, delimiter: str, first_line: int, begin: int) -> None:
        self.delimiter = ord(delimiter)
        self.is_clean = True
        self.is_inside = False
        self.last = LINE_FEED
        self.line = first_line
        self.record_line = first_line
        self.position = begin
        self.begin = begin
        self.delimiters = 0
        self.ending: int | None = None
        self.found: list[tuple[np.ndarray, ...]] = []

    def add(self, block: np.ndarray) -> None:
        is_quote = block == QUOTE
        after = (np.cumsum(is_quote, dtype=np.uint8) & 1).astype(bool) ^ self.is_inside
        inside = np.empty_like(after)
        inside[0], inside[1:] = self.is_inside, after[:-1]
        before = np.empty_like(block)
        before[0], before[1:] = self.last, block[:-1]
        feeds = np.flatnonzero(block == LINE_FEED)
        outer = ~inside[feeds]
        self._check(block, is_quote, inside, before)
        ends = feeds[outer]
        self._check_endings(before[ends])
        self._cut(block, inside, feeds, outer, ends)
        self.line += len(feeds)
        self.position += len(block)
        self.is_inside = bool(after[-1])
        self.last = int(block[-1])

    def _check(
        self, block: np.ndarray, is_quote: np.ndarray, inside: np.ndarray, before: np.ndarray
    ) -> None:
        starts_field = (before == self.delimiter) | (before == LINE_FEED)
        opens_badly = is_quote & ~inside & ~starts_field & (before != QUOTE)
        ends_field = (block == self.delimiter) | (block == LINE_FEED) | (block == RETURN)
        closes_badly = ~inside & (before == QUOTE) & ~is_quote & ~ends_field
        lone_return = ~inside & (before == RETURN) & (block != LINE_FEED)
        if (opens_badly | closes_badly | lone_return).any():
            self.is_clean = False

    def _check_endings(self, before_end: np.ndarray) -> None:
        is_return = before_end == RETURN
        if len(is_return):
            if self.ending is None:
                self.ending = bool(is_return[0])
            if (is_return != self.ending).any():
                self.is_clean = False

    def _cut(
        self,
        block: np.ndarray,
        inside: np.ndarray,
        feeds: np.ndarray,
        outer: np.ndarray,
        ends: np.ndarray,
    ) -> None:
        marks = np.flatnonzero((block == self.delimiter) & ~inside)
        upto = np.searchsorted(marks, ends)
        if not len(ends):
            self.delimiters += len(marks)
            return
        widths = np.diff(upto, prepend=0) + 1
        widths[0] += self.delimiters
        begins = np.empty(len(ends), dtype=np.int64)
        begins[0], begins[1:] = self.begin, ends[:-1] + 1 + self.position
        lines = np.empty(len(ends), dtype=np.int64)
        after_feed = np.flatnonzero(outer) + 1 + self.line
        lines[0], lines[1:] = self.record_line, after_feed[:-1]
        self.found.append((lines, widths, begins, ends + 1 + self.position))
        self.begin = int(ends[-1]) + 1 + self.position
        self.record_line = int(after_feed[-1])
        self.delimiters = len(marks) - int(upto[-1])

    def finish(self) -> Scan:
        rest_is_record = self.position > self.begin
        if rest_is_record:
            rest = (self.record_line, self.delimiters + 1, self.begin, self.position)
            self.found.append(tuple(np.array([value], dtype=np.int64) for value in rest))
        if self.is_inside or self.last == RETURN:
            self.is_clean = False
        lines, widths, begins, ends = (
            np.concatenate(column) if self.found else np.empty(0, dtype=np.int64)
            for column in (zip(*self.found, strict=True) if self.found else [()] * 4)
        )
        blank = ends - begins <= (2 if self.ending else 1)
        blank &= widths == 1
        if rest_is_record:
            blank[-1] = False
        kept = np.flatnonzero(~blank)[1:]
        return Scan(self.is_clean, lines[kept], widths[kept], begins[kept], ends[kept])


def scan(path: Path, delimiter: str, skipped: int) -> Scan:
    """Count the records of a file, of which `skipped` lines come before the header."""
    with path.open("rb") as file:
        for _ in range(skipped):
            file.readline()
        blocks = _Blocks(delimiter, skipped + 1, file.tell())
        while block := file.read(BLOCK):
            blocks.add(np.frombuffer(block, dtype=np.uint8))
            if not blocks.is_clean:
                break
    return blocks.finish()
