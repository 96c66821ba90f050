"""Options on the table: known incidences are found, intervals hold them, little data say little."""

import numpy as np
import pandas as pd
import pytest

from models.afterwards import HORIZONS, Ahead, Average
from models.options import _groups, answering, options

AS_OF = 1_000
NO_STALLS = pd.DataFrame(
    {
        "deal_id": pd.Series(dtype="str"),
        "stalled_day": pd.Series(dtype="int64"),
        "broken_day": pd.Series(dtype="Int64"),
    }
)


def hazards(number, stage, effect):
    """Weekly chances of no decision and of a decision."""
    return 0.012 * np.exp(effect * number + 0.4 * stage), 0.02 * np.exp(-effect * number)


def truth(number, stage, effect, days):
    """The share that ends in no decision, as the chances have it."""
    gone, decided = hazards(number, stage, effect)
    weeks = np.arange(days // 7)
    stays = (1 - gone - decided)[:, None] ** weeks
    return float((gone[:, None] * stays).sum(axis=1).mean())


def company(seed, deals=2_500, sellers=40, effect=0.3, censored=False):
    """A landmark a deal: stages with more options are those that end in no decision anyhow."""
    r = np.random.default_rng(seed)
    seller = r.integers(0, sellers, deals)
    stage = r.integers(0, 4, deals)
    number = r.poisson(0.4 + 0.4 * stage).clip(0, 5)
    skill = np.exp(r.normal(0, 0.1, sellers))[seller]
    gone, decided = (skill * each for each in hazards(np.minimum(number, 4), stage, effect))
    draw = r.random((deals, 40))
    ends = draw < (gone + decided)[:, None]
    week = np.where(ends.any(axis=1), ends.argmax(axis=1), 99)
    is_gone = np.take_along_axis(draw, np.minimum(week, 39)[:, None], 1)[:, 0] < gone
    start = AS_OF - (r.integers(60, 300, deals) if censored else 300)
    end = start + 7 * week + r.integers(1, 8, deals)
    is_over = (week < 99) & (end <= AS_OF)
    rows = pd.DataFrame(
        {
            "deal_id": [f"d{k}" for k in range(deals)],
            "seller_id": [f"s{k}" for k in seller],
            "source": "crm",
            "snapshot_day": start,
            "is_stalled": False,
            "has_sign_of_life": True,
            "age_days": 28,
            "silence_days": 3,
            "stage_order": stage,
            "stage": stage.astype(str),
            "options_ours": number,
            "options_competitor": 0,
            "options_all": number,
            "options_before": np.maximum(number - 1, 0),
            "incumbent_known": False,
        }
    )
    outcome = np.where(is_gone, "no_decision", "won")
    told = pd.DataFrame(
        {
            "deal_id": rows["deal_id"],
            "outcome": np.where(is_over, outcome, "open"),
            "closed_day": pd.Series(np.where(is_over, end, np.nan)).astype("Int64"),
            "event_day": pd.Series(np.where(is_over, end, np.nan)).astype("Int64"),
        }
    )
    return rows, told


@pytest.mark.parametrize("censored", [False, True])
def test_a_known_incidence_is_found_beside_what_goes_with_it(censored):
    rows, deals = company(1, deals=8_000, censored=censored)
    found = options(rows, deals, NO_STALLS, AS_OF, 1)
    stage = rows["stage_order"].to_numpy()
    for row in found.curve[found.curve["options_to"].notna()].itertuples():
        number = np.full(len(stage), float(row.options_from))
        true = truth(number, stage, 0.3, row.horizon_days)
        assert row.low <= true <= row.high
        assert row.adjusted == pytest.approx(true, abs=0.03)
    half_year = found.curve[found.curve["horizon_days"] == 182]
    # Unadjusted, what goes with options is taken for them.
    assert half_year["observed"].iloc[0] < half_year["adjusted"].iloc[0] - 0.01
    assert half_year["observed"].iloc[-1] > half_year["adjusted"].iloc[-1] + 0.01
    ratio = found.ratios.set_index(["exposure", "ending"]).loc[("options", "no_decision")]
    assert ratio["low"] <= np.exp(0.3) <= ratio["high"]


@pytest.mark.parametrize("effect", [0.0, 0.3])
def test_intervals_hold_what_one_more_option_does(effect):
    held, said = 0, []
    for seed in range(20):
        rows, deals = company(seed, deals=1_200, effect=effect)
        answer = options(rows, deals, NO_STALLS, AS_OF, 1).answer.iloc[-1]
        number, stage = rows["options_all"].clip(0, 4).to_numpy(), rows["stage_order"].to_numpy()
        now, more = (truth(number + one, stage, effect, 182) for one in (0, 1))
        held += answer["low"] <= more - now <= answer["high"]
        said.append(answer["verdict"])
    assert held >= 17
    assert said.count("more") >= 15 if effect else said.count("nothing") >= 17


def test_influence_is_the_slope_of_the_average():
    rows, deals = company(3)
    ahead = Ahead.of(rows, deals, NO_STALLS, AS_OF)
    number = rows["options_all"].to_numpy(dtype=float)[:, None]
    foretold = ahead.foretold(number)
    told = foretold.incidence(number)[182]
    step = 1e-5
    slope = np.zeros(len(told.moved))
    for hazard in foretold.hazards:
        for place in range(len(hazard.coefficients)):
            ends = []
            for sign in (1, -1):
                hazard.coefficients[place] += sign * step
                ends.append(foretold.incidence(number)[182].value)
                hazard.coefficients[place] -= sign * step
            slope += hazard.influence[:, place] * (ends[0] - ends[1]) / (2 * step)
    each = foretold.incidence(number)[182]
    by_row = np.zeros(len(told.moved))
    rates = [foretold._rates(hazard, number) for hazard in foretold.hazards]
    widths = np.array([1, 1, 2, 4, 5, 7, 6])
    before = np.exp(-np.cumsum(np.column_stack([np.zeros(len(number)), sum(rates) * widths]), 1))
    reached = (rates[0] / sum(rates) * -np.diff(before, axis=1)).sum(axis=1)
    np.add.at(by_row, ahead.sellers, (reached - each.value) / len(reached))
    assert told.moved == pytest.approx(slope + by_row, abs=1e-8)


def test_where_all_are_followed_the_observed_share_is_the_share():
    rows, deals = company(4)
    ahead = Ahead.of(rows, deals, NO_STALLS, AS_OF)
    every = np.ones(len(rows), dtype=bool)
    told = ahead.observed(every, 1)
    days = deals["event_day"].to_numpy(dtype=float, na_value=np.inf) - rows["snapshot_day"]
    for horizon in HORIZONS:
        share = ((deals["outcome"] == "no_decision") & (days <= horizon)).mean()
        assert told[horizon].value == pytest.approx(share)
        assert told[horizon].low < share < told[horizon].high


def test_the_order_of_rows_is_nothing():
    rows, deals = company(5, deals=1_000)
    lot = np.random.default_rng(1).permutation(len(rows))
    one = options(rows, deals, NO_STALLS, AS_OF, 1)
    two = options(rows.iloc[lot].reset_index(drop=True), deals, NO_STALLS, AS_OF, 1)
    for name in ("ratios", "curve", "answer"):
        pd.testing.assert_frame_equal(getattr(one, name), getattr(two, name), rtol=1e-5)


def test_only_days_count_on_which_the_buyer_was_answering():
    rows, _ = company(6, deals=6)
    rows["silence_days"] = [0, 14, 15, 3, 3, 3]
    rows["has_sign_of_life"] = [True, True, True, False, True, True]
    rows["age_days"] = [28, 30, 28, 28, 35, 7 * 54]
    assert answering(rows)["deal_id"].tolist() == ["d0", "d1"]


@pytest.mark.parametrize(
    ("sellers", "deals", "number", "verdict"),
    [
        (9, 1_000, None, "too_few"),
        (40, 60, None, "too_few"),
        (40, 1_000, 2, "constant"),
        (40, 0, None, "not_recorded"),
    ],
)
def test_little_says_little(sellers, deals, number, verdict):
    rows, told = company(8, deals=max(deals, 1), sellers=sellers)
    rows, told = rows.iloc[:deals], told.iloc[:deals]
    if number is not None:
        rows = rows.assign(options_ours=number, options_all=number, options_before=number)
    found = options(rows, told, NO_STALLS, AS_OF, 1)
    assert set(found.answer["verdict"]) == {verdict}
    assert found.answer[["difference", "low", "high"]].isna().all(axis=None)
    assert found.curve.empty
    assert found.ratios["ratio"].isna().all() or number is None


def test_nulls_everywhere_are_no_error():
    rows, deals = company(9, deals=400)
    for name in ("seller_id", "stage", "stage_order", "options_before", "incumbent_known"):
        rows[name] = None
    found = options(rows, deals, NO_STALLS, AS_OF, 1)
    assert set(found.answer["verdict"]) == {"too_few"}


def test_an_ending_that_nobody_had_leaves_no_hazard():
    rows, deals = company(10)
    deals["outcome"] = deals["outcome"].replace("won", "no_decision")
    found = options(rows, deals, NO_STALLS, AS_OF, 1)
    assert found.answer["verdict"].iloc[-1] == "more"
    assert set(found.ratios.loc[found.ratios["ending"] == "decision", "verdict"]) <= {
        "too_few",
        "constant",
    }


def test_numbers_are_put_together_until_there_are_enough():
    rows, deals = company(11)
    ahead = Ahead.of(rows, deals, NO_STALLS, AS_OF)
    number = ahead.rows["options_all"].clip(0, 4).to_numpy(dtype=float)
    some = np.arange(len(number))
    assert _groups(ahead, np.where(number < 3, number, 3)) == [(0, 0), (1, 1), (2, 2), (3, 4)]
    few = np.where(number >= 2, np.where(some % 40 == 0, number, 1), number)
    assert _groups(ahead, few) == [(0, 0), (1, 4)]
    assert _groups(ahead, np.where(some % 100 == 0, 0.0, 1.0)) == [(0, 4)]


def test_a_difference_of_averages_has_its_own_interval():
    one, two = Average(0.3, np.array([0.1, -0.1])), Average(0.2, np.array([0.1, -0.1]))
    told = (one - two).told()
    assert (told.value, told.low) == pytest.approx((0.1, 0.1))
