"""Finds the files of an export: folders, zips in parts, gz, csv, tsv and event logs."""

import gzip
import hashlib
import shutil
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

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
        return self.label.lower().removesuffix(".gz").endswith(READABLE)


def _copied(source: BinaryIO, place: Path) -> None:
    with place.open("wb") as target:
        shutil.copyfileobj(source, target, BLOCK)


def digest(path: Path) -> str:
    """The sha256 of a file, read in blocks."""
    whole = hashlib.sha256()
    with path.open("rb") as blocks:
        while block := blocks.read(BLOCK):
            whole.update(block)
    return whole.hexdigest()


def _of_file(label: str, path: Path, temp: Path) -> Offered:
    sha256 = digest(path)
    size = path.stat().st_size
    if label.lower().endswith(".gz"):
        place = temp / f"{sha256}{Path(label.lower()).with_suffix('').suffix}"
        try:
            with gzip.open(path, "rb") as source:
                _copied(source, place)  # type: ignore[arg-type]
        except (OSError, EOFError, zlib.error) as error:
            raise ExportError(f"{label}: broken gzip ({error}). Export it again.") from error
        return Offered(label, place, sha256, size, path, sha256)
    return Offered(label, path, sha256, size, path, sha256)


def _of_zip(label: str, path: Path, temp: Path) -> Iterator[Offered]:
    try:
        with zipfile.ZipFile(path) as archive:
            for number, member in enumerate(sorted(archive.infolist(), key=lambda m: m.filename)):
                name = member.filename
                if member.is_dir() or name.startswith("__MACOSX/"):
                    continue
                # A member's name is only a label: where it is unpacked is ours to say.
                aside = temp / f"{hashlib.sha256(label.encode()).hexdigest()[:16]}-{number}"
                place = aside.with_suffix(Path(name).suffix.lower())
                with archive.open(member) as source:
                    _copied(source, place)  # type: ignore[arg-type]
                yield _of_file(f"{label}!{name}", place, temp)
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError) as error:
        raise ExportError(
            f"{label}: the zip cannot be read ({error}). It may be only partly downloaded: "
            "download it again."
        ) from error


def offered(path: Path, temp: Path) -> list[Offered]:
    """Every file below `path` (a folder, a zip or a file), in a fixed order.

    Zip members and gz files are streamed out to `temp`. Raises ExportError when there is
    nothing, when an archive is broken, or when a link leads out of the folder.
    """
    temp.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        raise ExportError(f"{path}: no such file or folder. Check --exports.")
    found: list[Offered] = []
    if path.is_dir():
        # Not recursive below dot-folders, and not into `truth/`, which a simulated company keeps.
        entries = sorted(
            entry
            for entry in path.rglob("*")
            if not any(
                part.startswith(".") or part == "truth" for part in entry.relative_to(path).parts
            )
        )
        for entry in entries:
            if entry.is_symlink() and not entry.resolve().is_relative_to(path.resolve()):
                raise ExportError(
                    f"{entry}: a link that leads out of {path}. Put the file itself there."
                )
        files = [
            (entry.relative_to(path).as_posix(), entry) for entry in entries if entry.is_file()
        ]
    else:
        files = [(path.name, path)]
    for label, file in files:
        if label.lower().endswith(".zip"):
            found += _of_zip(label, file, temp)
        else:
            found.append(_of_file(label, file, temp))
    if not found:
        raise ExportError(f"{path}: no file in it. Drop the exports there and run again.")
    return found
