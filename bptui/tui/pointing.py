"""Pointing: which element of which value the reader means, by the cursor of a table or the node selected in the graph.

Everything that is asked about an element (why, what if, the map, breakpoints, the steps that touch it) is asked of that
one. What the cursor does in one panel, the others follow.
"""

from __future__ import annotations

from textual import on

from bptui.present.frame import Frame, Point, row_of
from bptui.present.values import point_text
from bptui.trace.places import value_of
from bptui.tui.graph_view import GraphView
from bptui.tui.line_table import LineTable
from bptui.tui.values_panel import ValuesPanel
from bptui.tui.walk_part import WalkPart


class Pointing(WalkPart):
    """The cursor of the walk."""

    _element = 0
    """The element of the present step's table that the equation is about."""
    _at: Point | None = None
    """Where the cursor of the table of values is."""
    _cursors: dict[int, tuple[int, int, int]]
    """By step: the element, the row and the spot that the cursor was on when the step was left."""

    def leave_step(self) -> None:
        """Remember where the cursor is in the present step's table."""
        elements = self.query_one("#elements", LineTable)
        self._cursors[self.step] = (self.element, elements.cursor, elements.spot)

    @property
    def element(self) -> int:
        row = self.query_one("#elements", LineTable).row  # that the cursor moved may not be told yet
        return self._element if row is None or row.element is None else row.element

    @property
    def pointed(self) -> Point:
        """What is pointed at in the panel that has the focus, or else in the table of the step."""
        focused = self.focused
        if isinstance(focused, ValuesPanel) and focused.point is not None:
            return focused.point
        if isinstance(focused, GraphView) and (found := focused.pointed) is not None:
            value, flat = found
            return Point(value, flat, self.step >= self.trace.seed_step)
        at = self.query_one("#elements", LineTable).point
        about = Point(value_of(self.trace, self.step), self.element, self.step >= self.trace.seed_step)
        return at if at is not None else about

    @property
    def selected(self) -> Point | None:
        """What is pointed at in the table of values or in the graph, where one of them has the focus."""
        focused = self.focused
        chosen = isinstance(focused, ValuesPanel) or (isinstance(focused, GraphView) and focused.pointed is not None)
        return self.pointed if chosen else None

    # -- what is shown -----------------------------------------------------------------------------------------------

    def show_tables(self, frame: Frame, row: int, spot: int) -> None:
        """Show the tables of a step that the walk came to, the cursor on a row and a spot of the step's own."""
        elements = self.query_one("#elements", LineTable)
        self._element = frame.element
        elements.show(frame.table, cursor=row, spot=spot)
        self._show_values(self._at if self.query_one(ValuesPanel).has_focus else elements.point)

    def _show_values(self, at: Point | None) -> None:
        """Show the table of values, the cursor on `at` where it has a name, or else on what this step gives."""
        lit, tables = self.presentation.changed(self.step), self.presentation.value_tables
        row = tables.row(at) if at is not None else None
        if row is None:
            at, row = None, lit.start if lit else self.query_one(ValuesPanel).cursor
        self._at = at
        self.query_one(ValuesPanel).show_values(self.values(at), at, row, lit)
        self.say_pointed()

    def say_pointed(self) -> None:
        """Say in the frame of the table of values what its cursor points at."""
        values = self.query_one(ValuesPanel)
        text = point_text(self.trace.program, values.row, self._at) if values.row is not None and self._at else ""
        values.show_pointed(text if values.has_focus else "")

    # -- what the cursor does ----------------------------------------------------------------------------------------

    @on(LineTable.CursorMoved, "#elements")
    def _element_pointed(self, message: LineTable.CursorMoved) -> None:
        row = message.table.row  # the walk may have gone on to another step since the cursor moved
        if row is not None and row.element is not None and row.element != self._element:
            self._element = row.element
            self.show_element(row.element)
            if row.kind == "more":
                self._turn_page()
        self._show_values(message.table.point)

    def point_at(self, at: Point) -> None:
        """Point at an element: in the table of the step if that is about it, else in the table of values."""
        about = self.presentation.concerned(self.step, at)
        own = about is not None and at.value == value_of(self.trace, self.step)
        self.query_one("#elements" if own else "#values").focus()
        self._point(at)

    @on(LineTable.CursorMoved, "#values")
    def _value_pointed(self, message: LineTable.CursorMoved) -> None:
        if (at := message.table.point) is not None:
            self._point(at)

    def _point(self, at: Point) -> None:
        """Show an element in the table of values, and in that of the step where it has to do with it."""
        self._show_values(at)
        concerned = self.presentation.concerned(self.step, at)
        if concerned is None:
            return
        element, there = concerned
        if element != self._element:
            self._element = element
            self.show_element(element)
        elements = self.query_one("#elements", LineTable)
        found = row_of(elements.table, element, there)
        if found is not None:
            elements.put(*found)
        else:
            self._turn_page(there)

    def _turn_page(self, at: Point | None = None) -> None:
        """Show the part of the step's table that its element is in, the cursor on the element, there on `at`."""
        table = self.frame(self._element).table
        row, spot = row_of(table, self._element, at) or (0, 0)
        self.query_one("#elements", LineTable).show(table, cursor=row, spot=spot)
