"""One run of the flow in this process, for the command line."""

import os
import sys
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import dagster as dg

from pipelines import alerts, mending, publish
from pipelines.night import ROOT, Night
from pipelines.progress import as_json, only
from pipelines.spark import EngineError, refuse_absent
from pipelines.warehouse import WarehouseBusy, WarehouseError

OPENING, ENGINE = "opening the warehouse", "starting the engine"


@dataclass(frozen=True)
class Finished:
    """How a run ended: the folder of its report, or the step that failed and why."""

    report: Path | None
    warnings: int = 0
    failed_step: str = ""
    reason: str = ""


def _instance(night: Night) -> dg.DagsterInstance:
    """The clone's own run history; none is kept for a company with a home of its own."""
    if night.home is not None:
        return dg.DagsterInstance.ephemeral()
    (ROOT / "data" / "dagster").mkdir(parents=True, exist_ok=True)
    return dg.DagsterInstance.from_config(str(ROOT))


def _reason(event: dg.DagsterEvent) -> str:
    """What our own code said, without Dagster's wrapping around it or the cause below it."""
    error = event.step_failure_data.error
    if error is not None and error.cause is not None:
        error = error.cause
    return "" if error is None else error.message.strip().partition(": ")[2]


def run(night: Night, form: str = "text") -> Finished:
    """Materialise everything; the progress goes to standard error, as text or json.

    Where a step finds the warehouse damaged, everything is built once more from the exports.
    """
    finished = _once(night, form, {mending.AGAIN_TAG: "where the warehouse is damaged"})
    if mending.is_damaged(night):
        finished = _once(night, form, {})
    if form == "json":
        told = {
            **vars(finished),
            "report": None if finished.report is None else str(finished.report),
        }
        event = "failed" if finished.report is None else "done"
        sys.stderr.write(as_json({"event": event, **told}) + "\n")
    return finished


def _once(night: Night, form: str, tags: dict[str, str]) -> Finished:
    from pipelines.definitions import defs

    os.chdir(ROOT)
    job = defs.resolve_job_def("nightly")
    now = datetime.now(UTC)
    with ExitStack() as held:
        # DuckDB gives later openings in a process the database that is open: none has to wait for
        # a checkpoint, and no other run can come in between two steps.
        try:
            if night.settings.engine.name == "spark":
                refuse_absent()
            mending.mend(night, now)
            held.enter_context(night.open())
        except (WarehouseError, EngineError) as error:
            step = ENGINE if isinstance(error, EngineError) else OPENING
            if not isinstance(error, WarehouseBusy):
                run = f"unopened-{now:%Y%m%dT%H%M%S}"
                publish.note_failure(night.places, run, step, str(error))
                alerts.tell(night, None, now)
            return Finished(None, failed_step=step, reason=str(error))
        result = job.execute_in_process(
            instance=held.enter_context(_instance(night)),
            run_config={**only(form), "resources": {"night": {"config": night.asked()}}},
            raise_on_error=False,
            tags=tags,
        )
    evaluations = result.get_asset_check_evaluations()
    failed = [found for found in evaluations if not found.passed]
    if result.success:
        return Finished(report=_published(result), warnings=len(failed))
    blocking = [found for found in failed if found.severity == dg.AssetCheckSeverity.ERROR]
    for event in result.all_node_events:
        if event.is_step_failure and not blocking:
            return Finished(None, failed_step=str(event.step_key), reason=_reason(event))
    first = blocking[0]
    return Finished(
        None,
        failed_step=f"the check {first.check_name} of {'.'.join(first.asset_key.path)}",
        reason=str(first.metadata["detail"].value),
    )


def _published(result: dg.ExecuteInProcessResult) -> Path:
    for event in result.get_asset_materialization_events():
        found = event.materialization
        if found.asset_key.path == ["published", "report"]:
            return Path(str(found.metadata["report"].value)).parent.parent
    raise RuntimeError("the run ended well without a report; this is a fault of nodecision")
