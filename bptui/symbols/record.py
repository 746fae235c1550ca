"""The trace of a scenario in symbols: every value, contribution and gradient as expressions in leaves and seed."""

from __future__ import annotations

from typing import Any

import numpy as np
import sympy

from bptui.engine.run import Choices, backward, forward
from bptui.errors import BptuiError
from bptui.scenario.notation import glued, unravel
from bptui.scenario.program import Array, Program
from bptui.scenario.scenario import Scenario
from bptui.symbols import explicit
from bptui.symbols.exact import exact_array
from bptui.trace.backward import read_only
from bptui.trace.record import Trace

ORDERING = ("sort", "topk")
"""The operations that cannot be written down before they have looked at their values."""


def record_symbols(scenario: Scenario, numbers: Trace | None) -> Trace:
    """Return the trace of `scenario` in symbols. `numbers` is its trace in numbers, where it has any.

    What an operation decides by looking at its values (the order of a sort, who is largest) is decided there. Raises
    BptuiError where something has to be decided and there are no numbers.
    """
    program = scenario.program
    leaves = {value.id: exact_array(value.constant) for value in program.values if value.constant is not None}
    for name in scenario.leaves:
        leaves[program.names[name]] = element_symbols(program, program.names[name])
    seed = seed_symbols(scenario, numbers)
    values, choices = forward(program, leaves, explicit, _choices(scenario, numbers))
    contributions, accumulated = backward(program, values, choices, seed, explicit)
    return Trace(scenario, program, values, read_only(seed, explicit), contributions, accumulated, choices, explicit)


def element_symbols(program: Program, value: int) -> Array:
    """Return the elements of a value as symbols that have their names: `W1(1,1)`, `x0`."""
    shape = program.values[value].shape
    names = (sympy.Symbol(program.element_name(value, flat)) for flat in range(program.values[value].size))
    return _filled(shape, names)


def seed_symbols(scenario: Scenario, numbers: Trace | None) -> Array:
    """Return the seed: symbols where it declares one, else its numbers."""
    program, seed = scenario.program, scenario.seed
    shape = program.values[program.target].shape
    if seed is not None and seed.symbol is not None:
        base = program.index_base
        size = program.values[program.target].size
        return _filled(shape, (sympy.Symbol(glued(seed.symbol, unravel(at, shape), base)) for at in range(size)))
    given = numbers.seed if numbers is not None else seed.value if seed is not None else np.ones(())
    assert given is not None
    return exact_array(given)


def _filled(shape: tuple[int, ...], elements: Any) -> Array:
    array = np.empty(shape, dtype=object)
    for place, element in zip(np.ndindex(shape), elements, strict=True):
        array[place] = element
    return array


def _choices(scenario: Scenario, numbers: Trace | None) -> Choices:
    """Return what the operations chose in numbers; without numbers nothing, and a fault where an order is needed."""
    if numbers is not None:
        return dict(numbers.choices)
    program = scenario.program
    faults = []
    for step in program.steps:
        if step.operation.name in ORDERING:
            message = f"`{step.operation.name}` takes its order from the values, and there are none to put in order"
            hint = 'give the leaves numbers as well: `{ symbol = "x", value = […] }`'
            faults.append(scenario.document.placed(("forward", step.line), message, hint))
    if faults:
        raise BptuiError(faults)
    return {}
