"""The page on practice: four answers, what stays unsaid, and who is never named."""

import pandas as pd
import pytest

from reports.build import build
from reports.formats import NARROW, Formats
from reports.language import Words
from reports.marts import Marts
from reports.practice import context, people_table
from reports.views import View
from tests.practice_marts import HOSTILE, frames

VIEW = View(Words.read("en"), Formats("USD"), {})


def page(tables):
    return context(Marts(tables), VIEW)


def answers(tables):
    return " ".join(str(sentence.striptags()) for sentence in page(tables)["answers"])


def changed(measure, scope="company", **values):
    """Marts in which a measure of a scope is something else."""
    tables = frames()
    rows = tables["practice"]
    mine = (rows["measure"] == measure) & (rows["scope"] == scope)
    assert mine.any()
    rows.loc[mine, list(values)] = list(values.values())
    return tables


def cells(table):
    return [[cell.text for cell in row] for row in table.rows]


def test_each_of_the_four_has_an_answer_with_its_interval():
    said = answers(frames())
    assert "within 62 days (95 % interval 51 to 72)" in said
    assert "sellers have let go of 27 %" in said
    assert "38 % still wait" in said
    assert "63 % of walk-aways name a misfit" in said
    assert "2.1 % of walk-aways" in said
    assert "teams differ in how soon they decide" in said and "p < 0.001" in said
    assert f"{HOSTILE} decides 1.24 times" in said and "West 0.84 times" in said
    assert "No trend can be shown" in said
    assert len(page(frames())["minds"]) == 4


@pytest.mark.parametrize(
    ("differs", "said"),
    [
        ("no", "do not show that teams differ"),
        ("unknown", "Too few to say: of 3 teams"),
    ],
)
def test_teams_are_only_said_to_differ_where_the_test_says_so(differs, said):
    tables = frames(differs)
    assert said in answers(tables)
    assert "teams differ in how soon they decide, beyond their deals and chance (p <" not in (
        answers(tables).replace("that teams differ", "")
    )


@pytest.mark.parametrize(
    ("measure", "values", "said"),
    [
        ("decided_30", {"verdict": "too_few", "n": 7}, "Too few to say: 7 deals"),
        ("decided_30", {"verdict": "not_over"}, "Too early to say"),
        ("median_days", {"verdict": "not_reached"}, "fewer than half of the deals"),
        ("misfit_share", {"verdict": "not_recorded"}, "hold no reasons for walking away"),
        ("misfit_share", {"verdict": "too_few"}, "fewer than ten walk-aways could say why"),
        ("return_date_share", {"verdict": "not_recorded"}, "With a date to return: not recorded"),
        ("reversed_90", {"verdict": "not_recorded"}, "without replies of buyers"),
        ("reversed_90", {"verdict": "too_few"}, "fewer than ten walk-aways can be followed"),
        ("reversed_90", {"verdict": "not_over"}, "could be followed for 90 days"),
        ("decided_30_a_year", {"verdict": "too_few"}, "Too few months"),
        ("decided_30_a_year", {"low": 0.01, "high": 0.09}, "sooner than they used to be"),
        ("decided_30_a_year", {"low": -0.09, "high": -0.01}, "later than they used to be"),
        ("median_days", {"high": float("nan")}, "51 or more"),
    ],
)
def test_what_cannot_be_said_is_said_so(measure, values, said):
    assert said in answers(changed(measure, **values))


def test_what_is_not_recorded_names_the_field_that_would_tell():
    (sentence,) = page(changed("return_date_share", verdict="not_recorded"))["missing"]
    assert "Recontact Date" in sentence
    assert page(frames())["missing"] == []
    tables = frames()
    tables["practice_spread"] = tables["practice_spread"].assign(levels=0, differs="unknown")
    assert "do not say which seller belongs to which team" in answers(tables)
    assert "team of each owner" in page(tables)["missing"][0]


def test_a_team_that_would_name_its_sellers_has_no_numbers():
    rows = {row[0]: row[1:] for row in cells(people_table(Marts(frames()), VIEW, "team"))}
    assert rows["Seoul"][0] == "too few sellers to show without naming them"
    assert set(rows["Seoul"][1:]) == {""}
    assert rows["West"][2].startswith(f"34{NARROW}% (")


def test_sellers_have_a_table_only_where_they_are_in_the_mart():
    assert page(frames())["sellers"] is None
    tables = frames()
    rows = tables["practice"]
    mine = rows[rows["scope"] == "team"].assign(scope="seller", name="Anna Berg")
    tables["practice"] = pd.concat([rows, mine])
    assert cells(page(tables)["sellers"])[0][0] == "Anna Berg"


def test_charts_have_their_numbers_as_tables_and_months_end_where_they_are_known():
    parts = page(frames())
    assert len(parts["teams_chart"].table.rows) == 6
    months = cells(parts["trend"].table)
    assert [row[0] for row in months][-1] == "2026-01"
    assert set(months[-1][2:]) == {"too early to say"}
    drawn = parts["trend"].figure["data"]
    assert all("2026-01" not in trace["x"] for trace in drawn)
    assert page(changed("decided_30", "month", verdict="too_few"))["trend"] is not None
    few = frames()
    few["practice"] = few["practice"][few["practice"]["scope"] != "month"]
    assert page(few)["trend"] is None


def test_two_panels_stand_in_a_row_and_twelve_at_most():
    tables = frames()
    curves, rows = tables["practice_curves"], tables["practice"]
    west, mine = curves[curves["name"] == "West"], rows[rows["name"] == "West"]
    names = [f"team {place:02d}" for place in range(14)]
    tables["practice_curves"] = pd.concat([curves, *(west.assign(name=n) for n in names)])
    tables["practice"] = pd.concat([rows, *(mine.assign(name=n, n=9_000) for n in names)])
    figure = page(tables)["teams_chart"].figure
    assert len(figure["data"]) == 4 * 12
    assert len(figure["layout"]["annotations"]) == 12
    ends = [figure["layout"][f"xaxis{place}"]["domain"] for place in ("", "2", "3")]
    assert ends[0] == ends[2] and ends[0][1] < ends[1][0]


def test_a_hostile_name_stays_text(tmp_path):
    build(frames(), {"as_of": "2026-10-31", "run_id": "0"}, tmp_path)
    source = (tmp_path / "en" / "practice.html").read_text(encoding="utf-8")
    assert HOSTILE not in source
    assert "&lt;script&gt;alert(1)" in source
    assert "decides <strong>1.24</strong> times" in source


@pytest.mark.parametrize("tables", [{}, {name: f.head(0) for name, f in frames().items()}])
def test_without_anything_recorded_the_page_says_so(tables, tmp_path):
    assert "Too few to say: 0 deals" in answers(tables)
    build(tables, {"as_of": "2026-10-31", "run_id": "0"}, tmp_path)
    source = (tmp_path / "en" / "practice.html").read_text(encoding="utf-8")
    assert "No team can be shown" in source and "There are not two months" in source
