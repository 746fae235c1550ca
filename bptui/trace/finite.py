"""Where a number of a trace first became nan or inf."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
from msgspec import Struct

from bptui.trace.arrays import not_finite

if TYPE_CHECKING:
    from bptui.trace.recorded import Recorded


class NotFinite(Struct, frozen=True):
    """Where a number first became nan or inf: the step (None: it was given so), the value, the flat element."""

    step: int | None
    value: int
    element: int
    number: float


class Finite:
    """Looks through a trace in the order of its steps, as far as it is asked to; a trace in symbols has nothing of it.

    Values come first, and then gradients as they are accumulated.
    """

    def __init__(self, trace: Recorded) -> None:
        self._trace = trace
        self._found: NotFinite | None = None
        self._looked_at = -1 if trace.mode == "numbers" else len(trace.program.steps) + 1 + len(trace.program.slots)
        """Before which step all was looked at; −1 where not even what was given."""

    def by(self, step: int) -> NotFinite | None:
        """Return where a number first became nan or inf, if one did up to step `step`."""
        if self._found is None and self._looked_at <= step:
            self._found = next(self._look(step), None)
            self._looked_at = step + 1
        found = self._found
        return None if found is None or (found.step is not None and found.step > step) else found

    def _look(self, step: int) -> Iterator[NotFinite]:
        trace, program = self._trace, self._trace.program
        forward, first = trace.seed_step, max(0, self._looked_at)
        if self._looked_at < 0:
            for value, flat, number in not_finite(trace.values, self._given()):
                yield NotFinite(None, value, flat, number)
        for value, flat, number in not_finite(trace.values, program.columns.outputs[first : step + 1]):
            yield NotFinite(program.producer[value], value, flat, number)
        slots = range(max(0, first - forward - 1), max(0, min(step - forward, len(program.slots))))
        for slot, flat, number in not_finite(trace.accumulated, slots):
            yield NotFinite(forward + 1 + slot, program.slot_columns.target[slot], flat, number)

    def _given(self) -> list[int]:
        """Return the leaves, and the first constant that is not finite, if there is one."""
        program = self._trace.program
        leaves = [value for value in program.names.values() if program.code.source[value] < 0]
        constant = program.code.first_constant(lambda array: not np.isfinite(array).all())
        return sorted(leaves if constant is None else [*leaves, constant])
