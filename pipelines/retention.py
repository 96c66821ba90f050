"""Removes what the settings no longer keep of nights that are over.

The night that `latest` points at is never removed, whatever the settings say.
"""

import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg

from pipelines import ledger, publish
from pipelines.night import Night

GONE = ".gone"


def prune(night: Night, now: datetime) -> list[str]:
    """Remove nights, predictions and notes that are too old; the names of what is gone."""
    wanted, places = night.settings.retention, night.places
    for begun in places.published.glob(f".*{GONE}"):  # a removal that was cut off
        shutil.rmtree(begun)
    gone = _nights(places.published, wanted.nights) if wanted.nights else []
    if wanted.ledger_days:
        first = f"{now - timedelta(days=wanted.ledger_days):%Y-%m-%d}"
        gone += [entry.path for entry in ledger.entries(places.ledger, before=first)]
    if wanted.history_days:
        oldest = (now - timedelta(days=wanted.history_days)).timestamp()
        notes = sorted(places.failed.glob("*.json"))
        gone += [path for path in notes if path.stat().st_mtime < oldest and publish.is_told(path)]
    for path in gone:
        if path.is_dir():
            # A reader of a night that is half gone would see broken pages: out of sight first.
            hidden = path.with_name(f".{path.name}{GONE}")
            path.replace(hidden)
            shutil.rmtree(hidden)
        else:
            path.unlink()
    return [path.name for path in gone]


def _nights(published: Path, kept: int) -> list[Path]:
    """Published nights beyond the newest `kept`, live and replayed ones each by themselves."""
    latest = (published / "latest").resolve()
    found = [path for path in published.glob("[0-9]*") if path.is_dir()]
    found.sort(key=lambda path: (path.name[:10], path.stat().st_mtime), reverse=True)
    sides = [[p for p in found if publish.is_replayed(p) is side] for side in (False, True)]
    return [path for side in sides for path in side[kept:] if path != latest]


def prune_history(instance: dg.DagsterInstance, night: Night, now: datetime) -> int:
    """Remove runs from Dagster's history that ended too long ago; how many."""
    days = night.settings.retention.history_days
    if not days:
        return 0
    old = instance.get_runs(
        filters=dg.RunsFilter(created_before=now.astimezone(UTC) - timedelta(days=days))
    )
    for run in old:
        if run.is_finished:
            instance.delete_run(run.run_id)
    return sum(run.is_finished for run in old)
