"""Finds the files of an export: folders, zips in parts, gz, text, sheets, parquet, JSON, logs."""

import codecs
import gzip
import hashlib
import lzma
import os
import shutil
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO

import numpy as np
import python_calamine

TEXT = (".csv", ".tsv", ".txt")
SHEETS = (".xlsx", ".xlsm", ".xlsb", ".xls", ".ods")
PARQUET = (".parquet", ".pq")
JSON = (".json", ".jsonl", ".ndjson")
LOGS = (".xes",)
READABLE = TEXT + SHEETS + PARQUET + JSON + LOGS
BLOCK = 1 << 20
LINE_FEED = ord("\n")
# Archives and the old binary sheets begin so; what else is called a sheet is text or a web page.
SHEET_STARTS = (b"PK", b"\xd0\xcf\x11\xe0")
# The mark of a zip's member that needs a password.
ENCRYPTED = 1
# Below this an archive may be packed as tightly as it likes.
HARMLESS_BYTES = 64 << 20


class ExportError(ValueError):
    """An export that cannot be used; the message names file, place, value and next step."""


class _TooLarge(Exception):
    """A stream held more than it may."""


@dataclass(frozen=True)
class Limits:
    """How much an archive may unpack to: in bytes, and as a multiple of its own size."""

    unpacked_bytes: int = 64 << 30
    ratio: float = 250

    def of(self, packed: int) -> int:
        """The bytes that an archive of this size may hold."""
        return min(self.unpacked_bytes, max(HARMLESS_BYTES, int(self.ratio * packed)))


@dataclass(frozen=True)
class Survey:
    """What one pass over the bytes of a file has told.

    `lines` are its physical lines, the last one with or without an end.
    """

    sha256: str
    size: int
    lines: int
    is_utf8: bool


@dataclass(frozen=True)
class Offered:
    """One file of an export, unpacked where that was needed; or one sheet of a workbook.

    `label` names it for a person (`WE_1.zip!Task.csv`); `path` is where its bytes lie now, and
    `survey` what a pass over them told. `source` is the file that was dropped, when it is not a
    member of an archive, and `source_state` what the file system said of it. `records` are those
    of a table that was copied out of a database; one that is not `is_asked` for was not.
    """

    label: str
    path: Path
    sha256: str
    size: int
    survey: Survey | None = None
    source: Path | None = None
    source_state: tuple[int, int] = (0, 0)
    sheet: str | None = None
    records: int | None = None
    is_asked: bool = True

    def has_suffix(self, suffixes: tuple[str, ...]) -> bool:
        """Whether its name ends so, a sheet's and a packing's own name left aside."""
        name = self.label if self.sheet is None else self.label.removesuffix(f"!{self.sheet}")
        return _has_suffix(name, suffixes)

    @property
    def is_log(self) -> bool:
        """Whether it is an event log in XES."""
        return self.has_suffix(LOGS)

    @property
    def is_readable(self) -> bool:
        """Whether its name says that it is of a kind that is read."""
        return self.records is not None or self.has_suffix(READABLE)


def _has_suffix(name: str, suffixes: tuple[str, ...]) -> bool:
    return name.lower().removesuffix(".gz").endswith(suffixes)


def _copied(
    source: IO[bytes] | gzip.GzipFile, place: Path | None, most: int | None = None
) -> Survey:
    """Copy a stream, or only read it where there is no place, and survey it."""
    whole = hashlib.sha256()
    decoder = codecs.getincrementaldecoder("utf-8")("strict")
    size = feeds = 0
    last = b""
    is_utf8 = True
    with (Path(os.devnull) if place is None else place).open("wb") as target:
        while block := source.read(BLOCK):
            whole.update(block)
            size += len(block)
            if most is not None and size > most:
                raise _TooLarge
            feeds += int(np.count_nonzero(np.frombuffer(block, np.uint8) == LINE_FEED))
            last = block[-1:]
            # Letters of ASCII are most of most files, and need no decoding.
            if is_utf8 and not (block.isascii() and not decoder.getstate()[0]):
                is_utf8 = _decodes(decoder, block)
            if place is not None:
                target.write(block)
    is_utf8 = is_utf8 and _decodes(decoder, b"", final=True)
    return Survey(whole.hexdigest(), size, feeds + (last not in (b"", b"\n")), is_utf8)


def _decodes(decoder: codecs.IncrementalDecoder, block: bytes, *, final: bool = False) -> bool:
    try:
        decoder.decode(block, final)
    except UnicodeDecodeError:
        return False
    return True


def _bomb(label: str, most: int) -> ExportError:
    return ExportError(
        f"{label}: it unpacks to more than {most / 1e9:.2f} GB, far more than an export of that "
        "size holds. If it is in order, raise zip_ratio or unpacked_gb in [limits] of "
        "nodecision.toml; else throw it away."
    )


def surveyed(path: Path) -> Survey:
    """One pass over the bytes of a file."""
    with path.open("rb") as blocks:
        return _copied(blocks, None)


def state(path: Path) -> tuple[int, int]:
    """The size of a file and when it was last written to."""
    found = path.stat()
    return found.st_size, found.st_mtime_ns


def _of_gzip(file: Offered, temp: Path, limits: Limits) -> Offered:
    """The file with its content unpacked; its digest stays that of the packed bytes."""
    place = temp / f"{file.sha256}{Path(file.label.lower()).with_suffix('').suffix}"
    most = limits.of(file.path.stat().st_size)
    try:
        with gzip.open(file.path, "rb") as source:
            survey = _copied(source, place, most)
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise ExportError(
            f"{file.label}: broken gzip ({error}). It may be only partly downloaded: get it again."
        ) from error
    except _TooLarge:
        raise _bomb(file.label, most) from None
    return replace(file, path=place, survey=survey)


def _sheets(file: Offered) -> list[Offered]:
    """Each visible sheet of a workbook that holds anything, as a file of its own."""
    with file.path.open("rb") as beginning:
        start = beginning.read(64).lstrip()
    if start.startswith(b"<"):
        raise ExportError(
            f"{file.label}: a web page with the name of a sheet. Open it in a spreadsheet and save "
            "it as CSV in UTF-8, or export CSV."
        )
    if not start.startswith(SHEET_STARTS):
        return [file]
    try:
        book = python_calamine.CalamineWorkbook.from_path(str(file.path))
        names = [
            sheet.name
            for sheet in book.sheets_metadata
            if sheet.typ == python_calamine.SheetTypeEnum.WorkSheet
            and sheet.visible == python_calamine.SheetVisibleEnum.Visible
            and book.get_sheet_by_name(sheet.name).height
        ]
    except (python_calamine.CalamineError, zipfile.BadZipFile) as error:
        raise ExportError(
            f"{file.label}: the workbook cannot be read ({error}). If it has a password, save it "
            "without one; else save it again, or as CSV in UTF-8."
        ) from error
    if not names:
        raise ExportError(f"{file.label}: no sheet of it holds anything. Export it again.")
    if len(names) == 1:
        return [replace(file, sheet=names[0])]
    return [replace(file, label=f"{file.label}!{name}", sheet=name) for name in names]


def _opened(file: Offered, temp: Path, limits: Limits) -> list[Offered]:
    """What a file holds: itself, its content unpacked, its sheets."""
    if file.is_readable and file.label.lower().endswith(".gz"):
        file = _of_gzip(file, temp, limits)
    return _sheets(file) if file.has_suffix(SHEETS) else [file]


def _of_file(label: str, path: Path, temp: Path, limits: Limits) -> list[Offered]:
    before = state(path)
    survey = surveyed(path)
    file = Offered(label, path, survey.sha256, survey.size, survey, path, before)
    return _opened(file, temp, limits)


def _of_zip(label: str, path: Path, temp: Path, limits: Limits) -> Iterator[Offered]:
    """The members of a zip. Those that cannot be read are not unpacked, only named."""
    name_of_zip = hashlib.sha256(label.encode()).hexdigest()[:16]
    most = limits.of(path.stat().st_size)
    left = most
    try:
        with zipfile.ZipFile(path) as archive:
            members = sorted(archive.infolist(), key=lambda member: member.filename)
            _refuse_too_large(label, members, temp)
            seen: dict[str, int] = {}
            for number, member in enumerate(members):
                name = member.filename
                if member.is_dir() or name.startswith("__MACOSX/"):
                    continue
                if member.flag_bits & ENCRYPTED:
                    raise ExportError(
                        f"{label}!{name}: it needs a password. Unpack it by hand, or make the zip "
                        "without one."
                    )
                # A zip may hold a name twice; a label may not.
                seen[name] = seen.get(name, 0) + 1
                told = f"{label}!{name}" if seen[name] == 1 else f"{label}!{seen[name]}!{name}"
                # A member's name is only a label: where it is unpacked is ours to say.
                suffix = Path(name.lower()).suffix
                place = (
                    temp / f"{name_of_zip}-{number}{suffix}"
                    if _has_suffix(name, READABLE)
                    else None
                )
                with archive.open(member) as source:
                    survey = _copied(source, place, left)
                left -= survey.size
                file = Offered(told, place or path, survey.sha256, survey.size, survey)
                yield from _opened(file, temp, limits)
            if not seen:
                raise ExportError(f"{label}: no file in it. Export it again.")
    except NotImplementedError as error:
        raise ExportError(
            f"{label}: it is packed in a way that is not known here ({error}). Unpack it by hand, "
            "or pack it again as a plain zip."
        ) from error
    except (
        zipfile.BadZipFile,
        zlib.error,
        lzma.LZMAError,
        EOFError,
        UnicodeDecodeError,
    ) as error:
        raise ExportError(
            f"{label}: the zip cannot be read ({error}). It may be only partly downloaded: "
            "download it again."
        ) from error
    except _TooLarge:
        raise _bomb(label, most) from None


def _refuse_too_large(label: str, members: list[zipfile.ZipInfo], temp: Path) -> None:
    needed = sum(member.file_size for member in members if _has_suffix(member.filename, READABLE))
    free = shutil.disk_usage(temp).free
    if needed > free:
        raise ExportError(
            f"{label}: unpacked it takes {needed / 1e9:.1f} GB, and {temp} has {free / 1e9:.1f} GB "
            "left. Make room there, or offer the zips a few at a time."
        )


def _raise(error: OSError) -> None:
    raise error


def _told(path: Path) -> str:
    """A path as text that can be written down: bytes that are no letters become question marks."""
    return path.as_posix().encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _in_folder(path: Path) -> Iterator[tuple[str, Path]]:
    """Label and place of each file below a folder, but for hidden ones and simulated truth."""
    entries = [
        Path(folder, name)
        for folder, folders, files in os.walk(path, onerror=_raise)
        for name in (*folders, *files)
    ]
    for entry in sorted(entries):
        parts = entry.relative_to(path).parts
        if any(part.startswith(".") or part == "truth" for part in parts):
            continue
        name = _told(entry)
        if entry.is_symlink():
            if not entry.exists():
                raise ExportError(f"{name}: a link that leads nowhere. Put the file itself there.")
            if not entry.resolve().is_relative_to(path.resolve()):
                raise ExportError(
                    f"{name}: a link that leads out of {path}. Put the file itself there."
                )
        if name != entry.as_posix():
            raise ExportError(f"{name}: its name holds bytes that are no letters. Give it another.")
        if entry.is_file():
            yield entry.relative_to(path).as_posix(), entry
        elif not entry.is_dir():
            raise ExportError(f"{name}: neither a file nor a folder. Put a plain file there.")
        elif _has_suffix(entry.name, READABLE) and not any(entry.iterdir()):
            raise ExportError(
                f"{name}: a folder with the name of a file, and nothing in it. Put the file "
                "itself there."
            )


def offered(path: Path, temp: Path, limits: Limits = Limits()) -> list[Offered]:
    """Every file below `path` (a folder, a zip or a file), in a fixed order.

    Zip members and gz files are streamed out to `temp`; a workbook gives its sheets. Raises
    ExportError when there is nothing, when an archive or a workbook is broken, unpacks to more
    than the limits, or cannot be opened, or when a link leads out of the folder.
    """
    temp.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        raise ExportError(f"{path}: no such file or folder. Check --exports.")
    found: list[Offered] = []
    try:
        files = list(_in_folder(path)) if path.is_dir() else [(path.name, path)]
    except OSError as error:
        raise ExportError(
            f"{error.filename}: cannot be opened ({error.strerror}). Give its reader permission."
        ) from error
    for label, file in files:
        try:
            if label.lower().endswith(".zip"):
                found += _of_zip(label, file, temp, limits)
            else:
                found += _of_file(label, file, temp, limits)
        except OSError as error:
            if error.errno is None:
                # No system has failed: bytes that bzip2 cannot unpack.
                raise ExportError(
                    f"{label}: it is damaged ({error}). It may be only partly downloaded: get it "
                    "again."
                ) from error
            raise ExportError(
                f"{label}: cannot be read ({error}). Check that the file may be opened and that "
                f"{temp} has room."
            ) from error
    if not found:
        raise ExportError(f"{path}: no file in it. Drop the exports there and run again.")
    return found
