"""The keys: every command once, with its keys, the words that explain it, and what it does.

Bindings, the line of keys at the bottom, the help screen and the command palette are all made from this list.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from textual.binding import Binding, BindingType


@dataclass(frozen=True, slots=True)
class Command:
    """Something that the reader can do."""

    id: str
    """Its name in a keymap: `walk.next`."""
    keys: str
    """Textual's names of its keys, separated by commas."""
    action: str
    title: str
    """What it does, in the help and the palette."""
    shown: str
    """Its keys as they are printed."""
    label: str = ""
    """Its word in the line of keys; nothing where it does not stand there."""
    priority: bool = False


WALKING = (
    Command("walk.next", "right,n,space", "screen.next", "Next step", "→ n space", "next"),
    Command("walk.back", "left,p", "screen.back", "Previous step", "← p", "back"),
    Command("walk.start", "g,home", "screen.start", "First step", "g Home"),
    Command("walk.end", "G,end", "screen.end", "Last step", "G End"),
    Command("walk.go_to", "colon,ctrl+g", "screen.go_to", "Go to a step by its number", ": ctrl+g", "go to"),
)

READING = (
    Command("read.panel", "tab", "app.focus_next", "Next panel", "Tab"),
    Command("read.panel_back", "shift+tab", "app.focus_previous", "Previous panel", "shift+Tab"),
    Command("read.steps", "l", "screen.toggle_steps", "Show or hide the list of steps", "l", "steps"),
    Command("read.about", "d", "screen.about", "Show or hide the description", "d", "about"),
    Command("read.close", "escape", "screen.close_about", "Close the description", "Esc"),
)

FILES = (
    Command("file.open", "o", "app.choose", "Open another bundled scenario", "o", "open"),
    Command("file.export", "x", "screen.export", "Export the trace to a file", "x", "export"),
)

APP = (
    Command("app.palette", "ctrl+p", "app.command_palette", "Command palette: every command by name", "ctrl+p", "more"),
    Command("app.help", "question_mark", "app.help", "Help: all keys", "?", "help"),
    Command("app.quit", "q", "app.leave(0)", "Quit", "q", "quit"),
    Command("app.interrupt", "ctrl+c", "app.leave(130)", "Quit with status 130", "ctrl+c", priority=True),
)

CHOOSING = (
    Command("choose.open", "enter", "screen.open", "Open the scenario under the cursor", "⏎", "open"),
    Command("choose.back", "escape", "screen.back", "Back to the walk", "Esc", "back"),
)

IN_LINES = (
    Command("lines.up", "up,k", "up", "The row above", "↑ k"),
    Command("lines.down", "down,j", "down", "The row below", "↓ j", "element"),
    Command("lines.page_up", "pageup", "page_up", "A page up", "PageUp"),
    Command("lines.page_down", "pagedown", "page_down", "A page down", "PageDown"),
    Command("lines.left", "shift+left", "left", "Sideways to the left, where the rows are wider", "shift+←"),
    Command("lines.right", "shift+right", "right", "Sideways to the right", "shift+→"),
    Command("lines.first", "home", "first", "First row, where the panel holds more than it shows", "Home"),
    Command("lines.last", "end", "last", "Last row, where the panel holds more than it shows", "End"),
)
"""Commands of the panel that has the focus. In the table of elements, the equation follows the cursor."""

GROUPS = (
    ("Walking", WALKING),
    ("Reading", READING),
    ("In the panel with the thick frame", IN_LINES),
    ("Files", FILES),
    ("The app", APP),
    ("In the list of scenarios", CHOOSING),
)


def bindings(*groups: Iterable[Command]) -> list[BindingType]:
    """Return the commands as bindings, each with its id, so that a keymap can give it other keys."""
    return [
        Binding(command.keys, command.action, command.title, show=False, id=command.id, priority=command.priority)
        for group in groups
        for command in group
    ]
