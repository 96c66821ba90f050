"""What a night costs at any size, hop by hop: `make bench`.

`python tests/benchmarks/scale.py [DEALS ...]` writes a company of each size (1,000 deals where
none is named), runs each hop and a whole night on it, each in a process of its own, beside bare
references for the same work, and prints what each took. `--out FOLDER` also writes that as a table
(csv and markdown) and a chart; `--work FOLDER` keeps the exports and, with `--only HOP ...`, the
warehouse for another call; `--profile` lists the slowest tables and functions of each hop. Nothing
is asserted about time: it fails where a hop fails.
"""

import argparse
import json
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import scale_report
from scale_hops import HOPS, MEMORY

HERE = Path(__file__).resolve().parent
EVERY = ("bare read", *HOPS, "bare aggregate", "night")
DEALS = 1_000
# What a reference is compared with.
BESIDE = {"bare read": "raw", "bare aggregate": "features"}


def measured(what: str, exports: Path, home: Path, *, profile: bool) -> dict[str, float]:
    """One process: its wall and CPU seconds, peak memory, and bytes read and written."""
    home.mkdir(parents=True, exist_ok=True)
    started = time.perf_counter()
    command = [sys.executable, str(HERE / "scale_hops.py"), what, str(exports), str(home)]
    done = subprocess.run(
        [*command, *(["--profile"] if profile else [])],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "DAGSTER_DISABLE_TELEMETRY": "1", "OMP_WAIT_POLICY": "PASSIVE"},
    )
    wall = time.perf_counter() - started
    if done.returncode:
        sys.exit(f"{what} failed:\n{done.stderr}\n{done.stdout}")
    if profile:
        print(f"{what}:\n" + "\n".join(x for x in done.stderr.splitlines() if x.endswith(ENDS)))
    return {"wall": wall, **json.loads(done.stdout.splitlines()[-1])}


# How the lines of a profile end.
ENDS = (" CPU s", " own")


def of_size(
    deals: int, work: Path, only: Sequence[str], *, profile: bool
) -> Iterator[dict[str, object]]:
    """The rows of one size, each when it has been measured."""
    exports, homes = work / f"exports-{deals}", work / f"homes-{deals}"
    if not exports.exists():
        # A process of its own: a child's peak memory begins with that of its parent.
        command = [sys.executable, str(HERE / "company.py"), str(exports), str(deals)]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    size = sum(path.stat().st_size for path in exports.iterdir())
    print(
        f"{deals:,} deals, {size / 1e9:.2f} GB of csv, DuckDB's memory_limit {MEMORY}", flush=True
    )
    rows = []
    for what in only:
        home = homes / ("night" if what == "night" else "hops")
        found = measured(what, exports, home, profile=profile)
        rows.append({"deals": deals, "csv_gb": size / 1e9, "hop": what, **found})
        print(scale_report.line(rows[-1]), flush=True)
        yield rows[-1]
    if only == EVERY:
        shutil.rmtree(homes)
    cpu = {row["hop"]: row["cpu"] for row in rows}
    for bare, hop in BESIDE.items():
        if {bare, hop} <= cpu.keys():
            print(f"  {hop} takes {cpu[hop] / cpu[bare]:.2f} times the CPU of the {bare}")


def main() -> None:
    """Every size, told and written."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("deals", nargs="*", type=int, default=[DEALS])
    asked.add_argument("--out", type=Path)
    asked.add_argument("--work", type=Path)
    asked.add_argument("--only", choices=EVERY, nargs="+", default=EVERY)
    asked.add_argument("--profile", action="store_true")
    told = asked.parse_args()
    with tempfile.TemporaryDirectory() as temp:
        work = told.work or Path(temp)
        command = f"python tests/benchmarks/scale.py {' '.join(str(n) for n in told.deals)}"
        if told.only != EVERY:
            command += f" --only {' '.join(shlex.quote(what) for what in told.only)}"
        rows = []
        for deals in told.deals:
            for row in of_size(deals, work, told.only, profile=told.profile):
                rows.append(row)
                # Hours of measuring are kept when the last of them fails.
                scale_report.write(told.out or Path(temp, "out"), rows, command)


if __name__ == "__main__":
    main()
