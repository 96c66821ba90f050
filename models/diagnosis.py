"""Diagnostics before estimates: who is compared, how far weights go, and where deals are alike."""

import numpy as np

from models.followup import known_weights
from models.propensity import Flags
from models.refusal import Evidence
from models.trial import Trial, numbers
from models.weighting import balance, weight_facts

DESCRIBED = ("amount", "stage_order", "age_days", "silence_days")


def counts(found: Evidence) -> dict[str, float]:
    """Deals, sellers and wins by arm, by key of marts.diagnostics."""
    told: dict[str, float] = {"deals": found.n, "sellers": found.sellers}
    for name, pair in (
        ("deals", found.deals_by_arm),
        ("sellers", found.sellers_by_arm),
        ("wins", found.wins_by_arm),
        ("followed_deals", found.followed_by_arm),
    ):
        told[f"{name}_not_disqualify"], told[f"{name}_disqualify"] = pair
    return told


def in_doubt(trial: Trial) -> Flags:
    """Deals that could have gone either way: a probability of being let go of 10 to 90 %. (n,)"""
    e = trial.design.propensity
    doubtful: Flags = (e >= 0.1) & (e <= 0.9)
    return doubtful


def trust(trial: Trial) -> dict[str, float]:
    """Diagnostics of weights and follow-up, and which deals have counterparts."""
    facts = dict(weight_facts(trial.design))
    differences = balance(trial.design, trial.names)
    for column in ("smd_before", "smd_ipw", "smd_overlap"):
        sizes = differences[column].abs()
        facts[f"largest_{column}"] = float(sizes.max()) if len(sizes) else 0.0
        facts[f"covariates_above_0.1_{column}"] = float((sizes > 0.1).sum())
    days, horizon = numbers(trial.points, "days_to_account_win"), trial.rules.horizon_days
    weights, floored = known_weights(days, trial.followup, horizon, trial.arms)
    facts["outcome_known_share"] = float((weights > 0).mean())
    facts["censoring_weights_at_floor"] = float(floored)
    inside = in_doubt(trial)
    facts["comparable_share"] = float(inside.mean())
    if 0 < inside.sum() < len(inside):
        for name in DESCRIBED:
            values = numbers(trial.points, name)
            for label, rows in (("comparable", inside), ("incomparable", ~inside)):
                if np.isfinite(values[rows]).any():
                    facts[f"{label}_median_{name}"] = float(np.nanmedian(values[rows]))
    return facts
