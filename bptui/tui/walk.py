"""The walk: one step of the trace at a time, with its equation, its table and everything known so far."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.screen import Screen

from bptui.present.frame import Phase, Row
from bptui.present.presentation import Presentation
from bptui.trace.record import Trace
from bptui.tui.commands import APP, FILES, IN_LINES, READING, WALKING, bindings
from bptui.tui.description import Description
from bptui.tui.key_line import KeyLine
from bptui.tui.line_table import LineTable
from bptui.tui.step_list import StepList
from bptui.tui.step_panel import StepPanel
from bptui.tui.timeline import Timeline
from bptui.tui.top_line import TopLine

_WIDTHS = [(0, "-narrow"), (100, "-wide")]
_HEIGHTS = [(0, "-tiny"), (13, "-short"), (30, "-tall")]
"""The style classes of the screen, by the width and the height from which on it has them."""

_TABLE_TITLES: dict[Phase, str] = {"forward": "Elements", "seed": "Seed", "backward": "Ledger"}


class WalkScreen(Screen[None]):
    """Walks through one trace."""

    BINDINGS = bindings(WALKING, READING, FILES)
    AUTO_FOCUS = ""
    HORIZONTAL_BREAKPOINTS = _WIDTHS
    VERTICAL_BREAKPOINTS = _HEIGHTS

    def __init__(self, trace: Trace, source: str) -> None:
        super().__init__()
        self.trace, self.source = trace, source
        self.presentation = Presentation(trace)
        self.step = 0
        self._rows: dict[int, int] = {}
        """By step: the row that the cursor was on when the step was left."""

    def compose(self) -> ComposeResult:
        steps, forward = len(self.presentation), self.trace.seed_step
        yield TopLine(self.presentation.title, id="top")
        with Horizontal(id="body"):
            yield StepList(self.presentation.labels, forward, id="steps")
            with Vertical(id="panels"):
                yield StepPanel(id="step")
                yield LineTable(id="elements")
                yield LineTable(quiet=True, id="values")
        yield Timeline(steps, forward, id="timeline")
        yield KeyLine([*WALKING, *IN_LINES, *READING, *FILES, *APP], id="keys")
        yield Description(self.presentation.title, self.presentation.description, id="description")

    def on_mount(self) -> None:
        self.query_one("#values").border_title = "Values and gradients"
        self._show_step()
        self.set_focus(self.query_one("#elements"))
        if self.presentation.description:
            self.query_one(Description).open()

    # -- what is shown -----------------------------------------------------------------------------------------------

    def go(self, step: int) -> None:
        """Go to step `step`, or the nearest that there is."""
        self.query_one(Description).close()
        step = max(0, min(step, len(self.presentation) - 1))
        if step != self.step:
            self._rows[self.step] = self.query_one("#elements", LineTable).cursor
            self.step = step
            self._show_step()

    def _show_step(self) -> None:
        frame = self.presentation.frame(self.step)
        cursor = self._rows.get(self.step, 0)
        row = frame.table.rows[cursor] if cursor else None
        if row is not None and row.element:
            frame = self.presentation.frame(self.step, row.element)
        self.query_one(TopLine).show(self.trace.mode, f"step {self.step + 1} of {frame.steps}", frame.phase)
        self.query_one(StepList).go(self.step)
        self.query_one(StepPanel).show_frame(frame)
        elements = self.query_one("#elements", LineTable)
        elements.border_title = frame.table.title or _TABLE_TITLES[frame.phase]
        elements.show(frame.table, cursor=cursor)
        values = self.presentation.values(self.step)
        self.query_one("#values", LineTable).show(values, lit=self.presentation.changed(self.step))
        self.query_one(Timeline).go(self.step)

    def on_line_table_cursor_moved(self, message: LineTable.CursorMoved) -> None:
        if message.table.id == "elements":
            self._show_element(message.row)

    def _show_element(self, row: Row) -> None:
        if row.element is not None:
            self.query_one(StepPanel).show_frame(self.presentation.frame(self.step, row.element))

    def on_step_list_step_chosen(self, message: StepList.StepChosen) -> None:
        self.go(message.step)

    def on_timeline_step_chosen(self, message: Timeline.StepChosen) -> None:
        self.go(message.step)

    # -- commands ----------------------------------------------------------------------------------------------------

    def _reading(self) -> bool:
        """Return whether the description was still open; it is closed then, and the step behind it seen first."""
        return self.query_one(Description).close()

    def action_next(self) -> None:
        if not self._reading():
            self.go(self.step + 1)

    def action_back(self) -> None:
        if not self._reading():
            self.go(self.step - 1)

    def action_start(self) -> None:
        self.go(0)

    def action_end(self) -> None:
        self.go(len(self.presentation) - 1)

    def action_go_to(self) -> None:
        """Ask for a step's number and go there."""
        from bptui.tui.go_to import GoToScreen

        self._reading()
        self.app.push_screen(GoToScreen(len(self.presentation)), lambda step: None if step is None else self.go(step))

    def action_about(self) -> None:
        """Show or hide the description."""
        self.query_one(Description).toggle()

    def action_close_about(self) -> None:
        """Hide the description."""
        self.query_one(Description).close()

    def action_toggle_steps(self) -> None:
        """Show or hide the list of steps."""
        shown = self.query_one(StepList).display
        self.set_class(not shown, "-with-steps")
        self.set_class(shown, "-without-steps")
        if shown and self.query_one(StepList).has_focus:
            self.query_one("#elements").focus()

    def action_export(self) -> None:
        """Ask for a format and a file's name and write the trace there."""
        from bptui.tui.export_dialog import ExportScreen

        self._reading()
        self.app.push_screen(ExportScreen(self.trace, self.source))
