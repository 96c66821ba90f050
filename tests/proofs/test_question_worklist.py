"""The worklist's question in its reduced form: one company a side, on fixed seeds."""

import pytest

from tests.proofs import judging, questions

# Not the first of something, where 3 deals are worth their hours: too few to say what they lose.
PLACES = {"worklist/something": 1_000, "worklist/nothing": 0}
LEAST_DEALS = 10  # beside which what is lost is more than the luck of one


@pytest.fixture(scope="module")
def companies():
    return [
        {"scenario": name, "place": place, **questions.trial(name, place)}
        for name, place in PLACES.items()
    ]


def test_deals_are_let_go_where_that_truly_pays_and_only_there(companies):
    table = questions.table(companies, judging.Judge(exact=True))
    mine = table[table["contrast"] == "worklist"]
    assert len(mine) == 2
    assert (mine["passed"] == "pass").all(), companies
    something, nothing = companies
    assert min(something["let_go"], something["above"]) >= LEAST_DEALS
    assert something["lost_an_hour"] < something["lost_an_hour_above"]
    assert nothing["let_go"] == 0
