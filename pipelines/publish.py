"""`marts.*` to `published/<as_of>-<run hash>/`, written aside and moved in one step."""

import hashlib
import json
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd

from pipelines import (
    commitments,
    compare,
    frameworks,
    frontier,
    ledger,
    model_signal,
    options,
    origins,
    practice,
    push,
    returns,
    tables,
    train,
    worklist,
)
from pipelines.night import CONTRACTS, ROOT, RULES, Night, Places

SHOWN = frozenset(
    [name for name in tables.queries() if name.startswith("marts.")]
    + [
        name
        for part in (
            *(train, compare, model_signal, frontier),
            *(options, push, origins, returns, practice, commitments, frameworks),
            *(worklist, ledger),
        )
        for name in part.TABLES
    ]
)
CODE = ("pipelines", "models", "reports")
CODE_SUFFIXES = {".py", ".sql", ".html", ".css", ".js", ".toml", ".csv", ".json"}


def _digest(paths: Iterable[Path], root: Path) -> str:
    whole = hashlib.sha256()
    for path in sorted(paths):
        whole.update(str(path.relative_to(root)).encode())
        whole.update(hashlib.sha256(path.read_bytes()).digest())
    return whole.hexdigest()


def code_digest() -> str:
    """A hash of everything in the clone that can change a number or a page."""
    found = [
        path
        for folder in [*(ROOT / name for name in CODE), CONTRACTS, RULES]
        for path in folder.rglob("*")
        if path.suffix in CODE_SUFFIXES
        and not {"published", "example"} & set(path.relative_to(ROOT).parts)
    ]
    return _digest(found, ROOT)


def run_id(con: duckdb.DuckDBPyConnection, night: Night, as_of: str) -> str:
    """The name of a run: a hash of its inputs (exports, settings, code, earlier predictions)."""
    inputs = con.execute(
        "select path, sha256 from raw.files where sha256 is not null order by path"
    ).fetchall()
    earlier = [entry.path for entry in ledger.entries(night.places.ledger, before=as_of)]
    parts = {
        "exports": inputs,
        "as_of": as_of,
        "is_replayed": night.as_of_date is not None,
        "settings": night.settings.digest(),
        "code": code_digest(),
        "ledger": _digest(earlier, night.places.ledger),
    }
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:12]


def note_failure(
    places: Places, run: str, step: str, reason: str, *, is_check: bool = False
) -> None:
    """Keep the fact that a night failed, at its first step that did, until a report has told it."""
    places.failed.mkdir(parents=True, exist_ok=True)
    place = places.failed / f"{run}.json"
    if not place.exists():
        first = reason.strip().partition("\n")[0][:500] or step
        told = {"step": step, "reason": first, "is_check": is_check, "told_by": None}
        place.write_text(json.dumps(told), encoding="utf-8")


def is_told(note: Path) -> bool:
    """Whether a report has told of the failed night that this is the note of."""
    return bool(json.loads(note.read_text(encoding="utf-8"))["told_by"])


def _failures(places: Places, told_by: str) -> list[dict[str, Any]]:
    """Failed nights that no earlier report has told; they are told by this run from now on."""
    told = []
    for path in sorted(places.failed.glob("*.json")):
        failure = json.loads(path.read_text(encoding="utf-8"))
        if failure["told_by"] in (None, told_by):
            if failure["told_by"] is None:
                aside = path.with_suffix(".tmp")
                aside.write_text(json.dumps({**failure, "told_by": told_by}), encoding="utf-8")
                aside.replace(path)
            told.append({"step": failure["step"], "reason": failure["reason"]})
    return sorted(told, key=lambda failure: (failure["step"], failure["reason"]))


def frames(con: duckdb.DuckDBPyConnection) -> dict[str, pd.DataFrame]:
    """Every mart as a frame, rows in a fixed order, so that equal nights give equal bytes."""
    names = con.execute(
        "select table_name from information_schema.tables where table_schema = 'marts' "
        "and table_catalog = current_database() order by table_name"
    ).fetchall()
    return {name: con.sql(f"from marts.{name} order by all").df() for (name,) in names}


def _same(left: Path, right: Path) -> bool:
    files = [
        {path.relative_to(side): path for path in side.rglob("*") if path.is_file()}
        for side in (left, right)
    ]
    return files[0].keys() == files[1].keys() and all(
        path.read_bytes() == files[1][name].read_bytes() for name, path in files[0].items()
    )


def _move(built: Path, place: Path) -> None:
    """Put a whole folder in its place; what stood there before stays until the new one stands."""
    if place.exists() and _same(built, place):
        shutil.rmtree(built)
        return
    old = place.with_name(f".{place.name}.old")
    shutil.rmtree(old, ignore_errors=True)
    if place.exists():
        place.replace(old)
    built.replace(place)
    shutil.rmtree(old, ignore_errors=True)


def _point(latest: Path, place: Path) -> None:
    """Switch the link `latest` in one step. A replayed night never takes a live one's place."""
    if is_replayed(place) and latest.exists() and not is_replayed(latest.resolve()):
        return
    aside = latest.with_name(".latest.new")
    aside.unlink(missing_ok=True)
    aside.symlink_to(place.name, target_is_directory=True)
    aside.replace(latest)


def is_replayed(place: Path) -> bool:
    """Whether a published folder is that of a replayed night."""
    return f"-{ledger.REPLAYED}-" in place.name


def publish(con: duckdb.DuckDBPyConnection, night: Night) -> Path:
    """Write the report of this night and point `latest` at it; the folder of the report."""
    from reports import build

    as_of = ledger.as_of_text(con)
    run = run_id(con, night, as_of)
    replayed = night.as_of_date is not None
    sources = con.execute("select distinct source from core.deals order by 1").fetchall()
    named = f"{as_of}-{ledger.REPLAYED}-{run}" if replayed else f"{as_of}-{run}"
    place = night.places.published / named
    built = night.places.published / f".{place.name}.new"
    shutil.rmtree(built, ignore_errors=True)
    built.mkdir(parents=True)
    build.build(
        frames(con),
        {
            "as_of": as_of,
            "is_replayed": replayed,
            "run_id": run,
            "sources": [name for (name,) in sources],
            "settings": night.settings.model_dump(
                mode="json",
                exclude={
                    "schedule": True,
                    "alerts": True,
                    "retention": True,
                    "engine": True,
                    "source": {"exports", "memory_limit"},
                    "briefs": {"templates"},
                },
            ),
            "brief_templates": night.settings.briefs.templates,
            "missing": [] if replayed else _failures(night.places, run),
        },
        built,
    )
    _move(built, place)
    ledger.remember(con, night.places.ledger, as_of, run, is_replayed=replayed)
    _point(night.places.published / "latest", place)
    return place
