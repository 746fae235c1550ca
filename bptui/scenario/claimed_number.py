"""A number as a person writes it: its value, and the digits that it claims. `0.60` claims two decimals, `0.6` one.

A claim is right where the true value rounds to it at those digits; a value that lies exactly between two claims may be
rounded either way. A fraction, `1/3`, is exact and claims every digit.
"""

from __future__ import annotations

import math
import re
from fractions import Fraction

from msgspec import Struct
from msgspec.structs import replace

from bptui.errors import BptuiError, Fault

LONGEST = 60
"""How many characters a typed number may have."""

LARGEST_EXPONENT = 400
"""How large a power of ten may be; float64 ends near 308."""

_DECIMAL = re.compile(r"([-+]?)(\d*)(?:\.(\d*))?(?:[eE]([-+]?\d{1,4}))?")
_SPECIAL = re.compile(r"([-+]?)(inf|nan)", re.IGNORECASE)

_NOISE = Fraction(1, 10**12)
"""How much of its own size float64 arithmetic may have moved a true value, at a tie."""

_EXACT = Fraction(1, 10**9)
"""How close, relative to its size, a true value is to a fraction that it equals; and absolutely, below 1e-6."""


class ClaimedNumber(Struct, frozen=True):
    """A number with its claim. `unit` is the last digit's worth: 1/100 for `0.60`, 0 for a fraction."""

    text: str
    number: float
    exact: Fraction
    """The value without rounding; 0 for inf and nan."""
    unit: Fraction

    def agrees(self, truth: float) -> bool:
        """Return whether `truth` rounds to this number at the digits written."""
        if not (math.isfinite(truth) and math.isfinite(self.number)):
            return truth == self.number or (math.isnan(truth) and math.isnan(self.number))
        value = Fraction(truth)
        gap = abs(value - self.exact)
        if not self.unit:
            return gap <= _EXACT * max(abs(value), Fraction(1, 10**6))
        return gap <= self.unit / 2 + _NOISE * abs(value)

    def at_decimals(self, decimals: int) -> ClaimedNumber:
        """Return the same number, claiming so many decimals."""
        return replace(self, unit=Fraction(1, 10**decimals))

    @property
    def decimals(self) -> int | None:
        """How many decimals it claims, negative for tens and hundreds; None for what is exact."""
        return -round(math.log10(self.unit)) if self.unit else None


def read_number(text: str) -> ClaimedNumber:
    """Return the number that `text` writes: `0.60`, `-1.2e-3`, `1/3`, `inf`; raises BptuiError where it writes none."""
    plain = text.strip().replace("\N{MINUS SIGN}", "-")
    if len(plain) > LONGEST:
        raise BptuiError(Fault(f"a number has at most {LONGEST} characters"))
    if not plain:
        raise BptuiError(Fault("type a number", "0.25, -1.2e-3 or 1/3"))
    if _SPECIAL.fullmatch(plain):
        return ClaimedNumber(plain, float(plain), Fraction(0), Fraction(0))
    above, slash, below = plain.partition("/")
    exact, unit = _decimal(above.strip(), plain)
    if slash:
        divisor, _ = _decimal(below.strip(), plain)
        if divisor == 0:
            raise BptuiError(Fault(f"`{plain}` divides by 0"))
        exact, unit = exact / divisor, Fraction(0)
    try:
        number = float(exact)
    except OverflowError:
        raise BptuiError(Fault(f"`{plain}` is too large for a float64", "the largest is about 1.8e308")) from None
    return ClaimedNumber(plain, number, exact, unit)


def _decimal(written: str, whole: str) -> tuple[Fraction, Fraction]:
    """Return a decimal number's exact value and the worth of its last digit."""
    match = _DECIMAL.fullmatch(written)
    if match is None or not (match[2] or match[3]) or not written.isascii():
        raise BptuiError(_no_number(whole))
    sign, integer, decimals, power = match[1], match[2], match[3] or "", int(match[4] or 0)
    if abs(power) > LARGEST_EXPONENT:
        raise BptuiError(Fault(f"`{whole}`: the exponent is out of range", "float64 ends near 1e308"))
    unit = Fraction(10) ** (power - len(decimals))
    value = int(integer + decimals) * unit
    return (-value if sign == "-" else value), unit


def _no_number(written: str) -> Fault:
    hint = "write 0.25, -1.2e-3 or 1/3"
    if re.fullmatch(r"[-+]?\d+,\d+", written):
        hint = f"with a point: {written.replace(',', '.')}"
    return Fault(f"`{written}` is no number", hint)
