"""Derivatives between any two named values of a trace: `dy(1)/dz2(1)`, `dz2/dW2`.

One reverse sweep for each element of A, with the same vjps as the backward pass, over the steps between B and A only.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from bptui.errors import BptuiError, Fault
from bptui.scenario.notation import ReferenceFormatError, parse_derivative
from bptui.scenario.program import Array
from bptui.scenario.resolve import Element, resolve_reference
from bptui.trace.arrays import read_only
from bptui.trace.backward import passed_back, with_chosen
from bptui.trace.recorded import Recorded

LARGEST_DERIVATIVE = 10_000_000
"""How many entries a derivative between two arrays may have."""


def derivative(trace: Recorded, text: str) -> Any:
    """Return dA/dB of `text`, in the shape of A followed by that of B; a float where both are single elements.

    In symbols that is an expression.
    """
    program = trace.program
    try:
        above, below = parse_derivative(text)
    except ReferenceFormatError as fault:
        raise BptuiError(str(fault)) from None
    tail = resolve_reference(program, below)
    if program.seeded and above.name == program.loss and above.index is None:
        return _plain(trace, _picked(trace.gradient_of(tail.value), tail.flat))
    head = resolve_reference(program, above)
    head_value, tail_value = program.values[head.value], program.values[tail.value]
    heads = range(head_value.size) if head.flat is None else [head.flat]
    entries = len(heads) * (tail_value.size if tail.flat is None else 1)
    if entries > LARGEST_DERIVATIVE:
        raise BptuiError(
            Fault(f"`{text[:60]}` has {entries:,} entries; the limit is {LARGEST_DERIVATIVE:,}", "ask for one element")
        )
    found = jacobian(trace, head.value, heads, tail)
    head_shape = head_value.shape if head.flat is None else ()
    return _plain(trace, np.reshape(found, (*head_shape, *found.shape[1:])))


def jacobian(trace: Recorded, head: int, flats: Sequence[int], tail: Element) -> Array:
    """Return the total derivatives of elements `flats` of value `head`: one row each, in the shape asked of `tail`."""
    between, columns, values = _between(trace, head, tail.value), trace.program.columns, trace.values
    rows = []
    for flat in flats:
        gradients: dict[int, Array] = {head: trace.one_hot(head, flat)}
        with np.errstate(all="ignore"):
            for step, slots in between:
                kind, output = columns.kinds[columns.kind[step]], columns.outputs[step]
                upstream = gradients.get(output)
                if upstream is None:
                    continue
                operands = columns.inputs(step)
                inputs = [values[operand] for operand in operands]
                params = with_chosen(kind.params, trace.choices.get(step))
                for slot in slots:
                    added = passed_back(kind.operation, slot, upstream, values[output], inputs, params, trace.xp)
                    before = gradients.get(operands[slot])
                    gradients[operands[slot]] = read_only(added if before is None else before + added, trace.xp)
        row = gradients.get(tail.value)
        rows.append(_picked(trace.xp.zeros(trace.program.values[tail.value].shape) if row is None else row, tail.flat))
    shape = trace.program.values[tail.value].shape if tail.flat is None else ()
    together = np.stack(rows) if rows else rows  # a list of single expressions would be one of arrays
    return np.reshape(trace.xp.array(together), (len(rows), *shape))


def _between(trace: Recorded, head: int, tail: int) -> list[tuple[int, list[int]]]:
    """Return, in reverse order, the steps on a way from value `tail` to value `head`, each with the slots on one."""
    program, columns = trace.program, trace.program.columns
    depends, needed = bytearray(len(program.values)), bytearray(len(program.values))
    depends[tail] = needed[head] = True
    steps = range(program.producer.get(tail, -1) + 1, program.producer.get(head, -1) + 1)
    for step in steps:
        operands, passing = columns.inputs(step), columns.passing(step)
        if any(depends[operand] and passes for operand, passes in zip(operands, passing, strict=True)):
            depends[columns.outputs[step]] = True
    between = []
    for step in reversed(steps):
        if needed[columns.outputs[step]] and depends[columns.outputs[step]]:
            operands, passing = columns.inputs(step), columns.passing(step)
            slots = [slot for slot, operand in enumerate(operands) if depends[operand] and passing[slot]]
            for slot in slots:
                needed[operands[slot]] = True
            between.append((step, slots))
    return between


def _picked(array: Array, flat: int | None) -> Array:
    return array if flat is None else array.reshape(-1)[flat]


def _plain(trace: Recorded, array: Array) -> Any:
    """Return a single element by itself, a float or an expression; else a read-only array."""
    result = read_only(array, trace.xp)
    return result if result.ndim else result.item()
