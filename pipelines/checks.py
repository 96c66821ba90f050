"""Checks on tables: a query that returns the rows which should not exist.

`error` checks stop everything downstream of their table, because numbers would be wrong;
`warn` checks let the night go on and are shown on the trust page, because numbers would be thin.
Each `sql/checks/<name>.sql` begins with `-- <table>, error|warn` and a description.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import duckdb

from pipelines import contracts, ingest, leak_alarm, rewind, traps
from pipelines.night import CONTRACTS
from pipelines.tables import SQL, QueryError
from pipelines.warehouse import transaction

KEYS: Mapping[str, tuple[str, ...]] = {
    "core.parameters": ("as_of_day",),
    "core.accounts": ("account_id",),
    "core.sellers": ("seller_id",),
    "core.stages": ("source", "pipeline", "stage"),
    "core.deals": ("deal_id",),
    "core.activities": ("activity_id",),
    "core.stalls": ("deal_id", "spell"),
    "core.stalls_by_g": ("deal_id", "g_factor", "spell"),
    "core.outcomes": ("deal_id",),
    "core.stall_thresholds": ("source", "pipeline", "stage"),
    "features.snapshots": ("deal_id", "week"),
    "features.decision_points": ("deal_id",),
    "features.strategy_weeks": ("deal_id", "week"),
    "core.removals": ("deal_id",),
    "core.observation": ("source", "kind"),
    "marts.traps": ("source", "trap"),
    "marts.stall_scores": ("deal_id", "horizon_days"),
    "marts.worklist": ("deal_id",),
}
ONE_ROW_EACH: Mapping[str, str] = {"core.outcomes": "core.deals"}
SHOWN = 3


@dataclass(frozen=True)
class Verdict:
    """What a check found: `detail` is one sentence for a person."""

    passed: bool
    detail: str


@dataclass(frozen=True)
class Check:
    """One check of one table."""

    name: str
    table: str
    severity: str
    description: str
    run: Callable[[duckdb.DuckDBPyConnection], Verdict]


def _none_of(sql: str) -> Callable[[duckdb.DuckDBPyConnection], Verdict]:
    def run(con: duckdb.DuckDBPyConnection) -> Verdict:
        found = con.execute(sql)
        columns = [name for name, *_ in found.description or []]
        rows = found.fetchall()
        if not rows:
            return Verdict(True, "none found")
        shown = "; ".join(
            ", ".join(f"{name} {value}" for name, value in zip(columns, row, strict=True))
            for row in rows[:SHOWN]
        )
        more = f" and {len(rows) - SHOWN} more" if len(rows) > SHOWN else ""
        return Verdict(False, f"{shown}{more}")

    return run


def _key_check(table: str, key: tuple[str, ...]) -> Check:
    columns = ", ".join(key)
    missing = " or ".join(f"{column} is null" for column in key)
    sql = (
        f"select {columns}, count(*) as lines from {table} "
        f"group by {columns} having count(*) > 1 or {missing} order by {columns}"
    )
    return Check(
        f"{table.split('.')[1]}_key",
        table,
        "error",
        f"Every row of {table} has its own {columns}.",
        _none_of(sql),
    )


def _fan_out_check(table: str, parent: str) -> Check:
    sql = (
        f"select child.n as rows_here, parent.n as rows_of_{parent.split('.')[1]} "
        f"from (select count(*) as n from {table}) child, (select count(*) as n from {parent}) "
        "parent where child.n <> parent.n"
    )
    return Check(
        f"{table.split('.')[1]}_no_fan_out",
        table,
        "error",
        f"{table} has exactly one row for each row of {parent}.",
        _none_of(sql),
    )


def _lines_check() -> Check:
    """Every line offered is in a raw table or among the rejects."""
    held = "\nunion all\n".join(
        f"select _file, count(*) as n from {table} group by _file"
        for table in sorted(ingest.line_tables(contracts.load(CONTRACTS)))
    )
    sql = f"""
        select f.path, f.rows as said_to_be_read, coalesce(held.n, 0) as in_tables,
            f.rejected_rows as said_to_be_refused, coalesce(refused.n, 0) as in_rejects
        from raw.files f
        left join (select _file, sum(n) as n from ({held}) group by _file) held
            on held._file = f.path
        left join (
            select file, count(distinct line) as n from raw.rejects where is_line_refused
            group by file
        ) refused on refused.file = f.path
        where f.decision in ('loaded', 'unchanged')
            and (coalesce(held.n, 0) <> f.rows or coalesce(refused.n, 0) <> f.rejected_rows)
        order by f.path
    """
    return Check(
        "lines_accounted",
        "raw.files",
        "error",
        "Every line that a file offered is in a raw table or among the rejects.",
        _none_of(sql),
    )


def _trap_check(trap: str) -> Check:
    """Warns when the exports hold more of a trap than its setting allows."""
    setting, description = traps.TRAPS[trap]
    return Check(
        f"trap_{trap}",
        traps.TABLE,
        "warn",
        f"{description} Setting: {setting}.",
        _none_of(traps.warning(trap)),
    )


def parse(path: Path) -> Check:
    """Read one check. Raises QueryError when its first line does not name table and severity."""
    text = path.read_text(encoding="utf-8")
    head, *rest = text.splitlines()
    match = re.fullmatch(r"-- (\w+\.\w+), (error|warn)", head)
    if match is None:
        raise QueryError(f"{path}: the first line must be `-- <schema>.<table>, error|warn`.")
    words = []
    for line in rest:
        if not line.startswith("--"):
            break
        words.append(line.removeprefix("--").strip())
    return Check(path.stem, match[1], match[2], " ".join(words), _none_of(text))


def checks() -> list[Check]:
    """Every check, in a fixed order."""
    return [
        *(_key_check(table, key) for table, key in KEYS.items()),
        *(_fan_out_check(table, parent) for table, parent in ONE_ROW_EACH.items()),
        _lines_check(),
        *(_trap_check(trap) for trap in traps.TRAPS),
        *(parse(path) for path in sorted((SQL / "checks").glob("*.sql"))),
        Check(
            "snapshots_rewind",
            "features.snapshots",
            "error",
            "Rebuilt without anything recorded later, past snapshots are the same.",
            lambda con: Verdict(*rewind.check(con)),
        ),
        Check(
            "snapshots_tell_no_ending",
            "features.snapshots",
            "error",
            "No column tells how deals end long before they do: only an ending can know that.",
            lambda con: Verdict(*leak_alarm.check(con, ("outcome",))),
        ),
        # Good evidence and no proof: a company may be odd, and its night must not stop for that.
        Check(
            "snapshots_leak_alarm",
            "features.snapshots",
            "warn",
            "No column is filled only once a deal has ended, tells an ending as well at the first "
            "landmark as at the last, or foresees another.",
            lambda con: Verdict(*leak_alarm.check(con, ("early", "filled", "foresight"))),
        ),
    ]


def record(con: duckdb.DuckDBPyConnection, check: Check, verdict: Verdict) -> None:
    """Keep the verdict in `marts.checks`, where the trust page reads it."""
    with transaction(con):
        con.execute(
            "create table if not exists marts.checks ("
            '"check" varchar primary key, "table" varchar, severity varchar, '
            "passed boolean, detail varchar, description varchar)"
        )
        con.execute(
            "insert or replace into marts.checks values ($1, $2, $3, $4, $5, $6)",
            [
                check.name,
                check.table,
                check.severity,
                verdict.passed,
                verdict.detail,
                check.description,
            ],
        )


def said(con: duckdb.DuckDBPyConnection, name: str) -> Verdict | None:
    """What a check said tonight; None where it has not spoken."""
    there = con.execute(
        "select 1 from duckdb_tables() where schema_name = 'marts' and table_name = 'checks'"
    ).fetchall()
    if not there:
        return None
    rows = con.execute(
        'select passed, detail from marts.checks where "check" = $1', [name]
    ).fetchall()
    return Verdict(*rows[0]) if rows else None


def forget(con: duckdb.DuckDBPyConnection) -> None:
    """Drop the verdicts of the night before, so that no old one is shown as new."""
    con.execute("drop table if exists marts.checks")
