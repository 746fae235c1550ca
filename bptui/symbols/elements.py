"""The symbols that stand for elements and for gradients: each has the name that it is shown by."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import sympy

from bptui.scenario.notation import glued, unravel
from bptui.scenario.program import Array, Program
from bptui.scenario.scenario import Scenario
from bptui.symbols.exact import exact_array
from bptui.trace.record import Trace


def element_symbols(program: Program, value: int) -> Array:
    """Return the elements of a value as symbols: `W1(1,1)`, `x0`."""
    record = program.values[value]
    return _filled(record.shape, (program.element_name(value, flat) for flat in range(record.size)))


def gradient_symbols(program: Program, value: int) -> Array:
    """Return the target's gradient with respect to the elements of a value as symbols: `dL/dW1(1,1)`."""
    record = program.values[value]
    return _filled(record.shape, (program.derivative_name(value, flat) for flat in range(record.size)))


def seed_symbols(scenario: Scenario, numbers: Trace | None) -> Array:
    """Return the seed: symbols where it declares one, else the numbers that it is given as, or the 1 of a scalar."""
    program, seed = scenario.program, scenario.seed
    shape = program.values[program.target].shape
    if seed is not None and seed.symbol is not None:
        size = program.values[program.target].size
        names = (glued(seed.symbol, unravel(flat, shape), program.index_base) for flat in range(size))
        return _filled(shape, names)
    given = numbers.seed if numbers is not None else seed.value if seed is not None else np.ones(())
    assert given is not None  # without a symbol, a seed has numbers
    return exact_array(given)


def _filled(shape: tuple[int, ...], names: Iterable[str]) -> Array:
    array = np.empty(shape, dtype=object)
    for place, name in zip(np.ndindex(shape), names, strict=True):
        array[place] = sympy.Symbol(name)
    return array
