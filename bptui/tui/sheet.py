"""The sheet: the scenario's worked solution, marked line by line, with what happened and the routes of each line."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content

from bptui.checking.marking.marker import Marked, mark
from bptui.checking.marking.place import Place, place_of
from bptui.checking.sheet_table import about, sheet_table
from bptui.commands import IN_SHEET
from bptui.errors import BptuiError
from bptui.present.layout import wrapped
from bptui.present.presentation import Presentation
from bptui.tui.beside import run_beside
from bptui.tui.bindings import PALETTE, Offering, bindings
from bptui.tui.dialog import Dialog
from bptui.tui.key_line import KeyLine
from bptui.tui.line_table import LineTable
from bptui.tui.routes_panel import RoutesPanel
from bptui.tui.sizes import HEIGHTS, TALL
from bptui.tui.text_view import Line, TextView, line

_LISTED = 6
"""How many routes are listed."""

_BELOW, _BELOW_SHORT = 19, 15
"""How many lines stand around the table of lines: the frame, what is said of a line, its routes, the keys."""


class SheetScreen(Offering, Dialog[tuple[Place, bool] | None]):
    """Shows a marked sheet; gives the place that the reader goes to, and whether to ask why there."""

    BINDINGS = bindings(IN_SHEET, PALETTE)
    OFFERED = IN_SHEET
    AUTO_FOCUS = "#sheet"
    DEFAULT_CLASSES = "report"
    VERTICAL_BREAKPOINTS = HEIGHTS

    def __init__(self, presentation: Presentation, sheet: Sequence[Marked], cursor: int = 0) -> None:
        """Show `sheet` as it was marked before, or mark it where it is empty; begin at line `cursor`."""
        super().__init__()
        self._presentation, self.sheet, self._cursor = presentation, sheet, cursor

    def compose(self) -> ComposeResult:
        with Vertical(id="window") as window:
            window.border_title = "The worked solution, marked"
            yield LineTable(id="sheet")
            yield TextView(id="said-of-line")
            yield RoutesPanel(quiet=True, id="routes")
            yield KeyLine(IN_SHEET, id="sheet-keys")

    def on_mount(self) -> None:
        self.query_one("#said-of-line", TextView).can_focus = False
        self.query_one("#routes").display = False
        self.query_one("#sheet").border_title = "Marking …"
        run_beside(self, "sheet", self._mark)

    async def _mark(self) -> None:
        """Mark the sheet beside the app, which stays at hand meanwhile."""
        trace = self._presentation.trace
        if not self.sheet:
            try:
                self.sheet = await asyncio.to_thread(mark, trace.scenario, trace)
            except BptuiError as fault:  # the time was up
                self.query_one("#sheet").border_title = Content(fault.faults[0].message)
                return
        self._show()

    def on_resize(self) -> None:
        self.call_after_refresh(self._show)

    def _show(self) -> None:
        if not (self.is_attached and self.sheet):
            return
        table, found = self.query_one("#sheet", LineTable), sheet_table(self.sheet)
        table.border_title = Content(found.title)
        short = self.app.size.height < TALL
        room = self.app.size.height - (_BELOW_SHORT if short else _BELOW)
        table.styles.height = max(4, min(len(self.sheet) + (2 if short else 3), room))
        table.show(found, cursor=table.cursor if table.table.rows else self._cursor)
        self._show_line()

    @property
    def at(self) -> int:
        """The line under the cursor."""
        return self.query_one("#sheet", LineTable).cursor

    @on(LineTable.CursorMoved, "#sheet")
    def _show_line(self) -> None:
        if not self.sheet:
            return
        said = about(self.sheet[self.at])

        def lines(width: int) -> list[Line]:
            return [line(part, style) for text, style in said for part in wrapped(text, width)]

        self.query_one("#said-of-line", TextView).show(lines)
        self.query_one("#routes").display = False
        run_beside(self, "routes", self._routes, self.at)

    async def _routes(self, at: int) -> None:
        """Show the routes of the gradient that the line is about."""
        place = self._place(at)
        listing = None
        if place is not None and place.gradient:
            listing = await asyncio.to_thread(
                self._presentation.route_list, *place.node, _LISTED, "named", lambda: self._wanted(at)
            )
        if self._wanted(at):
            self.query_one(RoutesPanel).show_routes(listing)

    def _wanted(self, at: int) -> bool:
        return self.is_attached and self.at == at

    def _place(self, at: int) -> Place | None:
        entry = self.sheet[at].entry if self.sheet else None
        return None if entry is None else place_of(self._presentation.trace, entry)

    # -- commands ----------------------------------------------------------------------------------------------------

    @on(LineTable.RowChosen)
    def _row_chosen(self) -> None:
        self.action_go()

    def action_go(self) -> None:
        """Go to the step that gives the line's number."""
        self._leave(why=False)

    def action_why(self) -> None:
        """Go there, and ask why."""
        self._leave(why=True)

    def _leave(self, why: bool) -> None:
        place = self._place(self.at)
        if place is None:
            self.app.notify("This line names nothing to go to.")
        else:
            self.dismiss((place, why))

    def action_wrong(self, direction: int) -> None:
        """To the next line that is wrong or cannot be read, or the one before."""
        bad = [at for at, one in enumerate(self.sheet) if one.verdict in ("wrong", "unreadable")]
        ahead = [at for at in bad if (at - self.at) * direction > 0]
        if ahead:
            self.query_one("#sheet", LineTable).move_to(min(ahead) if direction > 0 else max(ahead))
