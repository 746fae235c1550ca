"""A sheet: what was stated so far, and how far it reaches.

A number that is written stands for every number that rounds to it, as far as that can be reached from the lines before
it, together with the number itself: whoever carries on from it may use the rounded number, the full one, or one in
between. Half a unit of the last digit alone would be too much: `dh/dz = 1` does not stand for 0.5.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from bptui.checking.marking.claims import Entry, Quantity
from bptui.checking.marking.world import World, reaches
from bptui.trace.record import Trace

_MOST_EVALUATIONS = 200
"""How many worlds are looked at to find how far one line reaches."""

_SPARE = 1e-9
"""What float64 arithmetic may have moved a number, relative to its size."""


class Reach(NamedTuple):
    """The numbers from `low` to `high`."""

    low: float
    high: float

    @property
    def middle(self) -> float:
        return (self.low + self.high) / 2

    @property
    def half(self) -> float:
        return (self.high - self.low) / 2

    def with_(self, *numbers: float) -> Reach:
        """Return the smallest reach that holds this one and `numbers`."""
        finite = [number for number in numbers if math.isfinite(number)]
        return Reach(min((self.low, *finite)), max((self.high, *finite)))


@dataclass(frozen=True, slots=True)
class Statement:
    """One number that was stated."""

    written: float
    reach: Reach
    wrong: bool
    """Whether it neither is right nor follows from what was stated before."""


@dataclass(slots=True)
class Sheet:
    """The statements so far, by what they name; of several about the same thing the last."""

    trace: Trace
    statements: dict[Entry, Statement] = field(default_factory=dict)

    def before(self, quantity: Quantity) -> Mapping[Entry, Statement]:
        """Return the statements that a line about `quantity` can be worked out from: all but those about itself."""
        own = set(quantity.entries)
        return {entry: one for entry, one in self.statements.items() if entry not in own}

    def as_written(self, quantity: Quantity) -> World:
        """Return the numbers with every statement as it is written."""
        return World(self.trace, {entry: one.written for entry, one in self.before(quantity).items()})

    def in_full(self, quantity: Quantity) -> World:
        """Return the numbers of somebody who carries all digits and writes fewer: wrong statements alone count."""
        return World(self.trace, {entry: one.written for entry, one in self.before(quantity).items() if one.wrong})

    def without_derivatives(self, quantity: Quantity) -> World:
        """Return the numbers of somebody who works a derivative out anew from the values."""
        stated = self.before(quantity).items()
        return World(self.trace, {entry: one.written for entry, one in stated if entry[1] is None})

    def reach(self, quantity: Quantity, values_alone: bool = False) -> list[Reach]:
        """Return, for each entry, the numbers that the statements so far can lead to."""
        statements = {
            entry: one.reach for entry, one in self.before(quantity).items() if not (values_alone and entry[1])
        }
        middle = {entry: reach.middle for entry, reach in statements.items()}
        world = World(self.trace, middle)
        needed = _needed(world, quantity)
        halves = {
            entry: reach.half
            for entry, reach in statements.items()
            if reach.half > 0 and (entry[1] is not None or entry[0][0] in needed)
        }
        return _range(world, quantity.entries, middle, halves)


def _range(
    world: World, entries: Sequence[Entry], middle: Mapping[Entry, float], halves: Mapping[Entry, float]
) -> list[Reach]:
    """Return the range of each entry where each statement in `halves` lies so far around its middle.

    Each statement is moved alone, either way; what they move together is summed up, and tried at the two corners where
    all pull the same way, since a product's terms move each other.
    """
    centre = world.numbers(entries)
    low, high = list(centre), list(centre)
    pulls: list[dict[Entry, float]] = [{} for _ in entries]
    spread = [0.0] * len(entries)
    moved = list(halves.items())[: _MOST_EVALUATIONS // 2]
    for entry, half in moved:
        above = world.with_statements({**middle, entry: middle[entry] + half}).numbers(entries)
        below = world.with_statements({**middle, entry: middle[entry] - half}).numbers(entries)
        for at, (up, here, down) in enumerate(zip(above, centre, below, strict=True)):
            if up == here == down:
                continue
            pulls[at][entry] = half if up >= down else -half
            spread[at] += max(abs(up - here), abs(down - here))
            low[at], high[at] = min(low[at], up, down), max(high[at], up, down)
    corners: dict[tuple[tuple[Entry, float], ...], list[float]] = {}
    for at, pull in enumerate(pulls):
        if len(pull) > 1:
            for sign in (1.0, -1.0):
                key = tuple((entry, sign * half) for entry, half in pull.items())
                if key not in corners and len(corners) < _MOST_EVALUATIONS:
                    shifted = {**middle, **{entry: middle[entry] + half for entry, half in key}}
                    corners[key] = world.with_statements(shifted).numbers(entries)
                if key in corners:
                    low[at], high[at] = min(low[at], corners[key][at]), max(high[at], corners[key][at])
    return [
        Reach(min(down, here - wide) - _SPARE * abs(down), max(up, here + wide) + _SPARE * abs(up))
        for down, up, here, wide in zip(low, high, centre, spread, strict=True)
    ]


def _needed(world: World, quantity: Quantity) -> set[int]:
    """Return the values that a line can depend on, as far back as they are not stated in full."""
    program = world.program
    waiting: list[int] = []
    own = {node[0] for node, tail in quantity.entries if tail is None}
    for head, tail in {(node[0], tail[0] if tail else -1) for node, tail in quantity.entries}:
        if tail < 0:
            waiting.append(head)
            continue
        between = reaches(program, head)
        for step in program.steps:
            if step.output in between and not between.isdisjoint(step.inputs):
                waiting += [step.output, *step.inputs]
    needed: set[int] = set()
    while waiting:
        value = waiting.pop()
        if value in needed:
            continue
        needed.add(value)
        full = len(world.stated.get(value, ())) == program.values[value].size and value not in own
        producer = program.producer.get(value)
        if producer is not None and not full:
            waiting += program.steps[producer].inputs
    return needed
