"""Wires through the channel between two layers: which row each runs sideways on, so that no two share a cell.

A wire comes down from one column at the top and ends at one or more columns at the bottom (Hashimoto and Stevens,
1971). Where one wire begins in the column in which another ends, it must run above the other. Where such demands go in
a circle, one wire is broken and changes over in a free column, a dogleg (Deutsch, 1976).
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import count

from msgspec import Struct

Turn = tuple[int, int | None]
"""A row of the channel, and the column that a wire runs to on it; None: the column where the edge ends."""

_COMPARED = 60
"""Up to how many wires the order that crosses least is looked for pair by pair."""


class Wire(Struct, frozen=True):
    """One net in a channel."""

    start: int
    ends: tuple[int, ...]

    @property
    def straight(self) -> bool:
        return self.ends == (self.start,)

    @property
    def left(self) -> int:
        return min(self.start, *self.ends)

    @property
    def right(self) -> int:
        return max(self.start, *self.ends)


class _Run(Struct, eq=False):
    """The part of a wire that lies on one row."""

    wire: int
    part: Wire
    dogleg: int | None = None
    row: int = -1


def routed(wires: Sequence[Wire]) -> tuple[list[tuple[Turn, ...]], int]:
    """Return each wire's turns from top to bottom, none for a straight one, and how many rows the channel has."""
    runs = [_Run(number, wire) for number, wire in enumerate(wires) if not wire.straight]
    taken = {wire.start for wire in wires} | {end for wire in wires for end in wire.ends}
    turns: list[list[tuple[int, Turn]]] = [[] for _ in wires]
    filled: dict[int, int] = {}
    rows = 0
    for run in _ordered(runs, taken):
        span = range(run.part.left - 1, run.part.right + 2)
        run.row = max((filled.get(column, -1) for column in span), default=-1) + 1
        for column in span:
            filled[column] = run.row
        rows = max(rows, run.row + 1)
        turns[run.wire].append((run.row, (run.row, run.dogleg)))
    return [tuple(turn for _, turn in found) for found in turns], max(1, rows)


def _ordered(runs: list[_Run], taken: set[int]) -> list[_Run]:
    """Return the runs from the topmost down: all demands kept, and few crossings; breaks wires where it must."""
    starts = {run.part.start: run for run in runs}
    uppers = {id(run): {starts[end] for end in run.part.ends if starts.get(end, run) is not run} for run in runs}
    wanted = _wanted(runs)
    order: list[_Run] = []
    waiting = sorted(runs, key=_habit)
    while waiting:
        free = [run for run in waiting if not uppers[id(run)]]
        if free:
            run = min(free, key=lambda run: sum(wanted.get((other.wire, run.wire), 0) for other in waiting))
            waiting.remove(run)
        else:
            # A circle. The upper part of a wire meets no demand, and its lower part makes none.
            whole = waiting.pop(0)
            column = _free_column(whole.part.start, taken)
            run = _Run(whole.wire, Wire(whole.part.start, (column,)), column)
            rest = _Run(whole.wire, Wire(column, whole.part.ends))
            uppers[id(rest)] = uppers.pop(id(whole))
            waiting.append(rest)
            for demands in uppers.values():
                demands.discard(whole)
        for demands in uppers.values():
            demands.discard(run)
        order.append(run)
    return order


def _wanted(runs: Sequence[_Run]) -> dict[tuple[int, int], int]:
    """Return for pairs of wires how many crossings it saves that the first runs above the second."""
    saved: dict[tuple[int, int], int] = {}
    if len(runs) > _COMPARED:
        return saved
    for at, one in enumerate(runs):
        for other in runs[:at]:
            gain = _crossed(other.part, one.part) - _crossed(one.part, other.part)
            if gain > 0:
                saved[one.wire, other.wire] = gain
            elif gain < 0:
                saved[other.wire, one.wire] = -gain
    return saved


def _crossed(upper: Wire, lower: Wire) -> int:
    """Return how often two wires cross where `upper` runs above `lower`."""
    ends = sum(lower.left <= end <= lower.right for end in upper.ends)
    return ends + (upper.left <= lower.start <= upper.right)


def _habit(run: _Run) -> tuple[int, int]:
    """Order wires to the right from the rightmost, wires to the left from the leftmost: so that they nest."""
    part = run.part
    to_right = part.start - part.left < part.right - part.start
    return (0, -part.start) if to_right else (1, part.start)


def _free_column(near: int, taken: set[int]) -> int:
    """Return, and take, the column nearest to `near` in which no wire begins or ends."""
    for distance in count(1):
        for column in (near + distance, near - distance):
            if column >= 0 and column not in taken:
                taken.add(column)
                return column
    raise AssertionError("columns never run out")
