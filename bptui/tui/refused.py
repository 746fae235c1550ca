"""A scenario with faults: its messages with their places, until the file is mended."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

from textual.app import ComposeResult
from textual.screen import Screen

from bptui.commands import APP, FILES, REFUSED
from bptui.errors import BptuiError
from bptui.present.layout import paragraph
from bptui.text import counted, printable
from bptui.trace.record import Trace
from bptui.tui.bindings import bindings
from bptui.tui.file_watch import SECONDS, FileWatch
from bptui.tui.key_line import KeyLine
from bptui.tui.opening import opened
from bptui.tui.text_view import Line, TextView, line
from bptui.tui.top_line import TopLine


class RefusedScreen(Screen[Trace | None]):
    """Shows what is wrong with a file; gives its trace once nothing is, None where the reader goes back."""

    BINDINGS = bindings(REFUSED, FILES[:2])
    AUTO_FOCUS = "#messages"

    def __init__(self, path: Path, error: BptuiError) -> None:
        super().__init__()
        self._path, self._error = path, error
        self._watch = FileWatch(path)

    def compose(self) -> ComposeResult:
        yield TopLine(f"{printable(self._path.name)} cannot be opened yet", id="top")
        yield TextView(self._lines, id="messages")
        yield KeyLine([*REFUSED, *FILES[:1], *APP], id="keys")

    def on_mount(self) -> None:
        view = self.query_one("#messages", TextView)
        view.border_title = "What is wrong with it"
        view.border_subtitle = "it is read again as soon as it is saved"
        self._tell(self._error)
        self.set_interval(SECONDS, self._look)

    async def _look(self) -> None:
        """Read the file again where it was changed."""
        if not self._watch.changed() or not self.is_current:
            return
        try:
            self.dismiss(await asyncio.to_thread(opened, self._path))
        except BptuiError as error:
            self._tell(error)

    def _tell(self, error: BptuiError) -> None:
        self._error = error
        self.query_one(TopLine).show(counted(len(error.faults), "fault"))
        self.query_one("#messages", TextView).show(self._lines)

    def _lines(self, width: int) -> Sequence[Line]:
        return [line(text) for text in paragraph(printable(str(self._error), keep="\n"), width)]

    def action_back(self) -> None:
        """Go back to what was open before."""
        self.dismiss(None)
