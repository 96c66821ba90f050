"""What is removed of nights that are over, and what never is."""

import json
import os
from datetime import UTC, datetime, timedelta

import dagster as dg
import pytest

from pipelines import retention
from pipelines.night import Night

NOW = datetime(2026, 7, 1, 2, 0, tzinfo=UTC)


@pytest.fixture
def night(tmp_path):
    def made(**kept):
        place = tmp_path / "settings.toml"
        lines = [f"{key} = {value}" for key, value in kept.items()]
        place.write_text("[retention]\n" + "\n".join(lines), encoding="utf-8")
        return Night(settings_path=str(place), home=str(tmp_path / "home"))

    return made


def published(night, *names):
    for age, name in enumerate(names):
        place = night.places.published / name
        (place / "en").mkdir(parents=True)
        (place / "en" / "index.html").write_text(name, encoding="utf-8")
        os.utime(place, (age, age))
    return night.places.published


def left(folder):
    return sorted(path.name for path in folder.iterdir())


def test_the_newest_nights_are_kept_and_the_last_good_one_whatever_is_asked(night):
    tonight = night(nights=2)
    names = ["2026-06-28-a", "2026-06-29-b", "2026-06-30-c", "2026-06-30-d"]
    replayed = ["2026-03-01-replayed-x", "2026-04-01-replayed-y", "2026-05-01-replayed-z"]
    place = published(tonight, *names, *replayed)
    (place / "latest").symlink_to("2026-06-28-a")
    assert sorted(retention.prune(tonight, NOW)) == ["2026-03-01-replayed-x", "2026-06-29-b"]
    assert left(place) == sorted(["latest", names[0], *names[2:], *replayed[1:]])
    assert (place / "latest" / "en" / "index.html").read_text(encoding="utf-8") == names[0]
    assert retention.prune(night(nights=0), NOW) == []


def test_a_removal_that_was_cut_off_is_ended(night):
    place = published(night(), "2026-06-30-a", ".2026-06-29-b.gone")
    retention.prune(night(nights=0), NOW)
    assert left(place) == ["2026-06-30-a"]


def test_predictions_are_kept_unless_a_setting_forgets_them(night):
    ledger = night().places.ledger
    ledger.mkdir(parents=True)
    for name in ("2026-06-20-a", "2026-06-21-b", "2026-06-21-replayed-c", "2026-06-30-d"):
        (ledger / f"{name}.parquet").touch()
    assert retention.prune(night(), NOW) == []
    assert retention.prune(night(ledger_days=10), NOW) == ["2026-06-20-a.parquet"]


def test_notes_go_once_they_are_told_and_old(night):
    failed = night().places.failed
    failed.mkdir(parents=True)
    for name, told_by, days in (("a", "x", 91), ("b", None, 91), ("c", "x", 89)):
        note = failed / f"{name}.json"
        note.write_text(json.dumps({"step": "s", "reason": "r", "told_by": told_by}))
        then = (NOW - timedelta(days=days)).timestamp()
        os.utime(note, (then, then))
    assert retention.prune(night(), NOW) == ["a.json"]


def test_dagster_forgets_old_runs(night):
    @dg.op
    def nothing():
        pass

    @dg.job
    def job():
        nothing()

    with dg.DagsterInstance.ephemeral() as instance:
        job.execute_in_process(instance=instance)
        later = datetime.now(UTC) + timedelta(days=90)
        assert retention.prune_history(instance, night(), later - timedelta(minutes=1)) == 0
        assert retention.prune_history(instance, night(history_days=0), later) == 0
        assert retention.prune_history(instance, night(), later + timedelta(minutes=1)) == 1
        assert instance.get_runs() == []
