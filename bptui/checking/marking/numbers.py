"""The numbers that a sheet is marked at: the scenario's own, some drawn where it has symbols alone, and near ones."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from bptui.engine.run import record
from bptui.running import run
from bptui.scenario.leaves import Leaf
from bptui.scenario.program import Array
from bptui.scenario.scenario import Scenario
from bptui.trace.record import Trace


def without_numbers(scenario: Scenario) -> tuple[str, ...]:
    """Return the names of what stands in symbols only, the seed by its symbol."""
    drawn = tuple(name for name, leaf in scenario.leaves.items() if leaf.value is None)
    seed = scenario.seed
    return (*drawn, seed.symbol or "the seed") if seed is not None and seed.value is None else drawn


def trace_of(scenario: Scenario) -> tuple[Trace, tuple[str, ...]]:
    """Return the trace of a scenario, and the names of the leaves for which numbers had to be drawn."""
    drawn, seed = without_numbers(scenario), scenario.seed
    if not drawn:
        return run(scenario), ()
    generator = np.random.RandomState(0)

    def numbers(leaf: Leaf) -> Array:
        return leaf.value if leaf.value is not None else generator.uniform(0.5, 1.5, leaf.shape)

    leaves = {scenario.program.names[name]: numbers(leaf) for name, leaf in scenario.leaves.items()}
    return record(scenario, leaves, np.asarray(numbers(seed)) if seed is not None else np.ones(())), drawn


def shaken(scenario: Scenario, trace: Trace) -> Iterator[Trace]:
    """Yield two traces near `trace` in which everything that has a symbol is worth something else.

    Near, so that units that are on stay on and sorts keep their order.
    """
    symbols = {name: leaf for name, leaf in scenario.leaves.items() if leaf.symbol is not None}
    seed = scenario.seed
    if not symbols and (seed is None or seed.symbol is None):
        return
    for number in (1, 2):
        generator = np.random.RandomState(number)

        def shake(array: Array, generator: np.random.RandomState = generator) -> Array:
            by = generator.uniform(0.002, 0.01, np.shape(array)) * generator.choice([-1.0, 1.0], np.shape(array))
            with np.errstate(over="ignore"):
                return np.asarray(array * (1 + by) + 0.1 * by)

        leaves: dict[int, Array] = {}
        for name in scenario.leaves:
            value = scenario.program.names[name]
            leaves[value] = shake(trace.values[value]) if name in symbols else trace.values[value]
        shifted = shake(trace.seed) if seed is not None and seed.symbol is not None else trace.seed
        yield record(scenario, leaves, shifted)
