"""How long exports take to become raw tables, beside a bare typed read of the same files.

`python tests/benchmarks/ingest.py [DEALS] [FOLDER]` writes a company of that many deals (or takes
the one that lies in FOLDER), reads it once with DuckDB's own `create table as select * from
read_csv(...)` with the types given, and once with the project's ingest, each in a process of its
own, and prints wall seconds, CPU seconds, peak memory and the ratio. Nothing is asserted on time.
"""

import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
MEMORY = "3GB"


def bare(folder: Path, place: Path) -> None:
    """The typed read that a person would write by hand: no checks, no rejects, no line numbers."""
    import duckdb

    from pipelines import contracts
    from pipelines.values import sql_type

    known = {thing.name: thing for thing in contracts.load(ROOT / "data" / "contracts").objects}
    names = {
        "OpportunityHistory": "opportunity_history",
        "OpportunityStage": "opportunity_stage",
        "OpportunityContactRole": "opportunity_contact_role",
        "EmailMessage": "email_message",
    }
    with duckdb.connect(str(place)) as con:
        con.execute(f"set memory_limit = '{MEMORY}'; set enable_progress_bar = false")
        for path in sorted(folder.glob("*.csv")):
            thing = known["salesforce_" + names.get(path.stem, path.stem.lower())]
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


def ours(folder: Path, place: Path) -> None:
    """The ingest of the project, from the folder of files to `raw.*`."""
    from pipelines import contracts, exports, ingest, warehouse
    from pipelines.loading import Options

    temp = place.with_suffix(".tmp")
    with warehouse.opened(place, memory_limit=MEMORY) as con:
        known = contracts.load(ROOT / "data" / "contracts")
        report = ingest.ingest(con, exports.offered(folder, temp), known, temp, Options())
        if report.warnings:
            sys.exit("\n".join(report.warnings))


def measured(what: str, folder: Path, home: Path) -> dict[str, float]:
    """Run one of the two in a process of its own."""
    done = subprocess.run(
        [sys.executable, __file__, "--run", what, str(folder), str(home / f"{what}.duckdb")],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
    )
    if done.returncode:
        sys.exit(done.stderr)
    return dict(json.loads(done.stdout.splitlines()[-1]))


def run(what: str, folder: Path, place: Path) -> None:
    """What the process of its own does."""
    sys.path.insert(0, str(ROOT))
    started = time.perf_counter()
    (bare if what == "bare" else ours)(folder, place)
    wall = time.perf_counter() - started
    used = resource.getrusage(resource.RUSAGE_SELF)
    print(
        json.dumps(
            {
                "wall": wall,
                "cpu": used.ru_utime + used.ru_stime,
                "peak_gib": used.ru_maxrss / 1024**2,
                "file_gb": place.stat().st_size / 1e9,
            }
        )
    )


def main() -> None:
    """Both reads of one company, printed."""
    if sys.argv[1:2] == ["--run"]:
        run(sys.argv[2], Path(sys.argv[3]), Path(sys.argv[4]))
        return
    deals = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    with tempfile.TemporaryDirectory() as home:
        folder = Path(sys.argv[2]) if len(sys.argv) > 2 else Path(home, "exports")
        if not folder.exists():
            subprocess.run(
                [sys.executable, str(Path(__file__).with_name("company.py")), folder, str(deals)],
                check=True,
            )
        size = sum(path.stat().st_size for path in folder.iterdir())
        print(f"{deals:,} deals, {size / 1e9:.2f} GB of csv, DuckDB's memory_limit {MEMORY}")
        found = {what: measured(what, folder, Path(home)) for what in ("bare", "ours")}
        for what, told in found.items():
            print(
                f"  {what:<6}{told['wall']:>8.1f} s wall{told['cpu']:>8.1f} s CPU"
                f"{told['peak_gib']:>7.2f} GiB peak{told['file_gb']:>7.2f} GB warehouse"
            )
        for name in ("wall", "cpu"):
            print(f"  ratio of {name}: {found['ours'][name] / found['bare'][name]:.2f}")


if __name__ == "__main__":
    main()
