"""A line of a worked solution: what it names in the program, and what it claims of it.

A line names elements of a value (a named one, or a sub-expression of the forward lines) or entries of a derivative
between named values. Each of them is an *entry*, and has a claim of its own.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from itertools import islice
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from bptui.checking.marking.expressions import Formula, Pairs, read_formula
from bptui.errors import BptuiError, Fault
from bptui.ops.operation import shape_text
from bptui.scenario import expression as ast
from bptui.scenario.claimed_number import ClaimedNumber, read_number
from bptui.scenario.expression import Expression, ExpressionError, parse_expression
from bptui.scenario.notation import (
    ReferenceFormatError,
    Shape,
    is_derivative,
    parse_derivative,
    parse_reference,
    ravel,
)
from bptui.scenario.program import Program
from bptui.scenario.resolve import Element, resolve_reference
from bptui.scenario.scenario import Scenario
from bptui.scenario.schema import ClaimText
from bptui.text import counted, did_you_mean
from bptui.trace.elements import Node

Entry = tuple[Node, Node | None]
"""What one number on a sheet is: an element (and None), or the derivative of one element with respect to another."""


class Quantity(Struct, frozen=True):
    """What a line names: its entries in order, and the shape in which they are written."""

    entries: tuple[Entry, ...]
    shape: Shape
    also: tuple[int, ...] = ()
    """Further values that are written alike, where a sub-expression stands in several places."""
    diagonal: tuple[Entry, ...] = ()
    """Of a derivative between two values of one shape: the entries of its diagonal, for a line that writes those."""
    turned: bool = False
    """Whether the line writes a matrix the other way round: then `entries` are in its order, column by column."""

    @property
    def is_derivative(self) -> bool:
        return bool(self.entries) and self.entries[0][1] is not None


Written = ClaimedNumber | Formula


class Line(Struct, frozen=True):
    """One line that could be read: what it names, and for each entry what is claimed."""

    text: ClaimText
    quantity: Quantity
    claims: tuple[Written, ...]


def loss_node(program: Program) -> Node:
    """Return the node that stands for the scalar that is differentiated: the target, or one beyond all values."""
    return (len(program.values), 0) if program.seeded else (program.target, 0)


class Reader:
    """Reads the lines of one scenario's worked solution."""

    def __init__(self, scenario: Scenario) -> None:
        self.scenario, self.program = scenario, scenario.program

    def read(self, text: ClaimText) -> Line:
        """Return the line that `text` writes; raises BptuiError, placed in the file, where it cannot be read."""
        try:
            quantity = self.quantity(text.key)
        except BptuiError as error:
            fault = error.faults[0]
            raise self._placed(text.path[:2], fault.message, fault.hint, on_key=True) from None
        if not quantity.entries:
            message = f"`{text.key[:60]}` has shape {shape_text(quantity.shape)}: there is no number to claim"
            raise self._placed(text.path[:2], message, "take the line out", on_key=True)
        shape, leaves = _flat(text.value)
        quantity = self._fitted(text, quantity, shape)
        claims = [self._claim(text, raw, (*text.path, *index)) for index, raw in leaves]
        wanted = len(quantity.entries) if len(claims) < len(quantity.entries) else 1
        for claim, (index, _) in zip(claims, leaves, strict=True):
            given = math.prod(claim.shape) if isinstance(claim, Formula) else 1
            if given != wanted:
                message = f"this comes to {counted(given, 'number')}, and the place has {wanted}"
                raise self._placed((*text.path, *index), message, "name elements, such as `y(1)`")
            if isinstance(claim, Formula) and len(claim.shape) == 2 and claim.shape == quantity.shape[::-1]:
                quantity = _turned(quantity) if claim.shape != quantity.shape else quantity
        claims *= wanted  # one formula may stand for a whole array
        return Line(text, quantity, tuple(claims))

    # -- what it names ---------------------------------------------------------------------------------------------

    def quantity(self, key: str) -> Quantity:
        """Return what a line's key names; raises BptuiError where that is nothing in this scenario."""
        try:
            return self._value(resolve_reference(self.program, parse_reference(key)))
        except ReferenceFormatError:
            found = self._subexpression(key)
            if found is not None:
                return found
            if not is_derivative(key):
                raise self._unknown(key) from None
        except BptuiError:
            found = self._subexpression(key)
            if found is not None:
                return found
            raise
        return self._derivative(key)

    def _value(self, element: Element, also: tuple[int, ...] = ()) -> Quantity:
        value = self.program.values[element.value]
        if element.flat is not None:
            return Quantity((((value.id, element.flat), None),), (), also)
        return Quantity(tuple(((value.id, flat), None) for flat in range(value.size)), value.shape, also)

    def _derivative(self, key: str) -> Quantity:
        try:
            above, below = parse_derivative(key)
        except ReferenceFormatError as fault:
            raise BptuiError(str(fault)) from None
        tails = self._value(resolve_reference(self.program, below))
        if above.name == self.program.loss and above.index is None and self.program.seeded:
            heads = Quantity(((loss_node(self.program), None),), ())
        else:
            heads = self._value(resolve_reference(self.program, above))
        if len(heads.entries) * len(tails.entries) > _LARGEST:
            raise BptuiError(Fault(f"`{key[:60]}` has {len(heads.entries) * len(tails.entries):,} entries"))
        above_nodes, below_nodes = [head for head, _ in heads.entries], [tail for tail, _ in tails.entries]
        pairs = tuple((head, tail) for head in above_nodes for tail in below_nodes)
        diagonal = tuple(zip(above_nodes, below_nodes, strict=True)) if heads.shape == tails.shape != () else ()
        return Quantity(pairs, (*heads.shape, *tails.shape), diagonal=diagonal)

    def _pairs(self, key: str) -> Pairs:
        """Return the entries of the derivative `key` and their shape, for a claim that it stands in."""
        named = self._derivative(key)
        return named.entries, named.shape

    def _subexpression(self, key: str) -> Quantity | None:
        """Return the value of a sub-expression that stands in the forward lines, or of one element of it."""
        try:
            tree = parse_expression(key)
        except ExpressionError:
            tree = None
        if tree is not None and (ids := self._written.get(_canonical(tree))):
            return self._value(Element(ids[0]), tuple(ids[1:]))
        element = re.fullmatch(r"\s*\((.+)\)\s*([\[(][\d\s,]+[\])])\s*", key)
        if element is None:
            return None
        try:
            index = parse_reference(f"x{element[2]}").index or ()
            tree = parse_expression(element[1])
        except (ReferenceFormatError, ExpressionError):
            return None
        ids = self._written.get(_canonical(tree), [])
        ids = [one for one in ids if _within(index, self.program.values[one].shape)]
        if not ids:
            return None
        return self._value(Element(ids[0], ravel(index, self.program.values[ids[0]].shape)), tuple(ids[1:]))

    @cached_property
    def _written(self) -> Mapping[str, list[int]]:
        """For every expression that stands in the program, in one spelling, the values that it is."""
        found: dict[str, list[int]] = {}

        def add(text: str, value: int) -> None:
            try:
                tree = parse_expression(text)
            except ExpressionError:  # a number in place of what is long, or more than is read
                return
            ids = found.setdefault(_canonical(tree), [])
            if value not in ids:
                ids.append(value)

        for step in self.program.steps[:_MOST_STEPS]:
            add(step.formula, step.output)
        for line in self.program.lines.values():
            add(line.text, line.value)
        lasts: dict[str, int] = {}
        """For every call as it is written, the last step of the last one that is written so."""
        for number, call in enumerate(self.program.calls[:_MOST_STEPS]):
            inside = self.program.code.inside(number)
            if inside:
                lasts[call.text] = max(lasts.get(call.text, 0), inside[-1])
        for text, last in lasts.items():
            add(text, self.program.columns.outputs[last])
        return found

    def _unknown(self, key: str) -> BptuiError:
        texts = [value.text for value in islice(self.program.values, _MOST_STEPS) if value.role != "constant"]
        named = "a value `h`, an element `h(1)`, a sub-expression of a forward line, or a derivative `dL/dh(1)`"
        hint = did_you_mean(key, [*self.program.names, *texts], f"a line names {named}")
        return BptuiError(Fault(f"`{key[:60]}` names nothing in this scenario", hint))

    # -- what it claims --------------------------------------------------------------------------------------------

    def _fitted(self, text: ClaimText, quantity: Quantity, shape: Shape) -> Quantity:
        """Return what a claim of `shape` is about: a vector may be written as a row or a column."""
        bare = tuple(length for length in shape if length != 1)
        if bare == tuple(length for length in quantity.shape if length != 1):
            return replace(quantity, shape=shape)
        if quantity.diagonal and shape == quantity.shape[: len(shape)] and len(shape) * 2 == len(quantity.shape):
            return replace(quantity, entries=quantity.diagonal, shape=shape)
        if shape == () and isinstance(text.value, str):
            return quantity
        if len(shape) == 2 and shape == quantity.shape[::-1]:
            return _turned(quantity)
        has = f"`{text.key[:60]}` has shape {shape_text(quantity.shape)}"
        given = f"a list of shape {shape_text(shape)}" if shape else "one number"
        raise self._placed(text.path, f"{has}, and this is {given}", "write one number for each element")

    def _claim(self, text: ClaimText, raw: Any, path: Sequence[str | int]) -> Written:
        written = raw if isinstance(raw, str) else self.scenario.document.source(path).replace("_", "") or repr(raw)
        try:
            if isinstance(raw, str) and not _NUMBER.fullmatch(raw):
                return read_formula(self.scenario, raw, self._pairs)
            try:
                number = read_number(written)
            except BptuiError:
                if isinstance(raw, str) or not _is_whole(raw):
                    raise
                number = read_number(str(raw))  # 0x1F, 0b101
        except BptuiError as error:
            raise self._placed(path, error.faults[0].message, error.faults[0].hint) from None
        except ExpressionError as fault:
            raise self._placed(path, fault.message, fault.hint) from None
        if text.digits is not None:
            number = number.at_decimals(text.digits)
        return number

    def _placed(self, path: Sequence[str | int], message: str, hint: str, on_key: bool = False) -> BptuiError:
        return BptuiError(self.scenario.document.placed(path, message, hint, on="key" if on_key else "value"))


def _turned(quantity: Quantity) -> Quantity:
    """Return a matrix as somebody names it who writes it the other way round."""
    columns = [quantity.entries[at :: quantity.shape[1]] for at in range(quantity.shape[1])]
    return replace(quantity, entries=tuple(entry for column in columns for entry in column), turned=True)


_LARGEST = 100_000
"""How many entries one line may have."""

_MOST_STEPS = 5000
"""Among how many steps a sub-expression is looked for."""

_NUMBER = re.compile(r"\s*[-+\N{MINUS SIGN}]?(\d[\d.]*|\.\d+)([eE][-+]?\d+)?\s*(/\s*\d[\d.]*\s*)?|\s*[-+]?(inf|nan)\s*")


def _is_whole(raw: Any) -> bool:
    return isinstance(raw, int) and not isinstance(raw, bool)


def _flat(value: Any) -> tuple[Shape, list[tuple[tuple[int, ...], Any]]]:
    """Return a nest's shape, and its innermost items with their places."""

    def items(part: Any, place: tuple[int, ...]) -> Iterator[tuple[tuple[int, ...], Any]]:
        if isinstance(part, list):
            for at, item in enumerate(part):
                yield from items(item, (*place, at))
        else:
            yield place, part

    shape: list[int] = []
    part = value
    while isinstance(part, list):
        shape.append(len(part))
        part = part[0]
    return tuple(shape), list(items(value, ()))


def _within(index: Sequence[int], shape: Shape) -> bool:
    return len(index) == len(shape) and all(number < length for number, length in zip(index, shape, strict=True))


_COMMUTES = frozenset({"add", "multiply"})


def _canonical(tree: Expression) -> str:
    """Return one spelling for all ways to write an expression: spaces, brackets and the order of sums do not count."""
    match tree:
        case ast.Number():
            return repr(tree.value)
        case ast.Literal():
            return repr(tree.value)
        case ast.Name():
            return tree.name
        case ast.Items():
            return f"[{','.join(map(_canonical, tree.items))}]"
        case ast.Subscript():
            return f"{_canonical(tree.operand)}[{tree.key}]"
    spine = [tree]  # down the left operands in a loop: a sum of a thousand terms is not deep
    while spine[-1].arguments and isinstance(first := spine[-1].arguments[0], ast.Call):
        spine.append(first)
    lowest = spine[-1].arguments[:1]
    name, parts = "", [_canonical(one) for one in lowest]
    for call in reversed(spine):
        if name and not (call.operator and call.name == name and name in _COMMUTES):
            parts = [_joined(name, parts)]
        name = call.name if call.operator else f"{call.name} "
        parts += map(_canonical, call.arguments[1:])
        parts += (f"{one.name}={_canonical(one.value)}" for one in call.keywords)
    return _joined(name, parts)


def _joined(name: str, parts: Sequence[str]) -> str:
    return f"{name}({','.join(sorted(parts) if name in _COMMUTES else parts)})"
