"""The page on the buyer's promises: its words follow the interval, and carry the caveat."""

import pandas as pd
import pytest

from reports import commitments
from reports.formats import Formats
from reports.language import Words
from reports.marts import Marts
from reports.views import View
from tests.question_marts import SCRIPT, promises
from tests.test_reports import RUN, _table, _worklist


@pytest.fixture
def view():
    return View(Words.read("en"), Formats("EUR"), RUN)


def answers(view, **changes):
    told = commitments.context(Marts(promises(**changes)), view)["answers"]
    return " ".join(map(str, told))


@pytest.mark.parametrize(
    ("decided", "said"),
    [
        ((1.42, 1.1, 1.83), "<strong>1.42 times as often</strong>"),
        ((0.7, 0.5, 0.9), "<strong>less often</strong>: 0.70 times"),
        ((1.1, 0.9, 1.3), "than these data can tell from nothing"),
    ],
)
def test_the_interval_decides_the_words(view, decided, said):
    assert said in answers(view, decided=decided)


def test_the_caveat_stands_in_the_sentence_itself(view):
    first = str(commitments.association_sentences(view, Marts(promises()))[0])
    assert "already deciding" in first and "not that asking for a promise brings one" in first


def test_fewer_stalls_are_partly_so_by_definition(view):
    said = answers(view, stalls=(0.6, 0.4, 0.8))
    assert "0.60 times as often" in said and "by definition" in said


@pytest.mark.parametrize(
    ("verdict", "said"),
    [("too_few", "Too few to say"), ("not_recorded", "Not recorded")],
)
def test_without_an_answer_there_is_no_number(view, verdict, said):
    found = answers(view, verdict=verdict)
    assert said in found and "1.42" not in found


def test_only_deals_whose_source_records_promises_are_counted(view):
    page = commitments.context(Marts(promises()), view)
    assert "<strong>13</strong> of 18 open deals" in str(page["answers"][-1])
    assert page["missing"] == [
        "5 open deals come from a source that records no promise of a buyer's; they are not "
        "counted as being without one."
    ]
    stages = [row[1].text for row in page["open_deals"].rows]
    assert stages == ["Demo", "Proposal"]
    assert page["open_deals"].rows[0][0].text == f"North {SCRIPT}"


def test_deals_that_ask_for_a_move_without_a_promise_are_counted(view):
    worklist = _worklist()
    asking = set(worklist.loc[worklist["move"] != "keep", "deal_id"])
    assert 0 < len(asking) < len(worklist)
    bare = _table("deal_id", *((deal_id,) for deal_id in worklist["deal_id"]))
    marts = {**promises(), "worklist": worklist}
    marts["deals_without_commitment"] = marts["deals_without_commitment"].head(0)
    marts["deals_without_commitment"] = pd.concat(
        [marts["deals_without_commitment"], bare], ignore_index=True
    )
    said = str(commitments.open_sentences(view, Marts(marts))[-1])
    assert f"that ask for a move, <strong>{len(asking)}</strong> have none" in said


def test_kept_in_time_is_a_share_of_those_whose_day_has_come(view):
    said = commitments.counts_sentences(view, Marts(promises()))
    assert "Of 100 promises" in said[0] and "50" in said[0]


def test_the_chart_has_a_line_at_one_and_a_table(view):
    chart = commitments.ratio_chart(Marts(promises()), view)
    assert chart.figure["layout"]["shapes"][0]["x0"] == 1
    assert chart.figure["layout"]["xaxis"]["type"] == "log"
    assert len(chart.table.rows) == 4
    assert commitments.ratio_chart(Marts(promises(verdict="too_few")), view) is None
