"""Go to a step by its number, or to an element by its name."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widgets import Input, Static

from bptui.errors import BptuiError
from bptui.present.frame import Point
from bptui.present.reference import read_point
from bptui.text import printable
from bptui.trace.record import Trace
from bptui.tui.dialog import Dialog


class GoToScreen(Dialog[int | Point | None]):
    """Asks for a step's number, as it is shown, or a name; gives the step, counted from 0, or the element."""

    def __init__(self, trace: Trace) -> None:
        super().__init__()
        self._trace, self._steps = trace, len(trace.steps)

    def compose(self) -> ComposeResult:
        with Vertical(id="window") as window:
            window.border_title = "Go to a step, or to an element"
            window.border_subtitle = self.with_keys("Enter goes there · {dialog.close} closes")
            yield Input(placeholder=self._example(), max_length=200, id="number")
            yield Static("", id="said", markup=False)

    def _example(self) -> str:
        program = self._trace.program
        value = next((one for one in (*program.wrt, *program.names) if program.values[program.names[one]].size), None)
        steps = f"1 to {self._steps}"
        if value is None:
            return steps
        last = program.values[program.names[value]]
        element = program.element_name(last.id, last.size - 1)
        return f"{steps}, {element}, {program.derivative_name(last.id, last.size - 1)} …"

    def on_input_changed(self) -> None:
        self.query_one("#said", Static).update("")

    def on_input_submitted(self, message: Input.Submitted) -> None:
        found = self._read(message.value)
        if isinstance(found, str):
            self.query_one("#said", Static).update(found)
        else:
            self.dismiss(found)

    def _read(self, text: str) -> int | Point | str:
        """Return the step or the element that `text` means, or what is wrong with it."""
        if not text.strip()[:1].isalpha() and not text.strip().startswith(("_", "∂")):
            return read_step(text, self._steps)
        try:
            return read_point(self._trace.program, text.strip())
        except BptuiError as error:
            return printable(str(error), keep="\n")


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
