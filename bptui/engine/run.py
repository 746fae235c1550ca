"""Run a program and record everything: forward in order, the seed, then backward slot by slot.

`xp` is the namespace that the rules run in: numbers unless another one is given.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from bptui.engine.plan import find_plan
from bptui.ops import numeric
from bptui.scenario.program import Array, ForwardStep, Program
from bptui.scenario.scenario import Scenario
from bptui.trace.arrays import Arrays, read_only
from bptui.trace.backward import all_params, contribution
from bptui.trace.record import Trace

Choices = dict[int, Mapping[str, Any]]


def record(scenario: Scenario, leaves: Mapping[int, Array], seed: Array) -> Trace:
    """Return the trace of `scenario` with these numbers.

    `leaves` gives every leaf's array by its value's id, `seed` the target's upstream gradient in the target's shape;
    both were checked when they were read. Nothing raises on overflow: the trace says where a number became nan or inf.
    """
    program = scenario.program
    plan = find_plan(program)
    with np.errstate(all="ignore"):
        if plan is not None:
            values, contributions, accumulated, choices = plan(leaves, seed)
        else:
            values, choices = forward(program, leaves)
            contributions, accumulated = backward(program, values, choices, seed)
    return Trace(
        scenario, program, Arrays(values), read_only(seed), Arrays(contributions), Arrays(accumulated), choices
    )


def forward(
    program: Program, leaves: Mapping[int, Array], xp: Any = numeric, chosen: Choices | None = None
) -> tuple[list[Array], Choices]:
    """Return every value by id, and what the operations chose by looking at their inputs.

    `chosen` is what they chose in another run of the program: then none looks at its inputs again.
    """
    values: list[Any] = [value.constant for value in program.values]
    choices: Choices = {} if chosen is None else dict(chosen)
    for identity, array in leaves.items():
        values[identity] = read_only(array, xp)
    for step in program.steps:
        values[step.output] = compute(step, values, choices, xp, choose=chosen is None)
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
                result[step.output] = compute(step, result, choices)
                stale.add(step.output)
    return result


def compute(
    step: ForwardStep, values: Sequence[Any], choices: Choices, xp: Any = numeric, choose: bool = True
) -> Array:
    """Return what a step results in; what its operation chooses by looking at its inputs is added to `choices`."""
    inputs = [values[operand] for operand in step.inputs]
    if choose and step.operation.choose is not None:
        choices[step.index] = step.operation.choose(*inputs, **step.params)
    return read_only(step.operation.forward(xp, *inputs, **all_params(step, choices)), xp)


def backward(
    program: Program, values: Sequence[Array], choices: Choices, seed: Array, xp: Any = numeric
) -> tuple[list[Array], list[Array]]:
    """Return, by slot, each contribution and the gradient it was accumulated into.

    A value's gradient is the sum of the contributions of all its uses, in the order of `program.slots`. A step's turn
    comes after that of every step that uses its output, so the upstream gradient it reads is complete.
    """
    gradients: dict[int, Array] = {program.target: read_only(seed, xp)}
    contributions: list[Array] = []
    accumulated: list[Array] = []
    for slot in program.slots:
        step = program.steps[slot.step]
        added = read_only(contribution(step, slot.slot, gradients[step.output], values, choices, xp), xp)
        before = gradients.get(slot.target)
        after = added if before is None else read_only(before + added, xp)
        gradients[slot.target] = after
        contributions.append(added)
        accumulated.append(after)
    return contributions, accumulated
