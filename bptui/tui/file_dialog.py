"""Naming a file: a path to type, with completion, and the folder's entries below it to choose from."""

from __future__ import annotations

import os
from abc import abstractmethod
from collections.abc import Iterable
from pathlib import Path
from typing import TypeVar

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.suggester import Suggester
from textual.widget import Widget
from textual.widgets import Input, Label, Static

from bptui.commands import IN_FILE
from bptui.files import present_folder, typed_path
from bptui.present.frame import Row, Table
from bptui.text import printable
from bptui.tui.bindings import bindings
from bptui.tui.dialog import Dialog
from bptui.tui.line_table import LineTable
from bptui.tui.sizes import HEIGHTS

Result = TypeVar("Result")

_MOST = 500
"""How many entries of a folder are listed."""


class FileDialog(Dialog[Result]):
    """Asks for a file; what is done with its path is a subclass's."""

    BINDINGS = bindings(IN_FILE)
    VERTICAL_BREAKPOINTS = HEIGHTS
    AUTO_FOCUS = "Input"

    heading = ""
    does = ""
    """What is done with the file, as the button says it."""
    suffixes: tuple[str, ...] = ()
    """How the names end of the files that are listed; without any, all are."""

    def __init__(self, proposed: str) -> None:
        super().__init__()
        self._proposed = proposed
        self._entries: list[str] = []
        self._folder: str | None = None

    def extra(self) -> Iterable[Widget]:
        """Return what else is asked for, above the path."""
        return ()

    def compose(self) -> ComposeResult:
        with Vertical(id="window", classes="files") as window:
            window.border_title = self.heading
            window.border_subtitle = self.with_keys(
                f"{{dialog.use}} {self.does.lower()}s · → completes · Tab the next part · {{dialog.close}} closes"
            )
            yield from self.extra()
            yield Label(Content(f"File, in {printable(present_folder())}"))
            yield Input(self._proposed, id="name", suggester=_Completion(self))
            yield Static("", id="said", markup=False)
            yield LineTable(id="entries")
            yield from self.buttons(use=self.does)

    def on_mount(self) -> None:
        self._list(self._proposed)

    # -- the folder --------------------------------------------------------------------------------------------------

    def _list(self, typed: str) -> None:
        """List the folder that the typed path is in; while it stays the same, the cursor does too."""
        folder = os.path.dirname(os.path.expanduser(typed))
        if folder == self._folder:
            return
        self._folder = folder
        self._entries = entries(folder or ".", self.suffixes)
        rows = [Row((printable(name),), at) for at, name in enumerate(self._entries)]
        shown = printable(folder) if folder else "this folder"
        self.query_one("#entries", LineTable).show(Table((shown,), (False,), rows))

    def completed(self, typed: str) -> str | None:
        """Return the typed path with the first entry's name that it begins, or None where there is none."""
        folder, start = os.path.split(typed)
        if not start:
            return None
        found = next((one for one in self._entries if one != "../" and one.startswith(start)), None)
        return None if found is None else os.path.join(folder, found)

    @on(Input.Changed, "#name")
    def _typed(self, message: Input.Changed) -> None:
        self.say("")
        if self.query("#entries"):
            self._list(message.value)

    @on(LineTable.RowChosen, "#entries")
    async def _clicked(self) -> None:
        await self._take()

    async def _take(self) -> None:
        """Go into the folder under the cursor, or take the file's name; a second time, use it."""
        row = self.query_one("#entries", LineTable).row
        if row is None or row.element is None:
            return
        field = self.query_one("#name", Input)
        folder = os.path.dirname(field.value)
        path = os.path.normpath(os.path.join(folder, self._entries[row.element]))
        path += "/" if self._entries[row.element].endswith("/") else ""
        if field.value == path:
            await self.use(self.path())
        field.value = path

    # -- the file ----------------------------------------------------------------------------------------------------

    def path(self) -> Path:
        """Return the path that is typed."""
        return typed_path(self.query_one("#name", Input).value)

    @abstractmethod
    async def use(self, path: Path) -> None:
        """Do with the file what it is named for, and close; or say why not."""

    async def on_input_submitted(self) -> None:
        await self.action_use()

    async def action_use(self) -> None:
        """Use the file that is typed; in the list, go where its cursor points."""
        if self.query_one("#entries", LineTable).has_focus:
            await self._take()
        else:
            await self._use_typed()

    async def _use_typed(self) -> None:
        if not self.query_one("#name", Input).value.strip():
            self.say("Type the name of a file.")
            return
        await self.use(self.path())


class _Completion(Suggester):
    """Suggests the rest of the name of the first entry that fits."""

    def __init__(self, dialog: FileDialog[Result]) -> None:
        super().__init__(use_cache=False, case_sensitive=True)
        self._completed = dialog.completed

    async def get_suggestion(self, value: str) -> str | None:
        return self._completed(value)


def entries(folder: str, suffixes: tuple[str, ...] = ()) -> list[str]:
    """Return the entries of a folder by name: the one above, folders (with `/` behind them), then files.

    Hidden ones are left out, and of a folder that cannot be read everything but the way up.
    """
    folders, files = [], []
    try:
        with os.scandir(folder) as found:
            for one in found:
                if one.name.startswith("."):
                    continue
                if _is_folder(one):
                    folders.append(f"{one.name}/")
                elif not suffixes or one.name.endswith(suffixes):
                    files.append(one.name)
    except (OSError, ValueError):
        return ["../"]
    return ["../", *sorted(folders), *sorted(files)][:_MOST]


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:
        return False
