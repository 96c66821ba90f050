"""Random numbers that belong to a thing and a day, not to the order in which they are drawn.

A draw is a hash of (seed, key, day, salt). Two courses of one company that differ in what a seller
did therefore still meet the same buyer with the same luck, which is what makes both potential
outcomes of a deal comparable, and what makes files the same from run to run.
"""

import zlib
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.special import ndtri

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
Texts = npt.NDArray[Any]

_MASK = (1 << 64) - 1
_STEP, _DAY = 0x9E3779B97F4A7C15, 0xD1B54A32D192ED03
_FIRST, _SECOND = 0xBF58476D1CE4E5B9, 0x94D049BB133111EB
# Whole numbers of the arrays' own kind, as the inner loop needs them.
_SHIFTS = tuple(np.uint64(shift) for shift in (30, 27, 31, 11))
_FACTORS = (np.uint64(_FIRST), np.uint64(_SECOND))
_SPREAD = np.uint64(_STEP)


def _mixed(x: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    """Steele, Lea and Flood's splitmix64 finaliser, in place."""
    shifted = x >> _SHIFTS[0]
    x ^= shifted
    x *= _FACTORS[0]
    np.right_shift(x, _SHIFTS[1], out=shifted)
    x ^= shifted
    x *= _FACTORS[1]
    np.right_shift(x, _SHIFTS[2], out=shifted)
    x ^= shifted
    return x


def _mixed_one(x: int) -> int:
    """The same for one number."""
    x = ((x ^ (x >> 30)) * _FIRST) & _MASK
    x = ((x ^ (x >> 27)) * _SECOND) & _MASK
    return x ^ (x >> 31)


def _drawn(hashed: npt.NDArray[np.uint64]) -> Floats:
    mixed = _mixed(hashed)
    mixed >>= _SHIFTS[3]
    drawn = mixed.astype(np.float64)
    drawn *= 2.0**-53
    return drawn


class Dice:
    """Hashed draws of one seed and room, by whole-number keys and days (one day may serve all)."""

    def __init__(self, seed: int, room: str = "") -> None:
        self._seed = _mixed_one((seed * _STEP + zlib.crc32(room.encode()) * _DAY) & _MASK)
        self._salts: dict[str, int] = {}

    def _start(self, salt: str) -> int:
        if salt not in self._salts:
            self._salts[salt] = _mixed_one((self._seed + zlib.crc32(salt.encode()) * _STEP) & _MASK)
        return self._salts[salt]

    def uniform(self, key: Ints, salt: str, day: int | Ints = 0) -> Floats:
        """Uniform in [0, 1), one for each key."""
        if key.size == 0:
            return np.zeros(0)
        start = self._start(salt)
        hashed = key.astype(np.uint64) * _SPREAD
        if isinstance(day, np.ndarray):
            hashed += _mixed(day.astype(np.uint64) * np.uint64(_DAY) + np.uint64(start))
        else:
            hashed += np.uint64(_mixed_one((int(day) * _DAY + start) & _MASK))
        return _drawn(hashed)

    def uniforms(self, key: Ints, salts: tuple[str, ...], day: int) -> Floats:
        """What `uniform` gives for each of several salts, one row a salt; faster than each."""
        if key.size == 0:
            return np.zeros((len(salts), 0))
        starts = [_mixed_one((int(day) * _DAY + self._start(salt)) & _MASK) for salt in salts]
        hashed = key.astype(np.uint64) * _SPREAD
        return _drawn(hashed + np.array(starts, dtype=np.uint64)[:, None])

    def normal(self, key: Ints, salt: str, day: int | Ints = 0) -> Floats:
        """Standard normal, one for each key."""
        drawn: Floats = ndtri(np.clip(self.uniform(key, salt, day), 1e-12, 1 - 1e-12))
        return drawn

    def whole(self, key: Ints, salt: str, low: int, high: int, day: int | Ints = 0) -> Ints:
        """A whole number from `low` to `high`, both included, one for each key."""
        return low + np.floor(self.uniform(key, salt, day) * (high - low + 1)).astype(np.int64)

    def pick(self, key: Ints, salt: str, values: Any, day: int | Ints = 0) -> Texts:
        """One of `values` for each key, each as likely."""
        table = np.asarray(values)
        return table[self.whole(key, salt, 0, len(table) - 1, day)]
