"""Where buyers come from: rates by origin, and whether an origin goes with more wins or stalls.

Rates describe the deals that ended. The contrasts compare deals of two origins from their creation
on, all followed to the same day, beside equal amount, lead source, pipeline and quarter, and within
sellers (models.alike). A supplier belongs to the account and so to all of its deals. An origin is
nothing that a company dealt out: this is no effect.
"""

from collections.abc import Callable

import numpy as np
import pandas as pd
from scipy.stats import t as student

from models.alike import Alike, Interval, verdict
from models.description import share_interval
from models.propensity import Codes, Flags, Floats, codes
from models.trial import Rules, sampled

ORIGINS = ("brought", "shared", "borrowed", "direct", "unknown")
# What is asked of each pair, and what else is held equal: a partner's deals have a source of
# their own, so that nothing of it can be held equal.
CONTRASTS = {
    "brought_vs_direct": ("brought", "direct", ("lead_source", "pipeline", "source")),
    "borrowed_vs_direct": ("borrowed", "direct", ("pipeline", "source")),
}
OUTCOMES = ("won", "no_decision")
LEAST_SHOWN = 10
RATE_COLUMNS = {
    **dict.fromkeys(("origin", "measure"), "str"),
    **dict.fromkeys(("value", "low", "high"), "float64"),
    **dict.fromkeys(("n", "sellers"), "int64"),
    "verdict": "str",
}
CONTRAST_COLUMNS = {
    **dict.fromkeys(("contrast", "outcome"), "str"),
    "within_days": "int64",
    **dict.fromkeys(("share", "other_share", "difference"), "float64"),
    **dict.fromkeys(("estimate", "low", "high"), "float64"),
    **dict.fromkeys(("n", "other_n", "events", "sellers"), "int64"),
    "verdict": "str",
}


def rates(deals: pd.DataFrame) -> pd.DataFrame:
    """Rates of the deals that ended, by what was found of their origin, as RATE_COLUMNS.

    `deals` is features.origin_deals. Shares have Wilson's interval at the size that sellers leave,
    means a clustered one, medians Woodruff's (JASA 47, 1952): the values at the ends of the
    interval of the share below. Fewer than 10 deals or 2 sellers are "too_few", without numbers.
    """
    ended = deals[deals["outcome"] != "open"].sort_values("deal_id", kind="stable")
    measures: dict[str, tuple[str, Callable[[Floats, Codes], Interval]]] = {
        "win_rate": ("won", _share),
        "no_decision_rate": ("no_decision", _share),
        "days_median": ("days", median),
        "days_mean": ("days", mean),
        "hours_median": ("hours", median),
        "hours_mean": ("hours", mean),
    }
    known = ended[ended["seller_id"].notna()]
    flagged = known.assign(
        won=(known["outcome"] == "won").astype("float64"),
        no_decision=(known["outcome"] == "no_decision").astype("float64"),
        seller=codes(known["seller_id"].astype(str)),
    )
    rows = []
    for origin in ORIGINS:
        group = flagged[flagged["origin_found"] == origin]
        for measure, (column, told) in measures.items():
            rows.append({"origin": origin, "measure": measure, **_told(group, column, told)})
    return pd.DataFrame(rows, columns=list(RATE_COLUMNS)).astype(RATE_COLUMNS)


def _told(
    group: pd.DataFrame, column: str, told: Callable[[Floats, Codes], Interval]
) -> dict[str, object]:
    values = group[column].to_numpy(dtype=np.float64, na_value=np.nan)
    is_known = np.isfinite(values)
    sellers = codes(group["seller"].to_numpy()[is_known])
    many = int(sellers.max()) + 1 if len(sellers) else 0
    few = len(sellers) < LEAST_SHOWN or many < 2
    found = (np.nan, np.nan, np.nan) if few else told(values[is_known], sellers)
    return {
        **dict(zip(("value", "low", "high"), found, strict=True)),
        **{"n": len(sellers), "sellers": many, "verdict": "too_few" if few else "ok"},
    }


def _share(values: Floats, clusters: Codes) -> Interval:
    share, low, high, _ = share_interval(values, clusters)
    return share, low, high


def mean(values: Floats, clusters: Codes) -> Interval:
    """Mean with a 95 % interval by clusters, t(G - 1)."""
    groups = int(clusters.max()) + 1
    middle = float(values.mean())
    parts = np.bincount(clusters, weights=values - middle) / len(values)
    error = float(np.sqrt(groups / max(groups - 1, 1) * (parts @ parts)))
    reach = float(student.ppf(0.975, max(groups - 1, 1))) * error
    return middle, middle - reach, middle + reach


def median(values: Floats, clusters: Codes) -> Interval:
    """Median with Woodruff's 95 % interval by clusters."""
    middle = float(np.median(values))
    below = (values < middle) + 0.5 * (values == middle)
    _, low, high, _ = share_interval(below, clusters)
    ends = np.quantile(values, [low, high], method="inverted_cdf")
    return middle, float(ends[0]), float(ends[1])


def contrasts(deals: pd.DataFrame, rules: Rules) -> pd.DataFrame:
    """Each contrast and outcome within the horizon from the deal's creation, as CONTRAST_COLUMNS.

    Only the first deal of an account counts: whoever comes back was a customer, or let go, before.
    And only deals created a horizon before the end of the data, so that all are followed as long.
    Of many deals those of a sample of sellers. "too_few": below 50 deals on
    either side, 20 deals with or without the outcome, or 10 sellers; "not_recorded" where one side
    has no deal at all; "constant" where no seller has deals of both in a quarter.
    """
    horizon = rules.horizon_days
    rows = []
    for name, (one, other, levels) in CONTRASTS.items():
        known = deals[deals["origin_found"].isin([one, other]) & deals["seller_id"].notna()]
        followed = known[(known["followed_days"] >= horizon) & (known["account_deals_before"] == 0)]
        pool = sampled(followed, rules).sort_values("deal_id", kind="stable")
        is_one = (pool["origin_found"] == one).to_numpy(dtype=bool)
        sides = set(deals["origin_found"]) & {one, other}
        for outcome in OUTCOMES:
            by_then = (pool["outcome"] == outcome) & (pool["days"] <= horizon).fillna(False)
            event: Floats = by_then.to_numpy(dtype=np.bool_).astype(np.float64)
            row = _counts(is_one, event, pool["seller_id"])
            row |= {"contrast": name, "outcome": outcome, "within_days": horizon}
            if len(sides) < 2:
                row["verdict"] = "not_recorded"
            if row["verdict"] == "ok":
                found = Alike.of(pool, is_one, ["amount_base"], levels).difference(event)
                row |= dict(zip(("estimate", "low", "high"), found, strict=True))
                row["verdict"] = "ok" if np.isfinite(found[0]) else "constant"
            rows.append(row)
    return pd.DataFrame(rows, columns=list(CONTRAST_COLUMNS)).astype(CONTRAST_COLUMNS)


def _counts(is_one: Flags, event: Floats, sellers: pd.Series) -> dict[str, object]:
    n, other = int(is_one.sum()), int((~is_one).sum())
    events, many = int(event.sum()), sellers.nunique()
    share = float(event[is_one].mean()) if n else np.nan
    other_share = float(event[~is_one].mean()) if other else np.nan
    return {
        "share": share,
        "other_share": other_share,
        "difference": share - other_share,
        **dict.fromkeys(("estimate", "low", "high"), np.nan),
        "n": n,
        "other_n": other,
        "events": events,
        "sellers": many,
        "verdict": verdict(is_one, event > 0, many),
    }
