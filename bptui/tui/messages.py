"""What is wrong with a file, over whatever is open: every fault with its place."""

from __future__ import annotations

from textual.app import ComposeResult

from bptui.errors import BptuiError
from bptui.present.layout import paragraph
from bptui.text import printable
from bptui.tui.dialog import Dialog
from bptui.tui.text_view import TextView, line


class MessagesScreen(Dialog[None]):
    """Shows the faults of a file until it is closed."""

    def __init__(self, title: str, error: BptuiError) -> None:
        super().__init__()
        self._title, self._said = title, printable(str(error), keep="\n")

    def compose(self) -> ComposeResult:
        view = TextView(lambda width: [line(text) for text in paragraph(self._said, width)], id="window")
        view.border_title = self._title
        view.border_subtitle = self.with_keys("{dialog.close} closes · {lines.up} {lines.down} scroll")
        yield view
