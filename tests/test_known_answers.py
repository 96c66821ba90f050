"""The estimators on studies whose answers are known: NHEFS, ACIC 2016, and LaLonde's failure."""

import numpy as np
import pandas as pd
import pytest

from models.effects import ate
from models.propensity import Design, standardised
from models.refusal import overlap_verdicts
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
    naive, robust = [], []
    for world in range(1, 6):
        drawn = pd.read_csv(shared_data / "acic2016" / f"zymu_{world}.csv")
        truth = (drawn["mu1"] - drawn["mu0"]).mean()
        y = np.where(drawn["z"] == 1, drawn["y1"], drawn["y0"])
        naive.append(ate(y, drawn["z"], x, method="naive").estimate - truth)
        robust.append(ate(y, drawn["z"], x).estimate - truth)
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
    assert set(overlap_verdicts(design).values()) == {"no_overlap"}
    assert min(outside_support(design)) > 0.5
    experiment = _earnings(lalonde["nsw"])
    kept = Design(experiment[1], standardised(experiment[2]), np.arange(len(experiment[1])))
    assert set(overlap_verdicts(kept).values()) == {"ok"}
