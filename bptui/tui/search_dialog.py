"""Search: a text that occurs in a step's name, operation, formula or function call."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widgets import Input

from bptui.tui.dialog import Dialog


class SearchScreen(Dialog[str | None]):
    """Asks for a text; gives it as it was typed."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self._text = text

    def compose(self) -> ComposeResult:
        with Vertical(id="window") as window:
            window.border_title = "Search names, operations, formulas"
            window.border_subtitle = self.with_keys(
                "Enter finds · then {move.match} next, {move.match_back} previous · {dialog.close} closes"
            )
            yield Input(self._text, placeholder="sigmoid, dL/dW1, t*log(y) …", max_length=200, select_on_focus=True)

    def on_input_submitted(self, message: Input.Submitted) -> None:
        self.dismiss(message.value.strip() or None)
