"""A widget of one line that is made of spans, the base of the top line, the timeline and the line of keys."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable
from itertools import groupby
from operator import itemgetter

from rich.segment import Segment
from textual.strip import Strip

from bptui.tui.changed_lines import ChangedLines

Part = tuple[str, str]
"""Some characters and the component class that they are drawn in."""


class OneLine(ChangedLines):
    """Draws the parts that `parts` returns for the width."""

    @abstractmethod
    def parts(self, width: int) -> Iterable[Part]:
        """Return the line's parts, together at most `width` cells."""

    def line_at(self, y: int) -> Strip:
        alike = groupby(filter(itemgetter(0), self.parts(self.size.width)), itemgetter(1))
        segments = [Segment("".join(text for text, _ in parts), self.component(name)) for name, parts in alike]
        return Strip(segments).adjust_cell_length(self.size.width, self.component())
