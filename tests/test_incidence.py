"""Aalen-Johansen, censoring and IPCW scores against brute force and an independent library."""

import numpy as np
import pytest

from models import evaluation
from models.evaluation import Seen
from models.incidence import aalen_johansen, censoring_survival, cumulative


@pytest.fixture
def rng():
    return np.random.default_rng(7)


def by_hand(time, cause, causes, last, w):
    """Aalen-Johansen by the definition, one time after the other."""
    survival, found = 1.0, np.zeros((last, causes))
    total = np.zeros(causes)
    for t in range(1, last + 1):
        risk = w[time >= t].sum()
        for k in range(causes):
            total[k] += survival * (w[(time == t) & (cause == k)].sum() / risk if risk else 0)
        ended = w[(time == t) & (cause >= 0)].sum()
        survival *= 1 - (ended / risk if risk else 0)
        found[t - 1] = total
    return found


def test_aalen_johansen_with_ties_and_weights(rng):
    time = rng.integers(1, 15, 300)
    cause = rng.integers(-1, 3, 300)
    w = rng.random(300) + 0.1
    found = aalen_johansen(time, cause, 3, 12, weights=w)
    assert np.allclose(found, by_hand(time, cause, 3, 12, w), atol=1e-12)


def test_one_cause_is_one_minus_kaplan_meier(rng):
    statsmodels = pytest.importorskip("statsmodels.duration.survfunc")
    time, event = rng.integers(1, 20, 400), rng.random(400) < 0.6
    oracle = statsmodels.SurvfuncRight(time, event)
    found = aalen_johansen(time, np.where(event, 0, -1), 1, 19)[:, 0]
    assert np.allclose(1 - found[oracle.surv_times.astype(int) - 1], oracle.surv_prob, atol=1e-9)


def test_competing_causes_equal_an_independent_library(rng):
    statsmodels = pytest.importorskip("statsmodels.duration.survfunc")
    time, cause = rng.integers(1, 12, 500), rng.integers(-1, 2, 500)
    oracle = statsmodels.CumIncidenceRight(time, cause + 1)
    found = aalen_johansen(time, cause, 2, 11)
    for k in range(2):
        assert np.allclose(found[np.asarray(oracle.times, int) - 1, k], oracle.cinc[k], atol=1e-6)


def test_incidences_and_survival_sum_to_one(rng):
    hazards = rng.dirichlet(np.ones(5), size=(50, 26))[..., :4]
    found = cumulative(hazards)
    survival = np.cumprod(1 - hazards.sum(axis=-1), axis=-1)
    assert np.allclose(found.sum(axis=-1) + survival, 1, atol=1e-12)
    assert (np.diff(found, axis=1) >= -1e-15).all()
    pursued = cumulative(hazards, without=2)
    assert (pursued[..., 2] == 0).all()
    assert (pursued[:, -1, 0] >= found[:, -1, 0] - 1e-12).all()


def test_certain_ends_leave_nobody():
    found = cumulative(np.array([[[1.0, 0.0], [0.5, 0.5]]]))
    assert found[0].tolist() == [[1.0, 0.0], [1.0, 0.0]]


def test_censoring_counts_events_first():
    time, censored = np.array([2, 2, 3]), np.array([False, True, True])
    assert censoring_survival(time, censored, 3).tolist() == [1.0, 1.0, 0.5, 0.0]


def test_ipcw_brier_is_unbiased_for_the_uncensored_score(rng):
    n = 40_000
    p = rng.random(n) * 0.6
    event = np.where(rng.random(n) < p, rng.integers(1, 31, n), 99)
    lost = rng.integers(1, 60, n)
    time = np.minimum(event, lost)
    cause = np.where(event <= lost, np.where(event <= 30, 0, -1), -1)
    truth = np.mean(((event <= 30) - p) ** 2)
    w, floored = evaluation.weights(time, cause, lost, 30)
    seen = Seen((cause == 0) & (time <= 30), w, np.arange(n))
    assert floored == 0
    assert evaluation.brier(p, seen, w) == pytest.approx(truth, abs=0.006)


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


def test_perfect_calibration_has_slope_one_and_bins_on_the_line(rng):
    n = 60_000
    p = rng.beta(2, 5, n)
    case = rng.random(n) < p
    seen = Seen(case, np.ones(n), np.arange(n))
    assert evaluation.slope(p, seen, seen.weight) == pytest.approx(1, abs=0.05)
    assert evaluation.ici(p, seen, seen.weight) < 0.01
    sharp = np.clip(p * 2 - 0.3, 0.01, 0.99)
    assert evaluation.slope(sharp, seen, seen.weight) < 0.8


def test_scores_say_when_events_are_few(rng):
    p, case = rng.random(200), rng.random(200) < 0.1
    seen = Seen(case, np.ones(200), np.arange(200))
    rows = evaluation.scores({"a": p, "base": np.full(200, 0.1)}, seen, "base", seed=1)
    assert all(row["is_thin"] for row in rows)
    skill = next(row for row in rows if row["metric"] == "brier_skill")
    assert skill["low"] <= skill["value"] <= skill["high"]
    assert skill["value"] < 0


def test_net_benefit_of_acting_on_all_and_on_none():
    case = np.array([True, False, False, False])
    seen = Seen(case, np.ones(4), np.arange(4))
    assert evaluation.net_benefit(np.ones(4), seen, seen.weight, 0.2) == pytest.approx(
        0.25 - 0.75 * 0.25
    )
    assert evaluation.net_benefit(np.zeros(4), seen, seen.weight, 0.2) == 0
