"""Text that is wrapped to its widget and scrolls: the step panel, the description, the help."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

from rich.segment import Segment
from textual.geometry import Size
from textual.strip import Strip

from bptui.tui.line_view import LineView

_NARROWEST = 20
"""Below this width lines are not wrapped further, but cut."""

STYLES = ("plain", "title", "strong", "result", "muted")

Span = tuple[str, str]
"""Some characters and their style, one of STYLES."""

Line = tuple[Span, ...]


def line(text: str, style: str = "plain") -> Line:
    """Return a line in one style."""
    return ((text, style),)


class TextView(LineView):
    """Shows the lines that a function of the width returns."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        f"text--{style}" for style in ("plain", "title", "strong", "result", "muted")
    }

    def __init__(
        self, lines: Callable[[int], Sequence[Line]] | None = None, *, id: str | None = None, classes: str | None = None
    ) -> None:
        super().__init__(id=id, classes=classes)
        self._make = lines or (lambda width: ())
        self._lines: Sequence[Line] = ()

    def show(self, lines: Callable[[int], Sequence[Line]]) -> None:
        """Show other lines, from the top."""
        self._make = lines
        if self.scroll_offset.y:
            self.scroll_to(y=0, animate=False)
        self.lines_changed()

    def lay_out(self) -> None:
        self._lines = self._make(max(self.room.width, _NARROWEST))

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        return max(1, len(self._make(max(width, _NARROWEST))))

    def line_count(self) -> int:
        return len(self._lines)

    def draw_line(self, index: int) -> Strip:
        return Strip([Segment(text, self.component(f"text--{style}")) for text, style in self._lines[index]])
