"""Practice in its reduced form: teams that differ are told apart, teams alike are not."""

import pytest

from tests.proofs import judging, questions

COMPANIES = 2


@pytest.fixture(scope="module")
def companies():
    return [
        {
            "scenario": f"practice/{side}",
            "place": place,
            **questions.trial(f"practice/{side}", place),
        }
        for side in ("something", "nothing")
        for place in range(COMPANIES)
    ]


def test_teams_that_differ_are_found_and_teams_alike_are_not(companies):
    table = questions.table(companies, judging.Judge(exact=True))
    mine = table[table["contrast"] == "practice"]
    assert list(mine["companies"]) == [COMPANIES, COMPANIES]
    assert list(mine["passed"]) == ["pass", "pass"], mine.to_string()


def test_teams_that_differ_are_no_accident(companies):
    p = {each["scenario"]: [] for each in companies}
    for each in companies:
        p[each["scenario"]].append(each["p"])
    assert max(p["practice/something"]) < 0.01
    assert min(p["practice/nothing"]) > 0.01
