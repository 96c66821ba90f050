"""Options in their reduced form: found where they make buyers drift, and only there."""

from tests.proofs import judging, questions

COMPANIES = 2


def test_options_are_told_from_what_goes_with_them():
    companies = [
        {"scenario": name, **questions.trial(name, place)}
        for name in ("options/something", "options/nothing")
        for place in range(COMPANIES)
    ]
    table = questions.table(companies, judging.Judge(exact=True))
    rows = table[table["contrast"] == "options"]
    assert set(rows["outcome"]) == set(questions.SAID.values())
    assert (rows["passed"] == "pass").all(), companies
