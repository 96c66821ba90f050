"""The stall model beside a model that knows the true hazards: `make prove`."""

import numpy as np
import pytest

from models import stall
from tests import known_hazards


@pytest.fixture(scope="module", params=[1, 2])
def known(request):
    return known_hazards.judged(6_000, seed=request.param)


def test_it_is_within_two_points_of_the_truth(known):
    fit, _ = known
    assert fit.published != "aalen_johansen"
    gap = known_hazards.at_90(fit, "brier_skill", "oracle") - known_hazards.at_90(
        fit, "brier_skill", fit.published
    )
    assert gap <= 0.02


def test_it_is_calibrated_where_the_truth_is(known):
    """The slope of the truth itself scatters with the test; the model's is measured beside it."""
    fit, _ = known
    slope = known_hazards.at_90(fit, "calibration_slope", fit.published)
    truth = known_hazards.at_90(fit, "calibration_slope", "oracle")
    assert 0.9 <= slope / truth <= 1.1


def test_bands_hold_the_truth(known):
    fit, tonight = known
    scored = stall.score(fit, tonight).query("horizon_days == 90").set_index("deal_id")
    scored = scored.loc[tonight["deal_id"]]
    truth = known_hazards.Oracle().no_decision(tonight, 90)
    held = (scored["p_no_decision_low"] <= truth) & (truth <= scored["p_no_decision_high"])
    assert np.mean(held) >= 0.8
