"""What an hour must be worth elsewhere for letting go to pay, and what it has been worth here."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from models.effects import Effect, covariance
from models.estimate import UNKNOWN, Estimate
from models.propensity import codes
from models.refill import refilled

QUANTITIES = (
    *("wins_given_up", "revenue_given_up", "hours_freed", "break_even_wins_per_hour"),
    *("break_even_revenue_per_hour", "fresh_yield_wins_per_hour", "fresh_yield_revenue_per_hour"),
    *("refill_share", "freed_hour_wins", "freed_hour_revenue"),
)
NORMAL = 1.959964  # 97.5 % quantile
COLUMNS = tuple(f"{name}{end}" for name in QUANTITIES for end in ("", "_low", "_high"))


@dataclass(frozen=True)
class Ratio:
    """A quotient with Fieller's set as `kind` says.

    'bounded': low to high. 'from': everything at or above low (no upper end). 'any': the
    denominator may be nothing, so the data exclude no value.
    """

    estimate: Estimate
    kind: str


def fieller(
    numerator: float, denominator: float, variances: tuple[float, float], covary: float, dof: int
) -> Ratio:
    """Quotient of two normal estimates with Fieller's 95 % set (Fieller 1954), t on `dof`.

    `variances` are of (numerator, denominator), `covary` is their covariance. The set solves
    (a - r b)^2 <= t^2 (v_a - 2 r c + r^2 v_b) for r, the part with a positive denominator.
    """
    from scipy.stats import t as student

    if denominator == 0 or dof < 1 or not math.isfinite(numerator + denominator + sum(variances)):
        return Ratio(UNKNOWN, "any")
    square = float(student.ppf(0.975, dof)) ** 2
    a = denominator**2 - square * variances[1]
    b = numerator * denominator - square * covary
    c = numerator**2 - square * variances[0]
    value = numerator / denominator
    inner = b**2 - a * c
    if a > 0:
        root = math.sqrt(max(inner, 0.0))
        return Ratio(Estimate(value, (b - root) / a, (b + root) / a), "bounded")
    if a < 0 < c and value > 0:
        # Two rays, the estimate in the upper one: the denominator may be nothing, the other not.
        return Ratio(Estimate(value, (b - math.sqrt(inner)) / a, float("nan")), "from")
    return Ratio(Estimate(value, float("nan"), float("nan")), "any")


def yield_per_hour(fresh: pd.DataFrame, gain: str) -> Estimate:
    """`gain` (a column: wins or revenue) per hour of fresh deals, interval clustered by seller.

    Rows are sums of deals, with columns `hours`, `gain` and `seller_id`; rows that lack either
    number are left out. Unknown where there are no hours; without `seller_id`, or with one seller,
    only the interval is.
    """
    from scipy.stats import t as student

    if gain not in fresh.columns or "hours" not in fresh.columns:
        return UNKNOWN
    rows = fresh[fresh[gain].notna() & fresh["hours"].notna()]
    gains = pd.to_numeric(rows[gain]).to_numpy(dtype=np.float64)
    hours = pd.to_numeric(rows["hours"]).to_numpy(dtype=np.float64)
    total = math.fsum(hours)
    if total <= 0:
        return UNKNOWN
    value = math.fsum(gains) / total
    if "seller_id" not in rows.columns:
        return Estimate(value, float("nan"), float("nan"))
    groups = codes(rows["seller_id"].astype(str))
    count = int(groups.max()) + 1
    if count < 2:
        return Estimate(value, float("nan"), float("nan"))
    parts = np.bincount(groups, weights=(gains - value * hours) / total)
    error = math.sqrt(count / (count - 1) * math.fsum(parts**2))
    margin = float(student.ppf(0.975, count - 1)) * error
    return Estimate(value, max(value - margin, 0.0), value + margin, error)


def worth(fresh: Estimate, share: Estimate) -> Estimate:
    """What a freed hour earns: what a fresh one does, for the share of them that is used so.

    Both are of other rows, so their errors are taken as independent (delta method). Unknown where
    either is.
    """
    value = fresh.value * share.value
    if not math.isfinite(value):
        return UNKNOWN
    parts = [share.value * fresh.error, fresh.value * share.error]
    error = math.sqrt(sum(part**2 for part in parts if math.isfinite(part)))
    return Estimate(value, max(value - NORMAL * error, 0.0), value + NORMAL * error, error)


def gain_at(price: Estimate, wins: Effect, hours: Effect) -> Estimate:
    """Wins a deal gained by letting go when a freed hour earns `price` wins elsewhere.

    Effects are let go less not; the price comes from other deals, so its error is independent.
    """
    from scipy.stats import t as student

    value = wins.estimate - price.value * hours.estimate
    variance = (
        covariance(wins, wins)
        - 2 * price.value * covariance(wins, hours)
        + price.value**2 * covariance(hours, hours)
    )
    if math.isfinite(price.error):
        variance += (price.error * hours.estimate) ** 2
    error = math.sqrt(max(variance, 0.0))
    margin = float(student.ppf(0.975, wins.dof)) * error
    return Estimate(value, value - margin, value + margin, error)


def judge(wins: Effect, hours: Effect, price: Estimate) -> str:
    """The verdict: 'pays_free', 'pays_if', 'does_not_pay' or 'too_few'.

    `price` is what a freed hour earns here. pays_free: surely no wins are given up, and no hours
    surely lost. does_not_pay: at that price letting go surely loses; or it surely gives up wins and
    surely frees no hours. pays_if: hours are surely freed, so there is a price at which it pays.
    Else too few to say.
    """
    frees_surely, frees_maybe = hours.high < 0, hours.low < 0
    if wins.low >= 0 and frees_maybe:
        return "pays_free"
    if wins.high < 0 and not frees_maybe:
        return "does_not_pay"
    if math.isfinite(price.value) and gain_at(price, wins, hours).high < 0:
        return "does_not_pay"
    return "pays_if" if frees_surely else "too_few"


def is_met(wins: Effect, hours: Effect, price: Estimate) -> str:
    """Whether an hour here earns enough: 'yes', 'no', 'unclear', or 'unknown' without a yield."""
    if not math.isfinite(price.value):
        return "unknown"
    gain = gain_at(price, wins, hours)
    return "yes" if gain.low > 0 else "no" if gain.high < 0 else "unclear"


def _flipped(effect: Effect, deals: int) -> Estimate:
    return Estimate(-deals * effect.estimate, -deals * effect.high, -deals * effect.low)


def _price(gain: Effect, hours: Effect) -> Ratio:
    """What an hour must earn: gain given up over hours freed, never below nothing."""
    found = fieller(
        -gain.estimate,
        -hours.estimate,
        (covariance(gain, gain), covariance(hours, hours)),
        covariance(gain, hours),
        gain.dof,
    )
    if hours.estimate >= 0:
        return Ratio(UNKNOWN, "any")
    ends = found.estimate
    return Ratio(
        Estimate(*(max(end, 0.0) for end in (ends.value, ends.low, ends.high))), found.kind
    )


def break_even(
    effects: Mapping[str, Effect] | None,
    fresh: pd.DataFrame,
    backlog: pd.DataFrame,
    desk_weeks: pd.DataFrame | None,
    deals: int,
) -> pd.DataFrame:
    """marts.break_even: one row.

    `effects` by outcome (account_win, revenue, hours; one method, one call) or None where the
    comparison is refused; `fresh` as for yield_per_hour; `backlog` with a column `untouched`, deals
    that nobody has touched yet, which is summed; `desk_weeks` as for refilled, without which what a
    freed hour earns is unknown: letting go then does not pay only if it would not were every one
    used; `deals` the deals compared. Totals are for all of these: every one let go, against none. A
    required yield below nothing is given as 0: letting go is already even.
    """
    found: dict[str, Estimate] = {
        "fresh_yield_wins_per_hour": yield_per_hour(fresh, "wins"),
        "fresh_yield_revenue_per_hour": yield_per_hour(fresh, "revenue"),
        "refill_share": UNKNOWN if desk_weeks is None else refilled(desk_weeks),
    }
    for name, gain in (("freed_hour_wins", "wins"), ("freed_hour_revenue", "revenue")):
        found[name] = worth(found[f"fresh_yield_{gain}_per_hour"], found["refill_share"])
    verdict, met, kind, method = "too_few", "unknown", "any", ""
    if effects is not None:
        wins, hours, revenue = effects["account_win"], effects["hours"], effects["revenue"]
        price = _price(wins, hours)
        found["wins_given_up"] = _flipped(wins, deals)
        found["revenue_given_up"] = _flipped(revenue, deals)
        found["hours_freed"] = _flipped(hours, deals)
        found["break_even_wins_per_hour"] = price.estimate
        found["break_even_revenue_per_hour"] = _price(revenue, hours).estimate
        earned = found["freed_hour_wins"]
        at_most = earned if math.isfinite(earned.value) else found["fresh_yield_wins_per_hour"]
        verdict, met = judge(wins, hours, at_most), is_met(wins, hours, earned)
        kind, method = price.kind, wins.method
    row: dict[str, object] = {}
    for name in QUANTITIES:
        estimate = found.get(name, UNKNOWN)
        row |= {name: estimate.value, f"{name}_low": estimate.low, f"{name}_high": estimate.high}
    row |= {
        "deals": deals,
        "backlog_deals": int(pd.to_numeric(backlog["untouched"]).fillna(0).sum()),
        "verdict": verdict,
        "interval_kind": kind,
        "is_met": met,
        "method": method,
        "sentence": f"break_even_{verdict}",
    }
    return pd.DataFrame([row])
