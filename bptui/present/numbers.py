"""Numbers and arrays as text: the only place where a number becomes what a reader sees.

Four decimals, and never fewer than four significant digits; what is exact in fewer is written shorter. Very large and
very small numbers are written with a power of ten. Twelve significant digits decide what is exact, so that 0.1 + 0.2
reads 0.3 on every machine.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

DECIMALS = 4
"""Decimals, and significant digits at least, of a number that is not exact in fewer."""

_SMALLEST_FIXED, _LARGEST_FIXED = 1e-4, 1e6
_MEASURED_KEPT = 4096


def number(value: float) -> str:
    """Return one number: `0.5`, `-0.8358`, `0.01235`, `1.2e-09`, `nan`."""
    value, decimals = _measured(value)
    return _special(value) if decimals is None else _fixed(value, decimals)


def column(values: Iterable[float]) -> list[str]:
    """Return numbers for one column: the same number of decimals for all that are written without a power of ten."""
    measured = [_measured(value) for value in values]
    common = max((decimals for _, decimals in measured if decimals is not None), default=0)
    return [
        _special(value) if decimals is None else "0" if value == 0 else _fixed(value, common)
        for value, decimals in measured
    ]


def factor(value: float) -> str:
    """Return one number as it stands in a product or under a sign: in parentheses where it is negative."""
    text = number(value)
    return f"({text})" if text.startswith("-") else text


def signed(value: float) -> str:
    """Return one number with its sign: `+0.5`, `-0.8358`, `0`."""
    text = number(value)
    return text if text.startswith("-") or value == 0 or math.isnan(value) else f"+{text}"


def percent(share: float) -> str:
    """Return a share as a percentage: `40 %`, `0.012 %`, `-242 %`; nothing where it is no number."""
    if not math.isfinite(share):
        return ""
    per_cent = _exact(100 * share)
    if abs(per_cent) >= 1e6:
        return f"{per_cent:.1e} %"
    if abs(per_cent) >= 9.95 or per_cent == 0:
        return f"{per_cent:.0f} %"
    return f"{per_cent:.2g} %" if abs(per_cent) >= 0.001 else f"{per_cent:.1e} %"


def array(values: NDArray[np.float64], most: int = 8) -> str:
    """Return an array on one line, `[0.13, 0.2, 0.27]`; of an axis longer than `most` the first and last elements."""
    if values.ndim == 0:
        return number(float(values))
    length = len(values)
    if length <= most:
        return f"[{', '.join(array(item, most) for item in values)}]"
    head, tail = most - most // 3, most // 3
    shown = [array(item, most) for item in values[:head]] + ["…"] + [array(item, most) for item in values[-tail:]]
    return f"[{', '.join(shown)}]"


@lru_cache(_MEASURED_KEPT)
def _measured(value: float) -> tuple[float, int | None]:
    """Return a number as it is written, and its decimals; one is written in many places of a step and the next."""
    exact = _exact(value)
    return exact, _decimals(exact)


def _exact(value: float) -> float:
    """Return `value` to twelve significant digits, without a negative zero."""
    value = float(value)
    return float(f"{value:.12g}") + 0.0 if math.isfinite(value) else value


def _decimals(value: float) -> int | None:
    """Return how many decimals `value` needs, or None where it is written otherwise: not finite, or with a power."""
    size = abs(value)
    if not math.isfinite(size) or size >= _LARGEST_FIXED or 0 < size < _SMALLEST_FIXED:
        return None
    if size == 0 or value == int(value):
        return 0
    wanted = max(DECIMALS, DECIMALS - 1 - math.floor(math.log10(size)))
    return len(f"{value:.{wanted}f}".rstrip("0").partition(".")[2]) if round(value, wanted) == value else wanted


def _fixed(value: float, decimals: int) -> str:
    return f"{value:.{decimals}f}"


def _special(value: float) -> str:
    if not math.isfinite(value):
        return "nan" if math.isnan(value) else "inf" if value > 0 else "-inf"
    if value == int(value) and abs(value) < 1e12 and len(f"{abs(value):.0f}".rstrip("0")) > DECIMALS:
        return f"{value:.0f}"
    mantissa, _, exponent = f"{value:.{DECIMALS}e}".partition("e")
    mantissa = mantissa.rstrip("0").rstrip(".")
    return f"{mantissa}e{int(exponent):+03d}"
