"""The table of values and gradients, in which the cursor goes from number to number, in arrays of any size."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import BindingType

from bptui.commands import IN_VALUES
from bptui.present.frame import Point, Table
from bptui.tui.bindings import bindings
from bptui.tui.line_table import LineTable

_TITLE = "Values and gradients"


class ValuesPanel(LineTable):
    """Shows a table of values. The arrows that step elsewhere go over its numbers while it has the focus."""

    BINDINGS: ClassVar[list[BindingType]] = bindings(IN_VALUES)

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(quiet=True, id=id)
        self.show_pointed("")

    def show_pointed(self, said: str) -> None:
        """Say what the cursor points at: on the lower border, or where there is none, behind the title."""
        self.label(_TITLE if self.framed or not said else f"{_TITLE} · {said}", said)

    def show_values(self, table: Table, at: Point | None, row: int | None, lit: range) -> None:
        """Show `table` with the cursor on `at`, which stands in row `row`; the rows `lit` are those that changed."""
        spots = table.rows[row].spots if row is not None else ()
        points = [spot.point for spot in spots]
        same = [number for number, point in enumerate(points) if at is not None and point.flat == at.flat]
        spot = points.index(at) if at in points else same[0] if same else 0
        self.show(table, cursor=row or 0, spot=spot, lit=lit)
