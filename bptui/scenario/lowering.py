"""Expressions to primitive steps: names resolved, functions unfolded, shapes checked, constants folded.

Two passes over every expression, each finding all the faults it can: `resolve` binds names, operations and their
options, once for each text; `lower` unfolds a resolved expression into steps and checks the shapes, once for each use.
A fault yields None where a value was expected, and whatever needs that value stays silent: one slip, one message.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Container, Iterable, Mapping, Sequence
from typing import Any, Literal, NamedTuple

import numpy as np
from msgspec import Struct

from bptui.limits import RAISED, Limits
from bptui.ops import OPERATIONS, numeric
from bptui.ops.operation import ATOM, SIGN, Operation, ShapeError, Written, shape_text
from bptui.scenario import expression as ast
from bptui.scenario.code import LONGEST_TEXT, Code, Unfolded, short
from bptui.scenario.expression import ExpressionError, Span, too_many_steps
from bptui.scenario.functions import Function, in_order
from bptui.scenario.notation import Shape, extent, index_text
from bptui.scenario.records import Line, Role, Value
from bptui.scenario.resolved import Apply, Constant, Invoke, Ref, Resolution, Resolved
from bptui.scenario.resolving import Hint, Report, Resolver

_WORTH_COPYING = 1000
"""From how many steps on what a function call unfolds into is copied where it was unfolded before."""


class Lowering:
    """The state of compiling one scenario: values and steps so far. Lines are added in order; faults go to `report`."""

    def __init__(self, limits: Limits, index_base: int, faulty: Iterable[str] = ()) -> None:
        self.limits = limits
        self.index_base = index_base
        self.functions: dict[str, Function] = {}
        self.code = Code(index_base)
        self.lines: dict[str, Line] = {}
        self.names: dict[str, int] = {}
        self.faulty = set(faulty)
        """Names whose definition is at fault: using them is no further fault."""
        self.elements = 0
        """How many elements a trace holds so far: of values, and of what every use of a value adds to its gradient."""
        self.products = 0
        """How many products matrix products and convolutions take so far."""
        self.used = bytearray()
        """By value, whether it was used: from the second use on, a gradient is held before and after."""
        self._fits: dict[tuple[int | str, ...], _Fit] = {}
        """By the operation, or by the identity of its options, which stand in one place, and the operands' shapes."""
        self._unfolded: dict[tuple[object, ...], _Unfolding] = {}
        """By function and what decides what a call of it unfolds into: long calls, to be copied."""

    @property
    def values(self) -> Sequence[Value]:
        return self.code.values

    # -- names ---------------------------------------------------------------------------------------------------

    def add_leaf(self, name: str, role: Role, shape: Shape, symbol: str | None) -> None:
        """Add a leaf; its numbers come when the program is run."""
        self.names[name] = self.code.add_leaf(name, role, shape, symbol)

    def add_line(
        self,
        name: str,
        text: str,
        later: Container[str],
        report: Report,
        origin: Literal["forward", "network"] = "forward",
    ) -> Shape | None:
        """Compile one forward line and return its shape, or None where it is at fault. `later` are the lines below."""
        resolved = self.resolve(text, self.names, report, later, own=name)
        first = self.code.begin_line(name)
        output = None
        if resolved is not None:
            output = self._line(resolved, _Place(name, report))
        if output is None:
            self.faulty.add(name)
            return None
        self.code.name(output, name)
        self.names[name] = output
        self.lines[name] = Line(name, text.strip(), output, first, len(self.code.steps), origin)
        return self.shape(name)

    def _line(self, resolved: Resolution, place: _Place) -> int | None:
        """Lower a whole line; what is no new value (`a = "b"`, a constant) gets a step of its own to carry the name."""
        cost = self._cost(resolved)
        if cost > self.limits.steps - len(self.code.steps):
            message, hint = too_many_steps(cost, self.limits.steps, len(self.code.steps))
            place.report(message, resolved.tree.span, hint)
            return None
        try:
            output = self._lower(resolved.tree, {}, place)
        except RecursionError:
            place.report("functions call functions too deeply here", resolved.tree.span, "make fewer levels of them")
            return None
        if output is None or self.code.is_unnamed(output):
            return output
        return self._emit(OPERATIONS["identity"], (output,), {}, resolved.tree.span, place)

    def shape(self, name: str) -> Shape:
        """Return the shape of a leaf or line."""
        return self.values[self.names[name]].shape

    def element_shown_as(self, text: str) -> str | None:
        """Return how to write the element that is shown glued, `x[2]` for `x2`; None where `text` shows none."""
        for name, identity in self.names.items():
            value = self.values[identity]
            if value.symbol is None or not value.shape or not text.startswith(value.symbol):
                continue
            parts = text.removeprefix(value.symbol).split("_")
            if len(parts) == len(value.shape) and all(part.isdecimal() and len(part) < 10 for part in parts):
                index = [int(part) - self.index_base for part in parts]
                if all(0 <= at < length for at, length in zip(index, value.shape, strict=True)):
                    return name + index_text(index, 0).replace(",", ", ")
        return None

    def add_functions(self, declared: Sequence[Function], report: Callable[[str], Report]) -> None:
        """Add the scenario's functions, which may call each other in any order; `report(name)` is for that body."""
        self.functions = {function.name: function for function in declared}
        for function in declared:
            function.body = self.resolve(function.text, function.parameters, report(function.name))
        order, circles, closing = in_order({f.name: tuple(f.body.calls) if f.body else () for f in declared})
        for circle in circles:
            name, text = circle[0], self.functions[circle[0]].text
            shown = " → ".join(f"`{one}`" for one in [*circle, name])
            hint = f"{shown}: a function is written out where it is called, so this would never end"
            report(name)(f"`{name}` calls itself", (0, len(text)), hint)
        for name in order:
            function = self.functions[name]
            if function.body is not None and (name in closing or not closing.isdisjoint(function.body.calls)):
                function.body = None  # it would never end, and neither does what calls it: that is told already
                closing.add(name)
            function.cost = self._cost(function.body) if function.body else 0

    def _cost(self, body: Resolution) -> int:
        """Return how many steps `body` unfolds into at most, counted without unfolding it."""
        return body.steps + sum(count * (self.functions[name].cost + 1) for name, count in body.calls.items())

    # -- resolving: names, operations, options ---------------------------------------------------------------------

    def resolve(
        self, text: str, names: Collection[str], report: Report, later: Container[str] = (), own: str = ""
    ) -> Resolution | None:
        """Parse `text` and bind its names to `names`, the functions and the operations; report every fault."""
        try:
            tree = ast.parse_expression(text, self.limits)
        except ExpressionError as fault:
            report(fault.message, fault.span, fault.hint)
            return None
        resolver = Resolver(self, names, report, later, own)
        resolved = resolver.resolve(tree)
        return Resolution(resolved, resolver.steps, resolver.calls) if resolved is not None else None

    # -- lowering: steps, shapes, constants ------------------------------------------------------------------------

    def _lower(self, node: Resolved, scope: Mapping[str, int | None], place: _Place) -> int | None:
        if isinstance(node, Constant):
            return self._constant(np.float64(node.value), Written(node.text, ATOM if node.value >= 0 else SIGN))
        if isinstance(node, Ref):
            if node.name in scope:
                return scope[node.name]
            return self.names.get(node.name)
        if isinstance(node, Invoke):
            return self._unfold(node, scope, place)
        chain = [node]  # down the first operands in a loop: a sum of a thousand terms is not deep
        while isinstance(first := chain[-1].operands[0], Apply):
            chain.append(first)
        result = self._lower(first, scope, place)
        for link in reversed(chain):
            operands = [result, *(self._lower(operand, scope, place) for operand in link.operands[1:])]
            inputs = tuple(operand for operand in operands if operand is not None)
            complete = len(inputs) == len(operands)
            result = self._emit(link.operation, inputs, link.params, link.span, place) if complete else None
        return result

    def _unfold(self, node: Invoke, scope: Mapping[str, int | None], place: _Place) -> int | None:
        function = self.functions[node.function]
        arguments = [self._lower(argument, scope, place) for argument in node.arguments]
        if function.body is None or any(argument is None for argument in arguments):
            return None
        given = tuple(argument for argument in arguments if argument is not None)
        pattern = self._pattern(function, given)
        if pattern is not None and (known := self._unfolded.get(pattern)) is not None and self._has_room(known):
            return self._copied(known, given, place.call, place.span or node.span)
        begun = len(self.code.values), len(self.code.steps), len(self.code.calls), self.elements, self.products
        call = self.code.add_call(function.name, given, place.call)
        inside = place.inside(call, node.span, function.name)
        result = self._lower(function.body.tree, dict(zip(function.parameters, arguments, strict=True)), inside)
        self.code.end_call(call)
        if pattern is not None and result is not None:
            self._unfolded[pattern] = self._recorded(given, result, *begun)
        return result

    # -- unfolding once more -----------------------------------------------------------------------------------------

    def _pattern(self, function: Function, given: tuple[int, ...]) -> tuple[object, ...] | None:
        """Return what decides what a call unfolds into and takes; None where it is short, or folds constants."""
        if function.cost < _WORTH_COPYING or any(map(self.code.is_constant, given)):
            return None
        self._see_all()
        return (function.name, *((self.code.shape[one], self.used[one], given.index(one)) for one in given))

    def _recorded(
        self, given: tuple[int, ...], result: int, value: int, step: int, call: int, elements: int, products: int
    ) -> _Unfolding:
        """Return what a call was unfolded into, and what it took, given where it began."""
        self._see_all()
        values = range(value, len(self.code.values))
        steps, calls = range(step, len(self.code.steps)), range(call, len(self.code.calls))
        return _Unfolding(
            Unfolded(given, values, steps, calls, result),
            self.elements - elements,
            self.products - products,
            bytes(self.used[value:]),
            tuple(self.used[one] for one in given),
        )

    def _has_room(self, known: _Unfolding) -> bool:
        """Return whether a call fits into the limits once more; else it is unfolded up to the step that does not."""
        elements, products = self.elements + known.elements, self.products + known.products
        return elements <= self.limits.total_elements and products <= self.limits.products

    def _copied(self, known: _Unfolding, given: tuple[int, ...], parent: int, span: Span) -> int:
        self._see_all()
        result = self.code.copy_call(known.made, given, parent, span)
        self.elements += known.elements
        self.products += known.products
        self.used.extend(known.used)
        for one, used in zip(given, known.used_given, strict=True):
            self.used[one] = used
        return result

    def _see_all(self) -> None:
        """Let `used` tell of all values that there are."""
        self.used.extend(bytes(len(self.code.values) - len(self.used)))

    def _constant(self, number: Any, written: Written) -> int:
        array = np.asarray(number, dtype=np.float64)
        array.flags.writeable = False
        return self.code.add_constant(array, written)

    def _emit(
        self, operation: Operation, inputs: tuple[int, ...], params: Mapping[str, Any], span: Span, place: _Place
    ) -> int | None:
        """Append one step and return its output's id; None, and a report, where the operands do not fit."""
        fit = self._fit(operation, inputs, params, span, place)
        if fit is None:
            return None
        if not self._counted(fit, inputs, span, place):
            return None
        if all(map(self.code.is_constant, inputs)) and operation.name != "identity":
            return self._fold(operation, inputs, params, span, place)
        return self.code.add_step(
            fit.kind, inputs, fit.shape, place.call, span if place.call < 0 else place.span or span
        )

    def _fit(
        self, operation: Operation, inputs: tuple[int, ...], params: Mapping[str, Any], span: Span, place: _Place
    ) -> _Fit | None:
        """Return the shape that an operation results in, asked once for the same shapes; None where they do not fit."""
        shapes = [self.code.shape[operand] for operand in inputs]
        key = (id(params) if params else operation.name, *shapes)
        found = self._fits.get(key)
        if found is not None:
            return found
        try:
            shape = operation.shape(tuple(self.code.shapes[one] for one in shapes), **params)
        except ShapeError as fault:
            operands = [self.values[operand] for operand in inputs]
            written = self.code.expression(operation, inputs, params)
            hint = "shapes: " + ", ".join(f"{operand.text}: {shape_text(operand.shape)}" for operand in operands[:6])
            if operation.name == "index":  # as it stands in the expression
                written = operation.written([operand.written for operand in operands], params)
                if self.index_base == 1:
                    hint += "; indices in expressions count from 0, also with index_base = 1"
            place.report(f"`{short(written.text, operation.name)}` does not fit: {fault}", span, hint)
            return None
        size = math.prod(shape)
        if (room := extent(shape)) > self.limits.array_elements:
            text = self.code.expression(operation, inputs, params).text
            were = "" if size else ", were it not empty"
            place.report(
                f"`{short(text, operation.name)}` would have shape {shape_text(shape)}: {room:,} elements{were}",
                span,
                f"the limit is {self.limits.array_elements:,} elements in one array; {RAISED.format('array_elements')}",
            )
            return None
        given = tuple(self.code.shapes[one] for one in shapes)
        self._fits[key] = found = _Fit(
            kind=self.code.add_kind(operation, params),
            shape=self.code.number_of_shape(shape),
            size=size,
            products=size * operation.terms(given) if operation.terms else 0,
            passing=tuple(math.prod(one) * operation.passes(slot) for slot, one in enumerate(given)),
            params=params,
        )
        return found

    def _counted(self, fit: _Fit, inputs: tuple[int, ...], span: Span, place: _Place) -> bool:
        """Count what a step adds to the trace and to the work; False, and a report, where that becomes too much."""
        elements, products = self.elements, self.products
        self.elements += fit.size
        self._see_all()
        for operand, size in zip(inputs, fit.passing, strict=True):
            if size and not self.code.is_constant(operand):
                self.elements += size * (1 + self.used[operand])
                self.used[operand] = 1
        self.products += fit.products
        for name, before, now, limit in (
            ("total_elements", elements, self.elements, self.limits.total_elements),
            ("products", products, self.products, self.limits.products),
        ):
            if before <= limit < now:
                what = "the trace holds {0:,} elements" if name == "total_elements" else "there are {0:,} products"
                hint = f"the limit is {limit:,} in all; {RAISED.format(name)}"
                place.report(f"up to here {what.format(now)}, gradients included", span, hint)
        return self.elements <= self.limits.total_elements and self.products <= self.limits.products

    def _fold(
        self,
        operation: Operation,
        inputs: tuple[int, ...],
        params: Mapping[str, Any],
        span: Span,
        place: _Place,
    ) -> int | None:
        """Compute an operation on constants now: `-1/2` is one number to the reader, not two steps."""
        numbers = [self.values[operand].constant for operand in inputs]
        with np.errstate(all="ignore"):
            chosen = operation.choose(*numbers, **params) if operation.choose else {}
            number = operation.forward(numeric, *numbers, **params, **chosen)
        written = self.code.expression(operation, inputs, params)
        if not np.all(np.isfinite(number)):
            place.report(
                f"`{short(written.text, operation.name)}` is no finite number",
                span,
                "constants are float64: at most about 1.8e308, and nothing divided by 0",
            )
            return None
        return self._constant(number, written if len(written.text) <= LONGEST_TEXT else Written("(…)", ATOM))


class _Fit(NamedTuple):
    """What an operation results in, and what it takes, for operands of some shapes. `kind` and `shape` are indices."""

    kind: int
    shape: int
    size: int
    products: int
    """How many products the operation takes, where it is one of those that are bounded."""
    passing: tuple[int, ...]
    """The size of each operand that a gradient passes into, 0 for others."""
    params: Mapping[str, Any]
    """The options, held on to so that their identity stays theirs."""


class _Unfolding(NamedTuple):
    """What a call was unfolded into, and what it took."""

    made: Unfolded
    elements: int
    products: int
    used: bytes
    """Of its values, whether they were used when it was unfolded."""
    used_given: tuple[int, ...]
    """Of the values that it was given, whether they are used then."""


class _Place(Struct, frozen=True):
    """Where steps are being emitted: the line, the function call they come from, and how faults there are reported."""

    line: str
    report_at: Report
    call: int = -1
    span: Span | None = None
    function: str = ""

    def inside(self, call: int, span: Span, function: str) -> _Place:
        """Return the place inside a function call; faults there point at the call in the line itself."""
        return _Place(self.line, self.report_at, call, self.span or span, function)

    def report(self, message: str, span: Span, hint: Hint) -> None:
        if self.function:
            message = f"inside {self.function}(…): {message}"
        self.report_at(message, self.span or span, hint)
