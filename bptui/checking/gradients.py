"""Gradients against finite differences: an answer that no rule of bptui's had a part in, except the forward ones.

Central differences with a step of ∛ε·max(1, |x|), whose error is about 10⁻¹⁰ relative for well-scaled functions
(Nocedal and Wright, Numerical Optimization, section 8.1). Where that does not settle it, differences are taken with
steps of many sizes, and those count whose change from one step to the next, with the rounding in them, is least
(Ridders, 1982, "Accurate computation of F'(x) and F'(x)F''(x)"): a function may vary over 10⁻⁸ or over 10⁸, and over
less still where slopes grow towards the gradient as steps get finer. Where it varies over less than any step, as sin
does between two numbers beyond 10¹⁶, differences tell nothing, and no gradient is called wrong.
At a kink the two one-sided slopes stay apart however small the step; any gradient between them is accepted there, and
the element is named as a kink.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import chain, pairwise
from typing import Any

import numpy as np
from msgspec import Struct

from bptui.checking.probes import Probes
from bptui.editing import scalar_of
from bptui.limits import Deadline
from bptui.scenario.notation import Shape
from bptui.scenario.program import Program
from bptui.trace.arrays import as_recorded
from bptui.trace.record import Trace

TOLERANCE = 1e-5
"""The largest relative error that counts as agreement."""

MOST_ELEMENTS = 64
"""How many elements of one value are checked; of larger ones so many, evenly spread."""

_MOST_WORK = 10**10
"""About how many elements and products may be computed to check one value, where one element does not take more."""

_ALL_WORK = 4 * 10**10
"""About how many for all values together."""

_PROBES = 40
"""How often the target is computed for one element, where it needs the whole ladder of steps."""

_EPSILON = float(np.finfo(np.float64).eps)
_TINY, _SMALLEST = float(np.finfo(np.float64).tiny), math.ulp(0.0)
"""The smallest number with all its digits, and the smallest of all: below the former, rounding no longer shrinks."""

_STEP = _EPSILON ** (1 / 3)
"""The first step, relative to max(1, |x|)."""

_ROUNDS = (0, 1, 2, 4, 8, 1000)
"""Where the ladder is cut: the steps between two of these are tried together, for all elements at once."""

_AT_ONCE = (0, 1, 1000)
"""The same where a run of many steps costs more than all that could be moved in it."""

_FINER, _MOST_FINER = 16, 20
"""How many steps beyond the ladder are tried together, and how often, where a function varies over less still."""

_TOGETHER = 16_384
"""How many elements are looked at together, so that a million small arrays take a second."""


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
    rounding, deadline = _rounding(trace), Deadline("the check of the gradients")
    return [_check(trace, name, rounding, deadline) for name in trace.program.wrt]


def _check(trace: Trace, name: str, rounding: float, deadline: Deadline) -> Checked:
    value = trace.program.names[name]
    gradient = trace.gradient_of(value).reshape(-1)
    probes = Probes(trace, value, deadline)
    picked = np.linspace(0, gradient.size - 1, min(gradient.size, _most(trace, probes))).astype(int).tolist()
    worst, ok, kinks, not_finite = 0.0, True, [], 0
    for flat, verdict in zip(picked, _compare(trace, value, picked, probes, rounding), strict=True):
        if verdict.not_finite:
            not_finite += 1
            continue
        ok &= verdict.agrees
        if verdict.kink:
            kinks.append(trace.program.element_name(value, flat))
        else:
            worst = max(worst, verdict.error)
    return Checked(name, len(picked), gradient.size, worst, ok, tuple(kinks), not_finite)


def _most(trace: Trace, probes: Probes) -> int:
    """Return how many elements of a value are checked: as many as the work allows, the same on every machine."""
    most = min(_MOST_WORK, _ALL_WORK // max(1, len(trace.program.wrt)))
    return max(1, min(MOST_ELEMENTS, most // (_PROBES * probes.work)))


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
        return self.left / 2 + self.right / 2  # their sum may overflow

    @property
    def apart(self) -> float:
        """How far each lies from the one between them."""
        return abs(self.right / 2 - self.left / 2)

    def plainly(self, gradient: float) -> bool:
        """Return whether they agree with `gradient`, and nothing in them leaves that open."""
        allowed = TOLERANCE * abs(gradient)
        return abs(self.central - gradient) <= allowed and self.noise <= allowed and self.apart <= 50 * allowed


class _Element:
    """One element: its number, its gradient, and the slopes over the steps that were tried."""

    def __init__(self, flat: int, at: float, gradient: float) -> None:
        self.flat, self.at, self.gradient = flat, at, gradient
        self.rungs: list[_Slopes] = []
        self.verdict: _Verdict | None = None
        self.grows = False
        """Whether the slopes still grew over the finest steps that were tried."""

    def take(self, slopes: _Slopes | None) -> None:
        """Take the slopes over one more step; None where a number there is not finite."""
        if self.verdict is not None or slopes is None:
            return
        if slopes.plainly(self.gradient):
            error = abs(slopes.central - self.gradient) / abs(self.gradient) if self.gradient else 0.0
            self.verdict = _Verdict(True, error)
        self.rungs.append(slopes)

    def finer(self) -> list[float]:
        """Return steps beyond the ladder, where slopes grow towards the gradient as steps get finer, or just did."""
        if self.verdict is not None or len(self.rungs) < 2:
            return []
        narrow, wide = sorted(self.rungs, key=lambda slopes: slopes.step)[:2]
        grew, self.grows = self.grows, 2 * abs(wide.central) < abs(narrow.central) < abs(self.gradient)
        if not (grew or self.grows):
            return []
        return [narrow.step / 10**rung for rung in range(1, 1 + _FINER)]

    def settled(self) -> _Verdict:
        """Return the verdict: by the first step that plainly agrees, else by the most exact of all."""
        if self.verdict is not None:
            return self.verdict
        gradient, rungs = self.gradient, sorted(self.rungs, key=lambda slopes: slopes.step, reverse=True)
        if len(rungs) < 2:
            return _Verdict(False, not_finite=True)
        pairs = list(pairwise(rungs))
        best = min(range(len(pairs)), key=lambda at: _doubt(*pairs[at]))
        wide, narrow = pairs[best]
        doubt = _doubt(wide, narrow)
        if narrow.apart > wide.apart / 2 and narrow.apart > 50 * doubt:
            slack = TOLERANCE * max(abs(narrow.left), abs(narrow.right)) + doubt
            low, high = sorted((narrow.left, narrow.right))
            verdict = _Verdict(low - slack <= gradient <= high + slack, kink=True)
        else:
            missed = max(0.0, abs(narrow.central - gradient) - doubt)
            scale = max(abs(narrow.central), abs(gradient))
            error = missed / scale if scale else 0.0
            verdict = _Verdict(error <= TOLERANCE, error)
        if not verdict.agrees and _varies_over_less(pairs[best + 1 :], gradient):
            return _Verdict(True)
        return verdict


def _compare(trace: Trace, value: int, picked: Sequence[int], probes: Probes, rounding: float) -> list[_Verdict]:
    """Compare some elements: all by the first step of the ladder, and what that does not settle by more and more."""
    here = scalar_of(trace.seed, trace.values[trace.program.target])
    numbers, gradient = trace.values[value].reshape(-1), trace.gradient_of(value).reshape(-1)
    elements = [_Element(flat, float(numbers[flat]), float(gradient[flat])) for flat in picked]
    finite = [one for one in elements if all(map(math.isfinite, (here, one.gradient, one.at)))]

    def try_steps(asked: Sequence[tuple[_Element, float]]) -> None:
        steps = [(one, step) for one, wanted in asked if (step := (one.at + wanted) - one.at) and math.isfinite(step)]
        near = [number for one, step in steps for number in (one.at - step, one.at + step)]
        found = probes.targets([one.flat for one, _ in steps for _ in (0, 1)], near)
        for (one, step), below, above in zip(steps, found[::2], found[1::2], strict=True):
            one.take(_slopes(here, below, above, step, rounding))

    rounds = _ROUNDS if probes.run_work < _PROBES * len(finite) * probes.work else _AT_ONCE
    for first, after in pairwise(rounds):
        waiting = [one for one in finite if one.verdict is None]
        try_steps([(one, step) for one in waiting for step in _ladder(abs(one.at))[first:after]])
    for _ in range(_MOST_FINER):
        finer = [(one, step) for one in finite for step in one.finer()]
        if not finer:
            break
        try_steps(finer)
    return [one.settled() for one in elements]


def _doubt(wide: _Slopes, narrow: _Slopes) -> float:
    """Return how far the central difference of two neighbouring steps may be off."""
    return abs(wide.central - narrow.central) + wide.noise + narrow.noise


def _varies_over_less(pairs: Sequence[tuple[_Slopes, _Slopes]], gradient: float) -> bool:
    """Return whether the finest of these neighbouring steps differ, more than rounding explains, and settle nowhere.

    Then the function varies over less than any step, as sin(1e16) does between two numbers: wider steps tell nothing.
    """
    for wide, narrow in reversed(pairs):
        varies = abs(wide.central - narrow.central)
        if varies <= abs(narrow.central) / 10 and abs(narrow.central - gradient) > _doubt(wide, narrow):
            return False
        if varies > max(abs(narrow.central) / 2, 10 * (wide.noise + narrow.noise)):
            return True
    return False


def _ladder(size: float) -> list[float]:
    """Return steps for an element of this size: the one that mostly does, one ten times that, then ever finer ones."""
    usual = _STEP * max(1.0, size)
    lowest = max(1e-4 * _STEP * min(1.0, size or 1.0), 1e-17 * usual)
    finer = range(1, 1 + math.ceil(math.log10(usual / lowest)))
    least = [10 * _STEP * size, _STEP * size] if 0 < 10 * _STEP * size < lowest else []  # all others go past zero
    return [usual, 10 * usual, *(usual / 10**rung for rung in finer), *least]


def _slopes(here: float, before: float, after: float, step: float, rounding: float) -> _Slopes | None:
    """Return the slopes between what the target is one step before, here and one step after."""
    left, right = (here - before) / step, (after - here) / step
    if not all(map(math.isfinite, (here, before, after, left, right))):
        return None
    noise = max(rounding, 8 * (_EPSILON * max(abs(before), abs(after)) + _SMALLEST)) / step + _SMALLEST
    return _Slopes(step, left, right, noise)


def _rounding(trace: Trace) -> float:
    """Return how far rounding may have moved the target: that of each result reaches it through its gradient.

    A sum rounds on its way as far as its terms are large: they count too, where they are no results themselves.
    """
    program = trace.program
    last, shape = program.slot_columns.last, program.code.shape
    values, gradients = as_recorded(trace.values), as_recorded(trace.accumulated)
    alike: dict[int, tuple[list[Any], list[Any]]] = {number: ([], []) for number in range(len(program.code.shapes))}
    for value in chain(program.columns.outputs, _leaves_summed(program)):
        if value == program.target or last[value] >= 0:
            some = alike[shape[value]]
            some[0].append(trace.seed if value == program.target else gradients[last[value]])
            some[1].append(values[value])
    with np.errstate(all="ignore"):
        largest = [_largest(program.code.shapes[number], *some) for number, some in alike.items() if some[0]]
    return max(largest, default=0.0)


def _leaves_summed(program: Program) -> list[int]:
    """Return the leaves that operations take which do not go element by element."""
    columns = program.columns
    summing = np.array([not kind.operation.partials for kind in columns.kinds], dtype=bool)[np.asarray(columns.kind)]
    taken = np.asarray(columns.operands)[np.repeat(summing, np.diff(np.asarray(columns.starts)))]
    return [value for value in np.unique(taken).tolist() if program.code.source[value] < 0]


def _largest(shape: Shape, gradients: Sequence[Any], values: Sequence[Any]) -> float:
    """Return the largest sum of |gradient| · |rounding in the value| of arrays of one shape.

    Numbers that are not finite have no part in it. Small arrays are looked at together.
    """
    together = max(1, _TOGETHER // max(1, math.prod(shape)))
    largest = 0.0
    for start in range(0, len(values), together):
        some = slice(start, start + together)
        slopes, numbers = _joined(shape, gradients[some]), _joined(shape, values[some])
        moved = np.abs(slopes) * ((np.abs(numbers) + _TINY) * (8 * _EPSILON))
        moved[~(np.isfinite(slopes) & np.isfinite(numbers))] = 0.0
        sums = moved.reshape(len(values[some]), math.prod(shape)).sum(axis=1)
        largest = max(largest, float(sums.max(initial=0.0)))
    return largest


def _joined(shape: Shape, arrays: Sequence[Any]) -> Any:
    """Return the elements of arrays of one shape in a row."""
    if not shape:
        return np.array(arrays)
    return np.concatenate(arrays if len(shape) == 1 else [array.ravel() for array in arrays])
