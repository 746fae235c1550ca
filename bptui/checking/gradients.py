"""Gradients against finite differences: an answer that no rule of bptui's had a part in, except the forward ones.

Central differences with a step of ∛ε·max(1, |x|), whose error is about 10⁻¹⁰ relative for well-scaled functions
(Nocedal and Wright, Numerical Optimization, section 8.1). Where that does not settle it, differences are taken with
steps of many sizes, and those count whose change from one step to the next, with the rounding in them, is least
(Ridders, 1982, "Accurate computation of F'(x) and F'(x)F''(x)"): a function may vary over 10⁻⁸ or over 10⁸.
At a kink the two one-sided slopes stay apart however small the step; any gradient between them is accepted there, and
the element is named as a kink.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from msgspec import Struct

from bptui.editing import scalar_of
from bptui.engine.passes import recompute
from bptui.limits import Deadline
from bptui.scenario.program import Array
from bptui.trace.record import Trace

TOLERANCE = 1e-5
"""The largest relative error that counts as agreement."""

MOST_ELEMENTS = 64
"""How many elements of one value are checked; of larger ones so many, evenly spread."""

_MOST_WORK = 10**10
"""About how many elements and products may be computed to check one value, where one element does not take more."""

_ALL_WORK = 4 * 10**10
"""About how many for all values together."""

_RUNS = 40
"""How often the scenario is run for one element, where it needs the whole ladder of steps."""

_STEP_WORK = 5000
"""How many products could be computed in the time that a step takes beyond its own."""

_ELEMENT_WORK = 10
"""How many could be in the time that a function of one element takes, or to go through what is summed up."""

_EPSILON = float(np.finfo(np.float64).eps)
_STEP = _EPSILON ** (1 / 3)
"""The first step, relative to max(1, |x|)."""


class Checked(Struct, frozen=True):
    """How the gradient with respect to one name compares with finite differences."""

    name: str
    checked: int
    """How many elements were compared."""
    size: int
    worst: float
    """The largest relative error that differences can tell, kinks left out."""
    ok: bool
    kinks: tuple[str, ...]
    """The elements at which the function has a kink."""
    not_finite: int
    """How many elements could not be compared, since a number there is nan or inf."""

    def plain(self) -> dict[str, Any]:
        """Return the comparison in the form of the JSON report."""
        return {
            "name": self.name,
            "worst": self.worst,
            "ok": self.ok,
            "kinks": list(self.kinks),
            "checked": self.checked,
            "size": self.size,
            "not_finite": self.not_finite,
        }


def check_gradients(trace: Trace) -> list[Checked]:
    """Return one comparison for each name in the scenario's `wrt`, in its order."""
    rounding, most = _rounding(trace), _most(trace)
    deadline = Deadline("the check of the gradients")
    return [_check(trace, name, rounding, most, deadline) for name in trace.program.wrt]


def _most(trace: Trace) -> int:
    """Return how many elements of each value are checked: as many as the work allows, the same on every machine."""
    program = trace.program
    work = 0
    for step in program.steps:
        sizes = [program.values[one].size for one in (step.output, *step.inputs)]
        terms = step.operation.terms
        shapes = tuple(program.values[one].shape for one in step.inputs)
        work += _STEP_WORK + (_ELEMENT_WORK * max(sizes) if terms is None else sizes[0] * terms(shapes))
    most = min(_MOST_WORK, _ALL_WORK // max(1, len(program.wrt)))
    return max(1, min(MOST_ELEMENTS, most // max(1, _RUNS * work)))


def _check(trace: Trace, name: str, rounding: float, most: int, deadline: Deadline) -> Checked:
    value = trace.program.names[name]
    gradient = trace.gradient_of(value).reshape(-1)
    moved = trace.values[value].copy()
    picked = np.linspace(0, gradient.size - 1, min(gradient.size, most)).astype(int).tolist()
    worst, ok, kinks, not_finite = 0.0, True, [], 0
    for flat in picked:
        verdict = _compare(trace, value, moved, flat, float(gradient[flat]), rounding, deadline)
        if verdict.not_finite:
            not_finite += 1
            continue
        ok &= verdict.agrees
        if verdict.kink:
            kinks.append(trace.program.element_name(value, flat))
        else:
            worst = max(worst, verdict.error)
    return Checked(name, len(picked), gradient.size, worst, ok, tuple(kinks), not_finite)


class _Verdict(Struct, frozen=True):
    agrees: bool
    error: float = 0.0
    kink: bool = False
    not_finite: bool = False


class _Slopes(Struct, frozen=True):
    """The two one-sided slopes over one step, and how far rounding may have moved them."""

    step: float
    left: float
    right: float
    noise: float

    @property
    def central(self) -> float:
        return (self.left + self.right) / 2

    @property
    def apart(self) -> float:
        return abs(self.right - self.left)

    def plainly(self, gradient: float) -> bool:
        """Return whether they agree with `gradient`, and nothing in them leaves that open."""
        allowed = TOLERANCE * abs(gradient)
        return abs(self.central - gradient) <= allowed and self.noise <= allowed and self.apart <= 100 * allowed


def _compare(
    trace: Trace, value: int, moved: Array, flat: int, gradient: float, rounding: float, deadline: Deadline
) -> _Verdict:
    """Compare one element: by the first step that plainly agrees, else by the most exact of a ladder of steps.

    `moved` is a copy of the value, which is as it was afterwards: there may be millions of elements beside this one.
    """
    size = abs(float(trace.values[value].reshape(-1)[flat]))
    if not all(map(math.isfinite, (_target(trace, trace.values), gradient, size))):
        return _Verdict(False, not_finite=True)
    rungs: list[_Slopes] = []
    for step in _ladder(size):
        slopes = _slopes(trace, value, moved, flat, step, rounding, deadline)
        if slopes is None:
            continue
        if slopes.plainly(gradient):
            return _Verdict(True, abs(slopes.central - gradient) / abs(gradient) if gradient else 0.0)
        rungs.append(slopes)
    rungs.sort(key=lambda slopes: slopes.step, reverse=True)
    if len(rungs) < 2:
        return _Verdict(False, not_finite=True)
    wide, narrow = min(pairwise(rungs), key=lambda pair: _doubt(*pair))
    doubt = _doubt(wide, narrow)
    if narrow.apart > wide.apart / 2 and narrow.apart > 100 * doubt:
        slack = TOLERANCE * max(abs(narrow.left), abs(narrow.right)) + doubt
        low, high = sorted((narrow.left, narrow.right))
        return _Verdict(low - slack <= gradient <= high + slack, kink=True)
    missed = max(0.0, abs(narrow.central - gradient) - doubt)
    scale = max(abs(narrow.central), abs(gradient))
    error = missed / scale if scale else 0.0
    return _Verdict(error <= TOLERANCE, error)


def _doubt(wide: _Slopes, narrow: _Slopes) -> float:
    """Return how far the central difference of two neighbouring steps may be off."""
    return abs(wide.central - narrow.central) + wide.noise + narrow.noise


def _ladder(size: float) -> Iterator[float]:
    """Yield steps for an element of this size: the one that mostly does, one ten times that, then ever finer ones."""
    usual = _STEP * max(1.0, size)
    lowest = max(1e-4 * _STEP * min(1.0, size or 1.0), 1e-17 * usual)
    yield from (usual, 10 * usual)
    for rung in range(1, 1 + math.ceil(math.log10(usual / lowest))):
        yield usual / 10**rung


def _slopes(
    trace: Trace, value: int, moved: Array, flat: int, step: float, rounding: float, deadline: Deadline
) -> _Slopes | None:
    """Return the slopes where the element is moved by `step` either way; None where a number there is not finite."""
    elements = moved.reshape(-1)
    at = float(elements[flat])
    step = (at + step) - at
    results = [_target(trace, trace.values)]
    for near in (at - step, at + step):
        deadline.check()
        elements[flat] = near
        results.append(_target(trace, recompute(trace.program, trace.values, {value: moved})))
    elements[flat] = at
    if step == 0.0 or not all(map(math.isfinite, results)):
        return None
    here, before, after = results
    noise = max(rounding, 8 * _EPSILON * max(abs(before), abs(after))) / step
    return _Slopes(step, (here - before) / step, (after - here) / step, noise)


def _target(trace: Trace, values: Sequence[Array]) -> float:
    return scalar_of(trace.seed, values[trace.program.target])


def _rounding(trace: Trace) -> float:
    """Return how far rounding may have moved the target: that of each result reaches it through its gradient."""
    results = [step.output for step in trace.program.steps]
    with np.errstate(all="ignore"):
        sizes = [float(np.abs(trace.gradient_of(value) * trace.values[value]).sum()) for value in results]
    return 8 * _EPSILON * max(filter(math.isfinite, sizes), default=0.0)
