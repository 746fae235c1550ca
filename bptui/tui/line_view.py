"""A widget that draws only the lines on the screen: the base of the tables, the list of steps and the texts.

It opens on a million lines as fast as on fifty: a subclass says how many lines there are and draws one when asked.
"""

from __future__ import annotations

from abc import abstractmethod
from typing import ClassVar

from textual import events
from textual.actions import SkipAction
from textual.geometry import Region, Size
from textual.scroll_view import ScrollView
from textual.strip import Strip
from textual.widget import Widget

from bptui.commands import IN_LINES
from bptui.tui.bindings import bindings
from bptui.tui.changed_lines import ChangedLines

MOST_KEPT = 1000
"""How many drawn lines are kept."""


_SIDEWAYS = 8
"""How many cells a view scrolls sideways at once."""


class LineView(ScrollView, ChangedLines, can_focus=True, inherit_bindings=False):
    """Lines that scroll, below `fixed` lines that stay."""

    BINDINGS = bindings(IN_LINES)
    COMPONENT_CLASSES: ClassVar[set[str]] = {"line--plain"}

    stepping = False
    """Whether Home and End are the walk's while this has the focus, as left and right are."""

    fixed = 0
    """How many lines stay on top while the others scroll."""

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._strips: dict[int, Strip] = {}
        self._laid = Size(-1, -1)
        """The room that the lines were laid out for."""
        self._left = self._top = 0
        """How far it is scrolled: looked up for every line."""

    # -- what a subclass gives ---------------------------------------------------------------------------------------

    @abstractmethod
    def line_count(self) -> int:
        """Return how many lines there are, apart from the fixed ones."""

    @abstractmethod
    def draw_line(self, index: int) -> Strip:
        """Draw line `index`."""

    def draw_fixed(self, index: int) -> Strip:
        """Draw fixed line `index`."""
        return Strip.blank(self._laid.width, self.component())

    def lines_width(self) -> int:
        """Return how wide the lines are; where that is more than there is room for, the view scrolls sideways too."""
        return 0

    def lay_out(self) -> None:
        """Prepare for the present width; called when it changes and when the lines do."""

    @property
    def room(self) -> Size:
        """How many cells there are for the lines: the widget without its frame and scrollbars."""
        return self.scrollable_content_region.size

    # -- drawing -----------------------------------------------------------------------------------------------------

    def lines_changed(self) -> None:
        """Draw what looks different: there are other lines."""
        self._prepare()
        size = Size(self.lines_width(), self.line_count() + self.fixed)
        if size != self.virtual_size:
            if self.styles.auto_dimensions or not self.is_mounted:
                self.virtual_size = size  # and with it the place of everything else
            else:
                self.set_reactive(Widget.virtual_size, size)
                self._scroll_update(size)
        self.refresh_changed()

    def _prepare(self) -> None:
        self._strips.clear()
        self._laid = self.room
        self.lay_out()

    def redraw(self, *indices: int) -> None:
        """Draw these lines anew."""
        for index in indices:
            self._strips.pop(index, None)
            self.refresh_line(index + self.fixed)

    def render_lines(self, crop: Region) -> list[Strip]:
        if self.room.width != self._laid.width:  # drawn before it is told that it was resized
            self._compared.clear()
            self._prepare()
        return super().render_lines(crop)

    def line_at(self, y: int) -> Strip:
        left, width, style = self._left, self._laid.width, self.component()
        if y < self.fixed:
            return self.draw_fixed(y).crop_extend(left, left + width, style)
        index = y - self.fixed + self._top
        if index >= self.line_count():
            return Strip.blank(width, style)
        strip = self._strips.get(index)
        if strip is None:
            if len(self._strips) >= MOST_KEPT:
                self._strips.clear()
            strip = self._strips[index] = self.draw_line(index)
        return strip.crop_extend(left, left + width, style)

    def watch_scroll_x(self, old_value: float, new_value: float) -> None:
        self._left = round(new_value)
        super().watch_scroll_x(old_value, new_value)

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        self._top = round(new_value)
        super().watch_scroll_y(old_value, new_value)

    def notify_style_update(self) -> None:
        self._strips.clear()
        super().notify_style_update()

    def on_resize(self, event: events.Resize) -> None:
        self.lines_changed()
        self.after_resize()

    def after_resize(self) -> None:
        """Bring back into view what should be seen."""

    # -- moving ------------------------------------------------------------------------------------------------------

    @property
    def page(self) -> int:
        """How many lines are seen at once, apart from the fixed ones."""
        return max(1, self.room.height - self.fixed)

    def reveal(self, index: int, last: int | None = None) -> None:
        """Scroll as little as needed to see line `index`, and the lines to `last` where they fit as well."""
        last = index if last is None else min(last, index + self.page - 1)
        top = self.scroll_offset.y
        wanted = max(last - self.page + 1, min(top, index))
        if wanted != top:
            self.scroll_to(y=wanted, animate=False, force=True)

    def scroll_lines(self, lines: int) -> None:
        """Scroll by so many lines, down where positive."""
        self.scroll_to(y=self.scroll_offset.y + lines, animate=False)

    def move(self, lines: int) -> None:
        """Go so many lines down, or up: scrolls, unless a subclass has a cursor."""
        self.scroll_lines(lines)

    def action_up(self) -> None:
        self.move(-1)

    def action_down(self) -> None:
        self.move(1)

    def action_page_up(self) -> None:
        self.move(-max(1, self.page - 1))

    def action_page_down(self) -> None:
        self.move(max(1, self.page - 1))

    def action_left(self) -> None:
        self.scroll_to(x=self.scroll_offset.x - _SIDEWAYS, animate=False)

    def action_right(self) -> None:
        self.scroll_to(x=self.scroll_offset.x + _SIDEWAYS, animate=False)

    def action_first(self) -> None:
        self.move(-self.line_count())

    def action_last(self) -> None:
        self.move(self.line_count())

    def action_home(self) -> None:
        if self.stepping:
            raise SkipAction
        self.action_first()

    def action_end(self) -> None:
        if self.stepping:
            raise SkipAction
        self.action_last()
