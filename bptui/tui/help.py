"""The help: every key, by what it is for."""

from __future__ import annotations

from textual.app import ComposeResult

from bptui.commands import GROUPS, IN_HELP
from bptui.present.layout import wrapped
from bptui.text import width as cells
from bptui.tui.bindings import bindings
from bptui.tui.configured import app_of
from bptui.tui.dialog import Dialog
from bptui.tui.text_view import Line, TextView, line

_INTRODUCTION = (
    "Steps are shown one at a time: the forward pass, the seed, then the backward pass, one operand at a time. "
    "Move the cursor in the table of elements (or in the ledger) and the equation above follows it. {read.panel} goes "
    "on to the values and the graph, where the arrows go from number to number and from node to node; {read.close} "
    "gives them back."
)
_MOUSE = (
    "Everything can be clicked: a step in the list, any place on the timeline (or drag along it), a cell of a table, "
    "a node of the graph, a key in the last line. The wheel scrolls the panel below the pointer; the graph is moved by "
    "dragging it, and zoomed by ctrl and the wheel."
)


class HelpScreen(Dialog[None]):
    """Shows all keys by group."""

    BINDINGS = bindings(IN_HELP)

    def compose(self) -> ComposeResult:
        view = TextView(self._lines, id="window")
        view.border_title = "Help"
        view.border_subtitle = self.with_keys("{dialog.close} closes · {lines.up} {lines.down} scroll")
        yield view

    def _lines(self, width: int) -> list[Line]:
        keymap = app_of(self).keymap
        key_width = max(cells(keymap.shown(command)) for _, commands in GROUPS for command in commands) + 2
        lines = [line(text) for text in wrapped(self.with_keys(_INTRODUCTION).plain, width)]
        for title, commands in GROUPS:
            lines += [line(""), line(title, "title")]
            for command in commands:
                first, *rest = wrapped(command.title, max(10, width - key_width - 1))
                lines.append(((f" {keymap.shown(command):<{key_width}}", "strong"), (first, "plain")))
                lines += [line(" " * (key_width + 1) + text) for text in rest]
        lines += [line(""), line("Mouse", "title")]
        return [*lines, *(line(f" {text}") for text in wrapped(_MOUSE, width - 1))]
