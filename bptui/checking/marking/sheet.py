"""A sheet: what was stated so far, and how far it reaches.

A number that is written stands for every number that rounds to it, as far as that can be reached from the lines before
it, together with the number itself: whoever carries on from it may use the rounded number, the full one, or one in
between. Half a unit of the last digit alone would be too much: `dh/dz = 1` does not stand for 0.5.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property

from msgspec import Struct, field

from bptui.checking.marking.amounts import Amount, Reach
from bptui.checking.marking.claims import Entry, Quantity
from bptui.checking.marking.world import World, reaches
from bptui.trace.record import Trace

_MOST_EVALUATIONS = 400
"""How many worlds are looked at to find how far one line reaches."""

_ROOM = 0.2
"""How much of half a unit somebody may be off who carries one digit more and cuts the rest off."""

_SPARE = 1e-9
"""What float64 arithmetic may have moved a number, relative to its size."""


class Statement:
    """One number that was stated, by one line of a sheet."""

    def __init__(
        self, written: float, wrong: bool, line: Stated | None = None, at: int = 0, reach: Reach | None = None
    ) -> None:
        """It stands for `reach`, or for what place `at` of its line reaches, or without both for itself alone."""
        self.written = written
        self.wrong = wrong
        """Whether it neither is right nor follows from what was stated before."""
        self._line, self._at, self._reach = line, at, reach or Reach(written, written)

    @property
    def reach(self) -> Reach:
        """The numbers that it stands for."""
        return self._reach if self._line is None else self._line.reaches[self._at]


Statements = Mapping[Entry, Statement]


class Stated:
    """One line that is on the sheet; how far it reaches is worked out when a later line asks."""

    def __init__(self, sheet: Sheet, quantity: Quantity, amounts: Sequence[Amount], exact: Sequence[float]) -> None:
        """`exact` are the numbers of somebody who carries all digits."""
        self.trace, self.before = sheet.trace, sheet.before(quantity)
        self.quantity, self.amounts, self.exact = quantity, amounts, exact

    @cached_property
    def reached(self) -> list[Reach]:
        """The numbers that the earlier lines can lead to, for each entry."""
        return reach(self.trace, self.before, self.quantity)

    @cached_property
    def reaches(self) -> list[Reach]:
        """The numbers that each entry stands for: those of `reached` that round to what is written, and that
        itself, and the number with all digits."""
        result = []
        for amount, exact, reached in zip(self.amounts, self.exact, self.reached, strict=True):
            found = Reach(amount.number, amount.number).with_(exact)
            low, high = max(reached.low, amount.number - amount.half), min(reached.high, amount.number + amount.half)
            if low <= high:
                found = found.with_(low, high)
            if found.half > 1e-3 * amount.half:  # not exact at these digits: some cut off further on
                room = _ROOM * amount.half
                found = found.with_(
                    max(found.low - room, amount.number - amount.half),
                    min(found.high + room, amount.number + amount.half),
                )
            result.append(found)
        return result


class Sheet(Struct):
    """The statements so far, by what they name; of several about the same thing the last."""

    trace: Trace
    statements: dict[Entry, Statement] = field(default_factory=dict)

    def before(self, quantity: Quantity) -> Statements:
        """Return the statements that a line about `quantity` can be worked out from: all but those about itself."""
        own = set(quantity.entries)
        return {entry: one for entry, one in self.statements.items() if entry not in own}

    def as_written(self, quantity: Quantity) -> World:
        """Return the numbers with every statement as it is written."""
        return World(self.trace, {entry: one.written for entry, one in self.before(quantity).items()})

    def in_full(self, quantity: Quantity) -> World:
        """Return the numbers of somebody who carries all digits and writes fewer: wrong statements alone count."""
        return World(self.trace, {entry: one.written for entry, one in self.before(quantity).items() if one.wrong})

    def from_values(self, quantity: Quantity) -> list[Reach]:
        """Return the numbers that a line can lead to for somebody who works derivatives out anew from the values."""
        values = {entry: one for entry, one in self.before(quantity).items() if entry[1] is None}
        return reach(self.trace, values, quantity)

    def state(self, entry: Entry, statement: Statement, also: Sequence[int] = ()) -> None:
        """Put a statement on the sheet; `also` are further values that it is about."""
        self.statements[entry] = statement
        node, tail = entry
        if tail is None:
            self.statements.update((((value, node[1]), None), statement) for value in also)


def reach(trace: Trace, statements: Statements, quantity: Quantity) -> list[Reach]:
    """Return, for each entry of a line, the numbers that statements can lead to."""
    world = World(trace, {entry: one.written for entry, one in statements.items()})
    needed, read = _needed(world, quantity), world.read(quantity.entries)
    reaches = {
        entry: one.reach
        for entry, one in statements.items()
        if entry in read or (entry[1] is None and entry[0][0] in needed)
    }
    halves = {entry: one.half for entry, one in reaches.items() if one.half > 0}
    middle = {**world.statements, **{entry: reaches[entry].middle for entry in halves}}
    return _range(world.with_statements(middle), quantity.entries, middle, halves)


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
