"""A scenario and its numbers put together: the leaves' own, or others given for the occasion."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from bptui.engine.run import record
from bptui.errors import BptuiError, Fault
from bptui.ops.operation import shape_text
from bptui.scenario.program import Array
from bptui.scenario.scenario import Scenario
from bptui.text import nearest
from bptui.trace.arrays import read_only
from bptui.trace.record import Trace

MODES = ("numbers", "symbols")

_ONE = read_only(1.0)


def run(scenario: Scenario, values: Mapping[str, Any] | None = None, mode: str = "numbers") -> Trace:
    """Return the trace of `scenario`; `values` gives leaves other numbers, by name, in the same shapes.

    `mode` is `numbers`, or `symbols` for arrays of SymPy expressions; then leaves need no numbers. Raises BptuiError
    where a leaf has symbols but no numbers, where `values` names no leaf or has another shape, and for another mode.
    """
    if mode not in MODES:
        raise BptuiError(Fault(f"unknown mode `{mode}`", "it is `numbers` or `symbols`"))
    leaves = {**scenario.numbers, **_given(scenario, values or {})}
    if mode == "symbols":
        from bptui.symbols.record import record_symbols  # loads SymPy

        complete = len(leaves) == len(scenario.leaves) and has_seed(scenario)
        return record_symbols(scenario, _in_numbers(scenario, leaves) if complete else None)
    return _in_numbers(scenario, leaves)


def has_seed(scenario: Scenario) -> bool:
    """Return whether the seed has numbers, or is the 1 of a scalar target."""
    return scenario.seed is None or scenario.seed.value is not None


def _in_numbers(scenario: Scenario, leaves: Mapping[int, Array]) -> Trace:
    faults: list[Fault] = []
    if len(leaves) < len(scenario.leaves):
        lacking = (leaf for name, leaf in scenario.leaves.items() if scenario.program.names[name] not in leaves)
        faults += [_missing(scenario, leaf.name, leaf.symbol or leaf.name, leaf.path) for leaf in lacking]
    seed = scenario.seed.value if scenario.seed is not None else _ONE
    if seed is None:
        assert scenario.seed is not None
        faults.append(_missing(scenario, "the seed", scenario.seed.symbol or "d", scenario.seed.path))
    if faults:
        raise BptuiError(faults)
    assert seed is not None
    return record(scenario, leaves, seed)


def _given(scenario: Scenario, values: Mapping[str, Any]) -> dict[int, Array]:
    """Return the caller's numbers by id, in their leaves' shapes; copies, so that the trace stays what it was."""
    given, ids = {}, scenario.program.names
    for name, numbers in values.items():
        leaf = scenario.leaves.get(name)
        if leaf is None:
            close = nearest(name, scenario.leaves)
            hint = f"did you mean `{close}`?" if close else "the leaves are: " + ", ".join(scenario.leaves)
            raise BptuiError(Fault(f"`{name}` is no leaf of this scenario", hint))
        try:
            array = np.array(numbers, dtype=np.float64)
        except (TypeError, ValueError):
            raise BptuiError(Fault(f"`{name}` is given something that is no array of numbers")) from None
        if array.shape != leaf.shape:
            message = f"`{name}` is given shape {shape_text(array.shape)} and has shape {shape_text(leaf.shape)}"
            raise BptuiError(Fault(message, "the numbers may change, the shapes may not"))
        given[ids[name]] = array
    return given


def _missing(scenario: Scenario, name: str, symbol: str, path: tuple[str | int, ...]) -> Fault:
    hint = f'give it numbers: {{ symbol = "{symbol}", value = […] }}'
    return scenario.document.placed(path, f"`{name}` has symbols but no numbers, and numbers are asked for", hint)
