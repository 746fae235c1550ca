"""What the small windows over the walk have in common: Escape closes them and changes nothing."""

from __future__ import annotations

import re
from typing import TypeVar

from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Button, Static

from bptui.commands import IN_DIALOGS
from bptui.tui.bindings import bindings
from bptui.tui.configured import key

Result = TypeVar("Result")

_COMMAND = re.compile(r"\{([a-z._]+)\}")


class Dialog(ModalScreen[Result]):
    """A window over the screen."""

    BINDINGS = bindings(IN_DIALOGS)

    def with_keys(self, text: str) -> Content:
        """Return `text` with the first key of a command in the place of its name: `{dialog.close} closes`."""
        return Content(_COMMAND.sub(lambda found: key(self, found[1]).replace("⏎", "Enter"), text))

    def buttons(self, **labels: str) -> ComposeResult:
        """Yield a row of buttons by their actions, the first of which Enter runs, and one that closes the window."""
        with Horizontal(id="buttons"):
            for at, (identity, label) in enumerate(labels.items()):
                yield Button(label, variant="default" if at else "primary", id=identity)
            yield Button("Close", id="close")

    async def on_button_pressed(self, message: Button.Pressed) -> None:
        await self.run_action(f"screen.{message.button.id}")

    def say(self, text: str) -> None:
        """Say what stands in the way, where the window has room for that."""
        self.query_one("#said", Static).update(Content(text))

    def action_close(self) -> None:
        """Close the window without a result."""
        self.dismiss(None)
