"""Whether a scenario is small enough for symbols, told from its shapes alone: this loads no SymPy."""

from __future__ import annotations

from bptui.errors import BptuiError, Fault
from bptui.scenario.program import Program
from bptui.trace import formulas

LONGEST_SUM = 1000
"""How many elements one element may be made of by one operation: putting terms together takes their square in time."""

LARGEST = 20_000
"""How many elements, and terms of the sums that they are, a scenario may have to be written in symbols."""


def refuse_large(program: Program) -> None:
    """Raise BptuiError where a program has too many elements and products for each to be an expression.

    They are counted from shapes alone, before a single expression is made.
    """
    terms = extent(program)
    if terms > LARGEST:
        raise BptuiError(
            Fault(
                f"this scenario is too large for symbols: it has {terms:,} elements and products or more, and "
                f"{LARGEST:,} are written out",
                f"the walk in numbers shows each step's formula in whole arrays{_example(program)}; for elements in "
                "symbols, make the shapes smaller",
            )
        )


def extent(program: Program) -> int:
    """Return how many elements, and terms of the sums that they are, a program has; at least, where it is large."""
    terms = len(program.values)
    if terms <= LARGEST:
        terms = sum(value.size for value in program.values)
    for step in program.steps if terms <= LARGEST else ():
        shapes = tuple(program.values[operand].shape for operand in step.inputs)
        output = program.values[step.output]
        for slot in range(len(step.inputs)) if output.size else ():
            structure = step.operation.structure(slot, shapes, output.shape, step.params)
            read = len(structure.reads(output.size - 1))
            terms += output.size * read if read <= LONGEST_SUM else max(output.size * read, LARGEST + 1)
    return terms


def _example(program: Program) -> str:
    """Return the formula in whole arrays of the first gradient that is asked for, where it is short."""
    asked = {program.names[name] for name in program.wrt}
    slot = (
        next((slot for slot in program.slots if slot.target in asked), None) if len(program.values) < LARGEST else None
    )
    text = formulas.backward(program, slot, brief=True) if slot is not None else ""
    return f", `{text}`" if 0 < len(text) <= 80 else ""
