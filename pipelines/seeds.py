"""Settings and rules as tables: data that the analyst may edit, read anew each night."""

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd

from pipelines.warehouse import transaction

TABLES = {
    "core.settings": "The thresholds in force, one row, from nodecision.toml.",
    "core.loss_reason_rules": "Ordered patterns that put a loss reason into its class.",
    "core.subject_rules": "Ordered patterns that say what an activity's subject tells.",
    "core.stage_rules": "Ordered patterns that say what a stage's name tells.",
    "core.qualification_rules": "Ordered patterns that say which fields qualify a deal.",
    "core.mappings": "What the analyst says of single words: stages, pipelines, reasons, types.",
}
FILES = {
    "core.loss_reason_rules": "loss_reasons.csv",
    "core.subject_rules": "activity_subjects.csv",
    "core.stage_rules": "stage_words.csv",
    "core.qualification_rules": "qualification_fields.csv",
}
TYPES = {
    "as_of_override_day": "integer",
    "new_business_only": "boolean",
    "incumbent_is_no_decision": "boolean",
    "held_unknown_counts": "boolean",
    "reporting_currency": "varchar",
}


class RuleError(ValueError):
    """A rule that cannot be used; the message names file, line and value."""


def _try_patterns(con: duckdb.DuckDBPyConnection, patterns: list[str]) -> None:
    con.execute(
        "select count(*) from (select unnest($1::varchar[]) as p) where regexp_matches('', p)",
        [patterns],
    ).fetchall()


def _rules(con: duckdb.DuckDBPyConnection, path: Path) -> pd.DataFrame:
    with path.open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))
    for line, row in enumerate(rows, start=2):
        if None in row.values() or None in row:
            raise RuleError(f"{path}, line {line}: wrong number of columns. Quote the commas.")
    frame = pd.DataFrame(rows)
    try:
        _try_patterns(con, frame["pattern"].tolist())
    except duckdb.Error:
        for line, pattern in enumerate(frame["pattern"], start=2):
            try:
                _try_patterns(con, [pattern])
            except duckdb.Error as error:
                raise RuleError(
                    f"{path}, line {line}: {pattern!r} is not a pattern: {error}"
                ) from error
    frame["rule_order"] = frame["rule_order"].astype("int64")
    return frame


def write(
    con: duckdb.DuckDBPyConnection,
    rules: Path,
    parameters: Mapping[str, Any],
    mappings: Sequence[tuple[str, str, str]] = (),
) -> None:
    """Replace `core.settings`, the rule tables and `core.mappings`.

    Raises RuleError for a rule file with a broken line or pattern.
    """
    frames = {table: _rules(con, rules / name) for table, name in FILES.items()}
    with transaction(con):
        columns = ", ".join(
            f"cast(${number} as {TYPES.get(name, 'double' if isinstance(v, float) else 'integer')})"
            f" as {name}"
            for number, (name, v) in enumerate(parameters.items(), start=1)
        )
        con.execute(
            f"create or replace table core.settings as select {columns}", list(parameters.values())
        )
        for table, frame in frames.items():
            con.register("rules", frame)
            con.execute(f"create or replace table {table} as select * from rules")
            con.unregister("rules")
        con.execute(
            "create or replace table core.mappings (what varchar, word varchar, value varchar)"
        )
        for row in mappings:
            con.execute("insert into core.mappings values ($1, $2, $3)", list(row))
