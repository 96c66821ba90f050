"""Hazard ratios: known ones are found, intervals hold them, and little data say little."""

import numpy as np
import pandas as pd
import pytest

from models.associations import Association, adjusted_for, open_weeks, ratios
from models.propensity import codes, standardised

SELLERS = 40


def drawn(seed, n=12_000, log_ratio=0.7):
    """Weeks whose chance to end rises with an exposure, which itself goes with a covariate."""
    r = np.random.default_rng(seed)
    seller = r.integers(0, SELLERS, n)
    skill = r.normal(0, 0.4, SELLERS)[seller]
    age = r.exponential(80, n)
    exposed = (r.random(n) < 1 / (1 + np.exp(1 - age / 80))).astype(float)
    log_odds = -3.5 + log_ratio * exposed - 0.4 * np.arcsinh(age) / 2 + skill
    ends = r.random(n) < 1 / (1 + np.exp(-log_odds))
    weeks = pd.DataFrame(
        {
            "deal_id": [f"d{k // 6}" for k in range(n)],
            "seller_id": [f"s{k}" for k in seller],
            "age_days": age,
            "stage": r.choice(["a", "b"], n),
            "ends": np.where(ends, "no_decision", ""),
        }
    )
    return weeks, exposed


def test_a_known_ratio_is_found_beside_what_goes_with_it():
    held = 0
    for seed in range(20):
        weeks, exposed = drawn(seed)
        row = ratios(weeks, {"x": exposed}, {"stalls": ["no_decision"]}).iloc[0]
        held += row["low"] <= np.exp(0.7) <= row["high"]
        assert row["verdict"] == "ok"
        assert row["sellers"] == SELLERS
    assert held >= 17
    weeks, exposed = drawn(0)
    crude = weeks.drop(columns="age_days")
    adjusted = ratios(weeks, {"x": exposed}, {"stalls": ["no_decision"]}).iloc[0]["ratio"]
    assert ratios(crude, {"x": exposed}, {"stalls": ["no_decision"]}).iloc[0]["ratio"] < adjusted


def test_as_a_reference_implementation_has_it():
    statsmodels = pytest.importorskip("statsmodels.api")
    weeks, exposed = drawn(3)
    event = (weeks["ends"] != "").to_numpy()
    adjust = adjusted_for(weeks)
    clusters = codes(weeks["seller_id"])
    ours = Association.fitted({"x": exposed}, adjust, event, clusters)
    design = np.column_stack([np.ones(len(event)), exposed, adjust])
    theirs = statsmodels.Logit(event.astype(float), design).fit(
        disp=0, cov_type="cluster", cov_kwds={"groups": clusters, "df_correction": False}
    )
    assert ours.coefficients[0] == pytest.approx(theirs.params[1], abs=0.01)
    # Theirs has n - 1 over n - p beside G over G - 1, or neither.
    wider = np.sqrt(SELLERS / (SELLERS - 1))
    assert np.sqrt(ours.covariance[0, 0]) == pytest.approx(theirs.bse[1] * wider, rel=0.02)


def of_few_sellers(seed, sellers=10, n=1_200, covariates=25):
    """Weeks of few sellers, who differ in everything; an exposure that goes with no ending."""
    r = np.random.default_rng(seed)
    seller = r.integers(0, sellers, n)
    exposed = (r.normal(size=n) + r.normal(size=sellers)[seller] > 0.5).astype(float)
    known = 0.7 * r.normal(size=(sellers, covariates))[seller] + r.normal(size=(n, covariates))
    event = r.random(n) < 1 / (1 + np.exp(2 - 0.5 * r.normal(size=sellers)[seller]))
    return exposed, standardised(known), event, codes(seller)


def test_beside_as_many_covariates_few_sellers_find_little_by_luck():
    found = []
    for seed in range(150):
        exposed, adjust, event, clusters = of_few_sellers(seed)
        told = Association.fitted({"x": exposed}, adjust, event, clusters).ratio({"x": 1.0})
        found.append(told[3] < 0.05)
    # The plain sandwich, which forgets what each seller drew the fit by, finds 0.127 here.
    assert np.mean(found) < 0.09


@pytest.mark.parametrize("is_rate", [False, True])
def test_the_error_is_what_leaving_each_seller_out_moves(is_rate):
    exposed, adjust, event, clusters = of_few_sellers(3)
    weeks = np.ones(len(event))

    def fitted(rows):
        return Association.fitted(
            {"x": exposed[rows]},
            adjust[rows],
            event[rows],
            codes(clusters[rows]),
            weeks[rows] if is_rate else None,
        )

    whole = fitted(clusters >= 0)
    without = [fitted(clusters != seller).coefficients[0] for seller in range(10)]
    moved = np.array(without) - whole.coefficients[0]
    error = np.sqrt(9 / 10 * (moved @ moved))
    assert np.sqrt(whole.covariance[0, 0]) == pytest.approx(error, rel=0.1)


def test_a_combination_is_told_with_its_own_interval():
    weeks, exposed = drawn(5)
    other = np.roll(exposed, 7)
    event = (weeks["ends"] != "").to_numpy()
    found = Association.fitted(
        {"x": exposed, "y": other}, adjusted_for(weeks), event, codes(weeks["seller_id"])
    )
    both = found.ratio({"x": 1.0, "y": 1.0})[0]
    assert both == pytest.approx(found.ratio({"x": 1.0})[0] * found.ratio({"y": 1.0})[0])


def test_the_order_of_rows_is_nothing():
    weeks, exposed = drawn(6)
    shuffled = np.random.default_rng(1).permutation(len(weeks))
    one = ratios(weeks, {"x": exposed}, {"stalls": ["no_decision"]})
    two = ratios(
        weeks.iloc[shuffled].reset_index(drop=True),
        {"x": exposed[shuffled]},
        {"stalls": ["no_decision"]},
    )
    pd.testing.assert_frame_equal(one, two, rtol=1e-6)


@pytest.mark.parametrize(
    ("sellers", "exposed", "verdict"),
    [(9, None, "too_few"), (SELLERS, 0.0, "constant"), (SELLERS, None, "ok")],
)
def test_little_says_little(sellers, exposed, verdict):
    weeks, told = drawn(8)
    weeks["seller_id"] = "s" + (np.arange(len(weeks)) % sellers).astype(str).astype(object)
    values = told if exposed is None else np.full(len(weeks), exposed)
    row = ratios(weeks, {"x": values}, {"stalls": ["no_decision"]}).iloc[0]
    assert row["verdict"] == verdict
    assert np.isnan(row["ratio"]) == (verdict != "ok")


def test_an_ending_that_nobody_had_says_nothing():
    weeks, exposed = drawn(9)
    row = ratios(weeks, {"x": exposed}, {"wins": ["won"]}).iloc[0]
    assert (row["verdict"], row["events"]) == ("too_few", 0)


def test_no_rows_are_no_error():
    weeks = drawn(9, n=60)[0].iloc[:0]
    found = ratios(weeks, {"x": np.zeros(0)}, {"stalls": ["no_decision"]})
    assert found["verdict"].tolist() == ["constant"]


def test_weeks_are_those_at_risk_whose_end_is_known():
    snapshots = pd.DataFrame(
        {
            "deal_id": ["won", "won", "open", "open", "stalled", "stalled"],
            "snapshot_day": [80, 87, 87, 94, 73, 87],
            "is_stalled": [False, False, False, False, False, True],
        }
    )
    deals = pd.DataFrame(
        {
            "deal_id": ["won", "open", "stalled"],
            "outcome": ["won", "open", "no_decision"],
            "closed_day": pd.array([90, None, None], dtype="Int64"),
            "event_day": pd.array([90, None, 78], dtype="Int64"),
        }
    )
    stalls = pd.DataFrame(
        {"deal_id": ["stalled"], "stalled_day": [78], "broken_day": pd.array([None], dtype="Int64")}
    )
    found = open_weeks(snapshots, deals, stalls, 100)
    told = list(found[["deal_id", "snapshot_day", "ends"]].itertuples(index=False, name=None))
    # The open deal's last week is not over; the stalled one is not at risk any more.
    assert told == [
        ("won", 80, ""),
        ("won", 87, "won"),
        ("open", 87, ""),
        ("stalled", 73, "no_decision"),
    ]
