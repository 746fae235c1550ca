"""Small changes of a step or of a Jacobian, from which slips are put together."""

from __future__ import annotations

from collections.abc import Callable, Collection
from itertools import combinations
from typing import Any

import numpy as np

from bptui.checking.marking.case import Change, Numbers, Rework
from bptui.scenario.program import Array
from bptui.trace.elements import Edge, Node


def on_operand(slot: int, change: Callable[[Array], Array]) -> Rework:
    """Return the rework in which one operand is another."""
    return lambda inputs, result: result([change(one) if at == slot else one for at, one in enumerate(inputs)])


def on_result(change: Callable[[Array], Any]) -> Rework:
    """Return the rework in which the result is another."""
    return lambda inputs, result: change(result(inputs))


def instead(result_of: Callable[..., Any]) -> Rework:
    """Return the rework in which something else is done with the operands."""
    return lambda inputs, result: result_of(*inputs)


def only_at(flat: int, rework: Rework) -> Rework:
    """Return the rework that concerns one element of the result alone."""

    def changed(inputs: list[Array], result: Callable[[list[Array]], Array]) -> Array:
        return put(flat, float(np.reshape(rework(inputs, result), -1)[flat]))(np.asarray(result(inputs)))

    return changed


def put(flat: int, number: float) -> Callable[[Array], Array]:
    """Return the function that puts a number into one place of an array."""

    def change(array: Array) -> Array:
        changed = np.array(array, dtype=np.float64)
        changed.reshape(-1)[flat] = number
        return changed

    return change


def times(scale: float) -> Callable[[Array], Array]:
    """Return the function that multiplies by a number."""
    return lambda array: np.asarray(array * scale)


def result_times(scale: float) -> Change:
    """Return the change that multiplies the numbers of a line."""
    return Change(after=lambda results: [scale * one for one in results])


def entries(others: dict[tuple[Node, Node], float]) -> Callable[[Edge], float]:
    """Return what gives several entries of a Jacobian other numbers."""
    return lambda edge: others.get((edge.tail, edge.head), edge.derivative)


def by(scale: float) -> Callable[[Edge], float]:
    """Return what multiplies all entries of a Jacobian."""
    return lambda edge: scale * edge.derivative


def exchanged(first: int, second: int) -> Callable[[Numbers], Numbers]:
    """Return the function that exchanges two numbers of a line."""

    def exchange(results: Numbers) -> Numbers:
        changed = list(results)
        changed[first], changed[second] = changed[second], changed[first]
        return changed

    return exchange


def subsets(items: Collection[Any]) -> list[tuple[Any, ...]]:
    """Return the proper subsets that somebody may have kept: single items first, then all but one, then the others.

    Of many items only those two kinds.
    """
    listed, number = list(items), len(items)
    sizes = [1, number - 1] if number > 5 else [1, *range(number - 1, 1, -1)]
    return [kept for size in dict.fromkeys(sizes) if 0 < size < number for kept in combinations(listed, size)]
