"""Pushing in its reduced form: found where touches harm, and not where sellers push what stalls."""

from tests.proofs import judging, questions

COMPANIES = 2


def test_pushing_is_told_from_what_goes_with_it():
    companies = [
        {"scenario": name, **questions.trial(name, place)}
        for name in ("push/something", "push/nothing")
        for place in range(COMPANIES)
    ]
    table = questions.table(companies, judging.Judge(exact=True))
    rows = table[table["contrast"] == "push"]
    assert set(rows["outcome"]) == set(questions.SAID.values())
    assert (rows["passed"] == "pass").all(), companies
    # What meets the eye is fooled in both.
    assert {company["naive"] for company in companies} == {"fewer"}
    assert all(c["ratio"] < 1 for c in companies if c["scenario"] == "push/something")
