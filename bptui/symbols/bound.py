"""How long, and how deeply nested, what a line makes may be to be written in symbols."""

from __future__ import annotations

import sympy

from bptui.errors import BptuiError, Fault
from bptui.scenario.program import Array
from bptui.symbols.tree import Sizes, depth, size

LARGEST_EXPRESSION = 10_000
"""How many symbols, numbers and operations one element, or what is added to its gradient, may be written with."""

LARGEST_DERIVATION = 2_000_000
"""How many all of them may be written with."""

DEEPEST = 100
"""How deep an expression may be nested: what writes it calls itself for each level."""

LONGEST_NUMBER = 10_000
"""How many bits a number may have: some three thousand digits."""


def bits(number: sympy.Rational) -> int:
    """Return how many bits the longer half of a fraction has."""
    return max(int(number.p).bit_length(), int(number.q).bit_length())


class Bound:
    """Goes along with a derivation, and ends it where its expressions become too large to be written out."""

    def __init__(self) -> None:
        self._sizes: Sizes = {}
        self._depths: Sizes = {}
        self._total = 0

    def check(self, made: Array, line: str) -> None:
        """Raise BptuiError where the elements that a step of `line` makes are too large, or all so far."""
        for one in map(sympy.sympify, made.flat):
            found = size(one, self._sizes)
            self._total += found
            if found > LARGEST_EXPRESSION:
                raise _too_large(f"an element has over {LARGEST_EXPRESSION:,} names, numbers and operations", line)
            if self._total > LARGEST_DERIVATION:
                raise _too_large(f"the derivation has over {LARGEST_DERIVATION:,} names, numbers and operations", line)
            if depth(one, self._depths) > DEEPEST:
                raise _too_large(f"an element is nested more than {DEEPEST} deep", line)
            for number in one.atoms(sympy.Rational):
                refuse_long_number(number, line)


def refuse_long_number(number: sympy.Rational, line: str = "") -> None:
    """Raise BptuiError where a number has too many digits to be written."""
    if bits(number) > LONGEST_NUMBER:
        raise _too_large("a number has thousands of digits", line)


def refuse_long_power(base: sympy.Expr, exponent: sympy.Expr) -> None:
    """Raise BptuiError where SymPy would raise a number in `base` to a power that takes too many digits to write."""
    number = sympy.sympify(base).as_coeff_Mul()[0]
    exponent = sympy.sympify(exponent)
    grows = exponent.is_Rational and number.is_Rational and number not in (-1, 0, 1)
    if grows and bits(number) * abs(exponent) > LONGEST_NUMBER:
        raise _too_large("a number has thousands of digits")


def _too_large(said: str, line: str = "") -> BptuiError:
    where = f"in the line {line}, " if line else ""
    return BptuiError(
        Fault(
            f"this scenario is too large for symbols: {where}{said}",
            "a line is written in the names that it uses: give parts of it names, as lines of their own",
        )
    )
