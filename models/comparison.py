"""Early disqualification against chase: a target trial emulated from decision points.

The headline compares sustained strategies (models.sustained); beside it the estimators of
models.effects compare 'the seller walked away within the grace' with 'did not'. All are refused
where the data cannot carry them (models.refusal).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from models import breakeven, robustness, specifications
from models.cloning import METHOD
from models.description import curves, walked_rows
from models.diagnosis import counts, in_doubt, trust
from models.effects import METHODS, Effect, Outcome
from models.propensity import FOLDS
from models.refusal import Evidence, evidence, overlap_verdicts, prospects
from models.sustained import BALANCE_COLUMNS, CONTRASTS, Sustained
from models.trial import Rules, Trial, check, compared, eligible
from models.weighting import balance, overlap_table

CONTRAST = "disqualify_early_vs_not"
UNITS = {
    "account_win": "points",
    "revenue": "currency",
    "hours": "hours",
    "days_to_decision": "days",
}
ESTIMANDS = {"naive": "association", "ipw": "ate", "overlap": "ato", "doubly_robust": "ate"}
# The break-even follows the first of these that may speak: of sustained strategies, else of all
# deals, else of those in doubt.
HEADLINES = (METHOD, "doubly_robust", "overlap")
COMPARISON_TYPES = {
    **dict.fromkeys(("outcome", "estimand", "contrast", "method"), "str"),
    **dict.fromkeys(("estimate", "low", "high"), "float64"),
    "unit": "str",
    "n": "int64",
    "effective_n": "float64",
    "verdict": "str",
    **dict.fromkeys(("n_sellers", "events_treated", "events_control"), "int64"),
}
BALANCE_TYPES = {
    "covariate": "str",
    "smd_before": "float64",
    "smd_ipw": "float64",
    "smd_overlap": "float64",
    **dict.fromkeys(BALANCE_COLUMNS, "float64"),
}
OVERLAP_TYPES = {"arm": "str", "bin_low": "float64", "bin_high": "float64", "n": "int64"}


@dataclass(frozen=True, eq=False)
class Comparison:
    """The marts of the comparison, by field, and the facts that the TARGET checklist asks for."""

    strategy_comparison: pd.DataFrame
    strategy_curves: pd.DataFrame
    strategy_incidence: pd.DataFrame
    balance: pd.DataFrame
    overlap: pd.DataFrame
    sensitivity: pd.DataFrame
    specifications: pd.DataFrame
    break_even: pd.DataFrame
    heterogeneity: pd.DataFrame
    heterogeneity_tests: pd.DataFrame
    diagnostics: pd.DataFrame
    facts: Mapping[str, object]


def compare(
    decision_points: pd.DataFrame,
    settings: Mapping[str, object],
    fresh_yield: pd.DataFrame,
    backlog: pd.DataFrame,
    variants: Mapping[str, pd.DataFrame] | None = None,
    weeks: pd.DataFrame | None = None,
    desk_weeks: pd.DataFrame | None = None,
    before: pd.DataFrame | None = None,
) -> Comparison:
    """Compare the strategies on features.decision_points.

    `settings` may hold the fields of models.trial.Rules. `fresh_yield` and `backlog` are the marts
    of those names, as models.breakeven reads them; `variants` are decision points under other
    definitions, by name; `weeks` is features.strategy_weeks, without which sustained strategies
    cannot be estimated; `desk_weeks` is features.desk_weeks, without which nobody knows what freed
    hours are used for; `before` is what happened in the days before each signal (deal_id, replies,
    is_forward), without which there is no placebo signal. Raises DecisionPointsError when a column
    or key is missing. The order of rows does not matter.
    """
    rules = Rules.of(settings)
    for points in (decision_points, *(variants or {}).values()):
        check(points)
    points = compared(decision_points, rules)
    found = evidence(points, rules)
    has_arms = min(found.deals_by_arm) > 0
    trial = Trial.of(points, rules) if has_arms else None
    verdicts = _verdicts(trial, found)
    outcomes = {} if trial is None else _outcomes(trial)
    effects = {} if trial is None else _effects(trial, outcomes, verdicts)

    sustained = _sustained(trial, weeks, verdicts)
    heterogeneity = sustained.heterogeneity()
    if sustained.headline is not None:
        effects = {METHOD: dict(sustained.headline), **effects}

    method = next((method for method in HEADLINES if method in effects), None)
    rows: list[robustness.Row] = []
    specified = specifications.empty()
    trims: Mapping[str, float] = {}
    if trial is not None and found.is_enough:
        rows, trims = robustness.trimming_rows(trial)
        others = {name: compared(other, rules) for name, other in sorted((variants or {}).items())}
        specified = specifications.specifications(trial, others, sustained, method)
        if "doubly_robust" in effects:
            headline = effects.get(METHOD, effects["doubly_robust"])["account_win"]
            rows += robustness.sensitivity_rows(trial, headline, specified, sustained, before)
    diagnostics = {
        **counts(found),
        **sustained.facts(),
        **prospects(points, trial, found),
        **({} if trial is None else trust(trial)),
        **trims,
    }
    known = _known(outcomes, found)
    offered = len(eligible(decision_points, rules))
    return Comparison(
        strategy_comparison=_typed(
            [
                *_sustained_rows(sustained, found),
                *effect_rows(effects, verdicts, found, known),
                *walked_rows(points, rules),
            ]
            if found.n
            else [],
            COMPARISON_TYPES,
        ),
        strategy_curves=curves(points, rules),
        strategy_incidence=sustained.curves(),
        balance=_typed([], BALANCE_TYPES) if trial is None else _balance(trial, sustained),
        overlap=_typed([], OVERLAP_TYPES)
        if trial is None
        else overlap_table(trial.design).astype(OVERLAP_TYPES),
        sensitivity=robustness.table(rows),
        specifications=specified,
        break_even=breakeven.break_even(
            None if method is None else effects[method],
            fresh_yield,
            backlog,
            desk_weeks,
            offered
            if trial is None or method != "overlap"
            else round(offered * float(in_doubt(trial).mean())),
        ),
        heterogeneity=heterogeneity.segments,
        heterogeneity_tests=heterogeneity.tests,
        diagnostics=pd.DataFrame(
            {"key": list(diagnostics), "value": list(diagnostics.values())}
        ).astype({"key": "str", "value": "float64"}),
        facts=_facts(decision_points, points, trial, found, verdicts, sustained, rules),
    )


def _sustained(
    trial: Trial | None, weeks: pd.DataFrame | None, verdicts: Mapping[str, str]
) -> Sustained:
    """The headline where size and overlap of all deals allow one."""
    if verdicts["ate"] != "ok" or trial is None:
        return Sustained.refused(verdicts["ate"])
    if weeks is None:
        return Sustained.refused("not_estimable")
    return Sustained.of(trial, weeks)


def _sustained_rows(sustained: Sustained, found: Evidence) -> list[dict[str, object]]:
    rows = []
    for contrast in CONTRASTS:
        rows += effect_rows(
            {METHOD: sustained.effects.get(contrast, {})},
            {"per_protocol": sustained.verdicts[contrast]},
            sustained.evidence(found, contrast),
            dict.fromkeys(UNITS, found.n),
            {METHOD: "per_protocol"},
            contrast,
        )
    return rows


def _balance(trial: Trial, sustained: Sustained) -> pd.DataFrame:
    table = balance(trial.design, trial.names)
    differences = sustained.balance()
    for name in BALANCE_COLUMNS:
        table[name] = differences.get(name, np.nan)
    return table.astype(BALANCE_TYPES)


def _typed(rows: Sequence[Mapping[str, object]], types: Mapping[str, str]) -> pd.DataFrame:
    return pd.DataFrame(list(rows), columns=list(types)).astype(dict(types))


def _verdicts(trial: Trial | None, found: Evidence) -> dict[str, str]:
    """A verdict an estimand: size first, since overlap cannot be judged on a few deals."""
    if trial is None or not found.is_enough:
        return dict.fromkeys(("association", "ato", "ate"), "too_few")
    return overlap_verdicts(trial.design, trial.rules)


def _outcomes(trial: Trial) -> dict[str, Outcome]:
    return {
        "account_win": trial.win(),
        "revenue": trial.revenue(),
        "hours": trial.hours(),
        "days_to_decision": trial.days_to_decision(),
    }


def _effects(
    trial: Trial, outcomes: Mapping[str, Outcome], verdicts: Mapping[str, str]
) -> dict[str, dict[str, Effect]]:
    """Effects by method and outcome, for the methods that may speak."""
    return {
        method: dict(zip(outcomes, estimator(trial.design, list(outcomes.values())), strict=True))
        for method, estimator in METHODS.items()
        if verdicts[ESTIMANDS[method]] == "ok"
    }


def _known(outcomes: Mapping[str, Outcome], found: Evidence) -> dict[str, int]:
    """Deals whose outcome is known, by outcome."""
    return {
        name: int((outcomes[name].weights > 0).sum()) if name in outcomes else found.n
        for name in UNITS
    }


def effect_rows(
    effects: Mapping[str, Mapping[str, Effect]],
    verdicts: Mapping[str, str],
    found: Evidence,
    known: Mapping[str, int],
    estimands: Mapping[str, str] = ESTIMANDS,
    contrast: str = CONTRAST,
) -> list[dict[str, object]]:
    """Rows of marts.strategy_comparison: one an outcome and method; no number where refused."""
    rows = []
    for outcome, unit in UNITS.items():
        for method, estimand in estimands.items():
            effect = effects.get(method, {}).get(outcome)
            numbers_ = (
                (np.nan, np.nan, np.nan, np.nan)
                if effect is None
                else (effect.estimate, effect.low, effect.high, effect.effective_n)
            )
            rows.append(
                {
                    "outcome": outcome,
                    "estimand": estimand,
                    "contrast": contrast,
                    "method": method,
                    **dict(zip(("estimate", "low", "high", "effective_n"), numbers_, strict=True)),
                    "unit": unit,
                    "n": known[outcome],
                    "verdict": verdicts[estimand],
                    "n_sellers": found.sellers,
                    "events_control": found.wins_by_arm[0],
                    "events_treated": found.wins_by_arm[1],
                }
            )
    return rows


def _facts(
    offered: pd.DataFrame,
    points: pd.DataFrame,
    trial: Trial | None,
    found: Evidence,
    verdicts: Mapping[str, str],
    sustained: Sustained,
    rules: Rules,
) -> dict[str, object]:
    """What the TARGET checklist asks of this run; plain values only."""
    is_eligible = offered["is_eligible"].astype(bool)
    reasons = offered.loc[~is_eligible, "ineligible_reason"].fillna("unknown").astype(str)
    excluded = {str(reason): int(n) for reason, n in sorted(reasons.value_counts().items())}
    excluded["grace_not_over"] = int(
        (is_eligible & (offered["followup_days"] < rules.grace_days)).sum()
    )
    days = points["signal_day"]
    dated = [
        str(np.datetime64(int(day), "D")) for day in ((days.min(), days.max()) if found.n else ())
    ]
    strategies = points["strategy"].astype(str).value_counts()
    return {
        "decision_points": len(offered),
        "compared": found.n,
        "left_out_by_sampling": len(eligible(offered, rules)) - found.n,
        "excluded": excluded,
        "first_signal_on": dated[0] if dated else None,
        "last_signal_on": dated[1] if dated else None,
        "sellers": found.sellers,
        "strategies": {str(name): int(n) for name, n in sorted(strategies.items())},
        "wins_disqualify": found.wins_by_arm[1],
        "wins_not_disqualify": found.wins_by_arm[0],
        "followed_to_horizon": sum(found.followed_by_arm),
        "covariates": [] if trial is None else list(trial.names),
        "verdicts": {**verdicts, **sustained.verdicts},
        "folds": FOLDS,
        **vars(rules),
        "lowered": {name: list(pair) for name, pair in rules.lowered.items()},
    }
