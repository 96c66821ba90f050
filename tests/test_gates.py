"""The gates of the comparison are settings: loosened ones let numbers through, and are told."""

import pandas as pd
import pytest

from models.comparison import compare
from models.refusal import evidence
from models.trial import Rules, compared
from pipelines import checks
from pipelines.settings import Settings
from reports.formats import Formats
from reports.language import Words
from reports.marts import Marts
from reports.views import View
from reports.wording import loosened_sentences, strategy_sentence
from tests.test_comparison import FEW, NO_BACKLOG, NO_FRESH, company, row

GATES = (
    *("min_sellers", "min_sellers_arm", "min_events", "min_effective"),
    *("max_outside_all", "max_outside_doubt"),
)


def test_settings_and_rules_have_the_same_gates():
    settings, rules = Settings().comparison.model_dump(), vars(Rules())
    assert {name: settings[name] for name in GATES} == {name: rules[name] for name in GATES}
    assert Rules.of(settings) == Rules()
    assert Rules().lowered == {}


@pytest.mark.parametrize(
    "given",
    [
        {"min_sellers": 2},
        {"min_events": 5},
        {"min_effective": 1},
        {"max_outside_all": 0.6, "max_outside_doubt": 0.7},
        {"max_outside_doubt": 0.9},
        {"max_outside_all": 0.45, "max_outside_doubt": 0.4},
        {"min_sellers": 20, "min_sellers_arm": 30},
    ],
)
def test_gates_have_bounds_below_which_no_number_means_anything(given):
    with pytest.raises(ValueError):
        Settings.model_validate({"comparison": given})


def test_every_gate_of_size_refuses_by_itself():
    points = company(3, deals=900, sellers=30)
    usual = evidence(compared(points, Rules()), Rules())
    assert usual.is_enough
    for name, value in (
        ("min_sellers", usual.sellers + 1),
        ("min_sellers_arm", min(usual.sellers_by_arm) + 1),
        ("min_events", min(usual.wins_by_arm) + 1),
    ):
        rules = Rules.of({name: value})
        assert not evidence(compared(points, rules), rules).is_enough, name
        just = Rules.of({name: value - 1})
        assert evidence(compared(points, just), just).is_enough, name


def test_a_lowered_minimum_lets_a_number_through_and_is_told():
    points = company(5, deals=500, sellers=14)
    refused = compare(points, FEW, NO_FRESH, NO_BACKLOG)
    assert row(refused)["verdict"] == "too_few"
    assert refused.facts["lowered"] == {}
    lowered = {**FEW, "min_sellers": 12, "min_events": 20}
    said = compare(points, lowered, NO_FRESH, NO_BACKLOG)
    assert row(said)["verdict"] == "ok"
    assert said.facts["lowered"] == {"min_sellers": [12, 20], "min_events": [20, 50]}


@pytest.mark.parametrize(
    ("given", "verdicts"),
    [
        ({}, ("ok", "no_overlap")),
        ({"max_outside_all": 0.5}, ("ok", "ok")),
        ({"min_effective": 10_000}, ("no_overlap", "no_overlap")),
    ],
)
def test_gates_of_overlap_are_read_from_the_settings(given, verdicts):
    found = compare(company(5, confounding=3.0), {**FEW, **given}, NO_FRESH, NO_BACKLOG)
    assert tuple(row(found, method=m)["verdict"] for m in ("overlap", "ipw")) == verdicts


def test_pages_quote_the_gates_in_force():
    found = compare(company(5, deals=200, sellers=8), FEW, NO_FRESH, NO_BACKLOG)
    settings = {"comparison": {"min_sellers": 25, "min_events": 60}}
    view = View(Words.read("en"), Formats("EUR"), {"settings": settings})
    marts = Marts({"strategy_comparison": found.strategy_comparison})
    assert "at least 25 sellers and 60 such purchases" in strategy_sentence(view, marts)
    assert loosened_sentences(view, marts) == []
    told = pd.DataFrame({"key": ["lowered"], "value": ['{"min_events": [20, 50]}']})
    (sentence,) = loosened_sentences(view, Marts({"trial_facts": told}))
    assert "is 20, where 50 is usual" in sentence and "loosened" in sentence


@pytest.mark.parametrize(("least", "is_warned"), [(3, True), (2, False)])
def test_the_nightly_check_counts_sellers_against_the_setting(con, least, is_warned):
    con.execute(f"create table core.parameters as select {least} as min_sellers")
    con.execute(
        "create table features.decision_points as select * from "
        "(values ('a', true), ('b', true), ('c', false)) t (seller_id, is_eligible)"
    )
    check = next(c for c in checks.checks() if c.name == "sellers_enough")
    assert check.run(con).passed is not is_warned
