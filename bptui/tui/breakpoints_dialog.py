"""The list of breakpoints: add one by writing it; in the list, switch it on and off, delete it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from textual import events
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widgets import Input, Static

from bptui.commands import IN_BREAKPOINTS
from bptui.errors import BptuiError
from bptui.present.stops import breakpoint_table
from bptui.text import printable
from bptui.trace.breakpoints import Breakpoint, read_breakpoint
from bptui.trace.record import Trace
from bptui.tui.bindings import bindings
from bptui.tui.dialog import Dialog
from bptui.tui.line_table import LineTable

_WAIT = 0.1
"""Seconds between two looks at what has been found by now."""


class Stops(Protocol):
    """A walk with its breakpoints."""

    breakpoints: list[Breakpoint]
    trace: Trace

    def found(self, one: Breakpoint) -> Sequence[int] | None:
        """Return the steps that a breakpoint stops at; None while they are still being looked for."""

    def breakpoints_changed(self) -> None:
        """Show other breakpoints than before."""


class BreakpointsScreen(Dialog[None]):
    """Shows the walk's breakpoints with the steps that they stop at, and changes them."""

    BINDINGS = bindings(IN_BREAKPOINTS)
    AUTO_FOCUS = "Input"

    def __init__(self, walk: Stops) -> None:
        super().__init__()
        self._walk = walk

    def compose(self) -> ComposeResult:
        with Vertical(id="window", classes="breakpoints") as window:
            window.border_title = "Breakpoints"
            window.border_subtitle = self.with_keys(
                "Enter adds · ↑ list · {breakpoints.switch} switches · {breakpoints.delete} deletes"
                " · {dialog.close} closes"
            )
            yield LineTable(id="breakpoints")
            yield Input(
                placeholder="nan, |grad| < 1e-8, sign, line z1, op relu, W1(1,1) …",
                max_length=200,
                select_on_focus=False,
            )
            yield Static("", id="said", markup=False)
            yield from self.buttons(add="Add", switch="On or off", delete="Delete")

    def on_mount(self) -> None:
        self._show(0)
        self.set_interval(_WAIT, self._look_again)

    def _show(self, cursor: int) -> None:
        breakpoints = self._walk.breakpoints
        table = self.query_one(LineTable)
        self._shown = [self._walk.found(one) for one in breakpoints]
        table.show(breakpoint_table(breakpoints, self._shown), cursor=cursor)
        table.styles.height = min(max(1, len(breakpoints)), 8) + 3
        table.display = bool(breakpoints)

    def _look_again(self) -> None:
        """Show the steps that were found meanwhile."""
        if self._shown != [self._walk.found(one) for one in self._walk.breakpoints]:
            self._show(self.query_one(LineTable).cursor)

    def _changed(self, cursor: int) -> None:
        self._walk.breakpoints_changed()
        self._show(cursor)

    # -- commands ----------------------------------------------------------------------------------------------------

    def on_key(self, event: events.Key) -> None:
        """Go from the field into the list with its arrows, and back by typing what is no key of the list."""
        field, table = self.query_one(Input), self.query_one(LineTable)
        if field.has_focus and event.key in ("up", "down") and table.display:
            self.set_focus(table)
        elif event.is_printable and event.character is not None and event.key not in self.active_bindings:
            self.set_focus(field)
            field.insert_text_at_cursor(event.character)  # what the field has taken itself does not come here

    def on_input_changed(self) -> None:
        self.say("")

    def on_input_submitted(self, message: Input.Submitted) -> None:
        """Add what was typed; Enter without anything typed closes, so that two are enough to be back in the walk."""
        if message.value.strip() or not self._walk.breakpoints:
            self.action_add()
        else:
            self.dismiss(None)

    def action_add(self) -> None:
        """Add the breakpoint that is typed, or say what is wrong with it."""
        field = self.query_one(Input)
        try:
            one = read_breakpoint(self._walk.trace.program, field.value)
        except BptuiError as error:
            self.say(printable(str(error), keep="\n"))
            field.focus()
            return
        field.value = ""
        breakpoints = self._walk.breakpoints
        at = next((at for at, other in enumerate(breakpoints) if other.text == one.text), len(breakpoints))
        breakpoints[at : at + 1] = [one]
        self._changed(at)

    def action_switch(self) -> None:
        """Switch the breakpoint under the cursor on or off."""
        at = self._at()
        if at is not None:
            self._walk.breakpoints[at] = self._walk.breakpoints[at].switched()
            self._changed(at)

    def action_delete(self) -> None:
        """Delete the breakpoint under the cursor."""
        at = self._at()
        if at is not None:
            del self._walk.breakpoints[at]
            self._changed(at)
            if not self._walk.breakpoints:
                self.query_one(Input).focus()

    def _at(self) -> int | None:
        return self.query_one(LineTable).cursor if self._walk.breakpoints else None

    def on_line_table_row_chosen(self) -> None:
        self.action_switch()
