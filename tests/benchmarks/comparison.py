"""What the whole comparison costs: `python tests/benchmarks/comparison.py [POINTS] [DRAWS]`.

Decision points of a made-up company with as many covariates as a real one, compared with every
estimator; clone-censor-weight is refitted in each draw. Prints wall and CPU seconds, peak memory
and the share of each step.
"""

import resource
import sys
import time
from collections import defaultdict
from pathlib import Path

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from test_cloning import Company

from models import comparison, effects, refusal, robustness
from models.sustained import Sustained

SPENT: dict[str, float] = defaultdict(float)


def timed(owner: object, name: str, label: str) -> None:
    """Count the CPU seconds of calls that are not inside another counted call."""
    whole = getattr(owner, name)

    def counted(*arguments: object, **options: object) -> object:
        if timed.is_inside:
            return whole(*arguments, **options)
        timed.is_inside, start = True, time.process_time()
        try:
            return whole(*arguments, **options)
        finally:
            timed.is_inside = False
            SPENT[label] += time.process_time() - start

    setattr(owner, name, counted)


timed.is_inside = False


def varied(company: Company, seed: int) -> pd.DataFrame:
    """Decision points with covariates that vary as those of a real company do."""
    r = np.random.default_rng(seed)
    points, n = company.points(), company.deals
    counts = ("age_days", "days_in_stage", "touches_all", "replies_all", "contacts", "options")
    for name in (*counts, "meetings_held", "pushes", "touches_since_sign_of_life"):
        points[name] = r.poisson(3 + 20 * (name in counts[:2]), n)
    for name in ("account_deals_before", "account_wins_before"):
        points[name] = r.poisson(0.5, n)
    points["stage_order"] = r.integers(1, 6, n)
    points["days_to_expected_close"] = np.where(r.random(n) < 0.1, np.nan, r.normal(30, 30, n))
    points["seller_win_rate"] = r.uniform(0.1, 0.4, n)
    points["signal"] = r.choice(["silence", "push", "later", "overstay"], n)
    points["lead_source"] = r.choice(list("abcdef"), n)
    points["pipeline"] = r.choice(["new", "other"], n)
    points["quarter"] = 4 * 2018 + r.integers(0, 24, n)
    return points


def main(count: int, draws: int) -> None:
    """Print what one comparison of `count` decision points costs."""
    company = Company(1, count, sellers=max(30, count // 100), pull=0.5)
    points, weeks = varied(company, 1), company.weeks()
    del company
    fresh = pd.DataFrame({"seller_id": ["a", "b"], "wins": [10.0, 12.0], "hours": [90.0, 99.0]})
    fresh["revenue"] = 100.0
    timed(Sustained, "of", "clone, censor, weight")
    timed(robustness, "trimming_rows", "trimming")
    timed(robustness, "sensitivity_rows", "sensitivity")
    timed(refusal, "smallest_difference", "what could be shown")
    for method in effects.METHODS:
        whole = effects.METHODS[method]
        holder = type("Holder", (), {"run": staticmethod(whole)})
        timed(holder, "run", method)
        effects.METHODS[method] = holder.run  # type: ignore[index]
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    wall, cpu = time.perf_counter(), time.process_time()
    with threadpool_limits(1):
        found = comparison.compare(
            points,
            {"bootstrap_draws": draws, "horizon_days": 182, "max_points": count},
            fresh,
            pd.DataFrame({"untouched": [3]}),
            weeks=weeks,
        )
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(found.strategy_comparison.head(1).T.to_string(header=False))
    print(f"{count:,} decision points, {draws} draws, {len(found.balance)} covariates")
    print(f"wall {wall:.1f} s, CPU {cpu:.1f} s, peak {peak / 1024:,.0f} MB ", end="")
    print(f"({before / 1024:,.0f} MB before)")
    SPENT["the rest"] = cpu - sum(SPENT.values())
    for label, seconds in sorted(SPENT.items(), key=lambda item: -item[1]):
        print(f"  {label:24} {seconds:7.1f} s  {seconds / cpu:5.0%}")


if __name__ == "__main__":
    main(
        int(sys.argv[1]) if len(sys.argv) > 1 else 50_000,
        int(sys.argv[2]) if len(sys.argv) > 2 else 500,
    )
