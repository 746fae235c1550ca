"""The layout on rails: one node below the other, each net on a rail to the left.

For graphs that are too large to be layered, since its cost is what it draws, however the nodes hang together; and for
narrow terminals, since it is hardly wider than the widest node.
"""

from __future__ import annotations

import heapq
from collections.abc import Mapping, Sequence
from itertools import pairwise

from bptui.graph.layout import Box, Layout, Link, Point, simplified


def on_rails(sizes: Sequence[tuple[int, int]], links: Sequence[Link]) -> Layout:
    """Return the layout of nodes of the given widths and heights; every link goes from a lower to a higher number.

    Nodes keep their order, but a *source*, of one row and with nothing above it, stands right above its first user. A
    net runs left to its rail, down, and right again above each node that it enters; where it only leads to the next
    node, it runs straight down, past the sources between them.
    """
    users: dict[int, list[int]] = {}
    for tail, head in links:
        users.setdefault(tail, []).append(head)
    entered = {head for _, head in links}
    sources = {node for node in users if node not in entered and sizes[node][1] == 1}
    order = sorted(range(len(sizes)), key=lambda node: (users[node][0], 0, node) if node in sources else (node, 1, 0))
    others = [node for node in order if node not in sources]
    straight = {node for node, after in pairwise(others) if users.get(node) == [after]}
    rails, count = _rails(order, {node: heads for node, heads in users.items() if node not in straight})
    left = 2 * count
    boxes: dict[int, Box] = {}
    y = 0
    for node in order:
        width, height = sizes[node]
        y += node in entered
        boxes[node] = Box(left + 2 * (node in sources), y, width, height)
        y += height + (node in rails and node not in sources)
    paths: list[tuple[Point, ...]] = []
    for tail, head in links:
        start, end = (left + 1, boxes[tail].y if tail in sources else boxes[tail].bottom), (left + 1, boxes[head].y - 1)
        rail = 2 * rails[tail] if tail in rails else start[0]
        paths.append(simplified((start, (rail, start[1]), (rail, end[1]), end)))
    width = max((box.right for box in boxes.values()), default=0)
    return Layout(tuple(boxes[node] for node in range(len(sizes))), tuple(paths), width, y)


def _rails(order: Sequence[int], users: Mapping[int, Sequence[int]]) -> tuple[dict[int, int], int]:
    """Return the rail of each net, and how many there are; below the last node it leads to, a rail is free again."""
    place = {node: index for index, node in enumerate(order)}
    ends: dict[int, list[int]] = {}
    rails: dict[int, int] = {}
    free: list[int] = []
    count = 0
    for node in order:
        for rail in ends.pop(node, ()):
            heapq.heappush(free, rail)
        if node in users:
            if not free:
                heapq.heappush(free, count)
                count += 1
            rails[node] = heapq.heappop(free)
            ends.setdefault(max(users[node], key=place.__getitem__), []).append(rails[node])
    return rails, count
