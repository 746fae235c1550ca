"""A widget that is painted anew only where it looks different: few bytes to the terminal, and little to draw."""

from __future__ import annotations

from abc import abstractmethod
from functools import cached_property

from rich.style import Style
from textual.content import Content
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget


class ChangedLines(Widget):
    """Remembers each of its lines as it was drawn last."""

    @cached_property
    def _painted(self) -> dict[int, Strip]:
        return {}

    @cached_property
    def _looks(self) -> dict[str, Style]:
        return {}

    @abstractmethod
    def line_at(self, y: int) -> Strip:
        """Draw line `y` of what is seen."""

    def render_line(self, y: int) -> Strip:
        strip = self._painted[y] = self.line_at(y)
        return strip

    def refresh_changed(self) -> None:
        """Repaint the lines that look different from what was painted last."""
        if not self._painted or not self.is_mounted:
            self.refresh()
            return
        before, self._painted = self._painted, {}
        width, height = self.scrollable_content_region.size
        changed = [Region(0, y, width, 1) for y in range(height) if self.render_line(y) != before.get(y)]
        if changed:
            self.refresh(*changed)

    def component(self, name: str = "") -> Style:
        """Return the style of a component class, over this widget's background; without one, the widget's own."""
        style = self._looks.get(name)
        if style is None:
            style = self._looks[name] = self.get_component_rich_style(name) if name else self.rich_style
        return style

    def notify_style_update(self) -> None:
        self._looks.clear()
        self._painted.clear()
        super().notify_style_update()

    def label(self, title: str | None = None, subtitle: str | None = None) -> None:
        """Set the titles in the frame; what is None stays as it is."""
        if title is not None and Content(title).markup != (self.border_title or ""):
            self.border_title = Content(title)
        if subtitle is not None and Content(subtitle).markup != (self.border_subtitle or ""):
            self.border_subtitle = Content(subtitle)
