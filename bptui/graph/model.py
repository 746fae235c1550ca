"""A graph to be drawn: nodes and edges, each saying which steps, values and operands of the program it stands for."""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from itertools import chain
from typing import Any, Literal

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from bptui.text import width

Zoom = Literal["network", "lines", "operations", "elements"]
Kind = Literal["leaf", "group", "line", "step", "element", "more"]
ZOOMS: tuple[Zoom, ...] = ("network", "lines", "operations", "elements")

_BOXED: frozenset[Kind] = frozenset({"group", "line"})


class Node(Struct, frozen=True):
    """Something that is drawn: a leaf, a line, a group of lines, a step, an element, or what was left out."""

    id: int
    """Its place in `Graph.nodes`."""
    kind: Kind
    label: tuple[str, ...]
    """Its text, one row each."""
    note: str
    """Its shape; empty for a single number."""
    steps: range
    """The forward steps it stands for; they follow each other."""
    values: Sequence[int]
    """The values it stands for; the last is what it hands on."""
    element: int | None = None

    @property
    def boxed(self) -> bool:
        """Whether it is drawn with a frame; what is not takes one row."""
        return self.kind in _BOXED

    @property
    def size(self) -> tuple[int, int]:
        """The cells that it takes: its text with room for three marks, and a frame."""
        text = max(width(row) for row in self.label)
        if self.boxed:
            # wide enough for the note to stand in the frame beside an edge, wherever that is
            return max(text + 4, 2 * width(self.note) + 9 if self.note else 7), len(self.label) + 2
        return text + (width(self.note) + 1 if self.note else 0) + 4, 1


class Edge(Struct, frozen=True):
    """A value on its way from the node that gives it to a node that uses it."""

    tail: int
    head: int
    operands: array[int]
    """The operands that it carries, by their places in `program.columns.operands`: more than one where a value is used
    more than once."""


class Graph(Struct, frozen=True, eq=False, dict=True):
    """Nodes in the order in which they are computed, and the edges between them."""

    zoom: Zoom
    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]

    @cached_property
    def by_step(self) -> Mapping[int, tuple[int, ...]]:
        """For each forward step, the nodes that stand for it."""
        return _Spans([(node.steps, node.id) for node in self.nodes if node.steps])

    @cached_property
    def by_value(self) -> Mapping[int, tuple[int, ...]]:
        """For each value, the nodes that stand for it, or for its elements."""
        return _Owners([(node.values, node.id) for node in self.nodes])

    @cached_property
    def by_operand(self) -> Mapping[int, tuple[int, ...]]:
        """For each operand, the edges that carry it."""
        return _Owners([(edge.operands, index) for index, edge in enumerate(self.edges)])

    @cached_property
    def above(self) -> Mapping[int, tuple[int, ...]]:
        """For each node, the edges that enter it."""
        return _listed((edge.head, index) for index, edge in enumerate(self.edges))

    @cached_property
    def below(self) -> Mapping[int, tuple[int, ...]]:
        """For each node, the edges that leave it."""
        return _listed((edge.tail, index) for index, edge in enumerate(self.edges))


class Focus(Struct, frozen=True):
    """Which forward step is looked into, and which element must be seen: of the operand in `slot`, or of the result."""

    step: int = 0
    element: int = 0
    slot: int | None = None


def distinct(numbers: Sequence[int] | NDArray[np.integer]) -> NDArray[np.integer]:
    """Return the different ones of `numbers`, in order: np.unique, without the numpy.ma that it loads."""
    ordered = np.sort(np.asarray(numbers))
    return ordered[np.flatnonzero(np.diff(ordered, prepend=-1))]


class _Spans(Mapping[int, tuple[int, ...]]):
    """For each number the nodes that own it, out of the numbers of each node: ranges that are alike or apart."""

    def __init__(self, owned: Iterable[tuple[range, int]]) -> None:
        found: dict[range, list[int]] = {}
        for numbers, node in owned:
            found.setdefault(numbers, []).append(node)
        self._spans = sorted(found, key=lambda span: span.start)
        self._nodes = {span: tuple(nodes) for span, nodes in found.items()}

    def __getitem__(self, number: int) -> tuple[int, ...]:
        at = bisect_right(self._spans, number, key=lambda span: span.start) - 1
        if at < 0 or number not in self._spans[at]:
            raise KeyError(number)
        return self._nodes[self._spans[at]]

    def __iter__(self) -> Iterator[int]:
        return chain.from_iterable(self._spans)

    def __len__(self) -> int:
        return sum(map(len, self._spans))


class _Owners(Mapping[int, tuple[int, ...]]):
    """For each number the nodes that own it, out of the numbers of each node; a million take a fraction of a second."""

    def __init__(self, owned: Sequence[tuple[Sequence[int], int]]) -> None:
        numbers = np.concatenate([np.arange(0), *(some for some, _ in owned)])
        nodes = np.repeat([node for _, node in owned], [len(some) for some, _ in owned])
        order = np.argsort(numbers, kind="stable")
        self._numbers, self._nodes = numbers[order], nodes[order]

    def __getitem__(self, number: int) -> tuple[int, ...]:
        first, last = self._numbers.searchsorted([number, number + 1]).tolist()
        if first == last:
            raise KeyError(number)
        return tuple(self._nodes[first:last].tolist())

    def __iter__(self) -> Iterator[int]:
        return iter(distinct(self._numbers).tolist())

    def __len__(self) -> int:
        return len(distinct(self._numbers))


def _listed(pairs: Iterable[tuple[Any, int]]) -> dict[Any, tuple[int, ...]]:
    found: dict[Any, list[int]] = {}
    for key, number in pairs:
        found.setdefault(key, []).append(number)
    return {key: tuple(numbers) for key, numbers in found.items()}
