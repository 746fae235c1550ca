"""A scenario compiled: values, primitive steps and the operand slots that gradients flow back through. Plain data.

Names, shapes, order and options were settled when it was made, so that running it checks nothing twice. A program
says nothing about numbers: the same one is run with any values of its leaves.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from bptui.ops.operation import ATOM, Operation, Written
from bptui.scenario.expression import Span
from bptui.scenario.notation import Shape, glued, index_text, unravel

Array = NDArray[np.float64]
Role = Literal["input", "parameter", "constant", "named", "intermediate"]


@dataclass(frozen=True, slots=True)
class Value:
    """One array of a program: a leaf, a constant, a forward line, or what stands between two operations of a line."""

    id: int
    name: str | None
    role: Role
    shape: Shape
    written: Written
    """The value as it stands in an expression: its name, or the expression it is the result of."""
    brief: Written
    """The same, short enough for a table: its name, or its outermost operation with long operands as `…`."""
    line: str | None = None
    """The forward line it belongs to; None for leaves."""
    symbol: str | None = None
    constant: Array | None = None

    @property
    def text(self) -> str:
        return self.written.text

    @property
    def size(self) -> int:
        size = 1
        for length in self.shape:
            size *= length
        return size


@dataclass(frozen=True, slots=True)
class ForwardStep:
    """One primitive operation: `output = operation(inputs, params)`; inputs and output are ids of values."""

    index: int
    operation: Operation
    inputs: tuple[int, ...]
    params: Mapping[str, Any]
    output: int
    line: str
    formula: str
    """The call in the names of its operands: `W1 @ x`."""
    call: int = -1
    """Which function call it was unfolded from: an index into `Program.calls`, −1 for none."""
    span: Span = (0, 0)
    """Where in the line's (or the function's) text it stands."""


@dataclass(frozen=True, slots=True)
class Slot:
    """One operand of one forward step that a gradient flows back through: the unit of a backward step."""

    index: int
    step: int
    slot: int
    target: int
    """The value whose gradient grows."""
    previous: int
    """The index of the slot that added to the same value before; −1 for the first."""


@dataclass(frozen=True, slots=True)
class FunctionCall:
    """A call that was unfolded: which function, as written with the caller's names, and inside which other call."""

    function: str
    text: str
    parent: int


@dataclass(frozen=True, slots=True)
class Line:
    """A named line: its expression as written, and the steps `first` to `last` (exclusive) that it unfolds into."""

    name: str
    text: str
    value: int
    first: int
    last: int
    origin: Literal["forward", "network"] = "forward"


@dataclass(frozen=True, eq=False)
class Program:
    """All values, forward steps and backward slots of one scenario, and the target whose gradient is taken."""

    values: tuple[Value, ...]
    steps: tuple[ForwardStep, ...]
    calls: tuple[FunctionCall, ...]
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

    @cached_property
    def slots(self) -> tuple[Slot, ...]:
        """The backward steps in order: steps in reverse, each step's operands from left to right.

        A step's turn comes only when all steps that use its output have had theirs, so what it passes on is whole.
        Constants, and operands that no gradient passes into, have no slot.
        """
        reached = bytearray(len(self.values))
        reached[self.target] = True
        last: dict[int, int] = {}
        found: list[Slot] = []
        for step in reversed(self.steps):
            if not reached[step.output]:
                continue
            for slot, operand in enumerate(step.inputs):
                if self.values[operand].role == "constant" or not step.operation.passes(slot):
                    continue
                reached[operand] = True
                found.append(Slot(len(found), step.index, slot, operand, last.get(operand, -1)))
                last[operand] = found[-1].index
        return tuple(found)

    @cached_property
    def last_slot(self) -> Mapping[int, int]:
        """For each value that a gradient reaches, the slot after which its gradient is complete."""
        return {slot.target: slot.index for slot in self.slots}

    @cached_property
    def producer(self) -> Mapping[int, int]:
        """For each value that a step computes, that step's index."""
        return {step.output: step.index for step in self.steps}

    @cached_property
    def users(self) -> Mapping[int, tuple[tuple[int, int], ...]]:
        """For each value, the (step, slot) pairs that use it and let a gradient pass, in order."""
        users: dict[int, list[tuple[int, int]]] = {}
        for step in self.steps:
            for slot, operand in enumerate(step.inputs):
                if step.operation.passes(slot):
                    users.setdefault(operand, []).append((step.index, slot))
        return {value: tuple(pairs) for value, pairs in users.items()}

    def element_name(self, value: int, flat: int) -> str:
        """Return how element `flat` of a value is shown: `W2(1,1)`, `x0`, `(W1 @ x)[0]`; a scalar has no index."""
        record = self.values[value]
        index = unravel(flat, record.shape)
        if record.symbol is not None:
            return glued(record.symbol, index, self.index_base)
        if not index:
            return record.brief.text
        return record.brief.within(ATOM) + index_text(index, self.index_base)

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
        if record.name is None and producer is not None and self.steps[producer].operation.name == "index":
            name = f"(copy of {name})"
        return f"d{self.loss}/d{name}"
