"""What a writer of expressions writes with: text in a scenario's syntax, text that SymPy reads, or formula trees."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar, Protocol, TypeVar

import sympy

from bptui.formula import tree
from bptui.formula.tree import Compare, Derivative, Element, Negative, Number, Tree
from bptui.ops.operation import ATOM, POWER, PRODUCT, SUM, Written
from bptui.scenario.notation import index_text, unravel
from bptui.scenario.program import Program

Out = TypeVar("Out")

_LARGEST_WRITTEN_DENOMINATOR = 9
_LONGEST_DECIMAL = 12
_LARGEST_EXACT_DENOMINATOR = 10**12

_NAMES = {"Abs": "abs", "maximum": "max", "minimum": "min"}
_COMPARED = {"less": "<", "less_equal": "<=", "equal": "=="}
_CONSTANTS = {sympy.pi: "pi", sympy.nan: "nan", sympy.E: "e", sympy.oo: "inf", -sympy.oo: "-inf", sympy.zoo: "inf"}


class Pen(Protocol[Out]):
    """Puts expressions together from their parts."""

    defines: ClassVar[bool]
    """Whether named functions such as sigmoid are written by their definitions."""

    def element(self, symbol: sympy.Symbol, value: int, flat: int) -> Out:
        """Write an element of a named value."""

    def gradient(self, symbol: sympy.Symbol, value: int, flat: int) -> Out:
        """Write the gradient of an element."""

    def symbol(self, symbol: sympy.Symbol) -> Out:
        """Write any other symbol."""

    def number(self, number: sympy.Rational) -> Out:
        """Write a number."""

    def constant(self, constant: sympy.Expr) -> Out:
        """Write a constant that is no fraction."""

    def sum(self, terms: Sequence[tuple[bool, Out]]) -> Out:
        """Write a sum; each term is negative or not, and its size."""

    def product(self, negative: bool, above: Sequence[Out], below: Sequence[Out]) -> Out:
        """Write a product of at least one factor, over a product where there are factors below."""

    def power(self, base: Out, exponent: Out) -> Out:
        """Write a power."""

    def call(self, function: str, arguments: Sequence[Out]) -> Out:
        """Write a function, by SymPy's name for it, of its arguments."""

    def line(self, function: str, value: int, flat: int | None) -> Out:
        """Write a function of a whole named value, or one element of it."""


class TextPen:
    """Writes in the syntax of a scenario's expressions, with the names of elements."""

    defines: ClassVar[bool] = False

    def __init__(self, program: Program) -> None:
        self._program = program

    def element(self, symbol: sympy.Symbol, value: int, flat: int) -> Written:
        return Written(symbol.name, ATOM)

    def gradient(self, symbol: sympy.Symbol, value: int, flat: int) -> Written:
        return Written(symbol.name, ATOM)

    def symbol(self, symbol: sympy.Symbol) -> Written:
        return Written(symbol.name, ATOM)

    def number(self, number: sympy.Rational) -> Written:
        if number.is_negative:
            return Written(f"-{self.number(-number).text}", SUM)
        decimal = _decimal(number)
        return Written(decimal, ATOM) if decimal else Written(f"{number.p}/{number.q}", PRODUCT)

    def constant(self, constant: sympy.Expr) -> Written:
        return Written(_CONSTANTS.get(constant) or str(constant), ATOM)

    def sum(self, terms: Sequence[tuple[bool, Written]]) -> Written:
        text = ""
        for negative, size in terms:
            sign = ("-" if negative else "") if not text else " - " if negative else " + "
            text += sign + (size.within(PRODUCT) if negative else size.text)
        return Written(text, SUM)

    def product(self, negative: bool, above: Sequence[Written], below: Sequence[Written]) -> Written:
        if not negative and not below and len(above) == 1:
            return above[0]
        text = "*".join(factor.within(PRODUCT) for factor in above)
        if len(below) == 1:
            text += f"/{below[0].within(POWER)}"
        elif below:
            text += f"/({'*'.join(factor.within(PRODUCT) for factor in below)})"
        return Written(f"-{text}", SUM) if negative else Written(text, PRODUCT)

    def power(self, base: Written, exponent: Written) -> Written:
        return Written(f"{base.within(ATOM)}**{exponent.within(ATOM)}", POWER)

    def call(self, function: str, arguments: Sequence[Written]) -> Written:
        if function in _COMPARED:
            left, right = (side.within(SUM) for side in arguments)
            return Written(f"({left} {_COMPARED[function]} {right})", ATOM)
        return Written(f"{_NAMES.get(function, function)}({', '.join(one.text for one in arguments)})", ATOM)

    def line(self, function: str, value: int, flat: int | None) -> Written:
        record = self._program.values[value]
        index = "" if flat is None else index_text(unravel(flat, record.shape), self._program.index_base)
        return Written(f"{function}({record.text}){index}", ATOM)


class PortablePen(TextPen):
    """Writes what `sympy.sympify` reads once the names of elements are made identifiers."""

    defines = True

    def number(self, number: sympy.Rational) -> Written:
        if number.is_negative:
            return Written(f"-{self.number(-number).text}", SUM)
        return Written(str(number.p), ATOM) if number.q == 1 else Written(f"{number.p}/{number.q}", PRODUCT)

    def constant(self, constant: sympy.Expr) -> Written:
        return Written(str(constant), ATOM)

    def call(self, function: str, arguments: Sequence[Written]) -> Written:
        special = _PIECEWISE.get(function)
        if special is not None:
            return Written(special(*(one.text for one in arguments)), ATOM)
        name = {"maximum": "Max", "minimum": "Min", "Abs": "abs"}.get(function, function)
        return Written(f"{name}({', '.join(one.text for one in arguments)})", ATOM)


_PIECEWISE: dict[str, Callable[..., str]] = {
    "less": lambda a, b: f"Piecewise((1, {a} < {b}), (0, True))",
    "less_equal": lambda a, b: f"Piecewise((1, {a} <= {b}), (0, True))",
    "equal": lambda a, b: f"Piecewise((1, Eq({a}, {b})), (0, True))",
    "where": lambda c, a, b: f"Piecewise(({b}, Eq({c}, 0)), ({a}, True))",
}


class TreePen:
    """Makes formula trees."""

    defines: ClassVar[bool] = False

    def __init__(self, program: Program) -> None:
        self._program = program

    def element(self, symbol: sympy.Symbol, value: int, flat: int) -> Element:
        record = self._program.values[value]
        return Element(symbol.name) if record.symbol is not None else self._indexed(record.brief.text, value, flat)

    def gradient(self, symbol: sympy.Symbol, value: int, flat: int) -> Derivative:
        return Derivative(Element(self._program.loss), self.element(symbol, value, flat))

    def symbol(self, symbol: sympy.Symbol) -> Element:
        return Element(symbol.name)

    def number(self, number: sympy.Rational) -> Tree:
        if number.is_negative:
            return Negative(self.number(-number))
        decimal = _decimal(number)
        return Number(decimal) if decimal else tree.quotient(Number(str(number.p)), Number(str(number.q)))

    def constant(self, constant: sympy.Expr) -> Tree:
        return tree.number(_CONSTANTS.get(constant) or str(constant))

    def sum(self, terms: Sequence[tuple[bool, Tree]]) -> Tree:
        return tree.added(Negative(size) if negative else size for negative, size in terms)

    def product(self, negative: bool, above: Sequence[Tree], below: Sequence[Tree]) -> Tree:
        body = tree.quotient(tree.product(above), tree.product(below)) if below else tree.product(above)
        return Negative(body) if negative else body

    def power(self, base: Tree, exponent: Tree) -> Tree:
        return tree.Power(base, exponent)

    def call(self, function: str, arguments: Sequence[Tree]) -> Tree:
        if function in _COMPARED:
            return Compare(_COMPARED[function], *arguments)
        return tree.Call(_NAMES.get(function, function), tuple(arguments))

    def line(self, function: str, value: int, flat: int | None) -> Tree:
        text = self._program.values[value].text
        if flat is None:
            return tree.Call(function, (Element(text),))
        return self._indexed(f"{function}({text})", value, flat)

    def _indexed(self, name: str, value: int, flat: int) -> Element:
        shape, base = self._program.values[value].shape, self._program.index_base
        return Element(name, tuple(at + base for at in unravel(flat, shape)), base) if shape else Element(name)


def _decimal(number: sympy.Rational) -> str:
    """Return a number ≥ 0 as a decimal where that is exact and short, or it was rounded in any case; else nothing."""
    if number.q == 1:
        return str(number.p)
    if number.q <= _LARGEST_WRITTEN_DENOMINATOR:
        return ""
    text = f"{float(number):.{_LONGEST_DECIMAL}g}"
    if "e-" in text:
        text = f"{float(number):.{_LONGEST_DECIMAL}f}".rstrip("0")  # 0.00001 rather than 1/100000
    if "e" not in text and sympy.Rational(text) == number:
        return text
    return repr(float(number)) if number.q > _LARGEST_EXACT_DENOMINATOR else ""
