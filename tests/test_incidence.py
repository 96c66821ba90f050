"""Aalen-Johansen and censoring against brute force and independent libraries."""

import duckdb
import greenwood
import numpy as np
import pandas as pd
import pytest

from models.incidence import aalen_johansen, censoring_survival, cumulative
from pipelines import tables, train


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


def test_a_competing_cause_equals_the_library_of_incidences(rng):
    time, cause = rng.integers(1, 25, 400), rng.integers(0, 4, 400)
    states = ["open", "a", "b", "c"]
    event = pd.Categorical.from_codes(cause, states)
    frame = greenwood.AalenJohansen().fit(greenwood.Surv(time, event)).to_frame(format="pandas")
    found = aalen_johansen(time, cause - 1, 3, 24)
    for k, name in enumerate(states[1:]):
        own = frame[frame["cause"] == name]
        place = own["time"].to_numpy().astype(int) - 1
        assert np.allclose(found[place, k], own["estimate"], atol=1e-6)


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


@pytest.mark.parametrize("seed", [1, 2])
def test_stalled_deals_won_later_equal_the_library_with_their_interval(seed):
    """marts.stall_by_g: Aalen-Johansen, its delta-method error and its log(-log) limits."""
    rng = np.random.default_rng(seed)
    n = 250
    days, fate = rng.integers(1, 40, n), rng.choice(["open", "won", "lost"], n, p=[0.3, 0.2, 0.5])
    given = pd.DataFrame(
        {"deal_id": [f"d{k}" for k in range(n)], "source": "s", "status": fate, "fate": fate}
    )
    given["stalled_day"] = np.where(fate == "open", 100 - days, 50)
    given["closed_day"] = pd.Series(50 + days).where(given["fate"].ne("open")).astype("Int64")
    given["outcome"] = given["rule"] = given["fate"]
    con = duckdb.connect()
    con.execute("create schema core")
    con.register("given", given)
    for table, select in {
        "parameters": "100 as as_of_day, 365 as return_days",
        "capabilities": "'s' as source, 'activity_direction' as capability, 'native' as value",
        "deals": "deal_id, source, status, closed_day from given",
        "outcomes": "deal_id, outcome, rule from given",
        "stalls_by_g": "deal_id, cast(1 as double) as g_factor, stalled_day, null as broken_day "
        "from given",
    }.items():
        con.execute(f"create table core.{table} as select {select}")
    found = con.sql(tables.queries()["marts.stall_by_g"].sql).df()
    con.close()
    row = found.query("g_factor == 1 and measure == 'resurrection_share'").iloc[0]
    event = pd.Categorical(fate, ["open", "won", "lost"])
    fit = greenwood.AalenJohansen(conf_type="log-log").fit(greenwood.Surv(days, event))
    oracle = fit.to_frame(format="pandas").query("cause == 'won'").iloc[-1]
    assert row["value"] == pytest.approx(oracle["estimate"], abs=1e-6)
    assert row["low"] == pytest.approx(oracle["conf_low"], abs=1e-6)
    assert row["high"] == pytest.approx(oracle["conf_high"], abs=1e-6)


def test_a_clean_up_closing_counts_from_the_middle_of_the_days_it_can_have_been_decided_on():
    con = duckdb.connect()
    con.execute("create schema core")
    names = ["cleaned", "stalled", "answered today", "ordinary"]
    for table, select in {
        "deals": "n as deal_id, 's' as source, 'p' as pipeline, 0 as created_day, "
        "100 as closed_day",
        "outcomes": "n as deal_id, 'no_decision' as outcome, 'r' as rule, "
        "case when n = 'stalled' then 40 end as stalled_day, n <> 'ordinary' as is_cleanup, "
        "case when n = 'stalled' then 40 else 100 end as event_day",
        "silences": "n as deal_id, unnest([0, case when n = 'answered today' then 100 else 60 end])"
        " as start_day",
    }.items():
        con.execute(
            f"create table core.{table} as select {select} from unnest($1) as t(n)", [names]
        )
    found = dict(con.sql(train.DEALS).df()[["deal_id", "event_day"]].itertuples(index=False))
    con.close()
    assert found == {"cleaned": 80, "stalled": 40, "answered today": 100, "ordinary": 100}
