"""A scenario while it is read: its title and description are the first thing to read, and need no NumPy."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import TYPE_CHECKING

from msgspec import Struct
from textual.app import ComposeResult
from textual.screen import Screen

from bptui.commands import APP, WALKING
from bptui.errors import BptuiError
from bptui.tui.beside import run_beside
from bptui.tui.configured import app_of
from bptui.tui.description import Description
from bptui.tui.key_line import KeyLine
from bptui.tui.top_line import TopLine

if TYPE_CHECKING:
    from bptui.trace.record import Trace


class Opening(Struct, frozen=True):
    """A scenario to open the app on, once the first picture is there."""

    title: str
    """Its title and its description, safe to show."""
    description: str
    read: Callable[[], Trace]
    """Reads and runs it; raises BptuiError with every fault of the file."""
    breakpoints: Sequence[str] = ()
    """The breakpoints to run to, as they were written."""


class LoadingScreen(Screen[None]):
    """Shows what a scenario is about, and has it read meanwhile; keys wait for the walk."""

    AUTO_FOCUS = ""

    def __init__(self, opening: Opening, done: Callable[[Trace | BptuiError], None]) -> None:
        """Show `opening`, and call `done` with its trace, or with what is wrong with it."""
        super().__init__()
        self._opening, self._done = opening, done

    def compose(self) -> ComposeResult:
        yield TopLine(self._opening.title, id="top")
        yield KeyLine([*WALKING, *APP], id="keys")
        yield Description(self._opening.title, self._opening.description, id="description")

    def on_mount(self) -> None:
        self.query_one(TopLine).show("opening…")
        if app_of(self).settings.description and self._opening.description and not self._opening.breakpoints:
            self.query_one(Description).open()
        self.call_after_refresh(lambda: run_beside(self, "reading", self._read))

    async def _read(self) -> None:
        try:
            found: Trace | BptuiError = await asyncio.to_thread(self._found)
        except BptuiError as error:
            found = error
        self._done(found)

    def _found(self) -> Trace:
        import_module("bptui.tui.walk")  # here, where the app does not wait for it

        return self._opening.read()
