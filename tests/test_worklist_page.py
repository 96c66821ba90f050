"""The worklist's page and sheet: rules, costs, news, briefs, and what is not known."""

import html
import json
import re

import openpyxl
import pandas as pd
import pytest

from pipelines.settings import Settings
from reports import moves, worklist
from reports.build import build
from reports.formats import Formats
from reports.language import Words
from reports.marts import Marts
from reports.views import View

SCRIPT = "<script>alert(1)</script>"
SETTINGS = Settings().model_dump(mode="json")


def view(**more):
    run = {"as_of": "2026-06-30", "run_id": "r", "settings": SETTINGS, **more}
    return View(Words.read("en"), Formats("EUR"), run)


def listed(**more):
    row = {
        "deal_id": "crm:1",
        "account": SCRIPT,
        "team": "North",
        "amount_base": 10_000.0,
        "p_no_decision": 0.6,
        "p_no_decision_if_pursued": 0.65,
        "move": "disqualify",
        "reasons": None,
        "question": "still_wanted",
        "is_stalled": False,
        "silence_days": 40,
        "touches_since_sign_of_life": 1,
        "rule": "below_an_hour",
        "rule_gap": "",
        "patience_days": 20.0,
        "chance_if_pursued": 0.05,
        "cost_if_let_go": 500.0,
        "hours_if_pursued": 12.0,
        "value_per_hour": 41.7,
        "compared_with_on": pd.Timestamp("2026-06-29"),
        "change": "risk_up",
        "move_before": "disqualify",
        "risk_before": 0.55,
        "nights_flagged": 4,
        **more,
    }
    return pd.DataFrame([row])


def page(folder, frame, run=None, **marts):
    told = {"as_of": "2026-06-30", "run_id": "r", "settings": SETTINGS, **(run or {})}
    build({"worklist": frame, **marts}, told, folder)
    source = (folder / "en" / "worklist.html").read_text(encoding="utf-8")
    return source, re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", source)))


def test_a_deal_is_told_with_rule_cost_news_and_brief(tmp_path):
    lifted = pd.DataFrame(
        [{"deal_id": "crm:9", "status": "won", "flagged_on": "2026-06-29", "account": SCRIPT}]
    )
    rules = pd.DataFrame(
        [{"hour_low": 80.0, "hour_high": 140.0, "hour_gap": "", "chance_days": 180}]
    )
    returns = pd.DataFrame(
        [["crm:7", SCRIPT, "s7", "North", "2026-06-01", 29]],
        columns=["deal_id", "account", "seller_id", "team", "return_on", "days_overdue"],
    )
    source, text = page(
        tmp_path, listed(), flags_lifted=lifted, move_rules=rules, returns_due=returns
    )
    assert SCRIPT not in source
    assert SCRIPT in text
    for said in (
        "brings USD 41.70, clearly less than a freed hour earns",
        "1 in 20 to win USD 10.0",
        "12 hours",
        "Risk +10.0 points",
        "On the list for 4 nights",
        "1 touch since the last sign of life, 40 days ago",
        "Since 2026-06-29: 0 newly on the list, 0 with another move, 1 at a higher risk",
        "1 no longer on it",
        "How a move is chosen",
        "USD 80 to 140",
        "Promised returns that are due",
        "No longer on the list",
        "One question, which only you can answer",
    ):
        assert said in text, said
    assert "<details" in source
    sheet = openpyxl.load_workbook(tmp_path / "worklist.xlsx").active
    head, row = ([cell.value for cell in line] for line in sheet.iter_rows())
    told = dict(zip(head, row, strict=True))
    assert told["Hours if pursued"] == 12
    assert "only you can answer" in told["Brief for the buyer"]


def test_what_is_not_known_is_said_to_be_unknown():
    unknown = dict.fromkeys(
        ("chance_if_pursued", "cost_if_let_go", "hours_if_pursued", "value_per_hour")
    )
    row = listed(rule="stalled", **unknown).to_dict("records")[0]
    assert moves.cost(view(), row) == ("unknown", "")
    assert moves.hours(view(), row) == "unknown"
    known = listed(cost_if_let_go=None).to_dict("records")[0]
    assert moves.cost(view(), known) == ("unknown", "1 in 20 to be won; the amount is not known")


@pytest.mark.parametrize(
    ("run", "frame", "said"),
    [
        ({}, listed(compared_with_on=pd.NaT, change="first_night"), "This is the first night"),
        ({"is_replayed": True}, listed(), "A replayed night is compared with no other."),
    ],
)
def test_a_night_without_one_before_says_so(run, frame, said):
    assert said in moves.news_sentence(view(**run), Marts({"worklist": frame}))


@pytest.mark.parametrize("gap", ["too_few", "not_compared", "no_yield"])
def test_why_an_hour_cannot_decide_is_said(gap):
    row = listed(rule="silent", rule_gap=gap).to_dict("records")[0]
    why = view().words(f"rule_gap.{gap}")
    assert moves.rule(view(), row).endswith(f"What an hour earns could not decide: {why}.")
    rules = pd.DataFrame(
        [{"hour_low": None, "hour_high": None, "hour_gap": gap, "chance_days": 180}]
    )
    told = moves.how_chosen(view(), Marts({"move_rules": rules}))
    assert any(why in sentence for sentence in told)


@pytest.mark.parametrize(
    ("chance", "said"),
    [(0.05, "1 in 20"), (0.5, "1 in 2"), (0.64, "64\u202f%"), (0.0002, "less than 1 in 1,000")],
)
def test_chances_as_one_in_so_many(chance, said):
    assert moves.one_in(view(), chance) == said


@pytest.mark.parametrize("published", ["boosting", "logit", "silence_rule", "aalen_johansen", ""])
def test_a_list_by_a_simple_rule_says_so(published):
    card = pd.DataFrame([{"key": "published_model", "value": json.dumps(published)}])
    told = worklist.context(Marts({"worklist": listed(), "model_card": card}), view())["answers"]
    names = {"silence_rule": "Days of silence", "aalen_johansen": "Average deal at its stage"}
    said = [sentence for sentence in told if "few or none are flagged before" in sentence]
    assert len(said) == (published in names)
    assert all(names[published] in sentence for sentence in said)


def test_an_empty_list_has_its_rules_all_the_same():
    found = worklist.context(Marts({}), view())
    assert found["lifted"] is None and found["returns"] is None
    assert len(found["chosen"]) == 4
