"""How past predictions of no decision turned out: Brier score and calibration, with intervals.

One deal is predicted on many nights and its rows end alike, so intervals are those of a bootstrap
by deal (Field and Welsh 2007, cluster bootstrap).
"""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from models.incidence import Floats

DRAWS = 200
LEAST_DEALS, LEAST_EVENTS = 20, 50
METRICS = ("brier", "brier_skill", "predicted", "observed", "difference")
COLUMNS = (
    *("group", "period", "horizon_days", "prediction", "metric"),
    *("value", "low", "high", "n", "deals", "events", "censored", "is_thin"),
)
AS_THINGS_GO, IF_PURSUED = "p_no_decision", "p_no_decision_if_pursued"


def _values(sums: Floats) -> Floats:
    """The metrics of sums (..., 4) of rows, predictions, events and squared errors.

    Skill is over foretelling everyone the share that was observed, which nobody knew then.
    """
    n, predicted, observed, squared = np.moveaxis(sums, -1, 0)
    with np.errstate(invalid="ignore", divide="ignore"):
        p, y, brier = predicted / n, observed / n, squared / n
        return np.stack([brier, 1.0 - brier / (y * (1.0 - y)), p, y, y - p], axis=-1)


def _judged(rows: pd.DataFrame, prediction: str, seed: int) -> Iterator[dict[str, object]]:
    """The metrics of some rows; nothing where no prediction could be judged."""
    told = rows[rows["happened"].notna() & rows[prediction].notna()]
    if told.empty:
        return
    p = told[prediction].to_numpy(dtype=np.float64)
    y = told["happened"].to_numpy(dtype=np.float64)
    names, deal = np.unique(told["deal_id"].to_numpy(dtype=str), return_inverse=True)
    parts = [np.ones(len(told)), p, y, (p - y) ** 2]
    sums = np.column_stack([np.bincount(deal, part, len(names)) for part in parts])
    values = _values(sums.sum(axis=0))
    low = high = np.full(len(METRICS), np.nan)
    if len(names) >= LEAST_DEALS:
        rng = np.random.default_rng(seed)
        drawn = np.stack(
            [
                np.bincount(rng.integers(0, len(names), len(names)), minlength=len(names)) @ sums
                for _ in range(DRAWS)
            ]
        )
        found = _values(drawn)
        found[~np.isfinite(found)] = np.nan
        if np.isfinite(found).any(axis=0).all():
            low, high = np.nanpercentile(found, [2.5, 97.5], axis=0)
    events = int((sums[:, 2] > 0).sum())
    for place, metric in enumerate(METRICS):
        value = float(values[place])
        yield {
            "prediction": "if_pursued" if prediction == IF_PURSUED else "as_things_go",
            "metric": metric,
            "value": value if np.isfinite(value) else np.nan,
            "low": float(low[place]),
            "high": float(high[place]),
            "n": len(told),
            "deals": len(names),
            "events": events,
            "censored": int(rows["happened"].isna().sum()),
            "is_thin": events < LEAST_EVENTS or len(names) < LEAST_DEALS,
        }


def _groups(rows: pd.DataFrame) -> Iterator[tuple[str, str, pd.DataFrame, str]]:
    """Whom to judge together: group, period, rows, and which prediction is theirs.

    Those who are held out are pursued whatever their score says, so they are judged by the
    probability if pursued, and the flagged others beside them by the same.
    """
    replayed = rows["is_replayed"].astype(bool)
    yield "all", "all", rows, AS_THINGS_GO
    if replayed.any() and not replayed.all():
        yield "live", "all", rows[~replayed], AS_THINGS_GO
        yield "replayed", "all", rows[replayed], AS_THINGS_GO
    held = rows["is_held_out"].astype(bool)
    if held.any():
        flagged = rows["is_flagged"].astype(bool) & ~replayed
        yield "held_out", "all", rows[held], IF_PURSUED
        yield "flagged_others", "all", rows[flagged & ~held], IF_PURSUED
    quarter = pd.to_datetime(rows["predicted_on"]).dt.to_period("Q").astype(str)
    for period, part in rows.groupby(quarter, sort=True):
        yield "all", str(period), part, AS_THINGS_GO


def track_metrics(judged: pd.DataFrame, seed: int) -> pd.DataFrame:
    """One row a group, period, horizon and metric, in a fixed order.

    `judged` has one row a past prediction that is due: deal_id, predicted_on, horizon_days,
    p_no_decision, p_no_decision_if_pursued, happened (null where censored), is_flagged,
    is_held_out, is_replayed. Metrics: the Brier score, its skill over the share that was observed,
    the mean prediction, the observed share, and the difference of the two. Intervals of 95 % are
    null below 20 deals. Empty when nothing is due.
    """
    found: list[dict[str, object]] = []
    if len(judged):
        ordered = judged.sort_values(["deal_id", "predicted_on", "horizon_days"], kind="stable")
        for horizon, rows in ordered.groupby("horizon_days", sort=True):
            for group, period, part, prediction in _groups(rows):
                found += [
                    {"group": group, "period": period, "horizon_days": horizon, **metric}
                    for metric in _judged(part, prediction, seed)
                ]
    counts = ("horizon_days", "n", "deals", "events", "censored")
    kinds = {
        **dict.fromkeys(("value", "low", "high"), "float64"),
        **dict.fromkeys(counts, "int64"),
        "is_thin": "bool",
    }
    frame = pd.DataFrame(found, columns=list(COLUMNS))
    return frame.astype({name: kinds.get(name, "str") for name in COLUMNS})
