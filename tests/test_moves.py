"""Moves by stated rules, what an hour is worth, and what being wrong costs."""

import json
import math

import numpy as np
import pandas as pd
import pytest

from models.frontier import remaining_hours
from models.moves import (
    GAPS,
    LOSES,
    RULES,
    HourWorth,
    costs,
    hour_worth,
    moves,
    value_per_hour,
)
from tests.test_frontier import company

HOUR = HourWorth(80.0, 120.0)
UNKNOWN = math.nan


def deal(**more):
    base = {
        "deal_id": "d",
        "source_id": "1",
        "name": "n",
        "account": "a",
        "seller_id": "s",
        "team": "t",
        "amount_base": 10_000.0,
        "stage": "x",
        "is_stalled": False,
        "silence_days": 3.0,
        "touches_since_sign_of_life": 0.0,
        "g_days": 20.0,
        "p_no_decision": 0.1,
        "p_no_decision_if_pursued": 0.6,
        "p_won_if_pursued": 0.1,
        "drivers": None,
        "chance_if_pursued": 0.1,
        "hours_if_pursued": 10.0,
    }
    return {**base, **more}


def chosen(hour=HOUR, patience=1.0, **more):
    found = moves(pd.DataFrame([deal(**more)]), 0.5, 30, hour=hour, patience=patience).iloc[0]
    return found["move"], found["rule"], found["rule_gap"]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        # 0.1 x 10,000 / 10 hours = 100 an hour, against 80 to 120.
        ({}, ("help_decide", "close_to_an_hour", "")),
        ({"hours_if_pursued": 12.5}, ("help_decide", "close_to_an_hour", "")),  # 80: not below
        ({"hours_if_pursued": 12.6}, ("disqualify", "below_an_hour", "")),
        ({"hours_if_pursued": 8.0}, ("help_decide", "above_an_hour", "")),
        # A deal worth its hours is not let go for its silence, nor kept for its answers.
        ({"hours_if_pursued": 8.0, "silence_days": 90.0}, ("help_decide", "above_an_hour", "")),
        ({"hours_if_pursued": 50.0, "silence_days": 0.0}, ("disqualify", "below_an_hour", "")),
        # Not flagged: kept, whatever it is worth.
        ({"p_no_decision_if_pursued": 0.49}, ("keep", "not_flagged", "")),
        ({"p_no_decision_if_pursued": 0.5}, ("help_decide", "close_to_an_hour", "")),
        ({"p_no_decision_if_pursued": UNKNOWN}, ("keep", "not_flagged", "")),
        # Stalled comes before any worth.
        ({"is_stalled": True, "hours_if_pursued": 1.0}, ("disqualify", "stalled", "")),
        ({"is_stalled": True, "p_no_decision_if_pursued": None}, ("disqualify", "stalled", "")),
        # What is unknown of the deal leaves it to its silence.
        ({"amount_base": None}, ("help_decide", "answers", "no_amount")),
        ({"amount_base": 0.0}, ("help_decide", "answers", "no_amount")),
        ({"amount_base": None, "silence_days": 21.0}, ("disqualify", "silent", "no_amount")),
        ({"amount_base": None, "silence_days": 20.0}, ("help_decide", "answers", "no_amount")),
        ({"chance_if_pursued": None}, ("help_decide", "answers", "no_chance")),
        ({"hours_if_pursued": None}, ("help_decide", "answers", "no_hours")),
        (
            {"hours_if_pursued": None, "silence_days": None},
            ("help_decide", "silence_unknown", "no_hours"),
        ),
        # Without a threshold of its stage, the fallback of 30 days.
        (
            {"amount_base": None, "g_days": None, "silence_days": 30.0},
            ("help_decide", "answers", "no_amount"),
        ),
        (
            {"amount_base": None, "g_days": None, "silence_days": 31.0},
            ("disqualify", "silent", "no_amount"),
        ),
    ],
)
def test_each_rule(given, expected):
    assert chosen(**given) == expected


@pytest.mark.parametrize("gap", ["not_compared", "too_few", "no_yield"])
def test_where_an_hours_worth_is_unknown_silence_decides_and_says_why(gap):
    hour = HourWorth(UNKNOWN, UNKNOWN, gap)
    assert chosen(hour, hours_if_pursued=1.0) == ("help_decide", "answers", gap)
    assert chosen(hour, hours_if_pursued=1.0, silence_days=21.0) == ("disqualify", "silent", gap)
    assert gap in GAPS


def test_where_letting_go_surely_loses_only_the_stalled_are_let_go():
    hour = HourWorth(UNKNOWN, UNKNOWN, LOSES)
    assert chosen(hour, silence_days=90.0) == ("help_decide", "letting_go_loses", "")
    assert chosen(hour, hours_if_pursued=99.0) == ("help_decide", "letting_go_loses", "")
    assert chosen(hour, amount_base=None) == ("help_decide", "letting_go_loses", "")
    assert chosen(hour, is_stalled=True)[0] == "disqualify"
    assert chosen(hour, p_no_decision_if_pursued=0.1)[0] == "keep"


def test_an_upper_end_alone_can_save_a_deal_and_never_lets_one_go():
    at_most = HourWorth(UNKNOWN, 120.0, "refill_unknown")
    assert chosen(at_most, hours_if_pursued=8.0, silence_days=90.0)[1:] == ("above_an_hour", "")
    assert chosen(at_most, hours_if_pursued=99.0)[1:] == ("answers", "refill_unknown")


def test_nothing_lies_below_an_hour_that_may_earn_nothing():
    assert chosen(HourWorth(0.0, 120.0), hours_if_pursued=1e9)[1] == "close_to_an_hour"


def test_patience_is_so_many_times_the_threshold_of_the_stage():
    silent = {"amount_base": None, "silence_days": 39.0}
    assert chosen(patience=1.0, **silent)[1] == "silent"
    assert chosen(patience=2.0, **silent)[1] == "answers"


def test_every_move_follows_from_its_rule_and_every_deal_has_one():
    rng = np.random.default_rng(5)
    n = 2_000

    def holes(values):
        return np.where(rng.random(n) < 0.2, np.nan, values)

    frame = pd.DataFrame([deal(deal_id=f"d{i:04}") for i in range(n)]).assign(
        is_stalled=rng.random(n) < 0.2,
        amount_base=holes(rng.lognormal(9, 1, n)),
        p_no_decision_if_pursued=holes(rng.random(n)),
        chance_if_pursued=holes(rng.random(n) / 4),
        hours_if_pursued=holes(rng.lognormal(2, 1, n)),
        silence_days=holes(rng.integers(0, 90, n)),
    )
    found = moves(frame, 0.5, 30, hour=HOUR, holdout_share=0.1, seed=4)
    assert len(found) == n
    assert (found["move"] == found["rule"].map(RULES)).all()
    assert set(found["rule"]) == set(RULES) - {"letting_go_loses"}
    assert (found["is_flagged"] == (found["rule"] != "not_flagged")).all()
    asked = found["rule"].isin(["silent", "answers", "silence_unknown"])
    assert (found.loc[~asked, "rule_gap"] == "").all()
    assert found.loc[asked, "rule_gap"].isin(GAPS).all()
    low = found["rule"] == "below_an_hour"
    assert (found.loc[low, "value_per_hour"] < HOUR.low).all()
    assert low.any()
    shuffled = moves(frame.sample(frac=1, random_state=1), 0.5, 30, hour=HOUR, holdout_share=0.1,
                     seed=4)  # fmt: skip
    pd.testing.assert_frame_equal(found, shuffled)


def test_a_hold_out_has_its_own_rule():
    frame = pd.DataFrame([deal(hours_if_pursued=99.0)])
    found = moves(frame, 0.5, 30, hour=HOUR, marks={"d": True}).iloc[0]
    assert (found["move"], found["rule"]) == ("pursue_anyway", "held_out")
    assert found["cost_if_let_go"] == pytest.approx(1_000)


def test_costs_are_products_and_unknown_where_a_part_is():
    frame = pd.DataFrame(
        {
            "amount_base": [10_000.0, None, 10_000.0, 10_000.0, -5.0],
            "chance_if_pursued": [0.25, 0.25, None, 0.25, 0.25],
            "hours_if_pursued": [20.0, 20.0, 20.0, None, 20.0],
        }
    )
    found = costs(frame)
    assert found["cost_if_let_go"].tolist() == pytest.approx(
        [2_500, UNKNOWN, UNKNOWN, 2_500, UNKNOWN], nan_ok=True
    )
    assert found["value_per_hour"].tolist() == pytest.approx(
        [125, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN], nan_ok=True
    )


BREAK_EVEN = {
    "verdict": "pays_if",
    "freed_hour_revenue_low": 40.0,
    "freed_hour_revenue_high": 90.0,
    "fresh_yield_revenue_per_hour_high": 200.0,
}


@pytest.mark.parametrize(
    ("row", "stated", "expected"),
    [
        (BREAK_EVEN, None, (40.0, 90.0, "")),
        ({**BREAK_EVEN, "verdict": "does_not_pay"}, None, (UNKNOWN, UNKNOWN, "does_not_pay")),
        ({**BREAK_EVEN, "verdict": "does_not_pay"}, 75.0, (75.0, 75.0, "")),
        ({**BREAK_EVEN, "verdict": "too_few"}, None, (UNKNOWN, UNKNOWN, "too_few")),
        (
            {**BREAK_EVEN, "freed_hour_revenue_low": UNKNOWN},
            None,
            (UNKNOWN, 200.0, "refill_unknown"),
        ),
        ({"verdict": "pays_if"}, None, (UNKNOWN, UNKNOWN, "no_yield")),
        (None, None, (UNKNOWN, UNKNOWN, "not_compared")),
        ({}, None, (UNKNOWN, UNKNOWN, "not_compared")),
        # What the settings state is asked first.
        ({**BREAK_EVEN, "verdict": "too_few"}, 75.0, (75.0, 75.0, "")),
        (None, 0.0, (0.0, 0.0, "")),
    ],
)
def test_what_a_freed_hour_is_worth(row, stated, expected):
    found = hour_worth(row, stated)
    assert (found.low, found.high) == pytest.approx(expected[:2], nan_ok=True)
    assert found.gap == expected[2]


def test_drivers_choose_the_question():
    drivers = json.dumps([{"idea": "people", "contribution": 0.5}])
    assert (
        moves(pd.DataFrame([deal(drivers=drivers)]), 0.5, 30)["question"][0] == "who_else_decides"
    )


# Hours ahead of open deals.


def test_hours_ahead_are_those_of_deals_like_it_had_they_been_pursued():
    recorded, _ = company(deals=3_000)
    asked = pd.DataFrame(
        {
            "age_days": [30, 200, 5, 30],
            "amount": [8_000.0, 8_000.0, None, 8_000.0],
            "p_no_decision_if_pursued": [0.2, 0.8, 0.5, None],
            "p_won_if_pursued": [0.48, 0.12, 0.3, 0.3],
        }
    )
    found = remaining_hours(recorded, asked, 180)
    # The company's deals take 2 + 20 p + 2 hours if pursued; many were let go before.
    assert found[:3] == pytest.approx([8, 20, 14], rel=0.12)
    assert np.isnan(found[3])


def test_hours_ahead_are_unknown_where_too_few_were_followed():
    recorded, _ = company(deals=45)
    asked = recorded.head(3).assign(age_days=40)
    assert np.isnan(remaining_hours(recorded, asked, 180)).all()
    assert np.isnan(remaining_hours(recorded.head(0), asked, 180)).all()


def test_value_per_hour():
    one = pd.Series([0.5])
    assert value_per_hour(one, pd.Series([100.0]), pd.Series([10.0])).tolist() == [5.0]
