"""Moves over a trace: from one step to another by phases, by lines and function calls, and by what touches a value.

Every move is a function from a step to a step, None where there is nothing to go to. A *place* is a named line or a
function call: a run of steps, in the forward pass and again in the backward pass. Places lie inside each other, never
across each other: a call's arguments are computed before its first step.

The moves are a debugger's. *Into* is the next step. *Over* goes past the place that begins here, or else the one that
the step is in. *Out* goes to the last step of the place, which completes it; from there, of the one around it.
"""

from __future__ import annotations

import operator
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from functools import lru_cache
from typing import Literal

from bptui.trace.record import Trace

Direction = Literal[1, -1]
"""Towards the last step, or back towards the first."""

_VALUES_KEPT = 16
"""Of how many values the steps that touch them are remembered."""


class Places:
    """The places of one trace, and the moves between its steps."""

    def __init__(self, trace: Trace) -> None:
        self._trace, self._program = trace, trace.program
        self._forward = trace.seed_step
        self._steps = len(trace.steps)
        self.touching = lru_cache(_VALUES_KEPT)(self._touching)

    # -- phases ------------------------------------------------------------------------------------------------------

    def phase(self, step: int, direction: Direction) -> int | None:
        """Return where the next phase begins (forward, seed, backward), or the nearest beginning before `step`."""
        begins = [at for at in (0, self._forward, self._forward + 1) if at < self._steps]
        found = [at for at in begins if (at - step) * direction > 0]
        return (min(found) if direction > 0 else max(found)) if found else None

    # -- lines and function calls ------------------------------------------------------------------------------------

    def over(self, step: int, direction: Direction) -> int | None:
        """Return the first step after the place that begins at `step`, or else after the innermost one it is in.

        Backwards: the first step of the place that ends just before `step`, or else of the innermost that it is in.
        """
        around = self.around(step)
        if direction > 0:
            begun = [place for place in around if place.start == step]
            past = (begun or around[::-1])[0].stop
            return past if past < self._steps else None
        if step == 0:
            return None
        ended = [place for place in self.around(step - 1) if place.stop == step]
        return (ended or [place for place in reversed(around) if place.start < step])[0].start

    def out(self, step: int, direction: Direction) -> int | None:
        """Return the last step of the innermost place that goes on after `step`; or, at a line's end, of the next line.

        Backwards: the first step of the innermost place that began before `step`, or else of the line before.
        """
        beyond = step + direction
        if not 0 <= beyond < self._steps:
            return None
        inner = next((place for place in reversed(self.around(step)) if beyond in place), self.around(beyond)[0])
        return inner[-1] if direction > 0 else inner[0]

    def around(self, step: int) -> list[range]:
        """Return the steps of each place that `step` is in: its line, then the function calls, innermost last."""
        if step == self._forward:
            return [range(step, step + 1)]
        record = self._program.steps[self.forward_step(step)]
        line, calls = self._program.lines[record.line], self._program.calls
        inside = []
        call = record.call
        while call >= 0:
            inside.append(self._program.code.inside(call))
            call = calls[call].parent
        inside.append(range(line.first, line.last))
        if step < self._forward:
            return inside[::-1]
        return [self._backward(extent.start, extent.stop) for extent in reversed(inside)]

    def forward_step(self, step: int) -> int:
        """Return the forward step that a step of either pass belongs to; not for the seed."""
        return step if step < self._forward else self._program.slot_columns.step[step - self._forward - 1]

    def line(self, step: int) -> str | None:
        """Return the name of the line that a step belongs to; None for the seed of a target that is a leaf."""
        if step == self._forward:
            return self._program.values[self._program.target].line
        return self._program.steps[self.forward_step(step)].line

    def of_line(self, name: str) -> tuple[range, range]:
        """Return the steps of a line in the forward pass, and those in the backward pass, which may be none."""
        line = self._program.lines[name]
        return range(line.first, line.last), self._backward(line.first, line.last)

    def _backward(self, first: int, after: int) -> range:
        """Return the backward steps of the forward steps `first` to `after` (exclusive): slots are in reverse order."""
        steps, offset = self._program.slot_columns.step, self._forward + 1
        start = bisect_left(steps, -(after - 1), key=operator.neg)
        return range(offset + start, offset + bisect_right(steps, -first, start, key=operator.neg))

    # -- values ------------------------------------------------------------------------------------------------------

    def touch(self, value: int, step: int, direction: Direction) -> int | None:
        """Return the nearest step that computes the value, uses it, seeds its gradient or adds to its gradient."""
        steps = self.touching(value)
        at = bisect_right(steps, step) if direction > 0 else bisect_left(steps, step) - 1
        return steps[at] if 0 <= at < len(steps) else None

    def _touching(self, value: int) -> Sequence[int]:
        program = self._program
        made = program.producer.get(value)
        steps = [] if made is None else [made]
        steps += dict.fromkeys(step for step, _ in program.operands_at(value))
        if value == program.target:
            steps.append(self._forward)
        return steps + [self._forward + 1 + slot for slot in self._trace.slots_of(value)]


def made_at(trace: Trace, value: int, gradient: bool) -> int | None:
    """Return the step that computes a value, or that completes its gradient; None where none does."""
    program = trace.program
    if not gradient:
        return program.producer.get(value)
    if value == program.target:
        return trace.seed_step
    last = program.last_slot.get(value)
    return None if last is None else trace.seed_step + 1 + last


def value_of(trace: Trace, step: int) -> int:
    """Return the value that a step is about: the one it computes, or the one whose gradient it seeds or adds to."""
    program, forward = trace.program, trace.seed_step
    if step < forward:
        return program.columns.outputs[step]
    return program.target if step == forward else program.slot_columns.target[step - forward - 1]
