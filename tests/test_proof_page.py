"""The method page repeats what the proof on simulated companies says, also where it fails."""

from pathlib import Path

import pandas as pd
import pytest

from models.simulate import SCENARIOS
from reports import proof
from reports.formats import Formats
from reports.language import Words
from reports.views import View
from tests.proofs import judging, questions
from tests.test_reports import RUN


@pytest.fixture
def view():
    return View(Words.read("en"), Formats("EUR"), RUN)


def company(scenario, place, estimate, **checks):
    rows = [
        {
            "outcome": "account_win",
            "contrast": contrast,
            "method": method,
            "estimand": "per_protocol",
            "estimate": value,
            "low": None if value is None else value - 0.05,
            "high": None if value is None else value + 0.05,
            "verdict": "too_few" if value is None else "ok",
            "n": 900,
            "truth": 0.0,
        }
        for contrast, method, value in (
            ("disqualify_vs_chase", "clone_censor_weight", estimate),
            ("disqualify_early_vs_not", "naive", -0.2 if estimate is not None else None),
            ("disqualify_early_vs_not", "overlap", estimate),
        )
    ]
    told = {"scenario": scenario, "place": place, "verdict": "too_few", "rows": rows}
    return told | {"checks": checks}


def made(tmp_path: Path, companies) -> pd.DataFrame:
    judging.table(companies, "direct", judging.Judge()).to_csv(tmp_path / "proof.csv", index=False)
    return proof.rows(tmp_path / "proof.csv")


def test_what_holds_fails_and_is_open_is_said(tmp_path, view):
    noise = [0.01 * (place % 3 - 1) for place in range(30)]
    companies = [
        *(company("no_effect_confounded", place, error) for place, error in enumerate(noise)),
        *(company("harmful", place, 0.08 + error) for place, error in enumerate(noise)),
        *(company("bristle", place, error) for place, error in enumerate(noise[:5])),
        *(company("too_few", place, None) for place in range(30)),
        *(
            company("drift", place, error, moved=[], moved_without=[])
            for place, error in enumerate(noise)
        ),
    ]
    told = proof.context(view, made(tmp_path, companies))
    lines = {(row[0].text, row[2].text): row for row in told["proof"].rows}
    words = view.words
    headline = words.label("method", "clone_censor_weight")

    def result(scenario, judged=headline):
        return lines[words.label("scenario", scenario), judged][-1].text

    assert result("no_effect_confounded") == "holds"
    assert result("no_effect_confounded", words.label("method", "naive")) == "holds"
    assert result("harmful").startswith("fails (error")
    assert result("bristle").startswith("open")
    assert result("too_few") == "holds"
    assert result("drift", "Companies whose drift is seen") == "fails"
    # what nothing is asked of, and the other estimators, stay in the table of the repository
    assert not any(row[2].text == words.label("method", "overlap") for row in told["proof"].rows)
    failing = sum(row[-1].text.startswith("fails") for row in told["proof"].rows)
    assert f"{failing} fail" in told["proof_says"]
    assert lines[words.label("scenario", "harmful"), headline][-1].tone == "bad"


def test_without_a_proof_the_page_says_so(tmp_path, view):
    told = proof.context(view, proof.rows(tmp_path / "none.csv"))
    assert "has not been run" in told["proof_says"]
    assert told["proof"].rows == []


def test_every_scenario_and_demand_has_words(view):
    scenarios = {key.split(".")[1] for key in view.words.keys("scenario")}
    of_questions = {of for each in questions.questions().values() for of in each.sides.values()}
    assert scenarios == {name for name, each in SCENARIOS.items() if each.number} | of_questions
    asked = {
        judging.asked_of(name, method, "account_win")
        for name in SCENARIOS
        for method in ("clone_censor_weight", "naive")
    } - {""}
    said = {key.split(".")[1] for key in view.words.keys("proof_asked")}
    assert {word.replace(" ", "_") for word in asked} == said


def test_the_committed_proof_is_on_the_page(view):
    if not proof.PROOF.exists():
        assert "has not been run" in proof.context(view)["proof_says"]
        return
    told = proof.context(view)["proof"]
    failing = (proof.rows()["passed"] == "fail").sum()
    assert sum(row[-1].text.startswith("fails") for row in told.rows) == failing
