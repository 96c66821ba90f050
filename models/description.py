"""What was seen, without adjustment: wins by strategy, and what became of deals let go."""

import numpy as np
import pandas as pd

from models.followup import curve_table, incidence
from models.propensity import Codes, Floats, codes
from models.trial import Rules, flags, numbers

WALKED_ONLY = "disqualify_early"
STRATEGIES = ("disqualify", "help_decide", "chase", "wait")
MIN_CURVE_DEALS = 10
CURVE_TYPES = {
    "strategy": "str",
    "day": "int64",
    **dict.fromkeys(("incidence", "low", "high"), "float64"),
    "n_at_risk": "int64",
}


def walked_rows(points: pd.DataFrame, rules: Rules) -> list[dict[str, object]]:
    """Of the deals let go, how many buyers bristled and how many accounts came back.

    Only deals followed for the whole window count. Descriptive: there is no other arm.
    """
    walked = points[flags(points, "is_walked") & points["walk_day"].notna()]
    since = numbers(walked, "followup_days") - (
        numbers(walked, "walk_day") - numbers(walked, "signal_day")
    )
    rows: list[dict[str, object]] = []
    for outcome, days in (("bristle", rules.bristle_days), ("return", rules.return_days)):
        column = "is_bristled" if outcome == "bristle" else "is_returned"
        part = walked[(since >= days) & walked[column].notna()]
        happened = flags(part, column).astype(np.float64)
        sellers = part["seller_id"].nunique()
        is_enough = len(part) >= rules.min_events and sellers >= rules.min_sellers
        share = (
            share_interval(happened, codes(part["seller_id"].astype(str)))
            if is_enough
            else (np.nan, np.nan, np.nan, np.nan)
        )
        rows.append(
            {
                "outcome": outcome,
                "estimand": "share",
                "contrast": WALKED_ONLY,
                "method": "naive",
                **dict(zip(("estimate", "low", "high", "effective_n"), share, strict=True)),
                "unit": "share",
                "n": len(part),
                "verdict": "ok" if is_enough else "too_few",
                "n_sellers": sellers,
                "events_control": 0,
                "events_treated": int(happened.sum()),
            }
        )
    return rows


def share_interval(happened: Floats, clusters: Codes) -> tuple[float, float, float, float]:
    """Share, Wilson interval at the clustered effective size with t(G-1), and that size.

    Wilson's interval stays honest at shares of 0 and 1, where a clustered error would be 0.
    """
    from scipy.stats import t as student

    n, groups = len(happened), int(clusters.max()) + 1
    share = float(happened.mean())
    parts = np.bincount(clusters, weights=happened - share) / n
    variance = groups / max(groups - 1, 1) * float(parts @ parts)
    size = min(n, share * (1 - share) / variance) if variance > 0 else float(n)
    square = float(student.ppf(0.975, max(groups - 1, 1))) ** 2 / size
    centre = (share + square / 2) / (1 + square)
    half = np.sqrt(share * (1 - share) * square + square**2 / 4) / (1 + square)
    return share, max(float(centre - half), 0.0), min(float(centre + half), 1.0), size


def curves(points: pd.DataFrame, rules: Rules) -> pd.DataFrame:
    """First win of the account by what the seller did: descriptive, nothing is adjusted."""
    parts = []
    for strategy in STRATEGIES:
        rows = points[points["strategy"] == strategy]
        if len(rows) < MIN_CURVE_DEALS or rows["seller_id"].nunique() < 2:
            continue
        found = incidence(
            numbers(rows, "days_to_account_win"),
            numbers(rows, "followup_days"),
            codes(rows["seller_id"].astype(str)),
            rules.horizon_days,
        )
        parts.append(curve_table(strategy, found))
    if not parts:
        return pd.DataFrame(columns=list(CURVE_TYPES)).astype(CURVE_TYPES)
    return pd.concat(parts, ignore_index=True).astype(CURVE_TYPES)
