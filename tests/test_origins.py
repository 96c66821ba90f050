"""Origins: rates and contrasts find what is there, say nothing where little is, and never guess."""

import numpy as np
import pandas as pd
import pytest

from models.alike import Alike
from models.origins import CONTRAST_COLUMNS, RATE_COLUMNS, contrasts, mean, median, rates
from models.trial import Rules

RULES = Rules()


def company(seed, n=1600, effect=0.0, sellers=30, mixed_by=0.0):
    """Deals of sellers who differ; a supplier lowers the chance of winning by `effect`.

    With `mixed_by`, better sellers meet more buyers who have a supplier.
    """
    rng = np.random.default_rng(seed)
    seller = rng.integers(0, sellers, n)
    skill = rng.normal(0, 0.1, sellers)[seller]
    has_supplier = rng.random(n) < np.clip(0.45 + mixed_by * skill, 0.05, 0.95)
    origin = np.where(has_supplier, "brought", "direct")
    won = rng.random(n) < np.clip(0.3 + skill - effect * has_supplier, 0, 1)
    other = np.where(rng.random(n) < 0.5, "no_decision", "lost_to_competitor")
    return pd.DataFrame(
        {
            "deal_id": [f"d{number:05}" for number in range(n)],
            "source": "s",
            "seller_id": [f"s{number}" for number in seller],
            "party": [f"a{number}" for number in range(n)],
            "account_deals_before": 0,
            "pipeline": "p",
            "lead_source": rng.choice(["web", "fair"], n),
            "origin_found": origin,
            "amount_base": np.exp(rng.normal(9, 1, n)),
            "quarter": rng.integers(7900, 7906, n),
            "outcome": np.where(won, "won", other),
            "days": rng.integers(1, 170, n),
            "hours": rng.gamma(2.0, 2.0, n),
            "followed_days": 400,
        }
    )


def told(deals, contrast="brought_vs_direct", outcome="won"):
    found = contrasts(deals, RULES)
    assert list(found.columns) == list(CONTRAST_COLUMNS)
    return found.set_index(["contrast", "outcome"]).loc[(contrast, outcome)]


def test_a_difference_that_is_there_is_found_beside_equal_sellers():
    row = told(company(1, effect=0.12, mixed_by=3.0))
    assert row["high"] < 0
    assert row["low"] < -0.12 < row["high"]
    # Better sellers meet the suppliers' buyers, which hides it from a plain look.
    assert row["difference"] > row["estimate"] + 0.02


def test_intervals_hold_nothing_where_there_is_nothing():
    held = 0
    for seed in range(20):
        row = told(company(seed, n=800, mixed_by=3.0))
        held += row["low"] < 0 < row["high"]
    assert held >= 16  # of 20 at 95 %: fewer would be luck of one in 400


def test_a_second_deal_of_the_same_buyer_is_no_news():
    deals = company(3, n=500)
    later = deals.assign(deal_id="x" + deals["deal_id"], account_deals_before=1, outcome="won")
    pd.testing.assert_series_equal(told(pd.concat([deals, later])), told(deals))


def test_rows_of_one_account_hang_together():
    """Every row again under another seller is no more to go by, and must not narrow anything."""
    deals = company(3, n=500)
    others = deals.assign(seller_id="t" + deals["seller_id"])
    twice = pd.concat([deals, others], ignore_index=True)
    widths = []
    for rows in (deals, twice):
        is_one = (rows["origin_found"] == "brought").to_numpy()
        won = (rows["outcome"] == "won").to_numpy(dtype=float)
        found = Alike.of(rows, is_one, ["amount_base"], ["lead_source"]).difference(won)
        widths.append(found[2] - found[1])
    assert widths[1] > 0.85 * widths[0]  # 0.71 if the second rows counted as news


def test_only_what_was_followed_as_long_counts_and_late_endings_are_none():
    deals = company(4)
    young = deals.assign(deal_id="y" + deals["deal_id"], followed_days=179, outcome="won")
    late = deals.assign(days=np.where(deals["outcome"] == "won", 181, deals["days"]))
    assert told(pd.concat([deals, young], ignore_index=True))["n"] == told(deals)["n"]
    assert told(late)["events"] == 0 and told(late)["verdict"] == "too_few"


def test_the_order_of_rows_does_not_matter():
    deals = company(5)
    mixed = deals.sample(frac=1, random_state=5)
    pd.testing.assert_frame_equal(contrasts(deals, RULES), contrasts(mixed, RULES))
    pd.testing.assert_frame_equal(rates(deals), rates(mixed))


@pytest.mark.parametrize(
    ("change", "verdict"),
    [
        (lambda d: d.iloc[:0], "not_recorded"),
        (lambda d: d[d["origin_found"] == "direct"], "not_recorded"),
        (lambda d: d.iloc[:60], "too_few"),
        (lambda d: d.assign(seller_id="one"), "too_few"),
        (lambda d: d.assign(seller_id=None), "too_few"),
        (lambda d: d.assign(seller_id=d["origin_found"] + d["seller_id"]), "constant"),
    ],
)
def test_too_little_says_so_without_a_number(change, verdict):
    found = contrasts(change(company(6)), RULES)
    assert found.loc[0, "verdict"] == verdict
    assert found.loc[0, ["estimate", "low", "high"]].isna().all()


def test_amounts_and_sources_that_nobody_recorded_are_no_obstacle():
    deals = company(7, effect=0.15).assign(amount_base=np.nan, lead_source=None, pipeline=None)
    assert told(deals)["high"] < 0


def test_rates_are_of_what_ended_by_what_was_found():
    deals = company(8, n=400)
    deals.loc[:99, "outcome"] = "open"
    deals.loc[:99, ["days", "hours"]] = np.nan
    found = rates(deals)
    assert list(found.columns) == list(RATE_COLUMNS)
    by = found.set_index(["origin", "measure"])
    ended = deals[(deals["outcome"] != "open") & (deals["origin_found"] == "brought")]
    row = by.loc[("brought", "win_rate")]
    assert row["value"] == pytest.approx((ended["outcome"] == "won").mean())
    assert row["low"] < row["value"] < row["high"] and row["n"] == len(ended)
    assert by.loc[("brought", "days_median"), "value"] == np.median(ended["days"])
    assert by.loc[("shared", "win_rate"), "verdict"] == "too_few"


def test_intervals_of_means_and_medians_hold_the_truth():
    rng = np.random.default_rng(9)
    held = np.zeros(2)
    for _ in range(300):
        clusters = rng.integers(0, 25, 200)
        values = rng.exponential(1.0, 200) + rng.normal(0, 0.3, 25)[clusters]
        # The shifts are part of what is drawn: both truths are those of the whole mixture.
        for place, (of, truth) in enumerate(((mean, 1.0), (median, 0.736))):
            _, low, high = of(values, clusters)
            held[place] += low <= truth <= high
    assert (held / 300 > 0.90).all()
