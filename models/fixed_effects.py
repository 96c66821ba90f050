"""Effects of groups taken out: what is left of a column within sellers and within periods."""

import numpy as np

from models.propensity import Codes, Floats

SWEEPS = 30


def within(values: Floats, groups: tuple[Codes, Codes], weight: Floats) -> Floats:
    """Values less the weighted means of both groupings, by sweeping until both are nothing. (n,)"""
    found = values.astype(np.float64).copy()
    for _ in range(SWEEPS):
        for group in groups:
            total = np.bincount(group, weight)
            mean = np.bincount(group, weight * found) / np.maximum(total, 1e-12)
            found = found - mean[group]
    return found
