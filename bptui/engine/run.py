"""Run a program on numbers and record everything: forward in order, the seed, then backward slot by slot."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from bptui.ops import numeric
from bptui.scenario.program import Array, Program
from bptui.scenario.scenario import Scenario
from bptui.trace.backward import contribution, read_only
from bptui.trace.record import Trace

Choices = dict[int, Mapping[str, Any]]


def record(scenario: Scenario, leaves: Mapping[int, Array], seed: Array) -> Trace:
    """Return the trace of `scenario` with these numbers.

    `leaves` gives every leaf's array by its value's id, `seed` the target's upstream gradient in the target's shape;
    both were checked when they were read. Nothing raises on overflow: the trace says where a number became nan or inf.
    """
    program = scenario.program
    with np.errstate(all="ignore"):
        values, choices = forward(program, leaves)
        contributions, accumulated = backward(program, values, choices, seed)
    return Trace(scenario, program, values, read_only(seed), contributions, accumulated, choices)


def forward(program: Program, leaves: Mapping[int, Array]) -> tuple[list[Array], Choices]:
    """Return every value by id, and what the operations chose by looking at their inputs."""
    values: list[Any] = [value.constant for value in program.values]
    choices: Choices = {}
    for identity, array in leaves.items():
        values[identity] = read_only(array)
    for step in program.steps:
        values[step.output] = _compute(step.index, program, values, choices)
    return values, choices


def recompute(program: Program, values: Sequence[Array], changed: Mapping[int, Array]) -> list[Array]:
    """Return every value with those in `changed` replaced (leaves or lines), recomputing only what depends on them."""
    result: list[Any] = list(values)
    stale = set(changed)
    choices: Choices = {}
    for identity, array in changed.items():
        result[identity] = array
    with np.errstate(all="ignore"):
        for step in program.steps:
            if step.output not in changed and not stale.isdisjoint(step.inputs):
                result[step.output] = _compute(step.index, program, result, choices)
                stale.add(step.output)
    return result


def _compute(index: int, program: Program, values: Sequence[Any], choices: Choices) -> Array:
    step = program.steps[index]
    operation = step.operation
    inputs = [values[operand] for operand in step.inputs]
    params: Mapping[str, Any] = step.params
    if operation.choose is not None:
        choices[index] = operation.choose(*inputs, **params)
        params = {**params, **choices[index]}
    return read_only(operation.forward(numeric, *inputs, **params))


def backward(
    program: Program, values: Sequence[Array], choices: Choices, seed: Array
) -> tuple[list[Array], list[Array]]:
    """Return, by slot, each contribution and the gradient it was accumulated into.

    A value's gradient is the sum of the contributions of all its uses, in the order of `program.slots`. A step's turn
    comes after that of every step that uses its output, so the upstream gradient it reads is complete.
    """
    gradients: dict[int, Array] = {program.target: read_only(seed)}
    contributions: list[Array] = []
    accumulated: list[Array] = []
    for slot in program.slots:
        step = program.steps[slot.step]
        added = read_only(contribution(step, slot.slot, gradients[step.output], values, choices))
        before = gradients.get(slot.target)
        after = added if before is None else read_only(before + added)
        gradients[slot.target] = after
        contributions.append(added)
        accumulated.append(after)
    return contributions, accumulated
