"""The comparison on small companies whose truth is known, and its refusals."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom

from models.comparison import Comparison, compare
from models.covariates import covariates
from models.description import share_interval
from models.effects import METHODS, arm_predictions, ate, covariance
from models.followup import incidence, known_weights, still_followed
from models.propensity import Design, codes, standardised
from models.refusal import correlation, evidence, overlap_verdicts, pilot
from models.trial import DecisionPointsError, Rules, Trial, compared
from models.weighting import effective_size, mean_differences, overlap_weights, top_share

FEW = {"bootstrap_draws": 50}
NO_FRESH = pd.DataFrame({"wins": [], "hours": []})
NO_BACKLOG = pd.DataFrame({"untouched": []})


def company(
    seed=0, deals=900, sellers=30, effect=0.0, confounding=0.8, is_rule=False, freed=6.0, span=1100
):
    """Decision points in which sellers let the worse deals go; `effect` is that of letting go.

    Quality shows in amount and silence; sellers differ in wins and habits; the data end on one day.
    """
    r = np.random.default_rng(seed)
    quality = r.normal(size=deals)
    seller = r.integers(0, sellers, deals)
    habit = r.normal(0, 0.4, sellers)[seller]
    chance = 1 / (1 + np.exp(0.3 + confounding * quality + 0.3 * habit))
    walked = quality < 0 if is_rule else r.random(deals) < chance
    wins = 1 / (1 + np.exp(0.8 - confounding * quality - habit))
    won = r.random(deals) < np.clip(wins + effect * walked, 0, 1)
    win_day = np.where(won, r.integers(1, 181, deals), np.nan)
    signal_day = 18_000 + r.integers(0, span, deals)
    followup = 18_000 + span - signal_day
    ended = np.where(walked, 5, r.integers(15, 400, deals))
    seen = win_day <= followup
    return pd.DataFrame(
        {
            "deal_id": [f"d{number:05d}" for number in range(deals)],
            "seller_id": [f"s{number:03d}" for number in seller],
            "source": "salesforce",
            "pipeline": "new",
            "signal": r.choice(["silence", "push", "later", "overstay"], deals),
            "signal_day": signal_day,
            "strategy": np.where(
                walked, "disqualify", r.choice(["chase", "wait", "help_decide"], deals)
            ),
            "is_eligible": True,
            "ineligible_reason": None,
            "is_walked": walked,
            "walk_day": np.where(walked, signal_day + 5, np.nan),
            "has_misfit": walked & (r.random(deals) < 0.5),
            "amount": np.exp(9 + 0.5 * quality),
            "age_days": r.integers(10, 200, deals),
            "stage_order": r.integers(1, 5, deals),
            "days_in_stage": r.integers(1, 60, deals),
            "pushes": r.integers(0, 3, deals),
            "touches_all": r.poisson(8, deals),
            "replies_all": r.poisson(3, deals),
            "silence_days": np.round(20 - 4 * quality),
            "meetings_held": r.poisson(1, deals),
            "contacts": r.poisson(2, deals),
            "options": r.poisson(1, deals),
            "touches_since_sign_of_life": r.poisson(2, deals),
            "days_to_expected_close": np.where(
                r.random(deals) < 0.1, np.nan, r.integers(-20, 90, deals)
            ),
            "lead_source": r.choice(["web", "event", None], deals),
            "seller_walk_rate": 0.3 - 0.05 * habit,
            "seller_win_rate": 0.3 + 0.1 * habit,
            "account_deals_before": r.poisson(0.5, deals),
            "account_wins_before": r.poisson(0.2, deals),
            "quarter": 4 * 2024 + (signal_day - 18_000) // 91 + 1,
            "followup_days": followup,
            "days_to_account_win": np.where(seen, win_day, np.nan),
            "revenue": np.where(seen, 10_000.0, 0.0),
            "hours": 12 + quality - freed * walked + r.normal(size=deals),
            "hours_logged_share": 0.4,
            "days_to_decision": np.where(ended <= followup, ended, np.nan),
            "is_bristled": np.where(walked, r.random(deals) < 0.1, None),
            "is_returned": np.where(walked, r.random(deals) < 0.2, None),
        }
    )


def row(found: Comparison, outcome="account_win", method="doubly_robust"):
    frame = found.strategy_comparison
    return frame[(frame["outcome"] == outcome) & (frame["method"] == method)].iloc[0]


def told(found: Comparison):
    return dict(zip(found.diagnostics["key"], found.diagnostics["value"], strict=True))


@pytest.fixture(scope="module")
def harmless():
    """A company in which letting go changes nothing, but the worse deals are let go."""
    return compare(company(1), FEW, NO_FRESH, NO_BACKLOG)


@pytest.fixture(scope="module")
def small():
    return compare(company(2, deals=80, sellers=5), {}, NO_FRESH, NO_BACKLOG)


@pytest.fixture(scope="module")
def ruled():
    """Every deal below the middle is let go: no deal has a counterpart."""
    return compare(company(3, is_rule=True), FEW, NO_FRESH, NO_BACKLOG)


# ---- what is estimated -------------------------------------------------------------------------


def test_naive_sees_an_effect_that_is_not_there_and_the_others_do_not(harmless):
    naive = row(harmless, method="naive")
    assert naive["high"] < -0.05
    for method in ("ipw", "overlap", "doubly_robust"):
        found = row(harmless, method=method)
        assert found["low"] < 0 < found["high"], method
        assert abs(found["estimate"]) < abs(naive["estimate"]) / 2, method


@pytest.mark.parametrize("effect", [0.0, -0.15])
def test_bias_is_small_over_companies(effect):
    errors = {"naive": [], "overlap": [], "doubly_robust": []}
    for seed in range(10, 22):
        points = compared(company(seed, deals=1500, effect=effect), Rules())
        trial = Trial.of(points, Rules(bootstrap_draws=0))
        for method, found in errors.items():
            found.append(METHODS[method](trial.design, [trial.win()])[0].estimate - effect)
    for method in ("overlap", "doubly_robust"):
        error = np.std(errors[method], ddof=1) / math.sqrt(12)
        assert abs(np.mean(errors[method])) < 0.01 + 3 * error, method
    assert np.mean(errors["naive"]) < -0.08


def test_hours_days_and_revenue_are_estimated(harmless):
    assert row(harmless, "hours")["estimate"] == pytest.approx(-6, abs=0.4)
    assert row(harmless, "days_to_decision")["high"] < -100
    revenue = row(harmless, "revenue")
    assert revenue["low"] < 0 < revenue["high"]
    assert revenue["estimate"] == pytest.approx(
        10_000 * row(harmless)["estimate"], abs=700
    )  # all wins bring the same


def test_data_end_does_not_bend_the_estimate():
    """Cut the same company earlier: few deals are followed to the horizon, the answer stands."""
    whole = company(31, deals=4000, effect=-0.15, span=700)
    whole["followup_days"] += 400
    later = whole["days_to_account_win"].copy()
    whole["days_to_account_win"] = later
    cut = company(31, deals=4000, effect=-0.15, span=700)
    rules = Rules(bootstrap_draws=0)
    estimates = {}
    for name, frame in (("whole", whole), ("cut", cut)):
        trial = Trial.of(compared(frame, rules), rules)
        estimates[name] = METHODS["doubly_robust"](trial.design, [trial.win()])[0].estimate
        assert (trial.win().weights == 0).any() == (name == "cut")
    assert estimates["cut"] == pytest.approx(-0.15, abs=0.06)
    # counting deals that were not followed as not won would shrink the difference
    trial = Trial.of(compared(cut, rules), rules)
    ignoring = ate(trial.win().values, trial.design.treated, trial.design.x)
    assert abs(ignoring.estimate) < abs(estimates["cut"])


def test_outcome_models_do_not_take_the_latest_early_wins_for_certainty():
    """Of deals followed for days only the won ones are known; a model by quarter would learn 1."""
    rules = Rules()
    trial = Trial.of(compared(company(33, deals=3000), rules), rules)
    latest = trial.followup < 91
    means = arm_predictions(trial.design, trial.win())
    assert means[latest].mean() == pytest.approx(means[~latest].mean(), abs=0.05)
    assert any(name.startswith("quarter=") for name in trial.names)


def test_revenue_unknown_for_some_wins_is_not_taken_for_nothing():
    frame = company(34, deals=2000)
    known = Trial.of(compared(frame, Rules()), Rules()).revenue().mean
    frame.loc[frame["revenue"].gt(0) & (frame.index % 2 == 0), "revenue"] = np.nan
    assert Trial.of(compared(frame, Rules()), Rules()).revenue().mean == pytest.approx(
        known, rel=0.02
    )


def test_only_assumed_hours_are_scaled():
    points = compared(company(35), Rules()).assign(hours=10.0, hours_logged_share=0.4)
    trial = Trial.of(points, Rules())
    assert trial.hours(0.5).mean == pytest.approx(10 * (0.4 + 0.3))
    assert trial.hours(1.5).mean == pytest.approx(10 * (0.4 + 0.9))


# ---- intervals ---------------------------------------------------------------------------------


def clustered_world(seed, sellers=30, deals=300):
    """Sellers differ in wins and, independently, in how often they let go; no effect."""
    r = np.random.default_rng(seed)
    seller = r.integers(0, sellers, deals)
    treated = r.random(deals) < r.choice([0.15, 0.85], sellers)[seller]
    y = r.random(deals) < r.choice([0.15, 0.85], sellers)[seller]
    return y.astype(float), treated, r.normal(size=(deals, 2)), seller


@pytest.mark.parametrize(("method", "worlds"), [("doubly_robust", 100), ("overlap", 60)])
def test_intervals_by_seller_cover_about_as_they_say(method, worlds):
    covered = 0
    for seed in range(worlds):
        found = ate(*clustered_world(seed), method=method)
        covered += found.low <= 0 <= found.high
    assert binom.cdf(covered, worlds, 0.90) > 0.001, covered
    assert binom.sf(covered - 1, worlds, 0.97) > 0.001, covered


def test_intervals_that_ignore_sellers_do_not():
    covered = 0
    for seed in range(60):
        y, treated, x, _ = clustered_world(seed)
        found = ate(y, treated, x, method="doubly_robust")
        covered += found.low <= 0 <= found.high
    assert binom.cdf(covered, 60, 0.90) < 0.001, covered


@pytest.mark.parametrize("method", ["naive", "ipw", "overlap"])
def test_errors_are_those_of_redrawn_sellers(method):
    r = np.random.default_rng(5)
    seller = r.integers(0, 30, 900)
    x = r.normal(size=(900, 2))
    treated = r.random(900) < 1 / (1 + np.exp(-x[:, 0]))
    y = 2 * x[:, 0] + r.normal(0, 0.3, 30)[seller] + r.normal(size=900)
    generator = np.random.default_rng(1)
    drawn = []
    for _ in range(200):
        rows = np.concatenate([np.flatnonzero(seller == s) for s in generator.integers(0, 30, 30)])
        drawn.append(ate(y[rows], treated[rows], x[rows], method=method).estimate)
    assert ate(y, treated, x, seller, method).error == pytest.approx(np.std(drawn), rel=0.15)


def test_copied_deals_of_the_same_sellers_are_no_evidence():
    y, treated, x, seller = clustered_world(6)
    once = ate(y, treated, x, seller, method="naive")
    twice = ate(np.tile(y, 2), np.tile(treated, 2), np.tile(x, (2, 1)), np.tile(seller, 2), "naive")
    assert twice.estimate == pytest.approx(once.estimate)
    assert twice.error == pytest.approx(once.error)


def test_no_seller_is_on_both_sides_of_a_fold():
    y, treated, x, seller = clustered_world(7)
    folds = Design(treated, x, codes(seller)).folds
    assert len(folds) == 5
    for learn, predict in folds:
        assert not set(seller[learn]) & set(seller[predict])
    assert sorted(np.concatenate([predict for _, predict in folds])) == list(range(len(y)))


def test_covariance_needs_the_same_rows():
    y, treated, x, seller = clustered_world(7)
    found = ate(y, treated, x, seller)
    assert covariance(found, found) == pytest.approx(found.error**2)
    with pytest.raises(ValueError, match="same rows"):
        covariance(found, ate(y, treated, x, seller, "naive"))


# ---- refusals ----------------------------------------------------------------------------------


def test_five_sellers_and_eighty_deals_get_no_number(small):
    frame = small.strategy_comparison
    assert set(frame["verdict"]) == {"too_few"}
    assert frame[["estimate", "low", "high"]].isna().all(axis=None)
    assert set(frame["n_sellers"].head(16)) == {5}
    assert small.sensitivity.empty
    assert small.break_even["verdict"].tolist() == ["too_few"]
    assert small.break_even[["wins_given_up", "break_even_wins_per_hour"]].isna().all(axis=None)


def test_refusal_says_what_it_would_take(small):
    facts = told(small)
    assert facts["smallest_difference"] > 0.2
    assert facts["pilot_deals_per_arm"] > 100
    assert facts["sellers_missing"] == 15
    assert "months_to_answer" not in facts  # waiting brings no sellers


def test_too_few_wins_are_a_matter_of_months():
    points = company(4, deals=300, sellers=40)
    found = compare(points, FEW, NO_FRESH, NO_BACKLOG)
    assert row(found)["verdict"] == "too_few"
    wins = row(found)["events_treated"]
    assert 0 < wins < 50
    months = told(found)["months_to_answer"]
    assert months == pytest.approx((50 - wins) / wins * (1100 - 180) / 30.44, abs=3)


def test_no_overlap_is_refused_and_says_for_which_deals(ruled):
    frame = ruled.strategy_comparison
    compared_rows = frame[~frame["outcome"].isin(["bristle", "return"])]
    assert set(compared_rows["verdict"]) == {"no_overlap"}
    assert compared_rows[["estimate", "low", "high"]].isna().all(axis=None)
    assert ruled.break_even["verdict"].tolist() == ["too_few"]
    facts = told(ruled)
    assert facts["outside_support_disqualify_share"] > 0.9
    assert facts["comparable_share"] < 0.7
    assert facts["comparable_median_amount"] != facts["incomparable_median_amount"]
    assert set(ruled.sensitivity["analysis"]) == {"trimming"}


def test_overlap_of_all_and_of_the_deals_in_doubt_are_judged_apart():
    rules = Rules()
    verdicts = [
        overlap_verdicts(Trial.of(compared(company(5, confounding=c), rules), rules).design, rules)
        for c in (0.3, 3.0, 6.0)
    ]
    assert verdicts[0] == {"association": "ok", "ato": "ok", "ate": "ok"}
    assert verdicts[1] == {"association": "ok", "ato": "ok", "ate": "no_overlap"}
    assert verdicts[2] == dict.fromkeys(("association", "ato", "ate"), "no_overlap")


def test_break_even_falls_back_to_the_deals_in_doubt():
    found = compare(company(5, confounding=3.0), FEW, NO_FRESH, NO_BACKLOG)
    assert row(found)["verdict"] == "no_overlap"
    assert row(found, method="overlap")["verdict"] == "ok"
    assert found.break_even["method"].tolist() == ["overlap"]
    assert found.break_even["deals"].iloc[0] < row(found)["n"]


def test_an_arm_of_a_few_sellers_is_refused():
    points = company(6, deals=1500)
    few = points["seller_id"].isin(["s000", "s001", "s002", "s003", "s004"])
    points["is_walked"] = few
    rules = Rules()
    found = evidence(compared(points, rules), rules)
    assert found.sellers == 30 and found.sellers_by_arm[1] == 5
    assert not found.is_enough


@pytest.mark.parametrize("walked", [True, False])
def test_one_arm_alone_is_too_few(walked):
    found = compare(company(7).assign(is_walked=walked), FEW, NO_FRESH, NO_BACKLOG)
    assert set(found.strategy_comparison["verdict"].head(16)) == {"too_few"}
    assert found.balance.empty and found.overlap.empty


def test_no_decision_point_at_all_gives_empty_tables_of_the_same_types(harmless):
    found = compare(company(8).head(0), {}, NO_FRESH, NO_BACKLOG)
    for name in ("strategy_comparison", "strategy_curves", "balance", "overlap", "sensitivity"):
        frame = getattr(found, name)
        assert frame.empty, name
        assert frame.dtypes.to_dict() == getattr(harmless, name).dtypes.to_dict(), name
    assert found.break_even["verdict"].tolist() == ["too_few"]
    assert found.facts["compared"] == 0


def test_pilot_is_the_textbooks():
    deals, difference = pilot(0.4)
    assert difference == pytest.approx(0.1)
    assert deals == pytest.approx(353, abs=2)  # 40 against 30 %, 5 % two-sided, power 80 %
    assert math.isnan(pilot(0.0)[0])


def test_smallest_difference_is_about_what_the_intervals_can_show(harmless):
    found = row(harmless, method="overlap")
    shown = (found["high"] - found["low"]) / 2 / 2.045 * 2.9  # t(.975) + t(.80) errors
    assert told(harmless)["smallest_difference"] == pytest.approx(shown, rel=0.35)


def test_correlation_within_sellers_is_found():
    y, _, _, seller = clustered_world(8, sellers=200, deals=6000)
    assert correlation(y, seller, 0.05) == pytest.approx(0.49, abs=0.06)
    assert correlation(np.random.default_rng(1).permutation(y), seller, 0.05) < 0.02
    assert correlation(y[:50], seller[:50] % 5, 0.05) == 0.05


# ---- who is compared ---------------------------------------------------------------------------


def test_latest_deals_leave_both_arms_alike():
    points = company(9)
    kept = compared(points, Rules(grace_days=14))
    assert kept["followup_days"].min() >= 14
    assert len(kept) == (points["followup_days"] >= 14).sum()


def test_ineligible_deals_are_counted_by_reason():
    points = company(9)
    points.loc[:49, ["is_eligible", "ineligible_reason"]] = [False, "no_sign_of_life"]
    points.loc[50:59, ["is_eligible", "ineligible_reason"]] = [False, None]
    found = compare(points, {**FEW, "horizon_days": 120}, NO_FRESH, NO_BACKLOG)
    facts = found.facts
    assert facts["excluded"]["no_sign_of_life"] == 50
    assert facts["excluded"]["unknown"] == 10
    assert facts["compared"] + sum(facts["excluded"].values()) == len(points)
    assert facts["horizon_days"] == 120
    assert facts["first_signal_on"].startswith("2019-")


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda points: points.drop(columns=["revenue", "hours"]), "lacks revenue, hours"),
        (lambda points: pd.concat([points, points.head(1)]), "d00000 twice"),
        (lambda points: points.assign(is_walked=None), "is_walked is null for deal d00000"),
    ],
)
def test_what_cannot_be_compared_is_named(spoil, message):
    with pytest.raises(DecisionPointsError, match=message):
        compare(spoil(company(10, deals=40)), {}, NO_FRESH, NO_BACKLOG)


def test_order_of_rows_and_names_of_sellers_do_not_matter(harmless):
    shuffled = company(1).sample(frac=1, random_state=3)
    shuffled["seller_id"] = "x" + shuffled["seller_id"]
    found = compare(shuffled, FEW, NO_FRESH, NO_BACKLOG)
    for name in (
        "strategy_comparison",
        "strategy_curves",
        "balance",
        "overlap",
        "sensitivity",
        "specifications",
        "break_even",
        "diagnostics",
    ):
        pd.testing.assert_frame_equal(
            getattr(found, name), getattr(harmless, name), check_exact=True
        )
    assert found.facts == harmless.facts


# ---- diagnostics and description ---------------------------------------------------------------


def test_weights_make_the_arms_alike(harmless):
    table = harmless.balance.set_index("covariate")
    assert abs(table.loc["amount", "smd_before"]) > 0.4
    assert table["smd_overlap"].abs().max() < 0.02
    assert table["smd_ipw"].abs().max() < 0.2
    facts = told(harmless)
    assert facts["covariates_above_0.1_smd_overlap"] == 0
    assert facts["covariates_above_0.1_smd_before"] >= 2


def test_overlap_table_holds_every_deal_once(harmless):
    assert harmless.overlap["n"].sum() == harmless.facts["compared"]
    assert set(harmless.overlap["arm"]) == {"disqualify", "not_disqualify"}


def test_difference_is_standardised_by_the_unweighted_spread():
    x = np.array([[0.0], [2.0], [4.0], [6.0]])
    treated = np.array([False, False, True, True])
    assert mean_differences(x, treated, np.ones(4)) == pytest.approx([4.0])
    assert mean_differences(x, treated, np.array([1.0, 0, 1, 0])) == pytest.approx([4.0])


def test_sizes_and_shares_of_weight():
    assert effective_size(np.ones(7)) == 7
    assert effective_size(np.array([1.0, 0, 0])) == 1
    assert effective_size(np.zeros(3)) == 0
    assert top_share(np.array([9.0] + [1.0] * 91)) == pytest.approx(0.09)


def test_sensitivity_rows_are_all_there_and_falsification_shows_nothing(harmless):
    table = harmless.sensitivity
    assert set(table["analysis"]) == {
        *("trimming", "horizon", "strategy", "time_zero", "hours", "risk_ratio", "e_value"),
        *("robustness_value", "hidden_confounder", "let_go_bounds", "direction"),
        *("negative_control", "permuted"),
    }
    nothing = table[table["note"] == "should_be_nothing"]
    assert len(nothing) == 3
    assert ((nothing["low"] < 0) & (nothing["high"] > 0)).all()
    direction = table[table["analysis"] == "direction"].iloc[0]
    assert direction["note"] == "walking_away_looks_too_costly"
    hours = table[table["analysis"] == "hours"].set_index("label")["estimate"]
    full = row(harmless, "hours")["estimate"]
    assert hours["assumed_times_0.5"] > full > hours["assumed_times_1.5"]


def test_other_definitions_get_a_row_each():
    found = compare(
        company(12),
        FEW,
        NO_FRESH,
        NO_BACKLOG,
        {"g_twice": company(13), "g_half": company(14, deals=90)},
    )
    rows = found.sensitivity[found.sensitivity["analysis"] == "definition"].set_index("label")
    unmoved = ["incumbent_as_buyers_no", "g_half_or_twice"]
    assert rows.index.tolist() == ["g_half", "g_twice", *unmoved]
    assert rows.loc[unmoved, "estimate"].isna().all() and (rows.loc[unmoved, "note"] != "").all()
    assert np.isfinite(rows.loc["g_twice", "estimate"])
    assert np.isnan(rows.loc["g_half", "estimate"]) and rows.loc["g_half", "note"] == "too_few"


def test_bristle_and_return_are_shares_of_deals_followed_for_the_whole_window(harmless):
    points = compared(company(1), Rules())
    walked = points[points["is_walked"]]
    followed = walked[walked["followup_days"] - 5 >= 365]
    found = row(harmless, "return", "naive")
    assert found["n"] == len(followed)
    assert found["estimate"] == pytest.approx(followed["is_returned"].astype(float).mean())
    assert 0 < found["low"] < found["estimate"] < found["high"] < 1


def test_share_of_nothing_keeps_an_honest_upper_end():
    share, low, high, size = share_interval(np.zeros(100), np.arange(100) % 25)
    assert (share, low, size) == (0, 0, 100)
    assert 0.02 < high < 0.06


def test_curves_are_kaplan_meiers_and_end_with_the_follow_up(harmless):
    curves = harmless.strategy_curves
    assert set(curves["strategy"]) == {"disqualify", "help_decide", "chase", "wait"}
    for _, curve in curves.groupby("strategy"):
        assert curve["incidence"].is_monotonic_increasing
        assert curve["n_at_risk"].is_monotonic_decreasing
        assert (curve["low"] <= curve["incidence"]).all()
        assert (curve["incidence"] <= curve["high"]).all()
        assert curve["day"].max() == 180


def test_incidence_by_hand():
    event = np.array([2.0, np.nan, 4.0, np.nan])
    followup = np.array([10.0, 3.0, 10.0, 10.0])
    found = incidence(event, followup, np.arange(4), horizon=6)
    assert found.incidence == pytest.approx([0, 0, 0.25, 0.25, 0.625, 0.625, 0.625])
    assert found.at_risk.tolist() == [4, 4, 4, 3, 2, 1, 1]
    greenwood = 0.375**2 * (1 / (4 * 3) + 1 / (2 * 1))
    assert found.error[-1] ** 2 == pytest.approx(4 / 3 * greenwood)


def test_follow_up_by_hand():
    event = np.array([2.0, np.nan, np.nan, 3.0])
    followup = np.array([9.0, 2.0, 5.0, 9.0])
    # day 2: the event leaves first, then one of three is cut; day 5: one of one
    assert still_followed(event, followup)[[1, 2, 4, 5]] == pytest.approx([1, 2 / 3, 2 / 3, 0])
    weights, floored = known_weights(event, followup, 4, np.zeros(4, dtype=np.intp))
    assert weights == pytest.approx([1, 0, 1.5, 1.5])
    assert floored == 0


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.integers(1, 40), st.integers(0, 40)), min_size=3, max_size=60))
def test_weighted_share_equals_kaplan_meier(pairs):
    """The two classical forms of one estimate agree wherever someone is still followed."""
    times, followup = (np.array(values, dtype=float) for values in zip(*pairs, strict=True))
    event = np.where(times <= followup, times, np.nan)
    horizon = 20
    found = incidence(event, followup, np.arange(len(event)), horizon)
    last = np.fmin(event, followup)
    g = still_followed(event, followup)
    if (last >= horizon).sum() == 0 or g[horizon - 1] < 0.05:
        return
    weights, _ = known_weights(event, followup, horizon, np.zeros(len(event), dtype=np.intp))
    assert (weights * (event <= horizon)).sum() / len(event) == pytest.approx(
        found.incidence[horizon]
    )


# ---- the generic core --------------------------------------------------------------------------


def test_covariates_mark_what_is_missing_and_merge_rare_levels():
    points = company(15, deals=400)
    points.loc[:3, "lead_source"] = "trade fair"
    x, names = covariates(points)
    assert "days_to_expected_close=missing" in names
    assert "lead_source=other" in names and "lead_source=trade fair" not in names
    assert not any(name.startswith(("source=", "pipeline=")) for name in names)
    assert x.mean(axis=0) == pytest.approx(np.zeros(len(names)), abs=1e-9)
    assert x.std(axis=0) == pytest.approx(np.ones(len(names)))
    assert "amount" not in covariates(points, leave_out=("amount",))[1]


def test_columns_unknown_throughout_are_left_out():
    points = company(16, deals=60).assign(amount=None, quarter=None)
    names = covariates(points)[1]
    assert not any(name.startswith(("amount", "quarter")) for name in names)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000))
def test_overlap_weights_balance_means(seed):
    r = np.random.default_rng(seed)
    x = standardised(r.normal(size=(800, 2)))
    treated = r.random(800) < 1 / (1 + np.exp(-x[:, 0]))
    design = Design(treated, x, np.arange(800))
    weights = overlap_weights(design.propensity, treated, np.ones(800))
    assert np.abs(mean_differences(x, treated, weights)).max() < 0.03


def test_core_says_what_it_cannot_do():
    y, treated, x, seller = clustered_world(9)
    with pytest.raises(ValueError, match="choose one of naive, ipw"):
        ate(y, treated, x, seller, "magic")
    with pytest.raises(ValueError, match="one arm"):
        ate(y, np.ones(len(y)), x, seller)
    with pytest.raises(ValueError, match="missing values"):
        ate(y, treated, np.where(x > 2, np.nan, x), seller)
    with pytest.raises(ValueError, match="one row a deal"):
        Design(treated, x[:10], codes(seller))


@pytest.mark.parametrize("method", METHODS)
def test_unknown_outcomes_are_left_out_not_taken_for_zero(method):
    y, treated, x, seller = clustered_world(12, deals=3000)
    known = np.random.default_rng(1).random(len(y)) < np.where(treated, 0.4, 0.8)
    weights = np.where(treated, 1 / 0.4, 1 / 0.8)
    whole = ate(y, treated, x, seller, method)
    found = ate(np.where(known, y, np.nan), treated, x, seller, method, weights=weights)
    assert found.treated_mean == pytest.approx(whole.treated_mean, abs=0.04)
    assert found.control_mean == pytest.approx(whole.control_mean, abs=0.04)
    assert found.n == known.sum()
    assert found.effective_n < whole.effective_n
