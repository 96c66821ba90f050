"""Every combination of choices that can be estimated: the specification curve.

A specification is a definition (which decision points, and who was let go), an estimator and a
horizon; all are of the account's first win, by letting go within the grace against not, but for the
sustained strategies, whose weeks are followed to one horizon only. Simonsohn, Simmons and Nelson
(Nature Human Behaviour 2020). Their errors are those of the estimators: influences of sellers.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from models.cloning import METHOD
from models.effects import METHODS, Effect
from models.refusal import evidence, overlap_verdicts
from models.sustained import HEADLINE, Sustained
from models.trial import Rules, Trial, flags

AS_SET = "as_set"
MISFIT = "misfit_recorded"
ESTIMATORS = {"overlap": "ato", "ipw": "ate", "doubly_robust": "ate"}
HORIZONS = (90, 180, 365)
TYPES = {
    **dict.fromkeys(("definition", "method"), "str"),
    "horizon_days": "int64",
    **dict.fromkeys(("estimate", "low", "high"), "float64"),
    "n": "int64",
    "verdict": "str",
    "is_headline": "bool",
}


def specifications(
    trial: Trial, variants: Mapping[str, pd.DataFrame], sustained: Sustained, headline: str | None
) -> pd.DataFrame:
    """A row a specification, columns TYPES, without a number where the data cannot carry it.

    `variants` are compared decision points by definition; `headline` is the method whose row, as
    set and at the set horizon, is the headline.
    """
    rules = trial.rules
    by_definition = {AS_SET: trial.points, MISFIT: with_recorded_misfit(trial.points), **variants}
    rows = [
        row
        for name, points in by_definition.items()
        for row in _of_definition(name, points, rules, trial if name == AS_SET else None)
    ]
    effect = None if sustained.headline is None else sustained.headline["account_win"]
    if sustained.strategies is not None:
        verdict = "ok" if effect is not None else sustained.verdicts[HEADLINE]
        rows.append(_row(AS_SET, METHOD, rules.horizon_days, len(trial.points), verdict, effect))
    found = pd.DataFrame(rows, columns=list(TYPES))
    found["is_headline"] = (
        (found["definition"] == AS_SET)
        & (found["horizon_days"] == rules.horizon_days)
        & (found["method"] == headline)
    )
    return found.astype(TYPES)


def with_recorded_misfit(points: pd.DataFrame) -> pd.DataFrame:
    """Decision points without those let go for no recorded reason."""
    kept = flags(points, "has_misfit") | ~flags(points, "is_walked")
    return points[kept].reset_index(drop=True)


def horizons(rules: Rules) -> list[int]:
    """Days of follow-up that are told: the usual ones and the set one."""
    return sorted({*HORIZONS, rules.horizon_days})


def _of_definition(
    name: str, points: pd.DataFrame, rules: Rules, known: Trial | None
) -> list[Mapping[str, object]]:
    """Every estimator at every horizon on the same rows, each refused like the headline."""
    days = horizons(rules)
    is_enough = {
        day: evidence(points, Rules(**{**vars(rules), "horizon_days": day})).is_enough
        for day in days
    }
    spoken = [day for day in days if is_enough[day]]
    verdicts, effects = dict.fromkeys(("ato", "ate"), "too_few"), {}
    if spoken:
        trial = Trial.of(points, rules) if known is None else known
        verdicts = overlap_verdicts(trial.design, rules)
        for method, estimand in ESTIMATORS.items():
            if verdicts[estimand] == "ok":
                outcomes = [trial.win(day) for day in spoken]
                for day, effect in zip(
                    spoken, METHODS[method](trial.design, outcomes), strict=True
                ):
                    effects[method, day] = effect
    return [
        _row(
            name,
            method,
            day,
            len(points),
            verdicts[estimand] if is_enough[day] else "too_few",
            effects.get((method, day)),
        )
        for method, estimand in ESTIMATORS.items()
        for day in days
    ]


def _row(
    definition: str, method: str, days: int, n: int, verdict: str, effect: Effect | None
) -> dict[str, object]:
    numbers = (np.nan,) * 3 if effect is None else (effect.estimate, effect.low, effect.high)
    values: Sequence[object] = (definition, method, days, *numbers, n, verdict, False)
    return dict(zip(TYPES, values, strict=True))


def empty() -> pd.DataFrame:
    """No specification."""
    return pd.DataFrame(columns=list(TYPES)).astype(TYPES)
