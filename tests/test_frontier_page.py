"""What the page says of a rule for letting go where it may speak, and where it may not."""

import pandas as pd
import pytest

from reports import frontier
from reports.formats import Formats
from reports.language import Words
from reports.marts import Marts
from reports.views import View

VIEW = View(Words.read("en"), Formats("USD"), {})


def facts(**known):
    return {"frontier_facts": pd.DataFrame({"key": list(known), "value": list(known.values())})}


@pytest.mark.parametrize(
    ("known", "said"),
    [
        (
            {"verdict": "too_few", "sellers": "7", "wins": "12", "needed_sellers": "20"},
            "12 wins of 7 sellers",
        ),
        ({"verdict": "too_few_followed", "needed_followed": "50"}, "fewer than 50 were followed"),
        ({"verdict": "answered", "deals": "471"}, "471"),
        ({}, "Too few to say"),
    ],
)
def test_the_sentence_says_what_is_known_or_lacking(known, said):
    (sentence,) = frontier.frontier_sentences(VIEW, Marts(facts(**known)))
    assert said in sentence


def test_what_is_refused_has_no_table_and_no_chart():
    marts = Marts({})
    assert frontier.frontier_table(marts, VIEW) is None
    assert frontier.frontier_chart(marts, VIEW) is None
    assert frontier.second_looks_table(marts, VIEW) is None
