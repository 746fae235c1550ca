"""How a gradient flows back through one operand of one step: the rule that engine, derivatives and routes share.

`xp` is the namespace that the rule runs in: numbers (`bptui.ops.numeric`), or symbols.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from bptui.ops import numeric
from bptui.ops.operation import Everywhere, Operation
from bptui.scenario.program import ForwardStep

ProductRule = Callable[[Any, Any, Any, Sequence[Any], Mapping[str, Any]], Any]
"""Of a namespace, the upstream gradient, the output, all inputs and the options with what was chosen."""


def all_params(step: ForwardStep, choices: Mapping[int, Mapping[str, Any]]) -> Mapping[str, Any]:
    """Return the options of a step together with what the operation chose by looking at its values."""
    return with_chosen(step.params, choices.get(step.index))


def with_chosen(params: Mapping[str, Any], chosen: Mapping[str, Any] | None) -> Mapping[str, Any]:
    """Return the options of an operation together with what it chose, if it did."""
    return {**params, **chosen} if chosen else params


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
    inputs = [values[operand] for operand in step.inputs]
    params = all_params(step, choices)
    return passed_back(step.operation, slot, upstream, values[step.output], inputs, params, xp)


def passed_back(
    operation: Operation,
    slot: int,
    upstream: Any,
    output: Any,
    inputs: Sequence[Any],
    params: Mapping[str, Any],
    xp: Any = numeric,
) -> Any:
    """Return what an operation passes back to the operand in `slot`; `params` with what it chose."""
    product = product_rule(operation, slot)(xp, upstream, output, inputs, params)
    return xp.unbroadcast(product, np.shape(inputs[slot]))


def product_rule(operation: Operation, slot: int) -> ProductRule:
    """Return what computes upstream × local Jacobian, before the sum over axes along which `slot` was broadcast."""
    partial = operation.partial(slot)
    if isinstance(partial, Everywhere):
        return lambda xp, upstream, output, inputs, params: partial.times(upstream)
    if partial is not None:
        return lambda xp, upstream, output, inputs, params: upstream * partial(xp, output, *inputs, **params)
    vjp = operation.vjp(slot)
    assert vjp is not None, f"no gradient passes into operand {slot} of {operation.name}"
    return lambda xp, upstream, output, inputs, params: vjp(xp, upstream, output, *inputs, **params)
