"""Does work wait for freed hours: of the deals that leave a seller's desk, how many are replaced?

A freed hour earns what an hour on a fresh deal earns only where a fresh deal is there to be taken.
Untouched deals and leads in the CRM say little about that: many a backlog is kept elsewhere. What
sellers do says more: where work waits, a deal that leaves is soon followed by a new one; where
deals come as they come, what leaves makes no difference.
"""

import math

import numpy as np
import pandas as pd

from models.estimate import UNKNOWN, Estimate
from models.fixed_effects import within
from models.propensity import codes

LEAST_SELLERS, LEAST_LEAVING = 20, 100


def refilled(desk_weeks: pd.DataFrame) -> Estimate:
    """Deals opened in five weeks for each deal that left the desk in the first of them, 0 to 1.

    `desk_weeks` is features.desk_weeks. The slope within sellers and within weeks, so that a seller
    with a larger territory and a busy season count for nothing; interval clustered by seller, t of
    sellers less one. A seller who is busier for some months opens and closes more, which this takes
    for replacing. Unknown below LEAST_SELLERS sellers or LEAST_LEAVING deals that left.
    """
    from scipy.stats import t as student

    if desk_weeks.empty:
        return UNKNOWN
    seller = codes(desk_weeks["seller_id"].astype(str))
    count = len(np.unique(seller))
    leaves = desk_weeks["leaves"].to_numpy(dtype=np.float64)
    if count < LEAST_SELLERS or leaves.sum() < LEAST_LEAVING:
        return UNKNOWN
    groups = (seller, codes(desk_weeks["week"].astype(str)))
    weight = np.ones(len(leaves))
    x = within(leaves, groups, weight)
    y = within(desk_weeks["opened"].to_numpy(dtype=np.float64), groups, weight)
    total = float(x @ x)
    if total <= 1e-9:
        return UNKNOWN
    slope = float(x @ y) / total
    parts = np.bincount(seller, weights=x * (y - slope * x)) / total
    error = math.sqrt(count / (count - 1) * float(parts @ parts))
    margin = float(student.ppf(0.975, count - 1)) * error
    low, value, high = np.clip((slope - margin, slope, slope + margin), 0.0, 1.0)
    return Estimate(float(value), float(low), float(high), error)
