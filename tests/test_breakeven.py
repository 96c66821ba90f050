"""The price of an hour: exact sets, honest refusals, and verdicts that follow the other side."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import t as student

from models import breakeven
from models.breakeven import break_even, fieller, gain_at, worth, yield_per_hour
from models.effects import METHODS, Outcome
from models.estimate import UNKNOWN, Estimate
from models.propensity import Design, codes, standardised
from models.refill import refilled

NO_BACKLOG = pd.DataFrame({"untouched": []})


def desk(share, sellers=24, weeks=80, seed=1, noise=0.0):
    """Deals that leave desks, `share` of them replaced, beside those that come anyhow.

    Sellers and weeks differ in how much comes and goes.
    """
    generator = np.random.default_rng(seed)
    size, season = generator.uniform(0.5, 3, (sellers, 1)), generator.uniform(0.5, 3, (1, weeks))
    leaves = generator.poisson(size * season)
    opened = 4 * size + 3 * season + share * leaves
    return pd.DataFrame(
        {
            "seller_id": np.repeat([f"s{number}" for number in range(sellers)], weeks),
            "week": np.tile(np.arange(weeks), sellers),
            "leaves": leaves.ravel(),
            "opened": (opened + noise * generator.normal(size=opened.shape)).ravel(),
        }
    )


FILLED = desk(1.0)


def fresh(wins_per_hour, sellers=24, hours=40.0):
    """Deals of many sellers whose wins per hour are about as asked."""
    share = wins_per_hour * hours
    rows = [
        {
            "seller_id": f"s{number % sellers}",
            "hours": hours,
            "wins": share + 0.1 * (number % 3 - 1),
            "revenue": 1000 * share,
        }
        for number in range(240)
    ]
    return pd.DataFrame(rows)


def effects_of(win_difference, hours_difference, n=3000, sellers=40, noise=2.0, seed=3):
    """Doubly robust effects on wins, hours and revenue of a trial with known differences."""
    generator = np.random.default_rng(seed)
    treated = generator.random(n) < 0.5
    x = generator.normal(size=(n, 2))
    won = generator.random(n) < 0.4 + win_difference * treated
    hours = 10 + hours_difference * treated + noise * generator.normal(size=n)
    design = Design(treated, standardised(x), codes(generator.integers(0, sellers, n)))
    outcomes = [Outcome.of(v) for v in (won.astype(float), hours, 500.0 * won)]
    found = METHODS["doubly_robust"](design, outcomes)
    return dict(zip(("account_win", "hours", "revenue"), found, strict=True))


def test_fieller_solves_its_own_equation():
    found = fieller(3.0, 12.0, (0.8, 1.5), 0.4, dof=25)
    square = student.ppf(0.975, 25) ** 2
    for end in (found.estimate.low, found.estimate.high):
        assert (3 - end * 12) ** 2 == pytest.approx(square * (0.8 - 2 * end * 0.4 + end**2 * 1.5))
    assert found.kind == "bounded"
    assert found.estimate.value == 0.25


@given(
    st.floats(-5, 5),
    st.floats(0.2, 5),
    st.floats(0.01, 4),
    st.floats(0.01, 4),
    st.floats(-0.9, 0.9),
)
def test_fieller_set_holds_its_estimate(numerator, denominator, one, two, linked):
    covary = linked * math.sqrt(one * two)
    found = fieller(numerator, denominator, (one, two), covary, dof=30)
    assert found.estimate.value == numerator / denominator
    if found.kind == "bounded":
        assert found.estimate.low <= found.estimate.value <= found.estimate.high
    elif found.kind == "from":
        assert found.estimate.low <= found.estimate.value
        assert math.isnan(found.estimate.high)
    else:
        assert math.isnan(found.estimate.low) and math.isnan(found.estimate.high)


def test_fieller_is_unbounded_when_the_hours_may_be_nothing():
    assert fieller(8.0, 1.0, (1.0, 1.0), 0.0, dof=30).kind == "from"
    assert fieller(0.5, 1.0, (1.0, 1.0), 0.0, dof=30).kind == "any"
    assert fieller(8.0, 0.0, (1.0, 1.0), 0.0, dof=30).kind == "any"


def test_fieller_set_covers_the_truth():
    generator = np.random.default_rng(5)
    covariance = np.array([[0.5, 0.2], [0.2, 0.9]])
    draws = generator.multivariate_normal([2.0, 4.0], covariance, size=2000)
    inside = 0
    for numerator, denominator in draws:
        found = fieller(numerator, denominator, (0.5, 0.9), 0.2, dof=10_000)
        ends = found.estimate
        low = -math.inf if math.isnan(ends.low) else ends.low
        inside += low <= 0.5 <= (math.inf if math.isnan(ends.high) else ends.high)
    assert 0.93 < inside / 2000 < 0.97


def test_yield_is_a_ratio_of_sums_and_its_interval_is_by_seller():
    rows = fresh(0.02)
    found = yield_per_hour(rows, "wins")
    assert found.value == pytest.approx(0.02)
    assert found.low < found.value < found.high
    doubled = pd.concat([rows, rows], ignore_index=True)  # the same sellers, no new evidence
    assert yield_per_hour(doubled, "wins").error == pytest.approx(found.error)
    alone = yield_per_hour(doubled.drop(columns="seller_id"), "wins")
    assert alone.value == pytest.approx(0.02)
    assert math.isnan(alone.low)


@pytest.mark.parametrize(
    "rows",
    [
        pd.DataFrame({"wins": [], "hours": []}),
        pd.DataFrame({"wins": [1.0], "hours": [0.0]}),
        pd.DataFrame({"hours": [3.0]}),
        pd.DataFrame({"wins": [None], "hours": [3.0]}),
    ],
)
def test_yield_is_unknown_without_hours_or_wins(rows):
    assert math.isnan(yield_per_hour(rows, "wins").value)


def test_break_even_is_what_is_given_up_over_what_is_freed():
    row = break_even(effects_of(-0.10, -6.0), fresh(0.02), NO_BACKLOG, FILLED, 3000).iloc[0]
    assert row["wins_given_up"] == pytest.approx(300, abs=110)
    assert row["hours_freed"] == pytest.approx(18_000, rel=0.05)
    assert row["break_even_wins_per_hour"] == pytest.approx(
        row["wins_given_up"] / row["hours_freed"]
    )
    assert row["break_even_wins_per_hour_low"] < 0.10 / 6 < row["break_even_wins_per_hour_high"]
    assert row["break_even_revenue_per_hour"] == pytest.approx(
        row["revenue_given_up"] / row["hours_freed"]
    )
    assert row["interval_kind"] == "bounded"


def test_verdict_flips_with_what_an_hour_earns_elsewhere():
    effects = effects_of(-0.10, -6.0)
    backlog = pd.DataFrame({"kind": ["deal", "deal", "lead"], "untouched": [2, 1, None]})
    waiting = break_even(effects, fresh(0.05), backlog, FILLED, 3000).iloc[0]
    scarce = break_even(effects, fresh(0.004), NO_BACKLOG, FILLED, 3000).iloc[0]
    between = break_even(effects, fresh(0.0165), NO_BACKLOG, FILLED, 3000).iloc[0]
    assert (waiting["verdict"], waiting["is_met"], waiting["backlog_deals"]) == (
        "pays_if",
        "yes",
        3,
    )
    assert (scarce["verdict"], scarce["is_met"]) == ("does_not_pay", "no")
    assert (between["verdict"], between["is_met"]) == ("pays_if", "unclear")


def test_hours_that_nobody_can_use_earn_nothing():
    """The same deals and the same yield: whether work waits turns the verdict."""
    effects = effects_of(-0.10, -6.0)
    waiting, idle, unknown = (
        break_even(effects, fresh(0.05), NO_BACKLOG, rows, 3000).iloc[0]
        for rows in (desk(0.9, noise=1.0), desk(0.0, noise=1.0), None)
    )
    assert (waiting["verdict"], waiting["is_met"]) == ("pays_if", "yes")
    assert waiting["freed_hour_wins"] == pytest.approx(0.045, rel=0.05)
    assert (idle["verdict"], idle["is_met"]) == ("does_not_pay", "no")
    assert (unknown["verdict"], unknown["is_met"]) == ("pays_if", "unknown")
    # what would not pay were every hour used does not pay, whoever waits
    never = break_even(effects, fresh(0.004), NO_BACKLOG, None, 3000).iloc[0]
    assert never["verdict"] == "does_not_pay"


@pytest.mark.parametrize("share", [0.0, 0.4, 1.0])
def test_what_leaves_and_is_replaced_is_seen_within_sellers_and_weeks(share):
    exact = refilled(desk(share))
    assert exact.value == pytest.approx(share, abs=1e-6)
    covered = 0
    for seed in range(40):
        found = refilled(desk(share, weeks=40, seed=seed, noise=2.0))
        covered += found.low <= share <= found.high
    assert covered >= 33  # 95 % of 40 are 38; 0.1 % of samples would have fewer than 33


def test_order_of_desk_weeks_is_nothing_and_few_say_nothing():
    rows = desk(0.5, noise=1.0)
    assert refilled(rows.sample(frac=1, random_state=3)).value == pytest.approx(
        refilled(rows).value
    )
    assert math.isnan(refilled(desk(0.5, sellers=19)).value)
    assert math.isnan(refilled(rows.assign(leaves=0)).value)
    assert math.isnan(refilled(rows.iloc[:0]).value)


def test_worth_of_a_freed_hour_has_both_errors():
    found = worth(Estimate(0.04, 0.03, 0.05, 0.005), Estimate(0.5, 0.4, 0.6, 0.05))
    assert found.value == pytest.approx(0.02)
    assert found.error == pytest.approx(math.hypot(0.5 * 0.005, 0.04 * 0.05))
    assert worth(found, UNKNOWN) == UNKNOWN


def test_letting_go_that_wins_more_pays_for_nothing():
    row = break_even(effects_of(0.12, -6.0), fresh(0.001), NO_BACKLOG, FILLED, 3000).iloc[0]
    assert row["verdict"] == "pays_free"
    assert row["break_even_wins_per_hour"] == 0
    assert row["wins_given_up"] < 0


def test_hours_that_are_not_freed_never_pay_for_lost_wins():
    row = break_even(effects_of(-0.15, 3.0), fresh(0.02), NO_BACKLOG, FILLED, 3000).iloc[0]
    assert row["verdict"] == "does_not_pay"
    assert math.isnan(row["break_even_wins_per_hour"])


def test_noisy_hours_and_no_clear_loss_are_too_few_to_say():
    effects = effects_of(0.0, 0.0, n=300, noise=20.0)
    assert break_even(effects, fresh(0.02), NO_BACKLOG, FILLED, 300).iloc[0]["verdict"] == "too_few"


def test_unknown_yield_still_gives_the_price():
    nothing = pd.DataFrame({"wins": [], "hours": []})
    row = break_even(effects_of(-0.10, -6.0), nothing, NO_BACKLOG, FILLED, 3000).iloc[0]
    assert (row["verdict"], row["is_met"]) == ("pays_if", "unknown")
    assert row["break_even_wins_per_hour"] > 0


def test_refused_comparison_has_a_yield_but_no_price():
    row = break_even(None, fresh(0.02), NO_BACKLOG, None, 80).iloc[0]
    assert row["verdict"] == "too_few"
    assert row["fresh_yield_wins_per_hour"] == pytest.approx(0.02)
    named = [name for name in breakeven.QUANTITIES if not name.startswith("fresh_yield")]
    assert row[named].isna().all()


def linked_world():
    """Wins and hours of one trial in which a win also takes hours."""
    generator = np.random.default_rng(9)
    treated = generator.random(2000) < 0.5
    won = (generator.random(2000) < 0.4 - 0.1 * treated).astype(float)
    hours = 10 - 6 * treated + 8 * won + generator.normal(size=2000)
    return Design(treated, np.zeros((2000, 0)), codes(np.arange(2000) % 40)), won, hours


def naive_effects(design, *values):
    return METHODS["naive"](design, [Outcome.of(value) for value in values])


def test_ends_of_the_break_even_are_prices_at_which_the_gain_touches_nothing():
    design, won, hours = linked_world()
    wins, spent, revenue = naive_effects(design, won, hours, 500 * won)
    effects = {"account_win": wins, "hours": spent, "revenue": revenue}
    row = break_even(effects, fresh(0.02), NO_BACKLOG, FILLED, 2000).iloc[0]
    for end, side in (("low", "low"), ("high", "high")):
        price = row[f"break_even_wins_per_hour_{end}"]
        gain = naive_effects(design, won - price * hours)[0]
        touching = gain.high if side == "low" else gain.low
        assert touching == pytest.approx(0, abs=1e-9)


def test_gain_at_a_price_is_the_effect_on_wins_and_hours_together():
    design, won, hours = linked_world()
    wins, spent, both = naive_effects(design, won, hours, won - 0.03 * hours)
    found = gain_at(Estimate(0.03, 0.03, 0.03, 0.0), wins, spent)
    assert found.value == pytest.approx(both.estimate)
    assert found.error == pytest.approx(both.error)


def test_a_gain_of_wins_that_is_not_sure_does_not_pay_for_nothing():
    effects = effects_of(0.01, -6.0)
    assert effects["account_win"].low < 0 < effects["account_win"].estimate
    assert (
        break_even(effects, fresh(0.02), NO_BACKLOG, FILLED, 3000).iloc[0]["verdict"] == "pays_if"
    )


def test_gain_counts_the_yields_own_error():
    effects = effects_of(-0.10, -6.0)
    sure = gain_at(Estimate(0.02, 0.02, 0.02, 0.0), effects["account_win"], effects["hours"])
    unsure = gain_at(Estimate(0.02, 0.0, 0.04, 0.01), effects["account_win"], effects["hours"])
    assert sure.value == unsure.value
    assert unsure.error**2 - sure.error**2 == pytest.approx((0.01 * effects["hours"].estimate) ** 2)
