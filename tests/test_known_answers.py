"""The estimators on studies whose answers are known: NHEFS, ACIC 2016, LaLonde's failure, and the
patients of the tutorial on clone-censor-weight."""

import numpy as np
import pandas as pd
import pytest

from models.cloning import AT_ONCE
from models.courses import Course, Courses
from models.effects import ate
from models.propensity import Design, standardised
from models.refusal import overlap_verdicts
from models.strategies import compare_strategies
from models.trial import Rules
from models.weighting import outside_support


@pytest.fixture(scope="module")
def nhefs(shared_data):
    """Weight gain, quitting, and the covariates of What If, chapter 12."""
    frame = pd.read_csv(shared_data / "nhefs" / "NHEFS.csv").dropna(subset=["wt82"])
    smooth = ["age", "smokeintensity", "smokeyrs", "wt71"]
    levels = ["education", "exercise", "active"]
    x = pd.concat(
        [
            frame[["sex", "race", *smooth]],
            frame[smooth] ** 2,
            *(pd.get_dummies(frame[c], prefix=c, drop_first=True, dtype=float) for c in levels),
        ],
        axis=1,
    )
    return frame["wt82_71"].to_numpy(), frame["qsmk"].to_numpy(), x.to_numpy(dtype=float)


def test_nhefs_crude_difference(nhefs):
    assert ate(*nhefs, method="naive").estimate == pytest.approx(2.54, abs=0.01)


def test_nhefs_weighted_effect_is_the_published_one(nhefs):
    found = ate(*nhefs, method="ipw")
    assert found.estimate == pytest.approx(3.44, abs=0.1)
    assert found.low == pytest.approx(2.4, abs=0.25)
    assert found.high == pytest.approx(4.5, abs=0.25)


@pytest.mark.parametrize("method", ["overlap", "doubly_robust"])
def test_nhefs_other_methods_agree_with_standardisation(nhefs, method):
    found = ate(*nhefs, method=method)
    assert found.estimate == pytest.approx(3.5, abs=0.2)
    assert 2.2 < found.low < 2.8 and 4.2 < found.high < 4.8


def test_nhefs_weights_agree_with_an_outside_fit(nhefs):
    import statsmodels.api as sm

    y, quit_smoking, x = nhefs
    e = sm.Logit(quit_smoking, sm.add_constant(standardised(x))).fit(disp=0).predict()
    weights = np.where(quit_smoking == 1, 1 / e, 1 / (1 - e))
    outside = np.average(y[quit_smoking == 1], weights=weights[quit_smoking == 1]) - np.average(
        y[quit_smoking == 0], weights=weights[quit_smoking == 0]
    )
    assert ate(*nhefs, method="ipw").estimate == pytest.approx(outside, abs=0.1)


def test_acic_worlds_lose_most_of_their_bias(shared_data):
    frame = pd.get_dummies(
        pd.read_csv(shared_data / "acic2016" / "x.csv"), drop_first=True, dtype=float
    )
    smooth = [name for name in frame if frame[name].nunique() > 10]
    x = np.column_stack([frame.to_numpy(), standardised(frame[smooth].to_numpy()) ** 2])
    naive, robust, held = [], [], []
    for world in range(1, 6):
        drawn = pd.read_csv(shared_data / "acic2016" / f"zymu_{world}.csv")
        truth = (drawn["mu1"] - drawn["mu0"]).mean()
        y = np.where(drawn["z"] == 1, drawn["y1"], drawn["y0"])
        naive.append(ate(y, drawn["z"], x, method="naive").estimate - truth)
        found = ate(y, drawn["z"], x)
        robust.append(found.estimate - truth)
        held.append(found.low <= truth <= found.high)
    assert sum(held) >= 4  # each 95 % interval by chance, and by what the models cannot bend to
    naive, robust = np.abs(naive), np.abs(robust)
    assert naive.min() > 0.5
    assert (robust < 0.5 * naive).all(), (naive, robust)
    assert robust.mean() < 0.2 * naive.mean(), (
        naive,
        robust,
    )  # outcomes have a deviation of 5 to 6


@pytest.fixture(scope="module")
def lalonde(shared_data):
    return {
        name: pd.read_stata(shared_data / "lalonde" / f"{name}_mixtape.dta")
        for name in ("nsw", "cps")
    }


def _earnings(frame):
    x = frame[["age", "educ", "black", "hisp", "marr", "nodegree", "re74", "re75"]].astype(float)
    x = x.assign(age2=x["age"] ** 2, none74=x["re74"] == 0, none75=x["re75"] == 0)
    return frame["re78"].to_numpy(float), frame["treat"].to_numpy(float) > 0.5, x.to_numpy(float)


def test_lalonde_experiment_gives_the_experiments_effect(lalonde):
    y, treated, x = _earnings(lalonde["nsw"])
    assert ate(y, treated, x, method="naive").estimate == pytest.approx(1794, abs=1)
    assert ate(y, treated, x).estimate == pytest.approx(1794, abs=300)


def test_lalonde_with_survey_controls_is_refused(lalonde):
    both = pd.concat([lalonde["nsw"].query("treat == 1"), lalonde["cps"]], ignore_index=True)
    y, treated, x = _earnings(both)
    assert ate(y, treated, x, method="naive").estimate == pytest.approx(-8498, abs=1)
    design = Design(treated, standardised(x), np.arange(len(treated)))
    assert set(overlap_verdicts(design, Rules()).values()) == {"no_overlap"}
    assert min(outside_support(design)) > 0.5
    experiment = _earnings(lalonde["nsw"])
    kept = Design(experiment[1], standardised(experiment[2]), np.arange(len(experiment[1])))
    assert set(overlap_verdicts(kept, Rules()).values()) == {"ok"}


YEAR = 365.24
GRACE = 182.62
CONFOUNDERS = ["age", "sex", "emergency", "stage", "deprivation", "charlson", "perf"]


@pytest.fixture(scope="module")
def patients(shared_data):
    """Lung cancer: operated within six months or not, alive for a year (Maringe et al. 2020)."""
    return pd.read_csv(shared_data / "clone_censor_weight" / "toy_df.csv").sort_values("id")


def as_published(patients, is_surgery, is_weighted=True):
    """One-year survival and restricted mean of an arm as the tutorial has them, day by day.

    Clones are censored at six months without surgery, or at surgery; a Cox model says how likely
    that was, and its inverse weighs a Kaplan-Meier curve.
    """
    from statsmodels.duration.hazard_regression import PHReg

    operated = patients["surgery"].to_numpy() == 1
    followed = patients["fup_obs"].to_numpy()
    if is_surgery:
        leaves = ~operated & (followed > GRACE)
        end = np.where(leaves, GRACE, followed)
        exposed = np.minimum(end, GRACE)
    else:
        leaves = operated
        end = np.where(leaves, patients["timetosurgery"], followed)
        exposed = end
    died = (patients["death"].to_numpy() == 1) & ~leaves
    x = standardised(patients[CONFOUNDERS].to_numpy(dtype=float))
    relative = np.exp(x @ PHReg(exposed, x, status=leaves.astype(float), ties="efron").fit().params)
    times = np.unique(exposed[leaves])
    steps = [(leaves & (exposed == t)).sum() / relative[exposed >= t].sum() for t in times]
    hazard = np.concatenate([[0.0], np.cumsum(steps)])
    survival, mean, last = 1.0, 0.0, 0.0
    for day in np.unique(np.append(end[died], YEAR)):
        mean, last = mean + survival * (day - last), day
        weights = np.exp(hazard[np.searchsorted(times, day)] * relative) ** is_weighted
        survival *= 1 - weights[died & (end == day)].sum() / weights[end >= day].sum()
    return survival, mean


def as_courses(patients):
    """The patients: death is the event, surgery the act, by day for half a year."""
    n, last = len(patients), 53
    starts = 7.0 * np.arange(last)
    days = np.append(np.full(last - 1, 7.0), YEAR - starts[-1])
    never = np.full(n, last + 1)
    died = np.where(patients["death"] == 1, np.ceil(patients["fup_obs"] / 7), never).astype(int)
    operated = np.ceil(patients["timetosurgery"] / 7).fillna(last + 1).astype(int).to_numpy()
    alive = np.clip(patients["fup_obs"].to_numpy()[:, None] - starts, 0, days)
    over = np.fmin(patients["timetosurgery"], patients["fup_obs"]).to_numpy()[:, None]
    never_seen = np.full((n, last), 8)
    return Courses(
        rules=Course(grace=26, chase=26, last=last, gap_days=10_000),
        base=standardised(patients[CONFOUNDERS].to_numpy(dtype=float)),
        clusters=np.arange(n),
        seen=np.full(n, last),
        won=died,
        ended=never,
        walked=operated,
        free_days=np.clip(np.ceil(over - starts), 0, 7).astype(int),
        life_days=never_seen,
        touch_days=never_seen,
        wait_days=np.zeros((n, last), dtype=int),
        has_gap=np.zeros((n, last), dtype=bool),
        varying=np.zeros((n, 2 * last, 1)),
        amounts={"days_alive": alive},
        days=days,
    )


def test_clones_of_patients_fare_as_published(patients):
    """Weeks for days and logits for Cox models move survival by less than half a point (its
    standard error is four points), and the restricted mean by less than a day. The tutorial gives
    those operated one chance in the whole half year."""
    found = compare_strategies(as_courses(patients), 0, 0).means
    for arm, is_surgery in ((AT_ONCE, True), ("chase", False)):
        survival, mean = as_published(patients, is_surgery)
        assert 1 - found[arm]["account_win"] == pytest.approx(survival, abs=0.005), arm
        assert found[arm]["days_alive"] == pytest.approx(mean, abs=1.0), arm
    by_deadline = 1 - found["disqualify"]["account_win"]
    assert by_deadline == pytest.approx(as_published(patients, True)[0], abs=0.01)
    unweighted, _ = as_published(patients, is_surgery=False, is_weighted=False)
    assert abs(unweighted - survival) > 0.02
