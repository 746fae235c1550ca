"""What if: another number for one element of a leaf, with the target over a range of such numbers as a small plot."""

from __future__ import annotations

import asyncio
import re

from msgspec import Struct
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.widgets import Input, Label, Static

from bptui.commands import IN_EDIT
from bptui.editing import Curve, LeafElement, curve, leaf_element, scalar, target_with
from bptui.errors import BptuiError, Fault
from bptui.present import numbers
from bptui.present.cells import pretty
from bptui.present.plot import Mark, plot
from bptui.scenario.claimed_number import read_number
from bptui.text import printable
from bptui.trace.record import Trace
from bptui.tui.beside import run_beside
from bptui.tui.bindings import bindings
from bptui.tui.configured import app_of
from bptui.tui.dialog import Dialog
from bptui.tui.text_view import Line, TextView, line

_PAUSE = 0.15
"""Seconds without a key after which the plot is made."""


_MARKS = "●◆"
_DRAWN = re.compile(f"([{_MARKS}]|[▀-▟]+)")
"""A mark, or a piece of the curve."""

_UNTOLD = "The plot is hidden while you test yourself: it would tell what is to be predicted."


class Edit(Struct, frozen=True):
    """What the reader asked for."""

    element: LeafElement
    number: float


class EditScreen(Dialog[Edit | None]):
    """Asks for an element and its new number, and shows what the target would be; gives the edit."""

    BINDINGS = bindings(IN_EDIT)
    AUTO_FOCUS = "#number"

    def __init__(self, trace: Trace, element: LeafElement, *, told: bool = True) -> None:
        """Ask about `element` first; without `told`, the target and its plot stay hidden."""
        super().__init__()
        self._told = told
        self._trace, self._element = trace, element
        self._curve: Curve | None = None
        self._then: tuple[float, float] | None = None
        """The number that was typed last, and the target with it."""

    def compose(self) -> ComposeResult:
        trace = self._trace
        with Vertical(id="window", classes="what-if") as window:
            window.border_title = "What if"
            window.border_subtitle = self.with_keys("{edit.apply} puts it in · Tab next field · {dialog.close} closes")
            with Horizontal(id="fields"):
                for name, title, text in (
                    ("element", "element", self._element.name(trace)),
                    ("number", "its value, or x = 0.3", repr(self._element.number(trace))),
                    ("range", "plotted over", _range_text(*_around(self._element.number(trace)))),
                ):
                    with Vertical():
                        yield Label(title)
                        yield Input(text, max_length=80, id=name, select_on_focus=True)
            yield Static("", id="said", markup=False)
            yield TextView(id="plot")
            yield from self.buttons(apply="Put it in")

    def on_mount(self) -> None:
        self._draw()
        run_beside(self, "curve", self._compute)

    # -- fields ------------------------------------------------------------------------------------------------------

    def _typed(self, field: str) -> str:
        return self.query_one(f"#{field}", Input).value

    def _typed_number(self) -> str:
        return self._typed("number").rpartition("=")[2]

    def on_input_changed(self, message: Input.Changed) -> None:
        self.say("")
        name, equals, _ = message.value.partition("=")
        if message.input.id == "element" or (message.input.id == "number" and equals):
            try:
                element = leaf_element(self._trace, name)
            except BptuiError as error:
                if equals:  # else it is said when it is put in: a name is typed letter by letter
                    self.say(printable(str(error), keep="\n"))
                    self.workers.cancel_group(self, "curve")
                    self._then = None
                    self._draw()
                return
            if element != self._element:
                self._point_at(element, typed_as_number=bool(equals))
        run_beside(self, "curve", self._compute)

    def _point_at(self, element: LeafElement, typed_as_number: bool) -> None:
        """Ask about another element, which was typed in its own field, or before the number as `w = 0.3`."""
        self._element = element
        if typed_as_number:
            with self.prevent(Input.Changed):
                self.query_one("#element", Input).value = element.name(self._trace)
        else:
            self.query_one("#number", Input).value = repr(element.number(self._trace))
        self.query_one("#range", Input).value = _range_text(*_around(element.number(self._trace)))

    async def _compute(self) -> None:
        """Compute the curve, and the target with the number typed, off the screen's own thread."""
        # Read now: a later change begins this anew, and while this waits the dialog may be closed.
        element, number, ends = self._element, self._typed_number(), self._typed("range")
        await asyncio.sleep(_PAUSE)
        try:
            typed = read_number(number).number
            self._then = typed, await asyncio.to_thread(target_with, self._trace, element, typed)
        except BptuiError:
            self._then = None
        try:
            low, high = read_range(ends)
            if self._curve is None or self._curve.element != element or self._ends() != (low, high):
                self._curve = await asyncio.to_thread(curve, self._trace, element, low, high)
        except BptuiError:
            self._curve = None
        self._draw()

    def _ends(self) -> tuple[float, float]:
        assert self._curve is not None
        return float(self._curve.inputs[0]), float(self._curve.inputs[-1])

    # -- the plot ----------------------------------------------------------------------------------------------------

    def _draw(self) -> None:
        self.query_one("#plot", TextView).show(self._drawn if self._told else lambda width: [line(_UNTOLD, "muted")])

    def _drawn(self, width: int) -> list[Line]:
        trace, element = self._trace, self._element
        loss, name = trace.program.loss, pretty(element.name(trace))
        here, now = element.number(trace), scalar(trace)
        said = f"{loss} = {numbers.number(now)} at {name} = {numbers.number(here)}"
        said += f", slope {numbers.number(element.slope(trace))}"
        lines = [line(said, "strong")]
        ascii = app_of(self).settings.ascii
        marks = [Mark(here, now, "o" if ascii else _MARKS[0])]
        if self._then is not None:
            typed, then = self._then
            if typed != here:
                lines = [
                    line(said, "muted"),
                    line(f"{loss} = {numbers.number(then)} at {name} = {numbers.number(typed)}", "strong"),
                ]
                marks.append(Mark(typed, then, "x" if ascii else _MARKS[1]))
        if self._curve is None:
            return lines
        height = self.query_one("#plot", TextView).room.height - len(lines)
        drawn = plot(self._curve.inputs, self._curve.outputs, width, max(height, 3), marks, ascii=ascii)
        return [*lines, *map(_styled, drawn)]

    # -- commands ----------------------------------------------------------------------------------------------------

    def on_input_submitted(self) -> None:
        self.action_apply()

    def action_apply(self) -> None:
        """Give the edit, or say what is wrong with it."""
        try:
            name, equals, _ = self._typed("number").partition("=")
            element = leaf_element(self._trace, name if equals else self._typed("element"))
            number = read_number(self._typed_number()).number
        except BptuiError as error:
            self.say(printable(str(error), keep="\n"))
            return
        if repr(number) == repr(element.number(self._trace)):  # -0 is not 0
            self.say(f"{pretty(element.name(self._trace))} is {numbers.number(number)} already: type another number.")
            return
        self.dismiss(Edit(element, number))


def _styled(text: str) -> Line:
    """Return a line of the plot with its marks before the curve."""
    parts = _DRAWN.split(text)
    return tuple(
        (part, "plain" if not at % 2 else "strong" if part in _MARKS else "muted") for at, part in enumerate(parts)
    )


def read_range(text: str) -> tuple[float, float]:
    """Return the ends of a range, `-1 to 1`; raises BptuiError where it is none."""
    low, to, high = text.partition(" to ")
    if not to:
        raise BptuiError(Fault("a range is written `-1 to 1`"))
    return read_number(low).number, read_number(high).number


def _around(number: float) -> tuple[float, float]:
    """Return a range around `number`: as far as it is from 0, and at least 1 to either side."""
    reach = max(1.0, abs(number)) if abs(number) < 1e300 else 1.0
    return number - reach, number + reach


def _range_text(low: float, high: float) -> str:
    return f"{low:.6g} to {high:.6g}"
