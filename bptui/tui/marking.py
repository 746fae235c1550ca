"""Marking: the scenario's worked solution, line by line, and from a line to the step and the routes it is about."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from bptui.present.frame import Point, row_of
from bptui.tui.configured import key
from bptui.tui.line_table import LineTable
from bptui.tui.seeing import Seeing

if TYPE_CHECKING:
    from bptui.checking.marking.marker import Marked
    from bptui.checking.marking.place import Place
    from bptui.tui.sheet import SheetScreen


class Marking(Seeing):
    """Shows the sheet."""

    _sheet: Sequence[Marked] = ()
    """The sheet, once it was marked: it is about the scenario as it stands in the file, whatever is edited."""
    _line = 0
    """The line at which the reader left it."""

    def action_sheet(self) -> None:
        """Show the worked solution with its verdicts."""
        if not self.trace.scenario.worked:
            said = "This scenario has no worked solution: write one under [worked] in its file."
            self.app.notify(said)
        elif self.testing:
            ends = key(self, "test.toggle")
            self.app.notify(f"The sheet tells what is to be predicted: press {ends} to end the test first.")
        elif self.before_edits is not None:
            undoes = key(self, "edit.reset")
            self.app.notify(f"The sheet is about the numbers of the file: press {undoes} to undo all edits.")
        else:
            from bptui.tui.sheet import SheetScreen

            screen = SheetScreen(self.presentation, self._sheet, self._line)
            self.app.push_screen(screen, lambda found: self._to(found, screen))

    def _to(self, found: tuple[Place, bool] | None, screen: SheetScreen) -> None:
        """Go to the place of a line, with the cursor on the element that it is about."""
        self._sheet, self._line = screen.sheet, screen.at
        if found is None:
            return
        place, why = found
        at = Point(*place.node, place.gradient)
        frame = self.presentation.frame(place.step, place.node[1])
        row, spot = row_of(frame.table, place.node[1], at) or (0, 0)
        if place.step == self.step:
            self.query_one("#elements", LineTable).move_to(row, spot)
        else:
            self._cursors[place.step] = (place.node[1], row, spot)
            self.go(place.step)
        if why:
            self.ask_why(at)
