"""What the stall model costs: `python tests/benchmarks/stall.py [ROWS] [OPEN]`.

Makes a company of which about ROWS (2,000,000) lines of deal, landmark and bin ahead are trained
on in the end, fits, and scores OPEN (100,000) open deals, in a process of its own. Prints wall and
CPU seconds of each step and the most memory held (VmHWM). Nothing is asserted about time.
"""

import functools
import subprocess
import sys
import time
from collections import defaultdict
from pathlib import Path

import numpy as np
import pandas as pd

ROOT = Path(__file__).resolve().parents[2]
AS_OF = 20_000
LINES_A_DEAL = 36
MOST_WEEKS, SPAN_WEEKS = 26, 104


def company(deals, seed=1):
    """Snapshots, deals and stalls of so many deals, made column by column."""
    from models.features import CATEGORIES, FEATURES

    rng = np.random.default_rng(seed)
    start = AS_OF - 7 * rng.integers(1, SPAN_WEEKS, deals)
    drift = rng.normal(size=deals)
    weeks = np.minimum(1 + rng.geometric(0.06, deals), MOST_WEEKS)
    known = np.minimum(weeks, (AS_OF - start) // 7)
    deal = np.repeat(np.arange(deals), known)
    age = 7 * (np.arange(len(deal)) - np.repeat(np.cumsum(known) - known, known))
    names = np.char.add("d", np.char.zfill(np.arange(deals).astype(str), 7))
    ended = known == weeks
    odds = np.column_stack([0.4 - drift, np.zeros(deals), np.zeros(deals), 0.6 + drift])
    share = np.exp(odds) / np.exp(odds).sum(axis=1, keepdims=True)
    which = (rng.random(deals)[:, None] > np.cumsum(share, axis=1)).sum(axis=1).clip(0, 3)
    kinds = np.array(["won", "lost_to_competitor", "disqualified", "no_decision"])
    end = np.where(ended, start + 7.0 * weeks, np.nan)
    outcomes = pd.DataFrame(
        {
            "deal_id": names,
            "outcome": np.where(ended, kinds[which], "open"),
            "rule": "reason",
            "closed_day": end,
            "event_day": end,
        }
    )
    columns = {
        "deal_id": names[deal],
        "snapshot_day": start[deal] + age,
        "snapshot_at": pd.to_datetime(start[deal] + age + 1, unit="D"),
        "week": (AS_OF - start[deal] - age) // 7,
        "is_stalled": False,
        "crm_probability": np.nan,
    }
    words = np.array([f"word {n}" for n in range(8)], dtype=object)
    for place, name in enumerate(FEATURES):
        if name in CATEGORIES:
            columns[name] = words[rng.integers(0, 8, len(deal))]
        else:
            noise = rng.normal(size=len(deal)) * (1 + place % 3)
            columns[name] = np.round(drift[deal] * (place % 5 == 0) * 4 + noise, 2)
    columns["age_days"] = age.astype(float)
    columns["silence_days"] = np.maximum(0, 10 + 8 * drift[deal] + 4 * rng.normal(size=len(deal)))
    stalls = pd.DataFrame(
        {
            "deal_id": pd.Series(dtype="str"),
            "stalled_day": pd.Series(dtype="int64"),
            "broken_day": pd.Series(dtype="float64"),
        }
    )
    return pd.DataFrame(columns), outcomes, stalls


class Clock:
    """Wall and CPU seconds by step; a step within a step counts in both."""

    def __init__(self):
        self.spent = defaultdict(lambda: [0.0, 0.0, 0])

    def timed(self, step, function):
        @functools.wraps(function)
        def run(*arguments, **options):
            wall, cpu = time.perf_counter(), time.process_time()
            try:
                return function(*arguments, **options)
            finally:
                spent = self.spent[step]
                spent[0] += time.perf_counter() - wall
                spent[1] += time.process_time() - cpu
                spent[2] += 1

        return run

    def watch(self, holder, name, step):
        """Count every call of `holder.name` under `step`."""
        found = holder.__dict__[name]
        if isinstance(found, classmethod):
            setattr(holder, name, classmethod(self.timed(step, found.__func__)))
        elif isinstance(found, staticmethod):
            setattr(holder, name, staticmethod(self.timed(step, found.__func__)))
        else:
            setattr(holder, name, self.timed(step, found))

    def show(self):
        for step, (wall, cpu, calls) in self.spent.items():
            print(f"  {step:<28}{wall:>8.1f} s {cpu:>8.1f} s CPU {calls:>5} calls")


def most_memory():
    """The most memory this process ever held, in GiB."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM"):
            return int(line.split()[1]) / 2**20
    return float("nan")


def measured(rows, open_deals):
    """One fit and one scoring, step by step."""
    from models import bands, explain, hazards, stall
    from models.hazards import Boosting, ByStage, Linear
    from models.landmarks import Encoder

    snapshots, deals, stalls = company(max(rows // LINES_A_DEAL, 100))
    print(f"{len(deals):,} deals, {len(snapshots):,} landmarks, {most_memory():.1f} GiB made")
    clock = Clock()
    clock.watch(stall, "expand", "expand")
    clock.watch(Encoder, "encode", "encode")
    clock.watch(Boosting, "_losses", "boosting: settings")
    clock.watch(Linear, "_losses", "logit: settings")
    clock.watch(Boosting, "_estimated", "boosting: all fits")
    clock.watch(Linear, "_estimated", "logit, silence: all fits")
    clock.watch(ByStage, "fitted", "by stage: all fits")
    clock.watch(stall, "evaluate", "evaluate")
    clock.watch(stall, "recalibrations", "recalibrate")
    clock.watch(stall, "bands", "bands")
    clock.watch(stall, "fit", "FIT")
    clock.watch(stall, "score", "SCORE")
    fit = stall.fit(snapshots, deals, stalls, as_of_day=AS_OF, seed=1)
    lines = stall.expand.__wrapped__  # what was trained on in the end, counted again
    rest = stall.labelled(
        snapshots[stall.thinned(snapshots, 12, 1)].reset_index(drop=True), deals, stalls, AS_OF
    )
    count = len(lines(rest.known, rest.rows["deal_id"].to_numpy(dtype=str)).row)
    print(f"published {fit.published} ({fit.reason}), {fit.card['settings_chosen']}")
    print(f"{count:,} lines trained on in the end; {most_memory():.1f} GiB at most so far")
    tonight = snapshots.drop_duplicates("deal_id", keep="last").reset_index(drop=True)
    again = np.arange(open_deals) % len(tonight)
    tonight = tonight.iloc[again].assign(deal_id=[f"o{n:07}" for n in range(open_deals)])
    stall.score(fit, tonight.reset_index(drop=True))
    few = tonight.head(2_000).reset_index(drop=True)
    usual = explain.Usual.learned(few)
    clock.timed("reasons of 2,000 deals", explain.reasons)(fit, usual, few)
    print(f"{open_deals:,} open deals scored, {bands.told(fit.bands)}")
    clock.show()
    print(f"{most_memory():.2f} GiB at most; threads from {hazards.LINES_FOR_THREADS:,} lines on")


def main():
    """Measure in a process of its own, so that what it holds is all its own."""
    arguments = [argument.replace("_", "") for argument in sys.argv[1:]]
    if arguments[:1] == ["inside"]:
        measured(int(arguments[1]), int(arguments[2]))
        return
    rows, open_deals = (*arguments, *("2000000", "100000")[len(arguments) :])[:2]
    done = subprocess.run(
        [sys.executable, __file__, "inside", rows, open_deals], cwd=ROOT, check=False
    )
    sys.exit(done.returncode)


if __name__ == "__main__":
    main()
