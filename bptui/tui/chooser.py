"""The list of scenarios, recent files and bundled ones, with what each is about."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct
from textual import events
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.screen import Screen
from textual.widgets import Input

import bptui
from bptui import bundled
from bptui.commands import APP, CHOOSING, FILES
from bptui.errors import BptuiError
from bptui.present.frame import Row, Table
from bptui.present.layout import paragraph
from bptui.text import counted, printable
from bptui.tui.beside import run_beside
from bptui.tui.bindings import Offering, bindings
from bptui.tui.description import description_lines
from bptui.tui.key_line import KeyLine
from bptui.tui.line_table import LineTable
from bptui.tui.opening import opened
from bptui.tui.shortening import cut
from bptui.tui.sizes import WIDTHS, fit
from bptui.tui.text_view import Line, TextView, line
from bptui.tui.top_line import TopLine

if TYPE_CHECKING:
    from bptui.scenario.scenario import Scenario
    from bptui.trace.record import Trace


class Choice(Struct, frozen=True):
    """A scenario that was opened."""

    name: str
    trace: Trace


class ChooserScreen(Offering, Screen[Choice | None]):
    """Shows scenarios; gives the one that was opened, None where none was."""

    OFFERED = (*CHOOSING, *FILES[1:2])
    BINDINGS = bindings(OFFERED)
    HORIZONTAL_BREAKPOINTS = WIDTHS
    AUTO_FOCUS = "#scenarios"

    def __init__(self, recent: Sequence[Path] = ()) -> None:
        """List the `recent` files above the bundled scenarios."""
        super().__init__()
        self._recent = [str(path) for path in recent]
        self._every = [*self._recent, *bundled.names()]
        self._sources = self._every
        """Those that the filter lets through."""
        self._scenarios: dict[str, Scenario | BptuiError] = {}
        self._refused: dict[str, BptuiError] = {}
        """Why a scenario that could be read could not be run."""

    def compose(self) -> ComposeResult:
        fit(self)
        yield TopLine("bptui: choose a scenario", id="top")
        yield Input(placeholder="/ filters by name, title and description", compact=True, id="filter")
        with Horizontal(id="body"):
            yield LineTable(shorten=cut, id="scenarios")
            yield TextView(id="about")
        yield KeyLine([*CHOOSING, *FILES[1:2], *APP], id="keys")

    def on_mount(self) -> None:
        self.query_one("#scenarios").border_title = "Scenarios"
        self.query_one("#about").border_title = "About"
        self._list()
        self.call_after_refresh(lambda: run_beside(self, "reading", self._read_all))

    async def _read_all(self) -> None:
        """Read the scenarios one after the other; the list of names is there before, and fills."""
        self._describe()
        for source in self._every:
            self._scenario(source)
            await asyncio.sleep(0)
            if not self.query("#scenarios"):
                return  # the app was left meanwhile
        self._list()

    def _scenario(self, source: str) -> Scenario | BptuiError:
        """Return a scenario, or what is wrong with its file."""
        if source not in self._scenarios:
            try:
                self._scenarios[source] = bptui.load(self._path(source))
            except BptuiError as error:
                self._scenarios[source] = error
        return self._scenarios[source]

    def _path(self, source: str) -> Path:
        return Path(source) if source in self._recent else bundled.folder() / f"{source}.toml"

    def _list(self) -> None:
        table = self.query_one("#scenarios", LineTable)
        rows = [Row((self._listed(source), self._title(source)), at) for at, source in enumerate(self._sources)]
        table.show(Table(("name", "title"), (False, False), rows), cursor=table.cursor)
        every = counted(len(self._every), "scenario")
        shown = every if len(self._sources) == len(self._every) else f"{len(self._sources)} of {every}"
        self.query_one(TopLine).show(shown)

    def _listed(self, source: str) -> str:
        """Return how a scenario is listed: a file by its own name."""
        return printable(Path(source).name) if source in self._recent else source

    def _title(self, source: str) -> str:
        found = self._scenarios.get(source)
        if isinstance(found, BptuiError):
            return "(cannot be read)"
        return printable(found.title) if found is not None else "…"

    @property
    def _chosen(self) -> str | None:
        """The scenario under the cursor; None where the filter lets none through."""
        return self._sources[self.query_one("#scenarios", LineTable).cursor] if self._sources else None

    def _describe(self) -> None:
        source = self._chosen
        if source is None:
            self.query_one("#about", TextView).show(lambda width: [line("No scenario has this in it.")])
            return
        found = self._refused.get(source) or self._scenario(source)
        place = source if source in self._recent else ""
        self.query_one("#about", TextView).show(lambda width: _about(found, width, place))

    # -- the filter --------------------------------------------------------------------------------------------------

    def action_filter(self) -> None:
        """Type what the list is filtered by."""
        self.query_one("#filter", Input).focus()

    def on_input_changed(self, message: Input.Changed) -> None:
        """List what the filter lets through, first of all what is found by its name."""
        wanted = message.value.casefold().split()
        found = [source for source in self._every if self._holds(source, wanted)]
        self._sources = sorted(found, key=lambda source: not all(word in source.casefold() for word in wanted))
        self._list()
        self._describe()

    def _holds(self, source: str, wanted: Sequence[str]) -> bool:
        """Return whether a scenario's name, title and description hold every word that is wanted between them."""
        found = self._scenario(source) if wanted else None
        said = "" if found is None or isinstance(found, BptuiError) else f"{found.title} {found.description}"
        return all(word in f"{source} {said}".casefold() for word in wanted)

    async def on_input_submitted(self) -> None:
        await self.action_open()

    def on_key(self, event: events.Key) -> None:
        if event.key == "down" and self.query_one("#filter").has_focus:
            event.stop()
            self.query_one("#scenarios").focus()

    # -- commands ----------------------------------------------------------------------------------------------------

    def on_line_table_cursor_moved(self) -> None:
        self._describe()

    async def on_line_table_row_chosen(self) -> None:
        await self.action_open()

    async def action_open(self) -> None:
        """Open the scenario under the cursor."""
        source = self._chosen
        if source is None:
            return
        try:
            trace = await asyncio.to_thread(opened, self._path(source))
        except BptuiError as error:
            self._refused[source] = error
            self._describe()
            return
        self.dismiss(Choice(source, trace))

    def action_back(self) -> None:
        """Empty the filter; or go back to the walk, or leave the app where there is none."""
        field = self.query_one("#filter", Input)
        if field.value or field.has_focus:
            field.value = ""
            self.query_one("#scenarios").focus()
        else:
            self.dismiss(None)


def _about(found: Scenario | BptuiError, width: int, place: str = "") -> Sequence[Line]:
    if isinstance(found, BptuiError):
        said = printable(str(found), keep="\n")
        return [line("This scenario cannot be opened:", "title"), line(""), *map(line, paragraph(said, width))]
    return [
        *(line(text, "title") for text in paragraph(printable(found.title), width)),
        *(line(text, "muted") for text in paragraph(printable(place), width) if place),
        line(""),
        *description_lines(printable(found.description.strip(), keep="\n"), width),
    ]
