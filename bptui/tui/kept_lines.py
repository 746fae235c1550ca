"""A widget that hands out again what it has drawn, where nothing in it changed.

With every key, Textual asks each widget on the screen for all its lines, draws those that it was told are dirty and
puts the others through its filters once more. What is dirty it knows best, for styles, sizes, titles and scrolling all
come together there: so its own cache is asked.
"""

from __future__ import annotations

from functools import cached_property

from textual.containers import Horizontal, Vertical
from textual.events import Key
from textual.geometry import Region
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget


class KeptLines(Widget):
    """Keeps all its lines, with its frame around them, as they were handed out last."""

    _kept_region = Region()
    """The part of the widget that the lines are."""

    @cached_property
    def _kept_lines(self) -> list[Strip]:
        return []

    def render_lines(self, crop: Region) -> list[Strip]:
        cache = self._styles_cache
        if crop != self._kept_region or not cache._cache:
            self._kept_lines, self._kept_region = super().render_lines(crop), crop
        elif dirty := [y for y in cache._dirty_lines if crop.y <= y < crop.bottom]:
            first, end = min(dirty), max(dirty) + 1
            lines = super().render_lines(Region(crop.x, first, crop.width, end - first))
            self._kept_lines[first - crop.y : end - crop.y] = lines
        return self._kept_lines

    def put_in(self, lines: dict[int, Strip]) -> None:
        """Put these lines in, by their number in the content: they are drawn already, and nothing around them changed.

        What Textual would draw with its frame and its padding is what stands there before and behind them.
        """
        cache, region, gutter = self._styles_cache, self._kept_region, self.styles.gutter
        _, background = self.background_colors
        filters = self.get_line_filters()
        ends: tuple[Strip, Strip] | None = None
        for number, line in lines.items():
            y = number + gutter.top
            before = cache._cache.get(y)
            if before is None or y not in cache._dirty_lines or not region.y <= y < region.bottom:
                continue
            width = before.cell_length
            if ends is None:  # the same for all lines
                ends = before.crop(0, gutter.left), before.crop(gutter.left + line.cell_length, width)
            strip = cache._cache[y] = Strip([*ends[0], *line, *ends[1]], width)
            cache._dirty_lines.remove(y)
            for one in filters:
                strip = strip.apply_filter(one, background)
            self._kept_lines[y - region.y] = strip.crop(region.x, region.right)


class _Group(KeptLines):
    """A group of panels, to which keys are nothing: they go on to the screen at once."""

    def post_message(self, message: Message) -> bool:
        if isinstance(message, Key) and self.parent is not None:
            return self.parent.post_message(message)
        return super().post_message(message)


class Row(Horizontal, _Group):
    """Panels beside each other."""


class Column(Vertical, _Group):
    """Panels below each other."""
