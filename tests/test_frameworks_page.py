"""The page on frameworks: what is sure is named, what is not dated or empty is told apart."""

import pytest

from reports import frameworks as page
from reports.formats import Formats
from reports.language import Words
from reports.marts import Marts
from reports.views import View
from tests.question_marts import SCRIPT, frameworks
from tests.test_reports import RUN


@pytest.fixture
def view():
    return View(Words.read("en"), Formats("EUR"), RUN)


def answers(view, tables):
    return " ".join(map(str, page.context(Marts(tables), view)["answers"]))


def test_a_sure_element_is_named_with_its_interval_and_caveat(view):
    said = answers(view, frameworks())
    assert "Economic buyer (MEDDPICC) goes with 1.60 times as many decisions" in said
    assert "1.30 to 1.97" in said and "Of 3 ratios looked at together" in said
    assert "not that filling in a field brings one" in said
    assert "Champion (MEDDPICC)" not in said


def test_nothing_sure_is_not_said_to_be_nothing(view):
    said = answers(view, frameworks(goes_with="level", p_holm=0.2))
    assert "<strong>no element</strong> goes with a decision" in said
    assert "That is not to say that none matters" in said


def test_the_naive_ratio_stands_beside_the_adjusted_one(view):
    said = answers(view, frameworks())
    assert "<strong>5.7 times</strong> as often" in said and "1.05 times as many" in said


def test_what_is_not_dated_or_empty_is_told_apart(view):
    said = answers(view, frameworks())
    assert "Not dated: cannot say</strong> for BANT" in said
    assert "<strong>Empty</strong>: own &lt;script&gt;" in said
    states = {row[0].text: row[1].text for row in page.record_table(Marts(frameworks()), view).rows}
    assert states == {
        "MEDDPICC": "answers with their days",
        "SPIN": "no field known",
        "Challenger": "no field known",
        "Command of the Message": "no field known",
        "BANT": "not dated: cannot say",
        f"own {SCRIPT}": "empty",
    }


def test_elements_without_dated_answers_carry_no_number(view):
    rows = {row[0].text: row for row in page.element_table(Marts(frameworks()), view).rows}
    assert rows["Need"][4].text == rows["Need"][5].text == "not dated: cannot say"
    assert rows["Pain"][4].text == "empty"
    assert rows["Economic buyer"][4].text.startswith("1.60")
    assert list(rows) == ["Economic buyer", "Pain", "Champion", "Need", f"fit {SCRIPT}"]


def test_too_few_is_an_answer(view):
    tables = frameworks()
    tables["frameworks_adjusted"]["verdict"] = "too_few"
    said = answers(view, tables)
    assert "Too few to say" in said and "1.60" not in said
    assert page.ratio_chart(Marts(tables), view) is None


def test_stages_stand_in_their_order(view):
    table = page.stage_table(Marts(frameworks()), view)
    assert [column.label for column in table.columns[1:]] == [f"Demo {SCRIPT}", "Proposal"]
    assert [[cell.text for cell in row[1:]] for row in table.rows] == [["0", "100"], ["100", "80"]]


def test_nothing_recorded_is_not_no_effect(view):
    told = page.context(Marts({}), view)
    assert "nothing recorded is not the same as no effect" in str(told["answers"][0])
    assert told["counts"] is told["stages"] is told["chart"] is None
