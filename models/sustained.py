"""The headline: sustained strategies by clone-censor-weight, with its gates, curves and balance."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from models.cloning import AT_ONCE
from models.courses import Courses
from models.effects import Effect, effect_of
from models.heterogeneity import Heterogeneity
from models.propensity import Floats
from models.refusal import Evidence
from models.segments import Segments
from models.strategies import Strategies, compare_strategies
from models.trial import Rules, Trial

HEADLINE = "disqualify_vs_chase"
CONTRASTS: Mapping[str, tuple[str, str]] = {
    HEADLINE: ("disqualify", "chase"),
    "disqualify_vs_wait": ("disqualify", "wait"),
}
OUTCOMES = ("account_win", "revenue", "hours", "days_to_decision")
HOURS_FACTORS = (0.5, 1.5)
TRUNCATIONS = (0.98, 0.99, 0.999, 1.0)
CURVE_TYPES = {
    "strategy": "str",
    "day": "int64",
    **dict.fromkeys(("incidence", "low", "high"), "float64"),
    "n_at_risk": "int64",
}
BALANCE_COLUMNS = ("smd_grace_before", "smd_grace_weighted")


@dataclass(frozen=True, eq=False)
class Sustained:
    """What clone-censor-weight says, by contrast: a verdict, and effects where it is 'ok'.

    `strategies` and `rules` are None where nothing was estimated.
    """

    strategies: Strategies | None
    rules: Rules | None
    verdicts: Mapping[str, str]
    effects: Mapping[str, Mapping[str, Effect]]

    @classmethod
    def refused(cls, verdict: str) -> "Sustained":
        """No estimate, for one reason."""
        return cls(None, None, dict.fromkeys(CONTRASTS, verdict), {})

    @classmethod
    def of(cls, trial: Trial, weeks: pd.DataFrame) -> "Sustained":
        """Estimates on a trial that passed the gates of size and overlap."""
        rules = trial.rules
        found = compare_strategies(
            Courses.of(trial, weeks), rules.bootstrap_draws, rules.seed, Segments.of(trial)
        )
        verdicts, effects = {}, {}
        for contrast, pair in CONTRASTS.items():
            verdicts[contrast] = _verdict(found, pair, rules)
            if verdicts[contrast] == "ok":
                effects[contrast] = {
                    outcome: found.effect(outcome, *pair) for outcome in (*OUTCOMES, "logged_hours")
                }
        return cls(found, rules, verdicts, effects)

    @property
    def headline(self) -> Mapping[str, Effect] | None:
        """Effects of letting go early against chasing, by outcome; None where refused."""
        return self.effects.get(HEADLINE)

    def hours_rows(self) -> dict[float, Effect]:
        """The headline's hours with the assumed part of the minutes scaled, by factor."""
        if self.headline is None:
            return {}
        whole, logged = self.headline["hours"], self.headline["logged_hours"]
        return {factor: _mixed(whole, logged, factor) for factor in HOURS_FACTORS}

    def at_once(self) -> Effect | None:
        """The headline's difference in wins with one chance in the whole grace."""
        if self.strategies is None or self.headline is None:
            return None
        return self.strategies.effect("account_win", AT_ONCE)

    def truncation_rows(self) -> dict[float, float]:
        """The headline's difference in wins with weights cut at other quantiles, by quantile."""
        if self.strategies is None or self.headline is None:
            return {}
        return {kept: self.strategies.difference(kept) for kept in TRUNCATIONS}

    def heterogeneity(self) -> Heterogeneity:
        """Whether the headline differs between kinds of deals."""
        if self.strategies is None or self.rules is None or self.headline is None:
            return Heterogeneity.refused(self.verdicts[HEADLINE])
        return Heterogeneity.of(self.strategies, self.rules)

    def evidence(self, found: Evidence, contrast: str) -> Evidence:
        """Counts of the trial with the wins seen in the two arms of a contrast."""
        if self.strategies is None:
            return found
        arm, other = CONTRASTS[contrast]
        return replace(found, wins_by_arm=(self.strategies.wins(other), self.strategies.wins(arm)))

    def curves(self) -> pd.DataFrame:
        """First win of the account by strategy, with 95 % bands, for the arms that may speak."""
        parts = []
        if self.strategies is not None:
            spoken = {arm for contrast in self.effects for arm in CONTRASTS[contrast]}
            parts = [_curve(self.strategies, arm) for arm in sorted(spoken)]
        if not parts:
            return pd.DataFrame(columns=list(CURVE_TYPES)).astype(CURVE_TYPES)
        return pd.concat(parts, ignore_index=True).astype(CURVE_TYPES)

    def balance(self) -> dict[str, Floats]:
        """Differences between the arms when the grace is over, disqualify less chase. (p,)

        Before weighting and after; deviations are those of all deals at time zero.
        """
        if self.strategies is None:
            return {}
        courses = self.strategies.cloning.courses
        week = min(courses.rules.grace + 1, courses.rules.last)
        means = {}
        for arm in ("disqualify", "chase"):
            deal, weights = self.strategies.held(arm, week)
            base = courses.base[deal]
            means[arm] = (base.mean(axis=0), np.average(base, axis=0, weights=weights))
        return {
            name: means["disqualify"][place] - means["chase"][place]
            for place, name in enumerate(BALANCE_COLUMNS)
        }

    def facts(self) -> dict[str, float]:
        """Diagnostics of clones and weights, by key of marts.diagnostics."""
        if self.strategies is None:
            return {}
        facts = self.strategies.facts()
        for name, values in self.balance().items():
            sizes = np.abs(values)
            facts[f"largest_{name}"] = float(sizes.max(initial=0.0))
            facts[f"covariates_above_0.1_{name}"] = float((sizes > 0.1).sum())
        return facts


def _verdict(found: Strategies, pair: tuple[str, str], rules: Rules) -> str:
    effect = found.effect("account_win", *pair)
    if min(found.wins(arm) for arm in pair) < rules.min_events or not np.isfinite(effect.high):
        return "too_few"
    is_thin = min(found.effective_n(arm) for arm in pair) < rules.min_effective
    return "no_overlap" if is_thin else "ok"


def _mixed(whole: Effect, logged: Effect, factor: float) -> Effect:
    """Logged hours and `factor` times the others."""
    means = [
        factor * total + (1 - factor) * part
        for total, part in (
            (whole.control_mean, logged.control_mean),
            (whole.treated_mean, logged.treated_mean),
        )
    ]
    return effect_of(
        whole.method,
        whole.estimand,
        np.array(means),
        factor * whole.contributions + (1 - factor) * logged.contributions,
        whole.n,
        whole.effective_n,
        whole.dof,
    )


def _curve(found: Strategies, arm: str) -> pd.DataFrame:
    from scipy.stats import t as student

    courses = found.cloning.courses
    stays = found.cloning.arms[arm].stays & (courses.won[:, None] >= courses.weeks[None, :])
    error = np.nanstd(found.drawn_curves[arm], axis=0, ddof=1)
    margin = student.ppf(0.975, max(courses.n_clusters - 1, 1)) * error
    incidence = found.curves[arm]
    days = np.concatenate([[0.0], np.cumsum(courses.days)])
    at_risk = stays.sum(axis=0)
    table = pd.DataFrame(
        {
            "strategy": arm,
            "day": days,
            "incidence": incidence,
            "low": np.clip(incidence - margin, 0, 1),
            "high": np.clip(incidence + margin, 0, 1),
            "n_at_risk": np.concatenate([at_risk[:1], at_risk]),
        }
    )
    return table[np.isfinite(incidence)]
