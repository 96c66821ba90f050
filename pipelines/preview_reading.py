"""An export as far as raw for the preview: whatever cannot be read is named, the rest is read."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb

from pipelines import databases, exports, ingest, reading
from pipelines.exports import ExportError, Limits, Offered
from pipelines.night import Night
from pipelines.textfiles import Head
from pipelines.warehouse import in_memory

FAULTS = (ExportError, duckdb.Error, UnicodeError, OSError)


@dataclass
class Offer:
    """The files that could be opened, and by label why others could not be read."""

    files: list[Offered] = field(default_factory=list)
    faults: dict[str, str] = field(default_factory=dict)


def opened(night: Night) -> Offer:
    """Every file offered. Raises ExportError when there is none at all."""
    try:
        return Offer(night.offered())
    except ExportError as error:
        path = night.exports_path
        if path is None or not path.is_dir():
            if path is None or not path.exists():
                raise
            return Offer(faults={path.name: str(error)})
    offer = _one_by_one(night, path)
    if not offer.files and not offer.faults:
        raise ExportError(f"{path}: no file in it. Drop the exports there and check again.")
    return offer


def _one_by_one(night: Night, folder: Path) -> Offer:
    """The files of a folder, each opened for itself, so that a broken one stands alone."""
    offer = Offer()
    told = night.settings.limits
    limits = Limits(int(told.unpacked_gb * 1e9), told.zip_ratio)
    for number, path in enumerate(_files(folder, offer)):
        label = path.relative_to(folder).as_posix()
        if path.is_symlink() and not path.resolve().is_relative_to(folder.resolve()):
            offer.faults[label] = "a link that leads out of the folder. Put the file itself there."
            continue
        # Zips of one name in two folders would unpack over each other.
        temp = night.places.temp / f"check-{number}"
        try:
            for file in exports.offered(path, temp, limits):
                inner = file.label.removeprefix(path.name)
                offer.files.append(replace(file, label=label + inner))
        except ExportError as error:
            offer.faults[label] = str(error)
    try:
        temp = night.places.temp
        offer.files += databases.offered(night.settings.databases, night.contracts, temp)
    except ExportError as error:
        offer.faults["databases"] = str(error)
    return offer


def _files(folder: Path, offer: Offer) -> list[Path]:
    def unreadable(error: OSError) -> None:
        place = Path(error.filename)
        offer.faults[place.name] = f"it cannot be opened ({error.strerror})."

    found = [
        Path(place, name)
        for place, _, names in os.walk(folder, onerror=unreadable)
        for name in names
    ]
    return sorted(
        path
        for path in found
        if not any(
            part.startswith(".") or part == "truth" for part in path.relative_to(folder).parts
        )
    )


def read(con: duckdb.DuckDBPyConnection, offer: Offer, night: Night) -> None:
    """Fill `raw.*` with what can be read; where one file spoils a whole, it is left out and named.

    When nothing can be read, no table of an object is there.
    """
    try:
        _ingest(con, offer.files, night)
    except FAULTS:
        good = []
        for file in offer.files:
            try:
                with in_memory() as alone:
                    _ingest(alone, [file], night)
                good.append(file)
            except FAULTS as error:
                offer.faults[file.label] = _reason(error)
        try:
            if good:
                _ingest(con, good, night)
        except FAULTS as error:
            offer.faults.update((file.label, _reason(error)) for file in good)


def _ingest(con: duckdb.DuckDBPyConnection, files: Sequence[Offered], night: Night) -> None:
    ingest.ingest(con, files, night.contracts, night.places.temp, night.options)


def _reason(error: Exception) -> str:
    """What is said of the one file, without the sentence about all files above it."""
    first, _, rest = str(error).partition("\n")
    return (rest or first).strip().splitlines()[0] if str(error).strip() else type(error).__name__


@contextmanager
def looked_at(file: Offered, night: Night) -> Iterator[tuple[Head | None, Path]]:
    """The beginning of a file, or None where it has none, and a folder for what is made of it."""
    with TemporaryDirectory(dir=night.places.temp) as name:
        yield _head(file, night, Path(name)), Path(name)


def _head(file: Offered, night: Night, place: Path) -> Head | None:
    if not file.is_readable or file.is_log:
        return None
    try:
        return reading.looked_at(file, place, night.options)
    except (*FAULTS, LookupError):
        return None
