"""The list of steps, forward and backward: what is done, where the walk is, what is to come."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

from rich.segment import Segment
from textual import events
from textual.message import Message
from textual.strip import Strip

from bptui.present.frame import StepLabel
from bptui.text import counted
from bptui.tui.line_view import LineView
from bptui.tui.shortening import cut


class StepList(LineView):
    """Shows the labels of the steps below a heading for each pass; its cursor is the step that the walk is at."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "step-list--heading",
        "step-list--done",
        "step-list--to-come",
        "step-list--current",
    }

    class StepChosen(Message):
        """The reader pointed at a step."""

        def __init__(self, step: int) -> None:
            super().__init__()
            self.step = step

    def __init__(self, labels: Sequence[StepLabel], forward: int, *, id: str | None = None) -> None:
        """Show `labels`, of which the first `forward` are the forward pass and the next one is the seed."""
        super().__init__(id=id)
        self._labels, self._forward = labels, forward
        self._digits = len(str(len(labels)))
        self._marked: Callable[[int], bool] = lambda step: False
        self.step = 0
        self.border_title = "Steps"

    def mark(self, marked: Callable[[int], bool]) -> None:
        """Mark the steps for which `marked` is true: breakpoints stop there."""
        self._marked = marked
        self._strips.clear()
        self.refresh()

    def go(self, step: int) -> None:
        """Light step `step`."""
        before, self.step = self.step, step
        if not self.display:  # it is drawn when it is shown again
            self._strips.clear()
            return
        low, high = sorted((self._line(before), self._line(step)))
        top = self.scroll_offset.y
        self.redraw(*range(max(low, top), min(high, top + self.page) + 1))
        for line in [line for line in self._strips if low <= line <= high]:
            del self._strips[line]
        self.after_resize()

    def after_resize(self) -> None:
        line = self._line(self.step)
        first = line - 1 if self._step(line - 1) is None else line  # its heading too, where it is the first
        self.reveal(first, line + min(3, self.page // 3))

    # -- lines and steps ---------------------------------------------------------------------------------------------

    @property
    def _headings(self) -> tuple[int, ...]:
        """The lines that are headings."""
        return (0, self._forward + 1) if self._forward else (0,)

    def _line(self, step: int) -> int:
        return step + (2 if self._forward and step >= self._forward else 1)

    def _step(self, line: int) -> int | None:
        """Return the step on a line, or None for a heading."""
        if line in self._headings or line < 0:
            return None
        return line - sum(heading < line for heading in self._headings)

    def line_count(self) -> int:
        return len(self._labels) + len(self._headings)

    # -- drawing -----------------------------------------------------------------------------------------------------

    def draw_line(self, index: int) -> Strip:
        step = self._step(index)
        if step is None:
            return self._drawn(self._heading(index), "step-list--heading")
        mark, state = ("✓", "done") if step < self.step else ("▶", "current") if step == self.step else (" ", "to-come")
        label = self._labels[step]
        text = f"seed {label.text}" if label.phase == "seed" else label.text
        stop = "◆" if self._marked(step) else " "
        return self._drawn(f"{mark}{stop}{step + 1:>{self._digits}} {text}", f"step-list--{state}")

    def _heading(self, line: int) -> str:
        if line == 0 and self._forward:
            return f"forward · {counted(self._forward, 'step')}"
        return f"backward · {counted(len(self._labels) - self._forward, 'step')}"

    def _drawn(self, text: str, component: str) -> Strip:
        width = self.room.width
        return Strip([Segment(cut(text, width), self.component(component))], width)

    # -- moving ------------------------------------------------------------------------------------------------------

    def move(self, lines: int) -> None:
        step = max(0, min(self.step + lines, len(self._labels) - 1))
        self.post_message(self.StepChosen(step))

    def on_click(self, event: events.Click) -> None:
        offset = event.get_content_offset(self)
        line = -1 if offset is None else offset.y + self.scroll_offset.y
        if line < self.line_count() and (step := self._step(line)) is not None:
            self.post_message(self.StepChosen(step))
