"""The timeline: one line with both passes, what is done heavy, what is to come dashed; a click goes there."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import ClassVar

from msgspec import Struct
from textual import events
from textual.message import Message

from bptui.tui.one_line import OneLine, Part


class Scale(Struct, frozen=True):
    """How the steps of a walk lie on a line of `width` cells.

    The first `forward` steps lie on the first bar, the seed at the rule between the bars, the others on the second bar.
    """

    steps: int
    forward: int
    width: int

    @property
    def labels(self) -> tuple[str, str]:
        """What stands before the two bars."""
        if self.width < 40:
            return (" " if self.forward else "", " ")
        return (" forward " if self.forward else "", " backward ")

    @property
    def bars(self) -> tuple[int, int]:
        """How many cells the two bars have: in proportion to their steps, and each at least one for a step."""
        first, second = self.labels
        room = max(2, self.width - len(first) - len(second) - 2)
        if not self.forward:
            return 0, room
        backward = self.steps - self.forward - 1
        share = round(room * self.forward / max(1, self.forward + backward))
        least = min(8, room // 2)
        return (share := max(least, min(share, room - least))), room - share

    @property
    def rule(self) -> int:
        """The cell of the rule between the bars, where the seed is."""
        return len(self.labels[0]) + self.bars[0]

    @property
    def second(self) -> int:
        """The first cell of the second bar."""
        return self.rule + 1 + len(self.labels[1])

    def cell(self, step: int) -> int:
        """Return the cell that a step is drawn at."""
        if step == self.forward:
            return self.rule
        if step < self.forward:
            return len(self.labels[0]) + _spread(step, self.forward, self.bars[0])
        return self.second + _spread(step - self.forward - 1, self.steps - self.forward - 1, self.bars[1])

    def step(self, cell: int) -> int:
        """Return the step nearest to a cell."""
        if cell < self.rule:
            return _spread(cell - len(self.labels[0]), self.bars[0], self.forward)
        backward = self.steps - self.forward - 1
        if cell < self.second or not backward:
            return self.forward
        return self.forward + 1 + _spread(cell - self.second, self.bars[1], backward)


def _spread(index: int, count: int, places: int) -> int:
    """Return the place, of `places` in a row, of item `index` of `count` spread evenly from the first to the last."""
    index = max(0, min(index, count - 1))
    return round(index * (places - 1) / (count - 1)) if count > 1 else 0


class Timeline(OneLine):
    """Shows how far the walk is."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "timeline--label",
        "timeline--done",
        "timeline--to-come",
        "timeline--position",
        "timeline--stop",
    }

    class StepChosen(Message):
        """The reader pointed at a step."""

        def __init__(self, step: int) -> None:
            super().__init__()
            self.step = step

    def __init__(self, steps: int, forward: int, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._steps, self._forward, self._at = steps, forward, 0
        self._dragging = False
        self._marked: Sequence[int] = ()
        self._cells: tuple[Scale | None, frozenset[int]] = (None, frozenset())
        """The cells that are marked, and the scale that they are marked for."""

    def mark(self, steps: Sequence[int]) -> None:
        """Mark these steps: breakpoints stop there."""
        self._marked, self._cells = steps, (None, frozenset())
        self.refresh_changed()

    def go(self, step: int) -> None:
        """Mark step `step`."""
        self._at = step
        self.refresh_changed()

    def parts(self, width: int) -> Iterable[Part]:
        scale = Scale(self._steps, self._forward, width)
        position = scale.cell(self._at)
        if self._cells[0] != scale:
            self._cells = (scale, frozenset(map(scale.cell, self._marked)))
        first, second = scale.labels
        yield first, "timeline--label"
        yield from self._bar(len(first), scale.bars[0], position)
        if position == scale.rule:
            yield "●", "timeline--position"
        else:
            yield ("◆", "timeline--stop") if scale.rule in self._cells[1] else ("┃", "timeline--label")
        yield second, "timeline--label"
        yield from self._bar(scale.second, scale.bars[1], position)

    def _bar(self, start: int, length: int, position: int) -> Iterable[Part]:
        end = start + length
        for cell in sorted(cell for cell in {*self._cells[1], position} if start <= cell < end):
            yield self._between(start, cell, position)
            yield ("●", "timeline--position") if cell == position else ("◆", "timeline--stop")
            start = cell + 1
        yield self._between(start, end, position)

    def _between(self, start: int, end: int, position: int) -> Part:
        """Return cells between marks, which the walk has all passed or has all before it."""
        done = start < position
        return ("━" if done else "╌") * (end - start), "timeline--done" if done else "timeline--to-come"

    def on_mouse_down(self, event: events.MouseDown) -> None:
        self._dragging = True
        self.capture_mouse()
        self._point(event)

    def on_mouse_move(self, event: events.MouseMove) -> None:
        if self._dragging:
            self._point(event)

    def on_mouse_up(self, event: events.MouseUp) -> None:
        self._dragging = False
        self.release_mouse()

    def _point(self, event: events.MouseEvent) -> None:
        step = Scale(self._steps, self._forward, self.size.width).step(event.get_content_offset_capture(self).x)
        if step != self._at:
            self.post_message(self.StepChosen(step))
