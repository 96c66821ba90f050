"""Moves by stated rules, and past predictions judged when their day has come."""

import json

import pandas as pd

from pipelines import train, warehouse
from pipelines.worklist import moves


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


def test_a_prediction_is_judged_when_its_day_has_come(tmp_path):
    ledger = tmp_path / "ledger"
    ledger.mkdir()
    with warehouse.in_memory() as con:
        con.execute("create table core.parameters as select 20000 as as_of_day")
        con.execute(
            "create table core.outcomes as select * from (values ('a', 'no_decision', 19980), "
            "('b', 'no_decision', 19999), ('c', 'open', null)) t(deal_id, outcome, event_day)"
        )
        con.execute(
            f"copy (select d as deal_id, date '1970-01-01' + 19960 as predicted_on, h as "
            f"horizon_days, 0.5 as p_no_decision from (values ('a'), ('b'), ('c')) x(d), "
            f"(values (30), (90)) y(h)) to '{ledger}/2024-08-25-x.parquet' (format parquet)"
        )
        found = train._track_record(con, ledger)
    assert found["horizon_days"].unique().tolist() == [30]
    assert dict(zip(found["deal_id"], found["happened"], strict=True)) == {
        "a": True,
        "b": False,
        "c": False,
    }


def test_a_night_does_not_judge_itself(tmp_path):
    for name in ("2026-06-29-a.parquet", "2026-06-30-b.parquet"):
        (tmp_path / name).touch()
    found = train.ledger_files(tmp_path, before="2026-06-30")
    assert [path.name for path in found] == ["2026-06-29-a.parquet"]
