"""How a gradient flows back through one operand of one step: the rule that engine, derivatives and routes share.

`xp` is the namespace that the rule runs in: numbers (`bptui.ops.numeric`), or symbols.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from bptui.ops import numeric
from bptui.ops.operation import Everywhere
from bptui.scenario.program import ForwardStep


def all_params(step: ForwardStep, choices: Mapping[int, Mapping[str, Any]]) -> Mapping[str, Any]:
    """Return the options of a step together with what the operation chose by looking at its values."""
    chosen = choices.get(step.index)
    return {**step.params, **chosen} if chosen else step.params


def local_derivative(
    step: ForwardStep,
    slot: int,
    values: Sequence[Any],
    choices: Mapping[int, Mapping[str, Any]],
    xp: Any = numeric,
) -> Any:
    """Return an elementwise step's local derivative, in the output's shape; None for any other operation."""
    partial = step.operation.partial(slot)
    if partial is None:
        return None
    inputs = [values[operand] for operand in step.inputs]
    output = values[step.output]
    local = partial(xp, output, *inputs, **all_params(step, choices))
    return np.broadcast_to(xp.array(local), np.shape(output))


def contribution(
    step: ForwardStep,
    slot: int,
    upstream: Any,
    values: Sequence[Any],
    choices: Mapping[int, Mapping[str, Any]],
    xp: Any = numeric,
) -> Any:
    """Return upstream (the output's shape) times the local Jacobian of `slot`, in the operand's shape."""
    operation = step.operation
    inputs = [values[operand] for operand in step.inputs]
    output = values[step.output]
    params = all_params(step, choices)
    partial = operation.partial(slot)
    if partial is None:
        vjp = operation.vjp(slot)
        assert vjp is not None, f"no gradient passes into operand {slot} of {operation.name}"
        return vjp(xp, upstream, output, *inputs, **params)
    if isinstance(partial, Everywhere):
        product = partial.times(upstream)
    else:
        product = upstream * partial(xp, output, *inputs, **params)
    return xp.unbroadcast(product, np.shape(inputs[slot]))
