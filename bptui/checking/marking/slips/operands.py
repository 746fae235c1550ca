"""`wrong-operand`, `transposed` and `swapped`: the right calculation with numbers from the wrong place."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np

from bptui.checking.marking.case import Case, Change, Factor, Numbers, Proposal
from bptui.checking.marking.claims import Entry
from bptui.checking.marking.reworks import entries, exchanged, on_operand, only_at, put
from bptui.present import numbers
from bptui.scenario.notation import ravel, unravel
from bptui.scenario.program import Array, ForwardStep
from bptui.trace.backward import all_params
from bptui.trace.elements import Edge, Node

_MOST = 800
"""How many wrong entries are tried for one Jacobian or operand."""


def wrong_operand(case: Case) -> Iterator[Proposal]:
    """Propose another entry of the same tensor in one entry's place."""
    if case.quantity.is_derivative:
        for factor in case.factors:
            yield from _factors(case, factor)
        yield from _upstream(case)
    else:
        for step in case.plan:
            for slot in range(len(step.inputs)):
                yield from _operands(case, step, slot)


def partner(case: Case, factor: Factor, head: int, tail: int) -> Node | None:
    """Return the element of the other operand that an entry of a product's Jacobian is."""
    step = factor.step
    if len(step.inputs) != 2:
        return None
    shapes = tuple(case.program.values[one].shape for one in step.inputs)
    output = case.program.values[step.output].shape
    if step.operation.partner is not None:
        at = step.operation.partner(factor.slot, shapes, output, head, tail)
    elif factor.operation == "multiply":
        reads = step.operation.structure(1 - factor.slot, shapes, output, step.params).reads(head)
        at = int(reads[0])
    else:
        return None
    return step.inputs[1 - factor.slot], at


_PICKING = frozenset({"index", "gather", "permute", "reverse", "roll", "sort", "topk", "reshape", "transpose"})


def _picked_from(case: Case, node: Node) -> Node:
    """Return the element that an element was picked from, through steps that only move elements."""
    while (producer := case.program.producer.get(node[0])) is not None and case.program.values[node[0]].name is None:
        step = case.program.steps[producer]
        if step.operation.name not in _PICKING:
            break
        shape, output = case.program.values[step.inputs[0]].shape, case.program.values[step.output].shape
        params = all_params(step, case.world.choices)
        node = step.inputs[0], int(step.operation.structure(0, (shape,), output, params).reads(node[1])[0])
    return node


def _factors(case: Case, factor: Factor) -> Iterator[Proposal]:
    key = (factor.step.index, factor.slot)
    listed = case.entries(factor)
    for edge in listed if len(listed) <= 64 else ():
        other = partner(case, factor, edge.head[1], edge.tail[1])
        if other is not None:
            other = _picked_from(case, other)
            array = case.world.values[other[0]].reshape(-1)
            if array.size * len(listed) > _MOST:
                return
            candidates = [((other[0], flat), float(array[flat])) for flat in range(array.size) if flat != other[1]]
            for used, number in candidates:
                yield Proposal(
                    "wrong-operand",
                    case.replaced(factor, edge, number),
                    partial(_used, case, used, other),
                    _distance(case, used, other),
                    (*key, edge.tail, edge.head, used),
                )
        else:
            for wrong in _alike(case, factor, edge):
                yield Proposal(
                    "wrong-operand",
                    case.replaced(factor, edge, wrong.derivative),
                    f"d{case.name(wrong.head)}/d{case.name(wrong.tail)} was used where "
                    f"d{case.name(edge.head)}/d{case.name(edge.tail)} belongs.",
                    1.0,
                    (*key, edge.tail, edge.head, wrong.tail, wrong.head),
                )


def _alike(case: Case, factor: Factor, edge: Edge) -> Iterator[Edge]:
    """Yield the other entries of a Jacobian with one entry an element."""
    step = factor.step
    size = case.program.values[step.output].size
    if step.operation.partial(factor.slot) is None or case.program.values[edge.tail[0]].size != size or size > 32:
        return
    for flat in range(size):
        slope = case.world.elements.entry(step.index, factor.slot, flat, flat)
        if flat != edge.head[1] and slope != edge.derivative:
            yield Edge((edge.tail[0], flat), (edge.head[0], flat), slope, edge.step, edge.slot)


def _upstream(case: Case) -> Iterator[Proposal]:
    """Propose the gradient of another element of the same value in one link."""
    if len(case.graphs) != 1:
        return
    gradients = case.gradients
    count = 0
    for node in case.nodes:
        links = case.links[node]
        for head, slope in links.items():
            layer = [other for other in gradients if other[0] == head[0] and other != head]
            for other in layer:
                count += 1
                if count > _MOST:
                    return
                changed = {one: weight for one, weight in links.items() if one != head}
                changed[other] = changed.get(other, 0.0) + slope
                if other[0] <= node[0]:
                    continue
                yield Proposal(
                    "wrong-operand",
                    Change({node: changed}),
                    f"{case.gradient_name(other)} was used where {case.gradient_name(head)} belongs.",
                    1.0,
                    ("upstream", node, head, other),
                )


def _used(case: Case, used: Node, right: Node) -> str:
    """Return the sentence about an entry that was used in another's place."""
    if case.symbolic:
        return f"{case.name(used)} was used where {case.name(right)} belongs."
    values = case.world.values
    wrong, true = (numbers.number(float(values[node[0]].reshape(-1)[node[1]])) for node in (used, right))
    return f"{wrong}, which is {case.name(used)}, was used where {case.name(right)} = {true} belongs."


def _distance(case: Case, used: Node, right: Node) -> float:
    """Return a cost: an entry of the same row or column is picked sooner than another."""
    shape = case.program.values[used[0]].shape
    one, other = unravel(used[1], shape), unravel(right[1], shape)
    apart = sum(a != b for a, b in zip(one, other, strict=True))
    far = sum(abs(a - b) for a, b in zip(one, other, strict=True))
    return 1.0 + 0.3 * (apart - 1) + 0.02 * far


def _operands(case: Case, step: ForwardStep, slot: int) -> Iterator[Proposal]:
    value = step.inputs[slot]
    array = case.world.values[value].reshape(-1)
    size = array.size
    if not 2 <= size <= 64 or size * size > 4 * _MOST or case.program.values[value].role == "constant":
        return
    outputs = case.program.values[step.output].size
    for right in range(size):
        for used in range(size):
            if array[used] == array[right]:
                continue
            rework = on_operand(slot, put(right, float(array[used])))
            nodes = (value, used), (value, right)
            text, cost = partial(_used, case, *nodes), _distance(case, *nodes)
            yield Proposal("wrong-operand", Change(steps={step.index: rework}), text, cost, (step.index, slot, *nodes))
            reads = _read_by(case, step, slot, right)
            for output in reads if len(reads) > 1 and outputs * size * size <= 4 * _MOST else ():
                change = Change(steps={step.index: only_at(output, rework)})
                yield Proposal("wrong-operand", change, text, cost + 0.1, (step.index, slot, *nodes, output))


def _read_by(case: Case, step: ForwardStep, slot: int, flat: int) -> list[int]:
    shapes = tuple(case.program.values[one].shape for one in step.inputs)
    output = case.program.values[step.output].shape
    return [int(one) for one in step.operation.structure(slot, shapes, output, step.params).feeds(flat)]


# -- transposed --------------------------------------------------------------------------------------------------------


def transposed(case: Case) -> Iterator[Proposal]:
    """Propose each matrix of the line the other way round, and the result itself."""
    if case.quantity.is_derivative:
        for factor in case.factors:
            others = _other_way(case, factor)
            if others:
                matrix = case.program.values[factor.step.inputs[1 - factor.slot]].text
                said = f"{matrix} was used the other way round."
                yield Proposal(
                    "transposed", case.scaled(factor, entries(others)), said, 0.3, (factor.step.index, factor.slot)
                )
    else:
        for step in case.plan:
            for slot, value in enumerate(step.inputs):
                shape = case.program.values[value].shape
                if step.operation.name == "matmul" and len(shape) == 2 and shape[0] == shape[1] > 1:
                    said = f"{case.program.values[value].text} was used the other way round in {step.formula}."
                    change = Change(steps={step.index: on_operand(slot, np.transpose)})
                    yield Proposal("transposed", change, said, 0.3, (step.index, slot))
            if step.operation.name == "transpose" and len(case.program.values[step.output].shape) == 2:
                shape = case.program.values[step.output].shape
                if shape[0] == shape[1] > 1:
                    said = f"{step.formula} was taken without turning it round."
                    yield Proposal("transposed", Change(steps={step.index: _as_it_is}), said, 0.3, (step.index,))
    yield from _result(case)


def _as_it_is(inputs: list[Array], result: object) -> Array:
    return inputs[0]


def _other_way(case: Case, factor: Factor) -> dict[tuple[Node, Node], float]:
    """Return the entries of a product's Jacobian with the other matrix turned round; empty where that does not fit."""
    found: dict[tuple[Node, Node], float] = {}
    for edge in case.entries(factor):
        other = partner(case, factor, edge.head[1], edge.tail[1]) if factor.operation == "matmul" else None
        if other is None:
            return {}
        shape = case.program.values[other[0]].shape
        if len(shape) != 2:
            return {}
        row, column = unravel(other[1], shape)
        if column >= shape[0] or row >= shape[1]:
            return {}
        found[edge.tail, edge.head] = float(case.world.values[other[0]][column, row])
    return found


def _result(case: Case) -> Iterator[Proposal]:
    """Propose the result the other way round: an entry in the place of its mirror image."""
    order = _mirrored(case)
    if order is None:
        return
    value = case.quantity.entries[0][0] if not case.quantity.is_derivative else case.tail
    yield Proposal(
        "transposed",
        Change(after=partial(_reordered, order)),
        f"{case.program.values[value[0]].text} was written the other way round.",
        0.4,
        ("result",),
    )


def _mirrored(case: Case) -> list[int] | None:
    """Return for each entry the place of the one with its two indices exchanged; None where that is not on the line."""
    places = {(head, tail): at for at, (head, tail) in enumerate(case.quantity.entries)}
    order = []
    for head, tail in case.quantity.entries:
        value, flat = tail if tail is not None else head
        shape = case.program.values[value].shape
        if len(shape) != 2:
            return None
        row, column = unravel(flat, shape)
        if column >= shape[0] or row >= shape[1]:
            return None
        mirror = (value, ravel((column, row), shape))
        at = places.get((head, mirror) if tail is not None else (mirror, None))
        if at is None:
            return None
        order.append(at)
    return order if order != list(range(len(order))) else None


def _reordered(order: list[int], results: Numbers) -> Numbers:
    return [results[at] for at in order]


# -- swapped -----------------------------------------------------------------------------------------------------------


def swapped(case: Case) -> Iterator[Proposal]:
    """Propose two results of the line exchanged, or that of another element in the place of the line's only one."""
    entries = case.quantity.entries
    if len(entries) > 1:
        for first in range(min(len(entries), 32)):
            for second in range(first + 1, min(len(entries), 32)):
                names = case.entry_name(entries[first]), case.entry_name(entries[second])
                yield Proposal(
                    "swapped",
                    Change(after=exchanged(first, second)),
                    f"{names[0]} and {names[1]} were exchanged.",
                    0.5,
                    (first, second),
                )
        return
    head, tail = entries[0]
    value = head[0] if tail is None else tail[0]
    if value >= len(case.program.values) or case.program.values[value].size > 64:
        return
    mirror = _mirror_of(case, head if tail is None else tail)
    others: list[Entry] = [(node, None) if tail is None else (head, node) for node in case.elements(value)]
    if tail is not None and 1 < case.program.values[value].size == _size(case, head[0]):
        others += [((head[0], flat), (value, flat)) for _, flat in case.elements(value)]
    for other in others:
        if other == entries[0]:
            continue
        node = other[0] if other[1] is None else other[1]
        number = case.number_of(other)
        cost = 0.1 if _mutual(case, other, number) else 1.6
        if mirror is not None and node == mirror:
            said = f"This is {case.entry_name(other)}: the indices are the other way round."
            yield Proposal("transposed", Change(after=partial(_constant, number)), said, 0.5, ("mirror", node))
        said = f"This is {case.entry_name(other)}, not {case.entry_name(entries[0])}."
        yield Proposal("swapped", Change(after=partial(_constant, number)), said, cost, other)


def _size(case: Case, value: int) -> int:
    return case.program.values[value].size if value < len(case.program.values) else 1


def _mutual(case: Case, other: Entry, number: float) -> bool:
    """Return whether the sheet has the other entry too, with the number that belongs here and not its own."""
    claimed, own = case.elsewhere.get(other), case.own[0]
    return claimed is not None and abs(claimed - own) <= min(0.05 * abs(own), 0.5 * abs(claimed - number))


def _constant(number: float, results: Numbers) -> Numbers:
    return [number]


def _mirror_of(case: Case, node: Node) -> Node | None:
    shape = case.program.values[node[0]].shape if node[0] < len(case.program.values) else ()
    if len(shape) != 2:
        return None
    row, column = unravel(node[1], shape)
    if row == column or column >= shape[0] or row >= shape[1]:
        return None
    return node[0], ravel((column, row), shape)
