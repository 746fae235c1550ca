"""A scenario compiled: values, primitive steps and the operand slots that gradients flow back through. Plain data.

Names, shapes, order and options were settled when it was made, so that running it checks nothing twice. A program
says nothing about numbers: the same one is run with any values of its leaves.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from bptui.ops.operation import ATOM
from bptui.scenario.code import Code, Columns, Records
from bptui.scenario.notation import Shape, glued, index_text, unravel
from bptui.scenario.records import Array, ForwardStep, FunctionCall, Line, Role, Slot, Value

__all__ = ["Array", "ForwardStep", "FunctionCall", "Line", "Program", "Role", "Slot", "Value"]

_VALUES_KEPT = 256
"""Of how many values the slots are remembered."""


class Program(Struct, frozen=True, eq=False, dict=True):
    """All values, forward steps and backward slots of one scenario, and the target whose gradient is taken.

    `code` holds them as arrays of numbers; `values`, `steps`, `calls` and `slots` make records of them.
    """

    code: Code
    steps: Sequence[ForwardStep]
    """The steps of `code`, or others in their places."""
    lines: Mapping[str, Line]
    names: Mapping[str, int]
    """Every named value's id: leaves first, then lines in their order."""
    target: int
    wrt: tuple[str, ...]
    loss: str
    """The name that stands for the differentiated scalar in `dL/dx`: the target's own, or that of the unseen loss."""
    seeded: bool
    """Whether the target feeds a scalar that the scenario does not contain, through a seed."""
    index_base: int

    @property
    def values(self) -> Sequence[Value]:
        return self.code.values

    @property
    def calls(self) -> Sequence[FunctionCall]:
        return self.code.calls

    def shape(self, value: int) -> Shape:
        """Return a value's shape without making its record."""
        return self.code.shapes[self.code.shape[value]]

    @cached_property
    def columns(self) -> Columns:
        """The steps as arrays of numbers, for those who go through all of them."""
        return self.code.columns if self.steps is self.code.steps else Columns.of(self.steps)

    @cached_property
    def constant(self) -> NDArray[np.bool_]:
        """By value, whether it is a constant."""
        return self.code.constant()

    @cached_property
    def carrying(self) -> NDArray[np.bool_]:
        """For each place in `columns.operands`, whether a gradient flows back through it: there is a slot for each.

        It does where the operand is no constant and a gradient can pass into it, of steps whose output it reaches.
        """
        return _carrying(self)

    @cached_property
    def slot_columns(self) -> SlotColumns:
        """The slots as arrays of numbers, for those who go through all of them."""
        return SlotColumns(self)

    @cached_property
    def slots(self) -> Sequence[Slot]:
        """The backward steps in order: steps in reverse, each step's operands from left to right.

        A step's turn comes only when all steps that use its output have had theirs, so what it passes on is whole.
        Constants, and operands that no gradient passes into, have no slot.
        """
        count = int(np.count_nonzero(self.carrying))
        return Records(lambda: count, lambda index: self.slot_columns.record(index))

    @cached_property
    def last_slot(self) -> Mapping[int, int]:
        """For each value that a gradient reaches, the slot after which its gradient is complete."""
        return _Places(self.slot_columns.last, self.slot_columns.reached)

    @cached_property
    def producer(self) -> Mapping[int, int]:
        """For each value that a step computes, that step's index."""
        return _Places(self.code.source, lambda: iter(self.columns.outputs))

    def uses(self, value: int) -> list[tuple[int, int]]:
        """Return the (step, slot) pairs that use a value and let a gradient pass, in order."""
        return [(step, slot) for step, slot in self.operands_at(value) if self.columns.passing(step)[slot]]

    def operands_at(self, value: int) -> list[tuple[int, int]]:
        """Return the (step, slot) pairs that use a value, in order, whether or not a gradient passes."""
        places, starts = self._users
        return self.columns.at(places[starts[value] : starts[value + 1]])

    @cached_property
    def _users(self) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """The places in `columns.operands`, by the value that stands there, and where each value's begin."""
        operands = np.asarray(self.columns.operands)
        places = np.argsort(operands, kind="stable")
        return places, np.searchsorted(operands[places], np.arange(len(self.values) + 1))

    def element_name(self, value: int, flat: int) -> str:
        """Return how element `flat` of a value is shown: `W2(1,1)`, `x0`, `(W1 @ x)[0]`; a scalar has no index."""
        record = self.values[value]
        index = unravel(flat, record.shape)
        if record.symbol is not None:
            return glued(record.symbol, index, self.index_base)
        if not index:
            return record.brief.text
        return record.brief.within(ATOM) + index_text(index, self.index_base)

    def operand_name(self, value: int, flat: int) -> str:
        """Return how element `flat` of a value stands behind a d or a sign: a scalar's expression in parentheses."""
        record = self.values[value]
        return self.element_name(value, flat) if record.shape or record.symbol else record.brief.within(ATOM)

    def derivative_name(self, value: int, flat: int | None = None, brief: bool = False) -> str:
        """Return how the target's derivative with respect to a value, or one element of it, is shown: `dL/dW2(1,1)`.

        `brief` leaves out what is long in the expression of an unnamed value. What was picked out of a value by an
        index is a copy: dL/dx[0] is the total derivative, to which the copy's gradient is one contribution.
        """
        record = self.values[value]
        if flat is not None and record.shape:
            name = self.element_name(value, flat)
        else:
            name = (record.brief if brief or flat is not None else record.written).within(ATOM)
        producer = self.producer.get(value)
        if record.name is None and producer is not None and self.columns.operation(producer).name == "index":
            name = f"(copy of {name})"
        return f"d{self.loss}/d{name}"


class SlotColumns:
    """The slots of a program as arrays of numbers, with the names of the fields of `Slot`."""

    def __init__(self, program: Program) -> None:
        columns = program.columns
        starts, operands = np.asarray(columns.starts), np.asarray(columns.operands)
        places = np.flatnonzero(program.carrying)
        steps = np.repeat(np.arange(len(columns), dtype=np.intc), np.diff(starts))[places]
        count = np.bincount(steps, minlength=len(columns))
        # in the order of the steps, slot i would be number i; with the last step first, all after its step come before
        shift = (count + len(places) - 2 * np.cumsum(count)).astype(np.intc)
        order = np.arange(len(places), dtype=np.intc) + shift[steps]
        self.step, self.slot, self.target = (
            _in_order(numbers, order) for numbers in (steps, places - starts[steps], operands[places])
        )
        at = np.full(len(operands), -1, np.intc)
        at[places] = order
        self.at = _numbers(at)
        """By place in `columns.operands`, the slot through which a gradient flows back there; −1 where none does."""
        target = np.asarray(self.target)
        by_target = np.argsort(target, kind="stable")
        again = np.flatnonzero(np.diff(target[by_target]) == 0)
        previous = np.full(len(places), -1, np.intc)
        previous[by_target[again + 1]] = by_target[again]
        self.previous = _numbers(previous)
        latest = np.full(len(program.code.shape), -1, np.intc)
        np.maximum.at(latest, target, np.arange(len(places), dtype=np.intc))
        self.last = _numbers(latest)
        """By value, its last slot; −1 where no gradient arrives."""
        self._by_target = _numbers(by_target.astype(np.intc))
        self._kept: dict[int, Sequence[int]] = {}

    def record(self, index: int) -> Slot:
        return Slot(index, self.step[index], self.slot[index], self.target[index], self.previous[index])

    def of(self, value: int) -> Sequence[int]:
        """Return the slots that add to a value's gradient, in order."""
        found = self._kept.get(value)
        if found is None:
            first = bisect_left(self._by_target, value, key=self.target.__getitem__)
            after = bisect_right(self._by_target, value, first, key=self.target.__getitem__)
            if len(self._kept) >= _VALUES_KEPT:
                self._kept.clear()
            self._kept[value] = found = self._by_target[first:after]
        return found

    def reached(self) -> Iterator[int]:
        """Yield the values that a gradient reaches, in the order in which it does."""
        return (target for target, previous in zip(self.target, self.previous, strict=True) if previous < 0)


def _carrying(program: Program) -> NDArray[np.bool_]:
    """Return `program.carrying`: steps that nothing uses are sorted out, and then those that only they use."""
    columns = program.columns
    starts, operands, outputs = np.asarray(columns.starts), np.asarray(columns.operands), columns.outputs
    carrying: NDArray[np.bool_] = ~program.constant[operands]
    operations = {kind.operation.name: kind.operation for kind in columns.kinds}
    closed = {name: operation.closed for name, operation in operations.items()}
    for slots in filter(None, set(closed.values())):
        kinds = np.array([closed[kind.operation.name] == slots for kind in columns.kinds])
        steps = np.flatnonzero(kinds[np.asarray(columns.kind)])
        for slot in slots:
            carrying[starts[steps] + slot] = False

    uses = np.bincount(operands[carrying], minlength=len(program.code.shape))
    uses[program.target] += 1
    idle = np.flatnonzero(uses[np.asarray(outputs)] == 0).tolist()
    while idle:
        step = idle.pop()
        for place in range(columns.starts[step], columns.starts[step + 1]):
            if carrying[place]:
                carrying[place] = False
                operand = columns.operands[place]
                uses[operand] -= 1
                if not uses[operand] and program.code.source[operand] >= 0:
                    idle.append(program.code.source[operand])
    return carrying


def _in_order(numbers: NDArray[Any], order: NDArray[np.intc]) -> array[int]:
    """Return `numbers`, each in the place that `order` gives it."""
    ordered = np.empty(len(numbers), np.intc)
    ordered[order] = numbers
    return _numbers(ordered)


def _numbers(numbers: NDArray[np.intc]) -> array[int]:
    return array("i", numbers.tobytes())


class _Places(Mapping[int, int]):
    """An array of places by value as a mapping; negative is nowhere. `keys` yields the values that have one."""

    def __init__(self, places: Sequence[int], keys: Callable[[], Iterator[int]]) -> None:
        self._places, self._keys = places, keys

    def __getitem__(self, value: int) -> int:
        place = self._places[value] if 0 <= value < len(self._places) else -1
        if place < 0:
            raise KeyError(value)
        return place

    def get(self, value: int, default: Any = None) -> Any:
        place = self._places[value] if 0 <= value < len(self._places) else -1
        return default if place < 0 else place

    def __contains__(self, value: object) -> bool:
        return isinstance(value, int) and 0 <= value < len(self._places) and self._places[value] >= 0

    def __iter__(self) -> Iterator[int]:
        return self._keys()

    def __len__(self) -> int:
        return sum(1 for _ in self._keys())
