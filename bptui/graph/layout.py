"""Where nodes and edges of a graph lie on the cells of a terminal, and the check that nothing lies on anything else.

Nodes are boxes of whole cells, edges are paths of horizontal and vertical runs from below (or left of) the node where
they begin to above the node where they end. All edges from one node make a *net*: they may share cells, as the branches
of one wire. Edges that have no end in common meet only where one crosses the other at a right angle.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from msgspec import Struct

Point = tuple[int, int]
"""A cell: column and row, counted from 0."""
Link = tuple[int, int]
"""An edge: the numbers of the node it leaves and of the node it enters."""


class Box(Struct, frozen=True):
    """The cells of one node."""

    x: int
    y: int
    width: int
    height: int

    @property
    def right(self) -> int:
        """The first column behind it."""
        return self.x + self.width

    @property
    def bottom(self) -> int:
        """The first row below it."""
        return self.y + self.height

    def __contains__(self, point: Point) -> bool:
        return self.x <= point[0] < self.right and self.y <= point[1] < self.bottom


class Layout(Struct, frozen=True):
    """A box for every node, and for every edge the cells at which it begins, turns and ends."""

    boxes: tuple[Box, ...]
    paths: tuple[tuple[Point, ...], ...]
    width: int
    height: int


def simplified(points: Sequence[Point]) -> tuple[Point, ...]:
    """Return a path with only the cells at which it begins, turns and ends."""
    kept: list[Point] = []
    for point in points:
        if kept and point == kept[-1]:
            continue
        if len(kept) > 1 and (kept[-2][0] == kept[-1][0] == point[0] or kept[-2][1] == kept[-1][1] == point[1]):
            kept.pop()
        kept.append(point)
    return tuple(kept)


def faults(layout: Layout, links: Sequence[Link]) -> list[str]:
    """Return what is wrong with a layout, in words: an empty list where it keeps every promise.

    No node lies on a node and no edge on a node; an edge begins at its first node's border and ends at its second's;
    edges that share an end may share cells, others only cross.
    """
    found: list[str] = []
    owner: dict[Point, int] = {}
    for number, box in enumerate(layout.boxes):
        if box.x < 0 or box.y < 0 or box.right > layout.width or box.bottom > layout.height:
            found.append(f"node {number} leaves the layout")
        for y in range(box.y, box.bottom):
            for x in range(box.x, box.right):
                if owner.setdefault((x, y), number) != number:
                    found.append(f"node {number} lies on node {owner[x, y]}")
    passing: dict[Point, list[tuple[int, bool, bool]]] = {}
    for number, (path, (tail, head)) in enumerate(zip(layout.paths, links, strict=True)):
        if not _leaves(layout.boxes[tail], path[0]) or not _enters(layout.boxes[head], path[-1]):
            found.append(f"edge {number} does not join its nodes")
        arms = _arms(path)
        for cell, (horizontal, vertical) in arms.items():
            if cell in owner:
                found.append(f"edge {number} runs through node {owner[cell]}")
            passing.setdefault(cell, []).append((number, horizontal, vertical))
    for cell, edges in passing.items():
        for at, (one, across, along) in enumerate(edges):
            for other, other_across, other_along in edges[:at]:
                apart = links[one][0] != links[other][0] and links[one][1] != links[other][1]
                if apart and ((across and other_across) or (along and other_along)):
                    found.append(f"edges {other} and {one} share cell {cell}")
    return found


def _leaves(box: Box, point: Point) -> bool:
    below = box.x <= point[0] < box.right and point[1] == box.bottom
    return below or (point[0] == box.x - 1 and box.y <= point[1] < box.bottom)


def _enters(box: Box, point: Point) -> bool:
    return box.x <= point[0] < box.right and point[1] == box.y - 1


def _arms(path: Sequence[Point]) -> dict[Point, tuple[bool, bool]]:
    """Return for each cell of a path whether it runs horizontally, vertically, or (where it turns) both."""
    arms: dict[Point, tuple[bool, bool]] = {}
    for (x0, y0), (x1, y1) in pairwise(path):
        for x in range(min(x0, x1), max(x0, x1) + 1):
            for y in range(min(y0, y1), max(y0, y1) + 1):
                across, along = arms.get((x, y), (False, False))
                arms[x, y] = (across or y0 == y1, along or x0 == x1)
    across, _ = arms.get(path[-1], (False, True))
    return {**arms, path[-1]: (across, True)}
