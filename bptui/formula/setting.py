"""How a formula is set, whatever the format: how tightly it binds, how wide and how tall it is."""

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

LOOSE, SUM, PRODUCT, POWER, ATOM = range(5)
"""How tightly a formula binds, loosest first."""


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
        case Number(text) if "e" in text:
            return POWER  # it is set as a power of ten, which is not raised again without brackets
    return ATOM


def index(element: Element) -> str:
    """Return an element's index as it is shown, nothing where it has none."""
    numbers = ",".join(map(str, element.index))
    return "" if not numbers else f"({numbers})" if element.base == 1 else f"[{numbers}]"


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


def is_exponential(tree: Tree) -> bool:
    """Return whether a formula is set as a power of e."""
    return isinstance(tree, Call) and tree.name == "exp"


def _brackets(tree: Tree) -> float:
    """Return about how much room the brackets take that the parts of a formula stand in."""
    inside = sum(binding(part) == SUM for part in parts(tree))
    return 0.0 if isinstance(tree, Sum) else 1.2 * inside
