"""A sheet: what was stated so far, and how far it reaches.

A number that is written stands for every number that rounds to it, as far as that can be reached from the lines before
it, together with the number itself: whoever carries on from it may use the rounded number, the full one, or one in
between. Half a unit of the last digit alone would be too much: `dh/dz = 1` does not stand for 0.5.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import cached_property, reduce
from operator import or_

from bptui.checking.marking.amounts import Amount, Reach
from bptui.checking.marking.claims import Entry, Quantity
from bptui.checking.marking.influence import Influence, apart, bits, transposed
from bptui.checking.marking.statements import Statements
from bptui.checking.marking.world import World, reaches
from bptui.trace.record import Trace

_MOST_EVALUATIONS = 400
"""How many worlds are looked at to find how far one line reaches."""

_MOST_MOVED = 4000
"""How many statements are moved in them."""

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
        self.place = -1
        """How many statements about other things stand before it on the sheet."""
        self.line, self._at, self._reach = line, at, reach or Reach(written, written)

    @property
    def reach(self) -> Reach:
        """The numbers that it stands for."""
        return self._reach if self.line is None else self.line.reaches[self._at]


class Stated:
    """One line that is on the sheet; how far it reaches is worked out when a later line asks."""

    def __init__(self, sheet: Sheet, quantity: Quantity, amounts: Sequence[Amount], exact: Sequence[float]) -> None:
        """`exact` are the numbers of somebody who carries all digits."""
        self.world, self.before = sheet.as_written(quantity), sheet.before(quantity)
        self.quantity, self.amounts, self.exact = quantity, amounts, exact
        self.settled = False
        """Whether it was worked out how far it reaches."""

    @cached_property
    def basis(self) -> Basis:
        """The statements that the line can be worked out from."""
        return worked_out_from(self.world, self.before, self.quantity)

    @cached_property
    def reached(self) -> list[Reach]:
        """The numbers that the earlier lines can lead to, for each entry."""
        return reach(self.world, self.basis, self.quantity)

    @cached_property
    def reaches(self) -> list[Reach]:
        """The numbers that each entry stands for: those of `reached` that round to what is written, and that
        itself, and the number with all digits."""
        self.settled = True
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


class Sheet:
    """The statements so far, by what they name; of several about the same thing the last."""

    def __init__(self, trace: Trace) -> None:
        self.truth = World(trace)
        self.statements: Statements[Statement] = Statements()
        self._written = self._in_full = self.truth
        self._count = 0

    def before(self, quantity: Quantity) -> Statements[Statement]:
        """Return the statements that a line about `quantity` can be worked out from: all but those about itself."""
        return self.statements.with_(dict.fromkeys(quantity.entries))

    def as_written(self, quantity: Quantity) -> World:
        """Return the numbers with every statement as it is written."""
        return self._written.with_(dict.fromkeys(quantity.entries))

    def in_full(self, quantity: Quantity) -> World:
        """Return the numbers of somebody who carries all digits and writes fewer: wrong statements alone count."""
        return self._in_full.with_(dict.fromkeys(quantity.entries))

    def from_values(self, quantity: Quantity) -> list[Reach]:
        """Return the numbers that a line can lead to for somebody who works derivatives out anew from the values."""
        values = Statements(self.before(quantity).values)
        world = self.truth.with_({entry: one.written for entry, one in values.of_values(values.values)})
        return reach(world, worked_out_from(world, values, quantity), quantity)

    def state(self, statements: Mapping[Entry, Statement | None], also: Sequence[int] = ()) -> None:
        """Put the statements of one line on the sheet, or take some away; `also` are further values they are about."""
        changes: dict[Entry, Statement | None] = {}
        for (node, tail), one in statements.items():
            changes[node, tail] = one
            if tail is None and one is not None:
                changes.update(dict.fromkeys((((value, node[1]), None) for value in also), one))
        for entry, one in changes.items():
            if one is not None and one.place < 0:
                before = self.statements.get(entry)
                one.place = before.place if before is not None else self._count
                self._count += before is None
        self.statements = self.statements.with_(changes)
        self._written = self._written.with_(
            {entry: None if one is None else one.written for entry, one in changes.items()}
        )
        self._in_full = self._in_full.with_(
            {entry: None if one is None or not one.wrong else one.written for entry, one in changes.items()}
        )


Basis = Sequence[tuple[Entry, Statement]]
"""Statements in the order in which they were made."""


def worked_out_from(world: World, statements: Statements[Statement], quantity: Quantity) -> Basis:
    """Return the statements that a line can be worked out from: the nearest ones."""
    found = [(entry, one) for entry in world.read(quantity.entries) if (one := statements.get(entry)) is not None]
    found += statements.of_values(_needed(world, quantity))
    return sorted(found, key=lambda stated: stated[1].place)


def reach(world: World, basis: Basis, quantity: Quantity) -> list[Reach]:
    """Return, for each entry of a line, the numbers that statements can lead to; `world` has them as written."""
    _settle(basis)
    reaches = {entry: one.reach for entry, one in basis}
    halves = {entry: one.half for entry, one in reaches.items() if one.half > 0}
    middle = {entry: reaches[entry].middle for entry in halves}
    return _range(world.with_(middle), quantity.entries, middle, halves)


def _settle(basis: Basis) -> None:
    """Work out how far lines reach, those before them first: in a loop, for a sheet may have a thousand lines."""
    waiting = _unsettled(basis)
    while waiting:
        missing = _unsettled(waiting[-1].basis)
        if missing:
            waiting += missing
        else:
            _ = waiting.pop().reaches


def _unsettled(basis: Basis) -> list[Stated]:
    return list(dict.fromkeys(one.line for _, one in basis if one.line is not None and not one.line.settled))


def _range(
    world: World, entries: Sequence[Entry], middle: Mapping[Entry, float], halves: Mapping[Entry, float]
) -> list[Reach]:
    """Return the range of each entry where each statement in `halves` lies so far around its middle.

    Each statement is moved alone, either way; what they move together is summed up, and tried at the two corners where
    all pull the same way, since a product's terms move each other. Statements that no entry shares are moved at once.
    """
    centre = world.numbers(entries)
    low, high = list(centre), list(centre)
    pulls: list[dict[Entry, float]] = [{} for _ in entries]
    spread = [0.0] * len(entries)
    moved = list(halves.items())[:_MOST_MOVED]
    influence = Influence(world, [entry for entry, _ in moved]).of(entries)
    touched = transposed(influence, len(moved))
    ends: list[dict[int, tuple[float, float]]] = [{} for _ in entries]
    for together in apart([(mask, mask) for mask in touched], _MOST_EVALUATIONS // 2):
        shifts = [moved[one] for one in together]
        above = world.with_({entry: middle[entry] + half for entry, half in shifts}).numbers(entries)
        below = world.with_({entry: middle[entry] - half for entry, half in shifts}).numbers(entries)
        for one in together:
            for at in bits(touched[one]):
                ends[at][one] = above[at], below[at]
    for at, here in enumerate(centre):
        for one, (up, down) in sorted(ends[at].items()):
            if up == here == down:
                continue
            entry, half = moved[one]
            pulls[at][entry] = half if up >= down else -half
            spread[at] += max(abs(up - here), abs(down - here))
            low[at], high[at] = min(low[at], up, down), max(high[at], up, down)
    corners: dict[tuple[tuple[Entry, float], ...], int] = {}
    """Where the statements stand at each corner, and of which entries it is one."""
    for at, pull in enumerate(pulls):
        if len(pull) > 1:
            for sign in (1.0, -1.0):
                key = tuple((entry, sign * half) for entry, half in pull.items())
                corners[key] = corners.get(key, 0) | 1 << at
    number = {entry: one for one, (entry, _) in enumerate(moved)}
    keys = list(corners)
    moving = [(corners[key], reduce(or_, (touched[number[entry]] for entry, _ in key))) for key in keys]
    for together in apart(moving, _MOST_EVALUATIONS):
        shifted = {entry: middle[entry] + half for one in together for entry, half in keys[one]}
        found = world.with_(shifted).numbers(entries)
        for at in bits(reduce(or_, (corners[keys[one]] for one in together))):
            low[at], high[at] = min(low[at], found[at]), max(high[at], found[at])
    return [
        Reach(min(down, here - wide) - _SPARE * abs(down), max(up, here + wide) + _SPARE * abs(up))
        for down, up, here, wide in zip(low, high, centre, spread, strict=True)
    ]


def _needed(world: World, quantity: Quantity) -> set[int]:
    """Return the values that a line can depend on, as far back as they are not stated in full."""
    program, columns = world.program, world.program.columns
    waiting: list[int] = []
    own = {node[0] for node, tail in quantity.entries if tail is None}
    for head, tail in {(node[0], tail[0] if tail else -1) for node, tail in quantity.entries}:
        if tail < 0:
            waiting.append(head)
            continue
        between = reaches(program, head)
        for step, output in enumerate(columns.outputs):
            if output in between and not between.isdisjoint(inputs := columns.inputs(step)):
                waiting += [output, *inputs]
    needed: set[int] = set()
    while waiting:
        value = waiting.pop()
        if value in needed:
            continue
        needed.add(value)
        full = value not in own and len(world.stated.get(value, ())) == math.prod(program.shape(value))
        producer = program.producer.get(value)
        if producer is not None and not full:
            waiting += columns.inputs(producer)
    return needed
