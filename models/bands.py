"""How far the published probabilities could be off by chance: bootstrap of whole deals, bounded.

The published kind is fitted again on draws of m of n deals, m as many as a stated number of lines
allows. What a draw of m says of the spread is too wide by sqrt(n / m), and is narrowed by that much
(m out of n bootstrap; Bickel, Goetze and van Zwet 1997). Where a baseline is published because the
boosting was not shown to be better, it may be the wrong kind of model however many deals there are:
what the two kinds say then counts as two points of one spread. Bands hold the uncertainty of having
seen these deals and not others; not that the future may differ from the past.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from models.hazards import Boosting, ByStage, HazardModel, Linear
from models.incidence import Floats
from models.landmarks import Encoder, Expanded, Material, expand

BAND_LINES = 12_000
LEVEL = 0.95
LEAST = 1e-6


@dataclass(frozen=True)
class Bands:
    """Models of the published kind fitted on draws of `drawn` of `deals` deals.

    `other` is the model that might have been published instead, if any.
    """

    models: tuple[HazardModel, ...]
    drawn: int
    deals: int
    other: HazardModel | None = None

    @property
    def width(self) -> float:
        """Half a band's width in standard deviations."""
        from scipy.stats import t

        return float(t.ppf((1 + LEVEL) / 2, len(self.models) - 1))

    def _half(self, point: Floats, draws: Floats, other: Floats | None) -> Floats:
        """Half the width of the bands, on the scale of `point`."""
        variance = draws.var(axis=0, ddof=1) * self.drawn / self.deals
        if other is not None:
            variance = variance + (point - other) ** 2 / 2
        half: Floats = self.width * np.sqrt(variance)
        return half

    def around(
        self, p: Floats, draws: Floats, other: Floats | None = None
    ) -> tuple[Floats, Floats]:
        """Ends of the bands around probabilities (n,), symmetric in log-odds.

        `draws` (k, n) are those of the models, `other` (n,) of the other model.
        """
        middle = _log_odds(p)
        beside = None if other is None else _log_odds(other)
        half = self._half(middle, _log_odds(draws), beside)
        low, high = (1 / (1 + np.exp(-x)) for x in (middle - half, middle + half))
        is_none = p <= 0
        return (
            np.where(is_none, 0.0, np.minimum(low, p)),
            np.where(is_none, 0.0, np.maximum(high, p)),
        )

    def around_sum(
        self, p: Floats, draws: Floats, other: Floats | None = None
    ) -> tuple[float, float]:
        """Ends of the band around the sum of `p`."""
        total = p.sum(keepdims=True)
        beside = None if other is None else other.sum(keepdims=True)
        half = float(self._half(total, draws.sum(axis=1)[:, None], beside)[0])
        return max(float(total[0]) - half, 0.0), min(float(total[0]) + half, float(len(p)))


def _log_odds(p: Floats) -> Floats:
    clipped = np.clip(p, LEAST, 1 - LEAST)
    found: Floats = np.log(clipped / (1 - clipped))
    return found


def refitted(
    model: HazardModel, material: Material, lines: Expanded, encoder: Encoder, seed: int
) -> HazardModel:
    """The same kind of model with the same settings, on other lines of `material`."""
    if isinstance(model, Boosting):
        setting = (model.leaves, model.iterations)
        return Boosting.fitted(material.rows, lines, encoder, seed, setting)
    if isinstance(model, Linear):
        return Linear.fitted(
            material.rows,
            lines,
            encoder,
            seed,
            penalty=model.penalty,
            columns=model.columns,
            name=model.name,
        )
    return ByStage.fitted(material.rows, lines)


def bands(
    model: HazardModel,
    material: Material,
    encoder: Encoder,
    draws: int,
    seed: int,
    other: HazardModel | None = None,
) -> Bands | None:
    """Refit `model` on `draws` draws of deals; None for fewer than two draws or deals.

    `other` is fitted once, on all of `material`.
    """
    lines = expand(material.known, material.rows["deal_id"].to_numpy(dtype=str))
    names, deal = np.unique(lines.deal, return_inverse=True)
    n = len(names)
    if draws < 2 or n < 2:
        return None
    drawn = int(np.clip(round(n * BAND_LINES / len(lines.row)), 2, n))
    rng = np.random.default_rng(seed)
    found = []
    for _ in range(draws):
        count = rng.multinomial(drawn, np.full(n, 1 / n))[deal]
        places = np.flatnonzero(count)
        part = lines.take(places, lines.weight[places] * count[places])
        used, row = np.unique(part.row, return_inverse=True)
        found.append(refitted(model, material.take(used), replace(part, row=row), encoder, seed))
    beside = None if other is None else refitted(other, material, lines, encoder, seed)
    return Bands(tuple(found), drawn, n, beside)


def told(bands: Bands | None) -> Mapping[str, object]:
    """What the card says of the bands."""
    if bands is None:
        return {}
    return {
        "draws": len(bands.models),
        "deals_a_draw": bands.drawn,
        "deals": bands.deals,
        "level": LEVEL,
        "beside": "none" if bands.other is None else bands.other.name,
    }
