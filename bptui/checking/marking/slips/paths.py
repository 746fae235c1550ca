"""`missing-path` and `overwritten`: of what should be added up, some was left out.

Routes through some elements of one operand are left out where somebody follows one output of a network and forgets the
others. Contributions from different operand slots are overwritten where a value is used twice and its gradient is
assigned instead of added.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from itertools import groupby

import numpy as np

from bptui.checking.marking.case import Case, Change, Factor, Numbers, Proposal
from bptui.checking.marking.reworks import instead, on_operand, subsets
from bptui.present import numbers
from bptui.scenario.program import Array, ForwardStep
from bptui.trace.elements import Edge, Node

_MOST_NODES = 64

_ELEMENTWISE = frozenset({"add", "subtract", "multiply", "divide"})

Use = tuple[int, int]
"""One use of a value: a step, and the slot of the operand."""


def missing_path(case: Case) -> Iterator[Proposal]:
    """Propose that only some elements of one value between the line and its head, or of one sum, were looked at."""
    if case.quantity.is_derivative:
        yield from _routes(case)
    else:
        yield from _terms(case)


def _routes(case: Case) -> Iterator[Proposal]:
    tails = {tail for _, tail in case.quantity.entries}
    heads = {head for head, _ in case.quantity.entries}
    for value, group in groupby(case.nodes, key=lambda node: node[0]):
        nodes = [node for node in reversed(list(group)) if node not in tails and node not in heads]
        if not 2 <= len(nodes) <= _MOST_NODES:
            continue
        for kept, number in _kept(case, value, nodes):
            dropped = frozenset(nodes) - set(kept)
            if case.cut_through(dropped):
                continue  # what is left out altogether is no sum that lacks a term
            change = Change(dropped=dropped)
            results = case.evaluate(change)
            yield Proposal(
                "missing-path",
                change,
                partial(_routes_text, case, kept, sorted(dropped), results),
                number,
                ("routes", value, tuple(kept)),
            )
    yield from _own_index(case)
    yield from _inner_routes(case)
    yield from _stretched(case)


def _stretched(case: Case) -> Iterator[Proposal]:
    """Propose that of an operand that enters every element, as x[0] in x[0]*x, only some elements were followed."""
    for factor in case.factors:
        operand, output = factor.step.inputs[factor.slot], factor.step.output
        if (
            factor.operation not in _ELEMENTWISE
            or case.program.values[operand].size == case.program.values[output].size
        ):
            continue
        nodes = sorted({edge.head for edge in case.entries(factor)})
        for kept in subsets(nodes) if 2 <= len(nodes) <= 16 else ():
            dropped = set(nodes) - set(kept)
            change = case.altered(partial(_without_of, factor, dropped))
            text = partial(_routes_text, case, kept, sorted(dropped), case.evaluate(change))
            yield Proposal("missing-path", change, text, 0.4, ("stretched", factor.step.index, factor.slot, kept))


def _without_of(factor: Factor, dropped: set[Node], node: Node, edges: list[Edge]) -> list[Edge]:
    return [edge for edge in edges if not (factor.owns(edge) and edge.head in dropped)]


def _own_index(case: Case) -> Iterator[Proposal]:
    """Propose that of a full Jacobian, as softmax has one, the diagonal alone was taken."""
    pairs = {(node[0], head[0]) for node in case.nodes for head in case.links[node] if head != case.world.loss}
    for tail, head in sorted(pairs, reverse=True):
        if case.program.values[tail].shape != case.program.values[head].shape:
            continue
        links = {
            node: {one: slope for one, slope in case.links[node].items() if one[0] != head or one[1] == node[1]}
            for node in case.nodes
            if node[0] == tail and len(case.links[node]) > 1
        }
        if links:
            names = case.program.values[head].text, case.program.values[tail].text
            said = f"Of d{names[0]}/d{names[1]} only the diagonal was taken: each element depends on all others too."
            yield Proposal("missing-path", Change(links), said, 0.1, ("diagonal", tail, head))


def _kept(case: Case, value: int, nodes: Sequence[Node]) -> Iterator[tuple[tuple[Node, ...], float]]:
    """Yield which elements of a value may have been kept: single ones, all but one, and along an axis."""
    yield from ((kept, 0.0 if len(kept) == 1 or len(kept) == len(nodes) - 1 else 0.5) for kept in subsets(nodes))
    shape = case.program.values[value].shape if value < len(case.program.values) else ()
    if len(shape) < 2:
        return
    places = np.indices(shape).reshape(len(shape), -1)
    for axis in range(len(shape)):
        for index in range(shape[axis]):
            inside = {flat for flat in range(places.shape[1]) if places[axis][flat] == index}
            for kept in ([n for n in nodes if n[1] in inside], [n for n in nodes if n[1] not in inside]):
                if 1 < len(kept) < len(nodes) - 1:
                    yield tuple(kept), 0.3


def _inner_routes(case: Case) -> Iterator[Proposal]:
    """Propose that elements of a value inside a line were left out."""
    inside: dict[int, set[Node]] = {}
    for factor in case.factors:
        output = factor.step.output
        if case.program.values[output].name is None:
            inside.setdefault(output, set()).update(edge.head for edge in case.entries(factor))
    for value, found in inside.items():
        nodes = sorted(found)
        if not 2 <= len(nodes) <= 8:
            continue
        for kept in subsets(nodes):
            change = case.altered(partial(_without, set(nodes) - set(kept)))
            results = case.evaluate(change)
            if not any(own and not now for own, now in zip(case.own, results, strict=True)):
                said = f"Only {_listed(case, kept)} of {case.program.values[value].brief.text} was followed."
                yield Proposal("missing-path", change, said, 0.4, ("inner", value, kept))


def _without(dropped: set[Node], node: Node, edges: list[Edge]) -> list[Edge]:
    return [edge for edge in edges if edge.head not in dropped]


def _routes_text(case: Case, kept: Sequence[Node], dropped: Sequence[Node], results: Numbers) -> str:
    routes = "the route" if len(kept) == 1 else "what comes"
    others = "the route" if len(dropped) == 1 else "what comes"
    if case.symbolic:
        missing = f"{others} through {_listed(case, dropped)} is missing"
        return f"Only {routes} through {_listed(case, kept)} was followed; {missing}."
    part, whole = results[case.focus], case.own[case.focus]
    return (
        f"{numbers.number(part)} is {routes} through {_listed(case, kept)} alone; "
        f"{others} through {_listed(case, dropped)} adds {_signed(whole - part)}."
    )


def _signed(number: float) -> str:
    text = numbers.number(number)
    return text if text.startswith("-") else f"+{text}"


def _listed(case: Case, nodes: Sequence[Node]) -> str:
    names = [case.name(node) for node in nodes]
    if len(names) > 4:
        names = [*names[:3], f"{len(names) - 3} others"]
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


# -- sums of the forward pass ------------------------------------------------------------------------------------------

_SUMS = frozenset({"sum", "mean", "norm", "logsumexp", "mse", "bce", "cross_entropy"})


def _terms(case: Case) -> Iterator[Proposal]:
    for step in case.plan:
        name = step.operation.name
        if name in ("add", "subtract"):
            for slot in (1, 0):
                text = case.program.values[step.inputs[slot]].text
                change = Change(steps={step.index: instead(partial(_other_operand, name, slot))})
                yield Proposal(
                    "missing-path", change, f"{text} was left out of {step.formula}.", 0.3, (step.index, slot)
                )
        elif name in ("matmul", "dot"):
            yield from _products(case, step)
        elif name in _SUMS:
            size = case.program.values[step.inputs[0]].size
            for kept in subsets(range(size)) if 2 <= size <= 32 else ():
                dropped = [flat for flat in range(size) if flat not in kept]
                change = Change(steps={step.index: on_operand(0, partial(_zeroed, dropped))})
                left_out = _listed(case, [(step.inputs[0], flat) for flat in dropped])
                yield Proposal(
                    "missing-path", change, f"{left_out} was left out of {step.formula}.", 0.4, (step.index, kept)
                )


def _other_operand(name: str, slot: int, first: Array, second: Array) -> Array:
    """Return a sum or difference without the operand in `slot`, in the same shape."""
    zero = np.zeros_like(second if slot else first)
    left, right = (first, zero) if slot else (zero, second)
    return np.asarray(left - right if name == "subtract" else left + right)


def _zeroed(flats: Iterable[int], array: Array) -> Array:
    changed = np.array(array, dtype=np.float64)
    changed.reshape(-1)[list(flats)] = 0.0
    return changed


def _products(case: Case, step: ForwardStep) -> Iterator[Proposal]:
    """Propose that some of the products that a matrix product adds up were left out."""
    left = case.world.values[step.inputs[0]]
    length = left.shape[-1] if left.ndim else 0
    for kept in subsets(range(length)) if 2 <= length <= 16 else ():
        dropped = [number for number in range(length) if number not in kept]
        change = Change(steps={step.index: on_operand(0, partial(_columns_zeroed, dropped))})
        vector = step.inputs[1] if case.world.values[step.inputs[1]].ndim == 1 else step.inputs[0]
        if case.world.values[vector].ndim == 1:
            left_out = _listed(case, [(vector, number) for number in dropped])
            said = f"The product with {left_out} was left out of {step.formula}."
        else:
            said = f"{len(dropped)} of the {length} products in {step.formula} were left out."
        yield Proposal("missing-path", change, said, 0.4, (step.index, kept))


def _columns_zeroed(columns: Sequence[int], array: Array) -> Array:
    changed = np.array(array, dtype=np.float64)
    changed[..., list(columns)] = 0.0
    return changed


# -- several uses ------------------------------------------------------------------------------------------------------


def overwritten(case: Case) -> Iterator[Proposal]:
    """Propose that of a value's uses only one was kept, or only those in one line."""
    if not case.quantity.is_derivative:
        return
    lines = {factor.step.index: factor.step.line for factor in case.factors}
    asked = {tail[0] for _, tail in case.quantity.entries if tail is not None}
    uses: dict[int, list[Use]] = {}
    for factor in reversed(case.factors):
        uses.setdefault(factor.step.inputs[factor.slot], []).append((factor.step.index, factor.slot))
    for value, pairs in uses.items():
        by_line = [tuple(group) for _, group in groupby(pairs, key=lambda pair: lines[pair[0]])]
        several = [group for group in by_line if 1 < len(group) < len(pairs)]
        for kept in [*((pair,) for pair in pairs), *several] if len(pairs) > 1 else ():
            text = partial(_overwritten_text, case, value, pairs, kept)
            cost = -0.1 if value in asked else 0.0 if len(by_line) > 1 else 1.1
            change = case.altered(partial(_last_use, value, kept))
            yield Proposal("overwritten", change, text, cost, (value, *kept, "where both arrive"))
            change = case.altered(partial(_of_use, value, kept))
            yield Proposal("overwritten", change, text, cost, (value, *kept))


def _of_use(value: int, kept: Sequence[Use], node: Node, edges: list[Edge]) -> list[Edge]:
    """Return the edges of the uses of a value that were kept, and all edges of other values."""
    return edges if node[0] != value else [edge for edge in edges if (edge.step, edge.slot) in kept]


def _last_use(value: int, kept: Sequence[Use], node: Node, edges: list[Edge]) -> list[Edge]:
    """Return the edges of the uses of a value that were kept where the element has such a use, else all."""
    return _of_use(value, kept, node, edges) or edges


def _overwritten_text(case: Case, value: int, pairs: Sequence[Use], kept: Sequence[Use]) -> str:
    name = case.program.values[value].text
    uses = [case.program.steps[step].formula for step, _ in pairs]
    shown = " and ".join(uses) if len(uses) <= 3 else f"{len(uses)} places"
    return (
        f"{name} is used in {shown}, and what comes back from each is added up; "
        f"only that from {' and '.join(dict.fromkeys(case.program.steps[step].formula for step, _ in kept))} was kept."
    )
