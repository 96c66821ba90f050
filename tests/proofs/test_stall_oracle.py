"""The stall model beside a model that knows the true hazards: `make prove`."""

import numpy as np
import pytest

from models import stall
from tests import known_hazards


@pytest.fixture(scope="module", params=[1, 2])
def known(request):
    """Deals enough that the boosting can be told from the logit, or the logit would be kept."""
    return known_hazards.judged(15_000, seed=request.param)


def behind(fit, model):
    """Points of skill that a model lies behind the true hazards."""
    own = known_hazards.at_90(fit, "brier_skill", model)
    return known_hazards.at_90(fit, "brier_skill", "oracle") - own


def test_what_is_published_is_within_two_points_of_the_truth(known):
    fit, _ = known
    assert fit.published == "boosting"
    assert behind(fit, fit.published) <= 0.02


def test_it_is_calibrated_against_the_truth(known):
    """The slope of the true risks of open deals on the foretold ones, which no chance tilts."""
    fit, tonight = known
    told, truth = foretold(fit, tonight)
    slope = np.cov(told["p_no_decision"], truth)[0, 1] / np.var(told["p_no_decision"], ddof=1)
    assert 0.9 <= slope <= 1.1


def test_bands_hold_the_truth(known):
    fit, tonight = known
    told, truth = foretold(fit, tonight)
    held = (told["p_no_decision_low"] <= truth) & (truth <= told["p_no_decision_high"])
    assert np.mean(held) >= 0.8


def test_the_expected_number_is_near_the_true_one(known):
    fit, tonight = known
    _, truth = foretold(fit, tonight)
    found = stall.expected(fit, tonight)
    half = (found["high"] - found["low"]) / 2
    assert abs(found["expected"] - truth.sum()) <= 1.5 * half


def foretold(fit, tonight):
    """Tonight's scores at 90 days, and the true risks, deal by deal."""
    scored = stall.score(fit, tonight).query("horizon_days == 90").set_index("deal_id")
    return scored.loc[tonight["deal_id"]], known_hazards.Oracle().no_decision(tonight, 90)
