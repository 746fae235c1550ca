"""`relu-mask`: the gradient was let through where the unit was off, or the reverse."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

import numpy as np

from bptui.checking.marking.case import Case, Change, Proposal
from bptui.checking.marking.reworks import instead, on_result, put
from bptui.scenario.program import Array
from bptui.trace.elements import Edge

MASKS = frozenset({"relu", "leaky_relu", "elu"})


def relu_mask(case: Case) -> Iterator[Proposal]:
    """Propose that units count as on that are off, or the reverse; all of them, or one."""
    yield from _derivative(case) if case.quantity.is_derivative else _value(case)


def _derivative(case: Case) -> Iterator[Proposal]:
    for factor in case.factors:
        if factor.operation not in MASKS:
            continue
        entries, key = case.entries(factor), (factor.step.index, factor.slot)
        units = case.program.values[factor.step.inputs[0]].text
        off = sorted((edge for edge in entries if edge.derivative != 1.0), key=lambda edge: edge.tail)
        if off:
            said = f"The gradient was let through {factor.step.formula} where {_below(case, off)} below 0."
            yield Proposal("relu-mask", case.scaled(factor, _open), said, 0.0, ("open", *key))
        if len(off) < len(entries):
            said = f"The mask of {factor.step.formula} was taken the other way round: a unit is on where {units} > 0."
            yield Proposal("relu-mask", case.scaled(factor, _opposite), said, 0.05, ("opposite", *key))
        for edge in entries if 1 < len(entries) <= 32 else ():
            is_on = edge.derivative == 1.0
            name = case.name(edge.tail)
            said = f"{name} is above 0, so its unit is on." if is_on else f"{name} is below 0, so its unit is off."
            change = case.replaced(factor, edge, 0.0 if is_on else 1.0)
            yield Proposal("relu-mask", change, said, 0.5, ("one", *key, edge.tail))


def _below(case: Case, off: list[Edge]) -> str:
    names = [case.name(edge.tail) for edge in off]
    return f"{names[0]} is" if len(names) == 1 else f"{', '.join(names[:-1][:4])} and {names[-1]} are"


def _open(edge: Edge) -> float:
    return 1.0


def _opposite(edge: Edge) -> float:
    return 0.0 if edge.derivative == 1.0 else 1.0


def _value(case: Case) -> Iterator[Proposal]:
    for step in case.plan:
        if step.operation.name not in MASKS:
            continue
        inputs = case.world.values[step.inputs[0]].reshape(-1)
        text, name = case.program.values[step.inputs[0]].text, step.operation.name
        if np.any(inputs < 0):
            said = f"{text} below 0 was let through: {name} cuts it off."
            yield Proposal("relu-mask", Change(steps={step.index: instead(_as_it_is)}), said, 0.0, (step.index, "open"))
        if np.any(inputs > 0):
            said = f"{name} was taken the other way round: it lets through what is above 0."
            opposite: Callable[..., Array] = partial(np.minimum, 0.0)
            yield Proposal("relu-mask", Change(steps={step.index: instead(opposite)}), said, 0.3, (step.index, "min"))
        for flat, number in enumerate(inputs.tolist()) if 1 < inputs.size <= 32 else ():
            unit = case.name((step.inputs[0], flat))
            said = f"{unit} is above 0, and passes." if number > 0 else f"{unit} is below 0, and is cut off."
            change = Change(steps={step.index: on_result(put(flat, 0.0 if number > 0 else number))})
            yield Proposal("relu-mask", change, said, 0.5, (step.index, flat))


def _as_it_is(array: Array, *others: object) -> Array:
    return array
