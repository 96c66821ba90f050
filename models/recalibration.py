"""Recalibration of hazards, only where a window after training rejects them as fitted."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from models.evaluation import THIN_EVENTS
from models.hazards import HazardModel
from models.incidence import ENDINGS, Floats
from models.landmarks import Material, expand


@dataclass(frozen=True)
class Correction:
    """Logistic recalibration of one ending's hazard: a + b * logit."""

    a: float
    b: float


def corrected(hazards: Floats, corrections: Mapping[int, Correction]) -> Floats:
    """Hazards after recalibration, never summing to more than one."""
    if not corrections:
        return hazards
    found = hazards.copy()
    for cause, correction in corrections.items():
        h = np.clip(found[..., cause], 1e-9, 1 - 1e-9)
        x = correction.a + correction.b * np.log(h / (1 - h))
        found[..., cause] = np.where(hazards[..., cause] > 0, 1 / (1 + np.exp(-x)), 0.0)
    total = found.sum(axis=-1, keepdims=True)
    capped: Floats = np.where(total > 0.999, found * 0.999 / np.maximum(total, 1e-12), found)
    return capped


def recalibrations(model: HazardModel, window: Material) -> dict[int, Correction]:
    """Recalibrations of the endings whose calibration the calibration window rejects.

    Rejected: a likelihood-ratio test of a + b * logit(h) against a = 0, b = 1 at 1 %, for endings
    with enough events there.
    """
    from scipy.optimize import minimize
    from scipy.stats import chi2

    if window.rows.empty:
        return {}
    lines = expand(window.known, window.rows["deal_id"].to_numpy(dtype=str))
    hazards = model.hazards(window.rows)[lines.row, lines.bin]
    found = {}
    for cause in range(len(ENDINGS)):
        y = (lines.target == cause).astype(float)
        if y.sum() < THIN_EVENTS:
            continue
        h = np.clip(hazards[:, cause], 1e-6, 1 - 1e-6)
        x = np.log(h / (1 - h))

        def loss(ab: Floats, x: Floats = x, y: Floats = y, w: Floats = lines.weight) -> float:
            z = ab[0] + ab[1] * x
            return float(np.sum(w * (np.logaddexp(0, z) - y * z)))

        best = minimize(loss, np.array([0.0, 1.0]), method="Nelder-Mead")
        # Rows of one deal count together: weights make each deal one observation.
        gain = 2 * (loss(np.array([0.0, 1.0])) - float(best.fun))
        gain *= len(np.unique(window.rows["deal_id"])) / max(lines.weight.sum(), 1.0)
        if gain > chi2.ppf(0.99, 2):
            found[cause] = Correction(float(best.x[0]), float(best.x[1]))
    return found
