"""Sensitivity formulas against published numbers and worlds whose hidden part is known."""

import math

import numpy as np
import pytest

from models import sensitivity
from models.effects import METHODS, Outcome, ate
from models.propensity import Design, codes, standardised
from models.sensitivity import Interval


def design_of(treated, x, sellers=25, seed=1):
    generator = np.random.default_rng(seed)
    return Design(treated, standardised(x), codes(generator.integers(0, sellers, len(treated))))


def confounded(n=4000, effect=0.0, hidden=False, seed=2):
    """A linear world in which two alike confounders act; the second may be hidden."""
    generator = np.random.default_rng(seed)
    x = generator.normal(size=(n, 2))
    treated = generator.random(n) < 1 / (1 + np.exp(-0.7 * x.sum(axis=1)))
    y = effect * treated + x.sum(axis=1) + generator.normal(size=n)
    seen = x[:, [0]] if hidden else x
    noise = generator.normal(size=(n, 1))
    return design_of(treated, np.column_stack([seen, noise])), Outcome.of(y)


# VanderWeele and Ding 2017: smoking and lung cancer, and breastfeeding and infant death
@pytest.mark.parametrize(("ratio", "published"), [(10.73, 20.95), (3.9, 7.26), (1.0, 1.0)])
def test_e_value_is_the_published_one(ratio, published):
    assert sensitivity.e_value(ratio) == pytest.approx(published, abs=0.01)
    assert sensitivity.e_value(1 / ratio) == pytest.approx(published, abs=0.01)


def test_e_value_of_an_interval_reads_the_end_next_to_one():
    assert sensitivity.e_value_of_limit(Interval(3.9, 1.8, 8.7)) == pytest.approx(3.0)
    assert sensitivity.e_value_of_limit(Interval(0.5, 0.3, 0.8)) == sensitivity.e_value(0.8)
    assert sensitivity.e_value_of_limit(Interval(1.2, 0.9, 1.5)) == 1
    assert math.isnan(sensitivity.e_value(-0.1))


def test_robustness_value_is_the_published_one():
    # Cinelli and Hazlett 2020, Darfur: t = 4.18, 783 degrees of freedom, 13.9 %
    assert sensitivity.robustness_value(4.184, 783) == pytest.approx(0.139, abs=0.001)


def test_robustness_value_confounder_of_that_size_removes_the_estimate():
    design, outcome = confounded(effect=0.5)
    found = sensitivity.regression(design, outcome)
    share = sensitivity.robustness_value(found.t, found.dof)
    bias = found.error * math.sqrt(found.dof) * math.sqrt(share * share / (1 - share))
    assert bias == pytest.approx(abs(found.estimate))


def test_regression_agrees_with_an_outside_fit():
    import statsmodels.api as sm

    design, outcome = confounded(effect=0.5)
    x = sm.add_constant(np.column_stack([design.treated.astype(float), design.x]))
    outside = sm.OLS(outcome.values, x).fit()
    found = sensitivity.regression(design, outcome)
    assert found.estimate == pytest.approx(outside.params[1])
    assert found.error == pytest.approx(outside.bse[1])
    assert found.dof == outside.df_resid


def test_hidden_confounder_as_strong_as_the_one_seen_is_taken_off():
    design, outcome = confounded(effect=-0.5, hidden=True)
    biased = sensitivity.regression(design, outcome).estimate
    assert biased > 0
    bounded = sensitivity.as_strong_as(design, outcome, column=0).estimate
    assert bounded == pytest.approx(-0.5, abs=0.2)
    harmless = sensitivity.as_strong_as(design, outcome, column=1).estimate
    assert harmless == pytest.approx(biased, abs=0.05)


def test_risk_ratio_interval_is_that_of_its_logarithm():
    generator = np.random.default_rng(4)
    n = 6000
    treated = generator.random(n) < 0.5
    y = generator.random(n) < np.where(treated, 0.3, 0.2)
    found = sensitivity.risk_ratio(
        ate(y, treated, generator.normal(size=(n, 1)), np.arange(n) % 600)
    )
    assert found.low < 1.5 < found.high
    error = math.sqrt(0.7 / (0.3 * n / 2) + 0.8 / (0.2 * n / 2))
    assert math.log(found.high / found.low) / (2 * 1.96) == pytest.approx(error, rel=0.15)


def test_bounds_of_deals_let_go_hold_the_truth():
    generator = np.random.default_rng(6)
    n = 6000
    quality, judged = generator.normal(size=n), generator.normal(size=n)  # judged: only sellers see
    treated = generator.random(n) < 1 / (1 + np.exp(quality + judged))
    pursued = generator.random(n) < 1 / (1 + np.exp(1 - quality - judged))
    won = np.where(treated, pursued & (generator.random(n) < 0.5), pursued)
    truth = won[treated].mean() - pursued[treated].mean()
    design = design_of(treated, quality[:, None])
    never, alike = sensitivity.let_go_bounds(design, Outcome.of(won.astype(float)))
    assert never.estimate == pytest.approx(won[treated].mean())
    assert alike.estimate < truth < never.estimate
    assert alike.low < alike.estimate < alike.high


def test_look_alikes_are_right_when_nothing_is_hidden():
    generator = np.random.default_rng(7)
    n = 8000
    quality = generator.normal(size=n)
    treated = generator.random(n) < 1 / (1 + np.exp(quality))
    won = generator.random(n) < 1 / (1 + np.exp(1 - quality)) - 0.1 * treated
    alike = sensitivity.let_go_bounds(
        design_of(treated, quality[:, None]), Outcome.of(won.astype(float))
    )[1]
    assert alike.estimate == pytest.approx(-0.1, abs=0.03)


def test_look_alikes_are_right_when_the_outcome_model_is_not():
    generator = np.random.default_rng(8)
    n = 8000
    quality = generator.normal(size=n)
    treated = generator.random(n) < 1 / (1 + np.exp(1.2 - quality))
    y = quality**2 + generator.normal(size=n)  # no straight line in quality says this
    design = design_of(treated, quality[:, None])
    alike = sensitivity.let_go_bounds(design, Outcome.of(y))[1]
    assert alike.low - 0.05 < 0 < alike.high + 0.05
    assert abs(alike.estimate) < 0.2 < y[treated].mean() - y[~treated].mean()


def test_arms_dealt_out_anew_show_nothing():
    design, outcome = confounded(n=1500, effect=1.0)
    found = sensitivity.permuted(design, outcome, METHODS["overlap"], draws=60)
    assert found.low < 0 < found.high
    assert abs(found.estimate) < 0.1
    again = sensitivity.permuted(design, outcome, METHODS["overlap"], draws=60)
    assert again == found


def test_trimming_keeps_ever_fewer_rows():
    design, outcome = confounded(effect=1.0)
    found = sensitivity.trimmed(design, outcome, METHODS["doubly_robust"], (0.0, 0.1, 0.3, 0.5))
    counts = [n for _, n, _ in found]
    assert counts[0] == 4000 and counts == sorted(counts, reverse=True)
    assert found[3][2] is None
    for _, _, effect in found[:3]:
        assert effect.low - 0.05 < 1.0 < effect.high + 0.05
