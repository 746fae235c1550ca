"""Numbers as exact ones, as a person would write them: 0.5 becomes 1/2, 0.1 becomes 1/10, 3.14… π, 1.4142… √2."""

from __future__ import annotations

import math
from fractions import Fraction
from functools import lru_cache

import numpy as np
import sympy

from bptui.scenario.program import Array

_LARGEST_DENOMINATOR = 1000
_LARGEST_SHARE_OF_PI = 12
_LARGEST_UNDER_ROOT = 1000


@lru_cache(maxsize=1024)
def exact(number: float) -> sympy.Expr:
    """Return the number that was meant where a float64 was rounded to: what its shortest decimal says, or a fraction.

    It rounds to `number` again. inf and nan are SymPy's own.
    """
    if math.isnan(number):
        return sympy.nan
    if math.isinf(number):
        return sympy.oo if number > 0 else -sympy.oo
    shortest = Fraction(repr(float(number)))  # NumPy's own floats say what they are
    simple = Fraction(number).limit_denominator(_LARGEST_DENOMINATOR)
    if simple.denominator < shortest.denominator and float(simple) == number:
        shortest = simple
    if shortest.denominator > 10**12:
        share = Fraction(number / math.pi).limit_denominator(_LARGEST_SHARE_OF_PI)
        if share and float(share) * math.pi == number:
            return sympy.Rational(share.numerator, share.denominator) * sympy.pi
        if number == math.e:
            return sympy.E
        square = Fraction(number * number).limit_denominator(_LARGEST_DENOMINATOR)
        if 0 < square.numerator <= _LARGEST_UNDER_ROOT and math.sqrt(square) == abs(number):
            return int(math.copysign(1, number)) * sympy.sqrt(sympy.Rational(square.numerator, square.denominator))
    return sympy.Rational(shortest.numerator, shortest.denominator)


def exact_array(numbers: Array) -> Array:
    """Return an array of exact numbers, of dtype object, in the same shape."""
    found = np.empty(numbers.shape, dtype=object)
    for place, number in np.ndenumerate(numbers):
        found[place] = exact(float(number))
    return found
