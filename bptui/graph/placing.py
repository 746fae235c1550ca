"""Putting things in a row: as near as possible to where each should be, in their order, with room between them.

This one piece of arithmetic places the nodes of a layer, and the ends of edges on the border of a node.
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct, field


class _Block(Struct):
    """Neighbours that touch. `wishes` are where the block's start should be in the eyes of each of its members."""

    start: int
    first: int
    wishes: list[tuple[int, int]] = field(default_factory=list)


def placed(wishes: Sequence[int], weights: Sequence[int], strides: Sequence[int]) -> list[int]:
    """Return positions that keep their order and have the least weighted distance from `wishes`.

    Position i + 1 is at least `strides[i]` behind position i. Pool-adjacent-violators: members that would come too near
    to each other make a block, and a block stands at the weighted median of what its members wish (Stout, 2008).
    """
    if not wishes:
        return []
    offsets = [0]
    for stride in strides:
        offsets.append(offsets[-1] + stride)
    blocks: list[_Block] = []
    for index, wish in enumerate(wishes):
        moved = wish - offsets[index]
        block = _Block(moved, index, [(moved, weights[index])])
        while blocks and blocks[-1].start > block.start:
            before = blocks.pop()
            block = _Block(0, before.first, sorted(before.wishes + block.wishes))
            block.start = _median(block.wishes)
        blocks.append(block)
    ends = [*(block.first for block in blocks[1:]), len(wishes)]
    return [
        block.start + offsets[index]
        for block, end in zip(blocks, ends, strict=True)
        for index in range(block.first, end)
    ]


def placed_within(wishes: Sequence[int], stride: int, low: int, high: int) -> list[int]:
    """Return positions from `low` to `high`, `stride` apart, near `wishes`; there must be room for them."""
    count = len(wishes)
    near = placed(wishes, [1] * count, [stride] * (count - 1))
    return [
        max(low + stride * index, min(position, high - stride * (count - 1 - index)))
        for index, position in enumerate(near)
    ]


def _median(wishes: Sequence[tuple[int, int]]) -> int:
    """Return the weighted median of sorted (position, weight) pairs; in the middle, where two positions tie."""
    half = sum(weight for _, weight in wishes) / 2
    below = 0
    for index, (position, weight) in enumerate(wishes):
        below += weight
        if below > half:
            return position
        if below == half:
            return (position + wishes[index + 1][0]) // 2
    return wishes[-1][0]
