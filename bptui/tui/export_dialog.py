"""Export the trace: choose a format, what becomes of the answers, and a file's name; nothing is ever overwritten."""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import Iterable
from pathlib import Path

from textual import on
from textual.widget import Widget
from textual.widgets import Input

from bptui.errors import BptuiError
from bptui.exporting import FORMATS, SUFFIXES, write_file
from bptui.present.frame import Row, Table
from bptui.running import in_symbols
from bptui.text import printable
from bptui.trace.record import Trace
from bptui.tui.file_dialog import FileDialog
from bptui.tui.line_table import LineTable

ANSWERS = (
    ("shown", "everything is written", False, False),
    ("left blank", "a handout: the derivation with room for them", True, False),
    ("at the end", "a handout, and all answers on a page of their own", True, True),
)
"""What may become of a derivation's answers: name, words; whether they are left blank, and stand at the end."""


class ExportScreen(FileDialog[None]):
    """Asks for a format and a name, proposes one that is free, and writes the file."""

    does = "Export"

    def __init__(self, trace: Trace, source: str, symbolic: bool = False) -> None:
        self._trace, self._symbolic = trace, symbolic
        self.heading = "Export, in symbols" if symbolic else "Export"
        self._stem = file_stem(source, trace)
        self._format = next(iter(FORMATS))
        super().__init__(free_name(self._stem, self._format))

    def extra(self) -> Iterable[Widget]:
        yield LineTable(id="formats")
        yield LineTable(id="answers")

    def on_mount(self) -> None:
        rows = [Row((name, SUFFIXES[name], one.description), at) for at, (name, one) in enumerate(FORMATS.items())]
        table = Table(("format", "file", "what it is"), (False, False, False), rows)
        self.query_one("#formats", LineTable).show(table)
        choices = [Row(choice[:2], at) for at, choice in enumerate(ANSWERS)]
        self.query_one("#answers", LineTable).show(Table(("answers", "what it is"), (False, False), choices))

    @on(LineTable.CursorMoved, "#formats")
    def _format_chosen(self, message: LineTable.CursorMoved) -> None:
        self._choose(message.row.cells[0])
        field = self.query_one(Input)
        if field.value == self._proposed:  # a name of the reader's own stays
            self._proposed = field.value = free_name(self._stem, self._format)

    @on(Input.Changed, "#name")
    def _named(self, message: Input.Changed) -> None:
        """Choose the format whose files end as the name does."""
        suffix = Path(message.value).suffix
        named = next((name for name in FORMATS if SUFFIXES[name] == suffix), self._format)
        if named != self._format:
            self._choose(named)
            self.query_one("#formats", LineTable).move_to(list(FORMATS).index(named))

    def _choose(self, name: str) -> None:
        self._format = name
        self.query_one("#answers").display = FORMATS[name].write_document is not None

    async def use(self, path: Path) -> None:
        """Write the file, or say why not."""
        if os.path.lexists(path):
            free = free_name(path.stem, self._format, path)
            self.say(f"{printable(str(path))} exists and is left as it is. Free is: {printable(free)}")
            return
        self.say("Writing…")
        answers = self.query_one("#answers", LineTable)
        _, _, blanks, key = ANSWERS[answers.cursor if answers.display else 0]
        try:
            await asyncio.to_thread(self._write, path, blanks, key)
        except BptuiError as error:
            self.say(printable(str(error), keep="\n"))
            return
        self.app.notify(f"wrote {printable(str(path))}")
        self.dismiss(None)

    def _write(self, path: Path, blanks: bool, key: bool) -> None:
        trace = in_symbols(self._trace) if self._symbolic else self._trace
        write_file(trace, self._format, path, blanks=blanks, key=key)


def file_stem(source: str, trace: Trace) -> str:
    """Return what the names of files made from a trace begin with: the scenario's own name, or its title."""
    return re.sub(r"[^\w.-]+", "-", Path(source).stem or trace.scenario.title).strip("-.") or "trace"


def free_name(stem: str, format: str, beside: Path | None = None) -> str:
    """Return the first name of the form `stem.txt`, `stem-2.txt`, … that nothing has, in the folder of `beside`."""
    folder = beside.parent if beside is not None else Path()
    suffix = beside.suffix if beside is not None else SUFFIXES.get(format, f".{format}")
    number, path = 1, folder / f"{stem}{suffix}"
    while os.path.lexists(path):
        number += 1
        path = folder / f"{stem}-{number}{suffix}"
    return str(path)
