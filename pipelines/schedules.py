"""When the flow runs by itself: a nightly schedule and a sensor on new exports."""

import hashlib
from datetime import UTC, datetime

import dagster as dg

from pipelines import alerts, checks, mending
from pipelines import settings as settings_file
from pipelines.assets import CHECK_TAG
from pipelines.night import ROOT, Night
from pipelines.publish import note_failure

SECONDS_BETWEEN_LOOKS = 300


@dg.failure_hook(name="note_failed_night", required_resource_keys={"night"})
def note_failed_night(context: dg.HookContext) -> None:
    """Remember that this night failed, so that the next report can say so, and tell of it.

    Unless it found the warehouse damaged, and who started it builds everything anew at once.
    """
    night: Night = context.resources.night
    error = str(context.op_exception or "")
    mending.note_damage(night, error)
    run = context.instance.get_run_by_id(context.run_id)
    if mending.is_damaged(night) and run is not None and mending.AGAIN_TAG in run.tags:
        return
    check, verdict = context.op.tags.get(CHECK_TAG), None
    if check is not None and not mending.is_damaged(night):
        with night.open() as con:
            verdict = checks.said(con, check)
    if verdict is None or verdict.passed:
        note_failure(night.places, context.run_id, context.op.name, error)
    else:
        note_failure(night.places, context.run_id, str(check), verdict.detail, is_check=True)
    told = alerts.tell(night, None, datetime.now(UTC))
    for problem in told.errors:
        context.log.warning(problem)


nightly = dg.define_asset_job(
    "nightly",
    selection=dg.AssetSelection.all(),
    description="Exports to published report.",
    hooks={note_failed_night},
)


def _settings() -> settings_file.Schedule:
    return Night().settings.schedule


def nightly_schedule() -> dg.ScheduleDefinition:
    """Once a night; off until `[schedule] nightly = true`."""
    wanted = _settings()
    return dg.ScheduleDefinition(
        name="nightly_schedule",
        job=nightly,
        cron_schedule=f"{wanted.minute} {wanted.hour} * * *",
        execution_timezone=wanted.time_zone,
        default_status=dg.DefaultScheduleStatus.RUNNING
        if wanted.nightly
        else dg.DefaultScheduleStatus.STOPPED,
        description="The night, at the hour of the settings.",
    )


def _listing() -> str:
    folder = ROOT / "data" / "exports"
    entries = sorted(
        f"{path.relative_to(folder)} {path.stat().st_size} {path.stat().st_mtime_ns}"
        for path in folder.rglob("*")
        if path.is_file() and not path.name.startswith(".")
    )
    return hashlib.sha256("\n".join(entries).encode()).hexdigest() if entries else ""


def new_exports() -> dg.SensorDefinition:
    """A run when the files in `data/exports/` have changed and then stood still for one look."""

    @dg.sensor(
        name="new_exports",
        job=nightly,
        minimum_interval_seconds=SECONDS_BETWEEN_LOOKS,
        default_status=dg.DefaultSensorStatus.RUNNING
        if _settings().sensor
        else dg.DefaultSensorStatus.STOPPED,
        description="New or changed files in data/exports/, once they have stopped changing.",
    )
    def sensor(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
        now = _listing()
        seen, _, ran = (context.cursor or "|").partition("|")
        if not now:
            return dg.SkipReason("data/exports/ is empty")
        if now == ran:
            return dg.SkipReason("nothing new")
        if now != seen:
            context.update_cursor(f"{now}|{ran}")
            return dg.SkipReason("files have changed; waiting until they stand still")
        return dg.SensorResult(run_requests=[dg.RunRequest(run_key=now)], cursor=f"{now}|{now}")

    return sensor
