"""Save the edited scenario as a new file: what exists is never overwritten."""

from __future__ import annotations

import asyncio
from pathlib import Path

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widgets import Button, Input, Label, Static

from bptui.commands import Command
from bptui.errors import BptuiError
from bptui.exporting.scenario import write_scenario
from bptui.text import printable
from bptui.trace.record import Trace
from bptui.tui.bindings import bindings
from bptui.tui.dialog import Dialog
from bptui.tui.export_dialog import file_stem, free_name


class SaveScreen(Dialog[None]):
    """Asks for a name, proposes one that is free, and writes the scenario with the numbers of its trace."""

    BINDINGS = bindings([Command("save.write", "enter", "screen.write", "Write the file", "⏎")])
    AUTO_FOCUS = "Input"

    def __init__(self, trace: Trace, source: str) -> None:
        super().__init__()
        self._trace = trace
        stem = file_stem(source, trace)
        self._proposed = free_name(f"{stem}-edited", "toml", beside=self._beside(source, stem))

    def compose(self) -> ComposeResult:
        with Vertical(id="window") as window:
            window.border_title = "Save as a new scenario file"
            window.border_subtitle = "Enter writes the file · Esc closes"
            yield Label(Content(f"File, in {printable(str(Path.cwd()))}"))
            yield Input(self._proposed, id="name")
            yield Static("Comments and layout stay as they are; only the edited numbers are replaced.", markup=False)
            yield Static("", id="said", markup=False)
            with Horizontal(id="buttons"):
                yield Button("Save", variant="primary", id="save")
                yield Button("Close", id="close")

    def _beside(self, source: str, stem: str) -> Path:
        """Return a path in the folder that is proposed: that of the scenario's own file, else the present one."""
        name = f"{stem}-edited.toml"
        return Path(source).parent / name if source and Path(source).is_file() else Path(name)

    def on_input_changed(self) -> None:
        self._say("")

    async def on_input_submitted(self) -> None:
        await self.action_write()

    async def on_button_pressed(self, message: Button.Pressed) -> None:
        if message.button.id == "save":
            await self.action_write()
        else:
            self.dismiss(None)

    async def action_write(self) -> None:
        """Write the file, or say why not."""
        name = self.query_one(Input).value.strip()
        if not name:
            self._say("Type the name of a file.")
            return
        path = Path(name).expanduser()
        try:
            await asyncio.to_thread(write_scenario, self._trace, path)
        except BptuiError as error:
            self._say(printable(str(error), keep="\n"))
            return
        self.app.notify(f"wrote {printable(str(path))}", title="Saved", markup=False)
        self.dismiss(None)

    def _say(self, text: str) -> None:
        self.query_one("#said", Static).update(Content(text))
