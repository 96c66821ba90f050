"""The published tasks of the BPI Challenge 2012: `python tests/benchmarks/bpi2012.py [FOLDER]`.

Which offers end accepted, cancelled (the customer stays silent) or declined, told at every event of
a case; by the protocol of Teinemaa et al., TKDD 2019, and by an honest one that cuts each case
before the act that decides its label. Plain scikit-learn models and the project's features and
kind of model run side by side; intervals and paired differences by bootstrap over test cases.
Exit codes: 0 done, 1 the log does not give the published counts or a feature looks ahead, 2 no log.
"""

import argparse
import multiprocessing
import sys
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(Path(__file__).resolve().parent)]
import bpi2012_baseline  # noqa: E402
import bpi2012_features  # noqa: E402
import bpi2012_models  # noqa: E402
import bpi2012_scores as scoring  # noqa: E402
from bpi2012_log import ENDINGS, CountsDiffer, Task, checked, meaning, task, unpacked  # noqa: E402

FOLDER = ROOT.parent / "shared" / "data" / "bpic2012"
FILE = "financial_log.xes.gz"
DRAWS, SEED = 200, 2012
BOUNDS = (5, 10, 20, 30, 40)
# Ours, and our kind of trees on the baseline's features: what the features add, and what the model.
OURS, OURS_PLAIN = "nodecision", "same trees, plain"
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


def judged(rows: pd.DataFrame, found: Mapping[str, np.ndarray], draws: int) -> list[str]:
    """Lines on every model's scores at every task, and how ours differ from each."""
    weights = scoring.draws(rows["case"].nunique(), draws, SEED)
    lines = []
    for n, ending in enumerate(ENDINGS):
        positive = (rows["ending"] == ending).to_numpy()
        head = f"  {ending}, {positive.mean():.1%} of rows"
        lines.append(f"{head:<34}" + "".join(f"{m:>26}" for m in scoring.METRICS))
        scored = {
            model: scoring.scores(p[:, n], positive, rows, weights) for model, p in found.items()
        }
        for model, metrics in scored.items():
            lines.append(f"    {model:<30}" + "".join(_told(x) for x in metrics.values()))
        for model, metrics in scored.items():
            if model != OURS:
                less = [scored[OURS][m] - x for m, x in metrics.items()]
                lines.append(f"      less {model:<23}" + "".join(_told(x, "+") for x in less))
    return lines


def _told(values: np.ndarray, sign: str = "") -> str:
    value, low, high = scoring.interval(values)
    return f"{f'{value:{sign}.3f} [{low:{sign}.3f}, {high:{sign}.3f}]':>26}"


def sliced(rows: pd.DataFrame, found: Mapping[str, np.ndarray]) -> list[str]:
    """Lines on the AUC of `cancelled` by prefix length, and by whether its act is inside."""
    n = ENDINGS.index("cancelled")
    positive = (rows["ending"] == "cancelled").to_numpy()
    parts = {model: scoring.slices(p[:, n], positive, rows, BOUNDS) for model, p in found.items()}
    lines = [f"  {'AUC of cancelled':<26}{'rows':>8}" + "".join(f"{m:>18}" for m in found)]
    for place, (part, size, _) in enumerate(parts[OURS]):
        told = "".join(f"{values[place][2]:>18.3f}" for values in parts.values())
        lines.append(f"    {part:<24}{size:>8,}{told}")
    return lines


def protocol(
    name: str,
    rows: pd.DataFrame,
    first_at: pd.Series,
    plain: pd.DataFrame,
    own: pd.DataFrame,
    draws: int,
) -> str:
    """What there is to print of one protocol; `rows` are the prefixes that it keeps."""
    used = time.process_time()
    train, test = rows[~rows["is_test"]], rows[rows["is_test"]].reset_index(drop=True)
    with threadpool_limits(1):
        found = {"baseline": bpi2012_models.default(plain, train, test)}
        chosen = []
        for model, features in {OURS_PLAIN: plain, OURS: own}.items():
            best = bpi2012_models.tuned(features, train, first_at[train["case"].unique()])
            found[model] = bpi2012_models.trees(features, train, test, best)
            chosen.append(f"{model}: {best.leaves} leaves, {best.iterations} iterations")
    lines = [
        f"\n{name}: {len(test):,} test rows of {test['case'].nunique()} cases, "
        f"{len(train):,} training rows of {train['case'].nunique():,} cases",
        *judged(test, found, draws),
        *sliced(test, found),
        f"  chosen on training cases alone, going forward in time: {'; '.join(chosen)}",
        f"  {time.process_time() - used:.0f} s CPU",
    ]
    return "\n".join(lines)


def run(log: pd.DataFrame, found: Task, draws: int) -> None:
    """Both protocols side by side, each on a core of its own, and printed."""
    act = meaning()
    cases = found.cases["case"]
    plain = bpi2012_baseline.features(log, cases)

    def make(events: pd.DataFrame) -> pd.DataFrame:
        return bpi2012_features.features(events, cases, act)

    own = make(log)
    same = sum(rewound(log, make, own, until) for until in log["at"].quantile(list(REWOUND_TO)))
    print(f"rewind: {same:,} prefixes keep all {own.shape[1]} features when later events are cut")
    late = ~found.cases["is_test"] & (found.cases["decided_at"] >= found.split_at)
    print(f"training labels decided after the first test event: {late.sum()} (kept, as published)")
    rows = found.prefixes
    test = rows[rows["is_test"]]
    before = test[~test["holds_event"]]
    print(
        f"honest test rows: {len(before):,} without the deciding event; of these "
        f"{before['holds_act'].sum()} hold another event of the same act, and are cut too"
    )
    first_at = found.cases.set_index("case")["first_at"]
    asked = {"published protocol": rows, "honest protocol": rows[~rows["holds_act"]]}
    with ProcessPoolExecutor(len(asked), multiprocessing.get_context("spawn")) as pool:
        told = [
            pool.submit(protocol, name, kept, first_at, plain, own, draws)
            for name, kept in asked.items()
        ]
        for each in told:
            print(each.result())


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
    print(f"\nin all {wall:.0f} s wall; {cpu:.0f} s CPU beside that of the protocols")


if __name__ == "__main__":
    main()
