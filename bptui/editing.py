"""What if: some elements of the leaves with other numbers, undone and redone, and the trace that follows from them.

A trace is never changed: edits are data, and applied to a trace they give another one of the same program.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from bptui.engine.run import recompute
from bptui.errors import BptuiError, Fault
from bptui.ops.operation import shape_text
from bptui.running import run
from bptui.scenario.program import Array
from bptui.scenario.scenario import Scenario
from bptui.trace.record import Trace

CURVE_POINTS = 61
"""How many points of a curve are computed; odd, so that the middle of a range is one of them."""

CURVE_STEPS = 2_000_000
"""How many forward steps a curve may take in all; of a long trace it has fewer points."""


@dataclass(frozen=True, slots=True, order=True)
class LeafElement:
    """One element of a leaf, by the leaf's name and the element's flat index."""

    leaf: str
    flat: int


@dataclass(frozen=True, slots=True)
class Edits:
    """Elements of leaves that have other numbers than the trace which the edits are applied to."""

    numbers: Mapping[LeafElement, float] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.numbers)

    def replaced(self, element: LeafElement, number: float) -> Edits:
        """Return these edits with `element` set to `number`."""
        return Edits({**self.numbers, element: number})

    def fitting(self, scenario: Scenario) -> Edits:
        """Return the edits of elements that `scenario` has."""
        leaves = scenario.leaves
        return Edits(
            {
                element: number
                for element, number in self.numbers.items()
                if element.leaf in leaves and element.flat < int(np.prod(leaves[element.leaf].shape, dtype=np.int64))
            }
        )

    def apply(self, trace: Trace) -> Trace:
        """Return the trace of the same scenario with the edited numbers; all others are those of `trace`."""
        if not self.numbers:
            return trace
        arrays = {name: trace.values[trace.program.names[name]] for name in trace.scenario.leaves}
        for element, number in sorted(self.numbers.items()):
            array = arrays[element.leaf]
            if not array.flags.writeable:
                array = arrays[element.leaf] = array.copy()
            array.reshape(-1)[element.flat] = number
        return run(trace.scenario, arrays)


@dataclass(frozen=True, slots=True)
class History:
    """The edits in force, those that undo goes back to, and those that redo brings back."""

    edits: Edits = field(default_factory=Edits)
    done: tuple[Edits, ...] = ()
    undone: tuple[Edits, ...] = ()

    def edit(self, element: LeafElement, number: float) -> History:
        """Return the history with one more edit; what was undone before it is gone."""
        return History(self.edits.replaced(element, number), (*self.done, self.edits))

    def undo(self) -> History:
        """Return the history one edit back; itself at its start."""
        if not self.done:
            return self
        return History(self.done[-1], self.done[:-1], (self.edits, *self.undone))

    def redo(self) -> History:
        """Return the history with the last undone edit in force again; itself where there is none."""
        if not self.undone:
            return self
        return History(self.undone[0], (*self.done, self.edits), self.undone[1:])

    def reset(self) -> History:
        """Return the history without any edit in force; undo brings them back."""
        return History(Edits(), (*self.done, self.edits)) if self.edits else self


def leaf_element(trace: Trace, reference: str) -> LeafElement:
    """Return the leaf's element that `reference` names; raises BptuiError for anything but one element of a leaf."""
    found = trace.element(reference)
    value = trace.program.values[found.value]
    if value.name is None or value.name not in trace.scenario.leaves:
        raise BptuiError(
            Fault(
                f"`{value.text}` is computed, not given",
                "change what it is computed from: " + ", ".join(list(trace.scenario.leaves)[:12]),
            )
        )
    if found.flat is None and value.shape:
        example = trace.program.element_name(value.id, 0) if value.size else "another name"
        raise BptuiError(
            Fault(f"`{value.name}` has shape {shape_text(value.shape)}", f"name one element of it: {example}")
        )
    return LeafElement(value.name, found.flat or 0)


@dataclass(frozen=True, slots=True)
class Curve:
    """What the differentiated scalar is while one element of a leaf takes the values of a range."""

    element: LeafElement
    inputs: Array
    outputs: Array


def curve(trace: Trace, element: LeafElement, low: float, high: float, points: int = CURVE_POINTS) -> Curve:
    """Return `target_with` for evenly spread numbers: for `points` of them, or fewer where the trace is long.

    Raises BptuiError for a range that is none, and for a trace that is too long for any curve.
    """
    points = min(points, CURVE_STEPS // max(1, len(trace.program.steps)))
    if points < 3:
        raise BptuiError(Fault(f"no curve is made of a trace of {len(trace.program.steps):,} forward steps"))
    if not (np.isfinite(low) and np.isfinite(high) and low < high and np.isfinite(high - low)):
        raise BptuiError(Fault("a range has two different ends, the smaller first", "-1 to 1"))
    inputs = np.linspace(low, high, points)
    return Curve(element, inputs, np.array([target_with(trace, element, float(number)) for number in inputs]))


def scalar(trace: Trace) -> float:
    """Return the scalar that is differentiated: the target, or with a seed the sum of seed times target."""
    return _scalar(trace, trace.values[trace.program.target])


def target_with(trace: Trace, element: LeafElement, number: float) -> float:
    """Return what the differentiated scalar is where `element` has the value `number`, all else as in `trace`."""
    program = trace.program
    value = program.names[element.leaf]
    array = trace.values[value].copy()
    array.reshape(-1)[element.flat] = number
    return _scalar(trace, recompute(program, trace.values, {value: array})[program.target])


def _scalar(trace: Trace, target: Array) -> float:
    with np.errstate(all="ignore"):
        return float(np.sum(trace.seed * target))
