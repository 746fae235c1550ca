"""The layout on rails: one node below the other, each net on a rail to the left.

For graphs that are too large to be layered, since its cost is what it draws, however the nodes hang together; and for
narrow terminals, since it is hardly wider than the widest node.
"""

from __future__ import annotations

import heapq
from collections.abc import Sequence

from bptui.graph.layout import Box, Layout, Link, Point


def on_rails(sizes: Sequence[tuple[int, int]], links: Sequence[Link]) -> Layout:
    """Return the layout of nodes of the given widths and heights; every link goes from a lower to a higher number.

    Nodes keep their order, but what uses nothing stands right above its first user. A net runs left to its rail, down,
    and right again above each node that it enters. It leaves its node below, or at the left where nothing enters that.
    """
    entering: list[list[int]] = [[] for _ in sizes]
    users: dict[int, list[int]] = {}
    for tail, head in links:
        entering[head].append(tail)
        users.setdefault(tail, []).append(head)
    order = sorted(range(len(sizes)), key=lambda node: (users[node][0], 0, node) if _waits(node, users, entering) else (node, 1, 0))
    rails, count = _rails(order, users)
    left = 2 * count
    boxes: dict[int, Box] = {}
    y = 0
    for node in order:
        width, height = sizes[node]
        y += bool(entering[node])
        boxes[node] = Box(left, y, width, height)
        y += height + (node in users and not _leaves_aside(node, sizes, entering))
    paths: list[tuple[Point, ...]] = []
    for tail, head in links:
        rail, end, box = 2 * rails[tail], boxes[head].y - 1, boxes[tail]
        start = (left - 1, box.y) if _leaves_aside(tail, sizes, entering) else (left + 1, box.bottom)
        paths.append((start, (rail, start[1]), (rail, end), (left + 1, end)))
    width = max((box.right for box in boxes.values()), default=0)
    return Layout(tuple(boxes[node] for node in range(len(sizes))), tuple(paths), width, y)


def _waits(node: int, users: dict[int, list[int]], entering: Sequence[Sequence[int]]) -> bool:
    return node in users and not entering[node]


def _leaves_aside(node: int, sizes: Sequence[tuple[int, int]], entering: Sequence[Sequence[int]]) -> bool:
    return sizes[node][1] == 1 and not entering[node]


def _rails(order: Sequence[int], users: dict[int, list[int]]) -> tuple[dict[int, int], int]:
    """Return the rail of each net, and how many there are: a rail is free again below the last node that it leads to."""
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
