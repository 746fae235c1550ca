"""Drawing in ASCII alone, or without colour: every strip of every widget passes here last, so that none knows of it."""

from __future__ import annotations

from functools import lru_cache

from rich.segment import Segment
from rich.style import Style
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


class ColourlessFilter(LineFilter):
    """Takes away every colour, grey included, and leaves bold, underline and reverse."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        return [Segment(text, style and _without_colour(style), control) for text, style, control in segments]


@lru_cache(1024)
def _without_colour(style: Style) -> Style:
    return style.without_color + Style(dim=False, meta=style.meta or None)


ASCII, COLOURLESS = AsciiFilter(), ColourlessFilter()
"""The filters; there is one of each, so that what it has filtered is found again."""
