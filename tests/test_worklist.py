"""Moves by stated rules."""

import json

import pandas as pd

from models.moves import moves


def deal(**more):
    base = {
        "deal_id": "d",
        "source_id": "1",
        "name": "n",
        "account": "a",
        "seller_id": "s",
        "team": "t",
        "amount_base": 1.0,
        "stage": "x",
        "is_stalled": False,
        "stalled_at": None,
        "silence_days": 3.0,
        "touches_since_sign_of_life": 0.0,
        "g_days": 20.0,
        "p_no_decision": 0.1,
        "p_no_decision_if_pursued": 0.1,
        "p_won_if_pursued": 0.5,
        "drivers": None,
    }
    return {**base, **more}


def move(**more):
    return moves(pd.DataFrame([deal(**more)]), 0.5, 30).iloc[0]


def test_a_calm_deal_is_kept():
    assert move()["move"] == "keep"


def test_a_risky_deal_whose_buyer_still_talks_is_helped():
    assert move(p_no_decision_if_pursued=0.6)["move"] == "help_decide"


def test_a_risky_deal_whose_buyer_is_silent_is_let_go():
    assert move(p_no_decision_if_pursued=0.6, silence_days=21.0)["move"] == "disqualify"


def test_a_stalled_deal_is_let_go_even_without_a_score():
    found = move(is_stalled=True, p_no_decision=None, p_no_decision_if_pursued=None)
    assert found["move"] == "disqualify"
    assert pd.isna(found["p_no_decision"])


def test_where_no_threshold_is_known_the_fallback_counts():
    risky = {"p_no_decision_if_pursued": 0.6, "g_days": None}
    assert move(**risky, silence_days=29.0)["move"] == "help_decide"
    assert move(**risky, silence_days=31.0)["move"] == "disqualify"


def test_the_question_follows_the_idea_that_raises_the_risk_most():
    drivers = json.dumps(
        [
            {"idea": "silence", "contribution": -2.0},
            {"idea": "pushes", "contribution": 0.5},
            {"idea": "people", "contribution": 0.2},
        ]
    )
    assert move(drivers=drivers)["question"] == "what_moved_the_date"


def test_most_at_risk_first_whatever_the_order_of_rows():
    frame = pd.DataFrame(
        [
            deal(deal_id="a", p_no_decision_if_pursued=0.2),
            deal(deal_id="b", is_stalled=True),
            deal(deal_id="c", p_no_decision_if_pursued=0.9),
        ]
    )
    for order in ([0, 1, 2], [2, 0, 1]):
        assert moves(frame.iloc[order], 0.5, 30)["deal_id"].tolist() == ["b", "c", "a"]


def test_a_flagged_deal_may_be_held_out_and_then_is_pursued():
    risky = pd.DataFrame([deal(deal_id=f"d{n}", p_no_decision_if_pursued=0.9) for n in range(400)])
    off = moves(risky, 0.5, 30)
    assert not off["is_held_out"].any()
    assert set(off["move"]) == {"help_decide"}
    on = moves(risky, 0.5, 30, holdout_share=0.25, seed=1)
    held = on[on["is_held_out"]]
    assert 70 <= len(held) <= 130
    assert set(held["move"]) == {"pursue_anyway"}
    assert set(on.loc[~on["is_held_out"], "move"]) == {"help_decide"}


def test_a_deal_is_never_held_out_before_it_is_flagged():
    calm = pd.DataFrame([deal(deal_id=f"d{n}") for n in range(50)])
    found = moves(calm, 0.5, 30, holdout_share=0.5, seed=1)
    assert not found["is_held_out"].any()
    assert not found["is_flagged"].any()


def test_the_mark_of_an_earlier_night_stays_whatever_the_share_is_now():
    risky = pd.DataFrame(
        [deal(deal_id=name, p_no_decision_if_pursued=0.9) for name in ("a", "b")]
        + [deal(deal_id="c")]
    )
    marks = {"a": True, "b": False, "c": True}
    for share in (0.0, 0.5):
        found = moves(risky, 0.5, 30, marks=marks, holdout_share=share, seed=3)
        found = found.set_index("deal_id")
        assert found["is_held_out"].to_dict() == marks
        assert found["move"].to_dict() == {"a": "pursue_anyway", "b": "help_decide", "c": "keep"}
