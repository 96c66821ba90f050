"""The published folder: what its pages say, and that equal marts give equal bytes."""

import hashlib
import json
import math
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import openpyxl
import pandas as pd
import pytest

from reports.build import PAGES, build
from reports.formats import NARROW, NOTHING, Formats
from reports.language import MissingWordsError, Words
from reports.marts import COLUMNS, MartColumnError, Marts
from reports.views import View
from reports.wording import break_even_sentence
from reports.worklist import deals, first, reasons
from tests import (
    practice_marts,
    test_options_page,
    test_origins_page,
    test_push_page,
    test_returns_page,
)
from tests.question_marts import frameworks, promises

SCRIPT = "<script>alert(1)</script>"
FORMULA = "=cmd|' /C calc'!A0"
TOO_COSTLY = "walking_away_looks_too_costly"
RUN: dict[str, Any] = {
    "as_of": "2026-10-31",
    "run_id": "4f1d9c0a7be2",
    "sources": ["bpic2012", "salesforce"],
    "settings": {
        "source": {"reporting_currency": "EUR", "new_business_only": True},
        "comparison": {
            "silence_signal_days": 14,
            "grace_days": 14,
            "chase_gap_days": 21,
            "chase_days": 90,
            "horizon_days": 180,
            "bristle_days": 30,
            "return_days": 365,
            "seller_active_days": 30,
        },
    },
    "versions": {"pandas": "3.1.1", "scikit-learn": "1.9.1"},
    "missing": [{"step": "core.deals", "reason": f"a file ended early {SCRIPT}"}],
}


def frames() -> dict[str, pd.DataFrame]:
    """Small marts in the shape of their contracts, with hostile names among them."""
    return {
        **_outcome_frames(),
        **_stall_frames(),
        **_strategy_frames(),
        **_trust_frames(),
        **practice_marts.frames(),
        **test_options_page.whole(),
        **test_push_page.whole(),
        **test_origins_page.whole(),
        **test_returns_page.whole(),
        "worklist": _worklist(),
        "move_rules": _table("hour_low hour_high hour_gap chance_days", (80.0, 140.0, "", 180)),
        "brief_facts": _table(
            "deal_id incumbent has_sign_of_life", ("salesforce:006X", SCRIPT, True)
        ),
        "flags_lifted": _table("deal_id status flagged_on", ("salesforce:1", "won", "2026-10-30")),
        **promises(),
        **frameworks(),
    }


def _table(columns: str, *rows: tuple[object, ...]) -> pd.DataFrame:
    return pd.DataFrame(list(rows), columns=columns.split())


def _outcome_frames() -> dict[str, pd.DataFrame]:
    counts = _table(
        "outcome rule deals amount_base",
        ("won", "crm", 612, 14_210_000.0),
        ("lost_to_competitor", "reason", 431, 11_020_000.0),
        ("no_decision", "reason", 702, 18_400_000.0),
        ("no_decision", "stall", 213, 5_300_000.0),
        ("no_decision", "stalled_open", 154, 6_100_000.0),
        ("disqualified", "reason", 288, 4_100_000.0),
        ("seller_drop", "reason", 37, 410_000.0),
        ("unknown_loss", "none", 164, 2_900_000.0),
        ("open", "none", 389, 9_800_000.0),
        ("excluded", "duplicate", 41, np.nan),
    )
    quarters = [
        (f"{2024 + i // 4} Q{1 + i % 4}", outcome, base + 4 * i + (7 * i) % 11)
        for i in range(11)
        for outcome, base in (
            ("won", 44),
            ("lost_to_competitor", 32),
            ("no_decision", 70),
            ("disqualified", 18),
            ("unknown_loss", 9),
        )
    ]
    return {
        "outcome_counts": counts,
        "outcome_quarters": _table("quarter outcome deals", *quarters),
    }


def _stall_frames() -> dict[str, pd.DataFrame]:
    ends = {"won": 0.24, "lost_to_competitor": 0.17, "no_decision": 0.43, "disqualified": 0.11}
    incidence = [
        (curve, cause, day, value, max(value - 0.02, 0.0), value + 0.02)
        for curve, scale in (("all", 1.0), (f"Direct {SCRIPT}", 0.9), ("Partner", 1.12))
        for cause, end in ends.items()
        for day in range(0, 400, 5)
        for value in [scale * end * (1 - math.exp(-day / 110)) * 0.97]
    ]
    evaluation = []
    skill = {
        "boosting": 0.152,
        "logit": 0.121,
        "aalen_johansen": 0.0,
        "crm_probability": -0.031,
        "silence_rule": 0.044,
    }
    for part, cut in (("all", 0.0), ("reason_given", 0.03)):
        for horizon in (30, 60, 90, 180):
            for cause, events in (("no_decision", 310), ("won", 205), ("lost_to_competitor", 41)):
                for model, value in skill.items():
                    thin = events < 50
                    shared = (model, cause, horizon, part)
                    v = value - cut + horizon / 9000
                    evaluation += [
                        ("brier_skill", *shared, v, v - 0.031, v + 0.029, 2400, events, thin),
                        ("auc", *shared, 0.6 + v, 0.57 + v, 0.63 + v, 2400, events, thin),
                        ("calibration_slope", *shared, 0.97, 0.88, 1.06, 2400, events, thin),
                        ("ici", *shared, 0.0123, 0.008, 0.019, 2400, events, thin),
                    ]
    calibration = [
        (
            "boosting",
            "no_decision",
            horizon,
            b,
            0.04 + 0.09 * b,
            0.03 + 0.092 * b + 0.01 * (b % 2),
            240 - 14 * b,
        )
        for horizon in (30, 90)
        for b in range(10)
    ]
    days = pd.to_datetime(["2026-05-02", "2026-06-06"])
    track = [
        (
            f"salesforce:{i}",
            days[i % 2],
            90,
            (i % 97) / 97,
            days[i % 2] + pd.Timedelta(days=90),
            (i * 37) % 97 < i % 97,
            "no_decision" if (i * 37) % 97 < i % 97 else "won",
        )
        for i in range(220)
    ]
    return {
        "incidence": _table("curve cause day incidence low high", *incidence),
        "model_evaluation": _table(
            "metric model cause horizon_days slice value low high n events is_thin", *evaluation
        ),
        "calibration": _table("model cause horizon_days bin predicted observed n", *calibration),
        "model_card": _table(
            "key value",
            ("published_model", "boosting"),
            ("rows", "48210"),
            ("limits", f"Not for judging sellers. {SCRIPT}"),
            ("span", '{"from": "2021-01-04", "to": "2026-10-31"}'),
        ),
        "stall_scores": _table(
            "deal_id horizon_days p_no_decision p_no_decision_if_pursued rank",
            ("salesforce:006A", 90, 0.61, 0.72, 1),
            ("salesforce:006B", 90, 0.55, 0.58, 2),
        ),
        "track_record": _table(
            "deal_id predicted_on horizon_days p_no_decision due_on happened outcome", *track
        ),
        "track_metrics": _table(
            "group period horizon_days prediction metric value low high n deals events censored "
            "is_thin",
            *(
                (group, period, 90, "as_things_go", metric, value, *ends, 80, 61, events, 3, thin)
                for group, period, events, thin in (
                    ("all", "all", 55, False),
                    ("replayed", "all", 12, True),
                    ("all", "2026Q1", 12, True),
                )
                for metric, value, *ends in (
                    ("predicted", 0.34, 0.31, 0.37),
                    ("observed", 0.36, 0.3, 0.42),
                    ("brier", 0.171, np.nan, np.nan),
                    ("brier_skill", 0.12, 0.02, 0.21),
                )
            ),
        ),
        "stall_summary": _table(
            "measure value low high n",
            ("zombies", 154.0, np.nan, np.nan, 389),
            ("zombie_amount", 6.1e6, np.nan, np.nan, 154),
            ("stalled_share", 0.51, 0.49, 0.53, 2601),
            ("resurrection_share", 0.031, 0.022, 0.043, 1311),
        ),
        "stall_by_g": _table(
            "g_factor measure value low high n",
            (0.5, "stalled", 1503.0, np.nan, np.nan, 2601),
            (1.0, "stalled", 1327.0, np.nan, np.nan, 2601),
            (2.0, "stalled", 902.0, np.nan, np.nan, 2601),
            (0.5, "resurrection_share", 0.064, 0.052, 0.078, 1490),
            (1.0, "resurrection_share", 0.031, 0.022, 0.043, 1311),
        ),
        "observed_days": _table(
            "source why deals deal_days day_share stalled",
            ("salesforce", "on_record", 2480, 201_312, 0.94, 1327),
            ("salesforce", "before_the_record", 121, 12_850, 0.06, 0),
        ),
        "decision_curve": _table(
            "cause horizon_days model threshold net_benefit low high n events is_thin",
            *(
                (
                    "no_decision",
                    90,
                    model,
                    at / 20,
                    worth - at / 100,
                    worth - 0.1,
                    worth,
                    310,
                    90,
                    0,
                )
                for model, worth in (("boosting", 0.2), ("act_on_all", 0.15), ("logit", 0.1))
                for at in range(1, 20)
            ),
        ),
        "drift": _table(
            "feature idea then now measure low high p n is_moved",
            ("silence_days", "silence", "12.1", "31.4", 0.41, np.nan, np.nan, 0.002, 410, True),
            ("lead_source", "deal", SCRIPT, "Trade fair", 0.02, np.nan, np.nan, 0.7, 410, False),
            ("calibration_90", "calibration", "-0.01", "0.09", 0.1, 0.02, 0.18, np.nan, 402, True),
        ),
        "thresholds": _table(
            "pipeline stage g_days stage_p80_days n_wins learned_before",
            ("Direct", SCRIPT, 24, 31, 44, pd.Timestamp("2025-03-01")),
            ("Direct", "Negotiation", 19, 22, 61, pd.Timestamp("2025-03-01")),
            ("Partner", "제안", 30, None, 6, pd.Timestamp("2025-03-01")),
        ),
    }


def _strategy_frames() -> dict[str, pd.DataFrame]:
    signals = {"silence": 800, "push": 320, "later": 140, "overstay": 210}
    shares = {"disqualify": 0.14, "chase": 0.47, "wait": 0.29, "unresolved": 0.1}
    counts = [
        (signal, strategy, int(n * share), int(n * share * (0.1 + 0.4 * (strategy == "chase"))))
        for signal, n in signals.items()
        for strategy, share in shares.items()
    ]
    points = {
        "naive": (-0.181, 0.02),
        "ipw": (-0.062, 0.034),
        "overlap": (-0.058, 0.031),
        "doubly_robust": (-0.054, 0.029),
    }
    counted = (31, 58, 322)

    def row(outcome: str, method: str, unit: str, *numbers: float) -> tuple[object, ...]:
        estimand = "association" if method == "naive" else "ate"
        contrast = "disqualify_early_vs_not"
        return (outcome, estimand, contrast, method, *numbers, unit, 1180, 640.0, "ok", *counted)

    missing = (np.nan, np.nan, np.nan)
    walked = ("share", "disqualify_early", "naive")
    comparison = [
        *(
            row("account_win", method, "points", v, v - 1.96 * error, v + 1.96 * error)
            for method, (v, error) in points.items()
        ),
        row("hours", "doubly_robust", "hours", -6.4, -8.1, -4.8),
        row("revenue", "doubly_robust", "currency", -1450.0, -3900.0, 900.0),
        row("days_to_decision", "doubly_robust", "days", -61.0, -74.0, -49.0),
        ("return", *walked, 0.118, 0.09, 0.152, "share", 410, 388.0, "ok", 29, 0, 48),
        ("bristle", *walked, *missing, "share", 41, np.nan, "too_few", 12, 0, 4),
    ]
    curves = [
        (
            strategy,
            day,
            top * day / 180,
            max(0.0, top * day / 180 - 0.02),
            top * day / 180 + 0.02,
            900 - 4 * day,
        )
        for strategy, top in (("disqualify", 0.13), ("chase", 0.29), ("wait", 0.18))
        for day in range(0, 181, 7)
    ]
    names = [
        "amount",
        "age_days",
        "stage_order",
        "days_in_stage",
        "pushes",
        "touches_all",
        "replies_all",
        "silence_days",
        "meetings_held",
        "contacts",
        "seller_walk_rate",
        "seller_win_rate",
        "quarter",
    ]
    balance = [
        (n, 0.42 - 0.03 * i, 0.06 - 0.004 * i, 0.0 if i else 0.12) for i, n in enumerate(names)
    ]
    overlap = [
        (arm, b / 20, (b + 1) / 20, max(0, int(90 * math.exp(-((b - mid) ** 2) / 18))))
        for arm, mid in (("disqualify", 8), ("not_disqualify", 3))
        for b in range(20)
    ]
    return {
        "strategy_counts": _table("signal strategy deals won", *counts),
        "ineligible_counts": _table("reason deals", ("no_sign_of_life", 310), (FORMULA, 12)),
        "strategy_comparison": _table(
            "outcome estimand contrast method estimate low high unit n effective_n verdict "
            "n_sellers events_treated events_control",
            *comparison,
        ),
        "strategy_curves": _table("strategy day incidence low high n_at_risk", *curves),
        "strategy_incidence": _table("strategy day incidence low high n_at_risk", *curves),
        "heterogeneity": _table(
            "attribute level n n_sellers events_treated events_control estimate low high "
            "shrunk_estimate shrunk_low shrunk_high verdict",
            ("stage", "early", 700, 31, 55, 140, -0.02, -0.1, 0.06, -0.05, -0.1, 0.0, "ok"),
            ("stage", "late", 480, 30, 61, 182, -0.09, -0.18, 0.0, -0.06, -0.11, -0.01, "ok"),
            ("origin", SCRIPT, 600, 31, 51, 160, -0.05, -0.12, 0.02, *missing, "ok"),
            ("origin", "other", 580, 29, 12, 162, *missing, *missing, "too_few"),
        ),
        "heterogeneity_tests": _table(
            "attribute levels levels_said f dof dof_error p p_holm spread differs verdict",
            ("stage", 2, 2, 1.1, 1.0, 25.0, 0.3, 0.3, 0.01, "no", "ok"),
            ("origin", 2, 1, *missing, np.nan, np.nan, np.nan, "unknown", "too_few"),
        ),
        "walkaway_frontier": _table(
            "order_by threshold day deals deals_let_go wins_given_up wins_given_up_low "
            "wins_given_up_high revenue_given_up revenue_given_up_low revenue_given_up_high "
            "hours_freed hours_freed_low hours_freed_high revenue_per_hour",
            *(
                (
                    *(order, threshold, 28, 400, round(400 * (1 - threshold))),
                    *(60 * (1 - threshold), 40 * (1 - threshold), 80 * (1 - threshold)),
                    *(9e5 * (1 - threshold), 7e5 * (1 - threshold), 11e5 * (1 - threshold)),
                    *(900 * (1 - threshold), 800 * (1 - threshold), 990 * (1 - threshold), 1e3),
                )
                for order in ("risk", "value_per_hour")
                for threshold in (0.3, 0.5, 0.7)
            ),
        ),
        "frontier_facts": _table("key value", ("verdict", "answered"), ("deals", "400")),
        "second_looks": _table(
            "method outcome estimate low high unit n n_sellers first_stage_f verdict",
            ("seller_quarters", "wins", 0.4, -0.1, 0.9, "wins", 210, 31, np.nan, "answered"),
            ("seller_quarters", "revenue", *missing, "currency", 210, 31, np.nan, "no_variation"),
            ("seller_preference", "account_win", *missing, "points", 900, 31, 3.1, "weak"),
        ),
        "balance": _table("covariate smd_before smd_ipw smd_overlap", *balance),
        "overlap": _table("arm bin_low bin_high n", *overlap),
        "diagnostics": _table(
            "key value",
            ("smallest_difference", 0.08),
            ("months_to_answer", 9.0),
            ("pilot_deals_per_arm", 410.0),
            ("pilot_difference", 0.065),
            ("top_1_percent_overlap_weight_share", 0.07),
        ),
        "sensitivity": _table(
            "analysis label estimate low high unit note",
            ("trimming", "0.05", -0.05, -0.11, 0.01, "points", ""),
            ("horizon", "365", -0.056, -0.118, 0.004, "points", ""),
            ("e_value", "estimate", 1.9, np.nan, np.nan, "ratio", ""),
            (
                "direction",
                "unmeasured_quality",
                *missing,
                "points",
                TOO_COSTLY,
            ),
            ("negative_control", "touches_all", 0.1, -0.4, 0.6, "count", "should_be_nothing"),
        ),
        "model_signal": _table(
            "analysis label estimate low high unit note",
            ("time_zero", "model_signal", *missing, "points", "no_past_scores"),
        ),
        "specifications": _table(
            "definition method horizon_days estimate low high n verdict is_headline",
            ("as_set", "doubly_robust", 180, -0.054, -0.11, 0.003, 1180, "ok", True),
            ("as_set", "overlap", 180, -0.05, -0.1, 0.0, 1180, "ok", False),
            ("silence_half", "ipw", 365, *missing, 300, "too_few", False),
        ),
        "trial_facts": _table(
            "key value",
            ("compared", "1180"),
            ("excluded", '{"no_sign_of_life": 310}'),
            ("covariates", '["amount", "pushes"]'),
            ("first_signal_on", '"2022-02-01"'),
        ),
        "break_even": pd.DataFrame(
            [
                {
                    "wins_given_up": 8.9,
                    "wins_given_up_low": -0.4,
                    "wins_given_up_high": 18.3,
                    "hours_freed": 1056.0,
                    "hours_freed_low": 790.0,
                    "hours_freed_high": 1336.0,
                    "break_even_wins_per_hour": 0.0084,
                    "break_even_wins_per_hour_low": 0.0,
                    "break_even_wins_per_hour_high": 0.0172,
                    "fresh_yield_wins_per_hour": 0.0131,
                    "refill_share": 0.48,
                    "freed_hour_wins": 0.0063,
                    "backlog_deals": 212,
                    "verdict": "pays_if",
                    "is_met": "yes",
                    "interval_kind": "bounded",
                    "deals": 1180,
                }
            ]
        ),
        "fresh_yield": _table("hours wins wins_per_hour", (8120.5, 106, 0.0131)),
        "backlog": _table("measure value", ("untouched deals", 212), ("days to first touch", 19)),
    }


def _worklist() -> pd.DataFrame:
    drivers = json.dumps(
        [
            {"idea": "pushes", "value": 3, "contribution": 0.4},
            {
                "idea": "silence",
                "feature": "silence_days",
                "value": 46,
                "reference": 12,
                "contribution": 0.9,
            },
            {"idea": "people", "value": 1.5, "contribution": -0.1},
        ]
    )
    rows: list[tuple[object, ...]] = [
        (
            f"salesforce:006{i:04d}",
            f"Account {i}",
            f"005{i % 9}",
            ("North", "South", None)[i % 3],
            float(1000 + 7919 * i % 90000),
            0.4 + (i * 31 % 50) / 100,
            ("help_decide", "disqualify", "keep")[i % 3],
            drivers,
            "what_moved_the_date",
            f"Renewal of plant {i}",
            False,
            46,
            5,
            0.5 + (i * 31 % 50) / 100,
        )
        for i in range(40)
    ]
    rows += [
        (
            "salesforce:006X",
            SCRIPT,
            "0051",
            FORMULA,
            1_250_000.0,
            0.9,
            "disqualify",
            SCRIPT,
            FORMULA,
            SCRIPT,
            False,
            90,
            9,
            0.999,
        ),
        (
            "salesforce:006Y",
            FORMULA,
            "0051",
            "@SUM(A1)",
            990_000.0,
            0.9,
            "help_decide",
            "silence",
            "",
            FORMULA,
            False,
            3,
            1,
            0.998,
        ),
        (
            "salesforce:006Z",
            "주식회사 가나다라마바사",
            "0052",
            "서울",
            None,
            None,
            "disqualify",
            None,
            None,
            None,
            True,
            210,
            14,
            None,
        ),
    ]
    return _table(
        "deal_id account seller_id team amount_base p_no_decision move reasons question name "
        "is_stalled silence_days touches_since_sign_of_life p_no_decision_if_pursued",
        *rows,
    )


def _trust_frames() -> dict[str, pd.DataFrame]:
    return {
        "replay_limits": _table("what n of_all", ("owners_of_today", 370, 370), (SCRIPT, 1, 2)),
        "files_read": _table(
            "path sha256 bytes encoding delimiter kind rows rejected_rows decision reason",
            (
                "opportunity.csv",
                "ab",
                812331,
                "utf-8",
                ",",
                "salesforce_opportunity",
                2601,
                2,
                "read",
                None,
            ),
            ("task.csv", "ac", 9812331, "cp949", ",", "salesforce_task", 48120, 31, "read", None),
            (
                f"{SCRIPT}.csv",
                "ad",
                12,
                "utf-8",
                ",",
                None,
                0,
                0,
                "unrecognised",
                "no header is known",
            ),
        ),
        "rejects_summary": _table(
            "file column_name reason lines",
            ("task.csv", "created_date", "not a date: '31/31/2026'", 31),
        ),
        "unmapped_reasons": _table("reason deals", (SCRIPT, 9), ("-1", 3), ("사유 없음", 2)),
        "unread_columns": _table("file column_name", ("opportunity.csv", "Foo__c")),
        "capabilities": _table(
            "source capability value detail",
            ("salesforce", "stage_history", "full", "48,120 saved states"),
            ("salesforce", "quotes", "none", "no file of quotes was offered"),
        ),
        "activity_quality": _table(
            "kind activities automatic_share late_share",
            ("email", 31200, 0.12, 0.03),
            ("meeting", 2100, 0.0, 0.4),
        ),
        "traps": _table(
            "source trap found looked_at unit done setting detail is_warning",
            (
                "salesforce",
                "twins",
                412,
                9812,
                "acts",
                "dropped",
                "traps.dropped_share",
                None,
                False,
            ),
            (
                *("salesforce", "mass_cleanups", 61, 431, "deals", "marked"),
                *("outcomes.cleanup_min_deals", f"2026-06-30: 61 {SCRIPT}", True),
            ),
            (
                "salesforce",
                "drafts",
                0,
                9812,
                "acts",
                "dropped",
                "traps.dropped_share",
                None,
                False,
            ),
        ),
        "cleanup_days": _table("closed_on deals usual", (pd.Timestamp("2026-06-30"), 61, 4.2)),
        "checks": _table(
            "check table severity passed detail description",
            ("unique_key", "core.deals", "error", True, "none found", "No key twice."),
            ("amounts_known", "core.deals", "warn", False, f"12 deals {SCRIPT}", None),
        ),
    }


class _Page(HTMLParser):
    """Collects what a reader sees: text outside scripts, headings, table shapes, links."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.text, self.links, self.scripts = "", [], []
        self.tables, self.unscoped, self._inside = 0, 0, []
        self.feed(source)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = dict(attrs)
        if tag in ("script", "style"):
            self._inside.append(tag)
            self.scripts.append(named)
        if tag == "table":
            self.tables += 1
        if tag == "th" and "scope" not in named:
            self.unscoped += 1
        self.links += [named[name] or "" for name in ("href", "src") if name in named]

    def handle_endtag(self, tag: str) -> None:
        if tag in ("script", "style"):
            self._inside.pop()

    def handle_data(self, data: str) -> None:
        if not self._inside:
            self.text += data


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A report of the small marts."""
    out = tmp_path_factory.mktemp("report")
    build(frames(), RUN, out)
    return out


def _page(report: Path, page: str) -> _Page:
    return _Page((report / "en" / PAGES[page][0]).read_text(encoding="utf-8"))


def _digests(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_equal_marts_give_equal_bytes(report: Path, tmp_path: Path) -> None:
    build(frames(), RUN, tmp_path)
    assert _digests(tmp_path) == _digests(report)


def test_a_folder_with_something_in_it_is_refused(tmp_path: Path) -> None:
    (tmp_path / "kept.txt").write_text("kept")
    with pytest.raises(FileExistsError, match="not empty"):
        build(frames(), RUN, tmp_path)


def test_every_file_of_the_report_is_there(report: Path) -> None:
    names = set(_digests(report))
    pages = {f"en/{file}" for file, _ in PAGES.values()}
    assert pages | {"index.html", "assets/plotly.min.js", "worklist.xlsx", "model.md"} <= names
    for mart in frames():
        assert {f"tables/{mart}.csv", f"tables/{mart}.parquet"} <= names


@pytest.mark.parametrize("page", PAGES)
def test_pages_lead_only_to_files_of_the_report(report: Path, page: str) -> None:
    for link in _page(report, page).links:
        assert not re.match(r"[a-z]+:|//", link), link
        target = link.split("#")[0]
        if target:
            assert (report / "en" / target).resolve().is_file(), link


@pytest.mark.parametrize("page", PAGES)
def test_pages_are_small_accessible_and_hold_no_foreign_markup(report: Path, page: str) -> None:
    source = (report / "en" / PAGES[page][0]).read_text(encoding="utf-8")
    seen = _Page(source)
    assert len(source.encode()) < 400_000
    assert SCRIPT not in source
    assert seen.unscoped == 0
    assert seen.tables >= 1
    assert "Content-Security-Policy" in source
    for script in seen.scripts:
        assert script.get("type") == "application/json" or script.get("src")


@pytest.mark.parametrize("page", ["brief", "worklist", "trust", "method"])
def test_hostile_names_are_shown_as_they_are(report: Path, page: str) -> None:
    assert SCRIPT in _page(report, page).text


def test_figures_are_valid_json_that_cannot_end_their_element(report: Path) -> None:
    source = (report / "en" / "stall.html").read_text(encoding="utf-8")
    found = re.findall(r'<script type="application/json"[^>]*>(.*?)</script>', source, re.S)
    assert len(found) >= 5
    for written in found:
        figure = json.loads(written)
        assert figure["data"] and "template" not in figure["layout"]
        assert "bdata" not in written and "<" not in written
    names = [trace.get("name", "") for written in found for trace in json.loads(written)["data"]]
    assert "Direct &lt;script&gt;alert(1)&lt;/script&gt;" in names  # plotly reads markup in names


def test_the_brief_gives_shares_of_all_deals_that_ended(report: Path) -> None:
    left = 612 + 431 + 702 + 213 + 154 + 288 + 37 + 164
    text = _page(report, "brief").text
    assert f"Of {left:,} deals that came to an end" in text
    assert f"{100 * (702 + 213 + 154) / left:.0f}{NARROW}% ended in no decision" in text
    assert f"{100 * 612 / left:.0f}{NARROW}% were won" in text


def test_the_headline_is_the_doubly_robust_row_and_never_the_naive_one(report: Path) -> None:
    text = _page(report, "strategies").text
    answer = text[: text.index("Let go early against not")]
    assert "−5.4 points" in answer
    assert "−18.1" not in answer
    assert "no difference that these data can show" in answer


def test_the_trust_page_says_what_of_each_trap_was_found_and_done(report: Path) -> None:
    text = _page(report, "trust").text
    assert "Of 3 traps that exports are known for, 2 were found and treated; 1 of them" in text
    found = text[text.index("Traps found, and what was done") :]
    first, second = found.index("closed in a mass clean-up"), found.index("second record of")
    assert first < second, "what warns comes first"
    assert found.index("61 deals") < found.index("outcomes.cleanup_min_deals") < second
    assert f"14{NARROW}%" in found[first:second]
    assert "not taken for what it looks like" in found[first:second]
    assert "412 activities" in found[second:]
    assert "not found: mail that was not sent." in found[second:]


def test_the_trust_page_counts_the_files_that_were_read(report: Path) -> None:
    assert "2 of 3 files were read" in _page(report, "trust").text


def test_every_capability_has_words(told: Any) -> None:
    found = told(Path(__file__).parent / "exports" / "sheet" / "english")
    names = {name for (name,) in found.rows("select capability from core.capabilities")}
    assert names - {key.partition(".")[2] for key in Words.read("en").keys("capability")} == set()


def test_without_a_search_for_traps_the_trust_page_says_so(tmp_path: Path) -> None:
    tables = frames()
    del tables["traps"]
    build(tables, RUN, tmp_path)
    assert "No export was searched for its traps." in _page(tmp_path, "trust").text


@pytest.mark.parametrize(
    ("low", "high", "said"),
    [(-0.2, -0.1, "less often"), (0.1, 0.2, "more often"), (-0.1, 0.1, "no difference")],
)
def test_the_interval_decides_the_words(tmp_path: Path, low: float, high: float, said: str) -> None:
    tables = frames()
    row = tables["strategy_comparison"]["method"] == "doubly_robust"
    tables["strategy_comparison"].loc[row, ["low", "high"]] = [low, high]
    build(tables, RUN, tmp_path)
    text = _page(tmp_path, "brief").text
    assert said in text
    assert sum(words in text for words in ("less often", "more often", "no difference")) == 1


@pytest.mark.parametrize(
    ("verdict", "said"), [("too_few", "Too few to say"), ("no_overlap", "too little in common")]
)
def test_a_refusal_is_said_in_words_and_prints_no_number(
    tmp_path: Path, verdict: str, said: str
) -> None:
    tables = frames()
    tables["strategy_comparison"]["verdict"] = verdict
    build(tables, RUN, tmp_path)
    text = _page(tmp_path, "strategies").text
    assert said in text
    answered = text[: text.index("Hours, and what")]
    assert "−5.4" not in answered and "−18.1" not in answered and "12 %" not in answered
    assert "with 410 deals on each side, would show a difference of 6.5 points" in text
    summary = json.loads((tmp_path / "summary.json").read_text(encoding="utf-8"))
    assert {row["estimate"] for row in summary["estimates"]} == {None}


def test_skill_whose_interval_reaches_zero_is_not_claimed(tmp_path: Path) -> None:
    tables = frames()
    tables["model_evaluation"]["low"] = -0.01
    build(tables, RUN, tmp_path)
    text = _page(tmp_path, "stall").text
    assert "No model has been shown" in text
    assert "better than knowing only the average deal" not in text


def test_thin_evidence_is_said_instead_of_the_skill(tmp_path: Path) -> None:
    tables = frames()
    tables["model_evaluation"] = tables["model_evaluation"].assign(is_thin=True, events=12)
    build(tables, RUN, tmp_path)
    assert (
        "Too few to say whether the model helps: the test holds 12" in _page(tmp_path, "brief").text
    )


def test_many_resurrections_turn_stall_counts_into_a_limit(tmp_path: Path) -> None:
    tables = frames()
    summary = tables["stall_summary"]
    summary.loc[summary["measure"] == "resurrection_share", "value"] = 0.08
    build(tables, RUN, tmp_path)
    assert "upper limit" in _page(tmp_path, "stall").text


@pytest.mark.parametrize("shape", ["absent", "empty"])
def test_nothing_to_say_is_said_on_every_page(tmp_path: Path, shape: str) -> None:
    tables = {} if shape == "absent" else {name: f.head(0) for name, f in frames().items()}
    build(tables, {"as_of": "2026-10-31", "run_id": "0"}, tmp_path)
    said = {
        "brief": "No deal has come to an end yet",
        "stall": "not enough history",
        "strategies": "no deal met the conditions",
        "origins": "No deal has been won yet",
        "returns": "No walk-away is on record",
        "worklist": "No open deal asks for a move",
        "trust": "No files were offered",
        "method": "21 items",
        "commitments": "No export holds a dated promise",
        "frameworks": "No export holds a field of MEDDPICC",
    }
    for page, words in said.items():
        assert words in _page(tmp_path, page).text
    jsonschema.validate(*_summary_and_schema(tmp_path))


@pytest.mark.parametrize("name", [name for name, columns in COLUMNS.items() if columns])
def test_a_mart_without_a_column_is_named(name: str) -> None:
    column = COLUMNS[name][0]
    tables = {name: frames()[name].drop(columns=column)}
    with pytest.raises(MartColumnError, match=rf"marts\.{name} lacks {column}"):
        Marts(tables)


def _summary_and_schema(report: Path) -> tuple[Any, Any]:
    return tuple(  # type: ignore[return-value]
        json.loads((report / name).read_text(encoding="utf-8"))
        for name in ("summary.json", "summary.schema.json")
    )


def test_the_summary_keeps_to_its_schema(report: Path) -> None:
    summary, schema = _summary_and_schema(report)
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(summary, schema)
    assert summary["as_of"] == "2026-10-31"
    assert summary["model"]["published"] == "boosting"
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**summary, "surprise": 1}, schema)


def test_csv_text_is_never_a_formula_and_numbers_stay(report: Path) -> None:
    written = pd.read_csv(report / "tables" / "worklist.csv", dtype=str)
    assert f"'{FORMULA}" in set(written["account"])
    reasons_written = pd.read_csv(report / "tables" / "unmapped_reasons.csv", dtype=str)
    assert "'-1" in set(reasons_written["reason"])
    estimates = pd.read_csv(report / "tables" / "strategy_comparison.csv")
    assert estimates["estimate"].min() == pytest.approx(-1450.0)
    for path in (report / "tables").glob("*.csv"):
        for column, values in pd.read_csv(path, dtype=str, keep_default_na=False).items():
            for value in values:
                is_number = re.fullmatch(r"-?\d+(\.\d+)?(e-?\d+)?", value)
                assert is_number or not re.match(r"\s*[=+\-@\t]", value), (path, column, value)


def test_parquet_holds_the_mart_as_it_was(report: Path) -> None:
    for name in ("worklist", "incidence", "track_record"):
        pd.testing.assert_frame_equal(
            pd.read_parquet(report / "tables" / f"{name}.parquet"),
            frames()[name],
            check_dtype=False,
        )


def test_the_sheet_holds_text_not_formulas(report: Path) -> None:
    book = openpyxl.load_workbook(report / "worklist.xlsx")
    sheet = book.active
    assert sheet is not None
    assert str(book.properties.created)[:10] == "2026-10-31"
    assert sheet.freeze_panes == "C2"
    assert sheet.auto_filter.ref == f"A1:Q{len(_worklist()) + 1}"
    values = {cell.value: cell.data_type for row in sheet.iter_rows() for cell in row}
    assert values[FORMULA] == "s"
    assert "f" not in set(values.values())


def test_stalled_deals_come_first_then_the_riskiest() -> None:
    view = View(Words.read("en"), Formats("EUR"), RUN)
    marts = Marts({"worklist": _worklist()})
    listed = deals(marts, view, "disqualify")
    assert [deal.deal_id for deal in listed[:2]] == ["salesforce:006Z", "salesforce:006X"]
    assert listed[0].risk == "stalled"
    assert listed[0].reasons == "No sign of life for 210 days, and 14 touches since"
    assert [deal.deal_id[-1] for deal in first(marts, view, 3)] == ["Y", "Z", "4"]
    assert len(first(Marts({"worklist": _worklist().head(2)}), view, 3)) == 2


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        (None, ""),
        ("asked for more time", "asked for more time"),
        ('["one", "two"]', "one; two"),
        ('[{"idea": "silence", "value": 46, "contribution": 0.9}]', "Silence: 46"),
        (
            '[{"idea": "people", "value": 2, "contribution": -1}, {"idea": "silence", '
            '"value": "46 days", "contribution": 0.2}]',
            "Silence: 46 days. On the other hand, People: 2",
        ),
        ("[not json", "[not json"),
        (
            '[{"idea": "silence", "feature": "silence_days", "value": 46, "reference": 12, '
            '"contribution": 0.9}]',
            "Days of silence: 46 (usual: 12)",
        ),
    ],
)
def test_reasons_are_read_in_every_form_they_come(written: str | None, shown: str) -> None:
    assert reasons(View(Words.read("en"), Formats()), {"reasons": written}) == shown


@pytest.mark.parametrize(
    ("printed", "expected"),
    [
        (Formats().count(12345.0), "12,345"),
        (Formats().count(None), NOTHING),
        (Formats().count(-0.2), "0"),
        (Formats().share(0.0), f"0{NARROW}%"),
        (Formats().share(0.0004), f"< 0.1{NARROW}%"),
        (Formats().share(0.0312), f"3.1{NARROW}%"),
        (Formats().share(0.312), f"31{NARROW}%"),
        (Formats().share(0.9996), f"> 99.9{NARROW}%"),
        (Formats().share(1.0), f"100{NARROW}%"),
        (Formats().share(float("nan")), NOTHING),
        (Formats().points(-0.0541), "−5.4"),
        (Formats().points(0.02), "+2.0"),
        (Formats("EUR").amount(1_234_000), f"EUR\u00a01.23{NARROW}m"),
        (Formats("EUR").amount(999_900), f"EUR\u00a01.00{NARROW}m"),
        (Formats("EUR").amount(-1450), f"EUR\u00a0−1.45{NARROW}k"),
        (Formats("").amount(950), "950"),
        (Formats().number(0.0004, 2), "0.0004"),
        (Formats().day(pd.Timestamp("2026-10-31")), "2026-10-31"),
    ],
)
def test_numbers_are_printed_one_way(printed: str, expected: str) -> None:
    assert printed == expected


def test_missing_words_stop_the_build_and_name_the_key() -> None:
    words = Words("en", {"known": "**{n}** deals"})
    with pytest.raises(MissingWordsError, match=r"en\.toml has no words for 'lost'"):
        words("lost")
    with pytest.raises(MissingWordsError, match="'known' has a placeholder 'n'"):
        words("known", m=1)
    assert words.html("known", n=SCRIPT) == (
        "<strong>&lt;script&gt;alert(1)&lt;/script&gt;</strong> deals"
    )


def test_templates_carry_no_sentences() -> None:
    for template in Path("reports/templates").glob("*.html"):
        source = template.read_text(encoding="utf-8")
        bare = re.sub(r"{%.*?%}|{{.*?}}|<[^>]*>", " ", source, flags=re.S)
        left = re.sub(r"summary\.json|worklist\.xlsx|model\.md", "", bare)
        assert not re.search(r"[A-Za-z]{2,}", left), (template, left)


def test_every_key_that_the_pages_name_has_words() -> None:
    words = Words.read("en")
    for source in [*Path("reports").glob("*.py"), *Path("reports/templates").glob("*.html")]:
        code = source.read_text(encoding="utf-8")
        named = re.findall(r"(?:words|words\.html|\bt|heading)\(\s*\"([\w.]+)\"\s*[,)]", code)
        assert [key for key in named if not words.has(key)] == [], source


def test_sentences_in_the_locale_file_are_all_used() -> None:
    sources = [*Path("reports").glob("*.py"), *Path("reports/templates").glob("*.html")]
    code = "\n".join(source.read_text(encoding="utf-8") for source in sources)
    for key in Words.read("en").keys("answer"):
        name = key.removeprefix("answer.")
        stem = re.match(r"(strategy|break_even|needed|origins?|returns)_", name)
        assert f'answer.{name}"' in code or (stem and f"answer.{stem[1]}_{{" in code), key


@pytest.mark.parametrize(
    ("verdict", "is_met", "wins", "said"),
    [
        ("pays_free", "yes", -2.0, "it pays even if those hours earn nothing"),
        ("pays_if", "yes", 8.9, "which is enough"),
        ("pays_if", "no", 8.9, "then earn 0.63, which is not enough"),
        ("pays_if", "unclear", 8.9, "too close to say"),
        ("pays_if", "unknown", 8.9, "is not known"),
        ("pays_if", "yes", -2.0, "estimated to cost no wins"),
        ("does_not_pay", "no", 8.9, "that does not pay"),
        ("too_few", "unknown", math.nan, "Too few to say what the freed hours"),
        ("new_one", "unknown", 8.9, "without a usable verdict (new_one)"),
    ],
)
def test_every_verdict_of_the_break_even_is_a_sentence(
    verdict: str, is_met: str, wins: float, said: str
) -> None:
    row = frames()["break_even"].assign(verdict=verdict, is_met=is_met, wins_given_up=wins)
    view = View(Words.read("en"), Formats("EUR"), RUN)
    assert said in break_even_sentence(view, Marts({"break_even": row})).striptags()


@pytest.mark.parametrize(
    ("low", "high", "said"),
    [
        (0.001, 0.02, "0.10 to 2.00"),
        (0.001, math.nan, "0.10 or more"),
        (math.nan, math.nan, "excludes nothing"),
    ],
)
def test_an_interval_without_ends_is_said_in_words(low: float, high: float, said: str) -> None:
    row = frames()["break_even"].assign(
        break_even_wins_per_hour_low=low, break_even_wins_per_hour_high=high
    )
    view = View(Words.read("en"), Formats("EUR"), RUN)
    assert f"interval {said})" in break_even_sentence(view, Marts({"break_even": row})).striptags()


def test_a_baseline_that_is_published_claims_no_skill_of_its_own(tmp_path: Path) -> None:
    tables = frames()
    evaluation = tables["model_evaluation"]
    is_yardstick = (evaluation["model"] == "aalen_johansen") & (
        evaluation["metric"] == "brier_skill"
    )
    tables["model_evaluation"] = evaluation[~is_yardstick].assign(low=-0.01)
    tables["model_card"] = _table(
        "key value", ("published_model", "aalen_johansen"), ("decided_at_days", "60")
    )
    build(tables, RUN, tmp_path)
    text = _page(tmp_path, "stall").text
    assert "No model has been shown to foresee no decision within 60 days" in text
    assert "yardstick" in text


def test_a_simpler_rule_that_did_better_is_named(tmp_path: Path) -> None:
    tables = frames()
    evaluation = tables["model_evaluation"]
    is_rule = (evaluation["model"] == "silence_rule") & (evaluation["metric"] == "brier_skill")
    evaluation.loc[is_rule, "value"] = 0.31
    build(tables, RUN, tmp_path)
    assert f"“Days of silence” removes 31{NARROW}%" in _page(tmp_path, "brief").text


@pytest.mark.parametrize(("last", "said"), [(400, "180 days"), (91, "90 days"), (31, "30 days")])
def test_the_longest_known_share_of_no_decision_is_quoted(
    tmp_path: Path, last: int, said: str
) -> None:
    tables = frames()
    tables["incidence"] = tables["incidence"][tables["incidence"]["day"] <= last]
    build(tables, RUN, tmp_path)
    assert f"no decision {said} after they were created" in _page(tmp_path, "stall").text
