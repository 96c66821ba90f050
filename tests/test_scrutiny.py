"""What the page about stalling says of doubt: parts, worth, drift, g, and too little history."""

import pandas as pd
import pytest

from reports import scrutiny, steadiness, wording
from reports.formats import Formats
from reports.language import Words
from reports.marts import Marts
from reports.views import View

VIEW = View(Words.read("en"), Formats("EUR"), {})
MODEL = {"published_model": "logit", "decided_at_days": "90"}


def card(**facts):
    facts = {**MODEL, **facts}
    return pd.DataFrame({"key": list(facts), "value": list(facts.values())})


def metric(name, model, value, low, high, part="all", thin=False):
    return {
        "metric": name,
        "model": model,
        "cause": "no_decision",
        "horizon_days": 90,
        "slice": part,
        "value": value,
        "low": low,
        "high": high,
        "n": 120,
        "events": 20 if thin else 80,
        "is_thin": thin,
    }


def marts(*rows, **tables):
    return Marts({"model_evaluation": pd.DataFrame(rows), "model_card": card(), **tables})


def texts(table):
    return [[(cell.text, cell.detail) for cell in row] for row in table.rows]


def test_a_simpler_model_that_is_published_says_why_with_its_interval():
    found = marts(
        metric("brier_skill", "logit", 0.16, 0.12, 0.2),
        metric("brier_skill", "boosting", 0.17, 0.13, 0.2),
        metric("skill_over_logit", "boosting", 0.01, -0.03, 0.04),
    )
    said = scrutiny.choice_sentence(VIEW, found)
    assert said is not None and "simpler “Multinomial logit”" in said.striptags()
    assert "−3.0" in said.striptags()
    assert "simpler rule did better" not in wording.skill_sentence(VIEW, found)
    assert (
        scrutiny.choice_sentence(VIEW, marts(model_card=card(published_model="boosting"))) is None
    )


def test_rivals_show_what_is_beaten_beyond_the_luck_of_the_draw():
    found = marts(
        metric("brier_skill", "logit", 0.16, 0.12, 0.2),
        metric("brier_skill", "boosting", 0.17, 0.13, 0.2),
        metric("skill_over_logit", "boosting", 0.01, -0.03, 0.04),
        metric("skill_over_silence_rule", "logit", 0.06, 0.02, 0.1),
    )
    rows = texts(scrutiny.rivals_table(found, VIEW))
    assert [row[1][0] for row in rows] == ["Gradient boosting", "Multinomial logit"]
    assert rows[0][4] == ("1.0\u202f%", "−3.0\u202f% to 4.0\u202f%")


def test_parts_are_named_in_order_and_thin_ones_greyed():
    found = marts(
        metric("brier_skill", "logit", 0.1, 0.0, 0.2, "team:Seoul", thin=True),
        metric("brier_skill", "logit", 0.1, 0.0, 0.2, "age:0-29"),
        metric("brier_skill", "logit", 0.1, 0.0, 0.2, "age:180-"),
        metric("brier_skill", "logit", 0.1, 0.0, 0.2, "age:30-89"),
        metric("brier_skill", "logit", 0.1, 0.0, 0.2, "reason_given"),
        metric("brier_skill", "boosting", 0.1, 0.0, 0.2, "pipeline:New"),
        metric("brier_skill", "logit", 0.1, 0.0, 0.2),
    )
    table = scrutiny.parts_table(found, VIEW)
    assert [row[0].text for row in table.rows] == [
        "All of the test",
        "The CRM gives a reason",
        "Age 0 to 29 days",
        "Age 30 to 89 days",
        "Age 180 days and more",
        "Team Seoul",
    ]
    assert {cell.tone for cell in table.rows[-1] if cell.text} == {"thin"}
    assert {cell.tone for cell in table.rows[0]} == {""}


def moved(**rows):
    """marts.drift with these features, and whether each moved."""
    return pd.DataFrame(
        {
            "feature": list(rows),
            "idea": ["calibration" if "calibration" in name else "silence" for name in rows],
            "then": "1",
            "now": "2",
            "measure": 0.2,
            "low": None,
            "high": None,
            "p": 0.01,
            "is_moved": list(rows.values()),
        }
    )


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ({}, "cannot be told yet"),
        ({"silence_days": False, "calibration_90": False}, "Nothing has moved"),
        ({"silence_days": True, "touches_1w": False}, "1 of 2 features have moved"),
        ({"silence_days": False}, "percentages still mean what they meant cannot be told"),
        ({"calibration_90": False}, "Its percentages still mean what they meant: "),
        ({"silence_days": False, "calibration_90": True}, "percentages no longer mean"),
        ({"silence_days": True, "calibration_90": True}, "Read them as an order"),
    ],
)
def test_drift_is_said_in_a_sentence(rows, said):
    found = steadiness.drift_sentences(VIEW, marts(drift=moved(**rows)))
    assert said in " ".join(sentence.striptags() for sentence in found)


def test_what_moved_stands_first_and_is_marked():
    table = steadiness.drift_table(
        marts(drift=moved(touches_1w=False, silence_days=True, calibration_60=True)), VIEW
    )
    assert table.rows[0][0].text == "Days of silence"
    assert [row[0].tone for row in table.rows] == ["bad", "", "bad"]
    near = moved(a=False, b=False, c=False).assign(p=[0.9, 0.2, 0.2], measure=[0.3, 0.1, 0.2])
    nearest = steadiness.drift_table(marts(drift=near), VIEW)
    assert [row[0].text for row in nearest.rows] == ["c", "b", "a"]
    assert table.rows[-1][0].text.endswith("60 days ahead")


def test_with_too_little_history_the_page_says_what_is_missing_and_when_it_will_do():
    have = '{"deals": 12, "needed_deals": 20, "no_decision_events": 3, %s}'
    need = '"needed_no_decision_events": 50'
    plain = scrutiny.cold_sentences(VIEW, marts(model_card=card(missing=have % need)))
    assert len(plain) == 1 and "12 deals, of which 3 stalled" in plain[0].striptags()
    dated = have % (need + ', "enough_on": "2027-05-01", "months_needed": 6')
    assert (
        "on 2027-05-01"
        in scrutiny.cold_sentences(VIEW, marts(model_card=card(missing=dated)))[1].striptags()
    )
    months = marts(model_card=card(missing=have % need, months_needed="6.2"))
    assert "6 more months" in scrutiny.cold_sentences(VIEW, months)[1].striptags()
    assert scrutiny.cold_sentences(VIEW, marts()) == []
    assert scrutiny.cold_sentences(VIEW, marts(model_card=card(missing='{"deals": 1}'))) == []


def test_clean_up_closings_are_counted_in_words():
    days = pd.DataFrame({"deals": [12, 30], "stalled": [5, 20], "closed_on": ["a", "b"]})
    said = scrutiny.cleanup_sentence(VIEW, marts(cleanup_days=days))
    assert said is not None and "42 deals were closed in clean-ups, on 2 days" in said.striptags()
    assert "25 of these deals had stalled" in said and "of 17 it is only known" in said
    assert scrutiny.cleanup_sentence(VIEW, marts()) is None
