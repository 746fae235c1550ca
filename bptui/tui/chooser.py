"""The list of bundled scenarios, with what each is about."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.screen import Screen

import bptui
from bptui import bundled
from bptui.commands import APP, CHOOSING
from bptui.errors import BptuiError
from bptui.present.frame import Row, Table
from bptui.present.layout import paragraph
from bptui.text import printable
from bptui.tui.bindings import bindings
from bptui.tui.description import description_lines
from bptui.tui.key_line import KeyLine
from bptui.tui.line_table import LineTable
from bptui.tui.shortening import cut
from bptui.tui.text_view import Line, TextView, line
from bptui.tui.top_line import TopLine

if TYPE_CHECKING:
    from bptui.scenario.scenario import Scenario
    from bptui.trace.record import Trace

_WIDTHS = [(0, "-narrow"), (100, "-wide")]
"""The style classes of the screen, by the width from which on it has them."""


@dataclass(frozen=True, slots=True)
class Choice:
    """A bundled scenario that was opened."""

    name: str
    trace: Trace


class ChooserScreen(Screen[Choice | None]):
    """Shows the bundled scenarios; gives the one that was opened, None where none was."""

    BINDINGS = bindings(CHOOSING)
    HORIZONTAL_BREAKPOINTS = _WIDTHS

    def __init__(self) -> None:
        super().__init__()
        self._names = bundled.names()
        self._scenarios: dict[str, Scenario | BptuiError] = {}
        self._refused: dict[str, BptuiError] = {}
        """Why a scenario that could be read could not be run."""

    def compose(self) -> ComposeResult:
        yield TopLine("bptui: choose a scenario", id="top")
        with Horizontal(id="body"):
            yield LineTable(shorten=cut, id="scenarios")
            yield TextView(id="about")
        yield KeyLine([*CHOOSING, *APP], id="keys")

    def on_mount(self) -> None:
        self.query_one("#scenarios").border_title = "Scenarios"
        self.query_one("#about").border_title = "About"
        self.query_one(TopLine).show(f"{len(self._names)} scenarios")
        self._list()
        self.call_after_refresh(lambda: self.run_worker(self._read_all()))

    async def _read_all(self) -> None:
        """Read the scenarios one after the other; the list of names is there before, and fills."""
        self._describe()
        for name in self._names:
            self._scenario(name)
            await asyncio.sleep(0)
            if not self.query("#scenarios"):
                return  # the app was left meanwhile
        self._list()

    def _scenario(self, name: str) -> Scenario | BptuiError:
        """Return a scenario, or what is wrong with its file."""
        if name not in self._scenarios:
            try:
                self._scenarios[name] = bptui.load(bundled.folder() / f"{name}.toml")
            except BptuiError as error:
                self._scenarios[name] = error
        return self._scenarios[name]

    def _list(self) -> None:
        table = self.query_one("#scenarios", LineTable)
        rows = [Row((name, self._title(name)), at) for at, name in enumerate(self._names)]
        table.show(Table(("name", "title"), (False, False), rows), cursor=table.cursor)

    def _title(self, name: str) -> str:
        found = self._scenarios.get(name)
        if isinstance(found, BptuiError):
            return "(cannot be read)"
        return printable(found.title) if found is not None else "…"

    def _describe(self) -> None:
        if self._names:
            name = self._names[self.query_one("#scenarios", LineTable).cursor]
            found = self._refused.get(name) or self._scenario(name)
            self.query_one("#about", TextView).show(lambda width: _about(found, width))

    def on_line_table_cursor_moved(self) -> None:
        self._describe()

    async def on_line_table_row_chosen(self) -> None:
        await self.action_open()

    async def action_open(self) -> None:
        """Open the scenario under the cursor."""
        if not self._names:
            return
        name = self._names[self.query_one("#scenarios", LineTable).cursor]
        found = self._scenario(name)
        if isinstance(found, BptuiError):
            self._describe()
            return
        from bptui.running import first_trace  # with NumPy, which the list opens without

        try:
            # beside the app where SymPy may have to be loaded
            trace = first_trace(found) if found.has_numbers else await asyncio.to_thread(first_trace, found)
        except BptuiError as error:
            self._refused[name] = error
            self._describe()
            return
        self.dismiss(Choice(name, trace))

    def action_back(self) -> None:
        """Go back to the walk, or leave the app where there is none."""
        self.dismiss(None)


def _about(found: Scenario | BptuiError, width: int) -> Sequence[Line]:
    if isinstance(found, BptuiError):
        said = printable(str(found), keep="\n")
        return [line("This scenario cannot be opened:", "title"), line(""), *map(line, paragraph(said, width))]
    return [
        *(line(text, "title") for text in paragraph(printable(found.title), width)),
        line(""),
        *description_lines(printable(found.description.strip(), keep="\n"), width),
    ]
