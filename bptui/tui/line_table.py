"""A table that makes only the rows on the screen: numbers flush right, a cursor on one row, the changed rows marked."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from typing import ClassVar

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.message import Message
from textual.strip import Strip

from bptui.present.frame import Row, Table
from bptui.tui.line_view import LineView
from bptui.tui.shortening import without_middle

_MARK, _GAP, _INDENT = 2, 2, 2
_NARROWEST = 6
"""How narrow a column of text may become before the table scrolls sideways."""

_EMPTY = Table((), (), ())


class LineTable(LineView):
    """Shows a Table. Columns of text give way where the width is short; columns of numbers are never cut."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "line-table--head",
        "line-table--term",
        "line-table--sum",
        "line-table--more",
        "line-table--lit",
        "line-table--cursor",
        "line-table--cursor-blurred",
    }

    fixed = 1

    class CursorMoved(Message):
        """The cursor came to another row."""

        def __init__(self, table: LineTable, row: Row) -> None:
            super().__init__()
            self.table, self.row = table, row

        @property
        def control(self) -> LineTable:
            return self.table

    class RowChosen(Message):
        """A row was clicked on that the cursor stood on already."""

        def __init__(self, table: LineTable, row: Row) -> None:
            super().__init__()
            self.table, self.row = table, row

        @property
        def control(self) -> LineTable:
            return self.table

    def __init__(
        self, *, quiet: bool = False, shorten: Callable[[str, int], str] = without_middle, id: str | None = None
    ) -> None:
        """Make an empty table; `shorten` fits a text into so many cells."""
        super().__init__(id=id)
        self.table = _EMPTY
        self.cursor = 0
        self._quiet = quiet
        """Whether the cursor is drawn only where the table has the focus."""
        self._shorten = shorten
        self._lit: Collection[int] = ()
        self._natural: list[int] = []
        self._widths: list[int] = []

    def show(self, table: Table, *, cursor: int = 0, lit: Collection[int] = ()) -> None:
        """Show `table` with the cursor on row `cursor`; the rows `lit` are marked as changed, and brought into view."""
        self.table, self._lit = table, lit
        self.cursor = max(0, min(cursor, len(table.rows) - 1))
        self._natural = [cell_len(title) for title in table.columns]
        self.lines_changed()
        self.after_resize()

    def after_resize(self) -> None:
        if not self.room.height:
            return
        if self._lit:
            self.reveal(min(self._lit), max(self._lit))
        elif not self._quiet:
            self.reveal(self.cursor)

    @property
    def row(self) -> Row | None:
        """The row that the cursor is on."""
        return self.table.rows[self.cursor] if self.table.rows else None

    # -- layout ------------------------------------------------------------------------------------------------------

    def line_count(self) -> int:
        return len(self.table.rows)

    def lay_out(self) -> None:
        """Measure the rows on the screen and share the width out."""
        self._measure(self.scroll_offset.y)
        self._widths = self._shared(self.room.width)

    def lines_width(self) -> int:
        return self._taken(self._widths) - _GAP

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        before = list(self._natural)
        self._measure(round(new_value))
        if self._natural != before:
            self.lines_changed()
        super().watch_scroll_y(old_value, new_value)

    def _measure(self, top: int) -> None:
        """Widen the columns to what stands on the screen; they never become narrower while a table is shown."""
        for row in self.table.rows[top : top + max(self.page, 1) + 1]:
            if row.kind == "more":
                continue
            for at, cell in enumerate(row.cells):
                needed = cell_len(cell) + (_INDENT if at == 0 and row.kind == "term" else 0)
                self._natural[at] = max(self._natural[at], needed)

    def _taken(self, widths: Iterable[int]) -> int:
        return _MARK + sum(width + _GAP for width in widths)

    def _shared(self, most: int) -> list[int]:
        """Return the columns' widths: as measured where they fit, else with the widest texts cut first."""
        widths = list(self._natural)
        texts = [at for at, numeric in enumerate(self.table.numeric) if not numeric]
        while texts and (over := self._taken(widths) - _GAP - most) > 0:
            least = {at: max(_NARROWEST, cell_len(self.table.columns[at])) for at in texts}
            widest = max(texts, key=lambda at: widths[at] - least[at])
            if widths[widest] <= least[widest]:
                break
            others = [widths[at] for at in texts if at != widest]
            level = max([least[widest], *(width for width in others if width < widths[widest])])
            lower = 1 if widths[widest] in others else max(1, widths[widest] - level)  # equals give way in turn
            widths[widest] -= min(over, lower)
        return widths

    # -- drawing -----------------------------------------------------------------------------------------------------

    def draw_fixed(self, index: int) -> Strip:
        style = self.component("line-table--head")
        return self._drawn("  ", self.table.columns, "", style)

    def draw_line(self, index: int) -> Strip:
        row = self.table.rows[index]
        lit, cursor = index in self._lit, index == self.cursor and (self.has_focus or not self._quiet)
        if cursor:
            style = self.component("line-table--cursor" if self.has_focus else "line-table--cursor-blurred")
        elif lit:
            style = self.component("line-table--lit")
        elif row.kind == "element":
            style = self.component("line--plain")
        else:
            style = self.component(f"line-table--{row.kind}")
        if cursor and row.kind == "sum":
            style += self.component("line-table--sum").without_color
        mark = "▸ " if cursor else "• " if lit else "  "
        if row.kind == "more":
            said = " ".join(cell for cell in row.cells if cell)
            return self._padded([Segment(f"{mark}{said}", style)], style)
        return self._drawn(mark, row.cells, " " * _INDENT if row.kind == "term" else "", style)

    def _drawn(self, mark: str, cells: tuple[str, ...], indent: str, style: Style) -> Strip:
        parts = [mark]
        for at, (cell, width, numeric) in enumerate(zip(cells, self._widths, self.table.numeric, strict=True)):
            text = self._shorten(indent + cell if at == 0 else cell, width)
            parts.append(" " * (width - cell_len(text)) + text if numeric else set_cell_size(text, width))
            parts.append(" " * _GAP)
        return self._padded([Segment("".join(parts), style)], style)

    def _padded(self, segments: list[Segment], style: Style) -> Strip:
        return Strip(segments).extend_cell_length(max(self.room.width, self.lines_width()), style)

    def on_focus(self) -> None:
        self.redraw(self.cursor)

    def on_blur(self) -> None:
        self.redraw(self.cursor)

    # -- the cursor --------------------------------------------------------------------------------------------------

    def move(self, lines: int) -> None:
        self.move_to(self.cursor + lines)

    def move_to(self, row: int) -> None:
        """Put the cursor on row `row`, or the nearest one that there is."""
        row = max(0, min(row, self.line_count() - 1))
        if row == self.cursor or not self.table.rows:
            return
        before, self.cursor = self.cursor, row
        self.redraw(before, row)
        self.reveal(row)
        self.post_message(self.CursorMoved(self, self.table.rows[row]))

    def on_click(self, event: events.Click) -> None:
        offset = event.get_content_offset(self)
        if offset is None or offset.y < self.fixed:
            return
        row = offset.y - self.fixed + self.scroll_offset.y
        if row >= self.line_count():
            return
        if row == self.cursor:
            self.post_message(self.RowChosen(self, self.table.rows[row]))
        self.move_to(row)
