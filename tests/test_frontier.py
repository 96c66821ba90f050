"""The frontier: what a rule for walking away gives up and frees, against a known truth."""

import numpy as np
import pandas as pd
import pytest

from models import frontier as module
from models.frontier import COLUMNS, frontier

HORIZON = 180


def company(deals=4_000, sellers=40, seed=3, *, walks=True):
    """Deals with a known future if pursued, many of them let go in fact, the worse ones sooner.

    Returns the points as recorded, and as they would have been had nobody been let go.
    """
    rng = np.random.default_rng(seed)
    p = rng.beta(2, 2, deals)
    win_at = rng.exponential(120 / (1.15 - p))
    hours = 2 + 20 * p + rng.exponential(2, deals)
    stalls_at = rng.exponential(60 / np.maximum(p, 0.05))
    walk_at = np.floor(rng.exponential(90 / (0.1 + p**2))) if walks else np.full(deals, np.inf)
    followup = rng.integers(60, 700, deals)
    amount = np.round(rng.lognormal(9, 1, deals))
    whole = pd.DataFrame(
        {
            "deal_id": [f"d{n:05}" for n in range(deals)],
            "seller_id": [f"s{n:03}" for n in rng.integers(0, sellers, deals)],
            "day": 28,
            "amount": amount,
            "p_no_decision_if_pursued": p,
            "p_won_if_pursued": 0.6 * (1 - p),
            "followup_days": 10_000,
            "days_to_win": np.where(win_at <= HORIZON, np.ceil(win_at), np.nan),
            "revenue": np.where(win_at <= HORIZON, amount, 0.0),
            "hours": hours,
            "walk_days": np.nan,
            "days_to_end": np.ceil(np.minimum(win_at, stalls_at)),
            "is_no_decision": stalls_at < win_at,
        }
    )
    ended = np.minimum(win_at, np.inf)
    gone = walk_at < ended
    recorded = whole.assign(followup_days=followup)
    recorded["walk_days"] = np.where(gone, walk_at, np.nan)
    seen = np.minimum(followup, np.where(gone, walk_at, np.inf))
    lost = recorded["days_to_win"] > seen
    recorded.loc[lost, "days_to_win"] = np.nan
    recorded.loc[lost, "revenue"] = 0.0
    recorded["hours"] = np.where(gone, hours * np.minimum(walk_at / HORIZON, 1), hours)
    recorded["days_to_end"] = np.where(gone, walk_at, recorded["days_to_end"])
    recorded["is_no_decision"] &= recorded["days_to_end"] == whole["days_to_end"]
    return recorded, whole


def row(found, threshold, order="risk"):
    table = found.table
    return table[(table["order_by"] == order) & (table["threshold"] == threshold)].iloc[0]


def truth(whole, threshold):
    goes = whole["p_no_decision_if_pursued"] >= threshold
    return {
        "wins_given_up": (goes & (whole["days_to_win"] <= HORIZON)).sum(),
        "hours_freed": whole.loc[goes, "hours"].sum(),
    }


@pytest.fixture(scope="module")
def both():
    recorded, whole = company()
    return frontier(recorded, HORIZON, seed=1, draws=200), recorded, whole


@pytest.mark.parametrize("threshold", [0.3, 0.5, 0.7])
@pytest.mark.parametrize("what", ["wins_given_up", "hours_freed"])
def test_what_was_let_go_anyway_is_weighted_back(both, threshold, what):
    found, recorded, whole = both
    own, known = row(found, threshold), truth(whole, threshold)[what]
    assert own[what] == pytest.approx(known, rel=0.08)
    assert own[f"{what}_low"] < known < own[f"{what}_high"]
    assert truth(recorded, threshold)[what] < 0.9 * known


def test_deals_let_go_are_counted_as_they_are(both):
    found, recorded, _ = both
    p = recorded["p_no_decision_if_pursued"]
    assert row(found, 0.5)["deals_let_go"] == (p >= 0.5).sum()
    shares = found.table[found.table["order_by"] == "value_per_hour"]
    assert shares["deals_let_go"].is_monotonic_increasing
    assert row(found, 0.5, "value_per_hour")["deals_let_go"] == pytest.approx(2_000, abs=1)


def test_the_least_worth_of_an_hour_goes_first(both):
    found, _, _ = both
    few, many = (row(found, share, "value_per_hour") for share in (0.2, 0.8))
    assert few["revenue_per_hour"] < many["revenue_per_hour"]


def test_all_deals_together_give_up_all_wins(both):
    _, _, whole = both
    found = frontier(whole, HORIZON, seed=1, draws=50)
    own = row(found, 0.05)
    goes = whole["p_no_decision_if_pursued"] >= 0.05
    assert own["wins_given_up"] == pytest.approx(
        (goes & (whole["days_to_win"] <= HORIZON)).sum(), abs=1e-6
    )
    assert found.facts["share_at_floor"] == 0


def test_net_benefit_weighs_stalls_against_the_rest():
    _, whole = company(walks=False)
    found = frontier(whole, HORIZON, seed=1, draws=50)
    goes = whole["p_no_decision_if_pursued"] >= 0.5
    case = whole["is_no_decision"] & (whole["days_to_end"] <= module.SCORE_DAYS)
    assert row(found, 0.5)["net_benefit"] == pytest.approx(
        ((goes & case).sum() - (goes & ~case).sum()) / len(whole), abs=1e-9
    )


def test_the_order_of_rows_does_not_matter(both):
    found, recorded, _ = both
    other = frontier(recorded.sample(frac=1, random_state=2), HORIZON, seed=1, draws=200)
    pd.testing.assert_frame_equal(found.table, other.table)


@pytest.mark.parametrize(("deals", "sellers"), [(0, 1), (1, 1), (40, 40), (4_000, 19)], ids=str)
def test_too_little_gives_no_number(deals, sellers):
    recorded, _ = company(max(deals, 1), sellers)
    found = frontier(recorded.iloc[:deals], HORIZON, seed=1, draws=50)
    assert found.facts["verdict"] == "too_few"
    assert found.table.empty and list(found.table) == list(COLUMNS)


def test_a_day_whose_deals_were_not_followed_to_the_horizon_is_left_out():
    recorded, _ = company()
    late = recorded.assign(day=91, followup_days=recorded["followup_days"].clip(upper=HORIZON - 1))
    found = frontier(pd.concat([recorded, late]), HORIZON, seed=1, draws=50)
    assert found.facts["days"] == [28] and set(found.table["day"]) == {28}
    alone = frontier(late, HORIZON, seed=1, draws=50)
    assert alone.facts["verdict"] == "too_few_followed" and alone.table.empty
