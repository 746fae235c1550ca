"""A scenario and its numbers put together: the leaves' own, or others given for the occasion."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from bptui.engine.run import begin, record
from bptui.errors import BptuiError, Fault
from bptui.ops.operation import shape_text
from bptui.scenario.leaves import Leaf
from bptui.scenario.program import Array
from bptui.scenario.scenario import GIVE_NUMBERS, Scenario
from bptui.symbols.extent import refuse_large
from bptui.text import did_you_mean
from bptui.trace.arrays import read_only
from bptui.trace.record import Trace

MODES = ("numbers", "symbols")

_ONE = read_only(1.0)
_FLOAT64 = np.dtype(np.float64)


def run(scenario: Scenario, values: Mapping[str, Any] | None = None, mode: str = "numbers") -> Trace:
    """Return the trace of `scenario`; `values` gives leaves (and a seed, by its symbol) other numbers, shapes kept.

    `mode` is `numbers`, or `symbols` for arrays of SymPy expressions; then leaves need no numbers. Raises BptuiError
    where a leaf has symbols but no numbers, where `values` names no leaf or has another shape, and for another mode.
    """
    if mode not in MODES:
        raise BptuiError(Fault(f"unknown mode `{mode}`", "it is `numbers` or `symbols`"))
    if mode == "symbols":
        refuse_large(scenario.program)
        from bptui.symbols.record import record_symbols  # loads SymPy

        leaves, seed = _numbers(scenario, values)
        complete = len(leaves) == len(scenario.leaves) and seed is not None
        return record_symbols(scenario, record(scenario, leaves, seed) if complete and seed is not None else None)
    return record(scenario, *_complete(scenario, values))


def first_trace(scenario: Scenario, symbolic: bool = False) -> Trace:
    """Return the trace that a scenario is opened with: in symbols where they are asked for, or all that there is."""
    return run(scenario, mode="symbols" if symbolic or not scenario.has_numbers else "numbers")


def begun_trace(scenario: Scenario) -> Trace:
    """Return the same, with the numbers of a long one recorded by and by: see `bptui.engine.run.begin`."""
    return begin(scenario, *_complete(scenario)) if scenario.has_numbers else first_trace(scenario)


def in_symbols(trace: Trace) -> Trace:
    """Return the trace in symbols of what `trace` is in numbers; one in symbols as it is."""
    from bptui.symbols.record import record_symbols  # loads SymPy

    return trace if trace.mode == "symbols" else record_symbols(trace.scenario, trace)


def in_numbers(trace: Trace) -> Trace:
    """Return the trace in numbers of what `trace` is in symbols; raises BptuiError where there are symbols alone."""
    if trace.numbers is None:
        raise BptuiError(Fault("this needs numbers, and this scenario has symbols alone", GIVE_NUMBERS))
    return trace.numbers


def givable(scenario: Scenario) -> dict[str, Leaf]:
    """Return what may be given numbers, by name: every leaf, and a seed that has a symbol, by that."""
    seed = scenario.seed
    found = dict(scenario.leaves)
    if seed is not None and seed.symbol is not None:
        found.setdefault(seed.symbol, seed)
    return found


def _numbers(scenario: Scenario, values: Mapping[str, Any] | None) -> tuple[Mapping[int, Array], Array | None]:
    """Return the leaves' arrays by id, and the seed, as far as they have numbers: the caller's, or their own."""
    leaves, seed = scenario.numbers, _ONE if scenario.seed is None else scenario.seed.value
    if not values:
        return leaves, seed
    given, other = _given(scenario, values)
    return {**leaves, **given}, seed if other is None else other


def _complete(scenario: Scenario, values: Mapping[str, Any] | None = None) -> tuple[Mapping[int, Array], Array]:
    """Return the leaves' arrays by id, and the seed; raises BptuiError with each that has no numbers."""
    leaves, seed = _numbers(scenario, values)
    if len(leaves) < len(scenario.leaves) or seed is None:
        raise BptuiError(list(_missing(scenario, leaves, seed)))
    return leaves, seed


def _given(scenario: Scenario, values: Mapping[str, Any]) -> tuple[dict[int, Array], Array | None]:
    """Return the caller's numbers for leaves by id, and for the seed, in their shapes.

    They are copies, so that the trace stays what it was.
    """
    given, leaves, ids = {}, scenario.leaves, scenario.program.names
    seed = None
    for name, numbers in values.items():
        leaf = leaves.get(name) or givable(scenario).get(name)
        if leaf is None:
            there = givable(scenario)
            hint = did_you_mean(name, there, "the leaves are: " + ", ".join(there))
            raise BptuiError(Fault(f"`{name}` is no leaf of this scenario", hint))
        try:
            array = np.array(numbers, _FLOAT64)
        except (TypeError, ValueError):
            raise BptuiError(Fault(f"`{name}` is given something that is no array of numbers")) from None
        if array.shape != leaf.shape:
            message = f"`{name}` is given shape {shape_text(array.shape)} and has shape {shape_text(leaf.shape)}"
            raise BptuiError(Fault(message, "the numbers may change, the shapes may not"))
        if leaf is scenario.seed:
            seed = array
        else:
            given[ids[name]] = array
    return given, seed


def _missing(scenario: Scenario, leaves: Mapping[int, Array], seed: Array | None) -> Iterator[Fault]:
    """Yield a fault for each leaf, and for the seed, that has no numbers."""
    lacking = [
        (leaf.name, leaf) for name, leaf in scenario.leaves.items() if scenario.program.names[name] not in leaves
    ]
    if seed is None and scenario.seed is not None:
        lacking.append(("the seed", scenario.seed))
    for name, leaf in lacking:
        message = f"`{name}` has symbols but no numbers, and numbers are asked for"
        hint = f'give it numbers: {{ symbol = "{leaf.symbol or leaf.name}", value = […] }}'
        yield scenario.document.placed(leaf.path, message, hint)
