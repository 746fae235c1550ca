"""Cells in symbols: expressions in the place of numbers and, where there are numbers, both.

The expressions and their texts are the derivation's (`bptui.present.derivation`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from bptui.present import cells, grid, numbers
from bptui.present.derivation import Derivation
from bptui.present.frame import Block, Point
from bptui.present.pages import LARGEST_TABLE
from bptui.present.writer import ByElement, CellWriter
from bptui.scenario.program import Array, ForwardStep, Slot
from bptui.trace.elements import Node
from bptui.trace.record import Trace
from bptui.trace.routes import Routes, routes_from

WIDEST_ENTRY = 16
"""How many characters an entry of a local Jacobian may have for the matrix to be written out."""

MOST_SUMMED = 12
"""How many routes may be written out as one sum."""

LONGEST_WRITTEN = 200
"""How many characters a sum of routes may have to be written out."""

LONGEST_SUM = 12
"""How many terms of a sum are written out."""


class SymbolWriter(CellWriter):
    """Writes a scenario in symbols; raises BptuiError where it is too large for them.

    `trace` is in numbers or in symbols; a derivation that is already there can be handed on.
    """

    numeric = False
    flush_right = frozenset({"value", "gradient", "comes to"})
    put_in = "in symbols"

    def __init__(self, trace: Trace, derivation: Derivation | None = None) -> None:
        self.derivation = Derivation(trace) if derivation is None else derivation
        self.named = self.derivation.named
        super().__init__(self.named, trace.numbers)
        self.given = ("in symbols",) if self.numbers is None else ("in symbols", "gradient")

    def with_numbers(self, numbers: Trace) -> SymbolWriter | None:
        derivation = self.derivation.with_numbers(numbers)
        return None if derivation is None else SymbolWriter(numbers, derivation)

    def text(self, value: Any) -> str:
        return cells.shortened(self._whole(value), LONGEST_SUM)

    def _whole(self, expression: Any) -> str:
        return cells.pretty(self.derivation.text(expression))

    def _number(self, array: Array | None, flat: int) -> tuple[str, ...]:
        """Return an element's number, nothing where there are none."""
        return () if array is None else (numbers.number(array.item(flat)),)

    def array(self, value: Array) -> list[str]:
        return [text for text, _ in self._written(value, grid.window(value.shape))] if value.size else ["[]"]

    def array_at(
        self, of: Point, value: Array, seen: grid.Window, spell: grid.Spell, hides: Callable[[int], bool]
    ) -> list[grid.Written]:
        if of.gradient:
            return self._written(value, seen)
        if self.numbers is not None:
            return grid.written(self.numbers.values[of.value], seen, spell, hides)
        return self._written(self.named.made.get(of.value, value), seen)

    def _written(self, array: Array, seen: grid.Window) -> list[grid.Written]:
        return grid.written(array, seen, lambda flat, _: self.text(array.item(flat)), lambda flat: True)

    # -- steps -------------------------------------------------------------------------------------------------------

    def made(self, step: ForwardStep) -> Callable[[int], Sequence[str]]:
        result = self.named.result(step.index)
        values = None if self.numbers is None else self.numbers.values[step.output]
        return lambda flat: (self.text(result.item(flat)), *self._number(values, flat))

    def seeded(self, page: range) -> Callable[[int], Sequence[str]]:
        given = None if self.numbers is None else self.numbers.seed
        return lambda flat: (self._whole(self.named.seed.item(flat)), *self._number(given, flat))

    def term(self, slot: Slot, element: int) -> Callable[[int, bool], Sequence[str]]:
        return lambda head, first: ()

    def contributed(self, slot: Slot, element: int, written: str) -> list[str]:
        added = self.text(self.named.contributions[slot.index].item(element))
        sides = [added] if added != written.replace(" · ", "·") else []
        short = self.derivation.short_at(slot.index, element)
        if short is not None:
            sides.append(cells.pretty(short.text))
        return [
            *sides,
            *self._number(None if self.numbers is None else self.numbers.contributions[slot.index], element),
        ]

    def arriving(self, slot: Slot) -> ByElement:
        return self._column(self.named.upstream(slot.index))

    def results(self, slot: Slot, page: range) -> Mapping[str, ByElement]:
        found = {"contribution": self._column(self.named.contributions[slot.index])}
        if slot.previous >= 0:
            found["before"] = self._column(self.named.before(slot.index))
            found["after"] = self._column(self.named.accumulated[slot.index])
        if self.numbers is not None:
            comes_to = self.numbers.contributions[slot.index]
            found["comes to"] = lambda flat: numbers.number(comes_to.item(flat))
        return found

    def _column(self, array: Array) -> ByElement:
        return lambda flat: self.text(array.item(flat))

    def spare(self, slot: Slot, several: bool) -> tuple[str, ...]:
        return "from", "before", "after", "upstream", "local"

    def matrix(self, entries: Array) -> Sequence[str] | None:
        texts = np.array([self._whole(entry) for entry in entries.flat], dtype=object).reshape(entries.shape)
        return _text_rows(texts) if max(map(len, texts.flat)) <= WIDEST_ENTRY else None

    def remarks(self, slot: Slot, element: int) -> list[str]:
        found = []
        gradient = cells.gradient_name(self.program, slot.target, element)
        if slot.previous >= 0:
            found.append(f"Together: {gradient} = {self.text(self.named.accumulated[slot.index].item(element))}")
        if (short := self.derivation.short_at(slot.index, element)) is not None:
            where = f", where {cells.pretty(short.where)}" if short.where else ""
            long, text = cells.pretty(short.long), cells.pretty(short.text)
            found.append(f"The long way, {long}, cancels: {gradient} = {text}{where}.")
        return found

    # -- the whole ---------------------------------------------------------------------------------------------------

    def leaf(self, name: str) -> Iterator[Block]:
        """Yield a leaf with its symbols, and with its numbers where it has any."""
        value = self.program.names[name]
        yield Block(name, tuple(self.array(self.named.values[value])))
        if self.numbers is not None:
            yield Block("", tuple(grid.lines(self.numbers.values[value])))

    def gradient(self, value: int) -> Iterator[Block]:
        for flat in range(min(self.program.values[value].size, LARGEST_TABLE)):
            yield Block(cells.gradient_name(self.program, value, flat), self._sides(value, flat), "equation")

    def _sides(self, value: int, flat: int) -> tuple[str, ...]:
        """Return what an element's gradient is: in named values, in short, in leaves, as a number."""
        short = self.derivation.short(value, flat)
        whole = self.derivation.whole(value, flat)
        sides = [self.text(self.named.gradient_of(value).item(flat))]
        sides += [cells.pretty(short.text)] if short is not None and not short.where else []
        sides += [cells.pretty(whole)] if whole is not None else []
        sides += [] if self.numbers is None else self._number(self.numbers.gradient_of(value), flat)
        return tuple(side for at, side in enumerate(sides) if side not in sides[:at])

    def link(self, line: int, operand: int) -> Sequence[Sequence[str]]:
        head, tail = self.program.values[line], self.program.values[operand]
        entries = np.full((head.size, tail.size), "0", dtype=object)
        for flat in range(tail.size):
            for edge in self.elements.named_edges((operand, flat)):
                if edge.head[0] == line:
                    entries[edge.head[1], flat] = self._whole(edge.derivative)
        return [_text_rows(row.reshape(tail.shape)) for row in entries]

    # -- routes ------------------------------------------------------------------------------------------------------

    def product(self, factors: Sequence[str]) -> str:
        return " · ".join(cells.as_factor(text) for text in factors if text != "1") or "1"

    def amount(self, node: Node, total: str) -> str:
        return "" if self.numbers is None else numbers.number(self.numbers.gradient_of(node[0]).item(node[1]))

    def sum(self, node: Node, found: Routes, wanted: Callable[[], bool]) -> str:
        """Return the gradient as the sum of what each operation passes on, like terms first apart, then together."""
        found = routes_from(self.named, node, MOST_SUMMED, "primitive", wanted)
        if not 1 < found.count == len(found):
            return ""
        apart = cells.pretty(self.derivation.sum_of([route.product for route in found]))
        short = self.derivation.short(*node)
        together = self.derivation.text(found.total) if short is None or short.where else short.text
        total = cells.shortened(cells.pretty(together), LONGEST_SUM)
        if len(apart) + len(total) > LONGEST_WRITTEN:
            return ""
        return f"= {apart}" + (f" = {total}" if len(total) < len(apart) else "")


def _text_rows(texts: Array) -> list[str]:
    """Return an array of texts as lines, the middle of a wide one and the end of a long one left out."""
    if not texts.size:
        return ["[]"]
    found = grid.written(texts, grid.window(texts.shape), lambda flat, _: str(texts.item(flat)), lambda flat: True)
    return [text for text, _ in found]
