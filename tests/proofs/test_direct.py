"""The short way tells the same as the long one: facts straight to core, against an export read."""

import duckdb
import pytest

from models.simulate import Company, simulate
from models.simulate_salesforce_ids import ids
from pipelines import tables
from pipelines.warehouse import in_memory
from tests.proofs import direct

COLUMNS = (
    *("signal", "signal_day", "is_walked", "days_to_account_win", "replies_all", "touches_all"),
    *("stage_order", "amount", "contacts", "options", "pushes", "silence_days"),
)


@pytest.fixture(scope="module")
def both(built_warehouse):
    """Decision points of the sample by both ways, one row for each deal of either."""
    facts = simulate(Company()).facts
    with in_memory() as con:
        direct.load(con, direct.shaped(facts))
        for query in direct.needed(["features.decision_points"]):
            tables.build(con, query)
        short = con.sql("from features.decision_points").df()
    with duckdb.connect(str(built_warehouse), read_only=True) as con:
        long = con.sql("from features.decision_points").df()
    number = short["deal_id"].str.removeprefix(f"{direct.SOURCE}:").astype(int)
    short["deal_id"] = "salesforce:" + ids("Opportunity", number.to_numpy()).to_numpy()
    return short.merge(long, on="deal_id", how="outer", suffixes=("", "_read"), indicator=True)


def test_the_same_deals_give_a_signal(both):
    assert (both["_merge"] == "both").mean() > 0.995


@pytest.mark.parametrize("column", COLUMNS)
def test_time_zero_is_the_same(both, column):
    there = both[both["_merge"] == "both"]
    if column not in ("signal", "signal_day"):
        there = there[there["signal_day"] == there["signal_day_read"]]
    told, read = there[column], there[f"{column}_read"]
    same = (told == read).fillna(False) | (told.isna() & read.isna())
    assert same.mean() > 0.995, same.mean()
