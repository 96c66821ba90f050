"""The specification curve on the page: each point with its choices, one headline, and a table."""

import numpy as np
import pandas as pd
import pytest

from models.specifications import TYPES
from reports import specifications
from reports.formats import Formats
from reports.language import Words
from reports.marts import Marts
from reports.strategies import sensitivity_table
from reports.views import View

RUN = {"settings": {"comparison": {"placebo_days": 30, "max_points": 50_000}}}


@pytest.fixture
def view():
    return View(Words.read("en"), Formats("EUR"), RUN)


def frame(*rows):
    return pd.DataFrame(rows, columns=list(TYPES)).astype(TYPES)


def marts(**tables):
    told = frame(
        ("as_set", "overlap", 180, -0.02, -0.05, 0.01, 900, "ok", False),
        ("as_set", "clone_censor_weight", 180, -0.06, -0.15, 0.03, 900, "ok", True),
        ("silence_twice", "ipw", 365, 0.03, 0.01, 0.05, 700, "ok", False),
        ("as_set", "doubly_robust", 180, -0.09, -0.14, -0.04, 900, "ok", False),
        ("silence_half", "ipw", 90, np.nan, np.nan, np.nan, 80, "too_few", False),
    )
    return Marts({"specifications": told, **tables})


def test_points_are_sorted_and_the_headline_stands_out(view):
    chart = specifications.curve_chart(marts(), view)
    points = chart.figure["data"][0]
    assert list(points["y"]) == [-9, -6, -2, 3]
    colours = list(points["marker"]["color"])
    assert colours[1] == "var(--c-none)" and set(colours) - {colours[1]} == {"var(--c-won)"}
    assert "4 of 5" in chart.summary and "3 of these" in chart.summary
    assert "1 clearly less, 1 clearly more" in chart.summary


def test_every_point_has_one_dot_a_choice_on_its_own_line(view):
    figure = specifications.curve_chart(marts(), view).figure
    dots, axis = figure["data"][1], figure["layout"]["yaxis2"]
    lines = dict(zip(axis["tickvals"], axis["ticktext"], strict=True))
    assert len(set(axis["ticktext"])) == len(axis["ticktext"]) == 4 + 2 + 2
    by_point = {}
    for place, height, said in zip(dots["x"], dots["y"], dots["text"], strict=True):
        assert lines[height] == said
        by_point.setdefault(place, []).append(said)
    assert [len(said) for said in by_point.values()] == [3] * 4
    assert by_point[2] == ["Clone, censor, weight", "180 days", "as set"]
    assert by_point[4] == ["Inverse probability weights", "365 days", "twice the silence"]


def test_the_table_says_the_same_in_words(view):
    table = specifications.curve_chart(marts(), view).table
    rows = [[cell.text for cell in row] for row in table.rows]
    assert rows[1][:3] == ["Clone, censor, weight", "180 days", "as set"]
    assert "−6.0" in rows[1][3] and rows[3][2] == "signal at twice the days of silence"
    assert [row[0].tone for row in table.rows] == ["", "published", "", ""]
    assert "1 of 5 combinations are left out" in table.note


def test_no_curve_where_there_is_nothing_to_compare(view):
    assert specifications.curve_chart(Marts({}), view) is None
    one = frame(("as_set", "overlap", 180, -0.02, -0.05, 0.01, 900, "ok", True))
    assert specifications.curve_chart(Marts({"specifications": one}), view) is None


def test_the_models_row_and_the_placebo_stand_where_they_belong(view):
    columns = ["analysis", "label", "estimate", "low", "high", "unit", "note"]
    missing = [np.nan] * 3
    unmoved = ["definition", "g_half_or_twice", *missing, "points", "changes_nothing_compared"]
    told = Marts(
        {
            "sensitivity": pd.DataFrame(
                [
                    unmoved,
                    ["placebo_signal", "replies", 0.1, -0.1, 0.3, "count", "should_be_nothing"],
                ],
                columns=columns,
            ),
            "model_signal": pd.DataFrame(
                [["time_zero", "model_signal", *missing, "points", "no_past_scores"]],
                columns=columns,
            ),
        }
    )
    beside = sensitivity_table(told, view, "sensitivity")
    assert [row[1].text for row in beside.rows] == [
        "silence of a stall (g) halved or doubled",
        "the model's first warning, at 4, 8 or 13 weeks",
    ]
    assert [row[3].text for row in beside.rows] == [
        "changes nothing that is compared",
        "no scores of the past: no model, or none that was tested",
    ]
    nothing = sensitivity_table(told, view, "falsification")
    assert [row[0].text for row in nothing.rows] == ["Placebo signal"]
    assert "30 days before the real one" in nothing.note
    assert "50,000" in beside.note
