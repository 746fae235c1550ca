"""The layered layout (Sugiyama, Tagawa, Toda 1981) on the cells of a terminal, from top to bottom.

A graph goes through five stages: every node gets a layer below all that it uses; edges that pass layers get a *bend*,
one cell wide, in each of them; the layers are ordered so that edges cross little; everything gets its columns; and
between two layers the nets get rows on which to run sideways. All edges from one node are one net and share its wire.
Ties are broken by the nodes' numbers throughout, so that the same graph always looks the same.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Sequence
from itertools import pairwise

from msgspec import Struct, field

from bptui.graph.channel import Wire, routed
from bptui.graph.layout import Box, Layout, Link, Point, simplified
from bptui.graph.placing import placed, placed_within

GAP = 2
"""The cells between two nodes with frames; beside a bend or what has no frame one is enough."""

_SWEEPS = 12
"""How often the order of the layers is improved at most; large graphs are content with fewer."""

_STRAIGHT = 8
"""How much more it counts that a net which passes layers runs straight than that a node stands by its neighbours."""

_FIXED = 10**6
"""The weight of what stays where it is."""


class _Item(Struct):
    """What takes room in a layer: a node, or a bend of the net of node `net`."""

    net: int
    node: int | None
    width: int
    height: int
    above: list[int] = field(default_factory=list)
    """The items that its edges come from, one for each net."""
    below: list[int] = field(default_factory=list)
    x: int = 0

    @property
    def centre(self) -> int:
        return self.x + self.width // 2

    @property
    def inner(self) -> tuple[int, int]:
        """The columns at which edges may begin and end: all but the corners of a node."""
        return (self.x, self.x) if self.node is None else (self.x + 1, self.x + self.width - 2)


def layered(sizes: Sequence[tuple[int, int]], links: Sequence[Link], in_order: bool = False) -> Layout:
    """Return the layout of nodes of the given widths and heights; every link goes from a lower to a higher number.

    `in_order` keeps each layer in the order of the numbers. A node with many edges may become wider than it was.
    """
    ranks = layers(len(sizes), links)
    items, rows = _items(sizes, links, ranks)
    _first_order(items, rows)
    if in_order:
        for row in rows:
            row.sort(key=lambda item: items[item].net if items[item].node is None else item)
    else:
        _uncross(items, rows)
    _columns(items, rows)
    return _drawn(items, rows, links, ranks, len(sizes))


def layers(count: int, links: Sequence[Link]) -> list[int]:
    """Return each node's layer: below all that it uses, and right above its first user where it uses nothing else."""
    above: list[list[int]] = [[] for _ in range(count)]
    below: list[list[int]] = [[] for _ in range(count)]
    for tail, head in links:
        above[head].append(tail)
        below[tail].append(head)
    ranks = [0] * count
    for node in range(count):
        ranks[node] = max((ranks[tail] + 1 for tail in above[node]), default=0)
    # What is made of leaves alone sinks to where it is used, and its leaves with it; what merges two long edges into
    # one short one sinks as well.
    bare = [not tails for tails in above]
    for node in reversed(range(count)):
        sinks = all(bare[tail] for tail in above[node]) or len(below[node]) > len(above[node])
        if below[node] and sinks:
            ranks[node] = min(ranks[head] for head in below[node]) - 1
    return ranks


def bends(count: int, links: Sequence[Link]) -> int:
    """Return how many bends a layered layout would need: the measure of its cost."""
    ranks = layers(count, links)
    last = list(ranks)
    for tail, head in links:
        last[tail] = max(last[tail], ranks[head])
    return sum(max(0, end - rank - 1) for rank, end in zip(ranks, last, strict=True))


def _items(
    sizes: Sequence[tuple[int, int]], links: Sequence[Link], ranks: Sequence[int]
) -> tuple[list[_Item], list[list[int]]]:
    """Return nodes and bends, joined from layer to layer, and the layers with the numbers of their items."""
    items = [_Item(node, node, width, height) for node, (width, height) in enumerate(sizes)]
    rows: list[list[int]] = [[] for _ in range(max(ranks, default=-1) + 1)]
    for node, rank in enumerate(ranks):
        rows[rank].append(node)
    chains = {node: [node] for node in range(len(sizes))}
    for tail, head in links:
        chain = chains[tail]
        while ranks[tail] + len(chain) < ranks[head]:
            bend = len(items)
            items.append(_Item(tail, None, 1, 0, above=[chain[-1]]))
            items[chain[-1]].below.append(bend)
            rows[ranks[tail] + len(chain)].append(bend)
            chain.append(bend)
        start = chain[ranks[head] - ranks[tail] - 1]
        items[start].below.append(head)
        items[head].above.append(start)
    for item in items:
        item.width = max(item.width, 2 * len(item.above) + 1 if item.node is not None else 1)
    return items, rows


# -- the order of each layer -------------------------------------------------------------------------------------------


def _first_order(items: Sequence[_Item], rows: list[list[int]]) -> None:
    """Order the layers as the items are met when every result is read from its operands, left to right."""
    met: dict[int, int] = {}
    for row in reversed(rows):
        for item in row:
            waiting = [] if items[item].below else [item]
            while waiting:
                at = waiting.pop()
                if at not in met:
                    met[at] = len(met)
                    waiting.extend(reversed(items[at].above))
    for row in rows:
        row.sort(key=lambda item: met[item])


def _uncross(items: Sequence[_Item], rows: list[list[int]]) -> None:
    """Reorder the layers by the barycentre of what each item is joined to, down and up, and keep the best order."""
    place = [0] * len(items)
    for row in rows:
        for index, item in enumerate(row):
            place[item] = index
    best, fewest = [list(row) for row in rows], _crossings(items, rows, place)
    idle = 0
    for sweep in range(_SWEEPS if len(items) < 1000 else 4):
        if fewest == 0 or idle > 3:
            break
        down = sweep % 2 == 0
        for row in rows[1:] if down else rows[-2::-1]:
            keys = {}
            for item in row:
                joined = items[item].above if down else items[item].below
                keys[item] = sum(place[other] for other in joined) / len(joined) if joined else place[item]
            row.sort(key=lambda item: (keys[item], place[item]))
            for index, item in enumerate(row):
                place[item] = index
        crossings = _crossings(items, rows, place)
        idle += 1
        if crossings < fewest:
            best, fewest, idle = [list(row) for row in rows], crossings, 0
    rows[:] = best


def _crossings(items: Sequence[_Item], rows: Sequence[Sequence[int]], place: Sequence[int]) -> int:
    """Return how many pairs of edges between neighbouring layers cross: inversions, counted by insertion."""
    crossings = 0
    for row in rows:
        seen: list[int] = []
        for item in row:
            ends = sorted(place[other] for other in items[item].below)
            for end in ends:
                crossings += len(seen) - bisect_left(seen, end + 1)
            for end in ends:
                insort(seen, end)
    return crossings


# -- columns -----------------------------------------------------------------------------------------------------------


def _columns(items: Sequence[_Item], rows: Sequence[Sequence[int]]) -> None:
    """Give every item its column: near what it is joined to, bends above each other, nothing too near."""
    for row in rows:
        _settle(items, row, [0] * len(row), [1] * len(row))
    for sweep in ("down", "up", "down", "up", "down", "leaves"):
        for row in rows if sweep == "down" else reversed(rows):
            wishes, weights = [], []
            for number in row:
                item = items[number]
                if sweep == "leaves" and item.above:
                    wish, weight = item.centre, _FIXED
                else:
                    wish, weight = _wish(items, item, item.above if sweep == "down" else item.below)
                wishes.append(wish - item.width // 2)
                weights.append(weight)
            _settle(items, row, wishes, weights)
    left = min((item.x for item in items), default=0)
    for item in items:
        item.x -= left


def _wish(items: Sequence[_Item], item: _Item, joined: Sequence[int]) -> tuple[int, int]:
    """Return the column that an item would like its centre to be in, and how much that counts."""
    if not joined:
        return item.centre, 1
    ends = []
    for number in joined:
        other = items[number]
        chain = item.node is None and other.net == item.net
        # what was computed counts more than leaves: the way of the data runs straight, parameters join from aside
        ends.append((other.centre, _STRAIGHT if chain else 2 if other.above and other.node is not None else 1))
    ends.sort()
    heaviest = max(weight for _, weight in ends)
    main = [centre for centre, weight in ends if weight == heaviest]
    middle = (main[(len(main) - 1) // 2] + main[len(main) // 2]) // 2
    return middle, heaviest


def _settle(items: Sequence[_Item], row: Sequence[int], wishes: Sequence[int], weights: Sequence[int]) -> None:
    strides = []
    for number, after in pairwise(row):
        bare = min(items[number].height, items[after].height) <= 1
        strides.append(items[number].width + (1 if bare else GAP))
    for number, x in zip(row, placed(wishes, weights, strides), strict=True):
        items[number].x = x


# -- rows and edges ----------------------------------------------------------------------------------------------------


def _drawn(
    items: Sequence[_Item], rows: Sequence[Sequence[int]], links: Sequence[Link], ranks: Sequence[int], count: int
) -> Layout:
    """Give every item its rows, and every edge its path."""
    exits = {number: _exit(items, item) for number, item in enumerate(items) if item.below}
    entries = _entries(items, exits)
    boxes: dict[int, Box] = {}
    stems: dict[tuple[int, int], list[Point]] = {}
    """For each pair of joined items, the path from below the upper one to above the lower one."""
    y = 0
    for index, row in enumerate(rows):
        height = max((items[number].height for number in row), default=0)
        for number in row:
            item = items[number]
            # nodes stand at the bottom of their layer
            boxes[number] = Box(item.x, y + height - item.height, item.width, item.height)
        y += height
        if index + 1 == len(rows):
            break
        upper = [number for number in row if items[number].below]
        wires = [Wire(exits[number], tuple(entries[number, low] for low in items[number].below)) for number in upper]
        runs, tall = routed(wires)
        for number, wire, turns in zip(upper, wires, runs, strict=True):
            for low, entry in zip(items[number].below, wire.ends, strict=True):
                path: list[Point] = [(wire.start, y)]
                for track, column in turns:
                    path += [(path[-1][0], y + track), (entry if column is None else column, y + track)]
                stems[number, low] = [*path, (entry, y + tall - 1)]
        y += tall
    paths = []
    for tail, head in links:
        paths.append(_path(items, stems, tail, head, boxes[head].y - 1))
    width = max((box.right for number, box in boxes.items()), default=0)
    width = max(width, max((x + 1 for path in paths for x, _ in path), default=0))
    return Layout(tuple(boxes[node] for node in range(count)), tuple(paths), width, y)


def _exit(items: Sequence[_Item], item: _Item) -> int:
    """Return the column at which a net leaves an item: straight above what it leads to, where that can be."""
    low, high = item.inner
    if low == high:
        return low
    lower = [items[number] for number in item.below]
    passing = [other for other in lower if other.node is None]
    first, last = passing[0].inner if passing else lower[0].inner if len(lower) == 1 else item.inner
    first, last = max(first, low), min(last, high)
    return max(first, min(item.centre, last)) if first <= last else item.centre


def _entries(items: Sequence[_Item], exits: dict[int, int]) -> dict[tuple[int, int], int]:
    """Return the columns at which the nets enter each item, by the item above and the item."""
    entries: dict[tuple[int, int], int] = {}
    for number, item in enumerate(items):
        low, high = item.inner
        above = sorted(item.above, key=lambda upper: exits[upper])
        columns = placed_within([exits[upper] for upper in above], 2, low, high)
        for upper, column in zip(above, columns, strict=True):
            entries[upper, number] = column
    return entries


def _path(
    items: Sequence[_Item], stems: dict[tuple[int, int], list[Point]], tail: int, head: int, end: int
) -> tuple[Point, ...]:
    """Return the path of an edge: through the bends of its net, down to row `end`."""
    at = next(number for number in items[head].above if items[number].net == tail)
    pieces = [stems[at, head]]
    while at != tail:
        upper = items[at].above[0]
        pieces.append(stems[upper, at])
        at = upper
    points = [point for piece in reversed(pieces) for point in piece]
    points.append((points[-1][0], end))
    return simplified(points)
