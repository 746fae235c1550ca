"""A formula as plain text: `-1/2·(t(1)/y(1) - (1 - t(1))/(1 - y(1)))`; and how wide it is when it is set."""

from __future__ import annotations

from bptui.formula import names
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
    parts,
    walk,
)
from bptui.text import printable

LOOSE, SUM, PRODUCT, POWER, ATOM = range(5)
"""How tightly a formula binds, loosest first."""

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


def binding(tree: Tree) -> int:
    """Return how tightly a formula binds as text."""
    match tree:
        case Compare():
            return LOOSE
        case Sum() | Negative():
            return SUM
        case Product() | Quotient():
            return PRODUCT
        case Power():
            return POWER
    return ATOM


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


def _within(tree: Tree, least: int) -> str:
    text = plain(tree)
    return f"({text})" if binding(tree) < least else text


def _term(term: Tree, first: bool) -> str:
    if first:
        return plain(term) if isinstance(term, Negative) else _within(term, PRODUCT)
    if isinstance(term, Negative):
        return f" - {_within(term.operand, PRODUCT)}"
    return f" + {_within(term, PRODUCT)}"


def index(element: Element) -> str:
    """Return an element's index as it is shown, nothing where it has none."""
    numbers = ",".join(map(str, element.index))
    return "" if not numbers else f"({numbers})" if element.base == 1 else f"[{numbers}]"


def _element(element: Element) -> str:
    return printable(element.name) + index(element)


def width(tree: Tree) -> float:
    """Return about how wide a formula is when it is set, in digits."""
    match tree:
        case Number(text):
            return len(text) + (2 if "e" in text else 0)
        case Element(name):
            stem, subscript = names.split(name)
            return sum(map(_letter, stem)) + len(subscript) * 0.7 + len(index(tree)) * 0.8
        case Derivative(head, tail):
            return max(width(head), width(tail)) + 1.5
        case Sum(terms):
            return sum(map(width, terms)) + 3 * (len(terms) - 1) + _brackets(tree)
        case Product(factors):
            return sum(map(width, factors)) + 2 * (len(factors) - 1) + _brackets(tree)
        case Negative(operand):
            return width(operand) + 1.5 + _brackets(tree)
        case Quotient(above, below):
            return max(width(above), width(below)) + 0.5
        case Power(base, exponent):
            return width(base) + 0.7 * width(exponent) + _brackets(tree)
        case Call("exp", (argument,)):
            return 1 + 0.7 * width(argument)
        case Call(name, arguments):
            return len(name) + 1.5 + sum(map(width, arguments)) + 1.5 * (len(arguments) - 1)
        case Compare(_, left, right):
            return width(left) + width(right) + 3
        case Choice(then, condition, other):
            return max(width(then), width(other)) + width(condition) + 8
        case Array(items) if is_matrix(tree):
            columns = max(len(parts(row)) for row in items)
            entries = [width(entry) for row in items for entry in parts(row)]
            return columns * (max(entries, default=1) + 2) + 1
        case Array(items):
            return sum(map(width, items)) + 1.5 * len(items) + 1
        case More(count):
            return len(str(count)) + 8
        case Blank():
            return 24
    raise TypeError(tree)


def _letter(letter: str) -> float:
    """Return about how wide a letter is; one that TeX's fonts lack stands as its code."""
    return 1.1 if letter.isascii() or letter in names.GREEK else 6


def is_matrix(tree: Array) -> bool:
    """Return whether an array is set as a matrix: its entries are vectors."""
    return bool(tree.items) and all(
        isinstance(row, Array) and not any(isinstance(entry, Array) for entry in row.items) for row in tree.items
    )


def is_tall(tree: Tree) -> bool:
    """Return whether a formula is taller than a line when it is set, so that brackets around it grow."""
    return any(
        isinstance(node, Quotient | Derivative | Choice) or (isinstance(node, Array) and is_matrix(node))
        for node in walk(tree)
    )


def _brackets(tree: Tree) -> float:
    """Return about how much room the brackets take that the parts of a formula stand in."""
    inside = sum(binding(part) == SUM for part in parts(tree))
    return 0.0 if isinstance(tree, Sum) else 1.2 * inside
