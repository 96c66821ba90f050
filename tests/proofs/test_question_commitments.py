"""The page on promises, asked of few companies: it finds what is there, and nothing else."""

from tests.proofs import judging, questions

COMPANIES = {"something": 3, "nothing": 3}


def test_promises_that_bind_are_found_and_others_are_not():
    companies = [
        {"scenario": name, **questions.trial(name, place)}
        for side, many in COMPANIES.items()
        for name in [f"commitments/{side}"]
        for place in range(many)
    ]
    table = questions.table(companies, judging.Judge(exact=True))
    assert table["companies"].tolist() == list(COMPANIES.values())
    assert (table["answered"] == table["companies"]).all()
    assert (table["passed"] == "pass").all(), table[["contrast", "truth"]].to_string()
