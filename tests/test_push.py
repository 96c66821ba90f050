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


def company(seed, effect, deals=1_500, sellers=40, waning=0.0, sensed=0.0):
    """Deals silent from their creation on: the longer, the fewer answers, the more touches.

    Each touch of the week before multiplies the chance of an answer by exp(`effect`). A deal that
    is answered leaves, as does one silent for 16 weeks. Sellers touch less by `waning` each week,
    and hopeless buyers, whose hope only they know, more by `sensed`.
    """
    r = np.random.default_rng(seed)
    rows = []
    eager = r.normal(0, 0.5, sellers)
    for deal in range(deals):
        seller = int(r.integers(0, sellers))
        touches, so_far = [], 0
        hope = r.normal(0, 0.7) if sensed else 0.0
        for week in range(2, 17):
            touches.append(
                int(
                    r.poisson(
                        np.exp(-0.3 + 0.4 * eager[seller] - waning * (week - 2) - sensed * hope)
                    )
                )
            )
            so_far += touches[-1]
            pushed = min(touches[-1], 3)
            answered = r.random() < 0.16 * np.exp(-0.06 * week + effect * pushed + hope)
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
                    "last_touch_days": 8,
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


def test_a_trend_in_touches_is_not_taken_for_an_effect():
    """Earlier weeks of a silence are touched more: pairs would say by themselves that it harms."""
    verdicts, crude = [], []
    for seed in range(8):
        weeks, deals = company(seed, 0.0, deals=1_000, waning=0.15)
        verdicts.append(answers(told(weeks, deals), "within_deal")["verdict"])
        pairs = weeks[(weeks["silence_days"] >= 28) & weeks["is_answered"]]
        more = (pairs["touches"] - pairs["touches_then"]).astype(float)
        crude.append((more > 0).sum() / (more < 0).sum())
    assert verdicts.count("nothing") >= 6, verdicts
    assert np.mean(crude) < 0.85


def test_what_only_sellers_sense_misleads_between_deals_and_not_within():
    found = [told(*company(seed, 0.0, deals=2_000, sensed=0.6)) for seed in range(4)]
    assert {answers(each, "equal_silence")["verdict"] for each in found} == {"fewer"}
    within = [answers(each, "within_deal")["verdict"] for each in found]
    assert within.count("nothing") >= 3, within


def test_what_comes_and_goes_with_silence_is_told_apart():
    """Sellers touch, and buyers answer, every fourth week of a silence, as no curve does."""
    weeks, deals = company(8, 0.0)
    r = np.random.default_rng(8)
    is_fourth = (weeks["silence_days"] // 7 % 4 == 0).to_numpy()
    weeks["touches"] = r.poisson(np.where(is_fourth, 1.5, 0.4))
    weeks["is_answered"] = r.random(len(weeks)) < np.where(is_fourth, 0.2, 0.05)
    assert answers(told(weeks, deals), "equal_silence")["verdict"] == "nothing"
    of_fourth = pd.Series(weeks["touches"] > 0).groupby(weeks["is_answered"]).mean()
    assert of_fourth[True] > 1.3 * of_fourth[False]


def test_a_touch_soon_after_the_buyers_word_is_no_push():
    weeks, deals = company(9, 0.0, deals=500)
    answering = weeks.assign(silence_days=13, touches_then=2, is_answered=weeks["touches"] > 0)
    alone, beside = (told(each, deals) for each in (weeks, pd.concat([weeks, answering])))
    for method in ("equal_silence", "within_deal"):
        pd.testing.assert_frame_equal(
            alone.loc[[(method, "answer", "touches")]],
            beside.loc[[(method, "answer", "touches")]],
            rtol=1e-6,
        )


def test_what_touches_follow_from_is_told_apart():
    """Touches that come as the one before was a week ago, as answers do, are no effect."""
    weeks, deals = company(7, 0.0)
    r = np.random.default_rng(7)
    lately = r.random(len(weeks)) < 0.5
    weeks["last_touch_days"] = np.where(lately, 2, 10)
    # Where the last one is long ago the next is due, and the buyer had spoken otherwise.
    weeks["touches"] = r.poisson(np.where(lately, 0.3, 1.2))
    weeks["is_answered"] = r.random(len(weeks)) < np.where(lately, 0.05, 0.15)
    row = answers(told(weeks, deals), "equal_silence")
    hidden = answers(told(weeks.assign(last_touch_days=8), deals), "equal_silence")
    assert row["verdict"] == "nothing"
    assert hidden["verdict"] == "more"


@pytest.mark.parametrize("told_by", ["before", "within"])
def test_what_went_before_the_week_of_the_push_is_told_apart(told_by):
    """Buyers who had been left alone are touched less and answer less; touches do nothing."""
    weeks, deals = company(10, 0.0)
    r = np.random.default_rng(10)
    quiet = r.random(len(weeks)) < 0.5
    pushed = weeks["silence_days"] - 7
    # A touch before the silence, a day or six weeks before the buyer's last word; or one of two
    # weeks ago within it, after which none came, or came a third time.
    before = pushed + np.where(quiet, 42, 1)
    weeks["last_touch_days"] = before if told_by == "before" else 14
    weeks["touches"] = r.poisson(np.where(quiet, 0.3, 1.2))
    chased = 0 if told_by == "before" else np.where(quiet, 0, 1 + 4 * (r.random(len(weeks)) < 0.5))
    weeks["touches_so_far"] = weeks["touches"] + chased
    weeks["is_answered"] = r.random(len(weeks)) < np.where(quiet, 0.05, 0.15)
    hidden = weeks.assign(last_touch_days=14, touches_so_far=weeks["touches"])
    assert answers(told(weeks, deals), "equal_silence")["verdict"] == "nothing"
    assert answers(told(hidden, deals), "equal_silence")["verdict"] == "more"


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
