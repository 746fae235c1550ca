"""A program's plan: its run as straight-line code, for programs that are run again and again.

The two passes in `passes.py` are run once on arrays that are not computed yet (`pending.py`). What they find out at
every step (the rule, its operands and options, whether a shape was broadcast, what a gradient is added to) is settled
with that; what they would compute is left, and written down as one Python function:

    v7 = v2.dot(v0)
    c4 = c1 * v22
    a9 = c8 + c9

The text of that function is put together from the templates in these two files and from whole numbers: ids of values,
steps and slots, and places in the table of constants that the function gets. Nothing that a scenario file says is in
it, for options and numbers are constants, handed over as objects; and it runs without Python's builtins. That is why
compiling it is safe.

A plan computes what the passes compute, so its numbers are the same to the last bit.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
from msgspec import Struct
from msgspec.structs import replace

from bptui.engine.passes import backward, forward
from bptui.engine.pending import CONSTANT, Chosen, Pending, Sheet, Unfolding, key_of
from bptui.ops import numeric
from bptui.scenario.program import Array, Program

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
    planned = _planned(program)
    if planned.plan is None:
        if planned.asked and len(program.steps) + len(program.slots) <= LONGEST:
            planned.plan = make_plan(program)
        planned.asked = True
    return planned.plan


class _Planned(Struct):
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
    with np.errstate(all="ignore"):
        recorded = _unfold(program)
    writer = _Writer(*recorded)
    return writer.text(), writer.constants


def _unfold(program: Program) -> tuple[list[Pending], list[Pending], list[Pending], dict[int, Pending]]:
    """Return what a run of `program` will record: values, contributions, accumulated gradients and choices."""
    sheet = Sheet()
    xp = Unfolding(sheet, numeric)
    given = {
        value: sheet.given(f"leaves[{value}]", program.shape(value))
        for value, source in enumerate(program.code.source)
        if source < 0
    }
    constants = enumerate(program.code.constants())
    given |= {value: sheet.constant(array) for value, array in constants if array is not None}
    steps = [replace(step, operation=xp.operation(step.operation)) for step in program.steps]
    unfolding = replace(program, steps=steps)
    values, choices = forward(unfolding, given, xp)
    seed = sheet.given("seed", program.shape(program.target))
    contributions, accumulated = backward(unfolding, values, choices, seed, xp)
    whole = {step: chosen.whole for step, chosen in choices.items() if isinstance(chosen, Chosen)}
    return values, contributions, accumulated, whole


class _Writer:
    """Writes the function that computes pending arrays: a line for each that is recorded or used more than once."""

    def __init__(
        self,
        values: Sequence[Pending],
        contributions: Sequence[Pending],
        accumulated: Sequence[Pending],
        choices: Mapping[int, Pending],
    ) -> None:
        self.constants: dict[str, Any] = {"__builtins__": {}}
        self._known: dict[Any, str] = {}
        self._lines: list[str] = []
        self._written: set[int] = set()
        self._names: dict[int, str] = {}
        """By the identity of a pending array that has a line of its own."""
        for letter, recorded in (("v", enumerate(values)), ("h", choices.items()), ("c", enumerate(contributions))):
            for number, one in recorded:
                self._names.setdefault(id(one), f"{letter}{number}")
        for number, one in enumerate(accumulated):
            self._names.setdefault(id(one), f"a{number}")
        self._name_shared([*values, *choices.values(), *accumulated, *contributions])
        lists = [", ".join(map(self._text, recorded)) for recorded in (values, contributions, accumulated)]
        chosen = ", ".join(f"{step}: {self._text(choice)}" for step, choice in choices.items())
        self._lines.append(f"return [{lists[0]}], [{lists[1]}], [{lists[2]}], {{{chosen}}}")

    def text(self) -> str:
        return "def run(leaves, seed):\n " + "\n ".join(self._lines)

    def _name_shared(self, waiting: list[Pending]) -> None:
        """Give what is used more than once a name."""
        seen: set[int] = set()
        while waiting:
            one = waiting.pop()
            if id(one) in seen:
                self._names.setdefault(id(one), f"s{len(self._names)}")
                continue
            seen.add(id(one))
            waiting += [part for part in one.parts if isinstance(part, Pending)]

    def _text(self, part: Any) -> str:
        """Return the text of an operand; what has a line of its own is written before."""
        if not isinstance(part, Pending):
            return self._constant(part)
        if part.template == CONSTANT:
            return self._constant(part.parts[0])
        name = self._names.get(id(part))
        if name is not None and id(part) in self._written:
            return name
        text = part.template.format(*map(self._text, part.parts))
        if name is None:
            return text
        self._written.add(id(part))
        self._lines.append(f"{name} = {text}")
        return name

    def _constant(self, thing: Any) -> str:
        """Return the name under which the function finds an object."""
        key = key_of(thing)
        if key not in self._known:
            self._known[key] = f"k{len(self._known)}"
            self.constants[self._known[key]] = thing
        return self._known[key]


def _expect(program: Program) -> None:
    """Let the C library's allocator know how much memory a run takes and then gives back.

    glibc keeps freed memory up to twice the largest block that it has seen come and go. What is beyond goes back to the
    system and has to be fetched again, page by page, in the next run: for large arrays that takes as long as the run.
    """
    values = program.values
    np.empty(sum(value.size for value in values) + 2 * sum(values[slot.target].size for slot in program.slots))
