"""Drawing in ASCII alone: every strip of every widget passes here last, so that no widget knows of it."""

from __future__ import annotations

from rich.segment import Segment
from textual.color import Color
from textual.filter import LineFilter

from bptui.ascii import respelled


class AsciiFilter(LineFilter):
    """Spells what is drawn in ASCII, in the same cells."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        if all(segment.text.isascii() for segment in segments):
            return segments
        drawn = [(segment.text, segment.style) for segment in segments if not segment.control]
        return list(Segment.simplify(Segment(text, style) for text, style in respelled(drawn)))


ASCII = AsciiFilter()
"""The filter; there is one, so that what it has filtered is found again."""
