"""The steps of a trace, one after the other, with the fields of the JSON trace."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from msgspec import Struct

from bptui.scenario.program import Array
from bptui.sequences import OneByOne
from bptui.trace import formulas
from bptui.trace.recorded import Local, Recorded


class Step(Struct, frozen=True):
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


_STEP_FIELDS = Step.__struct_fields__


class Steps(OneByOne[Step]):
    """The steps of a trace as a read-only sequence; making one costs the same wherever it stands."""

    def __init__(self, trace: Recorded) -> None:
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
