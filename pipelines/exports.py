"""Finds the files of an export: folders, zips in parts, gz, text, sheets, parquet, JSON, logs."""

import gzip
import hashlib
import os
import shutil
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO

import python_calamine

TEXT = (".csv", ".tsv", ".txt")
SHEETS = (".xlsx", ".xlsm", ".xlsb", ".xls", ".ods")
PARQUET = (".parquet", ".pq")
JSON = (".json", ".jsonl", ".ndjson")
LOGS = (".xes",)
READABLE = TEXT + SHEETS + PARQUET + JSON + LOGS
BLOCK = 1 << 20
# Archives and the old binary sheets begin so; what else is called a sheet is text or a web page.
SHEET_STARTS = (b"PK", b"\xd0\xcf\x11\xe0")
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
class Offered:
    """One file of an export, unpacked where that was needed; or one sheet of a workbook.

    `label` names it for a person (`WE_1.zip!Task.csv`); `path` is where its bytes lie now.
    `source` is the file that was dropped, when it is not a member of an archive. `records` are
    those of a table that was copied out of a database; one that is not `is_asked` for was not.
    """

    label: str
    path: Path
    sha256: str
    size: int
    source: Path | None = None
    source_sha256: str = ""
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
) -> tuple[str, int]:
    """Copy a stream, or only read it where there is no place; its sha256 and its size."""
    whole = hashlib.sha256()
    size = 0
    with (Path(os.devnull) if place is None else place).open("wb") as target:
        while block := source.read(BLOCK):
            whole.update(block)
            size += len(block)
            if most is not None and size > most:
                raise _TooLarge
            target.write(block)
    return whole.hexdigest(), size


def _bomb(label: str, most: int) -> ExportError:
    return ExportError(
        f"{label}: it unpacks to more than {most / 1e9:.2f} GB, far more than an export of that "
        "size holds. If it is in order, raise zip_ratio or unpacked_gb in [limits] of "
        "nodecision.toml; else throw it away."
    )


def digest(path: Path) -> str:
    """The sha256 of a file, read in blocks."""
    with path.open("rb") as blocks:
        return _copied(blocks, None)[0]


def _of_gzip(file: Offered, temp: Path, limits: Limits) -> Offered:
    """The file with its content unpacked; its digest stays that of the packed bytes."""
    place = temp / f"{file.sha256}{Path(file.label.lower()).with_suffix('').suffix}"
    most = limits.of(file.path.stat().st_size)
    try:
        with gzip.open(file.path, "rb") as source:
            _copied(source, place, most)
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise ExportError(
            f"{file.label}: broken gzip ({error}). It may be only partly downloaded: get it again."
        ) from error
    except _TooLarge:
        raise _bomb(file.label, most) from None
    return replace(file, path=place)


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
    sha256 = digest(path)
    file = Offered(label, path, sha256, path.stat().st_size, path, sha256)
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
                    sha256, size = _copied(source, place, left)
                left -= size
                yield from _opened(Offered(told, place or path, sha256, size), temp, limits)
    except (
        zipfile.BadZipFile,
        zlib.error,
        EOFError,
        RuntimeError,
        UnicodeDecodeError,
    ) as error:
        # RuntimeError: a password, or a way of packing that Python does not know.
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
        if entry.is_symlink() and not entry.resolve().is_relative_to(path.resolve()):
            raise ExportError(
                f"{entry}: a link that leads out of {path}. Put the file itself there."
            )
        if entry.is_file():
            yield entry.relative_to(path).as_posix(), entry
        elif _has_suffix(entry.name, READABLE) and not any(entry.iterdir()):
            raise ExportError(
                f"{entry}: a folder with the name of a file, and nothing in it. Put the file "
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
            raise ExportError(
                f"{label}: cannot be read ({error}). Check that the file may be opened and that "
                f"{temp} has room."
            ) from error
    if not found:
        raise ExportError(f"{path}: no file in it. Drop the exports there and run again.")
    return found
