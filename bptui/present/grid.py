"""An array as lines of text: one for each row of its last axis, columns aligned, and of a large one a part of it."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
from msgspec import Struct

from bptui.present import numbers
from bptui.scenario.program import Array
from bptui.text import counted

MOST_LINES = 6
"""How many rows of an array are written below each other."""

MOST_COLUMNS = 8
"""How many columns of an array are written whole; of a wider one seven, in two runs."""

_RUN, _TAIL = 5, 2
"""How many columns of a wide array stand together, and how many of its last ones after them."""

Spell = Callable[[int, str], str]
"""What is written for the element of a flat index, given its number's text."""


class Window(Struct, frozen=True):
    """Which part of an array is written: some rows of its last axis, and in each of them some columns."""

    first: int
    """The first row."""
    rows: int
    columns: tuple[int, ...]
    of: tuple[int, int]
    """How many rows and columns the whole array has."""

    @property
    def flats(self) -> list[list[int]]:
        """The flat indices of the elements, row by row."""
        return [
            [row * self.of[1] + column for column in self.columns] for row in range(self.first, self.first + self.rows)
        ]

    @property
    def rest(self) -> str:
        """What is said of the rows that are left out; nothing where none is."""
        if self.of[0] == self.rows:
            return ""
        if not self.first:
            return f"… {counted(self.of[0] - self.rows, 'more row')}"
        return f"… rows {self.first + 1} to {self.first + self.rows} of {self.of[0]}"


def line_count(shape: Sequence[int]) -> int:
    """Return how many lines an array of this shape takes."""
    if not shape or 0 in shape:
        return 1
    rows = math.prod(shape[:-1])
    return rows if rows <= MOST_LINES else MOST_LINES + 1


def window(shape: Sequence[int], flat: int = 0) -> Window:
    """Return the window of an array of this shape, of at least one element, in which element `flat` is seen.

    Its neighbours are seen too, so that going from element to element the window moves along.
    """
    width = shape[-1] if shape else 1
    height = math.prod(shape[:-1])
    row, column = divmod(flat, width)
    rows = min(height, MOST_LINES)
    first = max(0, min(row - rows + 2, height - rows))
    if width <= MOST_COLUMNS:
        return Window(first, rows, tuple(range(width)), (height, width))
    start = max(0, column - _RUN // 2)
    if start + _RUN >= width - _TAIL:
        return Window(first, rows, tuple(range(width - _RUN - _TAIL, width)), (height, width))
    return Window(first, rows, (*range(start, start + _RUN), *range(width - _TAIL, width)), (height, width))


Written = tuple[str, tuple[tuple[int, int, int], ...]]
"""A line, and for each element in it the flat index and where its text begins and ends."""


def written(
    array: Array, seen: Window, spell: Spell | None = None, hides: Callable[[int], bool] | None = None
) -> list[Written]:
    """Return the lines of the part of `array` that is seen, each with the places of its elements.

    `spell` writes an element otherwise than as its number. The numbers for which `hides` holds are not looked at, so
    that neither width nor decimals of the others tell them; `spell` is given nothing to write them from.
    """
    if not array.size:
        return [("[]", ())]
    flat, wanted = array.reshape(-1), seen.flats
    known = [at for row in wanted for at in row if hides is None or not hides(at)]
    if array.ndim:
        texts = dict(zip(known, numbers.column(flat[np.array(known, dtype=np.intp)]), strict=True))
    else:
        texts = {at: numbers.number(flat[at]) for at in known}
    longest = max((len(text) for text in texts.values()), default=0)
    if spell is not None:
        texts = {at: spell(at, texts.get(at, "")) for row in wanted for at in row}
    if not array.ndim:
        return [(texts[0], ((0, 0, len(texts[0])),))]
    widths = [max(longest, *(len(texts[row[at]]) for row in wanted)) for at in range(len(seen.columns))]
    lines = [_line(row, texts, widths, seen) for row in wanted]
    return [*lines, (seen.rest, ())] if seen.rest else lines


def _line(row: Sequence[int], texts: dict[int, str], widths: Sequence[int], seen: Window) -> Written:
    text, places, expected = "[", [], 0
    for flat, column, width in zip(row, seen.columns, widths, strict=True):
        gap = "" if text == "[" else "  "
        if column != expected:
            gap = f"{gap}…  "
        cell = texts[flat]
        text = f"{text}{gap}{cell.rjust(width)}"
        places.append((flat, len(text) - len(cell), len(text)))
        expected = column + 1
    return f"{text}]", tuple(places)


def lines(array: Array | None) -> list[str]:
    """Return an array as lines of text, the middle of a wide one and the end of a long one left out."""
    if array is None:
        return []
    if not array.size:
        return ["[]"]
    return [text for text, _ in written(array, window(array.shape))]
