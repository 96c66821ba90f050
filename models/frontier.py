"""What a rule for walking away would have given up and freed, in deals that were scored before.

Had every deal been let go at some day whose risk reached a threshold, the wins and revenue that
came later would have been lost and the hours saved. Recorded outcomes understate both, since many
such deals were let go anyway: those deals are censored on the day the seller ended them, and the
others weighted for them (inverse probability of censoring, Robins and Finkelstein 2000). Net
benefit: Vickers and Elkin 2006. Bands by bootstrap over sellers.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from models.hours_ahead import cross_fitted, expected
from models.incidence import Floats, Ints
from models.moves import value_per_hour

LEAST_SELLERS, LEAST_WINS = 20, 50
# Deals of a day that were followed to the horizon without a win: without them, all that is known to
# its end is won.
LEAST_FOLLOWED = 50
FLOOR = 0.05
STRATA, ROWS_PER_STRATUM = 5, 40
STEP_DAYS = 7
SCORE_DAYS = 90
THRESHOLDS = tuple(round(0.05 * n, 2) for n in range(1, 20))
ORDERS = ("risk", "value_per_hour")
QUANTITIES = ("wins_given_up", "revenue_given_up", "hours_freed")
COLUMNS = (
    *("order_by", "threshold", "day", "deals", "deals_let_go"),
    *(f"{name}{end}" for name in QUANTITIES for end in ("", "_low", "_high")),
    *("net_benefit", "net_benefit_low", "net_benefit_high", "net_benefit_walk_all"),
    *("revenue_per_hour", "wins_per_hour"),
)
TYPES = {"order_by": "str", "day": "int64", "deals": "int64", "deals_let_go": "int64"}
FACTS = (
    *("verdict", "deals", "sellers", "wins", "needed_sellers", "needed_wins", "needed_followed"),
    *("days", "share_at_floor"),
)


@dataclass(frozen=True, eq=False)
class Frontier:
    """The table of COLUMNS (empty where too little is known) and what it rests on (FACTS)."""

    table: pd.DataFrame
    facts: Mapping[str, object]


@dataclass(frozen=True, eq=False)
class _Watch:
    """Rows with an end in steps, whether it was seen, and in which stratum each is censored."""

    step: Ints
    is_event: npt.NDArray[np.bool_]
    is_known: npt.NDArray[np.bool_]
    stratum: Ints
    last: int

    def weights(self, mass: Floats) -> tuple[Floats, float]:
        """Inverse-probability weights of the known rows, and the share of them at the floor.

        `mass` is how often each row is drawn. Kaplan-Meier of censoring by stratum, events first.
        """
        strata = int(self.stratum.max(initial=0)) + 1
        place = self.stratum * (self.last + 2) + self.step
        size = strata * (self.last + 2)

        def spread(values: Floats) -> Floats:
            found = np.bincount(place, values, size).reshape(strata, self.last + 2)
            return found.astype(np.float64)

        events = spread(mass * self.is_event)
        censored = spread(mass * ~self.is_event)
        leaving = events + censored
        at_risk = leaving[:, ::-1].cumsum(axis=1)[:, ::-1] - events
        # At the horizon nobody is lost: the window ends there for all.
        censored[:, self.last :] = 0.0
        with np.errstate(divide="ignore", invalid="ignore"):
            stays = np.where(at_risk > 0, 1.0 - censored / at_risk, 1.0)
        survival = np.cumprod(np.clip(stays, 0.0, 1.0), axis=1)
        before = np.concatenate([np.ones((strata, 1)), survival[:, :-1]], axis=1)
        g = before[self.stratum, self.step]
        low = self.is_known & (g < FLOOR) & (mass > 0)
        share = float(low.sum() / max((self.is_known & (mass > 0)).sum(), 1))
        return np.where(self.is_known, mass / np.maximum(g, FLOOR), 0.0), share


def _watched(event_days: Floats, censor_days: Floats, horizon: int, stratum: Ints) -> _Watch:
    """Steps of `STEP_DAYS` until an event (NaN: none), a censoring, or the horizon."""
    last = int(np.ceil(horizon / STEP_DAYS))
    event = np.where(np.isnan(event_days), np.inf, event_days)
    is_event = (event <= censor_days) & (event <= horizon)
    is_whole = ~is_event & (censor_days >= horizon)
    end = np.where(is_event, event, np.where(is_whole, horizon, np.minimum(censor_days, horizon)))
    step = np.clip(np.ceil(end / STEP_DAYS), 1, last).astype(np.int64)
    # What was watched whole leaves after the last step, so that no censoring precedes it there.
    step = np.where(is_whole, last + 1, step)
    return _Watch(step, is_event, is_event | is_whole, stratum, last)


def _strata(p: Floats, day: Ints) -> Ints:
    """Bands of equal size of the risk within each day of decision; few where there are few rows."""
    found = np.zeros(len(p), dtype=np.int64)
    start = 0
    for value in np.unique(day):
        rows = np.flatnonzero(day == value)
        count = int(np.clip(len(rows) // ROWS_PER_STRATUM, 1, STRATA))
        ranks = np.empty(len(rows), dtype=np.int64)
        ranks[np.argsort(p[rows], kind="stable")] = np.arange(len(rows))
        found[rows] = start + ranks * count // len(rows)
        start += count
    return found


def _seen(rows: pd.DataFrame) -> tuple[Floats, Floats, Floats]:
    """Days to the win and to the seller's own ending (NaN: none), and days watched while kept."""
    days_to_win = rows["days_to_win"].to_numpy(dtype=np.float64, na_value=np.nan)
    walk = rows["walk_days"].to_numpy(dtype=np.float64, na_value=np.nan)
    followup = rows["followup_days"].to_numpy(dtype=np.float64)
    return days_to_win, walk, np.where(np.isnan(walk), followup, np.minimum(followup, walk))


def remaining_hours(points: pd.DataFrame, open_deals: pd.DataFrame, horizon: int) -> Floats:
    """Seller hours that each open deal is expected to take within the horizon, if pursued.

    Learned from `points` as `frontier` learns them, those that sellers ended censored and the
    others weighted for them. `open_deals` has age_days, amount, p_no_decision_if_pursued and
    p_won_if_pursued. NaN where a chance is not known, and for all where fewer than LEAST_FOLLOWED
    points were followed to the horizon or to a win.
    """
    rows = points.sort_values(["deal_id", "day"], ignore_index=True)
    days_to_win, _, watched = _seen(rows)
    p = rows["p_no_decision_if_pursued"].to_numpy(dtype=np.float64)
    strata = _strata(p, rows["day"].to_numpy(dtype=np.int64))
    follow = _watched(days_to_win, watched, horizon, strata)
    if follow.is_known.sum() < LEAST_FOLLOWED:
        return np.full(len(open_deals), np.nan)
    return expected(rows, follow.weights(np.ones(len(rows)))[0], open_deals)


def _draws(seller: Ints, count: int, seed: int) -> Floats:
    """How often each row is drawn when sellers are drawn with replacement; (1 + count, rows).

    The first row is the sample itself.
    """
    sellers = int(seller.max()) + 1
    rng = np.random.default_rng(seed)
    drawn = rng.multinomial(sellers, np.full(sellers, 1 / sellers), size=count)
    return np.vstack([np.ones(len(seller)), drawn[:, seller]]).astype(np.float64)


def _facts(points: pd.DataFrame, wins: int) -> dict[str, object]:
    sellers = int(points["seller_id"].nunique())
    enough = sellers >= LEAST_SELLERS and wins >= LEAST_WINS
    return {
        "verdict": "answered" if enough else "too_few",
        "deals": int(points["deal_id"].nunique()),
        "sellers": sellers,
        "wins": wins,
        "needed_sellers": LEAST_SELLERS,
        "needed_wins": LEAST_WINS,
        "needed_followed": LEAST_FOLLOWED,
        "days": [],
        "share_at_floor": None,
    }


def frontier(points: pd.DataFrame, horizon: int, seed: int, draws: int) -> Frontier:
    """Wins, revenue and hours by threshold and day, with 95 % bands by bootstrap over sellers.

    `points`: one row a deal and day of decision, with deal_id, seller_id, day, amount,
    p_no_decision_if_pursued and p_won_if_pursued (scored by a model that was trained before),
    followup_days, days_to_win, revenue, hours, walk_days, days_to_end, is_no_decision. Quantities
    are sums over the deals of that day that reach the threshold. `order_by` is `risk`, where
    `threshold` is the risk from which a deal is let go, or `value_per_hour`, where it is the share
    of deals with the least expected value per remaining hour. The order of rows does not matter.
    """
    rows = points.sort_values(["deal_id", "day"], ignore_index=True)
    days_to_win, walk, watched = _seen(rows)
    seen = (days_to_win <= horizon) & (days_to_win <= watched)
    facts = _facts(rows, int(rows.loc[seen, "deal_id"].nunique()))
    if facts["verdict"] != "answered":
        return Frontier(_nothing(), facts)
    p = rows["p_no_decision_if_pursued"].to_numpy(dtype=np.float64)
    day = rows["day"].to_numpy(dtype=np.int64)
    strata = _strata(p, day)
    follow = _watched(days_to_win, watched, horizon, strata)
    end = rows["days_to_end"].to_numpy(dtype=np.float64, na_value=np.nan)
    # Being let go is no ending here: what would have come of the deal is then not seen.
    decided = _watched(np.where(end == walk, np.nan, end), watched, SCORE_DAYS, strata)
    seller = np.unique(rows["seller_id"].to_numpy(dtype=str), return_inverse=True)[1]
    masses = _draws(seller, draws, seed)
    weighed = [follow.weights(mass) for mass in masses]
    facts["share_at_floor"] = weighed[0][1]
    weight = np.stack([own for own, _ in weighed])
    case_weight = np.stack([decided.weights(mass)[0] for mass in masses])
    case = decided.is_event & rows["is_no_decision"].to_numpy(dtype=bool)
    hours_ahead = pd.Series(cross_fitted(rows, weight[0], seller), rows.index)
    amount = pd.to_numeric(rows["amount"])
    value = value_per_hour(rows["p_won_if_pursued"], amount, hours_ahead).to_numpy()
    followed = follow.is_known & ~follow.is_event
    days = [
        today for today in np.unique(day) if (followed & (day == today)).sum() >= LEAST_FOLLOWED
    ]
    facts["days"] = [int(today) for today in days]
    if not days:
        return Frontier(_nothing(), {**facts, "verdict": "too_few_followed"})
    found = []
    gains = {
        "wins_given_up": follow.is_event.astype(np.float64),
        "revenue_given_up": rows["revenue"].to_numpy(dtype=np.float64, na_value=np.nan),
        "hours_freed": rows["hours"].to_numpy(dtype=np.float64, na_value=np.nan),
    }
    for today in days:
        here = np.flatnonzero(day == today)
        rank = _rank(value[here])
        for order in ORDERS:
            for threshold in THRESHOLDS:
                goes = p[here] >= threshold if order == "risk" else rank <= threshold
                found.append(
                    {
                        "order_by": order,
                        "threshold": threshold,
                        "day": int(today),
                        "deals": len(here),
                        "deals_let_go": int(goes.sum()),
                        **_sums(gains, weight, here, goes),
                        **_benefit(case, case_weight, here, goes, threshold, order),
                    }
                )
    table = pd.DataFrame(found)
    freed = table["hours_freed"].where(table["hours_freed"] > 0)
    table["revenue_per_hour"] = table["revenue_given_up"] / freed
    table["wins_per_hour"] = table["wins_given_up"] / freed
    return Frontier(table[list(COLUMNS)], facts)


def _nothing() -> pd.DataFrame:
    return pd.DataFrame({name: pd.Series(dtype=TYPES.get(name, "float64")) for name in COLUMNS})


def _rank(value: Floats) -> Floats:
    """The share of deals whose value is not above each one's; unknown values come last."""
    order = np.argsort(np.where(np.isnan(value), np.inf, value), kind="stable")
    rank = np.empty(len(value))
    rank[order] = np.arange(1, len(value) + 1) / len(value)
    return np.where(np.isnan(value), np.inf, rank)


def _ends(name: str, draws: Floats) -> dict[str, float]:
    """The number itself, which is the first draw, and the quantiles of the others."""
    others = draws[1:][np.isfinite(draws[1:])]
    low, high = np.quantile(others, [0.025, 0.975]) if len(others) else (np.nan, np.nan)
    return {name: float(draws[0]), f"{name}_low": float(low), f"{name}_high": float(high)}


def _sums(
    gains: Mapping[str, Floats],
    weight: Floats,
    here: npt.NDArray[np.int64],
    goes: npt.NDArray[np.bool_],
) -> dict[str, float]:
    found: dict[str, float] = {}
    for name, gain in gains.items():
        is_known = np.isfinite(gain[here])
        own = weight[:, here] * is_known
        # What is known stands for all deals of the day, in every draw for as many.
        scale = len(here) / np.maximum(own.sum(axis=1), 1e-12)
        found |= _ends(name, scale * (own @ np.where(goes & is_known, gain[here], 0.0)))
    return found


def _benefit(
    case: npt.NDArray[np.bool_],
    weight: Floats,
    here: npt.NDArray[np.int64],
    goes: npt.NDArray[np.bool_],
    threshold: float,
    order: str,
) -> dict[str, float]:
    """Net benefit of letting go at the threshold, and of letting everything go (nothing: 0)."""
    names = ("net_benefit", "net_benefit_low", "net_benefit_high", "net_benefit_walk_all")
    if order != "risk":
        return dict.fromkeys(names, float("nan"))
    own = weight[:, here]
    total = np.maximum(own.sum(axis=1), 1e-12)
    odds = threshold / (1 - threshold)
    gain = np.where(case[here], 1.0, -odds)
    everything = float((own[0] @ gain) / total[0])
    return {
        **_ends("net_benefit", (own @ np.where(goes, gain, 0.0)) / total),
        "net_benefit_walk_all": everything,
    }
