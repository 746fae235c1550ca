"""What if: some elements of leaves or seed with other numbers, undone and redone, and the trace that follows from them.

A trace is never changed: edits are data, and applied to a trace they give another one of the same program.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from msgspec import Struct, field

from bptui.engine.passes import recompute
from bptui.engine.run import record
from bptui.errors import BptuiError, Fault
from bptui.ops.operation import shape_text
from bptui.scenario.notation import Reference, is_derivative, parse_derivative
from bptui.scenario.program import Array
from bptui.scenario.resolve import glued_element, resolve_reference
from bptui.scenario.scenario import Scenario
from bptui.trace.record import Trace

CURVE_POINTS = 61
"""How many points of a curve are computed; odd, so that the middle of a range is one of them."""

CURVE_STEPS = 2_000_000
"""How many forward steps a curve may take in all; of a long trace it has fewer points."""


SEED = ""
"""Stands for the seed where a leaf's name is asked for: no leaf has it."""


class LeafElement(Struct, frozen=True, order=True):
    """One element of a leaf, or of the seed that a scenario gives, by the leaf's name and the element's flat index."""

    leaf: str
    flat: int

    def name(self, trace: Trace) -> str:
        """Return how it is written: `W1(1,1)`, or of the seed `dL/dy(1)`."""
        program = trace.program
        if self.leaf == SEED:
            return program.derivative_name(program.target, self.flat)
        return program.element_name(program.names[self.leaf], self.flat)

    def number(self, trace: Trace) -> float:
        """Return its number."""
        array = trace.seed if self.leaf == SEED else trace.value(self.leaf)
        return float(array.reshape(-1)[self.flat])

    def slope(self, trace: Trace) -> float:
        """Return the derivative of the differentiated scalar with respect to it; of seed times target, for the seed."""
        array = trace.values[trace.program.target] if self.leaf == SEED else trace.gradient(self.leaf)
        return float(array.reshape(-1)[self.flat])


class Edits(Struct, frozen=True):
    """Elements of leaves and of the seed that have other numbers than the trace which the edits are applied to."""

    numbers: Mapping[LeafElement, float] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.numbers)

    def replaced(self, element: LeafElement, number: float) -> Edits:
        """Return these edits with `element` set to `number`."""
        return Edits({**self.numbers, element: number})

    def fitting(self, scenario: Scenario) -> Edits:
        """Return the edits of elements that `scenario` has."""
        given = {**scenario.leaves, SEED: scenario.seed}

        def fits(element: LeafElement) -> bool:
            leaf = given.get(element.leaf)
            return leaf is not None and element.flat < leaf.size

        return Edits({element: number for element, number in self.numbers.items() if fits(element)})

    def apply(self, trace: Trace) -> Trace:
        """Return the trace of the same scenario with the edited numbers; all others are those of `trace`."""
        if not self.numbers:
            return trace
        names = trace.program.names
        arrays = {SEED: trace.seed, **{name: trace.values[names[name]] for name in trace.scenario.leaves}}
        for element, number in sorted(self.numbers.items()):
            array = arrays[element.leaf]
            if not array.flags.writeable:
                array = arrays[element.leaf] = array.copy()
            array.reshape(-1)[element.flat] = number
        seed = arrays.pop(SEED)
        return record(trace.scenario, {names[name]: array for name, array in arrays.items()}, seed)


class History(Struct, frozen=True):
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
    """Return the element of a leaf that `reference` names, or of the seed where it is a derivative or its symbol.

    Raises BptuiError for anything else.
    """
    if (seed := _seed_element(trace, reference)) is not None:
        return seed
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


def _seed_element(trace: Trace, reference: str) -> LeafElement | None:
    """Return the seed's element that `reference` names, by `dL/dy(1)` or `d0`; None where it names no seed.

    Raises BptuiError for a seed that the scenario does not give, and for a derivative that is computed.
    """
    program, seed = trace.program, trace.scenario.seed
    target = program.values[program.target]
    if seed is not None and seed.symbol is not None:
        flat = glued_element(seed.symbol, target.shape, program.index_base, reference.strip())
        if flat is not None:
            return LeafElement(SEED, flat)
    if not is_derivative(reference):
        return None
    head, tail = parse_derivative(reference)
    found = resolve_reference(program, tail)
    if head != Reference(program.loss) or found.value != program.target:
        raise BptuiError(Fault(f"`{reference.strip()}` is computed, not given", "change what it is computed from"))
    if seed is None:
        raise BptuiError(Fault(f"{program.derivative_name(program.target)} is 1: {target.text} changes as it changes"))
    if found.flat is None and target.shape:
        example = program.derivative_name(program.target, 0)
        raise BptuiError(Fault(f"the seed has shape {shape_text(target.shape)}", f"name one element of it: {example}"))
    return LeafElement(SEED, found.flat or 0)


class Curve(Struct, frozen=True):
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
    return scalar_of(trace.seed, trace.values[trace.program.target])


def target_with(trace: Trace, element: LeafElement, number: float) -> float:
    """Return what the differentiated scalar is where `element` has the value `number`, all else as in `trace`."""
    program = trace.program
    if element.leaf == SEED:
        seed = trace.seed.copy()
        seed.reshape(-1)[element.flat] = number
        return scalar_of(seed, trace.values[program.target])
    value = program.names[element.leaf]
    array = trace.values[value].copy()
    array.reshape(-1)[element.flat] = number
    return scalar_of(trace.seed, recompute(program, trace.values, {value: array})[program.target])


def scalar_of(seed: Array, target: Array) -> float:
    """Return the scalar that is differentiated where seed and target are these."""
    with np.errstate(all="ignore"):
        return float(np.sum(seed * target))
