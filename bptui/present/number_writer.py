"""Cells in numbers: the numbers of this trace put into the formulas, and what they come to."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from bptui.present import cells, grid, numbers
from bptui.present.frame import Block, Point
from bptui.present.pages import LARGEST_TABLE
from bptui.present.writer import ByElement, CellWriter
from bptui.scenario.program import Array, ForwardStep, Slot
from bptui.trace.elements import Node
from bptui.trace.record import Trace
from bptui.trace.routes import Routes

MOST_SUMMED = 6
"""How many routes may be written out as one sum."""


class NumberWriter(CellWriter):
    """Writes a trace in numbers."""

    numeric = True
    flush_right = frozenset({"value", "gradient", "upstream", "local", "contribution", "before", "after"})
    put_in = "with numbers"
    given = ("gradient",)

    def __init__(self, trace: Trace) -> None:
        super().__init__(trace, trace)

    def with_numbers(self, numbers: Trace) -> NumberWriter:
        return NumberWriter(numbers)

    def text(self, value: Any) -> str:
        return numbers.number(value)

    def array(self, value: Array) -> list[str]:
        return grid.lines(value)

    def array_at(
        self, of: Point, value: Array, seen: grid.Window, spell: grid.Spell, hides: Callable[[int], bool]
    ) -> list[grid.Written]:
        return grid.written(value, seen, spell, hides)

    # -- steps -------------------------------------------------------------------------------------------------------

    def made(self, step: ForwardStep) -> Callable[[int], Sequence[str]]:
        put_in, result = cells.Numbers(self.trace, step), self.trace.values[step.output].reshape(-1)
        return lambda flat: (cells.element(put_in, step, flat), numbers.number(result[flat]))

    def seeded(self, page: range) -> Callable[[int], Sequence[str]]:
        column = _column(self.trace.seed, page)
        return lambda flat: (column(flat),)

    def term(self, slot: Slot, element: int) -> Callable[[int, bool], Sequence[str]]:
        step, upstream = self.program.steps[slot.step], self.trace.upstream(slot.index).reshape(-1)
        put_in = cells.Numbers(self.trace, step)

        def written(head: int, first: bool) -> tuple[str, str]:
            arriving = numbers.number(upstream[head]) if first else numbers.factor(upstream[head])
            formula = cells.derivative(put_in, step, slot.slot, head, element)
            local = self.elements.entry(slot.step, slot.slot, head, element)
            return cells.times(arriving, formula), cells.times(arriving, numbers.factor(local))

        return written

    def contributed(self, slot: Slot, element: int, written: str) -> list[str]:
        return [numbers.number(self.trace.contributions[slot.index].item(element))]

    def arriving(self, slot: Slot) -> ByElement:
        return _column(self.trace.upstream(slot.index), range(LARGEST_TABLE))

    def results(self, slot: Slot, page: range) -> Mapping[str, ByElement]:
        return {
            "contribution": _column(self.trace.contributions[slot.index], page),
            "before": _column(self.trace.before(slot.index), page),
            "after": _column(self.trace.accumulated[slot.index], page),
        }

    def spare(self, slot: Slot, several: bool) -> tuple[str, ...]:
        if slot.previous < 0:
            return ("before",)  # nothing but zeros
        return () if several else ("from",)

    def matrix(self, entries: Array) -> Sequence[str]:
        return grid.lines(entries)

    # -- the whole ---------------------------------------------------------------------------------------------------

    def leaf(self, name: str) -> Iterator[Block]:
        yield Block(name, tuple(grid.lines(self.trace.values[self.program.names[name]])))

    def gradient(self, value: int) -> Iterator[Block]:
        yield Block(cells.gradient_name(self.program, value), tuple(grid.lines(self.trace.gradient_of(value))))

    def link(self, line: int, operand: int) -> Sequence[Sequence[str]]:
        head, tail = self.program.values[line], self.program.values[operand]
        found = np.reshape(self.trace.derivative(f"d{head.name}/d{tail.name}"), (head.size, *tail.shape))
        return [grid.lines(found[flat]) for flat in range(head.size)]

    # -- routes ------------------------------------------------------------------------------------------------------

    def product(self, factors: Sequence[str]) -> str:
        first, *others = factors or ("1",)
        return " · ".join([first, *(f"({text})" if text.startswith("-") else text for text in others)])

    def amount(self, node: Node, total: str) -> str:
        return total

    def sum(self, node: Node, found: Routes, wanted: Callable[[], bool]) -> str:
        if not 1 < found.count <= MOST_SUMMED or len(found) < found.count or not math.isfinite(found.total):
            return ""
        first, *others = (route.product for route in found)
        terms = [numbers.number(first), *map(numbers.factor, others)]
        return f"{' + '.join(terms)} = {numbers.number(found.total)}"

    def so_far(self, found: Routes) -> str:
        part = numbers.percent(found.shown / found.total) if found.total else ""
        of_it = f", {part} of the gradient" if part else ""
        return f"; those listed sum to {numbers.number(found.shown)}{of_it}"


def _column(array: Array, page: range) -> ByElement:
    """Return how an array's elements are written: those of `page`, which stand below each other, with like decimals."""
    flat = array.reshape(-1)
    start, stop = page.start, min(page.stop, len(flat))
    texts = numbers.column(flat[start:stop])
    return lambda at: texts[at - start] if start <= at < stop else numbers.number(flat[at])
