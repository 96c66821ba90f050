"""The whole way against a known truth, reduced: `make prove`.

Each company is simulated, exported, read back and run through the published tables; its truth is
known to the simulator only. The scenarios say which answer would be wrong.
"""

import duckdb
import numpy as np
import pytest

from models.simulate import Company, simulate, write_salesforce


@pytest.fixture(scope="module")
def run(tmp_path_factory, command):
    def run(name, company):
        folder = tmp_path_factory.mktemp(name)
        history = simulate(company)
        write_salesforce(history, folder / "exports")
        done = command("run", "--exports", folder / "exports", "--home", folder / "home")
        assert done.returncode in (0, 3), done.stderr
        return history, folder / "home" / "warehouse.duckdb"

    return run


def read(warehouse, sql):
    with duckdb.connect(str(warehouse), read_only=True) as con:
        return con.sql(sql).df()


def test_few_sellers_and_deals_are_refused(run):
    """Five sellers and 80 deals: too few to say, and what would be needed is said."""
    _, warehouse = run("few", Company(deals=80, sellers=5, months=18, seed=5))
    found = read(warehouse, "from marts.strategy_comparison where outcome = 'account_win'")
    assert set(found["verdict"]) == {"too_few"}
    assert found["estimate"].isna().all()
    assert read(warehouse, "select verdict from marts.break_even")["verdict"][0] == "too_few"


def test_won_and_lost_agree_with_the_truth(built_warehouse):
    """On the sample the outcomes that were read are those that happened."""
    import gzip
    from pathlib import Path

    import pandas as pd

    path = Path(__file__).parents[2] / "data" / "sample" / "truth" / "truth.csv.gz"
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        truth = pd.read_csv(lines)
    outcomes = read(
        built_warehouse,
        "select d.source_id as deal_id, o.outcome from core.outcomes o join core.deals d "
        "using (deal_id)",
    )
    both = truth.merge(outcomes, on="deal_id", suffixes=("_true", "_read"))
    assert len(both) > 1900
    won = both[both["outcome_true"] == "won"]
    assert (won["outcome_read"].isin(["won", "excluded"])).all()
    assert not (both.loc[both["outcome_true"] == "no_decision", "outcome_read"] == "won").any()


def test_the_naive_difference_is_further_from_the_truth(built_warehouse):
    """Sellers let worse deals go: the adjusted estimates must be nearer to the truth than naive."""
    import json
    from pathlib import Path

    path = Path(__file__).parents[2] / "data" / "sample" / "truth" / "truth.json"
    effect = json.loads(path.read_text())["effect_of_letting_go"]["against_not_letting_go"]
    found = read(
        built_warehouse,
        "select method, estimate, low, high from marts.strategy_comparison "
        "where outcome = 'account_win' and contrast <> 'disqualify_vs_wait'",
    ).set_index("method")
    gap = (found["estimate"] - effect).abs()
    assert gap["doubly_robust"] < gap["naive"]
    assert gap["overlap"] < gap["naive"]
    assert found.loc["doubly_robust", "low"] <= effect <= found.loc["doubly_robust", "high"]
    assert np.isfinite(found["estimate"]).all()
