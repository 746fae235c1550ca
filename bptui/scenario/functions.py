"""A scenario's functions, which may call each other in any order, but in no circle."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec import Struct

from bptui.scenario.resolved import Resolution

_LONGEST_CIRCLE = 8
"""How many functions of a circle of calls are named."""


class Function(Struct):
    """A function of the scenario: its parameters and its body; `cost` is how many steps a call unfolds into."""

    name: str
    parameters: tuple[str, ...]
    text: str
    body: Resolution | None = None
    cost: int = 0


def in_order(calls: Mapping[str, Sequence[str]]) -> tuple[list[str], list[list[str]], set[str]]:
    """Return functions in an order in which each comes after those that it calls; and what stands against that.

    That is every circle of calls, from the function where it is entered and shortened where it is long, one for each
    such function; and the functions whose calls close a circle. It is a search in depth without recursion.
    """
    order: list[str] = []
    circles: dict[str, list[str]] = {}
    closing: set[str] = set()
    done: set[str] = set()
    for first in calls:
        path, depth, ahead = [first], {first: 0}, [iter(calls[first])]
        while path and first not in done:
            name = path[-1]
            called = next((one for one in ahead[-1] if one not in done), None)
            if called is None:
                done.add(name)
                order.append(name)
                path.pop()
                ahead.pop()
                del depth[name]
            elif called in depth:
                closing.add(name)
                circle = path[depth[called] : depth[called] + _LONGEST_CIRCLE + 1]
                circles.setdefault(called, circle if len(circle) <= _LONGEST_CIRCLE else [*circle[:-1], "…"])
            else:
                depth[called] = len(path)
                path.append(called)
                ahead.append(iter(calls[called]))
    return order, list(circles.values()), closing
