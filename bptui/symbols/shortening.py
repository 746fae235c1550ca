"""The short form of a gradient that cancels: `p - t` where cross-entropy meets softmax or sigmoid.

The long way is the chain as it stands, with what flows in from above written out. Multiplied out term by term, what
stands above and below a fraction line cancels; what is left is the same expression, and worth showing where it is
shorter. Nothing is recognised by the names of operations, so a loss that is written by hand cancels as well.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import sympy
from msgspec import Struct

from bptui.symbols.named import NamedTrace
from bptui.symbols.tree import size

_LARGEST = 2000
"""How many nodes an expression may have to be multiplied out."""


class Short(Struct, frozen=True):
    """A gradient's short form, and the long way that it is equal to; `unit` is the sum that was taken as 1, if any."""

    expression: sympy.Expr
    long: sympy.Expr
    unit: sympy.Expr | None = None


def short_form(named: NamedTrace, slot: int, flat: int) -> Short | None:
    """Return the short form of what slot `slot` adds to element `flat`; None where it has none."""
    added: sympy.Expr = named.contributions[slot].item(flat)
    output = named.program.steps[named.program.slots[slot].step].output
    above: Mapping[sympy.Symbol, sympy.Expr] = {}
    if named.program.values[output].name is not None and output != named.program.target:
        above = dict(zip(named.arriving(output).flat, named.gradient_of(output).flat, strict=True))
    if added.is_Symbol or size(added) > _LARGEST:
        return None
    long = _with_numbers(named, added.xreplace(above))
    if size(long) > _LARGEST:
        return None
    divides = _divides(long)
    short = sympy.expand(_distributed(long)) if divides else long
    if _divides(short):
        return None
    short, unit = _with_unit_sums(named, short)
    if not divides and unit is None:
        return None  # nothing cancelled
    short = sympy.factor_terms(short)
    return Short(short, long, unit) if size(short) < size(long) else None


def _with_numbers(named: NamedTrace, expression: sympy.Expr) -> sympy.Expr:
    """Return an expression with the gradients that are numbers, such as the ½ of a mean of two losses, put in."""
    gradients = expression.free_symbols & named.meant.keys()
    return expression.xreplace({one: named.meant[one] for one in gradients if named.meant[one].is_number})


def _divides(expression: sympy.Expr) -> bool:
    return any(one.exp.is_Rational and one.exp.is_negative for one in expression.atoms(sympy.Pow))


def _distributed(expression: sympy.Expr) -> sympy.Expr:
    """Return a product multiplied out over its sums of fractions, and over those alone, so that fractions cancel."""
    if expression.is_Add:
        return sympy.Add(*map(_distributed, expression.args))
    if expression.is_Mul:
        for factor in expression.args:
            if factor.is_Add and _divides(factor):
                rest = expression / factor
                return sympy.Add(*(_distributed(rest * term) for term in factor.args))
    return expression


def _with_unit_sums(named: NamedTrace, expression: sympy.Expr) -> tuple[sympy.Expr, sympy.Expr | None]:
    """Return an expression collected by what is multiplied with a sum of targets, and that sum where it is 1.

    A sum is 1 where it is over a row of a leaf whose numbers add up to 1: the targets of a classification.
    """
    terms = sympy.expand(expression)
    for row, is_unit in _rows(named, expression):
        total = sympy.Add(*row)
        others = sorted(expression.free_symbols - set(row), key=str) + sorted(expression.atoms(sympy.Function), key=str)
        for other in others:
            factor = terms.coeff(other)
            if not factor.free_symbols >= set(row):
                continue
            ratio = factor.coeff(row[0])
            if ratio.free_symbols & set(row) or sympy.expand(factor - ratio * total) != 0:
                continue
            rest = sympy.expand(expression - factor * other)
            collected = rest + ratio * other * (1 if is_unit else total)
            return collected, total if is_unit else None
    return expression, None


def _rows(named: NamedTrace, expression: sympy.Expr) -> list[tuple[list[sympy.Symbol], bool]]:
    """Return the rows of leaves all of whose elements an expression has, each with whether its numbers sum to 1."""
    found = []
    symbols = expression.free_symbols
    for value in named.program.values:
        if value.role not in ("input", "parameter") or not value.shape or value.shape[-1] < 2:
            continue
        letters = named.values[value.id].reshape(-1, value.shape[-1])
        for number, row in enumerate(letters):
            if symbols.issuperset(row):
                numbers = (
                    None if named.numbers is None else named.numbers.values[value.id].reshape(letters.shape)[number]
                )
                with np.errstate(all="ignore"):  # inf − inf
                    found.append((list(row), numbers is not None and float(numbers.sum()) == 1.0))
    return found
