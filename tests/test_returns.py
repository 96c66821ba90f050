"""Returns: shares with censoring, contrasts of dates and reasons, and pairs that are alike."""

import numpy as np
import pandas as pd
import pytest

from models import covariates as known
from models import matching
from models.alike import seen_by
from models.returns import COLUMNS, CONTRAST_COLUMNS, contrasts, curves, table
from models.trial import Rules

RULES = Rules()


def walk_aways(seed, n=900, effect=0.0, sellers=30, hope=0.0):
    """Endings of sellers who differ. A date adds `effect` to the chance of a return in the year.

    With `hope`, larger deals come back more often, and sellers set dates on them.
    """
    rng = np.random.default_rng(seed)
    seller = rng.integers(0, sellers, n)
    size = rng.normal(0, 1, n)
    has_date = rng.random(n) < np.clip(0.35 + hope * size, 0.02, 0.98)
    chance = np.clip(
        0.4 + rng.normal(0, 0.1, sellers)[seller] + effect * has_date + hope * size, 0, 1
    )
    comes = rng.random(n) < chance
    days = np.where(comes, rng.integers(1, 360, n), np.nan)
    followed = rng.integers(60, 800, n)
    return pd.DataFrame(
        {
            "walk_id": [f"w{number:05}" for number in range(n)],
            "party": [f"a{number}" for number in rng.integers(0, n, n)],
            "has_account": True,
            "seller_id": [f"s{number}" for number in seller],
            "source": "s",
            "act": "ending",
            "has_reason": rng.random(n) < 0.5,
            "has_date": has_date,
            "pipeline": "p",
            "lead_source": rng.choice(["web", "fair"], n),
            "amount_base": np.exp(9 + size),
            "age_days": rng.integers(10, 90, n),
            "quarter": rng.integers(7900, 7906, n),
            "followed_days": followed,
            "days_to_bristle": np.where(rng.random(n) < 0.3, rng.integers(1, 31, n), np.nan),
            "days_to_return": np.where(days <= followed, days, np.nan),
            "returned_outcome": np.where(days <= followed, rng.choice(["won", "open"], n), None),
        }
    )


def of(walks, contrast="date", outcome="return"):
    found = contrasts(walks, RULES)
    assert list(found.columns) == list(CONTRAST_COLUMNS)
    return found.set_index(["contrast", "outcome"]).loc[(contrast, outcome)]


def test_shares_follow_everybody_as_long_as_they_were_seen():
    walks = walk_aways(1, n=4000)
    found = table(walks, RULES).set_index("group")
    assert list(found.reset_index().columns) == list(COLUMNS)
    row = found.loc["all"]
    naive = walks["days_to_return"].notna().mean()
    assert row["return_low"] < 0.40 < row["return_high"]
    assert naive < row["return_low"]  # counting the unseen as stayed away would be wrong
    assert row["returned"] == walks["days_to_return"].notna().sum()
    assert row["won"] + row["open"] == row["returned"]
    curve = curves(walks, RULES)
    last = curve[curve["group"] == "all"].tail(1)
    assert last["incidence"].item() == pytest.approx(row["return_share"])


def test_what_stands_for_the_unseen_is_the_flag_where_all_is_seen():
    days = np.array([3.0, np.nan, 10.0, 400.0, np.nan])
    followed = np.full(5, 800.0)
    assert seen_by(days, followed, 365) == pytest.approx([1, 0, 1, 0, 0])
    rng = np.random.default_rng(2)
    days, followed = (
        rng.integers(1, 700, 300).astype(float),
        rng.integers(1, 500, 300).astype(float),
    )
    stands = seen_by(np.where(days <= followed, days, np.nan), followed, 365)
    assert stands.mean() == pytest.approx(min((days <= 365).mean(), 1), abs=0.07)


def test_a_date_that_brings_back_is_found_and_hope_is_held_equal():
    assert of(walk_aways(3, n=1500, effect=0.2))["low"] > 0
    row = of(walk_aways(4, n=3000, hope=0.15))
    assert row["difference"] > 0.05
    assert row["low"] < 0 < row["high"]


def test_intervals_hold_nothing_where_there_is_nothing():
    held = sum(
        row["low"] < 0 < row["high"] for seed in range(20) for row in [of(walk_aways(seed, n=500))]
    )
    assert held >= 16  # of 20 at 95 %: fewer would be luck of one in 400


def test_the_order_of_rows_does_not_matter():
    walks = walk_aways(5)
    mixed = walks.sample(frac=1, random_state=5)
    pd.testing.assert_frame_equal(table(walks, RULES), table(mixed, RULES))
    pd.testing.assert_frame_equal(contrasts(walks, RULES), contrasts(mixed, RULES))


@pytest.mark.parametrize(
    ("change", "verdict"),
    [
        (lambda w: w.iloc[:0], "not_recorded"),
        (lambda w: w.assign(has_date=False), "not_recorded"),
        (lambda w: w.assign(act="lead"), "not_recorded"),
        (lambda w: w.assign(has_account=False), "not_recorded"),
        (lambda w: w.iloc[:70], "too_few"),
        (lambda w: w.assign(followed_days=100), "not_followed"),
        (lambda w: w.assign(seller_id=w["has_date"].astype(str) + w["seller_id"]), "constant"),
    ],
)
def test_too_little_says_so_without_a_number(change, verdict):
    row = of(change(walk_aways(6)))
    assert row["verdict"] == verdict
    assert row[["estimate", "low", "high"]].isna().all()


def test_groups_without_accounts_or_follow_up_have_no_share():
    walks = walk_aways(7, n=60)
    unseen = table(walks.assign(has_account=False), RULES).set_index("group").loc["all"]
    assert unseen["walk_aways"] == 60 and unseen["verdict"] == "no_account"
    short = table(walks.assign(followed_days=100), RULES).set_index("group").loc["all"]
    assert short["verdict"] == "not_followed" and np.isnan(short["return_share"])
    nobody = walks.assign(days_to_return=np.nan, followed_days=800)
    none_back = table(nobody, RULES).set_index("group").loc["all"]
    assert none_back["return_share"] == 0 and 0 < none_back["return_high"] < 0.2


def points(seed, n=1500, effect=0.0, speaks=0.0):
    """Decision points; letting go changes the chance of a purchase in the year by `effect`.

    Early purchases keep a deal from being let go. With `speaks`, a buyer who spoke is kept.
    """
    rng = np.random.default_rng(seed)
    quality = rng.normal(0, 1, n)
    spoke = np.where(rng.random(n) < 0.5, rng.integers(1, 30, n).astype(float), np.nan)
    has_spoken = spoke <= 7
    would_let_go = rng.random(n) < np.clip(0.45 - 0.15 * quality - speaks * has_spoken, 0.02, 0.98)
    offset = rng.integers(1, 13, n)
    buys = rng.random(n) < np.clip(0.35 + 0.15 * quality + 0.5 * speaks * has_spoken, 0, 1)
    day = rng.integers(1, 300, n).astype(float)
    is_walked = would_let_go & ~(buys & (day <= offset))
    loses = is_walked & (rng.random(n) < -effect)
    won = np.where(buys & ~loses, day, np.nan)
    frame = pd.DataFrame(
        {
            **dict.fromkeys(known.COLUMNS, 0),
            "deal_id": [f"d{number:05}" for number in range(n)],
            "account_id": [f"a{number}" for number in range(n)],
            "seller_id": [f"s{number}" for number in rng.integers(0, 30, n)],
            "signal_day": 1000,
            "is_eligible": True,
            "is_walked": is_walked,
            "walk_day": np.where(is_walked, 1000 + offset, np.nan),
            "followup_days": 600,
            "days_to_account_win": won,
            "days_to_decision": np.where(is_walked, offset, won),
            "days_to_next_life": spoke,
            "amount": np.exp(9 + quality),
        }
    )
    return frame.assign(signal="silence", lead_source="web", source="s", pipeline="p")


def test_pairs_find_what_is_there_and_nothing_where_nothing_is():
    row = matching.matched(points(8, n=3000, effect=-0.5), RULES).iloc[0]
    assert row["high"] < 0 and row["verdict"] == "ok"
    assert row["largest_smd_after"] < 0.15 < row["largest_smd_before"]
    held = 0
    for seed in range(20):
        row = matching.matched(points(seed, n=900, speaks=0.3), RULES).iloc[0]
        held += row["low"] < 0 < row["high"]
    assert held >= 16


def test_a_pair_starts_on_the_day_of_the_walk_away_with_both_there():
    pool = matching.Candidates(
        offset=np.array([5.0, 9.0, np.nan, np.nan, np.nan, np.nan]),
        until=np.array([5.0, 9.0, 4.0, np.inf, np.inf, np.inf]),
        spoke=np.array([np.inf, 3.0, np.inf, np.inf, 2.0, np.inf]),
        won=np.array([np.inf] * 6),
        logit=np.array([0.0, 0.01, 0.0, 0.02, 0.02, 5.0]),
        party=np.array([0, 1, 2, 3, 4, 5]),
    )
    first, second = matching.pairs(pool)
    # 2 had ended by day 5, 3 is alike in silence, 4 had spoken as 1 had, 5 is too far.
    assert dict(zip(first.tolist(), second.tolist(), strict=True)) == {0: 3, 1: 4}


def test_whoever_is_let_go_later_may_stand_for_those_who_were_not_yet():
    pool = matching.Candidates(
        offset=np.array([5.0, 9.0, np.nan]),
        until=np.array([5.0, 9.0, np.inf]),
        spoke=np.full(3, np.inf),
        won=np.full(3, np.inf),
        logit=np.array([0.0, 0.01, 1.0]),
        party=np.arange(3),
    )
    first, second = matching.pairs(pool)
    assert (first.tolist(), second.tolist()) == ([0], [1])


def test_nobody_stands_twice_and_never_for_the_own_account():
    pool = matching.Candidates(
        offset=np.array([5.0, 5.0, np.nan, np.nan]),
        until=np.array([5.0, 5.0, np.inf, np.inf]),
        spoke=np.full(4, np.inf),
        won=np.full(4, np.inf),
        logit=np.array([1.0, 0.0, 1.0, 0.99]),
        party=np.array([0, 1, 0, 2]),
    )
    first, second = matching.pairs(pool)
    assert dict(zip(first.tolist(), second.tolist(), strict=True)) == {0: 3}


@pytest.mark.parametrize(
    "change",
    [
        lambda p: p.iloc[:0],
        lambda p: p.assign(is_walked=False),
        lambda p: p.assign(followup_days=300),
        lambda p: p.iloc[:80],
        lambda p: p.assign(seller_id="one"),
    ],
)
def test_too_few_to_pair_says_so(change):
    row = matching.matched(change(points(9)), RULES).iloc[0]
    assert row["verdict"] == "too_few" and np.isnan(row["estimate"])
