"""What leaking columns are worth: IBM's sample "Sales Win Loss", one row a deal, without dates.

    python tests/benchmarks/ibm_win_loss.py [PATH]

PATH is the folder of `sales_win_loss.csv.zip`, a zip or a csv. Prints the cross-validated AUC of
winning with all columns and with those known at the start, and what the leak alarm says of the
others. Published results on this file use them all.
"""

import argparse
import sys
import time
from pathlib import Path

import pandas as pd

from models.leaks_table import GAIN, table_findings

FILE = "sales_win_loss.csv.zip"
DEFAULT = Path(__file__).resolve().parents[2].parent / "shared" / "data" / "ibm_win_loss"
OUTCOME = "Opportunity Result"
KEY = "Opportunity Number"
# What a seller can fill in when the deal is made and nobody changes on the way. The amount and the
# competitor are not among them: the file holds their last values only.
AT_START = (
    "Supplies Subgroup",
    "Supplies Group",
    "Region",
    "Route To Market",
    "Client Size By Revenue",
    "Client Size By Employee Count",
    "Revenue From Client Past Two Years",
)


def read(path: Path) -> pd.DataFrame:
    """The deals of the file, or of the folder that holds it."""
    return pd.read_csv(path / FILE if path.is_dir() else path, keep_default_na=False)


def main(arguments: list[str]) -> int:
    """Print both numbers and the alarm; 1 where the file is not there."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("path", nargs="?", type=Path, default=DEFAULT)
    path = parser.parse_args(arguments).path
    if not path.exists():
        print(f"{path} is not there; name the folder that holds {FILE}.", file=sys.stderr)
        return 1
    started = time.process_time()
    table = read(path)
    columns = [name for name in table if name not in (OUTCOME, KEY)]
    found = table_findings(table, (table[OUTCOME] == "Won").to_numpy(), columns, AT_START)
    print(f"{len(table):,} deals, {(table[OUTCOME] == 'Won').mean():.1%} won")
    for label, (area, low, high), n in (
        ("all columns", found.everything, len(columns)),
        ("known at the start", found.at_start, len(AT_START)),
    ):
        print(f"AUC, {label} ({n}): {area:.3f} ({low:.3f} to {high:.3f})")
    print(f"\nLeak alarm: columns that surely add more than {GAIN} to what is known at the start")
    for finding in found.findings:
        print(f"  {finding.sentence}")
    quiet = [
        name
        for name in columns
        if name not in AT_START and name not in {one.feature for one in found.findings}
    ]
    print(f"Not named: {', '.join(quiet) or 'none'}")
    print(
        "The file has no dates: whether a named column was written at the end, or learned on the\n"
        "way, cannot be told from it; nor whether one that is not named was known at the start."
    )
    print(f"{time.process_time() - started:.0f} CPU seconds")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
