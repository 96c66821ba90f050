"""The worklist's question in its reduced form: one company a side, on fixed seeds."""

import pytest

from tests.proofs import judging, questions


@pytest.fixture(scope="module")
def companies():
    names = ("worklist/something", "worklist/nothing")
    return [{"scenario": name, "place": 0, **questions.trial(name, 0)} for name in names]


def test_deals_are_let_go_where_that_truly_pays_and_only_there(companies):
    table = questions.table(companies, judging.Judge(exact=True))
    mine = table[table["contrast"] == "worklist"]
    assert len(mine) == 2
    assert (mine["passed"] == "pass").all(), companies
    something, nothing = companies
    assert something["let_go"] > 0
    assert something["lost_an_hour"] < something["lost_an_hour_above"]
    assert nothing["let_go"] == 0
