"""From companies to a verdict on each estimator in each scenario, by the rules of section 9.

A row is open where the companies are too few for an error of 0.01 and nothing speaks against it.
Where identification holds: bias within 0.01 and two Monte-Carlo standard errors, with an error of
at most 0.01; 95 % intervals that hold the truth in nine companies of ten; an answer in four of
five. With few companies (`exact`) a rule is broken only when the data speak against it at 0.001.
"""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import binom
from scipy.stats import t as student

from models.simulate import SCENARIOS

BIAS, ERROR, COVERAGE, ANSWERS, REFUSALS = 0.01, 0.01, 0.90, 0.80, 0.95
LEVEL = 0.001
LEAST_COMPANIES = 20  # below, an error of 0.01 may be luck
NAIVE = "naive"
MUST_REFUSE = ("no_overlap", "too_few", "one_week", "nothing_closed")
MUST_SHOW_NOTHING = ("placebo_signal", "permuted")
MUST_FOOL_NAIVE = ("no_effect_confounded", "no_effect")
NO_EFFECT = ("no_effect_confounded", "no_effect", *MUST_SHOW_NOTHING)
BOUND = "hidden_quality"
PAYS = ("pays_free", "pays_if yes")
DIFFERS_IN, ALIKE_IN = ("bristle",), ("constant_effect", "no_effect_confounded", "no_effect")
# What is one effect on everybody's chance to wake is not one difference in wins: levels whose true
# differences are this far apart are no false find.
APART = 0.05
COLUMNS = (
    *("number", "scenario", "path", "outcome", "contrast", "method", "estimand", "asked"),
    *("companies", "answered", "refused", "truth", "bias", "mc_error", "coverage"),
    *("false_alarms", "verdicts", "break_even", "passed", "why"),
)
Company = Mapping[str, Any]


@dataclass(frozen=True)
class Judge:
    """The rules; `exact` where few companies can only speak against a rule by chance's odds."""

    exact: bool = False

    def share(self, hits: int, of: int, least: float) -> bool:
        """Whether a share may be at least `least`."""
        if of == 0:
            return False
        if self.exact:
            return bool(binom.cdf(hits, of, least) >= LEVEL)
        return hits / of >= least

    def unbiased(self, errors: Sequence[float]) -> bool:
        """Whether the mean error may be nothing."""
        if len(errors) < 2:
            return self.exact
        mean, error = float(np.mean(errors)), spread(errors)
        if self.exact:
            return abs(mean) <= BIAS + float(student.ppf(1 - LEVEL / 2, len(errors) - 1)) * error
        return error <= ERROR and abs(mean) <= BIAS + 2 * error


def counted(words: Iterable[str]) -> str:
    """How often each word is said."""
    return ", ".join(f"{word} {count}" for word, count in sorted(Counter(words).items()))


def spread(values: Sequence[float]) -> float:
    """Standard error of a mean over companies."""
    if len(values) < 2:
        return float("nan")
    return float(np.std(values, ddof=1) / math.sqrt(len(values)))


def headline(methods: Iterable[str]) -> str:
    """The estimator that the answer stands on: clone-censor-weight where it is among them."""
    found = sorted(method for method in set(methods) if "clone" in method)
    return found[0] if found else "doubly_robust"


def asked_of(scenario: str, method: str, outcome: str) -> str:
    """What the rules ask of an estimator in a scenario; empty where they ask nothing."""
    if scenario in MUST_REFUSE:
        return "refuse"
    if outcome != "account_win":
        return ""
    if method == NAIVE:
        return "be fooled" if scenario in MUST_FOOL_NAIVE else ""
    if scenario in MUST_SHOW_NOTHING:
        return "show nothing"
    if scenario == BOUND:
        return "bound"
    return "be right"


def table(companies: Sequence[Company], path: str, judge: Judge) -> pd.DataFrame:
    """One row for each estimate of each scenario, in order of the scenarios' numbers."""
    rows: list[dict[str, Any]] = []
    for name in SCENARIOS:
        group = [each for each in companies if each["scenario"] == name]
        if not group:
            continue
        told = counted(each["verdict"] for each in group)
        estimates: dict[tuple[str, ...], list[Company]] = {}
        for each in group:
            for row in each["rows"]:
                # A share among those let go is a description, no answer to the question.
                is_effect = row["estimand"] != "share"
                if is_effect and (row["truth"] is not None or name in MUST_REFUSE):
                    key = tuple(str(row[k]) for k in ("outcome", "contrast", "method", "estimand"))
                    estimates.setdefault(key, []).append(row)
        for key, found in estimates.items():
            rows.append(_row(name, path, key, found, len(group), told, judge))
        if not estimates:
            key = ("account_win", "", "none", "")
            rows.append(_row(name, path, key, [], len(group), told, judge))
        rows += _checks(name, path, group, told, judge)
        rows += _segments(name, path, group, judge)
    rows += _flip(companies, path, judge)
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _row(
    name: str,
    path: str,
    key: tuple[str, ...],
    found: Sequence[Company],
    many: int,
    verdicts: str,
    judge: Judge,
) -> dict[str, Any]:
    outcome, contrast, method, estimand = key
    answered = [row for row in found if row["estimate"] is not None and row["verdict"] == "ok"]
    errors = [row["estimate"] - row["truth"] for row in answered if row["truth"] is not None]
    ends = [row for row in answered if row["low"] is not None and row["truth"] is not None]
    covered = sum(row["low"] <= row["truth"] <= row["high"] for row in ends)
    alarms = sum(row["low"] > 0 or row["high"] < 0 for row in ends)
    asked = asked_of(name, method, outcome)
    refused = many - len(answered)
    why = []
    if asked == "refuse" and not judge.share(refused, many, REFUSALS):
        why.append("answers")
    is_thin = bool(errors) and (len(errors) < LEAST_COMPANIES or spread(errors) > ERROR)
    if asked == "be right" and is_thin:
        judge = Judge(exact=True)
    if asked == "be right":
        if not judge.share(len(answered), many, ANSWERS):
            why.append("refuses")
        if answered and not judge.unbiased(errors):
            why.append("bias")
        if answered and not judge.share(covered, len(ends), COVERAGE):
            why.append("coverage")
    is_open = is_thin and asked in ("be right", "be fooled", "bound")
    if asked == "be fooled":
        is_right = judge.share(covered, len(ends), COVERAGE) and judge.unbiased(errors)
        if is_right and not is_thin:
            why.append("not fooled")
    if asked == "show nothing" and ends and not judge.share(len(ends) - alarms, len(ends), 0.90):
        why.append("false alarms")
    if asked == "bound":
        above = sum(row["low"] <= row["truth"] for row in ends)
        if not judge.share(above, len(ends), COVERAGE):
            why.append("bound broken")
    return {
        "number": SCENARIOS[name].number,
        "scenario": name,
        "path": path,
        "outcome": outcome,
        "contrast": contrast,
        "method": method,
        "estimand": estimand,
        "asked": asked,
        "companies": many,
        "answered": len(answered),
        "refused": refused,
        "truth": _mean([row["truth"] for row in answered if row["truth"] is not None]),
        "bias": _mean(errors),
        "mc_error": spread(errors),
        "coverage": covered / len(ends) if ends else float("nan"),
        "false_alarms": alarms / len(ends) if ends and name in NO_EFFECT else float("nan"),
        "verdicts": counted(row["verdict"] for row in found),
        "break_even": verdicts if outcome == "account_win" else "",
        "passed": "" if not asked else "fail" if why else "open" if is_open else "pass",
        "why": ", ".join(why) if why or not is_open else "too few companies",
    }


def _mean(values: Sequence[float]) -> float:
    return float(np.mean(values)) if values else float("nan")


def _check(
    name: str, path: str, what: str, asked: str, group: int, value: float, passed: bool, said: str
) -> dict[str, Any]:
    empty = dict.fromkeys(COLUMNS, float("nan"))
    return empty | {
        "number": SCENARIOS[name].number,
        "scenario": name,
        "path": path,
        "outcome": what,
        "contrast": "",
        "method": "check",
        "estimand": "",
        "asked": asked,
        "companies": group,
        "truth": value,
        "verdicts": "",
        "break_even": said,
        "passed": "pass" if passed else "fail",
        "why": "",
    }


def _checks(
    name: str, path: str, group: Sequence[Company], told: str, judge: Judge
) -> list[dict[str, Any]]:
    """What a scenario asks for beside the estimates."""
    found = [each["checks"] for each in group if each["checks"]]
    if path == "whole" or not found:
        return []

    def share(what: str, asked: str, hits: int, least: float) -> dict[str, Any]:
        value, passed = hits / len(found), judge.share(hits, len(found), least)
        return _check(name, path, what, asked, len(found), value, passed, "")

    if name == "clean_up":
        unmoved = _mean([each["stalls_unmoved"] for each in found])
        return [
            _check(name, path, "stalls unmoved", "0.99", len(found), unmoved, unmoved >= 0.99, "")
        ]
    if name == "leak":
        return [
            share("alarm at a leak", "all", sum(each["alarm"] for each in found), 1.0),
            share("no alarm without", "all", sum(not each["false_alarm"] for each in found), 1.0),
        ]
    if name == "drift":
        quiet = sum(not each["moved_without"] for each in found)
        return [
            share("alarm at a drift", "0.80", sum(bool(each["moved"]) for each in found), ANSWERS),
            share("no alarm without", "0.90", quiet, COVERAGE),
        ]
    if name == "permuted":
        aucs = [each["auc"] for each in found if each.get("auc") is not None]
        skills = [each["brier_skill"] for each in found if each.get("brier_skill") is not None]
        if not aucs:
            return []
        auc, skill = _mean(aucs), _mean(skills)
        return [
            _check(name, path, "auc", "0.45-0.55", len(aucs), auc, abs(auc - 0.5) <= 0.05, ""),
            _check(name, path, "skill", "<= 0.01", len(skills), skill, skill <= 0.01, ""),
        ]
    return []


def _segments(name: str, path: str, group: Sequence[Company], judge: Judge) -> list[dict[str, Any]]:
    """Whether kinds of deals are told apart where they differ, and only there; and how well."""
    if name not in (*DIFFERS_IN, *ALIKE_IN):
        return []
    tested = [
        each["segments"]
        for each in group
        if any(test["differs"] != "unknown" for test in each.get("segments", {}).get("tests", []))
    ]
    rows = []

    def share(what: str, asked: str, hits: int, of: int, least: float) -> None:
        value = hits / of if of else float("nan")
        row = _check(name, path, what, asked, of, value, judge.share(hits, of, least), "")
        is_thin = len(group) < LEAST_COMPANIES
        if row["passed"] == "fail" and is_thin and Judge(exact=True).share(hits, of, least):
            row |= {"passed": "open", "why": "too few companies"}
        rows.append(row if asked else row | {"passed": "", "why": ""})

    named = [_named(each) for each in tested]
    if name in DIFFERS_IN:
        share("a difference found", "0.80", sum(map(bool, named)), len(group), ANSWERS)
        right = sum(found[0] > 0 for found in named if found)
        share("in the right segment", "0.90", right, sum(map(bool, named)), COVERAGE)
    elif tested:
        clear = sum(all(gap >= APART for gap in found) for found in named)
        share("no false segment", "0.90", clear, len(tested), COVERAGE)
        share("no segment named", "", sum(not found for found in named), len(tested), COVERAGE)
    said = [row for each in tested for row in each["levels"] if row["verdict"] == "ok"]
    held = sum(row["low"] <= row["truth"] <= row["high"] for row in said)
    if said:
        share("segments' intervals", "0.90", held, len(said), COVERAGE)
    drawn = [row for row in said if row["shrunk_low"] is not None]
    held = sum(row["shrunk_low"] <= row["truth"] <= row["shrunk_high"] for row in drawn)
    if drawn:
        share("segments' intervals, drawn towards all", "", held, len(drawn), COVERAGE)
    return rows


def _named(told: Mapping[str, Any]) -> list[float]:
    """For each attribute that is said to differ, the surest first: what is true of its levels.

    The true effect on the level that is said to gain most, less that on the level said to gain
    least.
    """
    gaps = []
    for test in sorted(told["tests"], key=lambda test: test["p_holm"] or 0.0):
        levels = [row for row in told["levels"] if row["attribute"] == test["attribute"]]
        levels = [row for row in levels if row["shrunk_estimate"] is not None]
        if test["differs"] == "yes":
            levels.sort(key=lambda row: row["shrunk_estimate"])
            gaps.append(levels[-1]["truth"] - levels[0]["truth"])
    return gaps


def _flip(companies: Sequence[Company], path: str, judge: Judge) -> list[dict[str, Any]]:
    """Whether letting go pays where prospects wait for freed hours, and not where none does.

    A company counts where the verdict is that it pays, or that its condition is met; in the other
    world none may, and fewer there than here may be left open as to whether it is.
    """
    shares, said, many = {}, [], 0
    for name in ("backlog", "scarcity"):
        words = [each["verdict"] for each in companies if each["scenario"] == name]
        if not words:
            return []
        many += len(words)
        shares[name] = sum(word in PAYS for word in words) / len(words)
        said.append(f"{name}: {shares[name]:.2f} pay")
    difference = shares["backlog"] - shares["scarcity"]
    return [
        _check(
            "scarcity", path, "verdict flips", "0.50", many, difference, difference >= 0.5,
            "; ".join(said),
        )
    ]  # fmt: skip


def markdown(rows: pd.DataFrame, heading: str) -> str:
    """The table as a page: what is asked first, then the rest."""
    shown = ["number", "scenario", "path", "outcome", "contrast", "method", "estimand", "asked"]
    shown += ["companies", "answered", "truth", "bias", "mc_error", "coverage", "false_alarms"]
    shown += ["verdicts", "passed", "why"]
    lines = [heading, "", "| " + " | ".join(shown) + " |", "|" + "---|" * len(shown)]
    asked = rows[rows["asked"] != ""]
    for row in asked[shown].to_dict("records"):
        lines.append("| " + " | ".join(_cell(row[name]) for name in shown) + " |")
    lines += ["", "Verdicts on break-even, by scenario:", ""]
    told = asked[asked["break_even"] != ""].drop_duplicates(["path", "scenario"])
    for row in told.to_dict("records"):
        lines.append(f"- {row['scenario']} ({row['path']}): {row['break_even']}")
    return "\n".join(lines) + "\n"


def _cell(value: Any) -> str:
    if isinstance(value, float):
        return "" if math.isnan(value) else f"{value:.4f}".rstrip("0").rstrip(".")
    return str(value)
