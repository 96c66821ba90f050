"""The rules of the proof: what passes, fails or stays open; and what is kept is not redone."""

import json

import numpy as np
import pandas as pd
import pytest

from tests.proofs import judging, prove, trials


def company(name, place, error, *, half=0.1, truth=0.0, verdict="ok", method="doubly_robust"):
    estimate = None if verdict != "ok" else truth + error
    row = {
        "outcome": "account_win",
        "contrast": "early_vs_not",
        "method": method,
        "estimand": "ate",
        "estimate": estimate,
        "low": None if estimate is None else estimate - half,
        "high": None if estimate is None else estimate + half,
        "verdict": verdict,
        "truth": truth,
    }
    return {"scenario": name, "place": place, "verdict": "pays_if no", "checks": {}, "rows": [row]}


def judged(companies, **rules):
    return judging.table(companies, "direct", judging.Judge(**rules)).iloc[0]


def errors(mean, spread, many=100, seed=1):
    drawn = np.random.default_rng(seed).normal(0, spread, many)
    return mean + drawn - drawn.mean()


def test_an_unbiased_covering_estimator_passes():
    row = judged([company("harmful", i, e) for i, e in enumerate(errors(0.0, 0.04))])
    assert (row["passed"], row["asked"], row["answered"]) == ("pass", "be right", 100)
    assert row["mc_error"] == pytest.approx(0.004, abs=0.001)


@pytest.mark.parametrize(
    ("mean", "half", "verdict", "why"),
    [
        (0.04, 0.2, "ok", "bias"),
        (0.0, 0.03, "ok", "coverage"),
        (0.0, 0.1, "too_few", "refuses"),
    ],
)
def test_each_rule_can_be_broken(mean, half, verdict, why):
    found = [
        company("harmful", i, e, half=half, verdict=verdict if i % 2 else "ok")
        for i, e in enumerate(errors(mean, 0.04))
    ]
    row = judged(found)
    assert (row["passed"], row["why"]) == ("fail", why)


def test_few_companies_leave_a_row_open():
    row = judged([company("harmful", i, e) for i, e in enumerate(errors(0.0, 0.04, many=4))])
    assert (row["passed"], row["why"]) == ("open", "too few companies")
    wrong = judged(
        [company("harmful", i, e, half=0.05) for i, e in enumerate(errors(0.3, 0.01, 4))]
    )
    assert wrong["passed"] == "fail"


def test_an_answer_where_none_can_be_fails():
    assert judged([company("too_few", i, 0.0) for i in range(3)])["passed"] == "fail"
    refused = [company("too_few", i, 0.0, verdict="too_few") for i in range(3)]
    assert judged(refused)["passed"] == "pass"


def test_naive_must_be_fooled():
    right = [company("no_effect", i, e, method="naive") for i, e in enumerate(errors(0, 0.04))]
    assert judged(right)["why"] == "not fooled"
    wrong = [company("no_effect", i, e, method="naive") for i, e in enumerate(errors(-0.1, 0.04))]
    assert judged(wrong)["passed"] == "pass"


def test_a_bound_may_be_far_off_on_one_side_only():
    low = [company("hidden_quality", i, e) for i, e in enumerate(errors(-0.2, 0.04))]
    assert judged(low)["passed"] == "pass"
    high = [company("hidden_quality", i, e) for i, e in enumerate(errors(0.2, 0.04))]
    assert judged(high)["passed"] == "fail"


def test_verdicts_must_flip():
    def all_say(name, word):
        return [{**company(name, i, 0.0), "verdict": word} for i in range(3)]

    flips = judging.table(
        [*all_say("backlog", "pays_free"), *all_say("scarcity", "does_not_pay")],
        "direct",
        judging.Judge(),
    ).set_index("outcome")
    assert flips.loc["verdict flips", "passed"] == "pass"
    same = judging.table(
        [*all_say("backlog", "pays_free"), *all_say("scarcity", "pays_free")],
        "direct",
        judging.Judge(),
    ).set_index("outcome")
    assert same.loc["verdict flips", "passed"] == "fail"


def with_segments(name, place, gaps, differs="yes", half=0.1):
    """A company of two sources; `gaps` are what is said of the better one, and what is true."""
    said, true = gaps
    levels = [
        {
            **{"attribute": "origin", "level": level, "verdict": "ok", "truth": truth},
            **{"estimate": value, "low": value - half, "high": value + half},
            **{"shrunk_estimate": value, "shrunk_low": value - half, "shrunk_high": value + half},
        }
        for level, value, truth in (("web", 0.0, 0.0), ("event", said, true))
    ]
    levels.append({"attribute": "options", "level": "0", "verdict": "too_few"})
    levels[-1] |= dict.fromkeys(("estimate", "low", "high", "truth", "shrunk_estimate"))
    tests = [
        {"attribute": "options", "p_holm": None, "differs": "unknown"},
        {"attribute": "origin", "p_holm": 0.01, "differs": differs},
    ]
    return {**company(name, place, 0.0), "segments": {"levels": levels, "tests": tests}}


def segments_judged(companies):
    rows = judging.table(companies, "direct", judging.Judge()).set_index("outcome")
    return rows[rows["method"] == "check"]["passed"].to_dict()


def test_a_difference_must_be_found_and_in_the_right_segment():
    right = segments_judged([with_segments("bristle", i, (0.2, 0.15)) for i in range(5)])
    assert right["a difference found"] == "pass" and right["in the right segment"] == "pass"
    assert right["segments' intervals"] == "pass"
    wrong = segments_judged([with_segments("bristle", i, (0.2, -0.15)) for i in range(8)])
    assert wrong["in the right segment"] == "fail" and wrong["segments' intervals"] == "fail"
    unseen = segments_judged([with_segments("bristle", i, (0.2, 0.15), "no") for i in range(5)])
    assert unseen["a difference found"] == "fail" and unseen["in the right segment"] == "fail"


def test_no_segment_may_be_named_where_all_are_the_same():
    silent = [with_segments("constant_effect", i, (0.02, 0.0), "no") for i in range(9)]
    assert segments_judged(silent)["no false segment"] == "pass"
    luck = [with_segments("constant_effect", i, (0.2, 0.0)) for i in range(9, 11)]
    assert segments_judged([*silent, *luck])["no false segment"] == "open"  # of eleven companies
    false = [with_segments("constant_effect", i, (0.2, 0.0)) for i in range(9, 19)]
    assert segments_judged([*silent, *false])["no false segment"] == "fail"
    # one effect on a chance to wake is no one difference in wins: this find is a true one
    true = [with_segments("constant_effect", i, (0.2, 0.15)) for i in range(9, 11)]
    assert segments_judged([*silent, *true])["no false segment"] == "pass"
    untested = [with_segments("constant_effect", i, (0.0, 0.0), "unknown") for i in range(5)]
    assert segments_judged(untested) == {}


def test_a_drift_must_raise_the_alarm_and_nothing_else():
    def told(drifted, steady):
        companies = [
            company("drift", place, error)
            | {
                "checks": {
                    "moved": ["stage"] if place < drifted else [],
                    "moved_without": ["calibration_90"] if place < steady else [],
                }
            }
            for place, error in enumerate(errors(0.0, 0.04))
        ]
        rows = judging.table(companies, "direct", judging.Judge())
        checks = rows[rows["method"] == "check"].set_index("outcome")
        return checks["passed"].to_dict()

    assert told(80, 10) == {"alarm at a drift": "pass", "no alarm without": "pass"}
    assert told(79, 11) == {"alarm at a drift": "fail", "no alarm without": "fail"}


def test_nothing_is_true_of_waiting_where_the_walks_are_dealt_by_lot():
    """Who was really let go is touched no more, whatever the lot says of him: he seems to wait."""
    truth = pd.DataFrame(
        {"chance_if_let_go": [0.2], "chance_if_chased": [0.1], "walk_probability": [0.5]}
    )
    row = {"outcome": "account_win", "estimand": "per_protocol"}
    said = {
        words: trials.true_value(truth, row | {"contrast": words}, "permuted")
        for words in ("disqualify_vs_chase", "disqualify_vs_wait")
    }
    assert said == {"disqualify_vs_chase": 0.0, "disqualify_vs_wait": None}


def test_what_is_kept_is_not_redone(tmp_path, monkeypatch):
    asked = []

    def trial(name, place):
        asked.append((name, place))
        return {"verdict": "none", "checks": {}, "rows": []}

    monkeypatch.setitem(prove.TRIALS, "direct", trial)
    monkeypatch.setattr(prove, "ProcessPoolExecutor", _Here)
    first = prove.run("direct", ["harmful"], 2, 1, tmp_path)
    kept = tmp_path / prove.code("direct") / "direct.jsonl"
    kept.write_text(kept.read_text() + '{"scenario": "harmful", "pla')
    again = prove.run("direct", ["harmful", "bristle"], 2, 1, tmp_path)
    assert asked == [("harmful", 0), ("harmful", 1), ("bristle", 0), ("bristle", 1)]
    assert [each["scenario"] for each in first] == ["harmful"] * 2
    assert len(again) == 4
    assert len([json.dumps(each) for each in prove.kept(kept)]) == 4


class _Here:
    """Runs what is submitted at once, in this process."""

    def __init__(self, processes):
        self.processes = processes

    def __enter__(self):
        return self

    def __exit__(self, *error):
        return False

    def submit(self, work, task):
        from concurrent.futures import Future

        done = Future()
        done.set_result(work(task))
        return done
