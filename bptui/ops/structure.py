"""Which elements of an operand each element of a result can depend on, told from shapes and options alone.

(A sort is the one exception: once its order is recorded, that is its structure, as a permutation's is.)

A local Jacobian's row is found by probing (`vjp` of a one-hot upstream gradient), but a probe cannot tell an entry
that is zero by structure from one that is zero because a unit is off. So every operation also says which inputs an
output *can* depend on. Routes are counted and walked along these entries, whatever their value.

Elements are named by their flat index in C order throughout.
"""

from __future__ import annotations

from collections.abc import Callable, Container
from functools import cached_property, lru_cache
from math import prod

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

Indices = NDArray[np.intp]
Shape = tuple[int, ...]

_SMALL = 4096
"""Up to how many elements the pattern of a broadcast is remembered, for it may hold as many indices."""


class Structure(Struct, frozen=True):
    """The pattern of one local Jacobian: `reads(i)` lists the inputs of output i, `feeds(j)` the outputs of input j.

    Both lists are sorted. `name` is the word that readers know the pattern by: `diagonal`, `broadcast`, `selection`,
    `permutation`, `group`, `row`, `column`, `outer product`, `dense`, `triangular`, `window`.
    """

    name: str
    reads: Callable[[int], Indices]
    feeds: Callable[[int], Indices]
    source: Indices | None = None
    """Where outputs are inputs that are only moved: by output, which one it is, or −1 where it is none of them."""


class Lines:
    """The elements of an array of `shape` in lines: those that differ only along `axes` share one.

    Nothing is stored for an element, since there may be millions. A line's number is its flat index in `shape` with
    length 1 along `axes`.
    """

    def __init__(self, shape: Shape, axes: Container[int]) -> None:
        self._fixed: list[tuple[int, int, int]] = []
        """Of each axis that a line does not run along: its length, and how far apart its elements and its lines are."""
        self._along: list[tuple[int, int]] = []
        step, number = 1, 1
        for axis in reversed(range(len(shape))):
            if axis in axes:
                self._along.insert(0, (shape[axis], step))
            else:
                self._fixed.append((shape[axis], step, number))
                number *= shape[axis]
            step *= shape[axis]

    def number(self, flat: int) -> int:
        """Return the line that an element is in."""
        return sum(flat // step % length * number for length, step, number in self._fixed)

    def members(self, line: int) -> Indices:
        """Return the elements of a line, sorted."""
        start = sum(line // number % length * step for length, step, number in self._fixed)
        return self._first + start if start else self._first

    @cached_property
    def _first(self) -> Indices:
        """The elements of line 0."""
        found = np.zeros(1, dtype=np.intp)
        for length, step in self._along:
            found = np.add.outer(found, np.arange(length, dtype=np.intp) * step).ravel()
        found.setflags(write=False)
        return found


def blocks(name: str, outputs: Lines, inputs: Lines) -> Structure:
    """Return the pattern in which each line of the result depends on the line of the operand with its number."""
    return Structure(
        name, reads=lambda i: inputs.members(outputs.number(i)), feeds=lambda j: outputs.members(inputs.number(j))
    )


def flat(shape: Shape) -> Indices:
    """Return the flat indices of an array of `shape`, in that shape."""
    size = 1
    for length in shape:
        size *= length
    return np.arange(size, dtype=np.intp).reshape(shape)


class _Users:
    """The flat indices of the results that take each element, sorted; the table is made when one is first asked for."""

    def __init__(self, source: Indices) -> None:
        self._source = source
        self._table: tuple[Indices, Indices] | None = None
        """All results in the order of what they take, and where each begins; set at once, for threads share it."""

    def __getitem__(self, taken: int) -> Indices:
        if self._table is None:
            self._table = self._ordered()
        order, starts = self._table
        return order[starts[taken] : starts[taken + 1]] if taken < len(starts) - 1 else order[:0]

    def _ordered(self) -> tuple[Indices, Indices]:
        places = np.flatnonzero(self._source >= 0)
        source = self._source[places]
        counts = np.bincount(source)
        starts = np.concatenate(([0], np.cumsum(counts)))
        if counts.max(initial=0) > 1:
            return places[np.argsort(source, kind="stable")], starts
        order = np.empty_like(places)  # nothing is taken twice: each goes straight to where it belongs
        order[starts[source]] = places
        return order, starts


def selection(source: Indices, name: str = "selection") -> Structure:
    """Return the pattern in which output i is input `source[i]`; −1 where it reads none."""
    source = source.ravel()
    users = _Users(source)
    return Structure(
        name,
        reads=lambda i: source[i : i + 1] if source[i] >= 0 else source[:0],
        feeds=lambda j: users[j],
        source=source,
    )


def broadcast(operand: Shape, output: Shape) -> Structure:
    """Return the pattern of an elementwise operation's operand: each output reads the element broadcast to it."""
    return _remembered(operand, output) if prod(output) <= _SMALL else _broadcast(operand, output)


def _broadcast(operand: Shape, output: Shape) -> Structure:
    lead = len(output) - len(operand)
    spread = {axis for axis in range(len(output)) if axis < lead or operand[axis - lead] != output[axis]}
    return blocks("broadcast" if spread else "diagonal", Lines(output, spread), Lines(operand, ()))


_remembered = lru_cache(256)(_broadcast)


def dense(outputs: int, inputs: int) -> Structure:
    """Return the pattern in which every output depends on every input."""
    return blocks("dense", Lines((outputs,), (0,)), Lines((inputs,), (0,)))
