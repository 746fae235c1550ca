"""What the edits changed: every number that is another one now, and the routes of the one under the cursor."""

from __future__ import annotations

import asyncio
from functools import partial

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical

from bptui.commands import IN_CHANGES
from bptui.present.changes import changes
from bptui.present.frame import Point, RouteList
from bptui.present.presentation import Presentation
from bptui.present.quiz import Known
from bptui.text import counted
from bptui.tui.beside import run_beside
from bptui.tui.bindings import PALETTE, Offering, bindings
from bptui.tui.dialog import Dialog
from bptui.tui.key_line import KeyLine
from bptui.tui.line_table import LineTable
from bptui.tui.routes_panel import RoutesPanel
from bptui.tui.sizes import HEIGHTS

_LISTED = 16
"""How many routes are listed."""


class ChangesScreen(Offering, Dialog[int | Point | None]):
    """Lists what differs from the trace without edits; gives the step to go to, or the element to ask why about."""

    BINDINGS = bindings(IN_CHANGES, PALETTE)
    OFFERED = IN_CHANGES
    AUTO_FOCUS = "#changes"
    DEFAULT_CLASSES = "report"
    VERTICAL_BREAKPOINTS = HEIGHTS

    def __init__(self, before: Presentation, after: Presentation, known: Known | None) -> None:
        """List the numbers of `after` that were others in `before`, those alone that are `known`."""
        super().__init__()
        self._before, self._after, self._known = before, after, known
        self._steps: tuple[int, ...] = ()
        self._largest_first = False

    def compose(self) -> ComposeResult:
        with Vertical(id="window") as window:
            window.border_title = "What the edits changed"
            yield LineTable(id="changes")
            yield RoutesPanel(id="routes")
            yield KeyLine(IN_CHANGES, id="changes-keys")

    def on_mount(self) -> None:
        self.query_one("#changes").border_title = "Comparing …"
        self.query_one("#routes").display = False
        run_beside(self, "changes", self._compare)

    async def _compare(self) -> None:
        """Compare all numbers beside the app, which stays at hand however many there are."""
        found, self._steps = await asyncio.to_thread(
            partial(changes, self._before, self._after, self._known, largest_first=self._largest_first)
        )
        table = self.query_one("#changes", LineTable)
        said = f"{counted(len(self._steps), 'number')}{', the largest change first' if self._largest_first else ''}"
        table.border_title = said if self._steps else "No number that is seen changed"
        table.show(found)
        self._find_routes()

    # -- routes ------------------------------------------------------------------------------------------------------

    @on(LineTable.CursorMoved, "#changes")
    def _find_routes(self) -> None:
        run_beside(self, "routes", self._routes, self._at())

    def _at(self) -> Point | None:
        return self.query_one("#changes", LineTable).point

    async def _routes(self, at: Point | None) -> None:
        """Show how the routes of the gradient under the cursor changed."""
        listing = None
        if at is not None and at.gradient:
            listing = await asyncio.to_thread(
                partial(self._after.route_list, before=self._before.trace, known=self._known),
                at.value,
                at.flat,
                _LISTED,
                "named",
                lambda: self.is_attached and self._at() == at,
            )
        if self.is_attached and self._at() == at:
            self._show_routes(listing)

    def _show_routes(self, listing: RouteList | None) -> None:
        routes = self.query_one(RoutesPanel)
        routes.show_routes(listing)
        if listing is not None:
            routes.styles.height = min(len(listing.routes) + 3, max(4, self.app.size.height // 2 - 2))

    # -- commands ----------------------------------------------------------------------------------------------------

    @on(LineTable.RowChosen)
    def _row_chosen(self) -> None:
        self.action_go()

    def action_go(self) -> None:
        """Go to the step that makes the number, or completes the gradient."""
        row = self.query_one("#changes", LineTable).cursor
        if row < len(self._steps):
            self.dismiss(self._steps[row])

    def action_sort(self) -> None:
        """List what changed most first, or everything in its order again."""
        self._largest_first = not self._largest_first
        run_beside(self, "changes", self._compare)

    def action_why(self) -> None:
        """Ask why, about the number under the cursor."""
        if (at := self._at()) is not None:
            self.dismiss(at)
