"""What the parts of the walk rely on: the trace, the place in it, and the panels that show them."""

from __future__ import annotations

from abc import abstractmethod

from textual.screen import Screen

from bptui.present.frame import Frame, Point, Table
from bptui.present.presentation import Presentation
from bptui.present.quiz import Known
from bptui.trace.record import Trace
from bptui.tui.kept_lines import KeptLines


class WalkPart(Screen[None], KeptLines):
    """A part of WalkScreen that stands in a file of its own: its commands and what they need to remember."""

    trace: Trace
    presentation: Presentation
    source: str
    """What the trace was opened from: a path, a bundled name, or nothing."""
    step: int

    @property
    @abstractmethod
    def shown(self) -> Presentation:
        """What frames and tables are taken from: in numbers or in symbols."""

    @property
    @abstractmethod
    def lacks_numbers(self) -> bool:
        """Whether there are symbols alone; the reader, who asked for what needs numbers, is told so."""

    @abstractmethod
    def numbers_changed(self) -> None:
        """Follow the trace, which has become another one of the same program."""

    @abstractmethod
    def leave_test(self) -> None:
        """Show again what was hidden to be predicted, if anything."""

    @abstractmethod
    def leave_symbols(self) -> None:
        """Show numbers, where symbols were shown."""

    @abstractmethod
    def say_mode(self) -> None:
        """Say anew what is shown, in the top line."""

    @property
    @abstractmethod
    def element(self) -> int:
        """The flat index of the element that the equation is about."""

    @abstractmethod
    def show_element(self, element: int) -> None:
        """Show the equation of another element of the present step, and its wire and node."""

    @abstractmethod
    def values(self, at: Point | None) -> Table:
        """Return the table of values at the present step; of a large array the part around `at`."""

    @abstractmethod
    def begin_at(self, step: int, cursors: dict[int, tuple[int, int, int]]) -> None:
        """Begin at `step`, with the cursors where they were: before the screen is shown."""

    @abstractmethod
    def go(self, step: int) -> None:
        """Go to step `step`, or the nearest that there is."""

    def looking(self) -> None:
        """Say that what was asked for is still looked for."""
        self.app.notify("looking through the steps… any move ends it", timeout=2)

    @abstractmethod
    def frame(self, element: int = 0, step: int | None = None) -> Frame:
        """Return what a step shows, the present one where none is named."""

    @property
    @abstractmethod
    def testing(self) -> bool:
        """Whether numbers are hidden, to be predicted."""

    @property
    @abstractmethod
    def known(self) -> Known | None:
        """Which values and complete gradients may be shown, while some are to be predicted; None where all may."""

    @property
    @abstractmethod
    def before_edits(self) -> Trace | None:
        """The trace without edits; None where nothing is edited."""

    @abstractmethod
    def refresh_step(self) -> None:
        """Show the present step anew, with the cursor where it is."""
