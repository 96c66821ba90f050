"""Each deal that was let go beside one alike that was not: matched pairs, followed for a year.

Time zero of a pair is the day, counted from the signal, on which the one was let go; the other was
then still open, had not been let go until then, and its buyer had or had not shown life since the
signal as the first's had. Pairs are made day by day with nothing known of later days (risk-set
matching; Li, Propert and Rosenbaum, JASA 96, 2001): whoever is let go later may stand for those who
were not yet, for to leave them out would keep those whose buyer spoke up just in time. Nearest
neighbours on the log-odds of being let go by what was known at the signal, within a caliper of 0.2
of its deviation (Austin, Pharmaceutical Statistics 10, 2011), without replacement.
Errors are clustered by pair and by seller (Abadie and Spiess, JASA 117, 2022), t(sellers - 1).
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.stats import t as student

from models.alike import LEAST_ARM, LEAST_EVENTS, LEAST_SELLERS, clustered
from models.covariates import covariates
from models.propensity import CLIP, Codes, Floats, codes, fit_probability
from models.trial import Rules, eligible, flags, numbers, sampled

CALIPER = 0.2
COLUMNS = {
    "outcome": "str",
    "within_days": "int64",
    **dict.fromkeys(("let_go", "pairs", "sellers", "events"), "int64"),
    **dict.fromkeys(("share", "other_share", "estimate", "low", "high"), "float64"),
    "later_share": "float64",
    **dict.fromkeys(("largest_smd_before", "largest_smd_after"), "float64"),
    "verdict": "str",
}


@dataclass(frozen=True, eq=False)
class Candidates:
    """Decision points as they may be paired: (n,) each.

    `offset` is the day since the signal on which a deal was let go, NaN for those that were not
    within the grace; `until` the first day on which it was closed or let go, infinite for neither;
    `spoke` and `won` the days on which its buyer next showed life, and first bought, infinite for
    never.
    """

    offset: Floats
    until: Floats
    spoke: Floats
    won: Floats
    logit: Floats
    party: Codes


def matched(points: pd.DataFrame, rules: Rules) -> pd.DataFrame:
    """One row: whether the account bought within the year, let go against not, as COLUMNS.

    `points` is features.decision_points with days_to_next_life of features.match_points. Only deals
    followed for grace and year count. "too_few" below 50 pairs, 20 purchases or 10 sellers.
    """
    horizon = rules.return_days
    rows = eligible(points, rules)
    rows = sampled(rows[rows["followup_days"] >= rules.grace_days + horizon], rules)
    rows = rows.sort_values("deal_id", kind="stable").reset_index(drop=True)
    row: dict[str, object] = {
        **dict.fromkeys(COLUMNS, np.nan),
        **{"outcome": "account_win", "within_days": horizon, "verdict": "too_few"},
        **dict.fromkeys(("let_go", "pairs", "sellers", "events"), 0),
    }
    is_let_go = flags(rows, "is_walked")
    row["let_go"] = int(is_let_go.sum())
    if is_let_go.any() and not is_let_go.all():
        x, _ = covariates(rows)
        chance = np.clip(fit_probability(x, is_let_go, x), *CLIP)
        pool = _candidates(rows, np.log(chance / (1 - chance)))
        first, second = pairs(pool)
        row["pairs"] = len(first)
        if len(first):
            row |= _told(rows, pool, x, first, second, horizon)
    return pd.DataFrame([row], columns=list(COLUMNS)).astype(COLUMNS)


def _candidates(rows: pd.DataFrame, logit: Floats) -> Candidates:
    signal = numbers(rows, "signal_day")
    is_let_go = flags(rows, "is_walked")
    walked = numbers(rows, "walk_day") - signal
    ended = numbers(rows, "days_to_decision")
    party = rows["account_id"].astype("object").where(rows["account_id"].notna(), rows["deal_id"])
    return Candidates(
        np.where(is_let_go, walked, np.nan),
        np.fmin(np.where(np.isnan(ended), np.inf, ended), np.where(is_let_go, walked, np.inf)),
        np.nan_to_num(numbers(rows, "days_to_next_life"), nan=np.inf),
        np.nan_to_num(numbers(rows, "days_to_account_win"), nan=np.inf),
        logit,
        codes(party.astype(str)),
    )


def pairs(pool: Candidates) -> tuple[Codes, Codes]:
    """Places of the deals let go that found one alike, and of those found, in the same order.

    Day by day from the signal, on each day the likeliest to be let go first; nobody stands twice.
    """
    reach = CALIPER * float(np.std(pool.logit))
    is_free = np.ones(len(pool.logit), dtype=np.bool_)
    let_go = np.flatnonzero(np.isfinite(pool.offset))
    let_go = let_go[np.lexsort((let_go, -pool.logit[let_go], pool.offset[let_go]))]
    first, second = [], []
    for place in let_go:
        day = pool.offset[place]
        if not is_free[place] or pool.won[place] <= day:
            continue
        fits = (
            is_free
            & (pool.until > day)
            & (pool.won > day)
            & ((pool.spoke <= day) == (pool.spoke[place] <= day))
            & (pool.party != pool.party[place])
        )
        far = np.where(fits, np.abs(pool.logit - pool.logit[place]), np.inf)
        nearest = int(np.argmin(far))
        if far[nearest] > reach:
            continue
        is_free[place] = is_free[nearest] = False
        first.append(place)
        second.append(nearest)
    return np.array(first, dtype=np.intp), np.array(second, dtype=np.intp)


def _told(
    rows: pd.DataFrame, pool: Candidates, x: Floats, first: Codes, second: Codes, horizon: int
) -> dict[str, object]:
    days = pool.offset[first]
    buys = np.concatenate([pool.won[first] - days, pool.won[second] - days]) <= horizon
    n = len(first)
    shares = float(buys[:n].mean()), float(buys[n:].mean())
    sellers = codes(rows["seller_id"].astype(str).to_numpy()[np.concatenate([first, second])])
    many, events = len(np.unique(sellers)), int(buys.sum())
    is_let_go = np.isfinite(pool.offset)
    told: dict[str, object] = {
        "sellers": many,
        "events": events,
        "share": shares[0],
        "other_share": shares[1],
        "later_share": float(is_let_go[second].mean()),
        "largest_smd_before": _largest(x[is_let_go], x[~is_let_go], x),
        "largest_smd_after": _largest(x[first], x[second], x),
    }
    if n < LEAST_ARM or min(events, 2 * n - events) < LEAST_EVENTS or many < LEAST_SELLERS:
        return told
    scores = np.concatenate([buys[:n] - shares[0], shares[1] - buys[n:]]) / n
    error = clustered(scores, sellers, np.tile(np.arange(n), 2))
    reach = float(student.ppf(0.975, many - 1)) * error
    difference = shares[0] - shares[1]
    return told | {
        "estimate": difference,
        "low": difference - reach,
        "high": difference + reach,
        "verdict": "ok",
    }


def _largest(one: Floats, other: Floats, whole: Floats) -> float:
    """The largest standardised difference of any covariate, deviations being those of all rows."""
    if not whole.shape[1]:
        return 0.0
    return float(np.abs((one.mean(axis=0) - other.mean(axis=0)) / whole.std(axis=0)).max())
