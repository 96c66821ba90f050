"""The page on letting go: the headline's sentence, its table and curves, and what stays unsaid."""

import re

import numpy as np
import pandas as pd
import pytest

from reports.formats import Formats
from reports.language import Words
from reports.marts import Marts
from reports.strategies import context
from reports.views import View
from reports.wording import refusals, strategy_sentence

RUN = {
    "settings": {
        "comparison": {
            "grace_days": 14,
            "chase_gap_days": 21,
            "chase_days": 90,
            "horizon_days": 180,
        }
    }
}
OUTCOMES = {"account_win": "points", "hours": "hours"}
COVARIATES = ("amount", "age_days", "stage_order", "silence_days", "quarter=2024-Q1")


def frames():
    """Marts without a headline: the doubly robust difference in wins may speak."""
    beside = {
        "outcome": "account_win",
        "estimand": "ate",
        "contrast": "disqualify_early_vs_not",
        "method": "doubly_robust",
        **{"estimate": -0.054, "low": -0.11, "high": 0.003, "unit": "points"},
        **{"n": 1180, "effective_n": 640.0, "verdict": "ok", "n_sellers": 30},
        **{"events_treated": 58, "events_control": 322},
    }
    return {
        "strategy_comparison": pd.DataFrame([beside]),
        "balance": pd.DataFrame(
            {"covariate": COVARIATES, "smd_before": 0.3, "smd_ipw": 0.1, "smd_overlap": 0.0}
        ),
        "diagnostics": pd.DataFrame({"key": ["smallest_difference"], "value": [0.08]}),
    }


def told(estimate=-0.064, low=-0.12, high=-0.01, verdict="ok"):
    """Marts whose headline was estimated, or refused with a verdict."""
    tables = frames()
    is_said = verdict == "ok"
    rows = [
        {
            "outcome": outcome,
            "estimand": "per_protocol",
            "contrast": contrast,
            "method": "clone_censor_weight",
            "estimate": estimate if says else np.nan,
            "low": low if says else np.nan,
            "high": high if says else np.nan,
            "unit": unit,
            "n": 1582,
            "effective_n": 601.0 if says else np.nan,
            "verdict": verdict if contrast == "disqualify_vs_chase" else "too_few",
            "n_sellers": 30,
            "events_treated": 118,
            "events_control": 324,
        }
        for contrast in ("disqualify_vs_wait", "disqualify_vs_chase")
        for outcome, unit in OUTCOMES.items()
        for says in [is_said and contrast == "disqualify_vs_chase"]
    ]
    tables["strategy_comparison"] = pd.concat(
        [pd.DataFrame(rows), tables["strategy_comparison"]], ignore_index=True
    )
    if is_said:
        tables["strategy_incidence"] = pd.DataFrame(
            {
                "strategy": ["chase"] * 27 + ["disqualify"] * 27,
                "day": [*range(0, 182, 7), 180] * 2,
                "incidence": [*np.linspace(0, 0.305, 27), *np.linspace(0, 0.241, 27)],
                "low": [*np.linspace(0, 0.27, 27), *np.linspace(0, 0.15, 27)],
                "high": [*np.linspace(0, 0.34, 27), *np.linspace(0, 0.33, 27)],
                "n_at_risk": [*range(1000, 1027), *range(500, 527)],
            }
        )
        tables["balance"] = tables["balance"].assign(
            smd_grace_before=0.3, smd_grace_weighted=[-0.11, *[0.02] * 4]
        )
        tables["diagnostics"] = pd.concat(
            [
                tables["diagnostics"],
                pd.DataFrame(
                    {
                        "key": [
                            "effective_n_clones_disqualify",
                            "top_1_percent_clones_disqualify_weight_share",
                            "largest_smd_grace_weighted",
                        ],
                        "value": [97.0, 0.12, 0.11],
                    }
                ),
            ],
            ignore_index=True,
        )
    return Marts(tables)


@pytest.fixture
def view():
    return View(Words.read("en"), Formats("EUR"), RUN)


@pytest.mark.parametrize(
    ("numbers", "said"),
    [
        ((-0.064, -0.12, -0.01), "Letting go sells less: −6.4"),
        ((0.064, 0.01, 0.12), "Letting go sells more: +6.4"),
        ((-0.064, -0.16, 0.03), "cannot tell from nothing"),
    ],
)
def test_the_estimand_is_said_in_the_companys_own_words(view, numbers, said):
    said_so = strategy_sentence(view, told(*numbers)).striptags()
    sentence = re.sub(r"\s", " ", said_so)
    assert sentence.startswith("Had every signalled deal been let go within 14 days")
    assert "indecision, 24 % of the accounts would have bought within 180 days" in sentence
    assert "chased for 90 days, never longer than 21 days without a touch, 30 %" in sentence
    assert said in sentence


def test_waiting_never_takes_the_headlines_place(view):
    marts = told(verdict="no_overlap")
    frame = marts["strategy_comparison"]
    frame.loc[frame["contrast"] == "disqualify_vs_wait", ["verdict", "estimate"]] = ("ok", 0.5)
    sentence = strategy_sentence(view, Marts({**frames(), "strategy_comparison": frame}))
    assert "−5.4 points" in sentence.striptags()  # the doubly robust row


def test_a_refused_headline_prints_no_number_and_says_why(view):
    parts = context(told(verdict="too_few"), view)
    cells = [row[2].text for row in parts["headline"].rows]
    assert set(cells) == {"too few to say"}
    assert parts["incidence"] is None and parts["grace"] is None
    assert parts["headline_trust"] is None


def test_what_is_only_beside_the_headline_is_no_refusal(view):
    reasons = [said.striptags() for said in refusals(view, told())]
    assert not [said for said in reasons if said.startswith("Account buys later")]


def test_the_headline_has_its_table_its_curves_and_its_diagnostics(view):
    parts = context(told(), view)
    first = [cell.text for cell in parts["headline"].rows[0]]
    assert first[:2] == ["Account buys later", "All chased"]
    assert "601" in first and "118" in first and "324" in first
    assert parts["headline"].rows[0][0].tone == "published"
    assert [row[1].text for row in parts["headline"].rows] == ["All chased"] * 2 + [
        "All left waiting"
    ]
    methods = {row[1].text for row in parts["estimates"].rows}
    assert "Clone, censor, weight" not in methods
    names = [trace["name"] for trace in parts["incidence"].figure["data"] if trace.get("name")]
    assert names == ["All let go early", "All chased"]
    assert [row[0].text for row in parts["headline_trust"].rows] == [
        "Effective deals that kept to letting go early",
        "Weight held by the top hundredth, letting go early",
        "Largest difference at the end of grace, weighted",
    ]
    marked = [row[2].tone for row in parts["grace"].table.rows]
    assert marked.count("bad") == 1
