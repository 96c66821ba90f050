"""Returns in the reduced proof: a date that brings back is found, one that does not is not."""

from tests.proofs import judging, questions

COMPANIES = 2


def test_a_date_is_found_to_bring_back_only_where_it_does():
    companies = [
        {"scenario": name, **questions.trial(name, place)}
        for name in ("returns/something", "returns/nothing")
        for place in range(COMPANIES)
    ]
    table = questions.table(companies, judging.Judge(exact=True))
    rows = table[table["contrast"] == "returns"]
    assert set(rows["outcome"]) == set(questions.SAID.values())
    assert (rows["passed"] == "pass").all(), companies
    of_bringing = [c["estimate"] for c in companies if c["scenario"] == "returns/something"]
    assert all(estimate > 0 for estimate in of_bringing)
