"""`inverse-permutation`: the permutation was used for its inverse, or the reverse."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np

from bptui.checking.marking.case import Case, Change, Factor, Proposal
from bptui.ops.structure import Indices
from bptui.scenario.program import Array, ForwardStep
from bptui.trace.backward import all_params
from bptui.trace.elements import Edge, Node

_NOT = frozenset({"transpose", "reshape", "identity", "index"})
"""The operations that move every element once and are no permutation that anybody would turn round."""


def inverse_permutation(case: Case) -> Iterator[Proposal]:
    """Propose every permutation of the line the other way."""
    if case.quantity.is_derivative:
        for factor in case.factors:
            sources = _sources(case, factor.step)
            if sources is not None:
                change = case.altered(partial(_turned, factor, sources), factor.line)
                said = f"The gradient was moved by {factor.step.formula} itself, and goes back by its inverse."
                yield Proposal("inverse-permutation", change, said, 0.0, (factor.step.index,))
    else:
        for step in case.plan:
            sources = _sources(case, step)
            if sources is not None:
                change = Change(steps={step.index: partial(_moved, np.argsort(sources))})
                said = f"The elements were moved by the inverse of {step.formula}."
                yield Proposal("inverse-permutation", change, said, 0.0, (step.index,))


def _sources(case: Case, step: ForwardStep) -> Indices | None:
    """Return where each element of a permutation's result comes from; None for other steps and where it is its own
    inverse."""
    if len(step.inputs) != 1 or step.operation.name in _NOT or not step.operation.passes(0):
        return None
    shape, output = case.program.values[step.inputs[0]].shape, case.program.values[step.output].shape
    size = case.program.values[step.output].size
    if shape != output or not 2 < size <= 4096:
        return None
    pattern = step.operation.structure(0, (shape,), output, all_params(step, case.world.choices))
    if pattern.name not in ("permutation", "selection"):
        return None
    reads = [pattern.reads(flat) for flat in range(size)]
    if any(len(one) != 1 for one in reads):
        return None
    sources = np.array([int(one[0]) for one in reads], dtype=np.intp)
    if len(set(sources.tolist())) < size or np.array_equal(sources[sources], np.arange(size)):
        return None
    return sources


def _turned(factor: Factor, sources: Indices, node: Node, edges: list[Edge]) -> list[Edge]:
    return [
        Edge(edge.tail, (edge.head[0], int(sources[edge.tail[1]])), edge.derivative, edge.step, edge.slot)
        if factor.owns(edge)
        else edge
        for edge in edges
    ]


def _moved(inverse: Indices, inputs: list[Array], result: object) -> Array:
    return np.reshape(inputs[0].reshape(-1)[inverse], inputs[0].shape)
