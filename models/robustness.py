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
from models.specifications import AS_SET, MISFIT
from models.sustained import HOURS_FACTORS, Sustained
from models.trial import Rules, Trial, compared, flags, numbers

TYPES = {
    **dict.fromkeys(("analysis", "label"), "str"),
    **dict.fromkeys(("estimate", "low", "high"), "float64"),
    **dict.fromkeys(("unit", "note"), "str"),
}
TRIMS = (0.0, 0.02, 0.05, 0.1)
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


def model_signal(points: pd.DataFrame | None, rules: Rules) -> pd.DataFrame:
    """The row with the stall model's own warning as time zero, as marts.sensitivity has rows.

    `points` are decision points whose signal is that warning; None where no score of the past is
    there to warn.
    """
    analysis, label = "time_zero", "model_signal"
    if points is None:
        return table([_refused(analysis, label, "points", "no_past_scores")])
    return table([_variant(analysis, label, compared(points, rules), rules)])


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


def _specified_rows(specified: pd.DataFrame, rules: Rules) -> list[Row]:
    """The doubly robust specifications that differ from the headline in one choice."""
    by_horizon, by_definition = [], []
    columns = ("definition", "horizon_days", "estimate", "low", "high", "verdict")
    rows = specified.loc[specified["method"] == "doubly_robust", list(columns)]
    for name, days, *found, verdict in rows.itertuples(index=False, name=None):
        estimate, low, high = map(float, found)
        note = "" if verdict == "ok" else str(verdict)
        is_set, is_near = name == AS_SET, days == rules.horizon_days
        if is_set and not is_near:
            by_horizon.append(_row("horizon", str(days), estimate, low, high, "points", note))
        elif is_near and not is_set:
            analysis = "strategy" if name == MISFIT else "definition"
            by_definition.append(_row(analysis, name, estimate, low, high, "points", note))
    unmoved = [
        _refused("definition", "incumbent_as_buyers_no", "points", "as_in_the_headline"),
        _refused("definition", "g_half_or_twice", "points", "changes_nothing_compared"),
    ]
    has_others = not specified["definition"].isin((AS_SET, MISFIT)).all()
    return [*by_horizon, *by_definition, *(unmoved if has_others else ())]


def _grace_row(trial: Trial) -> Row:
    """Deals still undecided when the grace is over, followed from then."""
    points, rules = trial.points, trial.rules
    ended = np.fmin(numbers(points, "days_to_decision"), numbers(points, "days_to_account_win"))
    stands = flags(points, "is_walked") | ~(ended <= rules.grace_days)

    def from_grace_end(later: Trial) -> Outcome:
        won = numbers(later.points, "days_to_account_win") - rules.grace_days
        horizon = rules.horizon_days - rules.grace_days
        followup = later.followup - rules.grace_days
        weights, _ = known_weights(np.where(won > 0, won, np.nan), followup, horizon, later.arms)
        return Outcome(((won > 0) & (won <= horizon)).astype(float), weights, is_binary=True)

    return _variant("time_zero", "end_of_grace", _part(points, stands), rules, from_grace_end)


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


def _placebo_rows(trial: Trial, before: pd.DataFrame) -> list[Row]:
    """What happened before the signal, by who was let go after it: a placebo signal.

    Letting go cannot change what came before it, so between deals that were alike at the signal
    nothing should be left of the days from a placebo signal to the real one. It is adjusted for
    what was known at the *real* signal. Adjusting for what was known at the placebo only would
    alarm always: the days between make silence, touches and stage, which sellers are meant to act
    on, so a reply in these days keeps a deal from being let go also where the covariates carry all
    that sellers act on (an effect of the days between on the treatment, not a common cause).
    Given what was known at the signal that path is closed: if letting go depends on these
    covariates and chance alone, it is independent of everything before them, also of what they are
    made of, and also among deals picked by their having a signal on that day. For the same reason
    what is known at the placebo is no further covariate: with it, what happened between would be a
    difference of covariates, and the row would be nothing by construction.

    So a row that is not nothing says that sellers (or, within the grace, buyers whose acts keep a
    deal from being let go) go by a history that the covariates do not carry, or not in the form in
    which the models read it. Negative-control outcomes: Lipsitch, Tchetgen Tchetgen, Cohen (2010).
    """
    points = trial.points.merge(before, on="deal_id", how="left", validate="one_to_one")
    return [
        _placebo_row(name, unit, _part(points, np.isfinite(numbers(points, name))), trial.rules)
        for name, unit in (("replies", "count"), ("is_forward", "points"))
    ]


def _placebo_row(name: str, unit: str, points: pd.DataFrame, rules: Rules) -> Row:
    """One outcome of the placebo signal; refused by sellers and deals, since wins are not asked."""
    analysis, values, found = "placebo_signal", numbers(points, name), evidence(points, rules)
    fewest = min(found.deals_by_arm)
    if unit == "points":
        fewest = min(fewest, int(values.sum()), int((1 - values).sum()))
    if not found.has_sellers or fewest < rules.min_events:
        return _refused(analysis, name, unit, "too_few")
    trial = Trial.of(points, rules)
    if overlap_verdicts(trial.design, rules)["ate"] != "ok":
        return _refused(analysis, name, unit, "no_overlap")
    effect = doubly_robust(trial.design, [Outcome.of(values)])[0]
    return _said(analysis, name, effect, unit, "should_be_nothing")


def sensitivity_rows(
    trial: Trial,
    effect: Effect,
    specified: pd.DataFrame,
    sustained: Sustained,
    before: pd.DataFrame | None = None,
) -> list[Row]:
    """Every row beside the headline `effect` on wins, without the trimming.

    `specified` is what models.specifications says of the same trial; `before` what happened in the
    days before each signal: deal_id, replies, is_forward.
    """
    return [
        *_specified_rows(specified, trial.rules),
        _grace_row(trial),
        *_hours_rows(trial, sustained),
        *_weights_rows(sustained),
        *_hidden_rows(trial, effect),
        *_falsification_rows(trial),
        *([] if before is None else _placebo_rows(trial, before)),
    ]


def table(rows: Sequence[Row]) -> pd.DataFrame:
    """Rows as marts.sensitivity, with its types also when empty."""
    frame = pd.DataFrame(list(rows), columns=list(TYPES))
    return frame.astype(TYPES)
