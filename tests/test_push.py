"""Pushing: what touches do to answers is found, what goes with silence alone is not held for it."""

import numpy as np
import pandas as pd
import pytest

from models.push import push

AS_OF = 2_000
NO_STALLS = pd.DataFrame(
    {
        "deal_id": pd.Series(dtype="str"),
        "stalled_day": pd.Series(dtype="int64"),
        "broken_day": pd.Series(dtype="Int64"),
    }
)


def company(seed, effect, deals=1_500, sellers=40):
    """Deals silent from their creation on: the longer, the fewer answers, the more touches.

    Each touch of the week before multiplies the chance of an answer by exp(`effect`). A deal that
    is answered leaves, as does one silent for 16 weeks.
    """
    r = np.random.default_rng(seed)
    rows = []
    eager = r.normal(0, 0.5, sellers)
    for deal in range(deals):
        seller = int(r.integers(0, sellers))
        touches, so_far = [], 0
        for week in range(2, 17):
            touches.append(int(r.poisson(np.exp(-0.3 + 0.4 * eager[seller]))))
            so_far += touches[-1]
            pushed = min(touches[-1], 3)
            answered = r.random() < 0.16 * np.exp(-0.06 * week + effect * pushed)
            rows.append(
                {
                    "deal_id": f"d{deal}",
                    "seller_id": f"s{seller}",
                    "source": "crm",
                    "stage": "Demo",
                    "snapshot_day": 100 + 7 * week,
                    "silence_days": 7 * week,
                    "age_days": 7 * week,
                    "touches": touches[-1],
                    "touches_so_far": so_far,
                    "touches_all": so_far,
                    "touches_then": touches[-3] if week >= 4 else None,
                    "touches_urgent": 0,
                    "discounts": int(r.random() < 0.1),
                    "is_answered": answered,
                    "ending": None,
                }
            )
            if answered:
                break
    fixed = {"is_stalled": False, "is_watched": True, "has_sign_of_life": True}
    zeros = ("replies_all", "meetings_held", "meetings_booked", "commitments_buyer_overdue")
    weeks = pd.DataFrame(rows).assign(**fixed, **dict.fromkeys(zeros, 0))
    weeks["touches_then"] = weeks["touches_then"].astype("Float64")
    ids = weeks["deal_id"].unique()
    empty = pd.array([pd.NA] * len(ids), dtype="Int64")
    opened = {"outcome": "open", "closed_day": empty, "event_day": empty}
    return weeks, pd.DataFrame({"deal_id": ids}).assign(**opened)


def told(weeks, deals):
    found = push(weeks, deals, NO_STALLS, AS_OF)
    return found.set_index(["method", "outcome", "exposure"])


def answers(found, method, exposure="touches"):
    return found.loc[(method, "answer", exposure)]


@pytest.mark.parametrize("effect", [-0.4, 0.3])
def test_what_touches_do_is_found_at_equal_silence_and_within_the_deal(effect):
    found = told(*company(1, effect))
    row = answers(found, "equal_silence")
    assert row["low"] <= np.exp(effect) <= row["high"]
    assert row["verdict"] == ("fewer" if effect < 0 else "more")
    within = answers(found, "within_deal")
    assert within["low"] <= np.exp(effect) <= within["high"]


def test_what_grows_with_silence_is_not_held_for_an_effect():
    """All open weeks say that touches harm; neither comparison does, but by chance."""
    verdicts = []
    for seed in range(6):
        found = told(*company(seed, 0.0))
        assert answers(found, "naive", "touches_so_far")["verdict"] == "fewer"
        verdicts += [
            answers(found, method)["verdict"] for method in ("equal_silence", "within_deal")
        ]
    assert verdicts.count("nothing") >= 10, verdicts


def test_what_nobody_recorded_has_no_number():
    row = answers(told(*company(2, 0.0, deals=300)), "equal_silence", "touches_urgent")
    assert row["verdict"] == "not_recorded"
    assert np.isnan(row["ratio"])


def test_few_sellers_say_nothing():
    found = told(*company(3, -0.4, deals=300, sellers=6))
    assert set(found["verdict"]) <= {"too_few", "not_recorded"}
    assert found["ratio"].isna().all()


def test_weeks_that_were_not_watched_do_not_count():
    weeks, deals = company(4, 0.0, deals=400)
    half = np.arange(len(weeks)) % 2 == 0
    unwatched = weeks.assign(is_watched=half)
    kept = answers(told(unwatched, deals), "equal_silence")
    assert kept["weeks"] == half.sum()


def test_the_order_of_rows_is_nothing():
    weeks, deals = company(5, -0.2, deals=500)
    shuffled = weeks.sample(frac=1, random_state=1).reset_index(drop=True)
    pd.testing.assert_frame_equal(told(weeks, deals), told(shuffled, deals), rtol=1e-6)


def test_no_weeks_are_no_error():
    weeks, deals = company(6, 0.0, deals=5)
    found = told(weeks.iloc[:0], deals.iloc[:0])
    assert set(found["verdict"]) <= {"too_few", "not_recorded"}
