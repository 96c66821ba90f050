"""A look at the installation: versions, disk, the last nights, the lock, settings in force."""

import importlib.metadata
import json
import os
import platform
import shutil
from collections.abc import Iterator
from pathlib import Path

from pipelines import channels, warehouse
from pipelines.night import ROOT, SAMPLE, Night
from pipelines.settings import Settings
from pipelines.spark import EngineError, refuse_absent
from pipelines.warehouse import WarehouseError

PACKAGES = ("dagster", "duckdb", "pandas", "scikit-learn", "plotly")
LEAST_FREE_BYTES = 2 * 1024**3
NIGHTS_SHOWN = 5
UNITS = {"KiB": 2**10, "MiB": 2**20, "GiB": 2**30, "TiB": 2**40}


def _versions() -> Iterator[tuple[bool, str]]:
    yield True, f"Python {platform.python_version()}"
    for name in PACKAGES:
        yield True, f"{name} {importlib.metadata.version(name)}"


def _engine(night: Night) -> Iterator[tuple[bool, str]]:
    engine = night.settings.engine
    if engine.name != "spark":
        return
    try:
        refuse_absent()
    except EngineError as error:
        yield False, str(error)
    else:
        version = importlib.metadata.version("pyspark")
        yield True, f"pyspark {version} on {engine.master}, tables in {night.store}"


def _room(night: Night) -> Iterator[tuple[bool, str]]:
    folder = night.places.warehouse.parent
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free
    yield free > LEAST_FREE_BYTES, f"{free / 1024**3:.0f} GiB free below {folder}"


def _memory(night: Night) -> Iterator[tuple[bool, str]]:
    """What this process may use: the machine's, or less where a container is held to less."""
    most = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    limit = Path("/sys/fs/cgroup/memory.max")
    held = limit.read_text(encoding="ascii").strip() if limit.exists() else "max"
    most = min(most, int(held)) if held.isdigit() else most
    wanted = night.settings.source.memory_limit
    told = f"{most / 1024**3:.1f} GiB of memory; source.memory_limit = {wanted} is DuckDB's share"
    with warehouse.in_memory() as con:
        con.execute("set memory_limit = $1", [wanted])
        of_duckdb = con.execute("select current_setting('memory_limit')").fetchall()[0][0]
    amount, unit = of_duckdb.split()
    yield float(amount) * UNITS[unit] < most, told


def _warehouse(night: Night) -> Iterator[tuple[bool, str]]:
    path = night.places.warehouse
    if not path.exists():
        yield True, f"no warehouse yet at {path}; `nodecision run` makes it"
        return
    try:
        with night.open(read_only=True) as con:
            counted = con.execute(
                "select count(*), coalesce(sum(estimated_size), 0) from duckdb_tables()"
            ).fetchall()[0]
            yield True, f"warehouse {path}: {counted[0]} tables, {counted[1]} rows, not locked"
    except WarehouseError as error:
        yield False, str(error)


def _nights(night: Night) -> Iterator[tuple[bool, str]]:
    published = night.places.published
    latest = published / "latest"
    if not latest.exists():
        yield True, f"no report yet below {published}"
        return
    yield True, f"latest report: {latest.resolve()}"
    places = sorted(path.name for path in published.iterdir() if path.name[0].isdigit())
    yield True, f"{len(places)} nights kept, last: {', '.join(places[-NIGHTS_SHOWN:])}"
    failed = sorted(night.places.failed.glob("*.json"))
    if failed:
        yield False, f"{len(failed)} failed nights are noted in {night.places.failed}"


def _alerts(night: Night) -> Iterator[tuple[bool, str]]:
    on = ", ".join(channels.wanted(night.settings.alerts)) or "no channel"
    yield True, f"alerts: {on}; on record in {night.places.alerts}"
    place = night.places.alerts / "told.json"
    told = json.loads(place.read_text(encoding="utf-8")) if place.exists() else {}
    for trouble in told.values():
        yield False, f"told and not over: {trouble['title']}"


def _settings(night: Night) -> Iterator[tuple[bool, str]]:
    files = "the sample" if night.exports_path == SAMPLE else str(night.exports_path or "")
    reads = ", ".join(
        filter(None, [files, *(f"[databases.{n}]" for n in night.settings.databases)])
    )
    yield True, f"exports: {reads}"
    named = night.settings_path or ROOT / "nodecision.toml"
    default = Settings().model_dump()
    changed = [
        f"{section}.{key} = {value!r}"
        for section, keys in night.settings.model_dump().items()
        for key, value in keys.items()
        if default[section][key] != value
    ]
    yield True, f"settings: {named}; " + (", ".join(changed) or "every key at its default")
    yield True, f"chromium: {shutil.which('chromium') or 'not found (only tests need it)'}"


def lines(night: Night) -> Iterator[tuple[bool, str]]:
    """What was looked at, and whether it is well."""
    yield from _versions()
    yield from _engine(night)
    yield from _room(night)
    yield from _memory(night)
    yield from _warehouse(night)
    yield from _nights(night)
    yield from _alerts(night)
    yield from _settings(night)
