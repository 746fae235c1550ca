"""A program's plan: its run as straight-line code, for programs that are run again and again.

What the rules' general path in `run.py` finds out at every step (the rule, its operands and options, whether a shape
was broadcast, what a gradient is added to) is settled once, and written down as one Python function:

    v7 = k0(xp, v2, v0)
    c1 = a0 * k5(xp, v9, v8)
    a1 = a0 + c1

The text of that function is put together from the templates in this file and from whole numbers: ids of values, steps
and slots, and places in the table of constants that the function gets. Nothing that a scenario file says is in it, for
names, options and numbers are constants, handed over as objects; and it runs without Python's builtins. That is why
compiling it is safe.

A plan computes the same operations in the same order as the general path, so its numbers are the same to the last bit.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any

import numpy as np

from bptui.ops import numeric
from bptui.ops.operation import Everywhere
from bptui.scenario.program import Array, ForwardStep, Program, Slot, Value

LONGEST = 10_000
"""How many steps, forward and backward, a program may have to be given a plan: compiling takes time with each."""

_PLANS_KEPT = 16

Recorded = tuple[list[Any], list[Any], list[Any], dict[int, Mapping[str, Any]]]
"""Values by id, contributions and accumulated gradients by slot, choices by step."""

Plan = Callable[[Mapping[int, Array], Array], Recorded]
"""Runs the program on its leaves' arrays, by id, and the seed."""


def find_plan(program: Program) -> Plan | None:
    """Return the plan of `program`, made when it is asked for a second time: most programs are run once.

    None the first time, and always where the program is long.
    """
    if len(program.steps) + len(program.slots) > LONGEST:
        return None
    planned = _planned(program)
    if planned.plan is None and planned.asked:
        planned.plan = make_plan(program)
    planned.asked = True
    return planned.plan


@dataclass(slots=True)
class _Planned:
    """Whether one program's plan was asked for, and the plan once there is one."""

    asked: bool = False
    plan: Plan | None = None


@lru_cache(_PLANS_KEPT)
def _planned(program: Program) -> _Planned:
    return _Planned()


def make_plan(program: Program) -> Plan:
    """Return the plan of `program`, compiled."""
    text, constants = write_plan(program)
    exec(compile(text, "<plan>", "exec"), constants)  # templates and whole numbers alone: see above
    _expect(program)
    plan: Plan = constants["run"]
    return plan


def write_plan(program: Program) -> tuple[str, dict[str, Any]]:
    """Return the text of a plan, one function `run`, and the objects that its other names stand for."""
    writer = _Writer(program)
    return writer.text(), writer.constants


class _Writer:
    """Writes the function of one program, line by line."""

    def __init__(self, program: Program) -> None:
        self._program = program
        self.constants: dict[str, Any] = {"__builtins__": {}, "xp": numeric}
        self._known: dict[int, str] = {}
        self._lines: list[str] = []
        self._array: dict[int, str] = {}
        self._scalar: dict[int, str] = {}
        """Under which name each value is to be had; given ones of no axes in two forms."""
        self._choosing: list[int] = []
        """The steps that choose by looking at their values."""

    def text(self) -> str:
        program = self._program
        for value in program.values:
            if value.id not in program.producer:
                self._given(value)
        for step in program.steps:
            self._forward(step)
        self._lines.append("s = seed" + ("" if program.values[program.target].shape else "[()]"))
        accumulated = [self._backward(slot) for slot in program.slots]
        values = ", ".join(self._array[value.id] for value in program.values)
        contributions = ", ".join(f"c{slot.index}" for slot in program.slots)
        choices = ", ".join(f"{step}: h{step}" for step in self._choosing)
        self._lines.append(f"return [{values}], [{contributions}], [{', '.join(accumulated)}], {{{choices}}}")
        return "def run(leaves, seed):\n " + "\n ".join(self._lines)

    def _given(self, value: Value) -> None:
        """Name a leaf or a constant: as an array, and where it has no axes as NumPy's scalar as well."""
        if value.constant is not None:
            self._array[value.id] = self._constant(value.constant)
            self._scalar[value.id] = self._array[value.id] if value.shape else self._constant(value.constant[()])
            return
        self._array[value.id] = self._scalar[value.id] = f"v{value.id}"
        self._lines.append(f"v{value.id} = leaves[{value.id}]")
        if not value.shape:
            self._scalar[value.id] = f"n{value.id}"
            self._lines.append(f"n{value.id} = v{value.id}[()]")

    def _forward(self, step: ForwardStep) -> None:
        operation, operands = step.operation, self._operands(step)
        if operation.choose is not None:
            chosen = self._call(operation.choose, (operands,), step, chosen=False)
            self._lines.append(f"h{step.index} = {chosen}")
            self._choosing.append(step.index)
        self._array[step.output] = self._scalar[step.output] = f"v{step.output}"
        self._lines.append(f"v{step.output} = {self._call(operation.forward, ('xp', operands), step)}")

    def _backward(self, slot: Slot) -> str:
        """Write one contribution and its accumulation; return the name of the gradient that this leaves."""
        program = self._program
        step = program.steps[slot.step]
        last = program.last_slot.get(step.output)
        upstream = "s" if last is None else self._accumulated(last)
        contribution = self._contribution(step, slot, upstream)
        self._lines.append(f"c{slot.index} = {contribution}")
        if slot.previous >= 0:
            self._lines.append(f"a{slot.index} = {self._accumulated(slot.previous)} + c{slot.index}")
        return self._accumulated(slot.index)

    def _accumulated(self, slot: int) -> str:
        """Return the name of the gradient after slot `slot`; the first contribution is the gradient itself."""
        return f"a{slot}" if self._program.slots[slot].previous >= 0 else f"c{slot}"

    def _contribution(self, step: ForwardStep, slot: Slot, upstream: str) -> str:
        operation = step.operation
        output, operands = f"v{step.output}", self._operands(step)
        derivative = operation.partial(slot.slot)
        if derivative is None:
            vjp = operation.vjp(slot.slot)
            assert vjp is not None, f"no gradient passes into operand {slot.slot} of {operation.name}"
            return self._call(vjp, ("xp", upstream, output, operands), step)
        if not isinstance(derivative, Everywhere):
            product = f"{upstream} * {self._call(derivative, ('xp', output, operands), step)}"
        else:
            sign = {1.0: "", -1.0: "-"}.get(derivative.slope)
            product = f"{self._constant(derivative.times)}({upstream})" if sign is None else f"{sign}{upstream}"
        shape = self._program.values[slot.target].shape
        if shape == self._program.values[step.output].shape:
            return product
        if not shape:
            return f"{self._constant(numeric.total)}({product})"
        return f"{self._constant(numeric.unbroadcast)}({product}, {self._constant(shape)})"

    def _operands(self, step: ForwardStep) -> str:
        """Return the names of a step's operands.

        NumPy's scalars are quickest among themselves, and arrays of no axes together with other arrays.
        """
        alone = all(not self._program.values[operand].shape for operand in step.inputs)
        names = self._scalar if alone else self._array
        return ", ".join(names[operand] for operand in step.inputs)

    def _call(self, rule: Any, arguments: Sequence[str], step: ForwardStep, chosen: bool = True) -> str:
        """Return a call of a rule with a step's options, and with what the step chose."""
        choice = [f"**h{step.index}"] if chosen and step.operation.choose is not None else []
        if step.params:
            rule = partial(rule, **step.params)
        return f"{self._constant(rule)}({', '.join([*arguments, *choice])})"

    def _constant(self, thing: Any) -> str:
        """Return the name under which the function finds an object."""
        if id(thing) not in self._known:
            self._known[id(thing)] = f"k{len(self._known)}"
            self.constants[self._known[id(thing)]] = thing
        return self._known[id(thing)]


def _expect(program: Program) -> None:
    """Let the C library's allocator know how much memory a run takes and then gives back.

    glibc keeps freed memory up to twice the largest block that it has seen come and go. What is beyond goes back to the
    system and has to be fetched again, page by page, in the next run: for large arrays that takes as long as the run.
    """
    values = program.values
    np.empty(sum(value.size for value in values) + 2 * sum(values[slot.target].size for slot in program.slots))
