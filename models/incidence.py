"""How things end over time: Aalen-Johansen, censoring, and curves from discrete hazards.

Time is discrete (days or weeks, ties everywhere). Causes are coded 0..K-1 and -1 is censored.
Methods: Aalen and Johansen 1978; Kalbfleisch and Prentice, *The Statistical Analysis of Failure
Time Data*, ch. 8.
"""

import numpy as np
import numpy.typing as npt
import pandas as pd

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

ENDINGS = ("won", "lost_to_competitor", "disqualified", "no_decision", "other")
DRAWS = 200
AGE_STEP_DAYS = 7
AGE_LIMIT_DAYS = 364


def cumulative(hazards: Floats, *, without: int | None = None) -> Floats:
    """Cumulative incidence of each cause from cause-specific hazards.

    `hazards` has the shape (..., T, K), h_k(t) = P(T = t, E = k | T >= t); the result has the same
    shape. With `without`, that cause's hazard is set to 0 ("as if it could not happen").
    """
    used = hazards.copy()
    if without is not None:
        used[..., without] = 0.0
    stays = np.clip(1.0 - used.sum(axis=-1), 0.0, 1.0)
    before = np.ones_like(stays)
    before[..., 1:] = np.cumprod(stays, axis=-1)[..., :-1]
    found: Floats = np.cumsum(used * before[..., None], axis=-2)
    return found


def aalen_johansen(
    time: Ints,
    cause: Ints,
    causes: int,
    last: int,
    weights: Floats | None = None,
) -> Floats:
    """Cumulative incidence at times 1..`last`, shape (last, causes); ties allowed.

    A subject is at risk at t while t <= time. Weights count subjects; 1 each if None.
    """
    w = np.ones(len(time)) if weights is None else weights
    t = np.clip(time, 0, last + 1)
    leaves = np.bincount(t, weights=w, minlength=last + 2)
    at_risk = w.sum() - np.concatenate([[0.0], np.cumsum(leaves)[:-1]])
    hazards = np.zeros((last, causes))
    for k in range(causes):
        events = np.bincount(t[cause == k], weights=w[cause == k], minlength=last + 2)
        with np.errstate(divide="ignore", invalid="ignore"):
            hazards[:, k] = np.where(
                at_risk[1 : last + 1] > 0, events[1 : last + 1] / at_risk[1 : last + 1], 0.0
            )
    return cumulative(hazards)


def censoring_survival(time: Ints, is_censored: npt.NDArray[np.bool_], last: int) -> Floats:
    """G(t) = P(not censored by t) for t = 0..`last` by Kaplan-Meier, events before censorings."""
    t = np.clip(time, 0, last + 1)
    censored = np.bincount(t[is_censored], minlength=last + 2).astype(float)
    events = np.bincount(t[~is_censored], minlength=last + 2).astype(np.float64)
    leaving = censored + events
    at_risk = len(time) - np.concatenate([[0.0], np.cumsum(leaving)[:-1]]) - events
    with np.errstate(divide="ignore", invalid="ignore"):
        step = np.where(at_risk > 0, 1.0 - censored / at_risk, 1.0)
    return np.asarray(np.cumprod(step)[: last + 1], dtype=np.float64)


def ending_codes(outcomes: pd.Series) -> Ints:
    """The code of each outcome in ENDINGS; -1 where the deal is open; other exits together."""
    codes = {name: number for number, name in enumerate(ENDINGS)}
    others = {"seller_drop": codes["other"], "unknown_loss": codes["other"], "open": -1}
    return np.asarray(outcomes.map({**codes, **others}).fillna(-1), dtype=np.int64)


def by_age(deals: pd.DataFrame, as_of_day: int, seed: int) -> pd.DataFrame:
    """How deals end with age: weekly cumulative incidence by cause with 95 % bootstrap bands.

    `deals` has deal_id, outcome, created_day, event_day (null while open). Columns: cause, day,
    incidence, low, high. Empty where no deal has ended.
    """
    ordered = deals.sort_values("deal_id")
    cause = ending_codes(ordered["outcome"])
    ends = ordered["event_day"].fillna(as_of_day).to_numpy(dtype=np.float64)
    age = np.maximum(ends - ordered["created_day"].to_numpy(dtype=np.float64), 0.0)
    step = np.maximum(np.ceil(age / AGE_STEP_DAYS), 1).astype(np.int64)
    last = int(min(AGE_LIMIT_DAYS // AGE_STEP_DAYS, step.max(initial=1)))
    if not (cause >= 0).any():
        return pd.DataFrame({"cause": [], "day": [], "incidence": [], "low": [], "high": []})
    point = aalen_johansen(step, cause, len(ENDINGS), last)
    rng = np.random.default_rng(seed)
    n = len(ordered)
    draws = np.stack(
        [
            aalen_johansen(
                step,
                cause,
                len(ENDINGS),
                last,
                weights=np.bincount(rng.integers(0, n, n), minlength=n).astype(float),
            )
            for _ in range(DRAWS)
        ]
    )
    low, high = np.quantile(draws, [0.025, 0.975], axis=0)
    return pd.concat(
        [
            pd.DataFrame(
                {
                    "cause": name,
                    "day": np.arange(1, last + 1) * AGE_STEP_DAYS,
                    "incidence": point[:, k],
                    "low": low[:, k],
                    "high": high[:, k],
                }
            )
            for k, name in enumerate(ENDINGS)
        ],
        ignore_index=True,
    )
