"""`not-derived`: the function was used where its derivative belongs."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from bptui.checking.marking.case import Case, Proposal
from bptui.checking.marking.slips.relu import MASKS
from bptui.trace.elements import Edge


def not_derived(case: Case) -> Iterator[Proposal]:
    """Propose, for every function of one value, the function itself in the place of its derivative."""
    if not case.quantity.is_derivative:
        return
    for factor in case.factors:
        step = factor.step
        if step.operation.name in _FULL:
            said = f"{step.formula} itself was used where its derivative belongs."
            change = case.scaled(factor, partial(_diagonal, case))
            yield Proposal("not-derived", change, said, 0.1, (step.index, factor.slot))
            continue
        alone = len(step.inputs) == 1 or all(
            case.program.values[one].role == "constant" for slot, one in enumerate(step.inputs) if slot != factor.slot
        )
        if not alone or step.operation.partial(factor.slot) is None or step.operation.name in _LINEAR:
            continue
        said = f"{step.formula} itself was used where its derivative belongs."
        change = case.scaled(factor, partial(_output, case))
        cost = 0.4 if step.operation.name in MASKS else 0.1  # whoever mistakes a 0 for a 1 had the mask in mind
        yield Proposal("not-derived", change, said, cost, (step.index, factor.slot))
    for tail, head in case.blocks:
        if case.program.values[tail].shape != case.program.values[head].shape:
            continue
        name = case.program.values[head].text
        said = f"{name} itself was used where its derivative with respect to {case.program.values[tail].text} belongs."
        yield Proposal("not-derived", case.block_set(tail, head, case.value_of), said, 0.3, ("block", tail, head))


_FULL = frozenset({"softmax", "log_softmax"})

_LINEAR = frozenset({"identity", "negative", "add", "subtract", "multiply", "divide"})


def _diagonal(case: Case, edge: Edge) -> float:
    return case.value_of(edge.head) if edge.head[1] == edge.tail[1] else 0.0


def _output(case: Case, edge: Edge) -> float:
    return case.value_of(edge.head)
