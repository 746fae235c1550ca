"""Where a number of a trace first became nan or inf."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from msgspec import Struct

from bptui.scenario.program import Array, Program
from bptui.trace.arrays import not_finite


class NotFinite(Struct, frozen=True):
    """Where a number first became nan or inf: the step (None: it was given so), the value, the flat element."""

    step: int | None
    value: int
    element: int
    number: float


class Finite:
    """Looks through the numbers of a trace in the order of its steps, as far as it is asked to.

    Values come first, and then gradients as they are accumulated.
    """

    def __init__(self, program: Program, values: Sequence[Array], accumulated: Sequence[Array]) -> None:
        self._program, self._values, self._accumulated = program, values, accumulated
        self._seen: tuple[NotFinite | None, int] = (None, -1)
        """What was found, and before which step all was looked at; −1 where not even what was given. One object, since
        it is asked for from several threads."""

    def by(self, step: int) -> NotFinite | None:
        """Return where a number first became nan or inf, if one did up to step `step`."""
        found, looked_at = self._seen
        if found is None and looked_at <= step:
            found = next(self._look(looked_at, step), None)
            self._seen = found, step + 1
        return None if found is None or (found.step is not None and found.step > step) else found

    def _look(self, looked_at: int, step: int) -> Iterator[NotFinite]:
        program = self._program
        forward, first = len(program.steps), max(0, looked_at)
        if looked_at < 0:
            for value, flat, number in not_finite(self._values, self._given()):
                yield NotFinite(None, value, flat, number)
        for value, flat, number in not_finite(self._values, program.columns.outputs[first : step + 1]):
            yield NotFinite(program.producer[value], value, flat, number)
        slots = range(max(0, first - forward - 1), max(0, min(step - forward, len(program.slots))))
        for slot, flat, number in not_finite(self._accumulated, slots):
            yield NotFinite(forward + 1 + slot, program.slot_columns.target[slot], flat, number)

    def _given(self) -> list[int]:
        """Return the leaves, and the first constant that is not finite, if there is one."""
        program = self._program
        leaves = [value for value in program.names.values() if program.code.source[value] < 0]
        constant = program.code.first_constant(lambda array: not np.isfinite(array).all())
        return sorted(leaves if constant is None else [*leaves, constant])
