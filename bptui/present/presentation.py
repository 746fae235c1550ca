"""(Trace, step, element) → Frame: the one presentation model that app and exports take their words and numbers from.

Nothing here is computed for steps that are not asked for, and a table of a large array makes its rows as they are read.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from bptui.present import cells, sentences
from bptui.present.frame import Frame, Point, RouteList, StepLabel, Table
from bptui.present.ledger import contribution, jacobian, ledger
from bptui.present.made import given, made
from bptui.present.number_writer import NumberWriter
from bptui.present.values import ValueTables
from bptui.present.why import route_list
from bptui.present.wires import Wires, find_wires
from bptui.present.writer import CellWriter
from bptui.scenario.program import ForwardStep, Slot, Value
from bptui.sequences import Lazy
from bptui.text import printable
from bptui.trace import formulas
from bptui.trace.elements import Level
from bptui.trace.places import value_of
from bptui.trace.record import Trace

if TYPE_CHECKING:
    from bptui.present.derivation import Derivation


class Presentation:
    """The frames, step labels and tables of one trace; in numbers, or as another writer writes it."""

    def __init__(self, trace: Trace, writer: CellWriter | None = None) -> None:
        self.writer = NumberWriter(trace) if writer is None else writer
        self.trace, self.program, self.elements = self.writer.trace, self.writer.program, self.writer.elements
        self.title = printable(trace.scenario.title)
        self.description = printable(trace.scenario.description.strip(), keep="\n")

    def __len__(self) -> int:
        return len(self.trace.steps)

    def with_numbers(self, numbers: Trace) -> Presentation | None:
        """Return this presentation with other numbers; None where they lead to other symbols."""
        writer = self.writer.with_numbers(numbers)
        return None if writer is None else Presentation(numbers, writer)

    # -- the step ----------------------------------------------------------------------------------------------------

    def frame(self, index: int, element: int = 0) -> Frame:
        """Return what step `index` shows with the cursor on `element` of the array that the step makes or adds to."""
        forward = self.trace.seed_step
        if index < forward:
            return self._forward(self.program.steps[index], element)
        if index == forward:
            return self._seed(index, element)
        return self._backward(index, self.program.slots[index - forward - 1], element)

    @cached_property
    def labels(self) -> Sequence[StepLabel]:
        """The list of steps, each label made when it is asked for."""
        return Lazy(len(self), self.label)

    def label(self, index: int) -> StepLabel:
        """Return how step `index` stands in the list of steps."""
        forward = self.trace.seed_step
        if index < forward:
            step = self.program.steps[index]
            return StepLabel(index, "forward", sentences.equation(self.program, step), step.operation.name, step.line)
        if index == forward:
            text = cells.pretty(self.trace.steps[index].formula or "")
            return StepLabel(index, "seed", text, "seed", self.program.values[self.program.target].line or "")
        slot = self.program.slots[index - forward - 1]
        step = self.program.steps[slot.step]
        text = cells.pretty(formulas.backward(self.program, slot, brief=True))
        return StepLabel(index, "backward", text, step.operation.name, step.line)

    def _forward(self, step: ForwardStep, element: int) -> Frame:
        element = _within(self.program.values[step.output], element)
        return Frame(
            step.index,
            len(self),
            "forward",
            step.line,
            sentences.line_text(self.program, step.line),
            step.operation.name,
            sentences.equation(self.program, step),
            sentences.forward_sentence(self.program, step),
            element,
            *made(self.writer, step, element),
            tuple(sentences.notes(self.trace, step.index, step)),
        )

    def _seed(self, index: int, element: int) -> Frame:
        target = self.program.values[self.program.target]
        element, line = _within(target, element), target.line or ""
        return Frame(
            index,
            len(self),
            "seed",
            line,
            sentences.line_text(self.program, line),
            "seed",
            cells.pretty(self.trace.steps[index].formula or ""),
            sentences.seed_sentence(self.program),
            element,
            *given(self.writer, element),
            (),
        )

    def _backward(self, index: int, slot: Slot, element: int) -> Frame:
        step, target = self.program.steps[slot.step], self.program.values[slot.target]
        element = _within(target, element)
        return Frame(
            index,
            len(self),
            "backward",
            step.line,
            sentences.line_text(self.program, step.line),
            step.operation.name,
            cells.pretty(formulas.backward(self.program, slot)),
            sentences.backward_sentence(self.elements, slot),
            element,
            contribution(self.writer, slot, element) if target.size else (),
            ledger(self.writer, slot, element),
            (
                *(self.writer.remarks(slot, element) if target.size else ()),
                *sentences.notes(self.trace, index, step, slot),
            ),
            jacobian(self.writer, slot),
        )

    def wires(self, index: int) -> Wires | None:
        """Return the wires of step `index`, or None where it moves nothing."""
        return find_wires(self.elements, index, self.writer.text)

    # -- values ------------------------------------------------------------------------------------------------------

    @cached_property
    def value_tables(self) -> ValueTables:
        """The tables of named values and their gradients, step by step."""
        return ValueTables(self.writer)

    def values(self, index: int) -> Table:
        """Return the table of all named values at step `index`."""
        return self.value_tables.table(index)

    def changed(self, index: int) -> range:
        """Return the rows of `values` whose numbers step `index` makes or adds to; none where the value has no name."""
        return self.value_tables.rows(value_of(self.trace, index))

    def concerned(self, index: int, at: Point) -> tuple[int, Point] | None:
        """Return which element of what step `index` makes or adds to has to do with `at`, and what its row has of it.

        That is the element itself, the first that it enters, or the first that enters it. None where none has.
        """
        forward = self.trace.seed_step
        about = value_of(self.trace, index)
        if at.value == about:
            return at.flat, Point(about, at.flat, index >= forward)
        if index == forward:
            return None
        slot = self.program.slots[index - forward - 1] if index > forward else None
        step = self.program.steps[slot.step if slot is not None else index]
        head = at.flat if at.value == step.output else self._entered(step, at)
        if head is None or slot is None:
            return None if head is None else (head, Point(about, head))
        tails = self.elements.structure(step.index, slot.slot).reads(head)
        return (int(tails[0]), Point(step.output, head, gradient=True)) if len(tails) else None

    def _entered(self, step: ForwardStep, at: Point) -> int | None:
        """Return the first element of a step's result that an element enters as an operand, if it does."""
        for slot, operand in enumerate(step.inputs):
            if operand == at.value and len(heads := self.elements.feeds(step.index, slot, at.flat)):
                return int(heads[0])
        return None

    # -- why ---------------------------------------------------------------------------------------------------------

    def route_list(
        self,
        value: int,
        flat: int,
        limit: int = 6,
        level: Level = "named",
        wanted: Callable[[], bool] = lambda: True,
        *,
        before: Trace | None = None,
        known: Callable[[Point], bool] | None = None,
    ) -> RouteList:
        """Return why the gradient of one element is what it is: its largest routes, factor by factor.

        `wanted` is asked now and then whether the answer still is. What was otherwise in `before` is written `old→new`,
        and what is not `known` is hidden.
        """
        return route_list(self.writer, value, flat, limit, level, wanted, before, known)


def _within(value: Value, element: int) -> int:
    return max(0, min(element, value.size - 1))


def presentation_in_symbols(trace: Trace, derivation: Derivation | None = None) -> Presentation:
    """Return the presentation of a scenario in symbols; raises BptuiError where it is too large for them.

    `trace` is in numbers or in symbols; a derivation that is already there can be handed on.
    """
    from bptui.present.symbol_writer import SymbolWriter

    return Presentation(trace, SymbolWriter(trace, derivation))


def presentation_of(trace: Trace) -> Presentation:
    """Return the presentation of a trace, in numbers or in symbols as the trace is."""
    return Presentation(trace) if trace.mode == "numbers" else presentation_in_symbols(trace)
