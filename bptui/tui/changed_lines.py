"""A widget that is painted anew only where it looks different: few bytes to the terminal, and little to draw."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable
from functools import cached_property
from typing import Self

from rich.style import Style
from textual.content import Content
from textual.geometry import Region
from textual.messages import Update
from textual.strip import Strip

from bptui.tui.kept_lines import KeptLines


class ChangedLines(KeptLines):
    """Remembers each of its lines as it was drawn last."""

    @cached_property
    def _painted(self) -> dict[int, Strip]:
        return {}

    @cached_property
    def _compared(self) -> dict[int, Strip]:
        """The lines that were drawn to be compared and are not painted yet."""
        return {}

    @cached_property
    def _looks(self) -> dict[str, Style]:
        return {}

    @cached_property
    def _titles(self) -> dict[str, str]:
        """The titles in the frame."""
        return {}

    @abstractmethod
    def line_at(self, y: int) -> Strip:
        """Draw line `y` of what is seen."""

    def render_line(self, y: int) -> Strip:
        strip = self._painted[y] = self.line_at(y)
        return strip

    def render_lines(self, crop: Region) -> list[Strip]:
        if self._styles_cache._cache:  # else it was resized, perhaps
            self.put_in(self._compared)
        self._compared.clear()
        return super().render_lines(crop)

    def refresh(self, *regions: Region, repaint: bool = True, layout: bool = False, recompose: bool = False) -> Self:
        self._compared.clear()
        return super().refresh(*regions, repaint=repaint, layout=layout, recompose=recompose)

    def refresh_changed(self, lines: Iterable[int] | None = None) -> None:
        """Repaint the lines that look different from what was painted last; `lines` are all that can, where known."""
        if not self._painted or not self.is_mounted:
            self.refresh()
            return
        painted, changed = self._painted, {}
        for y in range(self.scrollable_content_region.height) if lines is None else lines:
            strip = self.line_at(y)
            if strip != painted.get(y):
                changed[y] = painted[y] = strip
        if changed:
            # with the frame: lines cut off before it would cost more than they save
            left, width = -self.styles.gutter.left, self.outer_size.width
            self._set_dirty(*(Region(left, y, width, 1) for y in changed))
            self.screen.post_message(Update(self))  # at once, not after a round through this widget's own messages
            self._compared.update(changed)

    def component(self, name: str = "") -> Style:
        """Return the style of a component class, over this widget's background; without one, the widget's own."""
        style = self._looks.get(name)
        if style is None:
            style = self._looks[name] = self.get_component_rich_style(name) if name else self.rich_style
        return style

    def notify_style_update(self) -> None:
        self._looks.clear()
        self._painted.clear()
        self._compared.clear()
        super().notify_style_update()

    @property
    def framed(self) -> bool:
        """Whether there is a lower border, which the subtitle stands on."""
        return bool(self.styles.border_bottom[0])

    def label(self, title: str | None = None, subtitle: str | None = None) -> None:
        """Set the titles in the frame; what is None stays as it is."""
        if title is not None and title != self._titles.get("title"):
            self._titles["title"], self.border_title = title, Content(title)
        if subtitle is not None and subtitle != self._titles.get("subtitle", ""):
            self._titles["subtitle"], self.border_subtitle = subtitle, Content(subtitle)
