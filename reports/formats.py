"""How numbers, amounts and dates are printed: decided here once, for pages, sheets and charts."""

import math
from dataclasses import dataclass

import pandas as pd

NARROW = "\u202f"  # narrow space that does not break, between a number and its unit
MINUS = "\u2212"
NOTHING = "\u2013"

_STEPS = ((1e9, "bn"), (1e6, "m"), (1e3, "k"))


def real(value: object) -> float | None:
    """A finite number, or None for null, NaN, infinities and anything that is not a number."""
    if value is None or value is pd.NA or value is pd.NaT or isinstance(value, str):
        return None
    try:
        number = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return None
    return number if math.isfinite(number) else None


def text(value: object) -> str:
    """A value as text, nothing for null."""
    if value is None or value is pd.NA or value is pd.NaT:
        return ""
    if isinstance(value, float) and math.isnan(value):
        return ""
    return str(value)


def flag(value: object) -> bool | None:
    """A truth value, None where it is not known."""
    return None if text(value) == "" else bool(value)


@dataclass(frozen=True)
class Formats:
    """Printed forms of numbers; ``currency`` is the reporting currency's code, '' if unknown."""

    currency: str = ""

    def count(self, value: object) -> str:
        """Whole number with thousands: 12,345."""
        number = real(value)
        return NOTHING if number is None else _signed(f"{number:,.0f}")

    def number(self, value: object, digits: int = 2) -> str:
        """Number with a fixed count of decimals; tiny values in one significant digit."""
        number = real(value)
        if number is None:
            return NOTHING
        if number != 0 and abs(number) < 0.5 * 10**-digits:
            return _signed(f"{number:.1g}")
        return _signed(f"{number:,.{digits}f}")

    def share(self, value: object) -> str:
        """Share of one as a percentage; never a rounded 0 or 100 that is not one."""
        number = real(value)
        if number is None:
            return NOTHING
        size = abs(number)
        if 0 < size < 0.001:
            return f"< 0.1{NARROW}%" if number > 0 else f"> {MINUS}0.1{NARROW}%"
        if 0.999 < number < 1:
            return f"> 99.9{NARROW}%"
        digits = 1 if 0 < size < 0.0995 or 0.995 <= size < 1 else 0
        return _signed(f"{100 * number:.{digits}f}") + f"{NARROW}%"

    def points(self, value: object) -> str:
        """Difference of two shares in percentage points, always with its sign."""
        number = real(value)
        return NOTHING if number is None else _signed(f"{100 * number:+.1f}")

    @property
    def code(self) -> str:
        """The currency's code as it stands before an amount."""
        return f"{self.currency}\u00a0" if self.currency else ""

    def amount(self, value: object, *, signed: bool = False) -> str:
        """Amount in the reporting currency, three significant digits: EUR 1.23 m."""
        bare = self.bare_amount(value, signed=signed)
        return bare if bare == NOTHING else f"{self.code}{bare}"

    def bare_amount(self, value: object, *, signed: bool = False) -> str:
        """Amount without its currency, three significant digits: 1.23 m."""
        number = real(value)
        if number is None:
            return NOTHING
        size, suffix = abs(number), ""
        for step, name in _STEPS:
            if size >= 0.9995 * step:
                size, suffix = size / step, name
                break
        if suffix:
            digits = 2 if size < 9.995 else 1 if size < 99.95 else 0
        else:
            digits = 0 if size >= 100 or size == int(size) else 2
        sign = MINUS if number < 0 else "+" if signed and number > 0 else ""
        unit = f"{NARROW}{suffix}" if suffix else ""
        return f"{sign}{size:,.{digits}f}{unit}"

    def rate(self, value: object) -> str:
        """A rate in three significant digits."""
        number = real(value)
        return NOTHING if number is None else _signed(f"{number:.3g}")

    def plain(self, value: object) -> str:
        """A number as short as it can be said: whole where it is whole, else two decimals."""
        number = real(value)
        return self.number(number, 0 if number is not None and number == int(number) else 2)

    def hours(self, value: object) -> str:
        """Hours, whole from ten on."""
        number = real(value)
        return (
            NOTHING if number is None else _signed(f"{number:,.{0 if abs(number) >= 10 else 1}f}")
        )

    def day(self, value: object) -> str:
        """Date as YYYY-MM-DD, from a date, a timestamp or text."""
        return text(value)[:10] or NOTHING

    def moment(self, value: object) -> str:
        """Time as YYYY-MM-DD HH:MM (UTC)."""
        return text(value)[:16].replace("T", " ") or NOTHING


def _signed(printed: str) -> str:
    is_nothing = not any(digit in printed for digit in "123456789")
    return printed.lstrip("-") if is_nothing else printed.replace("-", MINUS)
