"""Everything Dagster runs, on one page."""

import dagster as dg

from pipelines import assets, checks, schedules, tables
from pipelines.night import Night
from pipelines.progress import progress

_assets = [
    assets.raw_asset(),
    assets.seed_asset(),
    *(assets.sql_asset(query) for query in tables.queries().values()),
    *assets.python_assets(),
    assets.report_asset(),
    assets.aftermath_asset(),
]
assets.refuse_strangers(_assets)

defs = dg.Definitions(
    assets=_assets,
    asset_checks=[assets.check_asset(check) for check in checks.checks()],
    jobs=[schedules.nightly],
    schedules=[schedules.nightly_schedule()],
    sensors=[schedules.new_exports()],
    resources={"night": Night()},
    loggers={"progress": progress, "console": dg.colored_console_logger},
    # DuckDB has one writer and uses every core within a query; a process a step would only
    # fight over its lock.
    executor=dg.in_process_executor,
)
