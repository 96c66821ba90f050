"""IPCW scores against independent libraries and brute force, and what is published for them."""

import greenwood
import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from sklearn.metrics import roc_auc_score
from statsmodels.duration.survfunc import SurvfuncRight

from models import evaluation, judging, resampling
from models.evaluation import Seen
from models.resampling import DRAWS, Deals


@pytest.fixture
def rng():
    return np.random.default_rng(7)


def followed(rng, n=400, horizon=30):
    """Competing ends with censoring at odd days only, so that none falls on the horizon."""
    p = rng.random(n) * 0.7
    end = np.where(rng.random(n) < p, rng.integers(1, horizon + 1, n), rng.integers(1, 90, n))
    kind = np.where(rng.random(n) < 0.6, 0, 1)
    lost = 2 * rng.integers(3, 45, n) + 1
    time = np.minimum(end, lost)
    return p, time, np.where(end <= lost, kind, -1)


def rows_seen(time, cause, horizon, deal=None):
    w, _ = evaluation.weights(time, cause, horizon)
    return Seen((cause == 0) & (time <= horizon), w, np.arange(len(w)) if deal is None else deal)


def test_ipcw_brier_equals_an_independent_library(rng):
    for horizon in (30, 46):
        p, time, cause = followed(rng, horizon=horizon)
        states = pd.Categorical.from_codes(cause + 1, ["open", "stalled", "other"])
        oracle = greenwood.brier_score_incidence(
            greenwood.Surv(time, states), p[:, None], [horizon], cause=1
        )
        seen = rows_seen(time, cause, horizon)
        assert evaluation.brier(p, seen, seen.weight) == pytest.approx(oracle[0], abs=1e-6)


def test_ipcw_auc_equals_independent_libraries(rng):
    """Weights from statsmodels' Kaplan-Meier of censoring, ranks from scikit-learn."""
    n, horizon = 300, 150
    time = rng.permutation(np.arange(1, n + 1))
    cause, p = rng.integers(-1, 2, n), np.round(rng.random(n), 2)
    censoring = SurvfuncRight(time, cause < 0)
    drops = np.concatenate([[1.0], censoring.surv_prob])

    def g(days):
        return drops[np.searchsorted(censoring.surv_times, days, side="right")]

    w = np.where((cause >= 0) & (time <= horizon), 1 / g(time - 1), 0.0)
    w = np.where(time > horizon, 1 / g(horizon), w)
    oracle = roc_auc_score((cause == 0) & (time <= horizon), p, sample_weight=w)
    seen = rows_seen(time, cause, horizon)
    assert np.allclose(seen.weight, w, atol=1e-9)
    assert evaluation.auc(p, seen, seen.weight) == pytest.approx(oracle, abs=1e-6)


def test_auc_equals_counting_pairs(rng):
    p, w = np.round(rng.random(80), 1), rng.random(80)
    case = rng.random(80) < 0.4
    pairs = weight = 0.0
    for i in np.flatnonzero(case):
        for j in np.flatnonzero(~case):
            pairs += w[i] * w[j] * ((p[i] > p[j]) + 0.5 * (p[i] == p[j]))
            weight += w[i] * w[j]
    seen = Seen(case, w, np.arange(80))
    assert evaluation.auc(p, seen, w) == pytest.approx(pairs / weight, abs=1e-12)


def test_ipcw_brier_is_unbiased_for_the_uncensored_score(rng):
    n = 40_000
    p = rng.random(n) * 0.6
    event = np.where(rng.random(n) < p, rng.integers(1, 31, n), 99)
    lost = rng.integers(1, 60, n)
    time = np.minimum(event, lost)
    cause = np.where(event <= lost, np.where(event <= 30, 0, -1), -1)
    truth = np.mean(((event <= 30) - p) ** 2)
    w, floored = evaluation.weights(time, cause, 30)
    seen = Seen((cause == 0) & (time <= 30), w, np.arange(n))
    assert floored == 0
    assert evaluation.brier(p, seen, w) == pytest.approx(truth, abs=0.006)


def test_a_row_lost_by_the_horizon_weighs_nothing_and_heavy_ones_are_counted():
    time, cause = np.array([5, 30, 31, 4]), np.array([-1, -1, -1, 0])
    w, floored = evaluation.weights(time, cause, 30)
    assert w[:2].tolist() == [0, 0] and w[3] == 1 and floored == 0
    assert w[2] == pytest.approx(3)
    many = np.concatenate([np.full(99, 2), [50]])
    w, floored = evaluation.weights(many, np.full(100, -1), 30)
    assert w[-1] == pytest.approx(1 / evaluation.FLOOR) and floored == 1


def test_slope_equals_an_independent_library(rng):
    p, time, cause = followed(rng)
    seen = rows_seen(time, cause, 30)
    x = np.log(p / (1 - p))
    fit = sm.GLM(
        seen.case.astype(float),
        sm.add_constant(x),
        sm.families.Binomial(),
        freq_weights=seen.weight,
    ).fit(tol=1e-12)
    assert evaluation.slope(p, seen, seen.weight) == pytest.approx(fit.params[1], abs=1e-4)


def test_perfect_calibration_has_slope_one_and_no_gap(rng):
    n = 60_000
    p = rng.beta(2, 5, n)
    seen = Seen(rng.random(n) < p, np.ones(n), np.arange(n))
    assert evaluation.slope(p, seen, seen.weight) == pytest.approx(1, abs=0.05)
    assert evaluation.ici(p, seen, seen.weight) < 0.01
    sharp = np.clip(p * 2 - 0.3, 0.01, 0.99)
    assert evaluation.slope(sharp, seen, seen.weight) < 0.8


def test_the_calibration_error_is_the_mean_gap_that_there_is(rng):
    n = 60_000
    p = rng.uniform(0.05, 0.95, n)
    truth = 0.5 + 0.5 * (p - 0.5)
    seen = Seen(rng.random(n) < truth, np.ones(n), np.arange(n))
    wanted = float(np.mean(np.abs(p - truth)))
    assert evaluation.ici(p, seen, seen.weight) == pytest.approx(wanted, abs=0.01)


def test_lift_is_the_share_among_the_highest_tenth_with_ties_in_proportion():
    case = np.zeros(100, dtype=bool)
    case[95:] = True
    seen = Seen(case, np.ones(100), np.arange(100))
    assert evaluation.lift(np.arange(100.0), seen, seen.weight) == pytest.approx(10)
    assert evaluation.lift(np.full(100, 0.3), seen, seen.weight) == pytest.approx(1)


def test_net_benefit_of_acting_on_all_and_on_none():
    case = np.array([True, False, False, False])
    seen = Seen(case, np.ones(4), np.arange(4))
    assert evaluation.net_benefit(np.ones(4), seen, seen.weight, 0.2) == pytest.approx(
        0.25 - 0.75 * 0.25
    )
    assert evaluation.net_benefit(np.zeros(4), seen, seen.weight, 0.2) == 0
    curve = pd.DataFrame(resampling.decision_curve({"a": np.zeros(4)}, seen, Deals.of(4, 1)))
    at = curve[np.isclose(curve["threshold"], 0.2)].set_index("model")["net_benefit"]
    assert at["act_on_all"] == pytest.approx(0.0625) and at["a"] == 0


def test_draws_of_all_scores_at_once_equal_scoring_each_draw(rng):
    """With whole deals drawn, and no more distinct p than groups, nothing is approximate."""
    n, deals = 300, 90
    deal = rng.integers(0, deals, n)
    p, w = np.round(rng.random(n), 1), rng.random(n) + 0.2
    seen = Seen(rng.random(n) < 0.3 + 0.4 * p, w, deal)
    drawn = Deals.of(deals, 3)
    samples = {metric: sample for metric, _, sample in resampling._by_rank(p, seen, drawn)}
    loss = drawn.sums(deal, w * (seen.case - p) ** 2) / drawn.sums(deal, np.ones(n))
    for draw in (0, 57, DRAWS - 1):
        rows = np.repeat(np.arange(n), drawn.drawn[draw].astype(int)[deal])
        again = Seen(seen.case[rows], w[rows], deal[rows])
        for metric, score in {
            "auc": evaluation.auc,
            "calibration_slope": evaluation.slope,
            "lift_top_tenth": evaluation.lift,
            "net_benefit": evaluation.net_benefit,
        }.items():
            wanted = score(p[rows], again, again.weight)
            assert samples[metric][draw] == pytest.approx(wanted, abs=1e-3), metric
        assert loss[draw] == pytest.approx(evaluation.brier(p[rows], again, again.weight))


def test_intervals_widen_when_the_rows_of_a_deal_repeat(rng):
    """Forty copies of each deal are no more evidence than one."""
    deal = np.repeat(np.arange(60), 40)
    p, case = np.repeat(rng.random(60), 40), np.repeat(rng.random(60) < 0.4, 40)

    def width(groups):
        seen = Seen(case, np.ones(2400), groups)
        deals = Deals.of(int(groups.max()) + 1, 1)
        rows = resampling.scores({"a": p, "b": np.full(2400, 0.4)}, seen, "b", deals)
        row = next(r for r in rows if (r["metric"], r["model"]) == ("brier", "a"))
        return row["high"] - row["low"]

    assert width(deal) > 4 * width(np.arange(2400))


def test_scores_say_when_events_are_few_and_all_have_intervals(rng):
    p, case = rng.random(200), rng.random(200) < 0.2
    seen = Seen(case, np.ones(200), np.arange(200))
    table = pd.DataFrame(
        resampling.scores({"a": p, "base": np.full(200, 0.2)}, seen, "base", Deals.of(200, 1))
    )
    assert table["is_thin"].all()
    own = table[table["model"] == "a"].set_index("metric")
    assert own[["low", "high"]].notna().all(axis=None)
    assert (own["low"] <= own["value"]).all() and (own["value"] <= own["high"] + 0.05).all()
    assert own.loc["brier_skill", "value"] < 0
    assert {"auc", "ici", "lift_top_tenth", "calibration_slope", "net_benefit"} <= set(own.index)


def test_rows_that_were_all_lost_have_no_scores():
    p, nobody = np.linspace(0.1, 0.9, 30), np.zeros(30)
    seen = Seen(nobody.astype(bool), nobody, np.arange(30))
    for row in resampling.scores({"a": p, "base": p}, seen, "base", Deals.of(30, 1)):
        assert np.isnan(row["value"]) or row["value"] == 0
        assert row["n"] == 0 and row["is_thin"]


def judged(lows, thin=False):
    """Rows of the evaluation: skill and its lower end of each model over each other."""
    rows = [
        {
            "metric": "brier_skill" if other == "aalen_johansen" else f"skill_over_{other}",
            "model": model,
            "cause": "no_decision",
            "horizon_days": 90,
            "slice": "all",
            "value": value,
            "low": low,
            "is_thin": thin,
        }
        for (model, other), (value, low) in lows.items()
    ]
    return pd.DataFrame(rows)


BEATEN = {
    ("boosting", "aalen_johansen"): (0.2, 0.1),
    ("logit", "aalen_johansen"): (0.15, 0.1),
    ("silence_rule", "aalen_johansen"): (0.1, 0.05),
    ("boosting", "logit"): (0.06, 0.01),
    ("boosting", "silence_rule"): (0.11, 0.05),
}


@pytest.mark.parametrize(
    ("change", "published", "reason"),
    [
        ({}, "boosting", "beats_baselines"),
        ({("boosting", "logit"): (0.01, -0.02)}, "logit", "not_better_than_logit"),
        (
            {
                ("boosting", "silence_rule"): (0.01, -0.02),
                ("logit", "aalen_johansen"): (0.05, -0.1),
            },
            "silence_rule",
            "not_better_than_silence_rule",
        ),
        (
            {
                ("boosting", "aalen_johansen"): (0.1, -0.1),
                ("logit", "aalen_johansen"): (0.1, -0.1),
                ("silence_rule", "aalen_johansen"): (0.1, -0.1),
            },
            "aalen_johansen",
            "not_better_than_aalen_johansen",
        ),
    ],
)
def test_the_model_is_published_only_when_it_beats_every_baseline(change, published, reason):
    assert judging.choice(judged({**BEATEN, **change})) == (published, reason, 90)


def test_too_few_events_publish_the_average_deal():
    found = judging.choice(judged(BEATEN, thin=True))
    assert found == ("aalen_johansen", "too_few_events_to_judge", 0)
