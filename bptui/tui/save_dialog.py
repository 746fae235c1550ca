"""Save the edited scenario as a new file: what exists is never overwritten."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterable
from pathlib import Path

from textual.widget import Widget
from textual.widgets import Static

from bptui.errors import BptuiError
from bptui.exporting.scenario import write_scenario
from bptui.text import printable
from bptui.trace.record import Trace
from bptui.tui.export_dialog import file_stem, free_name
from bptui.tui.file_dialog import FileDialog


class SaveScreen(FileDialog[None]):
    """Asks for a name, proposes one that is free, and writes the scenario with the numbers of its trace."""

    heading, does = "Save as a new scenario file", "Save"
    suffixes = (".toml",)

    def __init__(self, trace: Trace, source: str) -> None:
        self._trace = trace
        name = f"{file_stem(source, trace)}-edited.toml"
        beside = Path(source).parent / name if os.path.isfile(source) else Path(name)
        super().__init__(free_name(beside.stem, "toml", beside=beside))

    def extra(self) -> Iterable[Widget]:
        yield Static("Comments and layout stay as they are; only the edited numbers are replaced.", markup=False)

    async def use(self, path: Path) -> None:
        """Write the file, or say why not."""
        try:
            await asyncio.to_thread(write_scenario, self._trace, path)
        except BptuiError as error:
            self.say(printable(str(error), keep="\n"))
            return
        self.app.notify(f"wrote {printable(str(path))}")
        self.dismiss(None)
