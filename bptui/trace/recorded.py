"""What one run of a program recorded: values, every contribution, every gradient before and after; immutable.

The structure (which step, which operand, in which order) is the program's; a run adds the numbers.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal, TypeVar

import numpy as np
from msgspec import Struct

from bptui.errors import BptuiError
from bptui.ops import numeric
from bptui.scenario.notation import ReferenceFormatError, parse_reference
from bptui.scenario.program import Array, Program
from bptui.scenario.resolve import Element, resolve_reference
from bptui.trace.arrays import Recording, read_only
from bptui.trace.backward import all_params, local_derivative, passed_back
from bptui.trace.finite import Finite, NotFinite

if TYPE_CHECKING:
    from bptui.scenario.scenario import Scenario

View = TypeVar("View")

LARGEST_JACOBIAN = 4096
"""How many entries a local Jacobian may have to be written out in full."""


class Local(Struct, frozen=True):
    """A step's local derivative with respect to one operand.

    `kind` is `elementwise` (then `value` has the output's shape, before the sum over broadcast axes) or `jacobian`
    (then `value` has the output's shape followed by the operand's, and is None where that is more than 4096 entries).
    `structure` is the pattern of the Jacobian: `diagonal`, `broadcast`, `selection`, `permutation`, `dense`, …
    """

    kind: Literal["elementwise", "jacobian"]
    structure: str
    value: Array | None


class Recorded:
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
        recording: Recording | None = None,
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
        self.recording = recording
        """What records it; None where all was recorded at once."""
        self.xp = xp
        """The namespace that the rules ran in."""

    @property
    def mode(self) -> Literal["numbers", "symbols"]:
        """Whether the arrays hold numbers (float64) or symbols (SymPy expressions, of dtype object)."""
        return "numbers" if self.xp is numeric else "symbols"

    @property
    def numbers(self) -> Recorded | None:
        """This run in numbers: itself; of a trace in symbols the one beside it, None where there are only symbols."""
        return self

    @property
    def in_names(self) -> Recorded:
        """The trace that chains are read from: itself; of a trace in symbols the one in named values."""
        return self

    def view(self, kind: Callable[[Recorded], View]) -> View:
        """Return `kind(self)`, the same each time: a view that remembers what it found out."""
        if kind not in self._views:
            self._views[kind] = kind(self)
        found: View = self._views[kind]
        return found

    @cached_property
    def _views(self) -> dict[Any, Any]:
        return {}

    # -- by name ---------------------------------------------------------------------------------------------------

    def element(self, reference: str) -> Element:
        """Return which value, and which of its elements, `reference` names; raises BptuiError where it names none."""
        try:
            return resolve_reference(self.program, parse_reference(reference))
        except ReferenceFormatError as fault:
            raise BptuiError(str(fault)) from None

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

    # -- by step ---------------------------------------------------------------------------------------------------

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
        rows: Any
        if structure.source is not None and self.mode == "numbers":
            rows = structure.source[:, np.newaxis] == np.arange(operand.size)
        else:
            rows = list(map(self._rows_of(record.step, record.slot), range(output.size)))
        matrix = read_only(np.reshape(rows, (*output.shape, *operand.shape)), self.xp)
        return Local("jacobian", structure.name, matrix)

    def local_row(self, step: int, slot: int, flat: int) -> Array:
        """Return row `flat` of a step's local Jacobian, in the operand's shape: the vjp of a one-hot gradient."""
        return self._rows_of(step, slot)(flat)

    def _rows_of(self, step: int, slot: int) -> Callable[[int], Array]:
        """Return what computes a row; what all have in common is looked up once, for there may be many operands."""
        record = self.program.steps[step]
        inputs = [self.values[operand] for operand in record.inputs]
        output, params = self.values[record.output], all_params(record, self.choices)

        def row(flat: int) -> Array:
            probe = self.one_hot(record.output, flat)
            with np.errstate(all="ignore"):
                found = passed_back(record.operation, slot, probe, output, inputs, params, self.xp)
            return read_only(found, self.xp)

        return row

    def one_hot(self, value: int, flat: int) -> Array:
        """Return the gradient of element `flat` of a value with respect to the value: 1 there, 0 elsewhere."""
        probe = self.xp.zeros(self.program.values[value].shape)
        probe.reshape(-1)[flat] = 1
        return read_only(probe, self.xp)

    def reached(self, step: int) -> bool:
        """Return whether step `step` is recorded already; what is not is recorded when it is asked for."""
        return self.recording is None or step < self.recording.reached

    # -- as it stood at a step -------------------------------------------------------------------------------------

    def slots_of(self, value: int) -> Sequence[int]:
        """Return the slots that contribute to the value's gradient, in order."""
        return self.program.slot_columns.of(value)

    def gradient_at(self, value: int, step: int) -> Array | None:
        """Return a value's gradient as accumulated after step `step`; None where nothing has arrived by then."""
        return self.gradient_after(value, self.arrived(value, step))

    def arrived(self, value: int, step: int) -> int:
        """Return how many contributions a value's gradient has after step `step`; the seed counts as one."""
        if step < self.seed_step:
            return 0
        seeded = value == self.program.target
        return bisect_right(self.slots_of(value), step - self.seed_step - 1) + seeded

    def gradient_after(self, value: int, arrived: int) -> Array | None:
        """Return a value's gradient as it is after so many contributions; None before the first."""
        seeded = value == self.program.target
        if arrived > seeded:
            return self.accumulated[self.slots_of(value)[arrived - seeded - 1]]
        return self.seed if arrived else None

    # -- what deserves attention -------------------------------------------------------------------------------------

    @property
    def first_not_finite(self) -> NotFinite | None:
        """Where a value, and failing that a gradient, first became nan or inf; None where none did."""
        return self.not_finite_by(self.seed_step + len(self.program.slots))

    def not_finite_by(self, step: int) -> NotFinite | None:
        """Return where a number first became nan or inf, if one did up to step `step`; symbols never do."""
        return self._finite.by(step) if self.mode == "numbers" else None

    @cached_property
    def _finite(self) -> Finite:
        return Finite(self.program, self.values, self.accumulated)
