"""Why? All routes of one element to the target: the gradient as their sum, each factor by factor."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from functools import partial

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content

from bptui.commands import IN_WHY
from bptui.present.frame import Point, RouteList, Table
from bptui.present.layout import wrapped
from bptui.present.presentation import Presentation
from bptui.present.quiz import Known
from bptui.present.why import factors_table, routes_table
from bptui.trace.elements import Level
from bptui.trace.record import Trace
from bptui.tui.beside import run_beside
from bptui.tui.bindings import PALETTE, Offering, bindings
from bptui.tui.dialog import Dialog
from bptui.tui.key_line import KeyLine
from bptui.tui.line_table import LineTable
from bptui.tui.sizes import HEIGHTS, TALL
from bptui.tui.text_view import Line, TextView, line

_FIRST = 16
"""How many routes are listed at first; every request for more doubles them."""

_PATIENCE = 0.2
"""After how many seconds it is said that the routes are still being looked for."""

_NOTHING = Table((), (), ())


class WhyScreen(Offering, Dialog[int | None]):
    """Shows the routes of an element; gives the step of the factor that the reader goes to."""

    BINDINGS = bindings(IN_WHY, PALETTE)
    OFFERED = IN_WHY
    AUTO_FOCUS = "#routes"
    DEFAULT_CLASSES = "report"
    VERTICAL_BREAKPOINTS = HEIGHTS

    def __init__(self, presentation: Presentation, at: Point, before: Trace | None, known: Known | None) -> None:
        """Ask about `at`; say what was otherwise in the trace `before`, and only numbers that are `known`."""
        super().__init__()
        self._presentation, self._value, self._flat = presentation, at.value, at.flat
        self._before, self._known = before, known
        self._limit, self._level = _FIRST, "named"
        self._listing: RouteList | None = None

    def compose(self) -> ComposeResult:
        with Vertical(id="window"):
            yield TextView(id="gradient")
            yield LineTable(id="routes")
            yield LineTable(id="factors")
            yield KeyLine(IN_WHY, id="why-keys")

    def on_mount(self) -> None:
        self.query_one("#gradient", TextView).can_focus = False
        self._look()

    def on_unmount(self) -> None:
        self._listing = None

    # -- the answer --------------------------------------------------------------------------------------------------

    def _look(self) -> None:
        self.query_one("#window").border_title = Content(f"Why? · {self._level} level")
        run_beside(self, "routes", self._find)

    async def _find(self) -> None:
        """Look for the routes beside the app, so that it stays at hand however many there are."""
        asked = (self._value, self._flat, self._limit, self._level)
        waiting = self.set_timer(_PATIENCE, lambda: self._say("Looking for the routes …"))
        level: Level = "primitive" if self._level == "primitive" else "named"
        try:
            listing = await asyncio.to_thread(
                partial(self._presentation.route_list, before=self._before, known=self._known),
                *asked[:3],
                level,
                lambda: self._wanted(asked),
            )
        finally:
            waiting.stop()
        if self._wanted(asked):
            self._listing = listing
            self._show(listing)

    def _wanted(self, asked: tuple[int, int, int, str]) -> bool:
        return self.is_attached and asked == (self._value, self._flat, self._limit, self._level)

    def _say(self, text: str) -> None:
        self.query_one("#gradient", TextView).show(lambda width: [line(part) for part in wrapped(text, width)])

    def _show(self, listing: RouteList) -> None:
        self.query_one("#gradient", TextView).show(lambda width: _about(listing, width))
        routes = self.query_one("#routes", LineTable)
        table = routes_table(listing)
        routes.border_title = Content(table.title if listing.routes else "Routes")
        routes.show(table, cursor=min(routes.cursor, max(0, len(listing.routes) - 1)))
        self._show_factors()

    def _show_factors(self) -> None:
        routes, factors = self.query_one("#routes", LineTable), self.query_one("#factors", LineTable)
        row = routes.row
        factors.display = bool(self._listing is not None and self._listing.routes)
        routes.display = factors.display
        if self._listing is None or row is None or row.element is None:
            factors.show(_NOTHING)
            return
        table = factors_table(self._listing, row.element, lambda step: self._presentation.label(step).text)
        factors.border_title = Content(table.title)
        routes.styles.height, factors.styles.height = self._shared(len(routes.table.rows), len(table.rows))
        factors.show(table)

    def _shared(self, routes: int, factors: int) -> tuple[int, int]:
        """Return how high the two tables are: what their rows take, or, where that is too much, a fair share."""
        frame = 2 if self.app.size.height < TALL else 3
        free = self.app.size.height - 3 - min(4, self.query_one("#gradient", TextView).line_count())
        first, second = routes + frame, factors + frame
        if first + second > free:
            first = max(min(first, free // 2), free - second)
        return max(1, first), max(1, min(second, free - first))

    def on_resize(self) -> None:
        if self._listing is not None:
            self._show(self._listing)

    @on(LineTable.CursorMoved, "#routes")
    def _route_changed(self) -> None:
        self._show_factors()

    @on(LineTable.RowChosen)
    def _row_chosen(self) -> None:
        self.action_go()

    # -- commands ----------------------------------------------------------------------------------------------------

    def action_go(self) -> None:
        """From a route to its factors, from a factor to its step."""
        factors = self.query_one("#factors", LineTable)
        if not factors.has_focus:
            if factors.table.rows:
                factors.focus()
            elif self._listing is not None and self._listing.more:
                self.action_more()
            return
        if factors.row is not None and factors.row.element is not None:
            self.dismiss(factors.row.element)

    def action_level(self) -> None:
        """Between named values and single operations."""
        self._level = "primitive" if self._level == "named" else "named"
        self._look()

    def action_more(self) -> None:
        """List twice as many routes."""
        if self._listing is not None and self._listing.more:
            self._limit *= 2
            self._look()

    def action_next_element(self) -> None:
        self._to_element(self._flat + 1)

    def action_previous_element(self) -> None:
        self._to_element(self._flat - 1)

    def _to_element(self, flat: int) -> None:
        if 0 <= flat < self._presentation.program.values[self._value].size:
            self._flat, self._limit = flat, _FIRST
            self._look()


def _about(listing: RouteList, width: int) -> Sequence[Line]:
    lines = [line(text, "title") for text in wrapped(listing.title, width)]
    if listing.sum:
        lines += [line(text, "result") for text in wrapped(listing.sum, width, 2)]
    return lines
