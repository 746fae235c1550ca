"""Long formulas in pieces: a formula may be broken before each of them, between terms, factors and arguments.

A `Pen` says how the signs are written, so that every format breaks at the same places.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from bptui.formula.setting import POWER, PRODUCT, binding, is_matrix, width
from bptui.formula.tree import Array, Call, Negative, Product, Quotient, Sum, Tree


class Pen(Protocol):
    """How one format writes formulas and the signs between the pieces of one."""

    linear: bool
    """Whether all is written in one line: a fraction with a slash, a matrix row by row."""

    def write(self, tree: Tree) -> str:
        """Return a formula in one piece."""
        ...

    def sign(self, sign: str, first: bool) -> str:
        """Return `+`, `-`, `·`, `/` or `,` as it stands between two pieces, or `first` in front of all."""
        ...

    def bracket(self, bracket: str) -> str:
        """Return one bracket of a pair that may stand in different lines: `(`, `)`, `[` or `]`."""
        ...

    def function(self, name: str) -> str:
        """Return a function's name."""
        ...


class Piece(NamedTuple):
    text: str
    width: float


def pieces(tree: Tree, most: float, pen: Pen) -> list[Piece]:
    """Return a formula in pieces of about `most` digits' width at most; one piece where it fits."""
    return _Breaking(most, pen).pieces(tree)


def packed(found: Sequence[Piece], most: float) -> list[str]:
    """Return pieces put together into lines of at most `most`, wherever a single piece fits."""
    lines: list[str] = []
    filled = 0.0
    for text, wide in found:
        if lines and filled + wide <= most:
            lines[-1] += " " + text
            filled += wide
        else:
            lines.append(text)
            filled = wide
    return lines


def grouped(equations: Sequence[Sequence[Tree]], most: float) -> list[list[Sequence[Tree]]]:
    """Return the sides of each equation line by line: as many in one as fit into `most`, at least one.

    Equations with the same number of sides are divided alike, so that what belongs together looks alike.
    """
    widest: dict[int, list[float]] = {}
    for sides in equations:
        wide = [width(side) + 3 for side in sides]
        widest[len(sides)] = [max(pair) for pair in zip(wide, widest.get(len(sides), wide), strict=True)]
    return [[sides[start:stop] for start, stop in runs(widest[len(sides)], most)] for sides in equations]


def runs(widths: Sequence[float], most: float) -> list[tuple[int, int]]:
    """Return the runs of `widths` that fit into `most`, each as its start and end."""
    runs: list[tuple[int, int]] = []
    filled = 0.0
    for at, one in enumerate(widths):
        if runs and filled + one <= most:
            runs[-1] = (runs[-1][0], at + 1)
            filled += one
        else:
            runs.append((at, at + 1))
            filled = one
    return runs


class _Breaking:
    def __init__(self, most: float, pen: Pen) -> None:
        self.most, self.pen = most, pen

    def pieces(self, tree: Tree) -> list[Piece]:
        if width(tree) > self.most:
            match tree:
                case Sum((first, *others)):
                    found = self.pieces(first) if isinstance(first, Negative) else self.within(first, PRODUCT)
                    for term in others:
                        found += self.term(term)
                    return found
                case Product((first, *others)):
                    found = self.within(first, PRODUCT)
                    for factor in others:
                        found += self.after("·", self.within(factor, POWER))
                    return found
                case Negative(operand):
                    return self.after("-", self.within(operand, PRODUCT), first=True)
                case Quotient(above, below):
                    return [*self.within(above, PRODUCT), *self.after("/", self.within(below, POWER))]
                case Call(name, arguments):
                    (opening, wide), *rest = self.around(self.listed(arguments))
                    return [Piece(self.pen.function(name) + opening, wide + len(name)), *rest]
                case Array(items) if items and (self.pen.linear or not is_matrix(tree)):
                    return self.around(self.listed(items), "[]")
        return [Piece(self.pen.write(tree), width(tree))]

    def term(self, term: Tree) -> list[Piece]:
        if isinstance(term, Negative):
            return self.after("-", self.within(term.operand, PRODUCT))
        return self.after("+", self.within(term, PRODUCT))

    def within(self, tree: Tree, least: int) -> list[Piece]:
        found = self.pieces(tree)
        fraction = isinstance(tree, Quotient) and len(found) == 1 and not self.pen.linear
        if binding(tree) >= least or fraction:
            return found
        return self.around(found)

    def after(self, sign: str, found: list[Piece], first: bool = False) -> list[Piece]:
        return [Piece(self.pen.sign(sign, first) + found[0].text, found[0].width + 2), *found[1:]]

    def around(self, found: list[Piece], brackets: str = "()") -> list[Piece]:
        opening, closing = map(self.pen.bracket, list(brackets))
        found = [Piece(opening + found[0].text, found[0].width + 1), *found[1:]]
        return [*found[:-1], Piece(found[-1].text + closing, found[-1].width + 1)]

    def listed(self, items: Sequence[Tree]) -> list[Piece]:
        found: list[Piece] = []
        for at, item in enumerate(items):
            added = self.pieces(item)
            if at < len(items) - 1:
                added[-1] = Piece(added[-1].text + self.pen.sign(",", False), added[-1].width + 1)
            found += added
        return found
