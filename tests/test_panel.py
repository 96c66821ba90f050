"""Second looks, against known truths: sellers over quarters, and habits as an instrument."""

import numpy as np
import pandas as pd
import pytest

from models import covariates
from models.panel import COLUMNS, preference, seller_quarters
from models.propensity import codes
from models.trial import Rules, Trial, compared

RULES = Rules(bootstrap_draws=100, seed=5)


def company(seed, deals=900, sellers=30, span=1_100):
    """Decision points of sellers who let the worse deals go, each with a habit of their own."""
    r = np.random.default_rng(seed)
    quality = r.normal(size=deals)
    seller = r.integers(0, sellers, deals)
    habit = r.normal(0, 0.4, sellers)[seller]
    walked = r.random(deals) < 1 / (1 + np.exp(0.3 + 0.8 * quality + habit))
    won = r.random(deals) < 1 / (1 + np.exp(0.8 - 0.8 * quality))
    signal_day = 18_000 + r.integers(0, span, deals)
    followup = 18_000 + span - signal_day
    win_day = np.where(won, r.integers(1, 181, deals), np.nan)
    known = {name: r.poisson(2, deals) for name in (*covariates.SKEWED, *covariates.PLAIN)}
    levels = dict.fromkeys(covariates.LEVELS, "one")
    return pd.DataFrame(
        {
            **known,
            **levels,
            "deal_id": [f"d{number:05d}" for number in range(deals)],
            "seller_id": [f"s{number:03d}" for number in seller],
            "signal_day": signal_day,
            "is_eligible": True,
            "is_walked": walked,
            "amount": np.exp(9 + 0.5 * quality),
            "seller_walk_rate": 0.4 - 0.05 * habit,
            "quarter": 4 * 2024 + (signal_day - 18_000) // 91 + 1,
            "followup_days": followup,
            "days_to_account_win": np.where(win_day <= followup, win_day, np.nan),
        }
    )


def trial_of(points, leave_out=()):
    rows = compared(points, RULES)
    return Trial.of(rows, RULES, leave_out), rows


def quarters_of(points, effect, seed=0, *, noise=0.5):
    """What sellers won each quarter: their own level, the season's, and `effect` of letting go."""
    r = np.random.default_rng(seed)
    cells = points.groupby(["seller_id", "quarter"])["is_walked"].mean().rename("share")
    grid = pd.MultiIndex.from_product(
        [
            sorted(set(points["seller_id"])),
            range(points["quarter"].min(), points["quarter"].max() + 2),
        ],
        names=["seller_id", "quarter"],
    )
    share = cells.reindex(grid).fillna(0.0)
    table = share.reset_index()
    level = r.normal(10, 5, 200)[codes(table["seller_id"])]
    season = r.normal(0, 5, 30)[codes(table["quarter"])]
    # Half of what letting go brings comes in the quarter itself, half in the next.
    before = share.groupby(level=0).shift(1).fillna(0.0).to_numpy()
    table["wins"] = (
        level + season + effect * (table["share"] + before) / 2 + r.normal(0, noise, len(table))
    )
    table["revenue"] = 1_000 * table["wins"]
    table["hours"] = 300.0
    return table.drop(columns="share")


def test_what_letting_go_brings_is_found_within_sellers_and_quarters():
    points = company(3, deals=3_000, sellers=40, span=2_000)
    trial, rows = trial_of(points)
    wins, revenue, hours = seller_quarters(trial, quarters_of(rows, effect=20.0))
    assert wins["verdict"] == "answered" and wins["n_sellers"] == 40
    # Share of this quarter counts half twice over: once here, once in the quarter after.
    assert wins["low"] < 2.0 < wins["high"] and wins["high"] - wins["low"] < 2.5
    assert revenue["estimate"] == pytest.approx(1_000 * wins["estimate"])
    assert hours["estimate"] == pytest.approx(0, abs=1e-6)


def test_sellers_who_always_win_more_and_let_go_more_show_nothing():
    points = company(4, deals=3_000, sellers=40, span=2_000)
    trial, rows = trial_of(points)
    quarters = quarters_of(rows, effect=0.0)
    usual = rows.groupby("seller_id")["is_walked"].mean()
    quarters["wins"] += 100 * quarters["seller_id"].map(usual)
    (wins, *_) = seller_quarters(trial, quarters)
    assert wins["low"] < 0 < wins["high"] and abs(wins["estimate"]) < 0.5


@pytest.mark.parametrize("sellers", [5, 19])
def test_few_sellers_give_no_number(sellers):
    trial, rows = trial_of(company(5, deals=600, sellers=sellers))
    found = seller_quarters(trial, quarters_of(rows, effect=0.0))
    assert {row["verdict"] for row in found} == {"too_few"}
    assert all(np.isnan(row["estimate"]) and set(row) == set(COLUMNS) for row in found)


def test_no_quarter_that_is_over_gives_no_number():
    trial, rows = trial_of(company(5))
    (wins, *_) = seller_quarters(trial, quarters_of(rows, effect=0.0).iloc[:0])
    assert wins["verdict"] == "too_few" and wins["n"] == 0


def habits(effect, seed=6, deals=6_000, sellers=60, strength=2.0):
    """Deals let go by habit and by a quality that nobody recorded, which also wins."""
    r = np.random.default_rng(seed)
    points = company(seed, deals=deals, sellers=sellers, span=2_000)
    habit = r.normal(0, 1, sellers)[codes(points["seller_id"])]
    quality = r.normal(size=deals)
    walked = r.random(deals) < 1 / (1 + np.exp(-strength * habit + 1.5 * quality))
    won = r.random(deals) < np.clip(0.5 + 0.15 * quality + effect * walked, 0, 1)
    points["is_walked"] = walked
    points["seller_walk_rate"] = 0.4 + 0.1 * habit
    points["days_to_account_win"] = np.where(won & (points["followup_days"] >= 100), 100.0, np.nan)
    return points


def instrumented(points):
    trial, rows = trial_of(points, ("seller_walk_rate",))
    return preference(rows, trial, trial.win())


def test_a_strong_habit_sees_past_what_nobody_recorded():
    found = instrumented(habits(effect=-0.2))
    assert found["verdict"] == "answered" and found["first_stage_f"] > 50
    assert found["low"] < -0.2 < found["high"]
    assert found["high"] < 0


def test_a_habit_that_moves_nothing_is_weak():
    found = instrumented(habits(effect=-0.2, strength=0.0))
    assert found["verdict"] == "weak" and np.isnan(found["estimate"])
    assert found["first_stage_f"] < 10
