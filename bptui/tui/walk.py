"""The walk: one step of the trace at a time, with its equation, its table and everything known so far."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from textual.app import ComposeResult
from textual.widget import Widget

from bptui.commands import (
    APP,
    COMMANDS,
    FIRST_ON_LINE,
    GRAPH,
    IN_GRAPH,
    IN_LINES,
    IN_VALUES,
    ON_WALK,
    WALKING,
    Command,
)
from bptui.present.frame import Frame, Phase, Point, Table
from bptui.present.presentation import presentation_in_symbols, presentation_of
from bptui.trace.breakpoints import Breakpoint
from bptui.trace.places import made_at
from bptui.trace.record import Trace
from bptui.tui.bindings import bindings
from bptui.tui.configured import app_of
from bptui.tui.description import Description
from bptui.tui.graph_view import GraphView
from bptui.tui.graphing import Graphing
from bptui.tui.in_symbols import InSymbols
from bptui.tui.keeping import Keeping
from bptui.tui.kept_lines import Column, Row
from bptui.tui.key_line import KeyLine
from bptui.tui.line_table import LineTable
from bptui.tui.line_view import LineView
from bptui.tui.marking import Marking
from bptui.tui.moving import Moving
from bptui.tui.pinned import PinnedPanel
from bptui.tui.playing import Playing
from bptui.tui.predicting import Predicting
from bptui.tui.reaching import Reaching
from bptui.tui.sizes import WALK_HEIGHTS, WIDTHS, fit
from bptui.tui.step_list import StepList
from bptui.tui.step_panel import StepPanel
from bptui.tui.text_view import TextView
from bptui.tui.timeline import Timeline
from bptui.tui.top_line import TopLine
from bptui.tui.values_panel import ValuesPanel
from bptui.tui.what_if import WhatIf
from bptui.tui.wires_panel import WiresPanel

_TABLE_TITLES: dict[Phase, str] = {"forward": "Elements", "seed": "Seed", "backward": "Ledger"}


class WalkScreen(Reaching, Moving, Playing, WhatIf, Predicting, Keeping, Marking, Graphing, InSymbols):
    """Walks through one trace."""

    BINDINGS = bindings(*ON_WALK)
    AUTO_FOCUS = ""
    HORIZONTAL_BREAKPOINTS = WIDTHS
    VERTICAL_BREAKPOINTS = WALK_HEIGHTS

    def __init__(
        self, trace: Trace, source: str, breakpoints: Sequence[Breakpoint] = (), symbolic: bool = False
    ) -> None:
        super().__init__()
        self.trace, self.source = trace.numbers or trace, source
        self.presentation = presentation_of(self.trace)
        self.step = 0
        self._symbols_first = symbolic
        if trace.mode == "symbols":
            self.symbols = self._kept = presentation_in_symbols(trace)
        self.begin_edits(self.trace, self.presentation)
        self.begin_stops(breakpoints)
        self._cursors = {}

    def compose(self) -> ComposeResult:
        fit(self)
        steps, forward = len(self.presentation), self.trace.seed_step
        yield TopLine(self.presentation.title, id="top")
        with Row(id="body"):
            yield StepList(self.presentation.labels, forward, id="steps")
            yield GraphView(self.trace, id="graph")
            with Column(id="panels"):
                yield StepPanel(id="step")
                yield WiresPanel(app_of(self).settings.wires, id="wires")
                yield LineTable(stepping=True, id="elements")
                yield ValuesPanel(id="values")
            yield PinnedPanel(id="pinned")
        yield TextView(id="fault")
        yield Timeline(steps, forward, id="timeline")
        yield KeyLine(self.keys_with((), IN_LINES), id="keys")
        yield Description(self.presentation.title, self.presentation.description, id="description")

    def on_mount(self) -> None:
        self._show_step()
        self.set_focus(self.query_one("#elements"))
        self.show_breakpoints()
        settings = app_of(self).settings
        self.set_class(not settings.graph, "-without-left")
        if settings.description and self.presentation.description and not (self.runs_first or self.resumed):
            self.query_one(Description).open()
        self.watch_file()
        self.call_after_refresh(self.record_rest)  # the first picture has its turn before
        if self._symbols_first and self.symbols is None:
            self.show_symbols()

    def keys_with(self, own: Sequence[Command], panel: Sequence[Command]) -> list[Command]:
        """Return the commands for the line of keys while a panel with these has the focus, its `own` early."""
        first = (COMMANDS[identity] for identity in FIRST_ON_LINE)
        others = (command for group in ON_WALK for command in group)
        return [*dict.fromkeys((*WALKING, *own, *first, *panel, *others)), *APP]

    def panels(self) -> Iterator[tuple[Widget, Sequence[Command]]]:
        """Yield the panels that are seen and have commands of their own, with these."""
        if self.query_one(GraphView).display:
            yield self.query_one(GraphView), IN_GRAPH
        yield self.query_one(ValuesPanel), IN_VALUES
        yield (self.focused if isinstance(self.focused, LineView) else self.query_one("#elements")), IN_LINES

    def on_descendant_focus(self) -> None:
        own: tuple[Command, ...] = ()
        panel: tuple[Command, ...] = IN_LINES
        if isinstance(self.focused, GraphView):
            own, panel = (*IN_GRAPH, *GRAPH), ()
        elif isinstance(self.focused, ValuesPanel):
            own = IN_VALUES
        self.query_one(KeyLine).show(self.keys_with(own, panel), (*own, *panel))
        self.say_pointed()

    # -- what is shown -----------------------------------------------------------------------------------------------

    def go(self, step: int) -> None:
        """Go to step `step`, or the nearest that there is."""
        self.query_one(Description).close()
        step = max(0, min(step, len(self.presentation) - 1))
        if self.waits_for(step):
            return
        if step != self.step:
            self.leave_step()
            self.step = step
            self._show_step()

    def frame(self, element: int = 0, step: int | None = None) -> Frame:
        """Return what a step shows: what edits changed is marked, and what is to be predicted hidden."""
        frame = self.shown.frame(self.step if step is None else step, element)
        return frame if self.symbols is not None else self.hidden(self.compared(frame))

    def values(self, at: Point | None) -> Table:
        """Return the table of values: what edits changed is marked, and what is to be predicted hidden."""
        tables = self.shown.value_tables
        if self.symbols is not None:
            return tables.table(self.step, at)
        return tables.table(self.step, at, self.before_edits, self.hides())

    def refresh_step(self) -> None:
        """Show the present step anew, with the cursor where it is."""
        self.leave_step()
        self._show_step()

    def _show_step(self) -> None:
        element, row, spot = self._cursors.get(self.step, (0, 0, 0))
        frame = self.frame(element)
        stops = self.show_stops(numbers=not self.testing)
        self._facts = (*self.moving_said, *self.playing_said, *stops, *self.edits_said, *self.score_said)
        self._facts += (f"step {self.step + 1} of {frame.steps}", frame.phase)
        self.say_mode()
        self.query_one(StepList).go(self.step)
        self.show_in_graph(frame.element)
        self.query_one(StepPanel).show_frame(frame)
        self.show_wires(frame, numbers=not self.testing)
        elements = self.query_one("#elements", LineTable)
        elements.label(frame.table.title or _TABLE_TITLES[frame.phase])
        self.show_tables(frame, row, spot)
        self.show_pinned()
        self.query_one(Timeline).go(self.step)

    def say_mode(self) -> None:
        self.query_one(TopLine).show(self.mode_said, *self.reaching_said, *self._facts)

    def begin_at(self, step: int, cursors: dict[int, tuple[int, int, int]]) -> None:
        self.resumed, self.step, self._cursors = True, min(step, len(self.presentation) - 1), cursors

    def show_element(self, element: int) -> None:
        self.query_one(StepPanel).show_frame(self.frame(element))
        self.light_wire(element)
        self.show_in_graph(element)

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
            self.go(self.heading + 1)

    def action_back(self) -> None:
        if not self._reading():
            self.go(self.step - 1)

    def action_start(self) -> None:
        self.go(0)

    def action_end(self) -> None:
        self.go(len(self.presentation) - 1)

    def action_go_to(self) -> None:
        """Ask for a step's number or an element's name, and go there."""
        from bptui.tui.go_to import GoToScreen

        self._reading()
        self.app.push_screen(GoToScreen(self.trace), self._gone_to)

    def _gone_to(self, chosen: int | Point | None) -> None:
        if isinstance(chosen, Point):
            step = made_at(self.trace, chosen.value, chosen.gradient)
            self.go(self.step if step is None else step)
            self.point_at(chosen)
        elif chosen is not None:
            self.go(chosen)

    def action_about(self) -> None:
        """Show or hide the description."""
        self.query_one(Description).toggle()

    def action_close_about(self) -> None:
        """Hide the description, and what is wrong with the file; or else show the panels beside the graph again.

        Failing all these, the table of the step gets the focus, and the arrows step.
        """
        self.close_fault()
        if not self.query_one(Description).close() and not self.close_graph():
            self.query_one("#elements").focus()

    def action_export(self) -> None:
        """Ask for a format and a file's name and write the trace there."""
        from bptui.tui.export_dialog import ExportScreen

        self._reading()
        self.app.push_screen(ExportScreen(self.trace, self.source, symbolic=self.symbols is not None))
