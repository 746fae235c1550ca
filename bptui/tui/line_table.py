"""A table that makes only the rows on the screen: numbers flush right, a cursor on a cell, changed rows marked."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from typing import ClassVar

from msgspec import Struct
from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.message import Message
from textual.strip import Strip

from bptui.present.frame import Point, Row, Spot, Table
from bptui.tui.line_view import MOST_KEPT, LineView
from bptui.tui.shortening import around, places_kept, without_middle

_MARK, _GAP, _INDENT = 2, 2, 2
_NARROWEST = 6
"""How narrow a column of text may become before the table scrolls sideways."""

_READABLE = 18
"""How narrow a column of text may become before spare columns are left out."""

_EMPTY = Table((), (), ())


class _Cell(Struct, frozen=True):
    """A cell as it is drawn."""

    text: str
    left: int
    """Where in the line the text begins."""
    places: Sequence[int]
    """For each character of the text, which one of the whole text it is; -1 for what is none of it."""


class LineTable(LineView):
    """Shows a Table. Columns of text give way where the width is short; columns of numbers are never cut.

    Spare columns are left out where the others would become hard to read beside them.

    The cursor stands on one of the spots of a row, or, where it has none, on the row.
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "line-table--head",
        "line-table--term",
        "line-table--sum",
        "line-table--more",
        "line-table--lit",
        "line-table--cursor",
        "line-table--cursor-row",
        "line-table--cursor-blurred",
    }

    fixed = 1

    class CursorMoved(Message):
        """The cursor came to another row or spot."""

        def __init__(self, table: LineTable, row: Row) -> None:
            super().__init__()
            self.table, self.row = table, row

        @property
        def control(self) -> LineTable:
            return self.table

    class RowChosen(Message):
        """The row, or the spot in it, was clicked on that the cursor stood on already."""

        def __init__(self, table: LineTable, row: Row) -> None:
            super().__init__()
            self.table, self.row = table, row

        @property
        def control(self) -> LineTable:
            return self.table

    def __init__(
        self,
        *,
        quiet: bool = False,
        stepping: bool = False,
        shorten: Callable[[str, int], str] = without_middle,
        id: str | None = None,
    ) -> None:
        """Make an empty table; `shorten` fits a text into so many cells."""
        super().__init__(id=id)
        self.stepping = stepping
        self.table = _EMPTY
        self.cursor = 0
        self._spot = 0
        """Which of the row's spots the cursor is on."""
        self._wished = 0
        """At which cell of the line the cursor would be, had every row a spot there: going up and down keeps it."""
        self._unseen = False
        """Whether the cursor was not drawn until the table got the focus just now: a click does not choose there."""
        self._quiet = quiet
        """Whether the cursor is drawn only where the table has the focus."""
        self._shorten = shorten
        self._lit: Collection[int] = ()
        self._natural: list[int] = []
        self._widths: list[int] = []
        self._left_out: frozenset[int] = frozenset()
        """The columns that are not drawn, as there is no room for them."""
        self._layout: tuple[object, ...] = ()
        """What decides where a cell stands: the room, the columns' widths, which are left out, which hold numbers."""
        self._rows: dict[int, Row] = {}
        """The rows of the table that were made: each is looked at more than once."""
        self._drawn_rows: dict[tuple[object, ...], Strip] = {}
        """The rows without the cursor that were drawn in this layout: many are the same at the next step."""

    def show(self, table: Table, *, cursor: int = 0, spot: int = 0, lit: Collection[int] = ()) -> None:
        """Show `table` with the cursor on spot `spot` of row `cursor`, or as near to it as there is one.

        The rows `lit` are marked as changed, and brought into view.
        """
        self.table, self._lit = table, lit
        self._rows.clear()
        self.cursor = max(0, min(cursor, len(table.rows) - 1))
        self._spot = spot  # laying out takes the nearest one that is drawn, before the row is
        self._natural = [cell_len(title) for title in table.columns]
        self.lines_changed()
        self._on_spot(self._spot)
        self.after_resize()

    def after_resize(self) -> None:
        if not self.room.height:
            return
        if self._lit and not (self._quiet and self.has_focus):
            self.reveal(min(self._lit), max(self._lit))
        elif not self._quiet or self.has_focus:
            self.reveal(self.cursor)
            self._reveal_spot()

    @property
    def row(self) -> Row | None:
        """The row that the cursor is on."""
        return self._row(self.cursor) if self.table.rows else None

    def _row(self, index: int) -> Row:
        row = self._rows.get(index)
        if row is None:
            if len(self._rows) >= MOST_KEPT:
                self._rows.clear()
            row = self._rows[index] = self.table.rows[index]
        return row

    @property
    def spot(self) -> int:
        """Which of the spots of its row the cursor is on; 0 where there is none."""
        return self._spot

    @property
    def point(self) -> Point | None:
        """The element that the cursor points at; None where it points at a row as a whole."""
        row = self.row
        return row.spots[self._spot].point if row is not None and row.spots else None

    # -- layout ------------------------------------------------------------------------------------------------------

    def line_count(self) -> int:
        return len(self.table.rows)

    def lay_out(self) -> None:
        """Measure the rows on the screen, leave out what has no room, and share the width out."""
        before = self._layout
        self._measure(self.scroll_offset.y)
        self._spare(self._laid.width)
        self._widths = self._shared(self._laid.width)
        self._spot = self._drawn_spot(self._spot)
        self._layout = (self._laid.width, tuple(self._widths), self._left_out, self.table.numeric)
        if self._layout != before:
            self._drawn_rows.clear()

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
        for row in map(self._row, range(top, min(top + self.page + 1, len(self.table.rows)))):
            if row.kind == "more":
                continue
            for at, cell in enumerate(row.cells):
                needed = cell_len(cell) + (_INDENT if at == 0 and row.kind == "term" else 0)
                self._natural[at] = max(self._natural[at], needed)

    def _taken(self, widths: Iterable[int]) -> int:
        return _MARK + sum(width + _GAP for at, width in enumerate(widths) if at not in self._left_out)

    def _spare(self, most: int) -> None:
        """Leave out spare columns until the others can be read in `most` cells."""
        self._left_out = frozenset()
        for title in self.table.spare:
            if self._taken(self._capped(_READABLE)) - _GAP <= most:
                return
            self._left_out |= {at for at, column in enumerate(self.table.columns) if column == title}

    def _capped(self, cap: int) -> list[int]:
        """Return the columns' widths, those of texts at most `cap`, but no less than their titles'."""
        least = [max(cap, _NARROWEST, cell_len(title)) for title in self.table.columns]
        shared = zip(self._natural, least, self.table.numeric, strict=True)
        return [width if numeric else min(width, widest) for width, widest, numeric in shared]

    def _shared(self, most: int) -> list[int]:
        """Return the columns' widths: as measured where they fit.

        Else the widest text alone gives way where a third of the room is left to it, or all wide ones are cut to one
        width.
        """
        widths = list(self._natural)
        over = self._taken(widths) - _GAP - most
        texts = [at for at, numeric in enumerate(self.table.numeric) if not numeric and at not in self._left_out]
        if over <= 0 or not texts:
            return widths
        widest = max(texts, key=widths.__getitem__)
        if widths[widest] - over >= max(most // 3, cell_len(self.table.columns[widest])):
            widths[widest] -= over
            return widths
        caps = range(_NARROWEST, widths[widest])
        return self._capped(caps[max(0, bisect_right(caps, most, key=self._taken_at) - 1)] if caps else 0)

    def _taken_at(self, cap: int) -> int:
        return self._taken(self._capped(cap)) - _GAP

    # -- drawing -----------------------------------------------------------------------------------------------------

    def draw_fixed(self, index: int) -> Strip:
        return self._drawn("  ", self._laid_out(Row(self.table.columns)), self.component("line-table--head"))

    def draw_line(self, index: int) -> Strip:
        row = self._row(index)
        changed, cursor = index in self._lit, index == self.cursor and (self.has_focus or not self._quiet)
        if cursor:
            return self._draw_row(row, changed, cursor)
        same = row.cells, row.kind, changed
        strip = self._drawn_rows.get(same)
        if strip is None:
            if len(self._drawn_rows) >= MOST_KEPT:
                self._drawn_rows.clear()
            strip = self._drawn_rows[same] = self._draw_row(row, changed, cursor)
        return strip

    def _draw_row(self, row: Row, changed: bool, cursor: bool) -> Strip:
        if cursor:
            whole = "line-table--cursor-row" if row.spots else "line-table--cursor"
            style = self.component(whole if self.has_focus else "line-table--cursor-blurred")
        elif changed:
            style = self.component("line-table--lit")
        elif row.kind == "element":
            style = self.component("line--plain")
        else:
            style = self.component(f"line-table--{row.kind}")
        if cursor and row.kind == "sum":
            style += self.component("line-table--sum").without_color
        mark = "▸ " if cursor else "• " if changed else "  "
        if row.kind == "more":
            said = " ".join(cell for cell in row.cells if cell)
            return self._padded([Segment(f"{mark}{said}", style)], style)
        spot = row.spots[self._spot] if cursor and row.spots else None
        drawn = self._drawn(mark, self._laid_out(row, spot), style)
        if spot is None or not self.has_focus:
            return drawn
        before, inside, after = drawn.divide([*self._ends(row, spot, spot), drawn.cell_length])
        lit = Segment(inside.text, style + self.component("line-table--cursor"))
        return Strip([*before, lit, *after], drawn.cell_length)

    def _drawn(self, mark: str, cells: Iterable[_Cell], style: Style) -> Strip:
        text, at = mark, _MARK
        for cell in cells:
            text += " " * (cell.left - at) + cell.text
            at = cell.left + cell_len(cell.text)
        return self._padded([Segment(text, style)], style)

    def _laid_out(self, row: Row, seen: Spot | None = None) -> Iterator[_Cell]:
        """Yield the cells of a row, too long ones shortened; one that holds the spot `seen` so that this is seen."""
        left = _MARK
        for at, (cell, width, numeric) in enumerate(zip(row.cells, self._widths, self.table.numeric, strict=True)):
            if at in self._left_out:
                yield _Cell("", left, ())
                continue
            whole = " " * _INDENT + cell if at == 0 and row.kind == "term" else cell
            text = self._shorten(whole, width) if cell_len(whole) > width else whole
            places = places_kept(whole, text)
            if seen is not None and seen.cell == at and seen.end is not None and text != whole:
                kept = set(places)
                if not all(place in kept for place in range(seen.start, seen.end)):
                    text, places = around(whole, width, seen.start, seen.end)
            yield _Cell(text, left + (width - cell_len(text) if numeric else 0), places)
            left += width + _GAP

    def _ends(self, row: Row, spot: Spot, seen: Spot | None = None) -> tuple[int, int]:
        """Return the first cell of the line that a spot takes, and the first after it."""
        cell = list(self._laid_out(row, seen))[spot.cell]
        if spot.end is None:
            indent = len(cell.text) - len(cell.text.lstrip())
            return cell.left + indent, cell.left + max(indent + 1, cell_len(cell.text))
        shown = [at for at, place in enumerate(cell.places) if spot.start <= place < spot.end]
        first = shown[0] if shown else max(0, cell.text.find("…"))
        return cell.left + first, cell.left + (shown[-1] if shown else first) + 1

    def _padded(self, segments: list[Segment], style: Style) -> Strip:
        return Strip(segments).extend_cell_length(max(self._laid.width, self.lines_width()), style)

    def notify_style_update(self) -> None:
        self._drawn_rows.clear()
        super().notify_style_update()

    def on_focus(self) -> None:
        self._unseen = self._quiet
        self.redraw(self.cursor)

    def on_blur(self) -> None:
        self.redraw(self.cursor)

    # -- the cursor --------------------------------------------------------------------------------------------------

    def move(self, lines: int) -> None:
        """Go so many rows down, or up; on from there past rows in which there is nothing to point at."""
        rows, row, way = self.table.rows, self.cursor + lines, 1 if lines > 0 else -1
        if self.point is not None:
            row = max(0, min(row, len(rows) - 1))
            while 0 <= row < len(rows) and not rows[row].spots:
                row += way
            if not 0 <= row < len(rows):
                return
        self.move_to(row)

    def action_left(self) -> None:
        """To the spot on the left; sideways where the row has none."""
        self._step_aside(-1)

    def action_right(self) -> None:
        """To the spot on the right; sideways where the row has none."""
        self._step_aside(1)

    def _step_aside(self, spots: int) -> None:
        row = self.row
        if row is not None and row.spots:
            beyond = [at for at in self._drawn_spots(row) if (at - self._spot) * spots > 0]
            self.move_to(self.cursor, min(beyond, key=lambda at: abs(at - self._spot), default=self._spot))
        elif spots < 0:
            super().action_left()
        else:
            super().action_right()

    def move_to(self, row: int, spot: int | None = None) -> None:
        """Put the cursor on row `row`, or the nearest one that there is; there on a spot, or on the nearest below."""
        row = max(0, min(row, self.line_count() - 1))
        before = self.cursor, self._spot
        if self.table.rows:
            self.put(row, spot)
        if (self.cursor, self._spot) != before:
            self.post_message(self.CursorMoved(self, self.table.rows[row]))

    def put(self, row: int, spot: int | None = None) -> None:
        """Put the cursor somewhere without saying that it moved."""
        before, left, self.cursor = self.cursor, self.row, row
        self._on_spot(self._below(left) if spot is None else spot, keep=spot is None)
        self._unseen = False
        self.redraw(before, row)
        self.reveal(row)
        self._reveal_spot()

    def _on_spot(self, spot: int, keep: bool = False) -> None:
        """Put the cursor on a spot of its row; what it wishes for is kept, or becomes this spot's place."""
        row = self.row
        self._spot = self._drawn_spot(spot)
        if not keep and row is not None and row.spots:
            spotted = row.spots[self._spot]
            self._wished = sum(self._ends(row, spotted, spotted)) // 2

    def _drawn_spots(self, row: Row) -> list[int]:
        """Return which of a row's spots stand in columns that are drawn."""
        return [at for at, spot in enumerate(row.spots) if spot.cell not in self._left_out]

    def _drawn_spot(self, wanted: int) -> int:
        """Return the drawn spot of the cursor's row that is the one wanted, says the same as it, or is next to it."""
        row = self.row
        if row is None or not row.spots:
            return 0
        wanted = max(0, min(wanted, len(row.spots) - 1))
        point = row.spots[wanted].point
        return min(
            self._drawn_spots(row), key=lambda at: (row.spots[at].point != point, abs(at - wanted)), default=wanted
        )

    def _below(self, left: Row | None) -> int:
        """Return the spot of the cursor's row that is reached from the row `left`: the same, where both are alike."""
        row = self.row
        if left is None or row is None or [spot.cell for spot in left.spots] != [spot.cell for spot in row.spots]:
            return self._nearest(self._wished)
        return self._spot

    def _nearest(self, x: int) -> int:
        """Return the spot of the cursor's row that is nearest to a cell of the line."""
        row = self.row
        if row is None or not row.spots:
            return 0
        ends = {at: self._ends(row, row.spots[at]) for at in self._drawn_spots(row)}
        return min(ends, key=lambda at: max(ends[at][0] - x, x - ends[at][1] + 1, 0), default=0)

    def _reveal_spot(self) -> None:
        """Scroll sideways as little as needed to see the cursor."""
        row = self.row
        if row is None or not row.spots or self.lines_width() <= self.room.width:
            return
        start, end = self._ends(row, row.spots[self._spot], row.spots[self._spot])
        left = self.scroll_offset.x
        wanted = 0 if end <= self.room.width else max(end - self.room.width, min(left, start))
        if wanted != left:
            self.scroll_to(x=wanted, animate=False, force=True)

    def on_click(self, event: events.Click) -> None:
        offset = event.get_content_offset(self)
        if offset is None or offset.y < self.fixed:
            return
        row = offset.y - self.fixed + self.scroll_offset.y
        if row >= self.line_count():
            return
        before, unseen = (self.cursor, self._spot), self._unseen
        self._unseen = False
        self.cursor = row
        spot = self._nearest(offset.x + self.scroll_offset.x)
        self.cursor = before[0]
        if (row, spot) == before and not unseen:
            self.post_message(self.RowChosen(self, self.table.rows[row]))
        self.move_to(row, spot)
