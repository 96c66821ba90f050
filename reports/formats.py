"""How numbers, amounts and dates are printed: decided here once, for pages, sheets and charts.

What differs by language (where the per cent sign stands, how large amounts are shortened, the
order of a date) is said under [format] in the language's locale file.
"""

import math
import re
from dataclasses import dataclass, field
from functools import cache

import pandas as pd

from reports.language import Words

NARROW = "\u202f"  # narrow space that does not break, between a number and its unit
MINUS = "\u2212"
NOTHING = "\u2013"
_DAY = re.compile(r"(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d))?")
_QUARTER = re.compile(r"(\d{4})[ -]?Q([1-4])")


@cache
def _english() -> Words:
    return Words.read("en")


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
    words: Words = field(default_factory=_english)

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
            return (
                f"< {self._percent('0.1')}" if number > 0 else f"> {self._percent(MINUS + '0.1')}"
            )
        if 0.999 < number < 1:
            return f"> {self._percent('99.9')}"
        digits = 1 if 0 < size < 0.0995 or 0.995 <= size < 1 else 0
        return self._percent(_signed(f"{100 * number:.{digits}f}"))

    def _percent(self, printed: str) -> str:
        return self.words("format.percent", n=printed)

    def points(self, value: object) -> str:
        """Difference of two shares in percentage points, always with its sign."""
        number = real(value)
        return NOTHING if number is None else _signed(f"{100 * number:+.1f}")

    def money(self, printed: str) -> str:
        """A printed amount with its currency beside it, alone where the currency is not known."""
        if not self.currency or printed == NOTHING:
            return printed
        currency = self.words.label("currency", self.currency)
        return self.words("format.money", currency=currency, n=printed)

    def amount(self, value: object, *, signed: bool = False) -> str:
        """Amount in the reporting currency, three significant digits: EUR 1.23 m."""
        return self.money(self.bare_amount(value, signed=signed))

    def bare_amount(self, value: object, *, signed: bool = False) -> str:
        """Amount without its currency, three significant digits: 1.23 m."""
        number = real(value)
        if number is None:
            return NOTHING
        size, suffix = abs(number), ""
        for step, name in self._steps():
            if size >= 0.9995 * step:
                size, suffix = size / step, name
                break
        if suffix:
            digits = 2 if size < 9.995 else 1 if size < 99.95 else 0
        else:
            digits = 0 if size >= 100 or size == int(size) else 2
        sign = MINUS if number < 0 else "+" if signed and number > 0 else ""
        shown = f"{sign}{size:,.{digits}f}"
        return self.words("format.shortened", n=shown, step=suffix) if suffix else shown

    def _steps(self) -> list[tuple[float, str]]:
        """What large amounts are divided by and what stands for it, the largest first."""
        prefix = "format.step"
        keys = self.words.keys(prefix)
        steps = [(float(key.removeprefix(f"{prefix}.")), self.words(key)) for key in keys]
        return sorted(steps, reverse=True)

    def rate(self, value: object) -> str:
        """A rate in three significant digits, whole from a thousand on."""
        number = real(value)
        if number is None:
            return NOTHING
        return _signed(f"{number:.3g}" if abs(number) < 1000 else f"{number:,.0f}")

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
        """Date, from a date, a timestamp or text that begins with YYYY-MM-DD."""
        return self._dated("format.day", text(value)[:10])

    def moment(self, value: object) -> str:
        """Date and time to the minute (UTC)."""
        return self._dated("format.moment", text(value)[:16])

    def _dated(self, form: str, written: str) -> str:
        found = _DAY.fullmatch(written)
        if found is None:
            return written or NOTHING
        year, month, day, hour, minute = (int(part or 0) for part in found.groups())
        return self.words(form, year=year, month=month, day=day, hour=hour, minute=minute)

    def quarter(self, value: object) -> str:
        """A quarter that is written as YYYY Qn, anything else as it is."""
        found = _QUARTER.fullmatch(text(value))
        if found is None:
            return text(value)
        return self.words("format.quarter", year=found[1], quarter=found[2])


def _signed(printed: str) -> str:
    is_nothing = not any(digit in printed for digit in "123456789")
    return printed.lstrip("-") if is_nothing else printed.replace("-", MINUS)
