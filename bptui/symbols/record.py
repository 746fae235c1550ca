"""The trace of a scenario in symbols: every value, contribution and gradient as expressions in leaves and seed.

Written out in leaves, expressions grow with every line. Where they would be too long for anyone to evaluate, each line
stays in the names that it uses, and gradients are in named values; where that is too long as well, in those above them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
import sympy

from bptui.engine.passes import backward, forward
from bptui.scenario.program import Array
from bptui.scenario.scenario import Scenario
from bptui.symbols import explicit
from bptui.symbols.bound import DEEPEST
from bptui.symbols.exact import exact_array
from bptui.symbols.named import NamedTrace, record_named
from bptui.symbols.tree import Sizes, depth, size
from bptui.trace.arrays import read_only
from bptui.trace.derivative import derivative
from bptui.trace.record import Trace
from bptui.trace.recorded import Local

LARGEST_ELEMENT = 100_000
"""How many symbols, numbers and operations one gradient may be written with in leaves."""

LARGEST_TOTAL = 5_000_000
"""How many all values and gradients may be written with in leaves."""

LARGEST_IN_NAMES = 500_000
"""How many all contributions may be written with in named values."""

Level = Literal["leaves", "values", "named"]


class SymbolicTrace(Trace):
    """A trace whose arrays hold SymPy expressions, of dtype object."""

    def __init__(
        self,
        named: NamedTrace,
        level: Level,
        values: Sequence[Array],
        contributions: Sequence[Array],
        accumulated: Sequence[Array],
    ) -> None:
        scenario, program = named.scenario, named.program
        super().__init__(scenario, program, values, named.seed, contributions, accumulated, named.choices, explicit)
        self.named = named
        """The derivation line by line, in the symbols of named values."""
        self.level = level
        """What the arrays are in.

        The elements of `leaves` and seed; or lines in the names that they use, and gradients in named `values`, or in
        these and the gradients above, `named` by theirs.
        """

    @property
    def numbers(self) -> Trace | None:
        return self.named.numbers

    @property
    def in_names(self) -> NamedTrace:
        return self.named

    def upstream(self, slot: int) -> Array:
        return self.named.upstream(slot) if self.level == "named" else super().upstream(slot)

    def local(self, slot: int) -> Local:
        return super().local(slot) if self.level == "leaves" else self.named.local(slot)

    def derivative(self, text: str) -> Any:
        """Return dA/dB between any two named values or elements, in terms of named values."""
        found = derivative(self.named, text)
        if not isinstance(found, np.ndarray):
            return self.named.in_values(found)
        written = np.frompyfunc(self.named.in_values, 1, 1)(found)
        return read_only(written, explicit)


def record_symbols(scenario: Scenario, numbers: Trace | None) -> SymbolicTrace:
    """Return the trace of `scenario` in symbols. `numbers` is its trace in numbers, where it has any.

    What an operation decides by looking at its values (the order of a sort, who is largest) is decided there. Raises
    BptuiError where something has to be decided and there are no numbers, and where the scenario is too large.
    """
    named = record_named(scenario, numbers)
    if not _fits(named):
        values = [named.made.get(value.id, named.values[value.id]) for value in named.program.values]
        written_out = _in_values(named)
        if written_out is None:
            return SymbolicTrace(named, "named", values, named.contributions, named.accumulated)
        return SymbolicTrace(named, "values", values, *written_out)
    program = named.program
    leaves = {value.id: exact_array(value.constant) for value in program.values if value.constant is not None}
    leaves |= {program.names[name]: named.values[program.names[name]] for name in scenario.leaves}
    found, choices = forward(program, leaves, explicit, dict(named.choices))
    contributions, accumulated = backward(program, found, choices, named.seed, explicit)
    return SymbolicTrace(named, "leaves", found, contributions, accumulated)


def _fits(named: NamedTrace) -> bool:
    """Return whether the derivation can be written out in leaves, by the sizes that its expressions would have."""
    known, depths = Sizes(), Sizes()
    total = 0
    for step in named.program.steps:
        for symbol, one in zip(named.values[step.output].flat, named.result(step.index).flat, strict=True):
            known[symbol], depths[symbol] = size(one, known), depth(one, depths)
            total += known[symbol]
            if depths[symbol] > DEEPEST:
                return False
    for slot in named.program.slots:
        arriving = named.arriving(slot.target).flat
        for symbol, one in zip(arriving, named.accumulated[slot.index].flat, strict=True):
            found = size(one, known)
            known[symbol], depths[symbol] = found, depth(one, depths)
            total += 3 * found  # as the contribution, what was there before, and their sum
            if found > LARGEST_ELEMENT or total > LARGEST_TOTAL or depths[symbol] > DEEPEST:
                return False
    return True


def _in_values(named: NamedTrace) -> tuple[list[Array], list[Array]] | None:
    """Return contributions and accumulated gradients in named values alone; None where that is too long."""
    program, sizes = named.program, Sizes()
    meant: dict[sympy.Symbol, sympy.Expr] = {}
    total = 0
    contributions: list[Array] = []
    accumulated: list[Array] = []
    for slot in program.slots:
        for one in named.contributions[slot.index].flat:
            total += size(one, sizes)
            if total > LARGEST_IN_NAMES:
                return None
        replace = np.frompyfunc(lambda one: one.xreplace(meant), 1, 1)
        contributions.append(read_only(np.asarray(replace(named.contributions[slot.index])), explicit))
        accumulated.append(read_only(np.asarray(replace(named.accumulated[slot.index])), explicit))
        if slot.index == program.last_slot[slot.target]:
            arriving = named.arriving(slot.target).flat
            for symbol, one, whole in zip(
                arriving, named.accumulated[slot.index].flat, accumulated[-1].flat, strict=True
            ):
                if isinstance(symbol, sympy.Symbol):
                    sizes[symbol], meant[symbol] = size(one, sizes), whole
    return contributions, accumulated
