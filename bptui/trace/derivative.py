"""Derivatives between any two named values of a trace: `dy(1)/dz2(1)`, `dz2/dW2`.

One reverse sweep for each element of A, with the same vjps as the backward pass, over the steps between B and A only.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from bptui.errors import BptuiError, Fault
from bptui.scenario.notation import ReferenceFormatError, parse_derivative
from bptui.scenario.program import Array, ForwardStep
from bptui.scenario.resolve import Element, resolve_reference
from bptui.trace.arrays import read_only
from bptui.trace.backward import contribution

if TYPE_CHECKING:
    from bptui.trace.record import Trace

LARGEST_DERIVATIVE = 10_000_000
"""How many entries a derivative between two arrays may have."""


def derivative(trace: Trace, text: str) -> Any:
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


def jacobian(trace: Trace, head: int, flats: Sequence[int], tail: Element) -> Array:
    """Return the total derivatives of elements `flats` of value `head`: one row each, in the shape asked of `tail`."""
    between = _between(trace, head, tail.value)
    rows = []
    for flat in flats:
        gradients: dict[int, Array] = {head: trace.one_hot(head, flat)}
        with np.errstate(all="ignore"):
            for step, slots in between:
                upstream = gradients.get(step.output)
                for slot in slots if upstream is not None else ():
                    operand = step.inputs[slot]
                    added = contribution(step, slot, upstream, trace.values, trace.choices, trace.xp)
                    added = read_only(gradients[operand] + added if operand in gradients else added, trace.xp)
                    gradients[operand] = added
        row = gradients.get(tail.value)
        rows.append(_picked(trace.xp.zeros(trace.program.values[tail.value].shape) if row is None else row, tail.flat))
    shape = trace.program.values[tail.value].shape if tail.flat is None else ()
    return np.reshape(trace.xp.array(rows), (len(rows), *shape))


def _between(trace: Trace, head: int, tail: int) -> list[tuple[ForwardStep, list[int]]]:
    """Return, in reverse order, the steps on a way from value `tail` to value `head`, each with the slots on one."""
    program = trace.program
    depends = {tail}
    for step in program.steps:
        if step.output <= head and any(
            operand in depends and step.operation.passes(slot) for slot, operand in enumerate(step.inputs)
        ):
            depends.add(step.output)
    needed = {head}
    between = []
    for step in reversed(program.steps):
        if step.output not in needed or step.output not in depends or step.output == tail:
            continue
        slots = [slot for slot, operand in enumerate(step.inputs) if operand in depends and step.operation.passes(slot)]
        needed.update(step.inputs[slot] for slot in slots)
        between.append((step, slots))
    return between


def _picked(array: Array, flat: int | None) -> Array:
    return array if flat is None else array.reshape(-1)[flat]


def _plain(trace: Trace, array: Array) -> Any:
    """Return a single element by itself, a float or an expression; else a read-only array."""
    result = read_only(array, trace.xp)
    return result if result.ndim else result.item()
