"""The graph in the walk: beside the panels or over all of the screen, and lit where the walk is."""

from __future__ import annotations

from bptui.tui.graph_view import GraphView
from bptui.tui.step_list import StepList
from bptui.tui.walk_part import WalkPart


class Graphing(WalkPart):
    """What is seen in the left column: the graph, the list of steps, or nothing; and the graph alone.

    A wide screen begins with the graph beside the panels. A narrow one has no room for both, and shows the graph alone.
    """

    def show_in_graph(self, element: int) -> None:
        """Light the present step, with the cursor on `element`."""
        graph = self.query_one(GraphView)
        graph.go(self.step, element, self.trace)
        graph.label(subtitle=self.presentation.labels[self.step].text if self._graph_alone else "")

    @property
    def _graph_alone(self) -> bool:
        return self.has_class("-graph-alone")

    # -- commands ----------------------------------------------------------------------------------------------------

    def action_toggle_steps(self) -> None:
        """Show the list of steps in the left column; hide the column where it is shown already."""
        shown = self.query_one(StepList).display
        self._show_left(steps=not shown, nothing=shown)

    def action_toggle_graph(self) -> None:
        """Show the graph in the left column; the list of steps where it is shown already."""
        if self._graph_alone or not self.has_class("-wide"):
            self.action_graph_alone()
        else:
            self._show_left(steps=bool(self.query_one(GraphView).display))

    def action_graph_alone(self) -> None:
        """Show the graph on all of the screen, or the panels again."""
        self.toggle_class("-graph-alone")
        self.show_in_graph(self.element)
        self._focus_what_is_seen()

    def action_zoom(self, by: int) -> None:
        """Zoom into the graph, or out of it, where it is shown."""
        graph = self.query_one(GraphView)
        if graph.display:
            graph.action_zoom(by)

    def close_graph(self) -> bool:
        """Show the panels where the graph is alone; return whether it was."""
        alone = self._graph_alone
        if alone:
            self.action_graph_alone()
        return alone

    def _show_left(self, *, steps: bool = False, nothing: bool = False) -> None:
        self.remove_class("-graph-alone")
        self.set_class(steps, "-with-steps")
        self.set_class(nothing, "-without-left")
        self._focus_what_is_seen()

    def _focus_what_is_seen(self) -> None:
        """Give the keys to the graph where it is alone, and take them from what is hidden."""
        graph, steps, focused = self.query_one(GraphView), self.query_one(StepList), self.focused
        if self._graph_alone:
            graph.focus()
        elif focused is graph and steps.display and not graph.display:
            steps.focus()
        elif focused is steps and graph.display and not steps.display:
            graph.focus()
        elif focused is None or not focused.display or focused is graph:
            self.query_one("#elements").focus()

    # -- what the graph says -----------------------------------------------------------------------------------------

    def on_graph_view_step_chosen(self, message: GraphView.StepChosen) -> None:
        self.go(message.step)
