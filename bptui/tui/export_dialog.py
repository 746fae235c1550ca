"""Export the trace: choose a format and a file's name; what exists is never overwritten."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widgets import Button, Input, Label, Static

from bptui.commands import Command
from bptui.errors import BptuiError
from bptui.exporting import FORMATS, SUFFIXES, write_file
from bptui.present.frame import Row, Table
from bptui.running import in_symbols
from bptui.text import printable
from bptui.trace.record import Trace
from bptui.tui.bindings import bindings
from bptui.tui.dialog import Dialog
from bptui.tui.line_table import LineTable


class ExportScreen(Dialog[None]):
    """Asks for a format and a name, proposes one that is free, and writes the file."""

    BINDINGS = bindings([Command("export.write", "enter", "screen.write", "Write the file", "⏎")])
    AUTO_FOCUS = "Input"

    def __init__(self, trace: Trace, source: str, symbolic: bool = False) -> None:
        super().__init__()
        self._trace, self._symbolic = trace, symbolic
        self._stem = file_stem(source, trace)
        self._format = next(iter(FORMATS))
        self._proposed = free_name(self._stem, self._format)

    def compose(self) -> ComposeResult:
        with Vertical(id="window") as window:
            window.border_title = "Export, in symbols" if self._symbolic else "Export"
            window.border_subtitle = "Enter writes the file · Tab next field · Esc closes"
            yield LineTable(id="formats")
            yield Label(Content(f"File, in {printable(str(Path.cwd()))}"))
            yield Input(self._proposed, id="name")
            yield Static("", id="said", markup=False)
            with Horizontal(id="buttons"):
                yield Button("Export", variant="primary", id="export")
                yield Button("Close", id="close")

    def on_mount(self) -> None:
        rows = [Row((name, SUFFIXES.get(name, "")), at) for at, name in enumerate(FORMATS)]
        self.query_one(LineTable).show(Table(("format", "file"), (False, False), rows))

    def on_line_table_cursor_moved(self, message: LineTable.CursorMoved) -> None:
        self._format = message.row.cells[0]
        field = self.query_one(Input)
        if field.value == self._proposed:  # a name of the reader's own stays
            self._proposed = field.value = free_name(self._stem, self._format)

    def on_input_changed(self) -> None:
        self._say("")

    async def on_input_submitted(self) -> None:
        await self.action_write()

    async def on_button_pressed(self, message: Button.Pressed) -> None:
        if message.button.id == "export":
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
        if path.exists():
            free = free_name(path.stem, self._format, path)
            self._say(f"{printable(name)} exists and is left as it is. Free is: {printable(free)}")
            return
        self._say("Writing…")
        try:
            await asyncio.to_thread(self._write, path)
        except BptuiError as error:
            self._say(printable(str(error), keep="\n"))
            return
        self.app.notify(f"wrote {printable(str(path))}", title="Export", markup=False)
        self.dismiss(None)

    def _write(self, path: Path) -> None:
        write_file(in_symbols(self._trace) if self._symbolic else self._trace, self._format, path)

    def _say(self, text: str) -> None:
        self.query_one("#said", Static).update(Content(text))


def file_stem(source: str, trace: Trace) -> str:
    """Return what the names of files made from a trace begin with: the scenario's own name, or its title."""
    return re.sub(r"[^\w.-]+", "-", Path(source).stem or trace.scenario.title).strip("-.") or "trace"


def free_name(stem: str, format: str, beside: Path | None = None) -> str:
    """Return the first name of the form `stem.txt`, `stem-2.txt`, … that nothing has, in the folder of `beside`."""
    folder = beside.parent if beside is not None else Path()
    suffix = beside.suffix if beside is not None else SUFFIXES.get(format, f".{format}")
    number, path = 1, folder / f"{stem}{suffix}"
    while path.exists() or path.is_symlink():
        number += 1
        path = folder / f"{stem}-{number}{suffix}"
    return str(path)
