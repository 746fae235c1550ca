"""Numbers for a scenario that has symbols alone: one field for each array that lacks them."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import Input, Label, Static

import bptui
from bptui.commands import IN_NUMBERS
from bptui.errors import BptuiError
from bptui.ops.operation import shape_text
from bptui.running import givable
from bptui.scenario.claimed_number import read_number
from bptui.scenario.leaves import Leaf
from bptui.scenario.scenario import Scenario
from bptui.text import counted, printable
from bptui.trace.record import Trace
from bptui.tui.bindings import bindings
from bptui.tui.dialog import Dialog


class NumbersScreen(Dialog[Trace | None]):
    """Asks for the numbers that a scenario lacks; gives its trace in them."""

    BINDINGS = bindings(IN_NUMBERS)
    AUTO_FOCUS = "Input"

    def __init__(self, scenario: Scenario) -> None:
        super().__init__()
        self._scenario = scenario
        self._lacking = {name: leaf for name, leaf in givable(scenario).items() if leaf.value is None}

    def compose(self) -> ComposeResult:
        with Vertical(id="window") as window:
            window.border_title = "Numbers for the symbols"
            window.border_subtitle = self.with_keys(
                "{numbers.apply} shows the walk in numbers · Tab next field · {dialog.close} closes"
            )
            with VerticalScroll(id="numbers"):
                for at, (name, leaf) in enumerate(self._lacking.items()):
                    yield Label(Content(f"{name}: {_wanted(leaf)}"))
                    yield Input(placeholder=_example(leaf), id=f"numbers-{at}")
            yield Static("", id="said", markup=False)
            yield from self.buttons(apply="Show numbers")

    def on_input_submitted(self) -> None:
        self.action_apply()

    def action_apply(self) -> None:
        """Run the scenario with the numbers typed, or say what is missing."""
        values = {}
        for at, (name, leaf) in enumerate(self._lacking.items()):
            field = self.query_one(f"#numbers-{at}", Input)
            try:
                values[name] = read_array(field.value, leaf)
            except BptuiError as error:
                self.say(f"{name}: {error}")
                field.focus()
                return
        try:
            trace = bptui.run(self._scenario, values)
        except BptuiError as error:
            self.say(printable(str(error), keep="\n"))
            return
        self.dismiss(trace)


def read_array(text: str, leaf: Leaf) -> object:
    """Return the numbers of `text`, separated by spaces or commas, in the shape of `leaf`.

    Raises BptuiError where they are not numbers, or not as many.
    """
    size = leaf.size
    words = text.replace(",", " ").replace("[", " ").replace("]", " ").replace(";", " ").split()
    if len(words) != size:
        raise BptuiError(f"{counted(size, 'number')} are wanted, and {len(words)} stand here")
    numbers: list[object] = [read_number(word).number for word in words]
    for length in reversed(leaf.shape[1:]):
        numbers = [numbers[at : at + length] for at in range(0, len(numbers), length)]
    return numbers if leaf.shape else numbers[0]


def _wanted(leaf: Leaf) -> str:
    size = leaf.size
    return f"{counted(size, 'number')}, shape {shape_text(leaf.shape)}" if leaf.shape else "a number"


def _example(leaf: Leaf) -> str:
    size = leaf.size
    return " ".join(map(str, range(1, min(size, 8) + 1))) + (" …" if size > 8 else "")
