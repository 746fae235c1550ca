"""A curve as lines of text: quarter blocks in a terminal, for every font has them; characters in ASCII."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from msgspec import Struct

from bptui.present import numbers
from bptui.scenario.program import Array

_BLOCKS = " ▘▝▀▖▌▞▛▗▚▐▜▄▙▟█"
"""The characters of which quarters are dots: 1 above on the left, 2 on the right, 4 and 8 below."""


class Mark(Struct, frozen=True):
    """A point to be marked on a curve: where, and by what character."""

    x: float
    y: float
    character: str


def plot(x: Array, y: Array, width: int, height: int, marks: Sequence[Mark] = (), *, ascii: bool = False) -> list[str]:
    """Return the curve through (x, y) in `height` lines of at most `width` cells, with its axes and their numbers.

    Points that are not finite are left out, and the curve is broken there. `x` ascends. Where nothing is finite, one
    line says so.
    """
    finite = np.isfinite(y)
    if not finite.any():
        return ["every point of the curve is nan or inf"[:width]]
    low, high = float(y[finite].min()), float(y[finite].max())
    for mark in marks:
        if np.isfinite(mark.y):
            low, high = min(low, mark.y), max(high, mark.y)
    if not np.isfinite(high - low):
        return ["the curve is too steep to be drawn"[:width]]
    top, bottom = numbers.column([high, low])
    margin = max(len(top), len(bottom))
    columns, rows = max(2, width - margin - 2), max(1, height - 2)
    canvas = _Canvas(columns, rows, ascii)
    canvas.scale(float(x[0]), float(x[-1]), low, high)
    canvas.curve(x, y)
    lines = canvas.lines()
    for mark in marks:
        if np.isfinite(mark.y) and x[0] <= mark.x <= x[-1]:
            column, row = canvas.cell(mark.x, mark.y)
            lines[row] = lines[row][:column] + mark.character + lines[row][column + 1 :]
    corner, bar, rule = ("+", "|", "-") if ascii else ("└", "│", "─")
    labels = {0: top, rows - 1: bottom} if rows > 1 else {0: top}
    drawn = [f"{labels.get(row, ''):>{margin}} {bar}{line}" for row, line in enumerate(lines)]
    drawn.append(f"{'':>{margin}} {corner}{rule * columns}")
    left, right = numbers.number(float(x[0])), numbers.number(float(x[-1]))
    blank = columns - len(left) - len(right)
    drawn.append(" " * (margin + 2) + (left + " " * blank + right if blank > 0 else left))
    return [line[:width] for line in drawn]


class _Canvas:
    """Dots on a grid of cells: two across and two down in each block, one in each character of ASCII."""

    def __init__(self, columns: int, rows: int, ascii: bool) -> None:
        self._columns, self._rows, self._ascii = columns, rows, ascii
        self._across, self._down = (1, 1) if ascii else (2, 2)
        self._dots = np.zeros((rows * self._down, columns * self._across), dtype=bool)

    def scale(self, left: float, right: float, low: float, high: float) -> None:
        """Say what the edges stand for. A constant curve runs through the middle."""
        if low == high:
            low, high = low - 1, high + 1
        self._left, self._span, self._low, self._rise = left, right - left, low, high - low

    def dot(self, x: float, y: float) -> tuple[int, int]:
        """Return the column and the row of the dot at (x, y)."""
        height, width = self._dots.shape
        column = round((x - self._left) / self._span * (width - 1))
        row = round((1 - (y - self._low) / self._rise) * (height - 1))
        return min(max(column, 0), width - 1), min(max(row, 0), height - 1)

    def cell(self, x: float, y: float) -> tuple[int, int]:
        """Return the column and the row of the character at (x, y)."""
        column, row = self.dot(x, y)
        return column // self._across, row // self._down

    def curve(self, x: Array, y: Array) -> None:
        """Draw the lines from point to point."""
        previous: tuple[int, int] | None = None
        for here, there in zip(x, y, strict=True):
            if not np.isfinite(there):
                previous = None
                continue
            point = self.dot(float(here), float(there))
            start = previous or point
            steps = max(abs(point[0] - start[0]), abs(point[1] - start[1]), 1)
            for step in range(steps + 1):
                column = start[0] + round((point[0] - start[0]) * step / steps)
                row = start[1] + round((point[1] - start[1]) * step / steps)
                self._dots[row, column] = True
            previous = point

    def lines(self) -> list[str]:
        return ["".join(self._character(column, row) for column in range(self._columns)) for row in range(self._rows)]

    def _character(self, column: int, row: int) -> str:
        if self._ascii:
            return "*" if self._dots[row, column] else " "
        quarters = self._dots[row * 2 : row * 2 + 2, column * 2 : column * 2 + 2].reshape(-1)
        return _BLOCKS[sum(1 << at for at, dot in enumerate(quarters) if dot)]
