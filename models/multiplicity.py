"""Several questions asked of the same data, held to account together."""

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


def holm(p: Floats) -> Floats:
    """p values for all of them together (Holm, Scandinavian Journal of Statistics 6, 1979).

    What is NaN was not asked, and stays NaN.
    """
    asked = np.flatnonzero(np.isfinite(p))
    order = asked[np.argsort(p[asked], kind="stable")]
    together = np.full(len(p), np.nan)
    times = len(order) - np.arange(len(order))
    together[order] = np.minimum(np.maximum.accumulate(p[order] * times), 1.0)
    return together
