"""What one stop of the walk shows: title, sentence, formulas, ledger, notes. Text only; every face reads it here."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from typing import Literal

from msgspec import Struct

Phase = Literal["forward", "seed", "backward"]


HIDDEN = "▒▒▒"
"""Stands for a number that is to be predicted."""

ARROW = "→"
"""Stands between an old number and a new one."""


def changed(old: str, new: str) -> str:
    """Return `old→new` for two texts of numbers, or only `new` where they are the same number."""
    if not old or not new or old == new or _same(old, new):
        return new
    return f"{old}{ARROW}{new}"


def _same(old: str, new: str) -> bool:
    """Return whether two texts are one number, written with other decimals."""
    try:
        return float(old) == float(new)
    except ValueError:
        return False


class Point(Struct, frozen=True):
    """One element of a value, or of its gradient: what the number in a cell is about."""

    value: int
    """The value's id."""
    flat: int
    gradient: bool = False


class Spot(Struct, frozen=True):
    """Where in a row a number stands that the cursor can point at: all of a cell, or some characters of it."""

    cell: int
    point: Point
    start: int = 0
    end: int | None = None
    """The first character after it; None where it goes on to the cell's end."""


def spots_of(point: Point, *cells: int) -> tuple[Spot, ...]:
    """Return the spots of cells that are about one element."""
    return tuple(Spot(cell, point) for cell in cells)


class Row(Struct, frozen=True):
    """One row of a table. `element` is the flat index that the cursor selects by standing here, None where none.

    `kind`: `element` a line of its own; `term` one summand of the element above the sum; `sum` the line that adds the
    terms up; `more` says how many rows are left out. `spots`, from left to right, are what the cursor can point at in
    the row; without any it points at the row as a whole.
    """

    cells: tuple[str, ...]
    element: int | None = None
    kind: Literal["element", "term", "sum", "more"] = "element"
    spots: tuple[Spot, ...] = ()
    elements: int = 1
    """How many elements it stands for, of those that are left out where it says so."""


class Table(Struct, frozen=True):
    """A table: column titles, which columns hold numbers (and are set flush right), and its rows."""

    columns: tuple[str, ...]
    numeric: tuple[bool, ...]
    rows: Sequence[Row]
    title: str = ""
    spare: tuple[str, ...] = ()
    """The columns that may be left out where there is no room for all, in the order in which they go."""

    def after(self, limit: int) -> int:
        """Return how many rows there are after the first `limit`, the elements of another page among them."""
        left = len(self.rows) - limit
        return left + self.rows[-1].elements - 1 if left > 0 else 0


def row_of(table: Table, element: int, at: Point | None = None) -> tuple[int, int] | None:
    """Return the row in which an element first stands, and its first spot; with `at`, among its rows where that is.

    The rows are in the order of their elements. None where the element stands in none of them.
    """
    row = bisect_left(table.rows, element, key=lambda one: element + 1 if one.element is None else one.element)
    found = None
    while row < len(table.rows) and (one := table.rows[row]).element == element:
        spots = [spot.point for spot in one.spots]
        if at in spots and one.kind != "more":
            return row, spots.index(at)
        if one.kind != "more":
            found = found or (row, 0)
        row += 1
    return found


class Frame(Struct, frozen=True):
    """Everything that one step shows, for the element that the cursor is on."""

    index: int
    """The step, from 0."""
    steps: int
    """How many steps the trace has."""
    phase: Phase
    line: str
    """The forward line that the step belongs to."""
    line_text: str
    """That line as it is written: `z1 = W1 @ x + b1`."""
    operation: str
    title: str
    """What the step does, in whole arrays: `y = sigmoid(z2)`; backward `dL/dz2 = dL/dy · y·(1 - y)`."""
    sentence: str
    """What happens, in words."""
    element: int
    """The flat index of the element that `formulas` is about."""
    formulas: tuple[str, ...]
    """That element's formula in names, with the numbers put in, and its result: one equation over several lines, of
    which all but the first begin with `=`."""
    table: Table
    """Forward: element, numbers put in, value. Backward: the ledger."""
    notes: tuple[str, ...]
    """Conventions, accumulation, broadcasting, what became nan or inf: in the order of weight."""
    jacobian: tuple[str, ...] = ()
    """Backward: what the local Jacobian is (shape and structure), and below it the matrix itself where it is small."""


class StepLabel(Struct, frozen=True):
    """A step in the list of steps."""

    index: int
    phase: Phase
    text: str
    operation: str
    line: str


class Block(Struct, frozen=True):
    """A name and the array that it stands for, one line of text for each row of its last axis.

    An `equation` has instead the sides that are equal to the name, one a line.
    """

    name: str
    lines: tuple[str, ...]
    kind: Literal["array", "equation"] = "array"


class Factor(Struct, frozen=True):
    """One factor of a route: its name, its number, the product up to it, and the step that it belongs to."""

    name: str
    number: str
    product: str
    step: int


class RouteText(Struct, frozen=True):
    """One route: its product, its factors by name and by number."""

    product: str
    names: str
    numbers: str
    share: str = ""
    """What part of the gradient the product is: `40 %`; of routes of both signs some are more than 100 %."""
    together: str = ""
    """The sum of this route and all before it in the list."""
    factors: tuple[Factor, ...] = ()


class RouteList(Struct, frozen=True):
    """The routes of one element: how many there are, the largest of them, and what is left out."""

    title: str
    routes: tuple[RouteText, ...]
    more: str = ""
    gradient: str = ""
    """The gradient that the routes sum to, by name."""
    total: str = ""
    """Its number."""
    sum: str = ""
    """The sum written out, `0.04125 + (-0.02919) = 0.01206`, where the routes are few."""
    count: int = 0
    """How many routes there are in all."""
    symbolic: bool = False
    """Whether products and factors are expressions."""
