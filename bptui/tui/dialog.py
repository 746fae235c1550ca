"""What the small windows over the walk have in common: Escape closes them and changes nothing."""

from __future__ import annotations

from typing import TypeVar

from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from bptui.commands import IN_DIALOGS
from bptui.tui.bindings import bindings

Result = TypeVar("Result")


class Dialog(ModalScreen[Result]):
    """A window over the screen."""

    BINDINGS = bindings(IN_DIALOGS)

    def say(self, text: str) -> None:
        """Say what stands in the way, where the window has room for that."""
        self.query_one("#said", Static).update(Content(text))

    def action_close(self) -> None:
        """Close the window without a result."""
        self.dismiss(None)
