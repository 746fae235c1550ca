"""`sign`: the sign was lost."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np

from bptui.checking.marking.case import Case, Change, Factor, Proposal
from bptui.checking.marking.reworks import by, instead, on_operand, put, result_times
from bptui.present import numbers
from bptui.trace.elements import Edge, Node


def sign(case: Case) -> Iterator[Proposal]:
    """Propose the whole result with the other sign, one Jacobian's, and a minus left out in the formula or a number."""
    yield Proposal("sign", result_times(-1.0), partial(_whole, case), 0.0, ("all",))
    yield from _derivative(case) if case.quantity.is_derivative else _value(case)


def _whole(case: Case) -> str:
    name = case.entry_name(case.quantity.entries[case.focus])
    if case.symbolic:
        return f"The sign was lost: {name} has the other one."
    return f"The sign was lost: {name} comes to {numbers.number(case.own[case.focus])}."


def _derivative(case: Case) -> Iterator[Proposal]:
    for factor in case.factors:
        entries = case.entries(factor)
        if not any(edge.derivative for edge in entries):
            continue
        key = (factor.step.index, factor.slot)
        said = f"d({factor.step.formula})/d({case.operand(factor)})"
        yield Proposal("sign", case.scaled(factor, by(-1.0)), f"The sign of {said} was lost.", 0.5, ("factor", *key))
        if len({edge.derivative < 0 for edge in entries}) == 2:
            lost = f"The minus signs in {said} were lost."
            yield Proposal("sign", case.scaled(factor, _size), lost, 0.7, ("minus", *key))
        for edge in entries if 1 < len(entries) <= 24 else ():
            yield Proposal(
                "sign",
                case.replaced(factor, edge, -edge.derivative),
                partial(_entry, case, factor, edge.derivative, edge.tail, edge.head),
                1.5 if edge.derivative < 0 else 2.5,
                ("entry", *key, edge.tail, edge.head),
            )
    for tail, head in case.blocks:
        said = f"d{case.program.values[head].text}/d{case.program.values[tail].text}"
        change = case.block_scaled(tail, head, lambda slope: -slope)
        yield Proposal("sign", change, f"The sign of {said} was lost.", 0.5, ("block", tail, head))


def _size(edge: Edge) -> float:
    return abs(float(edge.derivative))


def _entry(case: Case, factor: Factor, slope: float, tail: Node, head: Node) -> str:
    said = f"The sign of d{case.name(head)}/d{case.name(tail)} was lost"
    return f"{said}." if case.symbolic else f"{said}: it is {numbers.number(slope)}."


_OTHER = {"add": np.subtract, "subtract": np.add}


def _value(case: Case) -> Iterator[Proposal]:
    for step in case.plan:
        name, index = step.operation.name, step.index
        if name in _OTHER:
            change = Change(steps={index: instead(_OTHER[name])})
            yield Proposal("sign", change, f"A sign in {step.formula} was taken the other way.", 0.5, (index,))
        if name == "negative":
            change = Change(steps={index: instead(np.positive)})
            yield Proposal("sign", change, f"The minus of {step.formula} was lost.", 0.5, (index,))
        for slot, operand in enumerate(step.inputs):
            array = case.world.values[operand]
            if array.size > 64 or not np.any(array < 0):
                continue
            text = case.program.values[operand].text
            change = Change(steps={index: on_operand(slot, np.abs)})
            yield Proposal("sign", change, f"A minus of {text} was lost in {step.formula}.", 0.7, (index, slot))
            for flat in np.flatnonzero(array.reshape(-1) < 0).tolist() if array.size > 1 else ():
                number = float(array.reshape(-1)[flat])
                change = Change(steps={index: on_operand(slot, put(flat, -number))})
                said = f"The minus of {case.name((operand, flat))} was lost in {step.formula}."
                yield Proposal("sign", change, said, 1.5, (index, slot, flat))
