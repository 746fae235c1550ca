"""The derivation line by line: every line in the names that it uses, every gradient in the gradients of named values.

Inside a line, `y(1)` stays `y(1)` and what flows in from above stays `dL/dy(1)`: each line is derived with fresh
symbols for what it reads, as a person does it, so that expressions stay as small as the line is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from copy import copy
from functools import cached_property
from typing import Any

import numpy as np
import sympy

from bptui.engine.passes import Choices, compute
from bptui.errors import BptuiError
from bptui.scenario.program import Array
from bptui.scenario.scenario import GIVE_NUMBERS, Scenario
from bptui.symbols import folded
from bptui.symbols.bound import Bound
from bptui.symbols.elements import element_symbols, gradient_symbols, seed_symbols
from bptui.symbols.exact import exact_array
from bptui.symbols.extent import refuse_large
from bptui.symbols.tree import Sizes, expanded, size_of_meaning
from bptui.trace.arrays import read_only
from bptui.trace.backward import contribution
from bptui.trace.record import Trace

Advance = Callable[[int, int], None]
"""Is told how many steps are done, of how many."""


class NamedTrace(Trace):
    """A trace in the symbols of named values: `values` of leaves and lines are symbols that have their names."""

    def __init__(
        self,
        scenario: Scenario,
        values: Sequence[Array],
        seed: Array,
        choices: Choices,
        made: Mapping[int, Array],
        numbers: Trace | None,
        advance: Advance = lambda done, of: None,
    ) -> None:
        super().__init__(scenario, scenario.program, values, seed, (), (), choices, folded)
        self.made = made
        """For each line, what its last step results in: an expression in the names that the line uses."""
        self._numbers = numbers
        self._arriving = {
            value: gradient_symbols(self.program, value)
            for value in self.program.last_slot
            if self.program.values[value].name is not None and value != self.program.target
        }
        self._sizes: Sizes = {}
        self.contributions, self.accumulated = self._backward(advance)

    @property
    def numbers(self) -> Trace | None:
        return self._numbers

    @cached_property
    def gradients(self) -> Mapping[sympy.Symbol, sympy.Expr]:
        """What the symbols of gradients stand for: each in named values and the gradients above."""
        found: dict[sympy.Symbol, sympy.Expr] = {}
        for value, arriving in self._arriving.items():
            found |= zip(arriving.flat, self.gradient_of(value).flat, strict=True)
        return found

    @cached_property
    def meant(self) -> Mapping[sympy.Symbol, sympy.Expr]:
        """What the symbols of lines and of gradients stand for: each in the names of the lines below or above it."""
        found = dict(self.gradients)
        for value, made in self.made.items():
            found |= zip(self.values[value].flat, made.flat, strict=True)
        return found

    def result(self, step: int) -> Array:
        """Return what a forward step results in, in the names that its line uses."""
        output = self.program.steps[step].output
        return self.made.get(output, self.values[output])

    def arriving(self, value: int) -> Array:
        """Return a value's gradient as it is passed on: a named value's by its name, `dL/dy(1)`."""
        found = self._arriving.get(value)
        return self.gradient_of(value) if found is None else found

    def in_values(self, expression: sympy.Expr) -> sympy.Expr:
        """Return an expression with the gradients in it written out in named values, where that is not too long."""
        if size_of_meaning(expression, self.gradients, self._sizes) > LARGEST_IN_VALUES:
            return expression
        return expanded(expression, self.gradients)

    def total(self, value: int, flat: int) -> sympy.Expr:
        return self.in_values(self.gradient_of(value).item(flat))

    def with_numbers(self, numbers: Trace) -> NamedTrace | None:
        """Return this derivation with other numbers beside it; None where they lead to other choices."""
        if not _same_choices(self.choices, numbers.choices):
            return None
        other = copy(self)
        other._numbers = numbers
        return other

    def _backward(self, advance: Advance) -> tuple[list[Array], list[Array]]:
        program = self.program
        gradients: dict[int, Array] = {program.target: self.seed}
        contributions: list[Array] = []
        accumulated: list[Array] = []
        bound = Bound()
        for slot in program.slots:
            advance(len(program.steps) + slot.index, len(program.steps) + len(program.slots))
            step = program.steps[slot.step]
            upstream = self._arriving.get(step.output)
            if upstream is None:
                upstream = gradients[step.output]
            added = read_only(contribution(step, slot.slot, upstream, self.values, self.choices, folded), folded)
            before = gradients.get(slot.target)
            gradients[slot.target] = added if before is None else read_only(before + added, folded)
            bound.check(gradients[slot.target], step.line)
            contributions.append(added)
            accumulated.append(gradients[slot.target])
        return contributions, accumulated


ORDERING = ("sort", "topk")
"""The operations that cannot be written down before they have looked at their values."""


def record_named(scenario: Scenario, numbers: Trace | None, advance: Advance = lambda done, of: None) -> NamedTrace:
    """Return the derivation of `scenario` line by line; `numbers` is its trace in numbers, where it has any.

    `advance` is told before each step how many are done, of how many; what it raises ends the derivation.

    What an operation decides by looking at its values is decided there. Raises BptuiError where something has to be
    decided and there are no numbers, and where the scenario is too large.
    """
    program = scenario.program
    refuse_large(program)
    choices = _choices(scenario, numbers)
    values: list[Any] = [None] * len(program.values)
    for value in program.values:
        if value.constant is not None:
            values[value.id] = read_only(exact_array(value.constant), folded)
        elif value.name is not None:
            values[value.id] = read_only(element_symbols(program, value.id), folded)
    made: dict[int, Array] = {}
    bound = Bound()
    for step in program.steps:
        advance(step.index, len(program.steps) + len(program.slots))
        result = compute(step, values, choices, folded, choose=False)
        bound.check(result, step.line)
        if program.values[step.output].name is None:
            values[step.output] = result
        else:
            made[step.output] = result
    seed = read_only(seed_symbols(scenario, numbers), folded)
    return NamedTrace(scenario, values, seed, choices, made, numbers, advance)


def _choices(scenario: Scenario, numbers: Trace | None) -> Choices:
    """Return what the operations chose in numbers; without numbers nothing, and a fault where an order is needed."""
    if numbers is not None:
        return dict(numbers.choices)
    faults = []
    for step in scenario.program.steps:
        if step.operation.name in ORDERING:
            message = f"`{step.operation.name}` takes its order from the values, and there are none to put in order"
            faults.append(scenario.document.placed(("forward", step.line), message, GIVE_NUMBERS))
    if faults:
        raise BptuiError(faults)
    return {}


def _same_choices(one: Mapping[int, Mapping[str, Any]], other: Mapping[int, Mapping[str, Any]]) -> bool:
    """Return whether operations chose the same by looking at their values: the same orders, the same largest."""
    return one.keys() == other.keys() and all(
        one[step].keys() == other[step].keys()
        and all(np.array_equal(chosen, other[step][name], equal_nan=True) for name, chosen in one[step].items())
        for step in one
    )


LARGEST_IN_VALUES = 10_000
"""How many symbols, numbers and operations a gradient may be written with in named values alone."""
