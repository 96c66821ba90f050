"""Recalibration of hazards, only where a window after training rejects them as fitted."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from models.evaluation import THIN_EVENTS
from models.hazards import HazardModel
from models.incidence import ENDINGS, Floats
from models.landmarks import Expanded, Material, expand

REJECTED_AT = 0.01


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

    Rejected: a score test of a = 0, b = 1 in a + b * logit(h) at 1 %, with scores summed over each
    deal (its rows are not independent; Boos 1992), for endings with enough deals that ended so.
    """
    if window.rows.empty:
        return {}
    lines = expand(window.known, window.rows["deal_id"].to_numpy(dtype=str))
    hazards = model.hazards(window.rows)[lines.row, lines.bin]
    found = {}
    for cause in range(len(ENDINGS)):
        y = (lines.target == cause).astype(float)
        if len(np.unique(lines.deal[y > 0])) < THIN_EVENTS:
            continue
        h = np.clip(hazards[:, cause], 1e-6, 1 - 1e-6)
        x = np.log(h / (1 - h))
        if _rejected(x, y, lines):
            found[cause] = _fitted(x, y, lines.weight)
    return found


def _rejected(x: Floats, y: Floats, lines: Expanded) -> bool:
    """Whether log-odds `x` are rejected as those of `y`, by the scores of whole deals."""
    from scipy.stats import chi2

    gap = lines.weight * (y - 1 / (1 + np.exp(-x)))
    scores = np.column_stack(
        [np.bincount(lines.deal, weights=gap), np.bincount(lines.deal, weights=gap * x)]
    )
    total, spread = scores.sum(axis=0), scores.T @ scores
    gain = float(total @ np.linalg.pinv(spread, hermitian=True) @ total)
    return gain > float(chi2.ppf(1 - REJECTED_AT, 2))


def _fitted(x: Floats, y: Floats, w: Floats) -> Correction:
    """The weighted logistic regression of `y` on `x`."""
    from scipy.optimize import minimize

    def loss(ab: Floats) -> tuple[float, Floats]:
        z = ab[0] + ab[1] * x
        gap = w * (1 / (1 + np.exp(-np.clip(z, -30, 30))) - y)
        slope = np.array([gap.sum(), (gap * x).sum()])
        return float(np.sum(w * (np.logaddexp(0, z) - y * z))), slope

    best = minimize(loss, np.array([0.0, 1.0]), jac=True, method="BFGS")
    return Correction(float(best.x[0]), float(best.x[1]))
