"""A formula as plain text: `-1/2·(t(1)/y(1) - (1 - t(1))/(1 - y(1)))`."""

from __future__ import annotations

from bptui.formula.setting import ATOM, POWER, PRODUCT, SUM, binding, index
from bptui.formula.tree import (
    Array,
    Blank,
    Call,
    Choice,
    Compare,
    Derivative,
    Element,
    More,
    Negative,
    Number,
    Power,
    Product,
    Quotient,
    Sum,
    Tree,
)
from bptui.text import printable

BLANK = "_" * 24


class PlainPen:
    """Writes formulas in one piece or in several."""

    linear = True

    def write(self, tree: Tree) -> str:
        return plain(tree)

    def sign(self, sign: str, first: bool) -> str:
        return "-" if first else sign if sign in ",/" else f"{sign} "

    def bracket(self, bracket: str) -> str:
        return bracket

    def function(self, name: str) -> str:
        return name


def plain(tree: Tree) -> str:
    """Return a formula as text, with as few parentheses as it needs to read back."""
    match tree:
        case Number(text):
            return text
        case Element():
            return _element(tree)
        case Derivative(head, tail, partial):
            sign = "∂" if partial else "d"
            return f"{sign}{_element(head)}/{sign}{_element(tail)}"
        case Sum(terms):
            return "".join(_term(term, first=at == 0) for at, term in enumerate(terms))
        case Product(factors):
            first, *others = factors
            dot = " · " if any(isinstance(factor, Derivative) for factor in factors) else "·"
            return dot.join([_within(first, PRODUCT), *(_within(factor, POWER) for factor in others)])
        case Negative(operand):
            return f"-{_within(operand, PRODUCT)}"
        case Quotient(above, below):
            return f"{_within(above, PRODUCT)}/{_within(below, POWER)}"
        case Power(base, exponent):
            raised = {"2": "²", "3": "³"}.get(exponent.text) if isinstance(exponent, Number) else None
            return _within(base, ATOM) + (raised or f"^{_within(exponent, ATOM)}")
        case Call(name, arguments):
            return f"{name}({', '.join(map(plain, arguments))})"
        case Compare(operator, left, right):
            return f"{_within(left, SUM)} {operator} {_within(right, SUM)}"
        case Choice(then, condition, other):
            return f"({plain(then)} if {plain(condition)} else {plain(other)})"
        case Array(items):
            return f"[{', '.join(map(plain, items))}]"
        case More(count):
            return f"… {count} more …"
        case Blank(number):
            return f"({number}) {BLANK}"


def code(tree: Tree) -> str:
    """Return a formula in the syntax of a scenario's expressions: `-1/2*(y(1) - t(1))**2`."""
    text = plain(tree)
    for shown, written in ((" · ", "*"), ("·", "*"), ("²", "**2"), ("³", "**3"), ("^", "**")):
        text = text.replace(shown, written)
    return text


def _within(tree: Tree, least: int) -> str:
    text = plain(tree)
    return f"({text})" if binding(tree) < least else text


def _term(term: Tree, first: bool) -> str:
    if first:
        return plain(term) if isinstance(term, Negative) else _within(term, PRODUCT)
    if isinstance(term, Negative):
        return f" - {_within(term.operand, PRODUCT)}"
    return f" + {_within(term, PRODUCT)}"


def _element(element: Element) -> str:
    return printable(element.name) + index(element)
