"""Origins in the reduced proof: a supplier who holds is found, one who does not is not."""

from tests.proofs import judging, questions

COMPANIES = 2


def test_a_supplier_is_found_to_hold_only_where_it_does():
    companies = [
        {"scenario": name, **questions.trial(name, place)}
        for name in ("origins/something", "origins/nothing")
        for place in range(COMPANIES)
    ]
    table = questions.table(companies, judging.Judge(exact=True))
    rows = table[table["contrast"] == "origins"]
    assert set(rows["outcome"]) == set(questions.SAID.values())
    assert (rows["passed"] == "pass").all(), companies
    of_holding = [c["estimate"] for c in companies if c["scenario"] == "origins/something"]
    assert all(estimate < 0 for estimate in of_holding)
