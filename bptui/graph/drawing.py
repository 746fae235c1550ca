"""A graph as rows of styled text: any window of it, at any step of the walk.

Everything is said twice, by style and by mark, so that it survives without colour:

* not yet computed: dashed frames and edges, `□`; computed: solid ones with `▼` where an edge enters a frame, `■`;
* where the walk is: `▐ … ▌` and a heavy frame; what flows now: heavy edges with `▼` forward, `▲` backward;
* its gradient is there: `▲`, some of its contributions: `△`; selected: a double frame, or brackets;
* a branch that goes on both ways where one wire meets another is a dot, a crossing is none.
"""

from __future__ import annotations

import unicodedata
from bisect import bisect_left
from collections.abc import Sequence
from itertools import pairwise
from typing import Literal

from bptui.graph.layout import Box, Layout
from bptui.graph.model import Graph, Node
from bptui.graph.progress import Progress, State
from bptui.text import width as cells

Run = tuple[str, str]
"""Some text and the name of the style that it is drawn in; empty for background."""
Direction = Literal["up", "down", "left", "right"]

STYLES = (
    "node.todo", "node.done", "node.grad", "node.selected", "node.current",
    "edge.todo", "edge.done", "edge.grad", "edge.current",
)  # fmt: skip
"""The names of styles, and for nodes and edges the order in which one gives way to the next."""

_JOINTS = " ╴╸╷┐┑╻┒┓╶─╾┌┬┭┎┰┱╺╼━┍┮┯┏┲┳╵┘┙│┤┥╽┧┪└┴┵├┼┽┟╁╅┕┶┷┝┾┿┢╆╈╹┚┛╿┦┩┃┨┫┖┸┹┞╀╃┠╂╉┗┺┻┡╄╇┣╊╋"
"""The character whose arms up, right, down and left are of weights 0 (none), 1 (light) or 2 (heavy), read in base 3."""
_ROUND = str.maketrans("┌┐└┘", "╭╮╰╯")
_DASHED = str.maketrans("─│", "╌┊")
_UP, _RIGHT, _DOWN, _LEFT = range(4)
_VERTICAL = {_UP, _DOWN}
_PLACES = (27, 9, 3, 1)

_FRAMES = {"todo": "╭╌╮┊╰╯┴┬", "done": "╭─╮│╰╯┴┬", "current": "┏━┓┃┗┛┷┯", "selected": "╔═╗║╚╝╧╤"}
"""Corners, sides and joints with edges: top left, across, top right, down, bottom left and right, entry, exit."""

_BUCKET = 32
"""Rows that are looked up together."""

_ENOUGH = 4
"""How many of many edges on one wire are looked at, from each end."""


class Drawing:
    """A graph with its layout, ready to draw any window at any step."""

    def __init__(self, graph: Graph, layout: Layout) -> None:
        self.graph, self.layout = graph, layout
        self._across: dict[int, dict[tuple[int, int, int], list[int]]] = {}
        """By row: the edges of every horizontal run, by its first column, its last column and the net's node."""
        self._along: dict[int, dict[tuple[int, int, int, int], list[int]]] = {}
        """By bucket: the edges of every vertical run, by its column, first row, last row and the net's node.

        Where a run begins or ends beyond the bucket makes no difference, and is not told.
        """
        self._nodes: dict[int, list[int]] = {}
        for number, path in enumerate(layout.paths):
            # each path reaches into the border of both its nodes, so that its ends have the right arms
            (x0, y0), (x1, y1) = path[0], path[-1]
            start = (x0 + 1, y0) if self._aside(number) else (x0, y0 - 1)
            points = [start, *path, (x1, y1 + 1)]
            tail = graph.edges[number].tail
            for (xa, ya), (xb, yb) in pairwise(points):
                if ya == yb:
                    self._across.setdefault(ya, {}).setdefault((min(xa, xb), max(xa, xb), tail), []).append(number)
                else:
                    first, last = min(ya, yb), max(ya, yb)
                    for bucket in range(first // _BUCKET, last // _BUCKET + 1):
                        start_row, end_row = max(first, bucket * _BUCKET - 1), min(last, (bucket + 1) * _BUCKET)
                        runs = self._along.setdefault(bucket, {})
                        runs.setdefault((xa, start_row, end_row, tail), []).append(number)
        for number, box in enumerate(layout.boxes):
            for bucket in range(box.y // _BUCKET, (box.bottom - 1) // _BUCKET + 1):
                self._nodes.setdefault(bucket, []).append(number)

    def row(self, progress: Progress, y: int, left: int, width: int, selected: int | None = None) -> list[Run]:
        """Return row `y` of the drawing from column `left` on, `width` cells; outside of the layout it is blank."""
        texts, styles = [" "] * width, [""] * width
        self._draw_edges(progress, y, left, texts, styles)
        for number in self._nodes.get(y // _BUCKET, ()):
            box = self.layout.boxes[number]
            if box.y <= y < box.bottom and box.x < left + width and box.right > left:
                text, style = self._node_row(progress, number, y, selected)
                for x, cell in enumerate(text, box.x - left):
                    if 0 <= x < width:
                        texts[x], styles[x] = cell, style
        return _runs(texts, styles)

    def rows(
        self, progress: Progress, left: int, top: int, width: int, height: int, selected: int | None = None
    ) -> list[list[Run]]:
        """Return the rows of a window."""
        return [self.row(progress, y, left, width, selected) for y in range(top, top + height)]

    def changed(self, before: Progress, after: Progress) -> set[int] | None:
        """Return the rows that can look different at one of two neighbouring steps; None where they are far apart."""
        if abs(after.step - before.step) > 1:
            return None
        rows: set[int] = set()
        for progress in (before, after):
            for number in progress.touched():
                box = self.layout.boxes[number]
                rows.update(range(box.y, box.bottom))
            for edge in progress.edges:
                passed = [y for _, y in self.layout.paths[edge]]
                rows.update(range(min(passed) - 1, max(passed) + 2))
        return rows

    # -- edges -------------------------------------------------------------------------------------------------------

    def _draw_edges(self, progress: Progress, y: int, left: int, texts: list[str], styles: list[str]) -> None:
        right = left + len(texts)
        arms: dict[int, dict[int, int]] = {}
        """By column: for each arm its weight."""
        ranks: dict[int, int] = {}
        nets: dict[int, dict[int, set[int]]] = {}
        """By column: the arms of each net."""

        def lay(x: int, net: int, rank: int, *directions: int) -> None:
            ranks[x] = max(rank, ranks.get(x, 0))
            at, of_net = arms.setdefault(x, {}), nets.setdefault(x, {}).setdefault(net, set())
            for arm in directions:
                at[arm] = max(2 if rank == 3 else 1, at.get(arm, 0))
                of_net.add(arm)

        for (first, last, net), edges in self._across.get(y, {}).items():
            if first < right and last >= left:
                rank = _rank(progress, edges)
                for x in range(max(first, left), min(last, right - 1) + 1):
                    lay(x, net, rank, *((_RIGHT,) if x == first else (_LEFT,) if x == last else (_LEFT, _RIGHT)))
        for (x, first, last, net), edges in self._along.get(y // _BUCKET, {}).items():
            if first <= y <= last and left <= x < right:
                rank = _rank(progress, edges)
                lay(x, net, rank, *((_DOWN,) if y == first else (_UP,) if y == last else (_UP, _DOWN)))
        for x, at in arms.items():
            joint = _JOINTS[sum(_PLACES[arm] * weight for arm, weight in at.items())].translate(_ROUND)
            if len(at) == 4 and any(met & _VERTICAL and met - _VERTICAL for met in nets[x].values()):
                joint = "●" if 2 in at.values() else "•"
            texts[x - left] = joint if ranks[x] else joint.translate(_DASHED)
            styles[x - left] = STYLES[5 + ranks[x]]
        for edge in progress.edges:
            self._draw_arrow(progress, edge, y, left, texts)

    def _draw_arrow(self, progress: Progress, edge: int, y: int, left: int, texts: list[str]) -> None:
        """Put an arrowhead on a lit edge where it meets a node without a frame; others have it in the frame."""
        ends = self.graph.edges[edge]
        node = self.graph.nodes[ends.tail if progress.backward else ends.head]
        x, row = self.layout.paths[edge][0 if progress.backward else -1]
        if row == y and 0 <= x - left < len(texts) and not node.boxed:
            texts[x - left] = "▼" if not progress.backward else "▶" if self._aside(edge) else "▲"

    def _aside(self, edge: int) -> bool:
        """Return whether an edge leaves its node at the left."""
        return self.layout.paths[edge][0][1] < self.layout.boxes[self.graph.edges[edge].tail].bottom

    # -- nodes -------------------------------------------------------------------------------------------------------

    def _node_row(self, progress: Progress, number: int, y: int, selected: int | None) -> tuple[list[str], str]:
        """Return one row of a node cell by cell, and its style."""
        node, box, state = self.graph.nodes[number], self.layout.boxes[number], progress.node(number)
        style = STYLES[4 if state.current else 3 if number == selected else _node_rank(state)]
        mark = {"none": " ", "part": "△", "whole": "▲"}[state.arrived]
        if not node.boxed:
            return _pill(node, state, mark, number == selected, box.width), style
        frame = _FRAMES[
            "selected" if number == selected else "current" if state.current else "done" if state.computed else "todo"
        ]
        if y == box.y:
            return self._top(progress, number, box, frame), style
        if y == box.bottom - 1:
            return self._bottom(progress, number, box, frame), style
        at = y - box.y - 1
        room = box.width - 4
        text = split(node.label[at])
        before = (room - len(text)) // 2 if len(node.label) == 1 else 0
        text = [" "] * before + text + [" "] * (room - before - len(text))
        sides = "▐▌" if state.current else frame[3] * 2
        return [sides[0], " ", *text, mark if at == len(node.label) - 1 else " ", sides[1]], style

    def _top(self, progress: Progress, number: int, box: Box, frame: str) -> list[str]:
        row = [frame[0], *frame[1] * (box.width - 2), frame[2]]
        for edge in self.graph.above.get(number, ()):
            row[self.layout.paths[edge][-1][0] - box.x] = "▼" if progress.edge(edge).computed else frame[6]
        return row

    def _bottom(self, progress: Progress, number: int, box: Box, frame: str) -> list[str]:
        row = [frame[4], *frame[1] * (box.width - 2), frame[5]]
        below = self.graph.below.get(number, ())
        exits = {self.layout.paths[edge][0][0] - box.x for edge in below}
        note = split(f" {self.graph.nodes[number].note} ")
        if len(note) > 2:
            start = box.width - 2 - len(note)
            if any(start <= exit < start + len(note) for exit in exits):
                start = 2
            row[start : start + len(note)] = note
        back = any(progress.edge(edge).arrived != "none" for edge in below)
        for exit in exits:
            row[exit] = "▲" if back else frame[7]
        return row

    # -- moving ------------------------------------------------------------------------------------------------------

    def node_at(self, x: int, y: int) -> int | None:
        """Return the node on a cell, or None."""
        for number in self._nodes.get(y // _BUCKET, ()):
            if (x, y) in self.layout.boxes[number]:
                return number
        return None

    def neighbour(self, number: int, direction: Direction) -> int | None:
        """Return the node that an arrow key leads to: up and down along an edge if there is one, else the nearest.

        To the left and right of all others it goes on as in reading, to the end of what is above, the start of what is
        below: where the nodes stand in one column, edges alone would not lead to every one.
        """
        boxes, box = self.layout.boxes, self.layout.boxes[number]
        if direction in ("up", "down"):
            if direction == "up":
                joined = [self.graph.edges[edge].tail for edge in self.graph.above.get(number, ())]
            else:
                joined = [self.graph.edges[edge].head for edge in self.graph.below.get(number, ())]
            if joined:
                return min(joined, key=lambda other: (_apart(boxes[other], box, direction), other))
        ahead = [other for other in range(len(boxes)) if _is_ahead(boxes[other], box, direction)]
        if not ahead and direction in ("left", "right"):
            return self._read_on(box, direction)
        return min(ahead, key=lambda other: (_apart(boxes[other], box, direction), other), default=None)

    def _read_on(self, box: Box, direction: Direction) -> int | None:
        """Return the last node above `box`, in the order of reading, or the first below it."""
        boxes, back = self.layout.boxes, direction == "left"
        beyond = [other for other in range(len(boxes)) if _is_ahead(boxes[other], box, "up" if back else "down")]
        if back:
            return max(beyond, key=lambda other: (boxes[other].bottom, boxes[other].x), default=None)
        return min(beyond, key=lambda other: (boxes[other].y, boxes[other].x), default=None)

    def window(self, nodes: Sequence[int], left: int, top: int, width: int, height: int) -> tuple[int, int]:
        """Return where a window moves, as little as possible, so that `nodes` are in it, and a cell or two around them.

        A drawing that is smaller than the window stands in its middle.
        """
        boxes = [self.layout.boxes[number] for number in nodes]
        if boxes:
            left = _moved(left, width, min(box.x for box in boxes) - 2, max(box.right for box in boxes) + 2)
            top = _moved(top, height, min(box.y for box in boxes) - 2, max(box.bottom for box in boxes) + 2)
        return self.held(left, top, width, height)

    def held(self, left: int, top: int, width: int, height: int) -> tuple[int, int]:
        """Return the nearest window that shows no more emptiness than it must."""
        spare_x, spare_y = self.layout.width - width, self.layout.height - height
        left = max(0, min(left, spare_x)) if spare_x > 0 else spare_x // 2
        top = max(0, min(top, spare_y)) if spare_y > 0 else min(0, max(-1, spare_y))
        return left, top


def _moved(start: int, length: int, first: int, last: int) -> int:
    """Return where a window of `length` cells starts, moved to hold [first, last), or the beginning of that."""
    return max(min(start, first), min(last - length, first)) if start > first or last - length > start else start


def _apart(other: Box, box: Box, direction: Direction) -> int:
    """Return how far a node is in a direction; what is aside counts double."""
    dx = abs((other.x + other.right) - (box.x + box.right)) // 2
    dy = abs((other.y + other.bottom) - (box.y + box.bottom)) // 2
    # a cell is twice as high as it is wide
    return 2 * dx + 2 * dy if direction in ("up", "down") else dx + 8 * dy


def _is_ahead(other: Box, box: Box, direction: Direction) -> bool:
    match direction:
        case "up":
            return other.bottom <= box.y
        case "down":
            return other.y >= box.bottom
        case "left":
            return other.right <= box.x
        case "right":
            return other.x >= box.right


def _rank(progress: Progress, edges: Sequence[int]) -> int:
    """Return the style of a wire that edges of one net share: the one that does not give way.

    Edges are in the order of their steps: of many, the first are computed first, the last passed first going back.
    """
    if len(edges) <= 2 * _ENOUGH:
        return max(_edge_rank(progress.edge(edge)) for edge in edges)
    for lit in progress.edges:
        at = bisect_left(edges, lit)
        if at < len(edges) and edges[at] == lit:
            return 3
    return max(_edge_rank(progress.edge(edge)) for edge in (*edges[:_ENOUGH], *edges[-_ENOUGH:]))


def _edge_rank(state: State) -> int:
    return 3 if state.current else 2 if state.arrived != "none" else 1 if state.computed else 0


def _node_rank(state: State) -> int:
    return 2 if state.arrived == "whole" else 1 if state.computed else 0


def _pill(node: Node, state: State, mark: str, selected: bool, width: int) -> list[str]:
    """Return a node of one row: a mark, its text, its shape, whether its gradient is there, a mark."""
    first, last = " ", " "
    if node.kind == "step":
        first = "■" if state.computed else "□"
    if state.current:
        first, last = "▐", "▌"
    if selected:
        first, last = ("▶", "◀") if state.current else ("[", "]")
    text = split(node.label[0] + (f" {node.note}" if node.note else ""))
    spare = width - 4 - len(text)
    return [first, *[" "] * (1 + spare // 2), *text, mark, *[" "] * (spare - spare // 2), last]


def split(text: str) -> list[str]:
    """Return printable text cell by cell: a wide character has an empty cell behind it, marks join what they mark."""
    if text.isascii():
        return list(text)
    row: list[str] = []
    for character in text:
        size = cells(character)
        if size == 0 and row and unicodedata.combining(character):
            row[-1] += character
        elif size:
            row += [character, ""][:size]
    return row


def _runs(texts: list[str], styles: list[str]) -> list[Run]:
    """Return cells joined to runs of one style. Half of a wide character at an end of the window becomes a space."""
    if texts and texts[0] == "":
        texts[0] = " "
    if texts and cells(texts[-1]) > 1:
        texts[-1] = " "
    runs: list[Run] = []
    start = 0
    for at in range(1, len(texts) + 1):
        if at == len(texts) or styles[at] != styles[start]:
            runs.append(("".join(texts[start:at]), styles[start]))
            start = at
    return runs
