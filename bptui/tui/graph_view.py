"""The graph of the computation, lit where the walk is: walked through node by node, zoomed by meaning, panned.

It draws only the rows on the screen. Try it on any scenario: `python -m bptui.tui.graph_view FILE`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import ClassVar

from rich.segment import Segment
from textual import events
from textual.binding import BindingType
from textual.geometry import Offset, Region, Size
from textual.message import Message
from textual.strip import Strip

from bptui.commands import IN_GRAPH
from bptui.graph import draw
from bptui.graph.building import build
from bptui.graph.drawing import STYLES, Direction, Drawing
from bptui.graph.model import ZOOMS, Zoom
from bptui.graph.progress import Progress, Walk
from bptui.trace.record import Trace
from bptui.tui.bindings import bindings
from bptui.tui.changed_lines import ChangedLines

_PANNED = 4
"""How many rows one key or one turn of the wheel pans; twice as many columns."""

_COMPONENTS = {name: f"graph--{name.replace('.', '-')}" for name in STYLES}
"""The component class of each style of the drawing."""


class GraphView(ChangedLines, can_focus=True):
    """Shows the graph of a trace's program at the step that the walk is at."""

    BINDINGS: ClassVar[list[BindingType]] = bindings(IN_GRAPH)
    COMPONENT_CLASSES: ClassVar[set[str]] = set(_COMPONENTS.values())
    DEFAULT_CSS = """
    GraphView { background: $background; color: $foreground; }
    .graph--node-todo { color: $text-muted; }
    .graph--node-done { color: $foreground; }
    .graph--node-grad { color: $text-success; }
    .graph--node-selected { background: $surface-lighten-2; color: $text; text-style: bold; }
    .graph--node-current { background: $primary; color: $text; text-style: bold; }
    .graph--edge-todo { color: $text-disabled; }
    .graph--edge-done { color: $text-muted; }
    .graph--edge-grad { color: $success; }
    .graph--edge-current { color: $accent; text-style: bold; }
    """

    class StepChosen(Message):
        """The reader wants to go to the step of a node."""

        def __init__(self, step: int) -> None:
            super().__init__()
            self.step = step

    class NodeSelected(Message):
        """The reader selected a node that stands for these values, the last the one that it hands on; or none."""

        def __init__(self, values: Sequence[int]) -> None:
            super().__init__()
            self.values = values

    def __init__(self, trace: Trace, *, zoom: Zoom = "lines", id: str | None = None) -> None:
        super().__init__(id=id)
        self._trace, self._walk = trace, Walk(trace)
        self._step = self._element = 0
        self._zoom: Zoom = zoom
        self._left = self._top = 0
        self._selected: int | None = None
        self._drawing: Drawing | None = None
        self._progress: Progress | None = None
        self._made_for: Size | None = None
        """The room that the drawing was made for; None where it is of another trace or step, for it was not seen."""
        self._held: Offset | None = None
        """Where the mouse button went down, or where a drag has come to."""
        self._dragged = False
        self.border_title = f"Graph · {zoom}"

    # -- what is shown -----------------------------------------------------------------------------------------------

    @property
    def zoom(self) -> Zoom:
        """The level of meaning that is shown."""
        return self._zoom

    @property
    def selected(self) -> Sequence[int]:
        """The values that the selected node stands for; none where none is selected."""
        if self._selected is None or self._drawing is None:
            return ()
        return self._drawing.graph.nodes[self._selected].values

    @property
    def pointed(self) -> tuple[int, int] | None:
        """The value that the selected node hands on, and the element of it that the node is; None without a node."""
        if self._selected is None or self._drawing is None:
            return None
        node = self._drawing.graph.nodes[self._selected]
        return (node.values[-1], node.element or 0) if node.values else None

    def go(self, step: int, element: int = 0, trace: Trace | None = None) -> None:
        """Light step `step` and bring it into sight; `element` is the cursor's, of what the step makes or adds to.

        `trace` is given where it may have become another one.
        """
        self._step, self._element = step, element
        if trace is not None and trace is not self._trace:
            if trace.program is not self._trace.program:
                self._selected = None
            self._trace, self._walk, self._made_for = trace, Walk(trace), None
        if not self.is_on_screen:
            self._made_for = None  # drawn when it is shown again
            return
        if self._drawing is None or self._made_for is None:
            self._redraw()
            return
        before, progress = self._progress, self._walk.at(self._drawing.graph, step, element)
        if self._zoom == "elements" or not progress.nodes or before is None:
            self._redraw()
            return
        window = self._left, self._top
        self._progress = progress
        self._follow()
        rows = self._drawing.changed(before, progress) if window == (self._left, self._top) else None
        self.refresh_changed(None if rows is None else self._seen(rows))

    def _seen(self, rows: Iterable[int]) -> list[int]:
        """Return which lines of the screen these rows of the drawing are."""
        return [row - self._top for row in rows if 0 <= row - self._top < self.size.height]

    def _redraw(self) -> None:
        """Make and paint the graph anew: at another zoom, for another operation, or with other room."""
        self._make()
        self.refresh()

    def _make(self) -> None:
        chosen, size = self.selected, self.size
        if not size:
            return
        self._made_for = size
        focus = self._walk.focus(self._step, self._element)
        graph = build(self._trace.program, self._zoom, focus, self._trace.choices)
        self._drawing = draw(graph, size.width)
        self._progress = self._walk.at(graph, self._step, self._element)
        self._selected = graph.by_value[chosen[-1]][0] if chosen and chosen[-1] in graph.by_value else None
        nodes = self._progress.nodes or ((0,) if graph.nodes else ())
        # as if one had come from the middle of where one is
        if nodes:
            box = self._drawing.layout.boxes[nodes[0]]
            self._left = (box.x + box.right - size.width) // 2
            self._top = (box.y + box.bottom - size.height) // 2
        self._follow()
        self.border_title = f"Graph · {self._zoom}"

    def _follow(self) -> None:
        """Pan as little as needed to see where the walk is."""
        if self._drawing is not None and self._progress is not None:
            self._left, self._top = self._drawing.window(
                self._progress.nodes, self._left, self._top, self.size.width, self.size.height
            )

    def line_at(self, y: int) -> Strip:
        width, base = self.size.width, self.component()
        if self._drawing is None or self._progress is None:
            return Strip.blank(width, base)
        runs = self._drawing.row(self._progress, y + self._top, self._left, width, self._selected)
        return Strip([Segment(text, self.component(_COMPONENTS[name]) if name else base) for text, name in runs], width)

    def render_lines(self, crop: Region) -> list[Strip]:
        if self.size != self._made_for:  # drawn before it is told that it was resized
            self._make()
        return super().render_lines(crop)

    def on_resize(self) -> None:
        if self.size != self._made_for:
            self._redraw()

    def on_show(self) -> None:
        if self._made_for is None:
            self._redraw()

    # -- by key ------------------------------------------------------------------------------------------------------

    def action_select(self, direction: Direction) -> None:
        """Select the next node in a direction; where none is selected, the one that the walk is at."""
        if self._drawing is None or self._progress is None or not self._drawing.graph.nodes:
            return
        if self._selected is None:
            self._select(self._progress.nodes[0] if self._progress.nodes else 0)
        elif (node := self._drawing.neighbour(self._selected, direction)) is not None:
            self._select(node)

    def _select(self, node: int | None) -> None:
        self._selected = node
        if node is not None and self._drawing is not None:
            self._left, self._top = self._drawing.window(
                [node], self._left, self._top, self.size.width, self.size.height
            )
        self.refresh()
        self.post_message(self.NodeSelected(self.selected))

    def action_go_to_node(self) -> None:
        """Ask to go to the selected node's step: where it is computed, or, going back, where its gradient is whole."""
        if self._drawing is None or self._selected is None:
            return
        step = self._walk.step_of(self._drawing.graph, self._selected, self._step >= self._trace.seed_step)
        if step is not None:
            self.post_message(self.StepChosen(step))

    def action_zoom(self, by: int) -> None:
        """Zoom in, or out where `by` is negative."""
        level = max(0, min(ZOOMS.index(self._zoom) + by, len(ZOOMS) - 1))
        if ZOOMS[level] != self._zoom:
            self._zoom = ZOOMS[level]
            self._redraw()

    def action_centre(self) -> None:
        """Show where the walk is, and select nothing."""
        self._select(None)
        self._redraw()

    def action_pan(self, x: int, y: int) -> None:
        """Pan to where `x` and `y` point."""
        self._pan(2 * _PANNED * x, _PANNED * y)

    def _pan(self, columns: int, rows: int) -> None:
        if self._drawing is not None:
            self._left, self._top = self._drawing.held(
                self._left + columns, self._top + rows, self.size.width, self.size.height
            )
            self.refresh()

    # -- by mouse ----------------------------------------------------------------------------------------------------

    def on_mouse_down(self, event: events.MouseDown) -> None:
        self._held, self._dragged = event.screen_offset, False
        self.capture_mouse()

    def on_mouse_move(self, event: events.MouseMove) -> None:
        if self._held is None:
            return
        moved = self._held - event.screen_offset
        if moved != Offset(0, 0):
            self._dragged, self._held = True, event.screen_offset
            self._pan(moved.x, moved.y)

    def on_mouse_up(self, event: events.MouseUp) -> None:
        self._held = None
        self.release_mouse()

    def on_click(self, event: events.Click) -> None:
        """Select the node below the pointer and go to its step."""
        place = event.get_content_offset(self)
        if self._dragged or place is None or self._drawing is None:
            return
        node = self._drawing.node_at(place.x + self._left, place.y + self._top)
        self._select(node)
        self.action_go_to_node()

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        self._wheel(event, -1)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        self._wheel(event, 1)

    def on_mouse_scroll_left(self, event: events.MouseScrollLeft) -> None:
        event.stop()
        self.action_pan(-1, 0)

    def on_mouse_scroll_right(self, event: events.MouseScrollRight) -> None:
        event.stop()
        self.action_pan(1, 0)

    def _wheel(self, event: events.MouseEvent, by: int) -> None:
        """Pan with the wheel; zoom with ctrl, pan sideways with shift."""
        event.stop()
        if event.ctrl:
            self.action_zoom(-by)
        elif event.shift:
            self.action_pan(by, 0)
        else:
            self.action_pan(0, by)


def _demonstrate(path: str) -> None:
    """Walk through the scenario in a file with nothing but its graph: `n` and `p` step, `+` and `-` zoom."""
    from textual.app import App, ComposeResult
    from textual.binding import Binding

    from bptui import load, run

    class Demonstration(App[None]):
        CSS = "GraphView { border: round $surface-lighten-2; }"
        BINDINGS: ClassVar[list[BindingType]] = [
            Binding("n", "step(1)"),
            Binding("p", "step(-1)"),
            Binding("plus", "zoom(1)"),
            Binding("minus", "zoom(-1)"),
            Binding("q", "quit"),
        ]

        def compose(self) -> ComposeResult:
            yield GraphView(trace)

        def action_step(self, by: int) -> None:
            self._go(self._at + by)

        def action_zoom(self, by: int) -> None:
            self.query_one(GraphView).action_zoom(by)

        def on_graph_view_step_chosen(self, message: GraphView.StepChosen) -> None:
            self._go(message.step)

        _at = 0

        def _go(self, step: int) -> None:
            self._at = max(0, min(step, len(trace.steps) - 1))
            self.query_one(GraphView).go(self._at)

    trace = run(load(path))
    Demonstration().run()


if __name__ == "__main__":
    import sys

    _demonstrate(sys.argv[1])
