"""The published tasks of the BPI Challenge 2012: `python tests/benchmarks/bpi2012.py [FOLDER]`.

Which offers end accepted, cancelled (the customer stays silent) or declined, told at every event of
a case; by the protocol of Teinemaa et al., TKDD 2019, and by an honest one that cuts each case
before the act that decides its label. Plain scikit-learn models and the project's features and
kind of model run side by side; intervals and paired differences by bootstrap over test cases.
Exit codes: 0 done, 1 the log does not give the published counts or a feature looks ahead, 2 no log.
"""

import argparse
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(Path(__file__).resolve().parent)]
import bpi2012_baseline  # noqa: E402
import bpi2012_features  # noqa: E402
import bpi2012_models  # noqa: E402
import bpi2012_scores as scoring  # noqa: E402
from bpi2012_log import ENDINGS, CountsDiffer, Task, checked, meaning, task, unpacked  # noqa: E402

FOLDER = ROOT.parent / "shared" / "data" / "bpic2012"
FILE = "financial_log.xes.gz"
DRAWS, SEED = 300, 2012
BOUNDS = (5, 10, 20, 30, 40)
OURS = "nodecision"
REWOUND_TO = (0.35, 0.85)


class LooksAhead(AssertionError):
    """A feature of a prefix changed when later events were taken away."""


def rewound(
    log: pd.DataFrame,
    make: Callable[[pd.DataFrame], pd.DataFrame],
    features: pd.DataFrame,
    until: pd.Timestamp,
) -> int:
    """How many prefixes have the same features when all events from `until` on are cut.

    Later events of the same case and of all others are cut. Raises LooksAhead if one differs.
    """
    cut = make(log[log["at"] < until])
    whole = features.loc[cut.index]
    differs = ~((cut == whole) | (cut.isna() & whole.isna()))
    if differs.to_numpy().any():
        names = ", ".join(cut.columns[differs.any()])
        raise LooksAhead(f"features that know of events after {until}: {names}")
    return len(cut)


def judged(
    name: str,
    rows: pd.DataFrame,
    found: dict[str, np.ndarray],
    draws: int,
) -> None:
    """Print the scores of every model on every task, and the differences from ours."""
    cases = rows["case"].nunique()
    weights = scoring.draws(cases, draws, SEED)
    print(f"\n{name}: {len(rows):,} test rows of {cases} cases")
    for n, ending in enumerate(ENDINGS):
        positive = (rows["ending"] == ending).to_numpy()
        share = float(positive.mean())
        print(
            f"  {ending} ({share:.1%} of rows)"
            + " " * 6
            + "".join(f"{m:>26}" for m in scoring.METRICS)
        )
        scored = {
            model: scoring.scores(p[:, n], positive, rows, weights) for model, p in found.items()
        }
        for model, metrics in scored.items():
            print(f"    {model:<24}" + "".join(_told(metrics[m]) for m in scoring.METRICS))
        for model in found:
            if model != OURS:
                less = {m: scored[OURS][m] - scored[model][m] for m in scoring.METRICS}
                print(
                    f"    {'less ' + model:<24}"
                    + "".join(_told(less[m], "+") for m in scoring.METRICS)
                )


def _told(values: np.ndarray, sign: str = "") -> str:
    value, low, high = scoring.interval(values)
    return f"{f'{value:{sign}.3f} [{low:{sign}.3f}, {high:{sign}.3f}]':>26}"


def sliced(rows: pd.DataFrame, found: dict[str, np.ndarray]) -> None:
    """Print the AUC of `cancelled` by prefix length and by whether the deciding act is inside."""
    positive = (rows["ending"] == "cancelled").to_numpy()
    n = ENDINGS.index("cancelled")
    parts = {model: scoring.slices(p[:, n], positive, rows, BOUNDS) for model, p in found.items()}
    print("  AUC of cancelled by part of the test rows")
    for place, (part, size, _) in enumerate(parts[OURS]):
        line = "".join(f"  {model} {told[place][2]:.3f}" for model, told in parts.items())
        print(f"    {part:<26}{size:>7,} rows {line}")


def run(log: pd.DataFrame, found: Task, draws: int) -> None:
    """Both protocols, printed."""
    act = meaning()
    cases = found.cases["case"]
    plain = bpi2012_baseline.features(log, cases)

    def make(events: pd.DataFrame) -> pd.DataFrame:
        return bpi2012_features.features(events, cases, act)

    own = make(log)
    moments = log["at"].quantile(REWOUND_TO)
    same = sum(rewound(log, make, own, until) for until in moments)
    print(f"rewind: {same:,} prefixes keep all {own.shape[1]} features when later events are cut")
    first_at = found.cases.set_index("case")["first_at"]
    rows = found.prefixes
    late = ~found.cases["is_test"] & (found.cases["decided_at"] >= found.split_at)
    print(f"training labels decided after the first test event: {late.sum()} (kept, as published)")
    test = rows[rows["is_test"]]
    twins = int((test["holds_act"] & ~test["holds_event"]).sum())
    print(f"test rows before the deciding event that hold another event of its act: {twins}")
    for name, kept in {
        "published protocol": rows,
        "honest protocol": rows[~rows["holds_act"]],
    }.items():
        began, used = time.perf_counter(), time.process_time()
        train, asked = kept[~kept["is_test"]], kept[kept["is_test"]].reset_index(drop=True)
        models = bpi2012_models.baselines(plain, train, asked)
        chosen = bpi2012_models.tuned(own, train, first_at[train["case"].unique()])
        models[OURS] = bpi2012_models.ours(own, train, asked, chosen)
        judged(name, asked, models, draws)
        sliced(asked, models)
        print(
            f"  chosen on {train['case'].nunique():,} training cases: {chosen.leaves} leaves, "
            f"{chosen.iterations} iterations; {time.perf_counter() - began:.0f} s wall, "
            f"{time.process_time() - used:.0f} s CPU"
        )


def main() -> None:
    """The benchmark, printed."""
    parser = argparse.ArgumentParser(description="The published tasks of the BPI 2012 log.")
    parser.add_argument("folder", nargs="?", type=Path, default=FOLDER, help="where the log is")
    parser.add_argument("--draws", type=int, default=DRAWS, help="of the bootstrap over cases")
    options = parser.parse_args()
    path = options.folder / FILE
    if not path.is_file():
        print(f"no {FILE} in {options.folder}: name the folder that holds it", file=sys.stderr)
        sys.exit(2)
    began, used = time.perf_counter(), time.process_time()
    log = unpacked(path)
    try:
        found = checked(task(log, meaning().outcomes))
        for what, count in found.counts.items():
            print(f"{what}: {count:,}")
        run(log, found, options.draws)
    except (CountsDiffer, LooksAhead) as error:
        sys.exit(str(error))
    wall, cpu = time.perf_counter() - began, time.process_time() - used
    print(f"\n{wall:.0f} s wall, {cpu:.0f} s CPU")


if __name__ == "__main__":
    main()
