"""What the lines of a scenario unfold into, as arrays of whole numbers: values, steps and function calls.

A program may have a million steps. As objects with their texts they take a kilobyte each, and Python's garbage
collector walks them all again and again; as numbers a step takes some fifty bytes that it never looks at. Records
(`Value`, `ForwardStep`, `FunctionCall`) are made when they are asked for, and their texts with them: the text of a
value follows from its step and from the texts of the operands.
"""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from types import MappingProxyType
from typing import Any, TypeVar

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from bptui.ops.operation import ATOM, Operation, Written
from bptui.scenario.classes import Numbers, any_in_row, classes, ragged
from bptui.scenario.expression import Span
from bptui.scenario.notation import Shape, glued
from bptui.scenario.records import Array, ForwardStep, FunctionCall, Role, Value
from bptui.sequences import OneByOne

T = TypeVar("T")

_AS_THEY_ARE: Mapping[int, int] = MappingProxyType({})

LONGEST_TEXT = 160
"""An expression whose text is longer is shown by the number of its value, `#17`: functions unfold without bound."""

LONGEST_BRIEF = 18
"""How long the text of an unnamed value may be where space is short; of a longer one the operation alone is written."""

_RECORDS_KEPT = 8192
"""How many records, and how many texts, are remembered; a program with fewer is soon made of all its records."""

_LONG, _NUMBERED = 1, 2
"""Of a value: its text is too long; its brief text is too long or would be another's too."""


def short(text: str, otherwise: str) -> str:
    """Return `text`, or the other one where it is too long to be shown."""
    return text if len(text) <= LONGEST_TEXT else otherwise


class Records(OneByOne[T]):
    """A sequence whose records are made when they are asked for. Of a program's, some thousands are remembered."""

    def __init__(self, length: Callable[[], int], make: Callable[[int], T]) -> None:
        self._length, self._make = length, make
        self._kept: dict[int, T] = {}

    def __len__(self) -> int:
        return self._length()

    def __getitem__(self, index: Any) -> Any:
        found = self._kept.get(index) if type(index) is int else None  # the way that is gone most
        return super().__getitem__(index) if found is None else found

    def _item(self, index: int) -> T:
        index = self._place(index)
        found = self._kept.get(index)
        if found is not None:
            return found
        if len(self._kept) >= _RECORDS_KEPT:
            self._kept.clear()
        self._kept[index] = made = self._make(index)
        return made

    def forget(self, index: int) -> None:
        """Make a record anew when it is next asked for: what it says has changed."""
        self._kept.pop(index, None)


class Kind(Struct, frozen=True):
    """What many steps have in common: the operation with its options."""

    operation: Operation
    params: Mapping[str, Any]


class Columns:
    """The steps alone, for those who go through all of them: a number for each step, and its operands in a row."""

    def __init__(self) -> None:
        self.kinds: list[Kind] = []
        self.kind = array("i")
        """By step, an index into `kinds`."""
        self.starts = array("i", [0])
        self.operands = array("i")
        """Step i takes the values `operands[starts[i]:starts[i + 1]]`."""
        self.outputs = array("i")
        self._passing: dict[int, tuple[bool, ...]] = {}

    @classmethod
    def of(cls, steps: Sequence[ForwardStep]) -> Columns:
        """Return the columns of steps that are there as records."""
        columns = cls()
        for step in steps:
            columns.kinds.append(Kind(step.operation, step.params))
            columns.append(len(columns.kinds) - 1, step.inputs, step.output)
        return columns

    def append(self, kind: int, inputs: Sequence[int], output: int) -> None:
        self.kind.append(kind)
        self.operands.extend(inputs)
        self.starts.append(len(self.operands))
        self.outputs.append(output)

    def __len__(self) -> int:
        return len(self.kind)

    def inputs(self, step: int) -> array[int]:
        """Return the ids of the values that a step takes."""
        return self.operands[self.starts[step] : self.starts[step + 1]]

    def at(self, places: NDArray[np.intp]) -> list[tuple[int, int]]:
        """Return the step, and which of its operands it is, of each of some places in `operands`."""
        starts = np.asarray(self.starts)
        steps = np.searchsorted(starts, places, side="right") - 1
        return list(zip(steps.tolist(), (places - starts[steps]).tolist(), strict=True))

    def operation(self, step: int) -> Operation:
        return self.kinds[self.kind[step]].operation

    def passing(self, step: int) -> tuple[bool, ...]:
        """Return for each operand of a step whether a gradient can flow back into it."""
        kind = self.kind[step]
        found = self._passing.get(kind)
        if found is None:
            count = self.starts[step + 1] - self.starts[step]
            found = self._passing[kind] = tuple(map(self.kinds[kind].operation.passes, range(count)))
        return found

    @cached_property
    def rules(self) -> list[tuple[Callable[..., Any], Callable[..., Any] | None, Mapping[str, Any]]]:
        """By kind, what computes a step, what it chooses by looking at its inputs, and the options of both.

        These are dicts, which Python passes on at half the cost.
        """
        return [(kind.operation.forward, kind.operation.choose, dict(kind.params)) for kind in self.kinds]

    def used(self) -> list[Kind]:
        """Return the kinds of the steps that there are; others were tried out on constants."""
        return [self.kinds[kind] for kind in sorted(set(self.kind))]


def _copy(numbers: array[int], part: range, by: int = 0, instead: Mapping[int, int] = _AS_THEY_ARE) -> None:
    """Append a part of `numbers` once more, each with `by` added, or another number `instead`."""
    begun = len(numbers)
    numbers.extend(numbers[part.start : part.stop])
    copied = np.asarray(numbers)[begun:]
    copied += np.intc(by)
    places = [(copied == number + by, new) for number, new in instead.items()]
    for some, new in places:
        copied[some] = new


class _Given(Struct, frozen=True):
    """A leaf, or a constant and all others like it."""

    name: str | None
    role: Role
    written: Written
    symbol: str | None = None
    constant: Array | None = None


class Unfolded(Struct, frozen=True):
    """What a function call was unfolded into: its values, steps and calls, the result's id, and what it took."""

    arguments: tuple[int, ...]
    values: range
    steps: range
    calls: range
    result: int


class Code:
    """Values, steps and calls, in the making and as they stay: who compiles appends, who reads takes records."""

    def __init__(self, index_base: int) -> None:
        self._index_base = index_base
        self.columns = Columns()
        self.shapes: list[Shape] = []
        self.shape = array("i")
        """By value, an index into `shapes`."""
        self.source = array("i")
        """By value, the step that computes it, or −1 and less for what is given."""
        self._flags = bytearray()
        self._given: list[_Given] = []
        self._names: dict[int, str] = {}
        self._call = array("i")
        self._span = array("i")
        self._spans: list[Span] = []
        self._functions: list[str] = []
        self._function, self._parent = array("i"), array("i")
        self._argument_starts, self._arguments = array("i", [0]), array("i")
        self._first_inside, self._after_inside = array("i"), array("i")
        self._lines: list[str] = []
        self._first_steps: list[int] = []
        self._first_calls: list[int] = []
        self._numbers: dict[tuple[str, Any], int] = {}
        """The index of each shape, span, function and constant that has one."""
        self._briefs: dict[str, str] = {}
        """Which expression each short text stands for, so that none stands for two."""
        self._texts: dict[int, Written] = {}
        self.values: Records[Value] = Records(self.shape.__len__, self._value)
        self.steps: Records[ForwardStep] = Records(self.columns.kind.__len__, self._step)
        self.calls: Records[FunctionCall] = Records(self._function.__len__, self._function_call)

    # -- compiling -----------------------------------------------------------------------------------------------

    def add_leaf(self, name: str, role: Role, shape: Shape, symbol: str | None) -> int:
        """Append a leaf and return its id."""
        self._given.append(_Given(name, role, Written(name, ATOM), symbol))
        return self._append(self.number_of_shape(shape), -len(self._given))

    def add_constant(self, number: Array, written: Written) -> int:
        """Append a constant and return its id; its array is shared with all others like it."""
        key = (number.shape, number.tobytes(), written)
        index = self._numbers.get(("constant", key))
        if index is None:
            self._given.append(_Given(None, "constant", written, constant=number))
            self._numbers["constant", key] = index = len(self._given)
        return self._append(self.number_of_shape(number.shape), -index)

    def begin_line(self, name: str) -> int:
        """Let the steps that follow belong to a line; return the index of the first."""
        self._lines.append(name)
        self._first_steps.append(len(self.columns))
        self._first_calls.append(len(self._function))
        return len(self.columns)

    def name(self, value: int, name: str) -> None:
        """Give what a line results in the line's name."""
        self._names[value] = name
        self._texts.pop(value, None)
        self.values.forget(value)

    def add_kind(self, operation: Operation, params: Mapping[str, Any]) -> int:
        """Return the index of a new kind; of the one there is already, where it has no options."""
        key = ("kind", operation.name)
        if params or key not in self._numbers:
            self._numbers[key] = len(self.columns.kinds)
            self.columns.kinds.append(Kind(operation, MappingProxyType(dict(params))))
        return self._numbers[key]

    def add_call(self, function: str, arguments: Sequence[int], parent: int) -> int:
        """Append a function call and return its index."""
        self._function.append(self._number("function", function, self._functions))
        self._parent.append(parent)
        self._arguments.extend(arguments)
        self._argument_starts.append(len(self._arguments))
        self._first_inside.append(len(self.columns))
        self._after_inside.append(-1)
        return len(self._function) - 1

    def end_call(self, call: int) -> None:
        """Let the steps that follow belong to a call no longer."""
        self._after_inside[call] = len(self.columns)

    def copy_call(self, made: Unfolded, arguments: Sequence[int], parent: int, span: Span) -> int:
        """Append once more what a call was unfolded into, for other arguments of the same shapes; return its result.

        It is copied as arrays, in a small part of the time. Values without a name are written by their numbers.
        """
        columns, values, steps, calls = self.columns, made.values, made.steps, made.calls
        by_value = len(self.shape) - values.start
        by_step, by_call = len(columns) - steps.start, len(self._function) - calls.start

        instead = dict(zip(made.arguments, arguments, strict=True))
        operands = range(columns.starts[steps.start], columns.starts[steps.stop])
        _copy(columns.starts, range(steps.start + 1, steps.stop + 1), len(columns.operands) - operands.start)
        _copy(columns.operands, operands, by_value, instead)
        _copy(columns.outputs, steps, by_value)
        _copy(columns.kind, steps)
        self._span.extend(array("i", [self._number("span", span, self._spans)]) * len(steps))
        _copy(self._call, steps, by_call)

        _copy(self.shape, values)
        _copy(self.source, values)
        source = np.asarray(self.source)[-len(values) :] if values else np.zeros(0, np.intc)
        computed = source >= 0
        source[computed] += np.intc(by_step)
        self._flags.extend((computed * np.uint8(_LONG | _NUMBERED)).tobytes())
        del source  # it keeps the array from growing

        arguments_of = range(self._argument_starts[calls.start], self._argument_starts[calls.stop])
        _copy(self._argument_starts, range(calls.start + 1, calls.stop + 1), len(self._arguments) - arguments_of.start)
        _copy(self._arguments, arguments_of, by_value, instead)
        _copy(self._function, calls)
        self._parent.append(parent)
        _copy(self._parent, calls[1:], by_call)
        _copy(self._first_inside, calls, by_step)
        _copy(self._after_inside, calls, by_step)
        return instead.get(made.result, made.result + by_value)

    def add_step(self, kind: int, inputs: Sequence[int], shape: int, call: int, span: Span) -> int:
        """Append a step and the value that it computes; return that value's id."""
        step, value = len(self.columns), len(self.shape)
        self.columns.append(kind, inputs, value)
        self._call.append(call)
        self._span.append(self._number("span", span, self._spans))
        self._append(shape, step)
        full = self._expression(step)
        if len(full.text) > LONGEST_TEXT:
            self._flags[value] = _LONG
            self._keep_text(value, Written(f"#{value}", ATOM))
        else:
            self._keep_text(value, full)
        brief = self._shortened(step, full).text
        if len(brief) > LONGEST_BRIEF or self._briefs.setdefault(brief, full.text) != full.text:
            self._flags[value] |= _NUMBERED
        return value

    def finish(self) -> None:
        """Let go of what only compiling needs."""
        self._numbers.clear()
        self._briefs.clear()

    def number_of_shape(self, shape: Shape) -> int:
        """Return the index of a shape in `shapes`."""
        return self._number("shape", shape, self.shapes)

    def _append(self, shape: int, source: int) -> int:
        self.shape.append(shape)
        self.source.append(source)
        self._flags.append(0)
        return len(self.shape) - 1

    def _number(self, kind: str, thing: Any, things: list[Any]) -> int:
        """Return the index of `thing` in `things`, where equal ones stand once."""
        found = self._numbers.get((kind, thing))
        if found is None:
            self._numbers[kind, thing] = found = len(things)
            things.append(thing)
        return found

    def is_unnamed(self, value: int) -> bool:
        """Return whether a value is the result of a step and has no name."""
        return self.source[value] >= 0 and value not in self._names

    def is_constant(self, value: int) -> bool:
        source = self.source[value]
        return source < 0 and self._given[-source - 1].constant is not None

    def constants(self) -> list[Array | None]:
        """Return for each value its array where it is a constant, None for all others."""
        arrays = np.empty(len(self._given) + 1, object)
        for index, given in enumerate(self._given, 1):
            arrays[index] = given.constant
        found: list[Array | None] = arrays.take(self._given_as()).tolist()
        return found

    def constant(self) -> NDArray[np.bool_]:
        """Return for each value whether it is a constant."""
        return np.array([False, *(given.constant is not None for given in self._given)])[self._given_as()]

    def first_constant(self, wanted: Callable[[Array], bool]) -> int | None:
        """Return the first constant whose array is `wanted`; those that are alike are asked for once."""
        found = [constant is not None and wanted(constant) for constant in (given.constant for given in self._given)]
        return int(np.argmax(np.array([False, *found])[self._given_as()])) if any(found) else None

    def _given_as(self) -> NDArray[np.intc]:
        """Return for each value its place in `_given`, counted from 1; 0 where it is computed."""
        given_as: NDArray[np.intc] = -np.minimum(np.asarray(self.source), 0)
        return given_as

    def inside(self, call: int) -> range:
        """Return the steps that a call was unfolded into, those of its inner calls included."""
        return range(self._first_inside[call], self._after_inside[call])

    def outermost_calls(self, first: int, after: int) -> NDArray[np.int32]:
        """Return which call in its line each of the steps `first` to `after` (exclusive) was unfolded from, or −1.

        A call's inner calls come after it, and before the next call that is in none.
        """
        calls = np.array(self._call[first:after], np.int32)
        outermost = np.flatnonzero(np.asarray(self._parent) < 0)
        unfolded = calls >= 0
        calls[unfolded] = outermost[np.searchsorted(outermost, calls[unfolded], side="right") - 1]
        return calls

    # -- what is written alike -----------------------------------------------------------------------------------

    @cached_property
    def alike(self) -> Numbers:
        """By value, a number that those share which are of one shape and written alike, but for their own numbers.

        Those are constants that are the same, and results written by numbers of as many digits.
        """
        source, shape = np.array(self.source, np.int64), np.array(self.shape, np.int64)
        ids = np.arange(len(source))
        numbered = np.frombuffer(bytes(self._flags), np.uint8) == (_LONG | _NUMBERED)
        numbered[list(self._names)] = False
        digits = np.searchsorted(10 ** np.arange(1, 10), ids, side="right")
        return np.select([source < 0, numbered], [3 * (-source - 1), 3 * (10 * shape + digits) + 1], 3 * ids + 2)

    @cached_property
    def calls_alike(self) -> Numbers:
        """By call, a number that those share which are written alike, but for numbers, and stand in calls alike."""
        starts, parents = np.array(self._argument_starts, np.int64), np.array(self._parent, np.int64)
        lines = np.searchsorted(self._first_calls, np.arange(len(parents)), side="right")
        arguments = ragged(self.alike, np.asarray(self._arguments), starts[:-1], starts[1:])
        found = classes([np.asarray(self._function), lines, *arguments])
        for around, inside in self._calls_around():
            found = classes([found, np.where(inside, found[around] + 1, 0)])
        return found

    def _calls_around(self) -> Iterator[tuple[Numbers, NDArray[np.bool_]]]:
        """Yield for each call the one that it is in, then the second, fourth, … around it, and whether there is one.

        What is joined with each of them in turn is joined with all.
        """
        around = np.array(self._parent, np.int64)
        while (inside := around >= 0).any():
            yield around, inside
            around = np.where(inside, around[around], -1)

    def steps_alike(self, steps: Numbers) -> list[Numbers]:
        """Return columns in which those of some steps agree that are written alike, forward and backward."""
        columns, calls = self.columns, np.asarray(self._call)[steps]
        starts = np.asarray(columns.starts)
        return [
            np.asarray(columns.kind)[steps],
            self.alike[np.asarray(columns.outputs)[steps]],
            np.where(calls >= 0, np.append(self.calls_alike, 0)[calls] + 1, 0),
            *ragged(self.alike, np.asarray(columns.operands), starts[steps], starts[steps + 1]),
        ]

    def written_with(self, values: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Return for each step whether it may be written with the number of one of `values`."""
        numbered, other = self.alike % 3 == 1, self.alike % 3 == 2  # others may be written with those of their own
        held = (numbered & values) | other
        calls = any_in_row(held[np.asarray(self._arguments)], np.array(self._argument_starts))
        for around, inside in self._calls_around():
            calls |= inside & calls[around]
        columns, call = self.columns, np.asarray(self._call)
        steps = any_in_row(held[np.asarray(columns.operands)], np.array(columns.starts))
        steps |= held[np.asarray(columns.outputs)] | ((call >= 0) & np.append(calls, False)[call])
        return steps

    # -- texts ---------------------------------------------------------------------------------------------------

    def written(self, value: int) -> Written:
        """Return a value as it stands in an expression: its name, or the expression it is the result of."""
        found = self._texts.get(value)
        if found is None:
            source, name = self.source[value], self._names.get(value)
            if name is not None:
                found = Written(name, ATOM)
            elif source < 0:
                found = self._given[-source - 1].written
            elif self._flags[value] & _LONG:
                found = Written(f"#{value}", ATOM)
            else:
                found = self._expression(source)
            self._keep_text(value, found)
        return found

    def expression(self, operation: Operation, inputs: Sequence[int], params: Mapping[str, Any]) -> Written:
        """Return a call as text; an element of a leaf with a symbol by its own name, `x0`."""
        if operation.name == "index":
            key, leaf = params["key"], self.values[inputs[0]]
            if leaf.symbol is not None and len(key) == len(leaf.shape) and all(isinstance(item, int) for item in key):
                index = [item % length if length else item for item, length in zip(key, leaf.shape, strict=True)]
                return Written(glued(leaf.symbol, index, self._index_base), ATOM)
        return operation.written([self.written(operand) for operand in inputs], params, self._index_base)

    def _expression(self, step: int) -> Written:
        """Return a step's own text, however long, in those of its operands."""
        kind = self.columns.kinds[self.columns.kind[step]]
        return self.expression(kind.operation, self.columns.inputs(step), kind.params)

    def _shortened(self, step: int, full: Written) -> Written:
        """Return a step's text with long operands as `…`; of a longer one the operation alone."""
        if len(full.text) <= LONGEST_BRIEF:
            return full
        kind = self.columns.kinds[self.columns.kind[step]]
        operands = (self.written(operand) for operand in self.columns.inputs(step))
        shown = [one if len(one.text) <= LONGEST_BRIEF // 2 else Written("…", ATOM) for one in operands]
        brief = kind.operation.written(shown, kind.params, self._index_base)
        if len(brief.text) > LONGEST_BRIEF and not kind.operation.symbol:
            brief = Written(f"{kind.operation.name}({shown[0].text}, …)", ATOM)
        return brief

    def _keep_text(self, value: int, written: Written) -> None:
        if len(self._texts) >= _RECORDS_KEPT:
            self._texts.clear()
        self._texts[value] = written

    # -- records -------------------------------------------------------------------------------------------------

    def _value(self, value: int) -> Value:
        shape, source, name = self.shapes[self.shape[value]], self.source[value], self._names.get(value)
        written = self.written(value)
        if source < 0:
            given = self._given[-source - 1]
            return Value(
                value, given.name, given.role, shape, written, written, symbol=given.symbol, constant=given.constant
            )
        if name is not None:
            return Value(value, name, "named", shape, written, written, line=name)
        numbered = self._flags[value] & _NUMBERED
        brief = Written(f"#{value}", ATOM) if numbered else self._shortened(source, self._expression(source))
        return Value(value, None, "intermediate", shape, written, brief, line=self._line(source))

    def _step(self, step: int) -> ForwardStep:
        kind, inputs = self.columns.kinds[self.columns.kind[step]], tuple(self.columns.inputs(step))
        operands = ", ".join(short(self.written(operand).text, "…") for operand in inputs[:8])
        return ForwardStep(
            step,
            kind.operation,
            inputs,
            kind.params,
            self.columns.outputs[step],
            self._line(step),
            short(self._expression(step).text, f"{kind.operation.name}({operands})"),
            self._call[step],
            self._spans[self._span[step]],
        )

    def _line(self, step: int) -> str:
        return self._lines[bisect_right(self._first_steps, step) - 1]

    def _function_call(self, call: int) -> FunctionCall:
        """Return a call, written as in its own line: what the line results in has no name there yet."""
        name = self._functions[self._function[call]]
        line = self._lines[bisect_right(self._first_calls, call) - 1]
        shown = []
        for argument in self._arguments[self._argument_starts[call] : self._argument_starts[call + 1]]:
            if self._names.get(argument) == line:
                shown.append(short(self._expression(self.source[argument]).text, f"#{argument}"))
            else:
                shown.append(self.written(argument).text)
        return FunctionCall(name, short(f"{name}({', '.join(shown)})", f"{name}(…)"), self._parent[call])
