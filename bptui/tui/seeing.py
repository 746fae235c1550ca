"""Seeing why: the routes of an element, the wires of a step that moves elements, the map of all sizes."""

from __future__ import annotations

from textual import on

from bptui.present.frame import Frame, Point
from bptui.tui.line_table import LineTable
from bptui.tui.pointing import Pointing
from bptui.tui.wires_panel import WiresPanel


class Seeing(Pointing):
    """Shows where the numbers of the present step come from."""

    def show_wires(self, frame: Frame, numbers: bool) -> None:
        """Show the wires of the step of `frame`, where it has any, with or without the numbers that run along them."""
        wires = self.shown.wires(frame.index)
        self.query_one(WiresPanel).show_wires(wires, frame.element, numbers)

    def light_wire(self, element: int) -> None:
        """Light the wire of the element that the cursor came to."""
        self.query_one(WiresPanel).light(element)

    @on(LineTable.RowChosen, "#elements, #values")
    def _row_chosen(self) -> None:
        """A click on the cell that the cursor is on asks why."""
        self.action_why()

    def action_why(self) -> None:
        """Show all routes of the element under the cursor."""
        self.ask_why(self.pointed)

    def ask_why(self, at: Point) -> None:
        """Show all routes of an element."""
        from bptui.tui.why import WhyScreen

        if not self.trace.program.values[at.value].size:
            self.app.notify("This value has no elements.")
            return
        self.app.push_screen(WhyScreen(self.shown, at, self.before_edits, self.known), self._follow)

    def action_map(self) -> None:
        """Show sizes line by line, and the value under the cursor as a heat map."""
        if self.lacks_numbers:
            return
        from bptui.tui.map import MapScreen

        self.app.push_screen(
            MapScreen(self.trace, self.pointed.value, self.step >= self.trace.seed_step, self.known), self._follow
        )

    def _follow(self, step: int | None) -> None:
        if step is not None:
            self.go(step)

    def action_toggle_wires(self) -> None:
        """Show or hide the wires of steps that only move elements."""
        shown = self.query_one(WiresPanel).toggle()
        self.app.notify("Wires are shown at steps that only move elements." if shown else "Wires are hidden.")

    def action_toggle_matrix(self) -> None:
        """Show or hide the Jacobian of zeros and ones."""
        if not self.query_one(WiresPanel).toggle_matrix():
            self.app.notify("This step has no wires: it does more than move elements.")
