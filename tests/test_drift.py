"""Drift: what moved is named, and a company in which nothing moved is left in peace."""

import numpy as np
import pandas as pd
import pytest

from models import drift
from models.features import CATEGORIES, FEATURES

TRAINED, NOW = 400, 730


def company(seed, deals=160, *, moved=0.0, stages=("New", "Late")):
    """Deals of two periods, a deal's weeks alike; silence moves by so many spreads."""
    rng = np.random.default_rng(seed)
    rows = []
    for number in range(deals):
        start = int(rng.integers(TRAINED - 150, NOW - 20))
        own = rng.normal(size=len(FEATURES))
        for day in range(start, min(start + 70, NOW), 7):
            noise = own + rng.normal(scale=0.3, size=len(FEATURES))
            values = dict(zip(FEATURES, noise, strict=True))
            values["silence_days"] += moved * (day > TRAINED)
            place = values["stage_order"] > 0
            texts = {name: stages[int(place)] for name in CATEGORIES}
            rows.append({**values, **texts, "deal_id": f"d{number:03}", "snapshot_day": day})
    return pd.DataFrame(rows).assign(is_stalled=False)


def features(rows, seed=1):
    return drift.features(rows, trained_day=TRAINED, as_of_day=NOW, seed=seed)


def test_what_moved_is_named_first():
    found = features(company(1, moved=2.0))
    assert found.iloc[0]["feature"] == "silence_days" and found.iloc[0]["idea"] == "silence"
    assert found.loc[found["is_moved"], "feature"].tolist() == ["silence_days"]
    assert float(found.iloc[0]["now"]) > float(found.iloc[0]["then"]) + 1


def test_where_nothing_moved_nothing_is_said():
    """Rows of a deal are alike, so that a null by rows would cry wolf every night."""
    alarms = [bool(features(company(seed, deals=100))["is_moved"].any()) for seed in range(8)]
    assert sum(alarms) <= 1


def test_an_index_too_small_to_matter_is_not_moved_however_sure():
    found = features(company(3, deals=3000, moved=0.25)).set_index("feature")
    row = found.loc["silence_days"]
    assert row["p"] <= drift.ALPHA and row["measure"] < drift.LEAST_INDEX and not row["is_moved"]


def test_a_category_that_was_never_seen_moves_and_is_told_by_name():
    rows = company(4)
    rows.loc[rows["snapshot_day"].gt(TRAINED), "lead_source"] = "Trade fair"
    found = features(rows).set_index("feature").loc["lead_source"]
    assert found["is_moved"] and found["now"] == "Trade fair"


def test_what_moves_by_itself_and_what_is_unknown_is_borne():
    rows = company(5).assign(contacts=np.nan)
    found = features(rows).set_index("feature")
    assert not {"month", "seller_no_decision_rate", "account_wins_before"} & set(found.index)
    assert found.loc["contacts", "measure"] == 0 and found.loc["contacts", "then"] == ""


def test_the_order_of_rows_does_not_matter():
    rows = company(6)
    shuffled = rows.sample(frac=1, random_state=2)
    pd.testing.assert_frame_equal(features(rows), features(shuffled))


def test_too_few_deals_are_not_compared():
    assert features(company(7, deals=20)).empty
    assert features(company(7).iloc[:0]).empty


def foretold(seed, late_rate, n=600):
    """Landmarks foretold 0.3; a share of deals ended so, another share of late."""
    rng = np.random.default_rng(seed)
    day = rng.integers(NOW - 90 - 180, NOW - 90, n)
    rate = np.where(day > NOW - 90 - 91, late_rate, 0.3)
    ended = rng.random(n) < rate
    names = [f"d{k:03}" for k in range(n)]
    rows = pd.DataFrame({"deal_id": names, "snapshot_day": day, "horizon_days": 90, "m": 0.3})
    end = pd.Series(day + rng.integers(1, 90, n), dtype="float64").where(ended)
    deals = pd.DataFrame({"deal_id": names, "closed_day": end, "event_day": end})
    deals["outcome"] = np.where(ended, "no_decision", "open")
    return rows, deals


STALLS = pd.DataFrame({"deal_id": [], "stalled_day": [], "broken_day": []}).astype(
    {"deal_id": "str", "stalled_day": "float64", "broken_day": "float64"}
)


@pytest.mark.parametrize(("rate", "is_moved"), [(0.3, False), (0.55, True)])
def test_percentages_that_no_longer_mean_what_they_say_are_told(rate, is_moved):
    rows, deals = foretold(1, rate)
    found = drift.calibration(rows, deals, STALLS, model="m", as_of_day=NOW, seed=1)
    row = found.iloc[0]
    assert row["feature"] == "calibration_90" and bool(row["is_moved"]) is is_moved
    assert row["low"] < row["measure"] < row["high"]


def test_young_stalls_of_late_are_held_against_stalls_as_young_then():
    """Stalls that are later broken count in both windows as long as they were not broken yet."""
    rows, deals = foretold(2, 0.3)
    deals = deals.assign(outcome="open", closed_day=np.nan, event_day=np.nan)
    stalled = rows["snapshot_day"] + 60
    stalls = pd.DataFrame(
        {
            "deal_id": rows["deal_id"],
            "stalled_day": stalled,
            # Each lasts until 60 days after its horizon: by now only the late ones still stand.
            "broken_day": (stalled + 90).astype("float64"),
        }
    )[lambda frame: frame.index % 3 == 0]
    found = drift.calibration(rows, deals, stalls, model="m", as_of_day=NOW, seed=1)
    assert not found["is_moved"].any()


def test_a_model_that_foretold_nothing_is_not_held_to_account():
    rows, deals = foretold(3, 0.5)
    assert drift.calibration(rows, deals, STALLS, model="none", as_of_day=NOW, seed=1).empty
