"""A widget of one line that is made of spans, the base of the top line, the timeline and the line of keys."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable

from rich.segment import Segment
from textual.strip import Strip
from textual.widget import Widget

Part = tuple[str, str]
"""Some characters and the component class that they are drawn in."""


class OneLine(Widget):
    """Draws the parts that `parts` returns for the width."""

    @abstractmethod
    def parts(self, width: int) -> Iterable[Part]:
        """Return the line's parts, together at most `width` cells."""

    def render_line(self, y: int) -> Strip:
        segments = [Segment(text, self.get_component_rich_style(name)) for text, name in self.parts(self.size.width)]
        return Strip(segments).adjust_cell_length(self.size.width, self.rich_style)
