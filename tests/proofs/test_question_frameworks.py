"""The page on frameworks, asked of few companies: it names what matters, and nothing else."""

from tests.proofs import judging, questions

COMPANIES = {"something": 2, "nothing": 3}


def test_the_element_that_matters_is_named_and_where_none_does_none_is():
    companies = [
        {"scenario": name, **questions.trial(name, place)}
        for side, many in COMPANIES.items()
        for name in [f"frameworks/{side}"]
        for place in range(many)
    ]
    table = questions.table(companies, judging.Judge(exact=True))
    assert table["companies"].tolist() == list(COMPANIES.values())
    assert (table["answered"] == table["companies"]).all()
    assert (table["passed"] == "pass").all(), table[["contrast", "truth"]].to_string()
