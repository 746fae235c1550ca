"""Marking: the lines of a worked solution in their order, each with its verdict and what explains a wrong one.

A line is asked first whether it is right, at the digits that are written; then whether it follows from the writer's
own earlier lines. The verdicts are tolerant, since people round where they like; the diagnosis is strict.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import cached_property
from itertools import chain
from typing import Any, Literal

import numpy as np
from msgspec import Struct
from msgspec.structs import replace

from bptui.checking.marking.amounts import Amount, Reach
from bptui.checking.marking.case import Case
from bptui.checking.marking.claims import Entry, Line, Quantity, Reader, loss_node
from bptui.checking.marking.expressions import Formula
from bptui.checking.marking.in_symbols import expression
from bptui.checking.marking.namer import Explanation, Question, Slip, explain
from bptui.checking.marking.numbers import shaken, without_numbers
from bptui.checking.marking.sheet import Sheet, Stated, Statement
from bptui.checking.marking.world import MARKING, World
from bptui.errors import BptuiError, Fault
from bptui.limits import Deadline
from bptui.scenario.claimed_number import ClaimedNumber
from bptui.scenario.program import Array, Program
from bptui.scenario.resolve import Element
from bptui.scenario.scenario import Scenario
from bptui.scenario.schema import ClaimText
from bptui.trace.derivative import jacobian
from bptui.trace.elements import TooLarge
from bptui.trace.record import Trace

Verdict = Literal["right", "follows", "wrong", "unreadable"]

VERDICTS: tuple[Verdict, ...] = ("right", "follows", "wrong", "unreadable")


_UNEXPLAINED = "wrong, and no slip that is known explains it."

_OF_ONE_ENTRY = {"wrong-operand", "truncated"}
"""The slips that are made in one entry of a line; all others are made alike throughout it."""

_HABIT = 2
"""After how many lines that were worked out with all digits it is taken for the writer's habit."""


class Marked(Struct, frozen=True, kw_only=True):
    """One line of a worked solution with its verdict."""

    line: str
    """What it names, as it is written."""
    claimed: Any
    """A number, an expression, or a nest of them."""
    written: str = ""
    """The claim as it stands in the file."""
    exact: Any = None
    """The true value in the same shape; None where there is none."""
    follows: Any = None
    """What the line would be by the writer's own earlier lines, as they are written."""
    verdict: Verdict
    text: str = ""
    """What there is to say: which element, why it cannot be read."""
    diagnoses: tuple[Slip, ...] = ()
    """Slips that together give the claimed value, the main one first."""
    alternatives: tuple[tuple[Slip, ...], ...] = ()
    entry: Entry | None = None
    """The entry that the verdict is about: the first wrong one, else the first."""
    fault: Fault | None = None
    """Where and why it cannot be read."""


def mark(scenario: Scenario, trace: Trace) -> list[Marked]:
    """Return every line of the scenario's worked solution, marked, in the order of the file."""
    marker, deadline, marked = _Marker(scenario, trace), Deadline(MARKING), []
    for text, line in marker.lines:
        deadline.check()
        marked.append(marker.mark(text, line))
    return marked


class _Marker:
    def __init__(self, scenario: Scenario, trace: Trace) -> None:
        self.scenario, self.trace = scenario, trace
        self.reader = Reader(scenario)
        self.lines = [(text, self._read(text)) for text in scenario.worked]
        self.elsewhere = {
            entry: claim.number
            for _, line in self.lines
            if isinstance(line, Line)
            for entry, claim in zip(line.quantity.entries, line.claims, strict=True)
            if isinstance(claim, ClaimedNumber)
        }
        """What the whole sheet claims, by entry."""
        self.drawn = without_numbers(scenario)
        self.sheet = Sheet(trace)
        self.truth = self.sheet.truth
        self.carried = 0
        """How many lines show that the writer carries more digits than are written."""

    @cached_property
    def shaken(self) -> list[Sheet]:
        """The same sheet at other numbers of the leaves that have symbols, for claims in symbols."""
        return [Sheet(one) for one in shaken(self.scenario, self.trace)]

    def _read(self, text: ClaimText) -> Line | Fault:
        try:
            return self.reader.read(text)
        except BptuiError as error:
            return error.faults[0]

    def mark(self, text: ClaimText, line: Line | Fault) -> Marked:
        if isinstance(line, Fault):
            return self._unreadable(text, line)
        try:
            if line.quantity.turned:
                return self._turned(line)
            if any(isinstance(claim, Formula) and claim.named for claim in line.claims):
                return self._in_symbols(line)
            return self._in_numbers(line, self._amounts(line, self.truth))
        except TooLarge:
            return self._by_truth_alone(line)

    def _unreadable(self, text: ClaimText, fault: Fault) -> Marked:
        written = self._written(text)
        said = fault.message
        return Marked(line=text.key, claimed=text.value, written=written, verdict="unreadable", text=said, fault=fault)

    def _by_truth_alone(self, line: Line) -> Marked:
        """Mark a derivative between which and its values too much lies for slips to be looked for."""
        heads: dict[tuple[int, int], dict[int, None]] = {}
        for (head, flat), tail in line.quantity.entries:
            assert tail is not None, "values are computed as they stand"
            heads.setdefault((head, tail[0]), {})[flat] = None
        rows = {
            (head, tail): dict(zip(flats, self._rows(head, list(flats), tail), strict=True))
            for (head, tail), flats in heads.items()
        }
        exact = [
            rows[head, tail[0]][flat].item(tail[1]) for (head, flat), tail in line.quantity.entries if tail is not None
        ]
        amounts = self._amounts(line, self.truth)
        right = [amount.agrees(true) for amount, true in zip(amounts, exact, strict=True)]
        return self._marked(line, exact, exact, right, right, [])

    def _rows(self, head: int, flats: Sequence[int], tail: int) -> Sequence[Array]:
        """Return the derivatives of some elements of a value with respect to all of another."""
        if (head, flats[0]) == self.truth.loss:
            return [self.trace.gradient_of(tail).reshape(-1)]
        return [row.reshape(-1) for row in jacobian(self.trace, head, flats, Element(tail))]

    def _written(self, text: ClaimText) -> str:
        """Return a claim as it stands in the file, on one line."""
        if isinstance(text.value, str):
            return text.value
        return " ".join(self.scenario.document.source(text.path).split())

    def _turned(self, line: Line) -> Marked:
        """Mark a matrix that is written with its rows for its columns: wrong, whatever the numbers."""
        quantity = line.quantity
        world = self.sheet.as_written(quantity)
        exact, own = self.truth.numbers(quantity.entries), world.numbers(quantity.entries)
        amounts = self._amounts(line, world)
        good = [amount.agrees(a) or amount.agrees(b) for amount, a, b in zip(amounts, exact, own, strict=True)]
        slip = Slip("transposed", f"{line.text.key} was written the other way round: its shape is {quantity.shape}.")
        order = sorted(range(len(exact)), key=lambda at: quantity.entries[at])
        return self._marked(
            replace(line, quantity=replace(quantity, entries=tuple(quantity.entries[at] for at in order))),
            [exact[at] for at in order],
            [own[at] for at in order],
            [False] * len(exact),
            [False] * len(exact),
            [Explanation((slip,))] if all(good) else [],
        )

    # -- numbers -----------------------------------------------------------------------------------------------------

    def _in_numbers(self, line_read: Line, amounts: Sequence[Amount]) -> Marked:
        quantity = line_read.quantity
        exact = self.truth.numbers(quantity.entries)
        if self.drawn and not self._settled(quantity, exact):
            said = f"this is no number: {' and '.join(self.drawn)} stand in symbols only"
            fault = self.scenario.document.placed(line_read.text.path, said, "claim an expression in symbols")
            return self._unreadable(line_read.text, fault)
        right = [amount.agrees(true) for amount, true in zip(amounts, exact, strict=True)]
        written, full = self.sheet.as_written(quantity), self.sheet.in_full(quantity)
        own, carried = written.numbers(quantity.entries), full.numbers(quantity.entries)
        known = [true if good else other for true, good, other in zip(exact, right, carried, strict=True)]
        stated = Stated(self.sheet, quantity, amounts, known)
        follows = list(right)
        other: list[Reach] | None = None
        for at in (at for at, good in enumerate(right) if not good):
            amount = amounts[at]
            follows[at] = (
                amount.agrees(own[at])
                or amount.agrees(carried[at])
                or self._repeats(quantity.entries[at], amount)
                or amount.meets(stated.reached[at])
            )
            if not follows[at]:
                other = other or self.sheet.from_values(quantity)
                follows[at] = amount.meets(other[at])
        if quantity.is_derivative and not all(follows) and written.statements != full.statements:
            for numbers in chain(written.crossed(quantity.entries, full), full.crossed(quantity.entries, written)):
                for at, number in enumerate(numbers):
                    follows[at] = follows[at] or amounts[at].agrees(number)
        explanations: list[Explanation] = []
        if all(follows):
            self.carried += not _agree(amounts, own) and _agree(amounts, carried)
        else:
            wrong = [at for at, good in enumerate(follows) if not good]
            worlds = [written] if full.statements == written.statements else [written, full]
            if self.carried >= _HABIT:
                worlds.reverse()
            explanations = self._explained(quantity, amounts, wrong, worlds, stated.reached)
        statements: dict[Entry, Statement | None] = {}
        for at, (entry, amount) in enumerate(zip(quantity.entries, amounts, strict=True)):
            if math.isfinite(amount.number):
                if follows[at]:
                    statements[entry] = Statement(amount.number, False, stated, at)
                else:
                    slip = explanations[0].numbers[at] if explanations and len(explanations[0].numbers) > at else None
                    reach = _of_slip(amount, slip, own[at], stated.reached[at])
                    statements[entry] = Statement(amount.number, True, reach=reach)
        self.sheet.state(statements, quantity.also)
        return self._marked(line_read, exact, own, right, follows, explanations)

    def _explained(
        self,
        quantity: Quantity,
        amounts: Sequence[Amount],
        wrong: Sequence[int],
        worlds: Sequence[World],
        reached: Sequence[Reach],
    ) -> list[Explanation]:
        """Return what explains a wrong line: slips made alike throughout it, and then in its one wrong entry alone."""
        claimed = [amount.number for amount in amounts]
        cases = [Case(world, quantity, claimed, wrong[0], False, self.elsewhere) for world in worlds]
        try:
            found = explain([Question([case], [amounts], wrong) for case in cases], reached)
        except TooLarge:
            return []
        if len(wrong) != 1 or len(amounts) == 1 or (found and found[0].slips[0].kind != "arithmetic"):
            return found
        (at,) = wrong
        alone = Quantity((quantity.entries[at],), ())
        within = [
            one
            for one in self._explained(alone, [amounts[at]], [0], worlds, [reached[at]])
            if one.slips[0].kind != "arithmetic"
        ]
        entry = [one for one in within if {slip.kind for slip in one.slips} <= _OF_ONE_ENTRY]
        return entry + found + [one for one in within if one not in entry]

    def _settled(self, quantity: Quantity, exact: Sequence[float]) -> bool:
        """Return whether entries are the same numbers whatever the symbols stand for."""
        return all(one.truth.numbers(quantity.entries) == list(exact) for one in self.shaken)

    def _repeats(self, entry: Entry, amount: Amount) -> bool:
        """Return whether a line says again what was said before."""
        before = self.sheet.statements.get(entry)
        return before is not None and amount.agrees(before.written)

    # -- symbols -----------------------------------------------------------------------------------------------------

    def _in_symbols(self, line: Line) -> Marked:
        quantity = line.quantity
        exact = self.truth.numbers(quantity.entries)
        right = self._equal(line, lambda sheet: sheet.truth)
        follows = list(right)
        if not all(right):
            own = self._equal(line, lambda sheet: sheet.as_written(quantity))
            near = self._amounts(line, self.truth)
            for at, claim in enumerate(line.claims):
                right[at] |= isinstance(claim, Formula) and bool(claim.decimals) and near[at].agrees(exact[at])
                follows[at] |= right[at] or own[at]
        explanations = [] if all(follows) else self._explained_in_symbols(line, follows)
        for sheet in (self.sheet, *self.shaken):
            world = sheet.as_written(quantity)
            statements: dict[Entry, Statement | None] = {}
            for at, (entry, amount) in enumerate(zip(quantity.entries, self._amounts(line, world), strict=True)):
                # where it is right, what is computed in its place is the same
                statements[entry] = None if right[at] else Statement(amount.number, not follows[at])
            sheet.state(statements, quantity.also)
        true = [
            claim.text if good and isinstance(claim, Formula) and claim.shape == () else self._expression(entry, number)
            for claim, good, entry, number in zip(line.claims, right, quantity.entries, exact, strict=True)
        ]
        theirs = [
            claim.text if good and isinstance(claim, Formula) and claim.shape == () else other
            for claim, good, other in zip(line.claims, follows, true, strict=True)
        ]
        return self._marked(line, true, theirs, right, follows, explanations)

    def _expression(self, entry: Entry, number: float) -> str | float:
        return expression(self.trace, entry) or number

    def _explained_in_symbols(self, line: Line, follows: Sequence[bool]) -> list[Explanation]:
        wrong = [at for at, good in enumerate(follows) if not good]
        cases, claimed = [], []
        for sheet in self.shaken or [self.sheet]:
            world = sheet.as_written(line.quantity)
            amounts = [Amount(one.number, 0.0) for one in self._amounts(line, world)]
            claimed.append(amounts)
            numbers = [one.number for one in amounts]
            cases.append(Case(world, line.quantity, numbers, wrong[0], True, self.elsewhere))
        return explain([Question(cases, claimed, wrong)], ())

    def _equal(self, line: Line, world_of: Callable[[Sheet], World]) -> list[bool]:
        """Return for each entry whether its claim and what it names are equal at all numbers that are tried."""
        equal = [True] * len(line.claims)
        for sheet in self.shaken or [self.sheet]:
            world = world_of(sheet)
            numbers = world.numbers(line.quantity.entries)
            for at, (claim, number) in enumerate(zip(line.claims, numbers, strict=True)):
                amount = Amount(self._amount(claim, world, at, len(numbers)).number, 0.0)
                equal[at] = equal[at] and amount.agrees(number)
        return equal

    def _amounts(self, line: Line, world: World) -> list[Amount]:
        return [self._amount(claim, world, at, len(line.claims)) for at, claim in enumerate(line.claims)]

    def _amount(self, claim: ClaimedNumber | Formula, world: World, at: int, entries: int) -> Amount:
        if isinstance(claim, ClaimedNumber):
            return Amount(claim.number, float(claim.unit / 2), claim)
        pick = at if math.prod(claim.shape) == entries else 0
        return Amount(
            float(np.reshape(claim.at(world), -1)[pick]), float(np.reshape(claim.slack(world), -1)[pick])
        )  # fmt: skip

    # -- the result ----------------------------------------------------------------------------------------------------

    def _marked(
        self,
        line: Line,
        exact: Sequence[Any],
        own: Sequence[Any],
        right: Sequence[bool],
        follows: Sequence[bool],
        explanations: Sequence[Explanation],
    ) -> Marked:
        verdict: Verdict = "right" if all(right) else "follows" if all(follows) else "wrong"
        bad = [at for at, good in enumerate(right if verdict == "follows" else follows) if not good]
        at = bad[0] if bad else 0
        said = ""
        if verdict == "follows":
            said = "not the true value, and what the lines above give."
        elif verdict == "wrong":
            said = " ".join(slip.text for slip in explanations[0].slips) if explanations else _UNEXPLAINED
        if bad and len(exact) > 1:
            said = f"{entry_name(self.trace.program, line.quantity.entries[at])}: {said}"
        return Marked(
            line=line.text.key,
            claimed=line.text.value,
            written=self._written(line.text),
            exact=nested(exact, line.quantity.shape),
            follows=nested(own, line.quantity.shape),
            verdict=verdict,
            text=said,
            diagnoses=explanations[0].slips if explanations else (),
            alternatives=tuple(one.slips for one in explanations[1:4]),
            entry=line.quantity.entries[at],
        )


def _of_slip(amount: Amount, slip: float | None, own: float, reached: Reach) -> Reach:
    """Return what a wrong number stands for: itself, and what its slip came to before it was rounded or cut off.

    Where the slip is not known, that is all that rounds to it, for a number with decimals.
    """
    written = Reach(amount.number, amount.number)
    if slip is None:
        return written.with_(amount.number - amount.half, amount.number + amount.half) if amount.unit < 1 else written
    scaled = reached.half * abs(slip / own) if own else amount.half
    low, high = max(slip - scaled, amount.number - amount.unit), min(slip + scaled, amount.number + amount.unit)
    return written.with_(low, high) if low <= high else written


def _agree(amounts: Sequence[Amount], found: Sequence[float]) -> bool:
    return all(amount.agrees(number) for amount, number in zip(amounts, found, strict=True))


def entry_name(program: Program, entry: Entry) -> str:
    """Return how an entry is shown: `h(1)`, `dL/dW2(1,1)`."""
    node, tail = entry
    if tail is None:
        return program.element_name(*node)
    head = program.loss if node == loss_node(program) else program.element_name(*node)
    return f"d{head}/d{program.element_name(*tail)}"


def nested(items: Sequence[Any], shape: Sequence[int]) -> Any:
    """Return a flat sequence as a nest of lists of `shape`; the one item for a scalar."""
    if not shape:
        return items[0]
    size = math.prod(shape[1:])
    return [nested(items[at * size : (at + 1) * size], shape[1:]) for at in range(shape[0])]
