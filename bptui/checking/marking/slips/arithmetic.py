"""`arithmetic`: one term of a sum was miscalculated. It explains any sum, and so comes last."""

from __future__ import annotations

import math
from collections.abc import Iterator

from bptui.checking.marking.case import Case, Change, Numbers, Proposal
from bptui.present import numbers

_SUMS = frozenset({"add", "subtract", "matmul", "dot", "sum", "mean", "mse", "bce", "cross_entropy", "norm", "cumsum",
                   "softmax_cross_entropy", "logsumexp", "conv1d"})  # fmt: skip


def arithmetic(case: Case, wrong: list[int]) -> Iterator[Proposal]:
    """Propose one wrong term in the one entry of the line that is wrong."""
    if len(wrong) != 1 or case.symbolic:
        return
    (at,) = wrong
    terms = _terms(case, at) if case.quantity.is_derivative else []
    if len(terms) < 2 and not (not case.quantity.is_derivative and any(_adds(case, step.index) for step in case.plan)):
        return
    own, claimed = case.own[at], case.claimed[at]
    if not (math.isfinite(own) and math.isfinite(claimed)):
        return

    def claimed_there(results: Numbers) -> Numbers:
        return [claimed if place == at else one for place, one in enumerate(results)]

    name = case.entry_name(case.quantity.entries[at])
    if terms:
        written = " + ".join(numbers.factor(term) for term in terms[:6]) + (" + …" if len(terms) > 6 else "")
        said = f"A term was miscalculated: {name} is {written} = {numbers.number(own)}."
    else:
        said = f"A term was miscalculated: {name} comes to {numbers.number(own)}."
    yield Proposal("arithmetic", Change(after=claimed_there), said, 0.0, ())


def _adds(case: Case, index: int) -> bool:
    step = case.program.steps[index]
    if step.operation.name == "matmul":
        left = case.program.values[step.inputs[0]].shape
        return left[-1] > 1
    return step.operation.name in _SUMS


def _terms(case: Case, at: int) -> list[float]:
    """Return what the routes through each link out of an entry's tail add to it, further on where there is one link."""
    graph = next(graph for graph, places in case.graphs if at in places)
    gradients = graph.gradients()
    node, scale = case.quantity.entries[at][1], 1.0
    while node is not None and node in graph.links:
        links = graph.links[node]
        if len(links) != 1:
            return [scale * slope * gradients[head] for head, slope in links.items()]
        ((node, slope),) = links.items()
        scale *= slope
    return []
