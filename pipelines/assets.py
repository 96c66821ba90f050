"""The hops as Dagster assets: what each makes, what it reads, what it says when it has run."""

import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import dagster as dg
import duckdb

from pipelines import (
    alerts,
    checks,
    commitments,
    compare,
    contracts,
    frameworks,
    frontier,
    ingest,
    ledger,
    mending,
    model_signal,
    options,
    origins,
    practice,
    publish,
    push,
    replay,
    retention,
    returns,
    seeds,
    tables,
    train,
)
from pipelines import worklist as worklists
from pipelines.ingest import FILES
from pipelines.night import CONTRACTS, Night
from pipelines.progress import LEFT_OUT
from pipelines.tables import QueryError

# On a run: which exports it read, the same for the same files.
EXPORTS_TAG = "nodecision/exports"
# On the step of a check: its name.
CHECK_TAG = "nodecision/check"


def key(table: str) -> dg.AssetKey:
    """`schema.table` as an asset key."""
    return dg.AssetKey(table.split("."))


def _spec(table: str, description: str, reads: set[str] | frozenset[str]) -> dg.AssetSpec:
    return dg.AssetSpec(
        key(table),
        deps=[key(name) for name in sorted(reads)],
        description=description,
        group_name=table.split(".")[0],
        kinds={"duckdb"},
    )


def _made(
    con: duckdb.DuckDBPyConnection,
    table: str,
    started: float,
    more: Mapping[str, Any] | None = None,
) -> dg.MaterializeResult:
    columns = [
        dg.TableColumn(name, kind) for name, kind, *_ in con.execute(f"describe {table}").fetchall()
    ]
    return dg.MaterializeResult(
        asset_key=key(table),
        metadata={
            "dagster/row_count": tables.count(con, table),
            "dagster/column_schema": dg.TableSchema(columns),
            "seconds": round(time.monotonic() - started, 3),
            **(more or {}),
        },
    )


def raw_asset() -> dg.AssetsDefinition:
    """Files into `raw.*`."""
    described = ingest.raw_tables(contracts.load(CONTRACTS))

    @dg.multi_asset(
        name="raw", specs=[_spec(name, text, set()) for name, text in sorted(described.items())]
    )
    def raw(context: dg.AssetExecutionContext, night: Night) -> Iterator[dg.MaterializeResult]:
        started = time.monotonic()
        mending.mend(night, datetime.now(UTC))
        with night.open() as con:
            report = ingest.ingest(
                con, night.offered(), night.contracts, night.places.temp, night.options
            )
            checks.forget(con)
            shutil.rmtree(night.places.temp)
            context.instance.add_run_tags(context.run.run_id, {EXPORTS_TAG: ingest.digest(con)})
            for name in sorted(described):
                more = {LEFT_OUT: report.warnings} if name == FILES else {}
                yield _made(con, name, started, more)

    return raw


def seed_asset() -> dg.AssetsDefinition:
    """Settings and rules into `core.*`."""

    @dg.multi_asset(
        name="seeds",
        specs=[_spec(name, text, set()) for name, text in sorted(seeds.TABLES.items())],
    )
    def seed(night: Night) -> Iterator[dg.MaterializeResult]:
        started = time.monotonic()
        with night.open() as con:
            seeds.write(
                con,
                night.rules,
                night.settings.parameters(night.as_of_date),
                night.settings.mappings(),
            )
            for name in sorted(seeds.TABLES):
                yield _made(con, name, started)

    return seed


def sql_asset(query: tables.Query) -> dg.AssetsDefinition:
    """One SQL file as one asset."""

    # What core reads of crm has been cut before, when a past day is replayed.
    cut = set(replay.TABLES) if query.schema == "core" else set()

    @dg.asset(
        key=key(query.name),
        deps=[key(name) for name in sorted(query.reads | cut)],
        description=query.description,
        group_name=query.schema,
        kinds={"duckdb", "sql"},
        metadata={"query": dg.MetadataValue.md(f"```sql\n{query.sql}\n```")},
    )
    def made(night: Night) -> dg.MaterializeResult:
        started = time.monotonic()
        with night.open() as con:
            night.build(con, query)
            if query.is_view:
                return dg.MaterializeResult(metadata={"view": True})
            return _made(con, query.name, started)

    return made


def _python_asset(
    name: str, described: Mapping[str, str], reads: frozenset[str], run: Any
) -> dg.AssetsDefinition:
    @dg.multi_asset(
        name=name, specs=[_spec(table, text, reads) for table, text in sorted(described.items())]
    )
    def made(night: Night) -> Iterator[dg.MaterializeResult]:
        started = time.monotonic()
        with night.open() as con:
            run(con, night)
            for table in sorted(described):
                yield _made(con, table, started)

    return made


def python_assets() -> list[dg.AssetsDefinition]:
    """The tables that the statistics make."""
    return [
        _python_asset(
            "replay",
            replay.TABLES,
            replay.READS,
            lambda con, night: replay.run(con, night.as_of_date),
        ),
        _python_asset("train", train.TABLES, train.READS, train.run),
        _python_asset("compare", compare.TABLES, compare.READS, compare.run),
        _python_asset("model_signal", model_signal.TABLES, model_signal.READS, model_signal.run),
        _python_asset("frontier", frontier.TABLES, frontier.READS, frontier.run),
        _python_asset("commitments", commitments.TABLES, commitments.READS, commitments.run),
        _python_asset("frameworks", frameworks.TABLES, frameworks.READS, frameworks.run),
        _python_asset("options", options.TABLES, options.READS, options.run),
        _python_asset("push", push.TABLES, push.READS, push.run),
        _python_asset("practice", practice.TABLES, practice.READS, practice.run),
        _python_asset("origins", origins.TABLES, origins.READS, origins.run),
        _python_asset("returns", returns.TABLES, returns.READS, returns.run),
        _python_asset("worklist", worklists.TABLES, worklists.READS, worklists.run),
        _python_asset("ledger", ledger.TABLES, ledger.READS, ledger.run),
    ]


def refuse_strangers(found: Sequence[dg.AssetsDefinition]) -> None:
    """Raise QueryError when an asset reads a table that nobody makes."""
    made = {made for asset in found for made in asset.keys}
    for asset in found:
        for target, reads in asset.asset_deps.items():
            for missing in sorted(reads - made):
                raise QueryError(
                    f"{'.'.join(target.path)} reads {'.'.join(missing.path)}, which nobody makes."
                )


def report_asset() -> dg.AssetsDefinition:
    """The pages, written aside and moved into place."""

    @dg.asset(
        key=["published", "report"],
        deps=[key(name) for name in sorted(publish.SHOWN)],
        group_name="published",
        description="The pages, tables, sheet and summary of this night; `latest` points at them.",
        kinds={"html"},
        freshness_policy=dg.FreshnessPolicy.time_window(
            fail_window=timedelta(hours=Night().settings.alerts.overdue_hours)
        ),
    )
    def report(night: Night) -> dg.MaterializeResult:
        with night.open() as con:
            place = publish.publish(con, night)
        page = place / night.settings.reports.languages[0] / "index.html"
        return dg.MaterializeResult(metadata={"report": dg.MetadataValue.path(str(page))})

    return report


def aftermath_asset() -> dg.AssetsDefinition:
    """What follows a night: who is told of what, and what is kept no longer."""

    @dg.asset(
        key=["published", "aftermath"],
        deps=[["published", "report"]],
        group_name="published",
        description="Messages on old exports, drift, and troubles that are over, each told once; "
        "what is older than the settings keep is removed.",
    )
    def told(context: dg.AssetExecutionContext, night: Night) -> dg.MaterializeResult:
        now = datetime.now(UTC)
        with night.open() as con:
            found = alerts.tell(night, con, now)
        gone = retention.prune(night, now)
        runs = retention.prune_history(context.instance, night, now)
        for problem in found.errors:
            context.log.warning(problem)
        subjects = [message.subject for message in found.messages]
        return dg.MaterializeResult(
            metadata={
                "told": subjects,
                "not_sent": list(found.errors),
                "removed": gone,
                "runs_removed": runs,
            }
        )

    return told


def check_asset(check: checks.Check) -> dg.AssetChecksDefinition:
    """One check; it runs before anything that reads the table, and stops it when it must."""
    severity = {
        "error": dg.AssetCheckSeverity.ERROR,
        "warn": dg.AssetCheckSeverity.WARN,
    }[check.severity]

    # Dagster halts on a blocking check only at severity ERROR; for the others `blocking` just
    # keeps the order, so that the report sees every verdict.
    @dg.asset_check(
        asset=key(check.table),
        name=check.name,
        blocking=True,
        description=check.description,
        op_tags={CHECK_TAG: check.name},
    )
    def checked(night: Night) -> dg.AssetCheckResult:
        with night.open() as con:
            verdict = check.run(con)
            checks.record(con, check, verdict)
        return dg.AssetCheckResult(
            passed=verdict.passed, severity=severity, metadata={"detail": verdict.detail}
        )

    return checked
