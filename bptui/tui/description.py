"""The description of a scenario, over the walk until the first step is taken."""

from __future__ import annotations

from itertools import pairwise

from textual.content import Content
from textual.widget import Widget

from bptui.commands import IN_DESCRIPTION
from bptui.present.layout import paragraph
from bptui.text import width as cells
from bptui.tui.bindings import bindings
from bptui.tui.configured import key
from bptui.tui.text_view import Line, TextView, line


class Description(TextView):
    """Shows a title and a description, and what to press next."""

    stepping = True

    BINDINGS = bindings(IN_DESCRIPTION)

    def __init__(self, title: str, text: str, *, id: str | None = None) -> None:
        super().__init__(lambda width: description_lines(text, width), id=id)
        self.border_title = Content(title)
        self._behind: Widget | None = None

    @property
    def is_open(self) -> bool:
        return self.has_class("-open")

    def open(self) -> None:
        """Show the description and scroll it with the keys that move in a panel."""
        self.border_subtitle = Content(
            f"{key(self, 'walk.next')} begins the walk · {key(self, 'read.about')} shows this again"
        )
        self._behind = self.screen.focused
        self.add_class("-open")
        self.scroll_to(y=0, animate=False)
        self.focus()

    def close(self) -> bool:
        """Hide the description; returns whether it was open."""
        if not self.is_open:
            return False
        self.remove_class("-open")
        if self._behind is not None:
            self._behind.focus()
        return True

    def toggle(self) -> None:
        """Show the description, or hide it."""
        if not self.close():
            self.open()


def description_lines(text: str, width: int) -> list[Line]:
    """Return a description wrapped to `width`, or words that say that there is none."""
    return [line(part) for part in paragraph(flowing(text, width) or "This scenario has no description.", width)]


def flowing(text: str, width: int) -> str:
    """Return `text` with the line breaks taken out that its writer's editor made, where its lines do not fit `width`.

    Such a break is one before a word that had no room left; at any other the writer wanted a new line.
    """
    lines = text.split("\n")
    longest = max(map(cells, lines))
    if longest <= width:
        return text
    joined = lines[0]
    for before, after in pairwise(lines):
        wanted = not before or not after or cells(f"{before} {after.split(' ')[0]}") <= longest
        joined += ("\n" if wanted else " ") + after
    return joined
