"""Formulas put together and tidied up as a person would.

Factors of 1 and terms of 0 go, `a·(1/b)` becomes `a/b`, numbers are multiplied and stand in front, what stands above
and below a line is cancelled, and equal terms and factors are counted: `x0 + x0` is `2·x0`. Nothing is multiplied out.
"""

from __future__ import annotations

from fractions import Fraction

from bptui.formula.tree import (
    ONE,
    ZERO,
    Negative,
    Number,
    Power,
    Product,
    Quotient,
    Sum,
    Tree,
    added,
    product,
    quotient,
)

LARGEST_EXPONENT = 1000
"""How large an exponent may be that is counted."""

Exact = int | Fraction
"""An exact number; most are whole, and those are quicker."""


def times(*factors: Tree) -> Tree:
    """Return the product of formulas, tidied; a factor that stands above and below is cancelled."""
    coefficient: Exact = 1
    above, below = list[Tree](), list[Tree]()
    for factor in factors:
        share, over, under = _parts(factor)
        coefficient *= share
        above += over
        below += under
    if coefficient == 0:
        return ZERO
    powers: dict[Tree, int] = {}
    for sign, several in ((1, above), (-1, below)):
        for one in several:
            base, exponent = _power(one)
            powers[base] = powers.get(base, 0) + sign * exponent
    above = [_raised(base, exponent) for base, exponent in powers.items() if exponent > 0]
    below = [_raised(base, -exponent) for base, exponent in powers.items() if exponent < 0]
    share = -coefficient if coefficient < 0 else coefficient
    if below:
        over = [*_unless_one(share.numerator), *above]
        under = [*_unless_one(share.denominator), *below]
        body: Tree = quotient(product(over), product(under))
    else:
        body = product([_fraction_tree(share), *above] if share != 1 else above)
    return _negated(body) if coefficient < 0 else body


def plus(*terms: Tree) -> Tree:
    """Return the sum of formulas, tidied."""
    counts: dict[Tree, Exact] = {}
    for term in terms:
        for one in term.terms if isinstance(term, Sum) else (term,):
            share, over, under = _parts(one)
            rest = quotient(product(over), product(under)) if under else product(over)
            counts[rest] = counts.get(rest, 0) + share
    return added(times(_fraction_tree(share), rest) for rest, share in counts.items() if share)


def _parts(tree: Tree) -> tuple[Exact, list[Tree], list[Tree]]:
    """Return a formula as a number times a product over a product."""
    rational = _rational(tree)
    if rational is not None:
        return rational, [], []
    match tree:
        case Negative(operand):
            share, above, below = _parts(operand)
            return -share, above, below
        case Product(factors):
            share, above, below = _parts(ONE)
            for factor in factors:
                part, over, under = _parts(factor)
                share, above, below = share * part, [*above, *over], [*below, *under]
            return share, above, below
        case Quotient(top, bottom):
            share, above, below = _parts(top)
            part, over, under = _parts(bottom)
            if part == 0:
                return 1, [tree], []
            return share if part == 1 else Fraction(share) / part, [*above, *under], [*below, *over]
    return 1, [tree], []


def _negated(tree: Tree) -> Tree:
    """Return −tree; `-(a - b)` is `b - a`."""
    match tree:
        case Sum((first, Negative(second))) if not isinstance(first, Negative):
            return added((second, Negative(first)))
    return Negative(tree)


def _power(tree: Tree) -> tuple[Tree, int]:
    """Return a formula as a base and a whole exponent, 1 where it is no such power."""
    if isinstance(tree, Power) and isinstance(tree.exponent, Number) and tree.exponent.text.isdecimal():
        exponent = int(tree.exponent.text)
        if 0 < exponent < LARGEST_EXPONENT:
            return tree.base, exponent
    return tree, 1


def _raised(base: Tree, exponent: int) -> Tree:
    return base if exponent == 1 else Power(base, Number(str(exponent)))


def _unless_one(whole: int) -> list[Tree]:
    return [] if whole == 1 else [Number(str(whole))]


def _rational(tree: Tree) -> Exact | None:
    """Return the exact number that a formula is, None where it is none or has an exponent."""
    match tree:
        case Number(text) if text.replace(".", "", 1).isdecimal() and len(text) < 12:
            return Fraction(text) if "." in text else int(text)
        case Negative(operand):
            inner = _rational(operand)
            return None if inner is None else -inner
        case Quotient(above, below):
            top, bottom = _rational(above), _rational(below)
            return None if top is None or not bottom else Fraction(top) / bottom
    return None


def _fraction_tree(share: Exact) -> Tree:
    """Return an exact number as a whole number, a short decimal or a fraction."""
    if share < 0:
        return Negative(_fraction_tree(-share))
    if share.denominator == 1:
        return Number(str(share.numerator))
    return Quotient(Number(str(share.numerator)), Number(str(share.denominator)))
