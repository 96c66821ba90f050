"""What a run says while it goes: one line a table, one for each check that failed."""

import json
import logging
import sys
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import dagster as dg

# Metadata of raw.files: one line for each file that was not read.
LEFT_OUT = "left_out"


def _happened(event: Any) -> Iterator[dict[str, Any]]:
    """What an event tells, as values."""
    kind = event.event_type
    if kind == dg.DagsterEventType.ASSET_MATERIALIZATION:
        made = event.event_specific_data.materialization
        told = {"event": "made", "what": ".".join(made.asset_key.path)}
        for name, key in (("rows", "dagster/row_count"), ("seconds", "seconds")):
            if key in made.metadata:
                told[name] = made.metadata[key].value
        yield told
        for left_out in made.metadata[LEFT_OUT].value if LEFT_OUT in made.metadata else ():
            yield {"event": "left_out", "detail": left_out}
    elif kind == dg.DagsterEventType.ASSET_CHECK_EVALUATION:
        found = event.event_specific_data
        if not found.passed:
            is_error = found.severity == dg.AssetCheckSeverity.ERROR
            yield {
                "event": "check_failed",
                "what": found.check_name,
                "severity": "error" if is_error else "warn",
                "detail": found.metadata["detail"].value,
            }
    elif kind == dg.DagsterEventType.STEP_FAILURE:
        yield {"event": "step_failed", "what": event.step_key}


def _text(told: dict[str, Any]) -> str | None:
    """A line for a person; None for what the end of the run says anyway."""
    if told["event"] == "made":
        size = f"{told['rows']:>12,} rows" if "rows" in told else ""
        took = f"{told['seconds']:>8.1f} s" if "seconds" in told else ""
        return f"  {told['what']:<36}{size}{took}"
    if told["event"] == "left_out":
        return f"  warning: {told['detail']}"
    if told["event"] == "check_failed":
        word = "FAILED" if told["severity"] == "error" else "warning"
        return f"  {word}: {told['what']}: {told['detail']}"
    return None


def as_json(told: Mapping[str, Any]) -> str:
    """A line of JSON, with the time."""
    at = datetime.now(UTC).isoformat(timespec="milliseconds")
    return json.dumps({"at": at, **told}, ensure_ascii=False)


class _Lines(logging.Handler):
    def __init__(self, form: str) -> None:
        super().__init__()
        self.is_json = form == "json"

    def emit(self, record: logging.LogRecord) -> None:
        meta = getattr(record, "dagster_meta", {})
        event = meta.get("dagster_event")
        for told in () if event is None else _happened(event):
            line = as_json({"run": meta["run_id"], **told}) if self.is_json else _text(told)
            if line is not None:
                sys.stderr.write(line + "\n")
                sys.stderr.flush()


def _progress(context: dg.InitLoggerContext) -> logging.Logger:
    """The logger behind `nodecision run`."""
    logger = logging.Logger("nodecision")
    logger.addHandler(_Lines(context.logger_config["form"]))
    return logger


progress = dg.LoggerDefinition(
    _progress,
    config_schema={"form": dg.Field(str, default_value="text", description="text or json")},
    description="One line for each table made and each check that failed.",
)


def only(form: str) -> dict[str, object]:
    """Run configuration in which nothing else speaks; `form` is text or json."""
    return {"loggers": {"progress": {"config": {"form": form}}}}
