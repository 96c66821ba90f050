"""What the bytes of a text file tell before it is read: its true kind and its letters."""

import codecs
import re
from pathlib import Path

from pipelines.exports import ExportError

SNIFFED = 4096
# What a file that is called text may be by its first bytes, and what to do then.
OTHER_KINDS = {
    b"PK\x03\x04": "a zip or a workbook, not text. Call it .zip or .xlsx, as what it is",
    b"\xd0\xcf\x11\xe0": "an old workbook, not text. Call it .xls",
    b"\x1f\x8b": "packed with gzip. Add .gz to its name",
    b"PAR1": "parquet, not text. Call it .parquet",
    b"%PDF": "a PDF, not text",
}
# In text of two bytes a letter, these have a zero byte beside them.
COMMON = b'\n,;\t" '
# Three bytes that are a Hangul syllable in UTF-8, twice: no accident of another encoding.
HANGUL = re.compile(rb"(?:[\xea-\xed][\x80-\xbf]{2}){2}")


def refuse_other_kind(label: str, path: Path) -> None:
    """Raise ExportError when the first bytes are those of a kind that is no text."""
    with path.open("rb") as file:
        start = file.read(8)
    for mark, kind in OTHER_KINDS.items():
        if start.startswith(mark):
            raise ExportError(f"{label}: by its first bytes it is {kind}; or export CSV in UTF-8.")


def wide_encoding(head: bytes) -> str | None:
    """The encoding of text with two or four bytes a letter; None for any other.

    Zero bytes alone do not tell: a disk that was full leaves them behind ordinary text.
    """
    if head.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)):
        return "utf-32"
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    even = range(0, len(head) - 1, 2)
    little = sum(head[n] in COMMON and head[n + 1] == 0 for n in even)
    big = sum(head[n] == 0 and head[n + 1] in COMMON for n in even)
    either = sum(byte in COMMON for byte in head)
    if not max(little, big) * 2 > either:
        return None
    return "utf-16-le" if little >= big else "utf-16-be"


def refuse_mixed(label: str, path: Path, encoding: str) -> None:
    """Raise ExportError when some lines of a file are UTF-8 and others are not.

    Read in one encoding, half of its letters would be wrong without a word.
    """
    if encoding not in ("cp949", "cp1252", "latin-1"):
        return
    first: dict[bool, int] = {}
    with path.open("rb") as lines:
        for number, line in enumerate(lines, start=1):
            if not line.isascii():
                first.setdefault(_is_utf8(line, encoding), number)
    if len(first) == 2:
        raise ExportError(
            f"{label}: line {first[True]} is UTF-8 and line {first[False]} is not. Export it again "
            "in one encoding, UTF-8 if you can choose; or say in nodecision.toml how to read all "
            f'of it: [source] encoding = {{ "{label}" = "{encoding}" }}.'
        )


def _is_utf8(line: bytes, encoding: str) -> bool:
    try:
        line.decode("utf-8")
    except UnicodeDecodeError:
        return False
    # Korean in CP949 is UTF-8 by accident now and then.
    return encoding != "cp949" or HANGUL.search(line) is not None
