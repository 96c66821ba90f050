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
    "core.mappings": "What the analyst says of words: stages, pipelines, reasons, types, fields.",
    "core.origin_rules": "Ordered patterns that say what words tell of where a buyer comes from.",
}
FILES = {
    "core.loss_reason_rules": "loss_reasons.csv",
    "core.subject_rules": "activity_subjects.csv",
    "core.stage_rules": "stage_words.csv",
    "core.qualification_rules": "qualification_fields.csv",
    "core.origin_rules": "origin_words.csv",
}
TYPES = {
    "as_of_override_day": "integer",
    "new_business_only": "boolean",
    "incumbent_is_no_decision": "boolean",
    "held_unknown_counts": "boolean",
    "reporting_currency": "varchar",
}


# No file has as many rules: what is moved by this comes before all of another file.
BEFORE = 1_000_000


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


def _together(con: duckdb.DuckDBPyConnection, folders: Sequence[Path], name: str) -> pd.DataFrame:
    """One rule file of several folders; only the last must have it."""
    paths = [folder / name for folder in folders[:-1] if (folder / name).exists()]
    frames = [_rules(con, path) for path in [*paths, folders[-1] / name]]
    for place, frame in enumerate(frames):
        frame["rule_order"] -= (len(frames) - 1 - place) * BEFORE
    return pd.concat(frames, ignore_index=True)


def write(
    con: duckdb.DuckDBPyConnection,
    rules: Path | Sequence[Path],
    parameters: Mapping[str, Any],
    mappings: Sequence[tuple[str, str, str]] = (),
) -> None:
    """Replace `core.settings`, the rule tables and `core.mappings`.

    `rules` is the folder of the rules, or several: those of the first are asked first. Raises
    RuleError for a rule file with a broken line or pattern.
    """
    folders = [rules] if isinstance(rules, Path) else rules
    frames = {table: _together(con, folders, name) for table, name in FILES.items()}
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
