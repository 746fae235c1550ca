"""Go to a step by its number."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widgets import Input, Static

from bptui.text import printable
from bptui.tui.dialog import Dialog


class GoToScreen(Dialog[int | None]):
    """Asks for a step's number, as it is shown; gives the step, counted from 0."""

    def __init__(self, steps: int) -> None:
        super().__init__()
        self._steps = steps

    def compose(self) -> ComposeResult:
        with Vertical(id="window") as window:
            window.border_title = "Go to step"
            window.border_subtitle = "Enter goes there · Esc closes"
            yield Input(placeholder=f"1 to {self._steps}", max_length=20, id="number")
            yield Static("", id="said", markup=False)

    def on_input_changed(self) -> None:
        self.query_one("#said", Static).update("")

    def on_input_submitted(self, message: Input.Submitted) -> None:
        step = read_step(message.value, self._steps)
        if isinstance(step, int):
            self.dismiss(step)
        else:
            self.query_one("#said", Static).update(step)


def read_step(text: str, steps: int) -> int | str:
    """Return the step, counted from 0, whose number is `text`; or what is wrong with it."""
    text = text.strip()
    if not text:
        return f"Type a number from 1 to {steps}."
    if not (text.isascii() and text.isdecimal()):
        return f"`{printable(text)}` is no step's number: they are whole numbers from 1 to {steps}."
    number = int(text)
    if not 1 <= number <= steps:
        return f"There is no step {number}: the steps are 1 to {steps}."
    return number - 1
