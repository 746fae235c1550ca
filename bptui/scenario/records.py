"""What a program is made of, one record each: values, steps, operand slots, function calls and lines."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Literal

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from bptui.ops.operation import Operation, Written
from bptui.scenario.expression import Span
from bptui.scenario.notation import Shape

Array = NDArray[np.float64]
Role = Literal["input", "parameter", "constant", "named", "intermediate"]


class Value(Struct, frozen=True):
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
        return math.prod(self.shape)


class ForwardStep(Struct, frozen=True):
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


class Slot(Struct, frozen=True):
    """One operand of one forward step that a gradient flows back through: the unit of a backward step."""

    index: int
    step: int
    slot: int
    target: int
    """The value whose gradient grows."""
    previous: int
    """The index of the slot that added to the same value before; −1 for the first."""


class FunctionCall(Struct, frozen=True):
    """A call that was unfolded: which function, as written with the caller's names, and inside which other call."""

    function: str
    text: str
    parent: int


class Line(Struct, frozen=True):
    """A named line: its expression as written, and the steps `first` to `last` (exclusive) that it unfolds into."""

    name: str
    text: str
    value: int
    first: int
    last: int
    origin: Literal["forward", "network"] = "forward"
