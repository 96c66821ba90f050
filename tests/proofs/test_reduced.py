"""The proof in its reduced form: few companies, fixed seeds, the rules of section 9 at 0.001."""

import os
from concurrent.futures import ProcessPoolExecutor

import pytest

from tests.proofs import judging, prove

COMPANIES = {
    "no_effect_confounded": 5,
    "no_effect": 5,
    "harmful": 3,
    "bristle": 1,
    "constant_effect": 1,
    "sellers_differ": 1,
    "no_overlap": 2,
    "hidden_quality": 2,
    "informative_censoring": 1,
    "clean_up": 1,
    "reasons_missing": 1,
    "leak": 1,
    "too_few": 2,
    "nothing_closed": 1,
    "one_cause_absent": 1,
    "one_week": 1,
    "doubled": 1,
    "late_effect": 1,
    "placebo_signal": 2,
    "permuted": 1,
}


@pytest.fixture(scope="module")
def companies():
    tasks = [("direct", name, place) for name, many in COMPANIES.items() for place in range(many)]
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        return list(pool.map(prove.one, tasks))


@pytest.fixture(scope="module")
def table(companies):
    return judging.table(companies, "direct", judging.Judge(exact=True))


def test_the_headline_keeps_the_rules(table):
    method = judging.headline(table["method"])
    asked = table[(table["method"] == method) & (table["asked"] != "")]
    assert set(asked["scenario"]) >= {"no_effect_confounded", "no_effect", "harmful", "no_overlap"}
    failing = asked[asked["passed"] == "fail"]
    assert failing.empty, failing[["scenario", "bias", "mc_error", "coverage", "why"]].to_string()


def test_nothing_is_said_where_nothing_can_be(table):
    rows = table[table["scenario"].isin(judging.MUST_REFUSE)]
    assert set(rows["scenario"]) == set(judging.MUST_REFUSE)
    assert (rows["answered"] == 0).all()


def test_the_naive_difference_is_fooled(table):
    """By confounding; what immortal time alone does shows in more companies than these."""
    rows = table[(table["method"] == judging.NAIVE) & (table["asked"] == "be fooled")]
    row = rows.set_index("scenario").loc["no_effect_confounded"]
    assert row["bias"] < -0.01 - 2 * row["mc_error"], row["bias"]


def test_what_a_scenario_asks_for_beside_estimates(table):
    checks = table[table["method"] == "check"]
    assert {"stalls unmoved", "alarm at a leak", "no alarm without"} <= set(checks["outcome"])
    failing = checks[checks["passed"] == "fail"]
    assert failing.empty, failing[["scenario", "outcome", "truth"]].to_string()


def test_no_company_is_answered_differently_twice(companies):
    again = prove.one(("direct", "too_few", 0))
    before = next(c for c in companies if c["scenario"] == "too_few" and c["place"] == 0)
    again.pop("seconds")
    assert again == {key: value for key, value in before.items() if key != "seconds"}
