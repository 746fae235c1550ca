"""Which elements of an operand each element of a result can depend on, told from shapes and options alone.

(A sort is the one exception: once its order is recorded, that is its structure, as a permutation's is.)

A local Jacobian's row is found by probing (`vjp` of a one-hot upstream gradient), but a probe cannot tell an entry
that is zero by structure from one that is zero because a unit is off. So every operation also says which inputs an
output *can* depend on. Routes are counted and walked along these entries, whatever their value.

Elements are named by their flat index in C order throughout.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

Indices = NDArray[np.intp]
Shape = tuple[int, ...]


class Structure(Struct, frozen=True):
    """The pattern of one local Jacobian: `reads(i)` lists the inputs of output i, `feeds(j)` the outputs of input j.

    Both lists are sorted. `name` is the word that readers know the pattern by: `diagonal`, `broadcast`, `selection`,
    `permutation`, `group`, `row`, `column`, `outer product`, `dense`, `triangular`, `window`.
    """

    name: str
    reads: Callable[[int], Indices]
    feeds: Callable[[int], Indices]


class _Members:
    """The flat indices that are in each group, sorted; the table is made when a group is first asked for."""

    def __init__(self, group: Indices) -> None:
        self._group = group
        self._table: tuple[Indices, list[int]] | None = None
        """All indices in the order of their groups, and where each group begins; set at once, for threads share it."""

    def __getitem__(self, number: int) -> Indices:
        if self._table is None:
            order = np.argsort(self._group, kind="stable")
            ordered = self._group[order]
            groups = int(ordered[-1]) + 1 if ordered.size else 0
            self._table = order, np.searchsorted(ordered, np.arange(groups + 1)).tolist()
        order, starts = self._table
        return order[starts[number] : starts[number + 1]] if 0 <= number < len(starts) - 1 else order[:0]


def blocks(name: str, output_group: Indices, input_group: Indices) -> Structure:
    """Return the pattern in which output i depends on input j where both are in the same group (−1: in none).

    `output_group` and `input_group` hold a group number for each flat output and input element.
    """
    members, users = _Members(input_group), _Members(output_group)
    return Structure(
        name,
        reads=lambda i: members[int(output_group[i])],
        feeds=lambda j: users[int(input_group[j])],
    )


def flat(shape: Shape) -> Indices:
    """Return the flat indices of an array of `shape`, in that shape."""
    size = 1
    for length in shape:
        size *= length
    return np.arange(size, dtype=np.intp).reshape(shape)


def selection(source: Indices, size: int, name: str = "selection") -> Structure:
    """Return the pattern in which output i is (a function of) input `source[i]` alone; −1 where it reads none.

    `size` is the number of inputs.
    """
    return blocks(name, source.ravel(), np.arange(size, dtype=np.intp))


@lru_cache(maxsize=64)
def broadcast(operand: Shape, output: Shape) -> Structure:
    """Return the pattern of an elementwise operation's operand: each output reads the element broadcast to it."""
    source = np.broadcast_to(flat(operand), output)
    name = "diagonal" if operand == output else "broadcast"
    return selection(source, int(np.prod(operand, dtype=np.int64)), name)


def dense(outputs: int, inputs: int) -> Structure:
    """Return the pattern in which every output depends on every input."""
    return blocks("dense", np.zeros(outputs, np.intp), np.zeros(inputs, np.intp))
