"""How long a night takes, table by table: `make bench`.

Prints wall seconds of a first night and of one in which no file has changed, on the sample, each
in a process of its own, and the share of the slowest tables. Nothing is asserted about time.
"""

import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LINE = re.compile(r"^  (\S+)\s+([\d,]+) rows\s+([\d.]+) s$")
SHOWN = 8


def night(home):
    """One run; wall seconds and the seconds of each table."""
    started = time.perf_counter()
    done = subprocess.run(
        [
            str(Path(sys.executable).with_name("nodecision")),
            "run",
            "--exports",
            str(ROOT / "data" / "sample"),
            "--home",
            home,
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    wall = time.perf_counter() - started
    if done.returncode not in (0, 3):
        sys.exit(done.stderr)
    tables = {
        match[1]: float(match[3])
        for line in done.stderr.splitlines()
        if (match := LINE.match(line))
    }
    return wall, tables


def main():
    """Two nights, printed."""
    with tempfile.TemporaryDirectory() as home:
        for name in ("first night", "nothing changed"):
            wall, tables = night(home)
            print(f"{name}: {wall:.1f} s")
            # Tables made together share one time; the largest of each hop is told.
            slowest = sorted(tables.items(), key=lambda item: -item[1])[:SHOWN]
            for table, seconds in slowest:
                print(f"  {table:<34}{seconds:>7.1f} s")


if __name__ == "__main__":
    main()
