"""The two passes of a program, step by step: forward in order, then from the seed backward slot by slot.

`xp` is the namespace that the rules run in: numbers unless another one is given.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from bptui.ops import numeric
from bptui.scenario.program import Array, ForwardStep, Program
from bptui.trace.arrays import as_recorded, read_only
from bptui.trace.backward import ProductRule, all_params, product_rule, with_chosen

Choices = dict[int, Mapping[str, Any]]


def forward(
    program: Program, leaves: Mapping[int, Any], xp: Any = numeric, chosen: Choices | None = None
) -> tuple[list[Any], Choices]:
    """Return every value by id, and what the operations chose by looking at their inputs.

    `chosen` is what they chose in another run of the program: then none looks at its inputs again.
    """
    values = begun(program, leaves, xp)
    choices: Choices = {} if chosen is None else dict(chosen)
    compute_steps(program, range(len(program.steps)), values, choices, xp, choose=chosen is None)
    return values, choices


def begun(program: Program, leaves: Mapping[int, Any], xp: Any = numeric) -> list[Any]:
    """Return every value by id before the first step: constants and leaves, and None for what is computed."""
    values: list[Any] = program.code.constants()
    for identity, array in leaves.items():
        values[identity] = xp.kept(array)
    return values


def recompute(program: Program, values: Sequence[Array], changed: Mapping[int, Array]) -> list[Any]:
    """Return every value with those in `changed` replaced (leaves or lines), recomputing only what depends on them."""
    result = as_recorded(values)
    for identity, array in changed.items():
        result[identity] = array
    with np.errstate(all="ignore"):
        compute_steps(program, depending(program, changed), result, {})
    return result


def depending(program: Program, changed: Iterable[int]) -> Iterator[int]:
    """Yield the steps that use one of some values, or the result of such a step; not those that compute one of them."""
    columns, given = program.columns, frozenset(changed)
    stale = set(given)
    for step, output in enumerate(columns.outputs):
        if output not in given and not stale.isdisjoint(columns.inputs(step)):
            stale.add(output)
            yield step


def compute_steps(
    program: Program, steps: Iterable[int], values: list[Any], choices: Choices, xp: Any = numeric, choose: bool = True
) -> None:
    """Put what some steps result in into `values`, and what their operations choose into `choices`."""
    columns, kept = program.columns, xp.kept
    rules, kinds, starts, operands, outputs = (
        columns.rules,
        columns.kind,
        columns.starts,
        columns.operands,
        columns.outputs,
    )
    for step in steps:
        rule, choosing, params = rules[kinds[step]]
        inputs = [values[operand] for operand in operands[starts[step] : starts[step + 1]]]
        if choosing is not None:
            if choose:
                choices[step] = choosing(*inputs, **params)
            params = with_chosen(params, choices.get(step))
        values[outputs[step]] = kept(rule(xp, *inputs, **params))


def compute(
    step: ForwardStep, values: Sequence[Any], choices: Choices, xp: Any = numeric, choose: bool = True
) -> Array:
    """Return what a step results in; what its operation chooses by looking at its inputs is added to `choices`."""
    inputs = [values[operand] for operand in step.inputs]
    if choose and step.operation.choose is not None:
        choices[step.index] = step.operation.choose(*inputs, **step.params)
    return read_only(step.operation.forward(xp, *inputs, **all_params(step, choices)), xp)


def backward(
    program: Program, values: Sequence[Any], choices: Choices, seed: Any, xp: Any = numeric
) -> tuple[list[Any], list[Any]]:
    """Return, by slot, each contribution and the gradient it was accumulated into.

    A value's gradient is the sum of the contributions of all its uses, in the order of `program.slots`. A step's turn
    comes after that of every step that uses its output, so the upstream gradient it reads is complete.
    """
    passed = Backward(program, values, choices, seed, xp)
    passed.pass_back(range(len(program.slots)))
    return passed.contributions, passed.accumulated


class Backward:
    """The backward pass of a run, which goes on slot by slot."""

    def __init__(
        self,
        program: Program,
        values: Sequence[Any],
        choices: Mapping[int, Mapping[str, Any]],
        seed: Any,
        xp: Any = numeric,
    ) -> None:
        self._program, self._values, self._choices, self._xp = program, values, choices, xp
        self._rules: dict[tuple[int, int], tuple[ProductRule, bool, Mapping[str, Any]]] = {}
        """By kind and slot: how a gradient is passed back, whether the operation chooses something, and its options."""
        self._gradients: list[Any] = [None] * len(values)
        """By value, what has arrived so far."""
        self._gradients[program.target] = xp.kept(seed)
        self.contributions: list[Any] = [None] * len(program.slots)
        self.accumulated: list[Any] = [None] * len(program.slots)

    def pass_back(self, part: range) -> None:
        """Pass back through the slots of `part`, which follow those that had their turn."""
        columns, slots, xp, kept = self._program.columns, self._program.slot_columns, self._xp, self._xp.kept
        kinds, outputs, starts, operands = columns.kind, columns.outputs, columns.starts, columns.operands
        values, choices, gradients, shape = self._values, self._choices, self._gradients, self._program.code.shape
        contributions, accumulated, rules = self.contributions, self.accumulated, self._rules
        turn = (column[part.start : part.stop] for column in (slots.step, slots.slot, slots.target))
        for index, step, slot, target in zip(part, *turn, strict=True):
            rule, choosing, params = rules.get((kinds[step], slot)) or self._rule(kinds[step], slot)
            if choosing:
                params = with_chosen(params, choices.get(step))
            output = outputs[step]
            inputs = [values[operand] for operand in operands[starts[step] : starts[step + 1]]]
            added = rule(xp, gradients[output], values[output], inputs, params)
            if shape[output] != shape[target]:
                added = xp.unbroadcast(added, np.shape(values[target]))
            added = kept(added)
            before = gradients[target]
            gradients[target] = after = added if before is None else kept(before + added)
            contributions[index] = added
            accumulated[index] = after

    def _rule(self, kind: int, slot: int) -> tuple[ProductRule, bool, Mapping[str, Any]]:
        _, choosing, params = self._program.columns.rules[kind]
        rule = product_rule(self._program.columns.kinds[kind].operation, slot)
        self._rules[kind, slot] = found = (rule, choosing is not None, params)
        return found
