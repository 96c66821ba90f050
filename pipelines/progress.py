"""What a run says while it goes: one line a table, one for each check that failed."""

import logging
import sys

import dagster as dg

# Metadata of raw.files: one line for each file that was not read.
LEFT_OUT = "left_out"


class _Lines(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        event = getattr(record, "dagster_meta", {}).get("dagster_event")
        if event is None:
            return
        kind = event.event_type
        if kind == dg.DagsterEventType.ASSET_MATERIALIZATION:
            made = event.event_specific_data.materialization
            rows = made.metadata.get("dagster/row_count")
            seconds = made.metadata.get("seconds")
            size = "" if rows is None else f"{rows.value:>12,} rows"
            took = "" if seconds is None else f"{seconds.value:>8.1f} s"
            self._say(f"  {'.'.join(made.asset_key.path):<36}{size}{took}")
            for left_out in made.metadata[LEFT_OUT].value if LEFT_OUT in made.metadata else ():
                self._say(f"  warning: {left_out}")
        elif kind == dg.DagsterEventType.ASSET_CHECK_EVALUATION:
            found = event.event_specific_data
            if not found.passed:
                word = "FAILED" if found.severity == dg.AssetCheckSeverity.ERROR else "warning"
                detail = found.metadata["detail"].value
                self._say(f"  {word}: {found.check_name}: {detail}")

    def _say(self, line: str) -> None:
        sys.stderr.write(line + "\n")
        sys.stderr.flush()


def _progress(_: dg.InitLoggerContext) -> logging.Logger:
    """The logger behind `nodecision run`."""
    logger = logging.Logger("nodecision")
    logger.addHandler(_Lines())
    return logger


progress = dg.LoggerDefinition(
    _progress, description="One line for each table made and each check that failed."
)
QUIET: dict[str, object] = {"loggers": {"progress": {}}}
