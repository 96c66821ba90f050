"""The rows of marts.sensitivity: the answer under other definitions, and tests that should fail."""

import math
from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pandas as pd

from models import sensitivity
from models.effects import METHODS, Effect, Outcome, doubly_robust
from models.followup import known_weights
from models.propensity import Flags
from models.refusal import evidence, overlap_verdicts
from models.sustained import HOURS_FACTORS, Sustained
from models.trial import Rules, Trial, compared, flags, numbers

TYPES = {
    **dict.fromkeys(("analysis", "label"), "str"),
    **dict.fromkeys(("estimate", "low", "high"), "float64"),
    **dict.fromkeys(("unit", "note"), "str"),
}
TRIMS = (0.0, 0.02, 0.05, 0.1)
HORIZONS = (90, 365)
# What was fixed before time zero, and the covariates that are the same fact in other words.
CONTROLS: Mapping[str, tuple[str, ...]] = {
    "account_wins_before": ("account_wins_before", "account_deals_before"),
    "touches_all": ("touches_all", "touches_since_sign_of_life"),
}
Row = Mapping[str, object]


def _row(
    analysis: str, label: str, estimate: float, low: float, high: float, unit: str, note: str = ""
) -> Row:
    values = (analysis, label, estimate, low, high, unit, note)
    return dict(zip(TYPES, values, strict=True))


def _said(
    analysis: str, label: str, found: Effect | sensitivity.Interval, unit: str, note: str = ""
) -> Row:
    return _row(analysis, label, found.estimate, found.low, found.high, unit, note)


def _refused(analysis: str, label: str, unit: str, note: str) -> Row:
    return _row(analysis, label, math.nan, math.nan, math.nan, unit, note)


def _variant(
    analysis: str,
    label: str,
    points: pd.DataFrame,
    rules: Rules,
    outcome: Callable[[Trial], Outcome] = Trial.win,
) -> Row:
    """The doubly robust difference in wins on other rows, refused like the headline."""
    if not evidence(points, rules).is_enough:
        return _refused(analysis, label, "points", "too_few")
    trial = Trial.of(points, rules)
    if overlap_verdicts(trial.design, rules)["ate"] != "ok":
        return _refused(analysis, label, "points", "no_overlap")
    return _said(analysis, label, doubly_robust(trial.design, [outcome(trial)])[0], "points")


def trimming_rows(trial: Trial) -> tuple[list[Row], dict[str, float]]:
    """The effect among ever clearer cases of doubt, and how many deals each one keeps."""
    rows, kept = [], {}
    outcome = trial.win()
    for edge, n, effect in sensitivity.trimmed(trial.design, outcome, doubly_robust, TRIMS):
        inside = trial.points[
            (trial.design.propensity >= edge) & (trial.design.propensity <= 1 - edge)
        ]
        kept[f"trimmed_{edge:g}_deals"] = float(n)
        if effect is None or not evidence(inside, trial.rules).is_enough:
            rows.append(_refused("trimming", f"{edge:g}", "points", "too_few"))
        else:
            rows.append(_said("trimming", f"{edge:g}", effect, "points"))
    return rows, kept


def _horizon_rows(trial: Trial) -> list[Row]:
    rows = []
    for days in HORIZONS:
        if days == trial.rules.horizon_days:
            continue
        rules = Rules(**{**vars(trial.rules), "horizon_days": days})
        rows.append(_variant("horizon", str(days), trial.points, rules))
    return rows


def _strategy_rows(trial: Trial) -> list[Row]:
    points, rules = trial.points, trial.rules
    has_misfit = flags(points, "has_misfit") | ~flags(points, "is_walked")
    ended = np.fmin(numbers(points, "days_to_decision"), numbers(points, "days_to_account_win"))
    stands = flags(points, "is_walked") | ~(ended <= rules.grace_days)

    def from_grace_end(later: Trial) -> Outcome:
        won = numbers(later.points, "days_to_account_win") - rules.grace_days
        horizon = rules.horizon_days - rules.grace_days
        followup = later.followup - rules.grace_days
        weights, _ = known_weights(np.where(won > 0, won, np.nan), followup, horizon, later.arms)
        return Outcome(((won > 0) & (won <= horizon)).astype(float), weights, is_binary=True)

    return [
        _variant("strategy", "misfit_recorded", _part(points, has_misfit), rules),
        _variant("time_zero", "end_of_grace", _part(points, stands), rules, from_grace_end),
    ]


def _part(points: pd.DataFrame, rows: Flags) -> pd.DataFrame:
    return points[rows].reset_index(drop=True)


def _hidden_rows(trial: Trial, effect: Effect) -> list[Row]:
    """How strong something unseen would have to be, and which way it would lean."""
    design, outcome = trial.design, trial.win()
    ratio = sensitivity.risk_ratio(effect)
    fitted = sensitivity.regression(design, outcome)
    never, alike = sensitivity.let_go_bounds(design, outcome)
    rows = [
        _said("risk_ratio", "disqualify_over_not", ratio, "ratio"),
        _said(
            "e_value",
            "estimate",
            sensitivity.Interval(sensitivity.e_value(ratio.estimate)),
            "ratio",
        ),
        _said(
            "e_value",
            "interval_end",
            sensitivity.Interval(sensitivity.e_value_of_limit(ratio)),
            "ratio",
        ),
        _said(
            "robustness_value",
            "estimate",
            sensitivity.Interval(sensitivity.robustness_value(fitted.t, fitted.dof)),
            "share",
        ),
    ]
    rows += [
        _said(
            "hidden_confounder",
            f"as_strong_as_{name}",
            sensitivity.as_strong_as(design, outcome, trial.names.index(name)),
            "points",
        )
        for name in ("amount", "stage_order")
        if name in trial.names
    ]
    return [
        *rows,
        _said("let_go_bounds", "would_never_have_won", never, "points"),
        _said("let_go_bounds", "would_have_won_like_look_alikes", alike, "points"),
        _refused("direction", "unmeasured_quality", "points", "walking_away_looks_too_costly"),
    ]


def _hours_rows(trial: Trial, sustained: Sustained) -> list[Row]:
    """Hours with the assumed minutes halved and raised by half, of the headline where it speaks."""
    if sustained.headline is not None:
        return [
            _said("hours", f"assumed_times_{factor:g}", effect, "hours")
            for factor, effect in sustained.hours_rows().items()
        ]
    outcomes = [trial.hours(factor) for factor in HOURS_FACTORS]
    effects = doubly_robust(trial.design, outcomes)
    return [
        _said("hours", f"assumed_times_{factor:g}", effect, "hours")
        for factor, effect in zip(HOURS_FACTORS, effects, strict=True)
    ]


def _weights_rows(sustained: Sustained) -> list[Row]:
    """The headline with one chance in the whole grace, and with weights cut elsewhere."""
    at_once = sustained.at_once()
    return [
        *([] if at_once is None else [_said("weights", "one_chance", at_once, "points")]),
        *(
            _said("weights", f"weights_cut_at_{kept:g}", sensitivity.Interval(estimate), "points")
            for kept, estimate in sustained.truncation_rows().items()
        ),
    ]


def _falsification_rows(trial: Trial) -> list[Row]:
    """Outcomes fixed before time zero, and arms dealt out anew: each should show nothing."""
    rows = []
    for name, same in CONTROLS.items():
        values = numbers(trial.points, name)
        if name == "account_wins_before":
            values = np.where(np.isfinite(values), values > 0, np.nan)
        known = np.isfinite(values)
        if not known.any() or np.ptp(values[known]) == 0:
            continue
        other = Trial.of(trial.points, trial.rules, leave_out=same)
        if np.unique(trial.arms[known]).size < 2:
            continue
        effect = doubly_robust(other.design, [Outcome.of(values)])[0]
        unit = "points" if name == "account_wins_before" else "count"
        rows.append(_said("negative_control", name, effect, unit, "should_be_nothing"))
    dealt = sensitivity.permuted(trial.design, trial.win(), METHODS["overlap"])
    rows.append(_said("permuted", "within_seller", dealt, "points", "should_be_nothing"))
    return rows


def sensitivity_rows(
    trial: Trial, effect: Effect, variants: Mapping[str, pd.DataFrame], sustained: Sustained
) -> list[Row]:
    """Every row beside the headline `effect` on wins, without the trimming.

    `variants` are features.decision_points made under other definitions, by name.
    """
    named = [
        _variant("definition", name, compared(points, trial.rules), trial.rules)
        for name, points in sorted(variants.items())
    ]
    return [
        *_horizon_rows(trial),
        *_strategy_rows(trial),
        *named,
        *_hours_rows(trial, sustained),
        *_weights_rows(sustained),
        *_hidden_rows(trial, effect),
        *_falsification_rows(trial),
    ]


def table(rows: Sequence[Row]) -> pd.DataFrame:
    """Rows as marts.sensitivity, with its types also when empty."""
    frame = pd.DataFrame(list(rows), columns=list(TYPES))
    return frame.astype(TYPES)
