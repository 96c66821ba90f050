"""The page on returns: shares with their reasons, what cannot be seen, and dates now due."""

import numpy as np
import pandas as pd
import pytest

from reports import build, returns
from reports.formats import Formats
from reports.language import Words
from reports.marts import Marts
from reports.views import View

SCRIPT = "<script>alert('x')</script>"
RUN = {"settings": {"comparison": {"bristle_days": 30, "return_days": 365}}}


@pytest.fixture
def view():
    return View(Words.read("en"), Formats("EUR"), RUN)


def group(name, verdict="ok", **other):
    is_said = verdict == "ok"
    share, low, high = (0.42, 0.36, 0.48) if is_said else (np.nan, np.nan, np.nan)
    return {
        **{"group": name, "walk_aways": 300, "with_account": 250, "sellers": 20},
        **{"bristle_followed": 240, "bristled": 60, "bristle_share": 0.25},
        **{"bristle_low": 0.2, "bristle_high": 0.31, "bristle_verdict": "ok"},
        **{"followed": 250, "returned": 100, "return_share": share, "return_low": low},
        **{"return_high": high, "median_days": 40.0, "verdict": verdict},
        **{"won": 30, "no_decision": 20, "lost": 15, "let_go": 25, "open": 10},
        **{"won_share": 0.33, "won_low": 0.25, "won_high": 0.43},
        **other,
    }


def frames(verdict="ok", **other):
    return {"returns": pd.DataFrame([group("all", verdict, **other), group("with_date")])}


def contrast(name, low, high, verdict="ok"):
    is_said = verdict == "ok"
    return {
        **{"contrast": name, "outcome": "return", "within_days": 365, "share": 0.5},
        **{"other_share": 0.4, "difference": 0.1, "n": 90, "other_n": 200, "verdict": verdict},
        **{"estimate": (low + high) / 2 if is_said else np.nan, "low": low, "high": high},
    }


def matched(low, high, verdict="ok"):
    return pd.DataFrame(
        [
            {
                **{"outcome": "account_win", "within_days": 365, "let_go": 180, "pairs": 160},
                **{"share": 0.2, "other_share": 0.3, "estimate": -0.1, "low": low, "high": high},
                **{
                    "later_share": 0.3,
                    "largest_smd_before": 0.5,
                    "largest_smd_after": 0.08,
                    "verdict": verdict,
                },
            }
        ]
    )


def due(many, account="Able Ltd"):
    return pd.DataFrame(
        {
            "deal_id": [f"d{number}" for number in range(many)],
            "account": account,
            "seller_id": "u",
            "team": "North",
            "return_on": pd.Timestamp("2026-05-01"),
            "days_overdue": range(many),
        }
    )


def whole():
    """Every mart of the page, as a night may leave it."""
    return frames() | {
        "returns_curve": pd.DataFrame(
            [("all", day, day / 1000, day / 2000, day / 500, 300 - day) for day in (0, 10, 365)],
            columns=["group", "day", "incidence", "low", "high", "n_at_risk"],
        ),
        "returns_contrasts": pd.DataFrame([contrast("date", 0.02, 0.2)]),
        "returns_matched": matched(-0.18, -0.02),
        "returns_due": due(3),
    }


def said(view, tables):
    return " ".join(map(str, returns.context(Marts(tables), view)["answers"]))


def test_shares_stand_with_their_intervals_and_the_unseen_are_counted(view):
    told = said(view, frames())
    assert "250 walk-aways" in told and "42\u202f%" in told
    assert view.interval(view.share, 0.36, 0.48) in told
    assert "50 of 300 walk-aways name no account" in told
    assert "<strong>30</strong> were won after all" in told


@pytest.mark.parametrize(
    ("verdict", "word"), [("too_few", "Too few to say"), ("not_followed", "Too early to say")]
)
def test_no_share_is_no_number(view, verdict, word):
    told = said(view, frames(verdict))
    assert word in told and "42\u202f%" not in told


def test_without_accounts_nobody_can_be_seen_to_return(view):
    told = said(view, frames(with_account=0, returned=0))
    assert "Not recorded" in told and "nobody can see who came back" in told


@pytest.mark.parametrize(
    ("low", "high", "word"),
    [(0.02, 0.2, "more"), (-0.2, -0.02, "fewer"), (-0.1, 0.1, "no difference")],
)
def test_a_date_is_told_with_interval_and_caveat(view, low, high, word):
    tables = frames() | {"returns_contrasts": pd.DataFrame([contrast("date", low, high)])}
    told = said(view, tables)
    assert f"<strong>{word}</strong>" in told
    assert view.interval(view.measure("points"), low, high) in told
    assert "not dealt out by lot" in told


@pytest.mark.parametrize("name", ["date", "reason"])
@pytest.mark.parametrize("verdict", ["too_few", "not_recorded", "not_followed", "constant"])
def test_what_cannot_be_said_of_dates_and_reasons_gives_no_number(view, name, verdict):
    row = contrast(name, np.nan, np.nan, verdict)
    tables = frames() | {"returns_contrasts": pd.DataFrame([row])}
    told = said(view, tables)
    assert "points" not in told and "not dealt out by lot" not in told
    table = returns.context(Marts(tables), view)["contrasts"]
    assert table.rows[0][5].text == view.words.label("return_verdict", verdict)


def test_pairs_are_told_with_both_shares(view):
    told = said(view, frames() | {"returns_matched": matched(-0.18, -0.02)})
    assert "<strong>less often</strong>" in told and "in 160 pairs" in told
    refused = said(view, frames() | {"returns_matched": matched(np.nan, np.nan, "too_few")})
    assert "of 180 let go" in refused and "less often</strong>" not in refused


def test_due_dates_are_counted_and_the_longest_overdue_come_first(view):
    parts = returns.context(Marts(frames() | {"returns_due": due(30)}), view)
    assert "<strong>30</strong> promised dates" in str(parts["answers"][-1])
    assert len(parts["due"].rows) == 25 and parts["due"].rows[0][1].text == "d29"
    assert "tables/returns_due.csv" in parts["due"].note


def test_nothing_on_record_is_said_and_breaks_nothing(view):
    parts = returns.context(Marts({}), view)
    assert "No walk-away is on record" in str(parts["answers"][0])
    assert parts["curve_chart"] is None
    assert "nurture" in parts["groups"].empty


def test_a_hostile_account_stays_text(tmp_path):
    tables = frames() | {"returns_due": due(1, SCRIPT)}
    build.build(tables, {"as_of": "2026-06-30", "run_id": "r", **RUN}, tmp_path)
    page = (tmp_path / "en" / "returns.html").read_text(encoding="utf-8")
    assert SCRIPT not in page and "&lt;script&gt;alert" in page
