"""A claim in symbols and named values, `d0*2*x0 + d1*x1`: read once, evaluated for any numbers.

It is parsed as a forward line is, bound to the program's values, and computed with the operations' own rules; nothing
of it is ever evaluated as Python. Elements are written as anywhere: `x0`, `x[0]`, `x(1)`; a derivative in it, as
`dL/dy(1)`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

import numpy as np
from msgspec import Struct

from bptui.errors import BptuiError
from bptui.ops import CALLABLE, OPERATIONS, numeric
from bptui.ops.operation import REQUIRED, Operation, ShapeError
from bptui.scenario import expression as ast
from bptui.scenario.expression import CONSTANTS, Expression, ExpressionError, Span, parse_expression
from bptui.scenario.notation import Reference, Shape, ravel
from bptui.scenario.resolve import glued_element, resolve_reference
from bptui.scenario.scenario import Scenario
from bptui.text import did_you_mean
from bptui.trace.elements import Node

_LARGEST = 1_000_000
"""How many elements an intermediate result may have."""

_MOST_DECIMALS = 16
"""For how many decimal numbers of one expression it is asked how far its result may be off."""

_DERIVATIVE = re.compile(r"[d∂]\s*[^\W\d]\w*\s*(?:\([\d\s,]+\)|\[[\d\s,]+\])?\s*/\s*[d∂]\s*[^\W\d]\w*"
                         r"(?:\s*(?:\([\d\s,]+\)|\[[\d\s,]+\]))?")  # fmt: skip


Pair = tuple[Node, Node | None]
"""The derivative of one element with respect to another."""

Pairs = tuple[tuple[Pair, ...], Shape]
"""The derivative of one value with respect to another, and its shape."""


class Numbers(Protocol):
    """What names are worth: the elements of values, of the seed, and derivatives."""

    def value(self, value: int) -> Any: ...
    def seed(self) -> Any: ...
    def numbers(self, entries: Sequence[Pair]) -> list[float]: ...


class _Number(Struct, frozen=True):
    value: float
    unit: float
    """The worth of the last digit of a number with decimals; 0 for a whole one."""


class _Value(Struct, frozen=True):
    value: int
    flat: int | None


class _Seed(Struct, frozen=True):
    flat: int | None


class _Derivative(Struct, frozen=True):
    entries: tuple[Pair, ...]
    shape: Shape


class _Apply(Struct, frozen=True):
    operation: Operation
    operands: tuple[_Bound, ...]
    params: Mapping[str, Any]


_Bound = _Number | _Value | _Seed | _Derivative | _Apply


class Formula(Struct, frozen=True):
    """A claim in symbols and named values, bound to its program."""

    text: str
    bound: _Bound
    shape: Shape
    decimals: tuple[_Number, ...]
    """The numbers in it that have decimals: each stands for all that round to it."""
    named: bool
    """Whether it names anything; else it is a calculation with numbers alone."""

    def at(self, numbers: Numbers) -> Any:
        """Return what it comes to with these numbers: an array of its shape."""
        with np.errstate(all="ignore"):
            return _evaluate(self.bound, numbers, None, 0.0)

    def slack(self, numbers: Numbers) -> Any:
        """Return how far the result may be off where each decimal number in it is right to its last digit."""
        with np.errstate(all="ignore"):
            middle = _evaluate(self.bound, numbers, None, 0.0)
            total = np.zeros(np.shape(middle))
            for number in self.decimals[:_MOST_DECIMALS]:
                total = total + np.abs(_evaluate(self.bound, numbers, number, number.unit / 2) - middle)
        return total


def _evaluate(node: _Bound, numbers: Numbers, shifted: _Number | None, shift: float) -> Any:
    match node:
        case _Number():
            return np.float64(node.value + (shift if node is shifted else 0.0))
        case _Value():
            array = numbers.value(node.value)
            return array if node.flat is None else array.reshape(-1)[node.flat]
        case _Seed():
            array = numbers.seed()
            return array if node.flat is None else array.reshape(-1)[node.flat]
        case _Derivative():
            return np.reshape(np.asarray(numbers.numbers(node.entries)), node.shape)
    spine = [node]  # down the left operands in a loop: a sum of a thousand terms is not deep
    while isinstance(first := spine[-1].operands[0], _Apply):
        spine.append(first)
    result = _evaluate(first, numbers, shifted, shift)
    for link in reversed(spine):
        others = (_evaluate(one, numbers, shifted, shift) for one in link.operands[1:])
        operands = [np.asarray(one, dtype=np.float64) for one in (result, *others)]
        chosen = link.operation.choose(*operands, **link.params) if link.operation.choose else {}
        result = link.operation.forward(numeric, *operands, **link.params, **chosen)
    return result


def read_formula(scenario: Scenario, text: str, derivative: Callable[[str], Pairs]) -> Formula:
    """Return the formula that `text` writes; raises ExpressionError where it names what is not there.

    `derivative` finds what a derivative names.
    """
    found: dict[str, Pairs] = {}

    def placeholder(match: re.Match[str]) -> str:
        above = match[0].partition("/")[0].strip()
        if above.isidentifier() and (above in scenario.program.names or _is_element(scenario, above)):
            return match[0]  # a quotient of two values that are called so
        name = "D" * max(1, len(match[0]) - len(str(len(found)))) + str(len(found))
        found[name] = derivative(match[0])
        return name

    try:
        plain = _DERIVATIVE.sub(placeholder, text) if len(text) <= 10_000 else text
    except BptuiError as error:
        raise ExpressionError(error.faults[0].message, (0, len(text)), error.faults[0].hint) from None
    binder = _Binder(scenario, found)
    bound, shape = binder.bind(parse_expression(plain))
    return Formula(text, bound, shape, tuple(binder.decimals), binder.named)


def _is_element(scenario: Scenario, name: str) -> bool:
    try:
        resolve_reference(scenario.program, Reference(name))
    except BptuiError:
        return _seed_element(scenario, name) is not None
    return True


def _seed_element(scenario: Scenario, name: str) -> _Seed | None:
    """Return the element of the seed that `name` is the symbol of."""
    seed = scenario.seed
    if seed is None or seed.symbol is None:
        return None
    flat = glued_element(seed.symbol, seed.shape, scenario.program.index_base, name)
    return None if flat is None else _Seed(flat)


def _defaults(operation: Operation) -> dict[str, Any]:
    return {name: option.default for name, option in operation.options.items()}


class _Binder:
    """Binds the names of one expression, and works out shapes."""

    def __init__(self, scenario: Scenario, derivatives: Mapping[str, Pairs]) -> None:
        self.scenario, self.program, self.derivatives = scenario, scenario.program, derivatives
        self.decimals: list[_Number] = []
        self.named = False

    def bind(self, tree: Expression) -> tuple[_Bound, Shape]:
        match tree:
            case ast.Number():
                return self._number(tree), ()
            case ast.Name():
                return self._name(tree)
            case ast.Subscript():
                return self._subscript(tree)
            case ast.Call():
                return self._call(tree)
        raise ExpressionError("this has no place in a claim", tree.span, "write numbers, symbols and named values")

    def _number(self, tree: ast.Number) -> _Number:
        fraction = re.search(r"\.(\d*)", tree.text)
        power = re.search(r"[eE]([-+]?\d+)", tree.text)
        unit = 0.0
        if not tree.whole:
            unit = 10.0 ** (int(power[1] if power else 0) - len(fraction[1] if fraction else ""))
        number = _Number(tree.value, unit)
        if unit:
            self.decimals.append(number)
        return number

    def _name(self, tree: ast.Name) -> tuple[_Bound, Shape]:
        if tree.name in self.derivatives:
            self.named = True
            entries, shape = self.derivatives[tree.name]
            return _Derivative(entries, shape), shape
        if tree.name not in self.program.names and tree.name in CONSTANTS:
            return _Number(CONSTANTS[tree.name], 0.0), ()
        return self._reference(Reference(tree.name), tree.span)

    def _reference(self, reference: Reference, span: Span) -> tuple[_Bound, Shape]:
        self.named = True
        try:
            found = resolve_reference(self.program, reference)
        except BptuiError as error:
            seed = self._seed(reference)
            if seed is not None:
                return seed
            fault = error.faults[0]
            raise ExpressionError(fault.message, span, self._nearest(reference.name) or fault.hint) from None
        return _Value(found.value, found.flat), () if found.flat is not None else self.program.values[found.value].shape

    def _seed(self, reference: Reference) -> tuple[_Bound, Shape] | None:
        """Return the seed, or an element of it, by its symbol."""
        seed = self.scenario.seed
        if seed is None or seed.symbol is None:
            return None
        if reference.name == seed.symbol:
            if reference.index is None:
                return _Seed(None), seed.shape
            if len(reference.index) == len(seed.shape) and all(
                number < length for number, length in zip(reference.index, seed.shape, strict=True)
            ):
                return _Seed(ravel(reference.index, seed.shape)), ()
            return None
        element = _seed_element(self.scenario, reference.name) if reference.index is None else None
        return (element, ()) if element is not None else None

    def _nearest(self, name: str) -> str:
        elements = [
            self.program.element_name(value, flat)
            for value in self.program.names.values()
            if self.program.values[value].symbol is not None
            for flat in range(min(self.program.values[value].size, 64))
        ]
        return did_you_mean(name, [*self.program.names, *elements], "")

    def _subscript(self, tree: ast.Subscript) -> tuple[_Bound, Shape]:
        whole = [number for number in tree.key if isinstance(number, int)]
        if isinstance(tree.operand, ast.Name) and len(whole) == len(tree.key) and min(whole, default=0) >= 0:
            return self._reference(Reference(tree.operand.name, tuple(whole)), tree.span)
        return self._apply(OPERATIONS["index"], (tree.operand,), {"key": tree.key}, tree.span)

    def _call(self, tree: ast.Call) -> tuple[_Bound, Shape]:
        if tree.operator:
            return self._spine(tree)
        known = tree.name in self.program.names or self._names_seed(tree.name)
        if known and all(isinstance(one, ast.Number) and one.whole for one in tree.arguments) and tree.arguments:
            index = tuple(int(one.value) - 1 for one in tree.arguments if isinstance(one, ast.Number))
            if min(index) < 0:
                raise ExpressionError("parentheses count from 1; square brackets count from 0", tree.span)
            return self._reference(Reference(tree.name, index), tree.span)
        if tree.name not in CALLABLE:
            hint = did_you_mean(tree.name, [*self.program.names, *CALLABLE], "write a product with its sign, `2*x`")
            raise ExpressionError(f"unknown name `{tree.name[:60]}`", tree.name_span, hint)
        if tree.keywords:
            raise ExpressionError("a claim has no options", tree.keywords[0].span, "leave the option out")
        return self._apply(OPERATIONS[tree.name], tree.arguments, {}, tree.span)

    def _names_seed(self, name: str) -> bool:
        return self.scenario.seed is not None and self.scenario.seed.symbol == name

    def _spine(self, tree: ast.Call) -> tuple[_Bound, Shape]:
        """Bind a chain of operators from the left, in a loop."""
        chain = [tree]
        while isinstance(first := chain[-1].arguments[0], ast.Call) and first.operator:
            chain.append(first)
        result = self.bind(first)
        for link in reversed(chain):
            others = [self.bind(one) for one in link.arguments[1:]]
            operation = OPERATIONS[link.name]
            result = self._applied(operation, [result, *others], _defaults(operation), link.span)
        return result

    def _apply(
        self, operation: Operation, arguments: Sequence[Expression], params: Mapping[str, Any], span: Span
    ) -> tuple[_Bound, Shape]:
        if operation.variadic or len(arguments) != len(operation.operands):
            raise ExpressionError(f"`{operation.name}` does not fit here", span, "a claim is a plain formula")
        options = {**_defaults(operation), **params}
        if any(option is REQUIRED for option in options.values()):
            raise ExpressionError(f"`{operation.name}` does not fit here", span, "a claim is a plain formula")
        return self._applied(operation, [self.bind(one) for one in arguments], options, span)

    def _applied(
        self, operation: Operation, operands: Sequence[tuple[_Bound, Shape]], params: Mapping[str, Any], span: Span
    ) -> tuple[_Bound, Shape]:
        try:
            shape = operation.shape(tuple(shape for _, shape in operands), **params)
        except ShapeError as fault:
            raise ExpressionError(str(fault), span) from None
        if math.prod(shape) > _LARGEST:
            raise ExpressionError(f"this would have {math.prod(shape):,} elements", span, "name elements")
        return _Apply(operation, tuple(one for one, _ in operands), params), shape
