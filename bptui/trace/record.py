"""A trace: what happened, recorded once. Values, every contribution, every gradient before and after; immutable.

The structure (which step, which operand, in which order) is the program's; a trace adds the numbers. Steps, local
derivatives, derivatives between named values and routes are views of that one record, made when they are asked for.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from bptui.errors import BptuiError
from bptui.ops import numeric
from bptui.scenario.notation import ReferenceFormatError, parse_reference
from bptui.scenario.program import Array, Program
from bptui.scenario.resolve import Element, resolve_reference
from bptui.sequences import OneByOne
from bptui.trace import formulas
from bptui.trace.arrays import not_finite, read_only
from bptui.trace.backward import all_params, contribution, local_derivative

if TYPE_CHECKING:
    from bptui.scenario.scenario import Scenario
    from bptui.trace.routes import Level, Routes

LARGEST_JACOBIAN = 4096
"""How many entries a local Jacobian may have to be written out in full."""


@dataclass(frozen=True, slots=True)
class Local:
    """A step's local derivative with respect to one operand.

    `kind` is `elementwise` (then `value` has the output's shape, before the sum over broadcast axes) or `jacobian`
    (then `value` has the output's shape followed by the operand's, and is None where that is more than 4096 entries).
    `structure` is the pattern of the Jacobian: `diagonal`, `broadcast`, `selection`, `permutation`, `dense`, …
    """

    kind: Literal["elementwise", "jacobian"]
    structure: str
    value: Array | None


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a trace, with the fields of the JSON trace; those of the other phases are None.

    A field can be read as an attribute or by its name in brackets: `step.phase`, `step["phase"]`.
    """

    index: int
    phase: Literal["forward", "seed", "backward"]
    op: str | None = None
    inputs: tuple[int, ...] | None = None
    params: Mapping[str, Any] | None = None
    output: int | None = None
    line: str | None = None
    formula: str | None = None
    gradient: Array | None = None
    forward_step: int | None = None
    slot: int | None = None
    target: int | None = None
    upstream: Array | None = None
    local: Local | None = None
    contribution: Array | None = None
    before: Array | None = None
    after: Array | None = None

    def __getitem__(self, name: str) -> Any:
        if name not in _STEP_FIELDS:
            raise KeyError(name)
        return getattr(self, name)

    def keys(self) -> list[str]:
        """Return the names of the fields that this step has."""
        return [name for name in _STEP_FIELDS if getattr(self, name) is not None]


_STEP_FIELDS = tuple(field.name for field in fields(Step))


@dataclass(frozen=True, slots=True)
class NotFinite:
    """Where a number first became nan or inf: the step (None: it was given so), the value, the flat element."""

    step: int | None
    value: int
    element: int
    number: float


class Trace:
    """One run of a program: read-only arrays, one for each value, contribution and accumulated gradient."""

    def __init__(
        self,
        scenario: Scenario,
        program: Program,
        values: Sequence[Array],
        seed: Array,
        contributions: Sequence[Array],
        accumulated: Sequence[Array],
        choices: Mapping[int, Mapping[str, Any]],
        xp: Any = numeric,
    ) -> None:
        self.scenario = scenario
        self.program = program
        self.values = values
        """By value id, each in its value's shape."""
        self.seed = seed
        """The gradient that the backward pass starts with, in the target's shape."""
        self.contributions = contributions
        """By slot index: upstream times local Jacobian, in the target value's shape."""
        self.accumulated = accumulated
        """By slot index: the target value's gradient after that contribution was added."""
        self.choices = choices
        """By forward step: what the operation picked by looking at its values."""
        self.xp = xp
        """The namespace that the rules ran in."""

    @property
    def mode(self) -> Literal["numbers", "symbols"]:
        """Whether the arrays hold numbers (float64) or symbols (SymPy expressions, of dtype object)."""
        return "numbers" if self.xp is numeric else "symbols"

    @property
    def numbers(self) -> Trace | None:
        """This run in numbers: itself; of a trace in symbols the one beside it, None where there are only symbols."""
        return self

    @property
    def in_names(self) -> Trace:
        """The trace that chains are read from: itself; of a trace in symbols the one in named values."""
        return self

    def __repr__(self) -> str:
        return f"<Trace of {self.scenario.title!r}: {len(self.steps)} steps>"

    # -- by name ---------------------------------------------------------------------------------------------------

    def element(self, reference: str) -> Element:
        """Return which value, and which of its elements, `reference` names; raises BptuiError where it names none."""
        try:
            return resolve_reference(self.program, parse_reference(reference))
        except ReferenceFormatError as fault:
            raise BptuiError(str(fault)) from None

    def value(self, name: str) -> Array:
        """Return a named value (`"W1"`) or one element of it (`"W1(1,1)"`); read-only, of the value's shape or ()."""
        if (whole := self.program.names.get(name)) is not None:
            return self.values[whole]
        found = self.element(name)
        array = self.values[found.value]
        return array if found.flat is None else read_only(array.reshape(-1)[found.flat], self.xp)

    def gradient(self, name: str) -> Array:
        """Return the target's gradient with respect to a named value or one element: zeros where nothing arrives."""
        if (whole := self.program.names.get(name)) is not None:
            return self.gradient_of(whole)
        found = self.element(name)
        array = self.gradient_of(found.value)
        return array if found.flat is None else read_only(array.reshape(-1)[found.flat], self.xp)

    def gradient_of(self, value: int) -> Array:
        """Return the complete gradient of the value with this id, in its shape."""
        if value == self.program.target:
            return self.seed
        last = self.program.slot_columns.last[value]
        return self.accumulated[last] if last >= 0 else self._zeros(value)

    def arriving(self, value: int) -> Array:
        """Return a value's complete gradient as its step reads it; in named values by its name, `dL/dy(1)`."""
        return self.gradient_of(value)

    def total(self, value: int, flat: int) -> Any:
        """Return the gradient that the routes of one element sum to: a float; in symbols an expression."""
        return self.gradient_of(value).item(flat)

    def _zeros(self, value: int) -> Array:
        return read_only(self.xp.zeros(self.program.shape(value)), self.xp)

    def derivative(self, text: str) -> Any:
        """Return dA/dB between any two named values or elements, in the shape of A followed by that of B.

        Raises BptuiError where `text` is no derivative of this scenario's names, or where it has too many entries.
        """
        from bptui.trace.derivative import derivative

        return derivative(self, text)

    def routes(self, element: str, limit: int = 20, level: Level = "named") -> Routes:
        """Return the routes from one element to the target, best first: see `bptui.trace.routes`."""
        from bptui.trace.routes import find_routes

        return find_routes(self, element, limit, level)

    # -- by step ---------------------------------------------------------------------------------------------------

    @cached_property
    def steps(self) -> Steps:
        """All steps in order: forward, the seed, backward; each made when it is asked for."""
        return Steps(self)

    @property
    def seed_step(self) -> int:
        """The index of the step that seeds the backward pass; as many forward steps come before it."""
        return len(self.program.steps)

    def result(self, step: int) -> Array:
        """Return what forward step `step` computes; in named values the expression that a line's name stands for."""
        return self.values[self.program.columns.outputs[step]]

    def before(self, slot: int) -> Array:
        """Return the gradient that slot `slot` adds to: what the previous contribution to that value left, or zeros."""
        slots = self.program.slot_columns
        if slots.previous[slot] >= 0:
            return self.accumulated[slots.previous[slot]]
        target = slots.target[slot]
        return self.seed if target == self.program.target else self._zeros(target)

    def upstream(self, slot: int) -> Array:
        """Return the gradient that flows into slot `slot` from above: the complete gradient of its step's output."""
        return self.arriving(self.program.columns.outputs[self.program.slot_columns.step[slot]])

    def local(self, slot: int) -> Local:
        """Return the local derivative that slot `slot` multiplies its upstream gradient by."""
        record = self.program.slots[slot]
        step = self.program.steps[record.step]
        output, operand = self.program.values[step.output], self.program.values[record.target]
        shapes = tuple(self.program.values[one].shape for one in step.inputs)
        params = all_params(step, self.choices)
        structure = step.operation.structure(record.slot, shapes, output.shape, params)
        with np.errstate(all="ignore"):
            elementwise = local_derivative(step, record.slot, self.values, self.choices, self.xp)
        if elementwise is not None:
            return Local("elementwise", structure.name, read_only(elementwise, self.xp))
        if output.size * operand.size > LARGEST_JACOBIAN:
            return Local("jacobian", structure.name, None)
        rows = [self.local_row(record.step, record.slot, flat) for flat in range(output.size)]
        matrix = read_only(np.reshape(rows, (*output.shape, *operand.shape)), self.xp)
        return Local("jacobian", structure.name, matrix)

    def local_row(self, step: int, slot: int, flat: int) -> Array:
        """Return row `flat` of a step's local Jacobian, in the operand's shape: the vjp of a one-hot gradient."""
        record = self.program.steps[step]
        probe = self.one_hot(record.output, flat)
        with np.errstate(all="ignore"):
            return read_only(contribution(record, slot, probe, self.values, self.choices, self.xp), self.xp)

    def one_hot(self, value: int, flat: int) -> Array:
        """Return the gradient of element `flat` of a value with respect to the value: 1 there, 0 elsewhere."""
        probe = self.xp.zeros(self.program.values[value].shape)
        probe.reshape(-1)[flat] = 1
        return read_only(probe, self.xp)

    # -- as it stood at a step -------------------------------------------------------------------------------------

    def slots_of(self, value: int) -> tuple[int, ...]:
        """Return the slots that contribute to the value's gradient, in order."""
        return self.program.slot_columns.of(value)

    def gradient_at(self, value: int, step: int) -> Array | None:
        """Return a value's gradient as accumulated after step `step`; None where nothing has arrived by then."""
        done = bisect_right(self.slots_of(value), step - self.seed_step - 1)
        if done:
            return self.accumulated[self.slots_of(value)[done - 1]]
        return self.seed if value == self.program.target and step >= self.seed_step else None

    # -- what deserves attention -------------------------------------------------------------------------------------

    @cached_property
    def first_not_finite(self) -> NotFinite | None:
        """Where a value, and failing that a gradient, first became nan or inf; None where none did."""
        if self.mode == "symbols":
            return None
        program, slots = self.program, self.program.slot_columns
        given = (value for value, source in enumerate(program.code.source) if source < 0)
        for value, flat, number in not_finite(self.values, given):
            return NotFinite(None, value, flat, number)
        for value, flat, number in not_finite(self.values, program.columns.outputs):
            return NotFinite(program.producer[value], value, flat, number)
        for slot, flat, number in not_finite(self.accumulated, range(len(self.accumulated))):
            return NotFinite(self.seed_step + 1 + slot, slots.target[slot], flat, number)
        return None


class Steps(OneByOne[Step]):
    """The steps of a trace as a read-only sequence; making one costs the same wherever it stands."""

    def __init__(self, trace: Trace) -> None:
        self._trace = trace

    def __len__(self) -> int:
        return len(self._trace.program.steps) + 1 + len(self._trace.program.slots)

    def _item(self, index: int) -> Step:
        index, forward = self._place(index), self._trace.seed_step
        if index < forward:
            return self._forward(index)
        return self._seed(index) if index == forward else self._backward(index)

    def _forward(self, index: int) -> Step:
        record = self._trace.program.steps[index]
        return Step(
            index,
            "forward",
            op=record.operation.name,
            inputs=record.inputs,
            params=record.params,
            output=record.output,
            line=record.line,
            formula=record.formula,
        )

    def _seed(self, index: int) -> Step:
        program = self._trace.program
        return Step(
            index,
            "seed",
            output=program.target,
            line=program.values[program.target].line,
            formula=formulas.seed(program),
            gradient=self._trace.seed,
        )

    def _backward(self, index: int) -> Step:
        trace = self._trace
        slot = trace.program.slots[index - trace.seed_step - 1]
        record = trace.program.steps[slot.step]
        return Step(
            index,
            "backward",
            op=record.operation.name,
            inputs=record.inputs,
            params=record.params,
            output=record.output,
            line=record.line,
            formula=formulas.backward(trace.program, slot),
            forward_step=slot.step,
            slot=slot.slot,
            target=slot.target,
            upstream=trace.upstream(slot.index),
            local=trace.local(slot.index),
            contribution=trace.contributions[slot.index],
            before=trace.before(slot.index),
            after=trace.accumulated[slot.index],
        )
