"""The few settings of a model, chosen by cross-validation in which no deal is on both sides."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np

from models.landmarks import Expanded, within

# Settings are tried on at most so many lines; far fewer than are fitted favour small models.
TUNING_LINES = 90_000
FOLDS = 3
Setting = TypeVar("Setting")


@dataclass(frozen=True)
class Tried(Generic[Setting]):
    """The mean log loss of each setting on deals that were not trained on."""

    losses: Mapping[Setting, float]

    def chosen(self, otherwise: Setting) -> Setting:
        """The setting with the least loss, the first of equals; `otherwise` if none was tried."""
        return min(self.losses, key=lambda key: self.losses[key], default=otherwise)


def tried(
    lines: Expanded,
    seed: int,
    losses: Callable[[Expanded, Expanded], Mapping[Setting, float]],
) -> Tried[Setting]:
    """Try settings on a sample of deals; `losses` gives each one's weighted sum of log losses.

    Nothing is tried where there are fewer deals than folds, or a part to train on has one class.
    """
    lines = lines.take(within(lines.deal, TUNING_LINES, seed))
    names, deal = np.unique(lines.deal, return_inverse=True)
    if len(names) < FOLDS:
        return Tried({})
    fold = np.random.default_rng(seed).permutation(np.arange(len(names)) % FOLDS)[deal]
    sums: dict[Setting, float] = {}
    for number in range(FOLDS):
        train, test = (
            lines.take(np.flatnonzero(side)) for side in (fold != number, fold == number)
        )
        if len(np.unique(train.target)) < 2:
            return Tried({})
        for setting, loss in losses(train, test).items():
            sums[setting] = sums.get(setting, 0.0) + loss
    total = float(lines.weight.sum())
    return Tried({setting: loss / total for setting, loss in sums.items()})
