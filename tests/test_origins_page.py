"""The page on origins: what it says of customers, what it cannot tell, and what is missing."""

import numpy as np
import pandas as pd
import pytest

from reports import build, origins
from reports.formats import Formats
from reports.language import Words
from reports.marts import Marts
from reports.views import View

SCRIPT = "<script>alert('x')</script>"


@pytest.fixture
def view():
    return View(Words.read("en"), Formats("EUR"))


def frames(supplier="Rival", said=0, reasons=0):
    flows = [("brought", "won", 40), ("brought", "no_decision", 60), ("direct", "won", 30)]
    flows += [("borrowed", "won", 20), ("unknown", "won", 10), ("unknown", "open", 40)]
    tables = {
        "origins": pd.DataFrame(
            [(*flow, said) for flow in flows],
            columns=["origin", "outcome", "deals", "said_to_stay"],
        ),
        "origins_incumbents": pd.DataFrame(
            [(supplier, 60, 50, 25, 5, 10, 0.5, 0.4, 0.6, 1e6)],
            columns=[
                *("supplier", "deals", "ended", "won", "lost_to_it", "no_decision", "win_rate"),
                *("low", "high", "revenue"),
            ],
        ),
        "origins_unknown": pd.DataFrame(
            [
                ("salesforce", "incumbent", "partly", 90, 0.45, 0.4, 0.5),
                ("salesforce", "lead_source", "filled", 200, 1.0, 1.0, 1.0),
                ("salesforce", "won_reason", "absent", reasons, 0.0, 0.0, np.nan),
            ],
            columns=[
                *("source", "field", "state", "filled", "filled_share"),
                *("won_filled_share", "not_won_filled_share"),
            ],
        ),
    }
    return tables


def contrast(low, high, verdict="ok", name="brought_vs_direct", outcome="won"):
    row = {"contrast": name, "outcome": outcome, "within_days": 180, "share": 0.2}
    row |= {"other_share": 0.3, "difference": -0.1, "n": 300, "other_n": 400, "verdict": verdict}
    middle = (low + high) / 2 if verdict == "ok" else np.nan
    return row | {"estimate": middle, "low": low, "high": high}


def whole():
    """Every mart of the page, as a night may leave it."""
    rates = [("brought", "win_rate", 0.24, 0.2, 0.28, 600, 30, "ok")]
    rates += [("shared", "win_rate", np.nan, np.nan, np.nan, 4, 2, "too_few")]
    columns = ["origin", "measure", "value", "low", "high", "n", "sellers", "verdict"]
    return frames() | {
        "origin_rates": pd.DataFrame(rates, columns=columns),
        "origin_contrasts": pd.DataFrame(
            [contrast(-0.12, -0.02), contrast(np.nan, np.nan, "too_few", "borrowed_vs_direct")]
        ),
    }


def said(view, tables):
    return " ".join(map(str, origins.context(Marts(tables), view)["answers"]))


def test_won_customers_are_parted_by_origin_with_the_unknown_among_them(view):
    told = said(view, frames())
    assert "100 deals that were won" in told
    for share in ("40", "30", "20", "10"):
        assert f"{share}\u202f%" in told


def test_shared_is_untold_where_no_export_says_whether_a_supplier_stayed(view):
    assert "cannot be told from those we share" in said(view, frames())
    assert "cannot be told from those we share" not in said(view, frames(said=1))
    assert "cannot be told from those we share" not in said(view, frames(reasons=5))


@pytest.mark.parametrize(
    ("low", "high", "word"),
    [(-0.12, -0.02, "less often"), (0.02, 0.12, "more often"), (-0.05, 0.05, "no difference")],
)
def test_a_contrast_is_told_with_its_interval_and_its_caveat(view, low, high, word):
    tables = frames() | {"origin_contrasts": pd.DataFrame([contrast(low, high)])}
    told = said(view, tables)
    assert f"<strong>{word}</strong>" in told
    assert view.interval(view.measure("points"), low, high) in told
    assert "None of this is the effect of an origin" in told


@pytest.mark.parametrize("verdict", ["too_few", "not_recorded", "constant"])
def test_what_may_not_be_said_gives_no_number_and_no_caveat(view, verdict):
    tables = frames() | {"origin_contrasts": pd.DataFrame([contrast(np.nan, np.nan, verdict)])}
    parts = origins.context(Marts(tables), view)
    told = " ".join(map(str, parts["answers"]))
    assert "points" not in told and "effect of an origin" not in told
    assert parts["contrasts_chart"] is None
    assert view.words.label("origin_verdict", verdict) in parts["contrasts"].rows[0][5].text


def test_each_field_that_would_tell_is_named(view):
    told = " ".join(map(str, origins.context(Marts(frames()), view)["unknown_says"]))
    assert "hold no column for <strong>reason of a win</strong>" in told
    assert "<strong>present supplier of the account</strong> is filled in on 45" in told
    assert "lead source" not in told


def test_nothing_on_record_is_said_and_breaks_nothing(view):
    parts = origins.context(Marts({}), view)
    assert "No deal has been won yet" in str(parts["answers"][0])
    assert parts["flow_chart"] is None and parts["contrasts_chart"] is None
    assert "No export names" in parts["incumbents"].empty
    only = pd.DataFrame(
        [("unknown", "won", 7, 0)], columns=["origin", "outcome", "deals", "said_to_stay"]
    )
    told = said(view, {"origins": only})
    assert "Not recorded" in told and "gap in the records" in told


def test_a_hostile_supplier_stays_text(view, tmp_path):
    tables = frames(SCRIPT)
    build.build(tables, {"as_of": "2026-06-30", "run_id": "r", "settings": {}}, tmp_path)
    page = (tmp_path / "en" / "origins.html").read_text(encoding="utf-8")
    assert SCRIPT not in page and "&lt;script&gt;alert" in page


def test_the_flow_holds_every_deal(view):
    figure = origins.context(Marts(frames()), view)["flow_chart"].figure
    flow = figure["data"][0]
    assert sum(flow["link"]["value"]) == 200
    assert len(flow["node"]["label"]) == 4 + 3
