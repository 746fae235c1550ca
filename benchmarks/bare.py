"""A bare Textual app to measure against: one widget that draws its lines itself, all of them anew at every key."""

from __future__ import annotations

from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.strip import Strip
from textual.widget import Widget

_STYLES = (Style(bold=True), Style(color="#4ebf71"), Style(), Style(color="#a0a0a0"))


class Lines(Widget):
    """Fills the screen with numbers that change at every key."""

    at = 0

    def render_line(self, y: int) -> Strip:
        width = self.size.width
        piece = f" {self.at:>8} {y:>4} " + f"{(self.at * 7919 + y * 104729) % 99991 / 99991:.4f}  " * 12
        pieces = [piece[start : start + 30] for start in range(0, width, 30)]
        segments = [Segment(text, _STYLES[at % 4]) for at, text in enumerate(pieces)]
        return Strip(segments).adjust_cell_length(width)


class Bare(App[None]):
    """Shows `Lines`."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("right", "move(1)"), Binding("left", "move(-1)")]
    ENABLE_COMMAND_PALETTE = False

    def compose(self) -> ComposeResult:
        yield Lines()

    def action_move(self, by: int) -> None:
        lines = self.query_one(Lines)
        lines.at += by
        lines.refresh()


if __name__ == "__main__":
    Bare().run()
