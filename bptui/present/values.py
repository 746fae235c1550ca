"""The table of named values and their gradients at a step: every number in it tells which element it is."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable
from functools import cached_property, lru_cache
from itertools import accumulate

import numpy as np

from bptui.present import cells, grid, numbers
from bptui.present.frame import ARROW, HIDDEN, Point, Row, Spot, Table, changed
from bptui.present.grid import Window
from bptui.present.writer import CellWriter
from bptui.scenario.program import Array, Program
from bptui.sequences import Lazy
from bptui.trace.record import Trace

_BLOCKS_KEPT = 64
"""Of how many values the rows are remembered: from one step to the next, few of them change."""

COLUMNS = ("name", "shape", "value", "gradient so far")


class ValueTables:
    """The tables of named values of one trace. The same value stands in the same rows at every step."""

    def __init__(self, writer: CellWriter) -> None:
        self._writer, self._trace, self._program = writer, writer.trace, writer.program
        self._names = tuple(self._program.names.items())
        self._block = lru_cache(_BLOCKS_KEPT)(self._written_block)

    def table(
        self,
        index: int,
        at: Point | None = None,
        before: Trace | None = None,
        hides: Callable[[Point], bool] | None = None,
    ) -> Table:
        """Return the table at step `index`, what is not yet known left blank.

        Of a large array the part around `at` is seen. A number that `before`, a trace of the same program, has
        otherwise is written `old→new`; one that `hides` holds for is hidden.
        """

        def row(line: int) -> Row:
            which = bisect_right(self._starts, line) - 1
            _, value = self._names[which]
            near = at if at is not None and at.value == value else None
            known, arrived = self._program.producer.get(value, -1) <= index, self._trace.arrived(value, index)
            return self._block(which, known, arrived, near, before, hides)[line - self._starts[which]]

        return Table(COLUMNS, (False,) * 4, Lazy(self._starts[-1], row))

    def rows(self, value: int) -> range:
        """Return the rows of a value; none where it has no name."""
        which = self._places.get(value)
        return range(0) if which is None else range(*self._starts[which : which + 2])

    def row(self, at: Point) -> int | None:
        """Return the row that an element stands in where the table is made around it; None where it is in no row."""
        rows = self.rows(at.value)
        if not rows or at.flat >= self._program.values[at.value].size:
            return None
        seen = self._window(at.value, at)
        return rows.start + at.flat // seen.of[1] - seen.first

    @cached_property
    def _starts(self) -> list[int]:
        """The row that each named value begins at, and at the end how many rows there are."""
        counts = (grid.line_count(self._program.values[identity].shape) for _, identity in self._names)
        return [0, *accumulate(counts)]

    @cached_property
    def _places(self) -> dict[int, int]:
        """By value id: which of the named values it is."""
        return {identity: at for at, (_, identity) in enumerate(self._names)}

    def _window(self, value: int, at: Point | None) -> Window:
        shape = self._program.values[value].shape
        return grid.window(shape, at.flat if at is not None and at.value == value else 0)

    def _written_block(
        self,
        which: int,
        known: bool,
        arrived: int,
        at: Point | None,
        before: Trace | None,
        hides: Callable[[Point], bool] | None,
    ) -> list[Row]:
        """Return the rows of one value, when it is `known` and so many contributions to its gradient have arrived."""
        name, identity = self._names[which]
        shape = self._program.values[identity].shape
        columns = []
        for gradient in (False, True):
            array, old = (
                (trace.gradient_after(identity, arrived) if gradient else trace.values[identity] if known else None)
                if trace is not None
                else None
                for trace in (self._trace, before)
            )
            columns.append(self._written(array, old, Point(identity, 0, gradient), at, hides))
        rows = []
        for line in range(grid.line_count(shape)):
            texts, spots = [], []
            for number, (gradient, lines) in enumerate(zip((False, True), columns, strict=True), start=2):
                text, places = lines[line] if line < len(lines) else ("", ())
                texts.append(text)
                spots += [Spot(number, Point(identity, flat, gradient), *ends) for flat, *ends in places]
            head = (name, "×".join(str(length) for length in shape)) if line == 0 else ("", "")
            rows.append(Row((*head, *texts), spots=tuple(spots)))
        return rows

    def _written(
        self,
        array: Array | None,
        old: Array | None,
        of: Point,
        at: Point | None,
        hides: Callable[[Point], bool] | None,
    ) -> list[grid.Written]:
        if array is None:
            return []
        seen = self._window(of.value, at) if array.size else Window(0, 0, (), (0, 0))

        def hidden(flat: int) -> bool:
            return hides is not None and hides(Point(of.value, flat, of.gradient))

        earlier = {} if old is None or old is array else _differing(old, array, seen)

        def spell(flat: int, text: str) -> str:
            if hidden(flat):
                return HIDDEN
            return f"{earlier[flat]}{ARROW}{text}" if flat in earlier else text

        return self._writer.array_at(of, array, seen, spell, hidden)


def _differing(old: Array, new: Array, seen: Window) -> dict[int, str]:
    """Return the texts of the old numbers that differ from the new ones, by flat index."""
    flats = np.array(seen.flats, dtype=np.intp).reshape(-1)
    texts, others = (numbers.column(array.reshape(-1)[flats]) for array in (old, new))
    return {
        int(flat): text for flat, text, other in zip(flats, texts, others, strict=True) if changed(text, other) != other
    }


def point_text(program: Program, row: Row, at: Point) -> str:
    """Return an element's name with its number and its gradient, as a row of the table of values shows them."""
    said = {
        spot.point.gradient: row.cells[spot.cell][spot.start : spot.end]
        for spot in row.spots
        if (spot.point.value, spot.point.flat) == (at.value, at.flat)
    }
    texts = []
    if False in said:
        texts.append(f"{program.element_name(at.value, at.flat)} = {said[False]}")
    if True in said:
        texts.append(f"{program.derivative_name(at.value, at.flat)} = {said[True]}")
    return cells.pretty("   ".join(texts))
