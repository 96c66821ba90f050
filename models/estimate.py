"""A number with what is known of its error."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Estimate:
    """A number with its 95 % interval; NaN ends are unknown or infinite."""

    value: float
    low: float
    high: float
    error: float = float("nan")


UNKNOWN = Estimate(float("nan"), float("nan"), float("nan"))
