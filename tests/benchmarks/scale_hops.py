"""What the processes of scale.py do: one hop of a night, a whole one, or a bare reference.

`python tests/benchmarks/scale_hops.py WHAT EXPORTS HOME [--profile]` prints one line of JSON: the
CPU seconds and bytes of the process. With `--profile` it tells on standard error which tables took
longest, and which Python functions.
"""

import cProfile
import json
import pstats
import resource
import sys
import time
from dataclasses import replace
from functools import partial
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))
MEMORY = "3GB"
HOPS = ("raw", "core", "features", "train", "compare", "questions", "publish")
SHOWN = 25
RAW_NAMES = {
    "OpportunityHistory": "opportunity_history",
    "OpportunityStage": "opportunity_stage",
    "OpportunityContactRole": "opportunity_contact_role",
    "OpportunityCompetitor": "opportunity_competitor",
    "OpportunityFieldHistory": "opportunity_field_history",
    "EmailMessage": "email_message",
}
# One pass over the largest table, and a row for each deal and week of it.
AGGREGATE = """
create or replace temp table counted as
select deal_id, happened_day // 7 as week, count(*) as n, count(distinct kind) as kinds,
    max(happened_sec) as last_sec
from core.activities
group by deal_id, happened_day // 7
"""


def bare_read(exports: Path, home: Path) -> None:
    """The typed read that a person would write by hand: no checks, no rejects, no line numbers."""
    import duckdb

    from pipelines import contracts
    from pipelines.values import sql_type

    known = {thing.name: thing for thing in contracts.load(ROOT / "data" / "contracts").objects}
    with duckdb.connect(str(home / "bare.duckdb")) as con:
        con.execute(f"set memory_limit = '{MEMORY}'; set enable_progress_bar = false")
        for path in sorted(exports.glob("*.csv")):
            thing = known["salesforce_" + RAW_NAMES.get(path.stem, path.stem.lower())]
            with path.open(encoding="utf-8") as lines:
                header = lines.readline().strip().split(",")
            types = {n: c for c, at in thing.places(header).items() for n in at}
            kinds = {column.name: sql_type(column.type) for column in thing.columns}
            columns = ", ".join(
                f"'{types.get(n, name)}': '{kinds.get(types.get(n, ''), 'varchar')}'"
                for n, name in enumerate(header)
            )
            con.execute(
                f"create table {path.stem} as select * from read_csv('{path}', header = true, "
                f"auto_detect = false, delim = ',', quote = '\"', columns = {{{columns}}})"
            )
    (home / "bare.duckdb").unlink()


def bare_aggregate(exports: Path, home: Path) -> None:
    """One hash aggregate over all acts."""
    del exports
    from pipelines import warehouse

    with warehouse.opened(home / "warehouse.duckdb", memory_limit=MEMORY) as con:
        con.execute(AGGREGATE)


def asked(exports: Path, home: Path):
    """The night that is measured."""
    from pipelines.night import Night

    settings = home / "settings.toml"
    settings.write_text(f'[source]\nmemory_limit = "{MEMORY}"\n', encoding="utf-8")
    return Night(exports=str(exports), settings_path=str(settings), home=str(home))


def night(exports: Path, home: Path) -> None:
    """All hops, as `nodecision run` does them."""
    from pipelines import launch

    finished = launch.run(asked(exports, home))
    if finished.report is None:
        sys.exit(f"{finished.failed_step}: {finished.reason}")


def keys_of(hop: str, graph):
    """The assets of one hop; a hop makes what it reads and no hop before it has made."""
    from pipelines import compare, train

    in_schema = {
        "raw": {"raw"},
        "core": {"crm", "core"},
        "features": {"features"},
        "publish": {"published"},
    }
    every = {key: ".".join(key.path) for key in graph.get_all_asset_keys()}
    trained = {key for key, name in every.items() if name in train.TABLES}
    compared = {key for key, name in every.items() if name in compare.TABLES}
    waiting = list(compared)
    while waiting:
        new = {
            key
            for key in graph.get(waiting.pop()).parent_keys
            if key.path[0] == "marts" and key not in compared | trained
        }
        compared |= new
        waiting += new
    if hop == "train":
        return trained
    if hop == "compare":
        return compared
    if hop == "questions":
        return {key for key in every if key.path[0] == "marts"} - trained - compared
    return {key for key in every if key.path[0] in in_schema[hop]}


def one_hop(hop: str, exports: Path, home: Path) -> None:
    """The assets of a hop and their checks, on the warehouse that the hops before have left."""
    import dagster as dg

    from pipelines.definitions import defs
    from pipelines.progress import only

    wanted = asked(exports, home)
    chosen = sorted(keys_of(hop, defs.resolve_asset_graph()))
    with wanted.open(), dg.DagsterInstance.ephemeral() as instance:
        result = defs.resolve_job_def("nightly").execute_in_process(
            instance=instance,
            run_config={**only("text"), "resources": {"night": {"config": wanted.asked()}}},
            asset_selection=chosen,
            raise_on_error=False,
        )
    if not result.success:
        failed = [e for e in result.all_node_events if e.is_step_failure]
        sys.exit("\n".join(str(event.step_failure_data.error) for event in failed) or "a check")


class Tables:
    """Wall and CPU seconds of each table that SQL makes and of each check."""

    def __init__(self) -> None:
        self.told: list[tuple[str, float, float]] = []

    def watch(self) -> None:
        """Measure what is built from now on."""
        from pipelines import checks, tables

        build, found = tables.build, checks.checks
        tables.build = lambda con, query: self._timed(query.name, build, con, query)
        checks.checks = lambda: [
            replace(check, run=partial(self._timed, f"check {check.name}", check.run))
            for check in found()
        ]

    def _timed(self, name, run, *given):
        wall, cpu = time.perf_counter(), time.process_time()
        try:
            return run(*given)
        finally:
            spent = time.perf_counter() - wall, time.process_time() - cpu
            self.told.append((name, *spent))

    def say(self) -> None:
        """The slowest, and the sum."""
        for name, wall, cpu in sorted(self.told, key=lambda row: -row[2])[:SHOWN]:
            sys.stderr.write(f"  {name:<44}{wall:>8.2f} s{cpu:>8.2f} CPU s\n")
        wall, cpu = (sum(row[n] for row in self.told) for n in (1, 2))
        sys.stderr.write(f"  {'all tables and checks':<44}{wall:>8.2f} s{cpu:>8.2f} CPU s\n")


def functions(profile: cProfile.Profile) -> None:
    """The functions of the project that took longest, with what they call."""
    stats = pstats.Stats(profile).stats
    ours = [
        (cumulative, own, f"{Path(file).relative_to(ROOT)}:{line} {function}")
        for (file, line, function), (_, _, own, cumulative, _) in stats.items()
        if file.startswith(str(ROOT)) and "/.venv/" not in file
    ]
    for cumulative, own, place in sorted(ours, reverse=True)[: 2 * SHOWN]:
        sys.stderr.write(f"  {place:<60}{cumulative:>8.2f} s{own:>8.2f} own\n")


def main() -> None:
    """Do what the command line asks, and tell what it took."""
    what, exports, home = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
    is_profiled = "--profile" in sys.argv
    todo = {"bare read": bare_read, "bare aggregate": bare_aggregate, "night": night}
    tables, profile = Tables(), cProfile.Profile()
    if is_profiled:
        tables.watch()
        profile.enable()
    if what in todo:
        todo[what](exports, home)
    else:
        one_hop(what, exports, home)
    if is_profiled:
        profile.disable()
        tables.say()
        functions(profile)
    used = resource.getrusage(resource.RUSAGE_SELF)
    lines = Path("/proc/self/io").read_text(encoding="utf-8").splitlines()
    io = {name: int(value) for name, value in (line.split(": ") for line in lines)}
    told = {
        "cpu": used.ru_utime + used.ru_stime,
        "peak_gib": used.ru_maxrss / 1024**2,
        "read_gb": io["rchar"] / 1e9,
        "written_gb": io["wchar"] / 1e9,
    }
    print(json.dumps(told))


if __name__ == "__main__":
    main()
