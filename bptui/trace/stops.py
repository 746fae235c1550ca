"""Where a trace is stopped: the steps at which its breakpoints are hit, found without looking at the others."""

from __future__ import annotations

import heapq
import operator
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import groupby, repeat
from operator import itemgetter

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from bptui.scenario.program import Array
from bptui.trace.breakpoints import Breakpoint, Kind, OnKind, OnLine, OnOperation, OnSize, OnValue, Subject, Where
from bptui.trace.places import Places
from bptui.trace.record import Trace

_COMPARED: Mapping[str, Callable[[float, float], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


class Hit(Struct, frozen=True):
    """A step at which a run stops, and the breakpoint that stops it."""

    step: int
    breakpoint: Breakpoint


def find(trace: Trace, breakpoints: Sequence[Breakpoint], steps: range) -> Hit | None:
    """Return the first hit of an enabled breakpoint among `steps`, in their order; at one step, of the first of them.

    `range(step + 1, len(trace.steps))` runs on from a step, `range(step - 1, -1, -1)` runs back.
    """
    best: Hit | None = None
    for one in breakpoints:
        if one.enabled and (step := next(hits(trace, one, steps), None)) is not None:
            best = Hit(step, one)
            steps = steps[: steps.index(step)]
    return best


def stops(trace: Trace, breakpoints: Sequence[Breakpoint], steps: range) -> Iterator[tuple[int, list[Breakpoint]]]:
    """Yield those of `steps`, going up, that enabled breakpoints stop at, each with all of these."""
    runs = [zip(hits(trace, one, steps), repeat(at)) for at, one in enumerate(breakpoints) if one.enabled]
    for step, here in groupby(heapq.merge(*runs), key=itemgetter(0)):
        yield step, [breakpoints[at] for _, at in here]


def hits(trace: Trace, breakpoint: Breakpoint, steps: range) -> Iterator[int]:
    """Yield those of `steps` at which the breakpoint is hit, enabled or not, in the order of `steps`."""
    where = breakpoint.where
    for step in _among(_candidates(trace, where), steps):
        if _holds(trace, where, step):
            yield step


Run = tuple[int, Sequence[int]]
"""Steps in order, each less the first number."""


def _among(runs: Sequence[Run], steps: range) -> Iterator[int]:
    """Yield what is in the runs and in `steps`, in the order of `steps`: consecutive steps, up or down."""
    if not steps:
        return
    low, high = sorted((steps[0], steps[-1]))
    for offset, run in runs if steps.step > 0 else reversed(runs):
        found = run[bisect_left(run, low - offset) : bisect_right(run, high - offset)]
        yield from (offset + at for at in (found if steps.step > 0 else reversed(found)))


def _candidates(trace: Trace, where: Where) -> Sequence[Run]:
    """Return the steps that may be hit: few, where it is clear which; all, where each must be looked at."""
    match where:
        case OnLine(name):
            return [(0, [steps.start for steps in Places(trace).of_line(name) if steps])]
        case OnOperation():
            return [(0, range(len(trace.steps)))]
        case _:
            return _results(trace, where.subject)


def _results(trace: Trace, subject: Subject) -> Sequence[Run]:
    """Return the steps whose results the subject is among."""
    program, forward = trace.program, trace.seed_step
    if subject.element is None:
        first = forward if subject.of == "gradient" else 0
        return [(0, range(first, forward if subject.of == "value" else len(trace.steps)))]
    value = subject.element.value
    runs: list[Run] = []
    if subject.of != "gradient" and value in program.producer:
        runs.append((0, (program.producer[value],)))
    if subject.of != "value":
        runs.append((0, (forward,) if value == program.target else ()))
        runs.append((forward + 1, trace.slots_of(value)))
    return runs


def _holds(trace: Trace, where: Where, step: int) -> bool:
    match where:
        case OnLine():
            return True
        case OnOperation(name):
            return _operation_at(trace, step) == name
        case OnValue(subject):
            return _reaches(trace, subject, step)
        case OnKind(kind, subject):
            return _reaches(trace, subject, step) and _is(kind, trace, subject, step)
        case OnSize(comparison, bound, subject):
            numbers = result(trace, subject, step)
            if not numbers.size or not _reaches(trace, subject, step):
                return False
            return _COMPARED[comparison](float(np.max(np.abs(numbers))), bound)


def _operation_at(trace: Trace, step: int) -> str | None:
    program, forward = trace.program, trace.seed_step
    if step == forward:
        return None
    return program.columns.operation(step if step < forward else program.slot_columns.step[step - forward - 1]).name


def _reaches(trace: Trace, subject: Subject, step: int) -> bool:
    """Return whether a backward step may add to the subject's element, as the operation's structure has it."""
    element = subject.element
    slot = step - trace.seed_step - 1
    if element is None or element.flat is None or slot < 0:
        return True
    record = trace.program.slots[slot]
    return len(trace.elements.feeds(record.step, record.slot, element.flat)) > 0


def _is(kind: Kind, trace: Trace, subject: Subject, step: int) -> bool:
    numbers = result(trace, subject, step)
    match kind:
        case "nan":
            return bool(np.isnan(numbers).any())
        case "inf":
            return bool(np.isinf(numbers).any())
        case "zero":
            return bool(numbers.size) and not numbers.any()
        case "sign":
            return bool(turned(trace, subject, step).any())


def result(trace: Trace, subject: Subject, step: int) -> Array:
    """Return what a step results in, flat: the value it computes, or the gradient after it; one element if asked for.

    The subject is taken to be the step's.
    """
    slot = step - trace.seed_step - 1
    if slot < -1:
        return _picked(trace.values[trace.program.steps[step].output], subject)
    return _picked(trace.seed if slot < 0 else trace.accumulated[slot], subject)


def before(trace: Trace, subject: Subject, step: int) -> Array:
    """Return the gradient that a backward step adds to, flat; one element if asked for."""
    return _picked(trace.before(step - trace.seed_step - 1), subject)


def turned(trace: Trace, subject: Subject, step: int) -> NDArray[np.bool_]:
    """Return which elements of a gradient changed their sign when a backward step added to it; 0 has none."""
    after = result(trace, subject, step)
    if step <= trace.seed_step:
        return np.zeros(after.shape, np.bool_)
    earlier = before(trace, subject, step)
    return ((earlier < 0) & (after > 0)) | ((earlier > 0) & (after < 0))


def _picked(array: Array, subject: Subject) -> Array:
    element, flat = subject.element, array.reshape(-1)
    return flat if element is None or element.flat is None else flat[element.flat : element.flat + 1]
