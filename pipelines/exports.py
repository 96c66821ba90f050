"""Finds the files of an export: folders, zips in parts, gz, csv, tsv and event logs."""

import gzip
import hashlib
import shutil
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

TEXT = (".csv", ".tsv", ".txt")
LOGS = (".xes",)
READABLE = TEXT + LOGS
BLOCK = 1 << 20


class ExportError(ValueError):
    """An export that cannot be used; the message names file, place, value and next step."""


@dataclass(frozen=True)
class Offered:
    """One file of an export, unpacked where that was needed.

    `label` names it for a person (`WE_1.zip!Task.csv`); `path` is where its bytes lie now.
    `source` is the file that was dropped, when it is not a member of an archive.
    """

    label: str
    path: Path
    sha256: str
    size: int
    source: Path | None = None
    source_sha256: str = ""

    @property
    def is_log(self) -> bool:
        """Whether it is an event log in XES."""
        return self.label.lower().removesuffix(".gz").endswith(LOGS)

    @property
    def is_readable(self) -> bool:
        """Whether its name says that it holds text or an event log."""
        return _is_readable(self.label)


def _is_readable(name: str) -> bool:
    return name.lower().removesuffix(".gz").endswith(READABLE)


def _copied(source: IO[bytes] | gzip.GzipFile, place: Path | None) -> tuple[str, int]:
    """Copy a stream, or only read it where there is no place; its sha256 and its size."""
    whole = hashlib.sha256()
    size = 0
    if place is None:
        while block := source.read(BLOCK):
            whole.update(block)
            size += len(block)
        return whole.hexdigest(), size
    with place.open("wb") as target:
        while block := source.read(BLOCK):
            whole.update(block)
            size += len(block)
            target.write(block)
    return whole.hexdigest(), size


def digest(path: Path) -> str:
    """The sha256 of a file, read in blocks."""
    with path.open("rb") as blocks:
        return _copied(blocks, None)[0]


def _of_gzip(file: Offered, temp: Path) -> Offered:
    """The file with its content unpacked; its digest stays that of the packed bytes."""
    place = temp / f"{file.sha256}{Path(file.label.lower()).with_suffix('').suffix}"
    try:
        with gzip.open(file.path, "rb") as source:
            _copied(source, place)
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise ExportError(
            f"{file.label}: broken gzip ({error}). It may be only partly downloaded: get it again."
        ) from error
    return Offered(file.label, place, file.sha256, file.size, file.source, file.source_sha256)


def _unpacked(file: Offered, temp: Path) -> Offered:
    is_packed = file.is_readable and file.label.lower().endswith(".gz")
    return _of_gzip(file, temp) if is_packed else file


def _of_file(label: str, path: Path, temp: Path) -> Offered:
    sha256 = digest(path)
    return _unpacked(Offered(label, path, sha256, path.stat().st_size, path, sha256), temp)


def _of_zip(label: str, path: Path, temp: Path) -> Iterator[Offered]:
    """The members of a zip. Those that cannot be read are not unpacked, only named."""
    name_of_zip = hashlib.sha256(label.encode()).hexdigest()[:16]
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
                place = temp / f"{name_of_zip}-{number}" if _is_readable(name) else None
                with archive.open(member) as source:
                    sha256, size = _copied(source, place)
                yield _unpacked(Offered(told, place or path, sha256, size), temp)
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


def _refuse_too_large(label: str, members: list[zipfile.ZipInfo], temp: Path) -> None:
    needed = sum(member.file_size for member in members if _is_readable(member.filename))
    free = shutil.disk_usage(temp).free
    if needed > free:
        raise ExportError(
            f"{label}: unpacked it takes {needed / 1e9:.1f} GB, and {temp} has {free / 1e9:.1f} GB "
            "left. Make room there, or offer the zips a few at a time."
        )


def _in_folder(path: Path) -> Iterator[tuple[str, Path]]:
    """Label and place of each file below a folder, but for hidden ones and simulated truth."""
    for entry in sorted(path.rglob("*")):
        parts = entry.relative_to(path).parts
        if any(part.startswith(".") or part == "truth" for part in parts):
            continue
        if entry.is_symlink() and not entry.resolve().is_relative_to(path.resolve()):
            raise ExportError(
                f"{entry}: a link that leads out of {path}. Put the file itself there."
            )
        if entry.is_file():
            yield entry.relative_to(path).as_posix(), entry


def offered(path: Path, temp: Path) -> list[Offered]:
    """Every file below `path` (a folder, a zip or a file), in a fixed order.

    Zip members and gz files are streamed out to `temp`. Raises ExportError when there is
    nothing, when an archive is broken or a file cannot be opened, or when a link leads out of
    the folder.
    """
    temp.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        raise ExportError(f"{path}: no such file or folder. Check --exports.")
    found: list[Offered] = []
    for label, file in _in_folder(path) if path.is_dir() else [(path.name, path)]:
        try:
            if label.lower().endswith(".zip"):
                found += _of_zip(label, file, temp)
            else:
                found.append(_of_file(label, file, temp))
        except OSError as error:
            raise ExportError(
                f"{label}: cannot be read ({error}). Check that the file may be opened and that "
                f"{temp} has room."
            ) from error
    if not found:
        raise ExportError(f"{path}: no file in it. Drop the exports there and run again.")
    return found
