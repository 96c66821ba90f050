"""The plain baseline of the BPI 2012 tasks: an aggregation encoding without any idea of selling.

Counts of each activity and each resource so far, the last of each, elapsed times, the amount and
the calendar: what Teinemaa et al. 2019 call the aggregation encoding, with the last state.
"""

import numpy as np
import pandas as pd

# Rarer values share one column, as in the published preparation of the log.
LEAST_SEEN = 10
LIFECYCLES = ("SCHEDULE", "START", "COMPLETE")


def features(log: pd.DataFrame, cases: pd.Series) -> pd.DataFrame:
    """The encoding of these cases at each of their events; the index is the event's line."""
    events = log[log["case"].isin(cases)].sort_values(["case", "at", "line"], ignore_index=True)
    case = events["case"]
    activity = events["name"] + "-" + events["lifecycle"]
    resource = events.groupby("case")["resource"].ffill().fillna("missing")
    minutes = (events["at"] - events.groupby("case")["at"].transform("min")).dt.total_seconds() / 60
    since_last = minutes - minutes.groupby(case).shift().fillna(0.0)
    found: dict[str, np.ndarray] = {}
    for what, values in {"activity": activity, "resource": resource}.items():
        seen = values.value_counts()
        kept = values.where(values.map(seen) >= LEAST_SEEN, "other")
        for value in sorted(kept.unique()):
            found[f"{what} {value}"] = (kept == value).groupby(case).cumsum().to_numpy(dtype=float)
        found[f"last {what}"] = kept.factorize(sort=True)[0].astype(float)
    found["last lifecycle"] = events["lifecycle"].map(LIFECYCLES.index).to_numpy(dtype=float)
    expanding = since_last.groupby(case).expanding()
    found |= {
        "amount": events["amount"].to_numpy(dtype=float),
        "minutes since start": minutes.to_numpy(),
        "minutes since last": since_last.to_numpy(),
        "mean minutes since last": expanding.mean().to_numpy(),
        "greatest minutes since last": since_last.groupby(case).cummax().to_numpy(),
        "spread of minutes since last": expanding.std().to_numpy(),
        "events": (events.groupby("case").cumcount() + 1).to_numpy(dtype=float),
        "month": events["at"].dt.month.to_numpy(dtype=float),
        "weekday": events["at"].dt.day_of_week.to_numpy(dtype=float),
        "hour": events["at"].dt.hour.to_numpy(dtype=float),
    }
    return pd.DataFrame(found, index=events["line"].to_numpy())
