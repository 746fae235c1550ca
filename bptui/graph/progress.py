"""What a walk has done to a graph by one of its steps: computed, reached by gradients, and where it is now."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from typing import Literal

import numpy as np
from msgspec import Struct

from bptui.graph.model import Focus, Graph
from bptui.trace.record import Trace

Arrived = Literal["none", "part", "whole"]
"""How much of a gradient is there: nothing, some contributions, all of them."""


class State(Struct, frozen=True):
    """How a node or an edge stands at a step."""

    computed: bool
    arrived: Arrived
    current: bool


class Walk:
    """Answers for any step of a trace how a graph of its program stands, at every zoom."""

    def __init__(self, trace: Trace) -> None:
        self.trace, self.program = trace, trace.program
        self._of: Graph | None = None
        self._passing: dict[int, Sequence[int]] = {}
        """Of the graph that was asked for last, the slots through which a gradient passes each edge."""

    def focus(self, step: int, element: int = 0) -> Focus:
        """Return which operation the walk is at on a step, to be looked into; `element` is the step's own."""
        forward = len(self.program.steps)
        if step < forward:
            return Focus(step, element)
        if step == forward:
            return Focus(self.program.producer.get(self.program.target, 0), element)
        slot = self.program.slots[step - forward - 1]
        return Focus(slot.step, element, slot.slot)

    def step_of(self, graph: Graph, node: int, backward: bool) -> int | None:
        """Return the step at which a node is computed or, going back, at which its gradient is whole.

        None for a leaf, and for what no gradient reaches.
        """
        shown, forward = graph.nodes[node], len(self.program.steps)
        if backward and shown.values:
            if shown.values[-1] == self.program.target:
                return forward
            slots = self.trace.slots_of(shown.values[-1])
            if slots:
                return forward + 1 + slots[-1]
        return shown.steps[-1] if shown.steps else None

    def at(self, graph: Graph, step: int, element: int = 0) -> Progress:
        """Return how `graph` stands when step `step` is shown, with the cursor on `element` of what it makes."""
        return Progress(self, graph, step, element)

    def arrived(self, value: int, slots: int) -> Arrived:
        """Return how much of a value's gradient is there after so many slots."""
        if slots < 0:
            return "none"
        if value == self.program.target:
            return "whole"
        of_value = self.trace.slots_of(value)
        done = bisect_left(of_value, slots)
        return "none" if not done else "whole" if done == len(of_value) else "part"

    def passed(self, graph: Graph, edge: int, slots: int) -> Arrived:
        """Return through how many of an edge's operands a gradient has passed after so many slots."""
        if slots <= 0:
            return "none"
        if self._of is not graph:
            self._of, self._passing = graph, {}
        passing = self._passing.get(edge)
        if passing is None:
            through = np.asarray(self.program.slot_columns.at)[graph.edges[edge].operands]
            self._passing[edge] = passing = np.sort(through[through >= 0]).tolist()
        done = bisect_left(passing, slots)
        return "none" if not done else "whole" if done == len(passing) else "part"


class Progress:
    """How one graph stands at one step. Each node and edge is worked out when it is first drawn."""

    def __init__(self, walk: Walk, graph: Graph, step: int, element: int) -> None:
        program = walk.program
        self.graph, self.step = graph, step
        self._walk = walk
        self._edges: dict[int, State] = {}
        self._slots = step - len(program.steps)
        """How many slots have passed a gradient, this step's included; negative before the seed."""
        starts = program.columns.starts
        self._computed = starts[min(step + 1, len(program.steps))]
        """Which operands were used by now: those in places before this."""
        self.backward = self._slots > 0
        self.nodes: tuple[int, ...]
        """The nodes that the walk is at."""
        self.edges: tuple[int, ...] = ()
        """The edges along which something flows at this step."""
        if self._slots < 0:
            self.nodes = self._of_element(graph.by_step.get(step, ()), element)
            operands = range(starts[step], starts[step + 1])
        elif self._slots == 0:
            self.nodes = self._of_element(graph.by_value.get(program.target, ()), element)
            return
        else:
            slot = program.slots[self._slots - 1]
            at = slot.target if graph.zoom == "elements" else None
            self.nodes = graph.by_step.get(slot.step, ())
            if at is not None:
                self.nodes = self._of_element(graph.by_value.get(at, ()), element)
            operands = range(starts[slot.step] + slot.slot, starts[slot.step] + slot.slot + 1)
        lit = dict.fromkeys(edge for operand in operands for edge in graph.by_operand.get(operand, ()))
        if graph.zoom == "elements":
            end = "tail" if self.backward else "head"
            lit = {edge: None for edge in lit if getattr(graph.edges[edge], end) in self.nodes}
        self.edges = tuple(lit)

    def _of_element(self, nodes: Sequence[int], element: int) -> tuple[int, ...]:
        return tuple(
            node for node in nodes if self.graph.nodes[node].element == element or self.graph.zoom != "elements"
        )

    def touched(self) -> set[int]:
        """Return the nodes that look different after this step, or while the walk is at it."""
        ends = (self.graph.edges[edge] for edge in self.edges)
        return {*self.nodes, *(end for edge in ends for end in (edge.tail, edge.head))}

    def node(self, number: int) -> State:
        """Return how a node stands."""
        node = self.graph.nodes[number]
        value = node.values[-1]
        made = node.steps[-1] if node.steps else self._walk.program.producer.get(value, -1)
        return State(made <= self.step, self._walk.arrived(value, self._slots), number in self.nodes)

    def edge(self, number: int) -> State:
        """Return how an edge stands."""
        state = self._edges.get(number)
        if state is None:
            first = self.graph.edges[number].operands[0]
            computed, lit = first < self._computed, number in self.edges
            state = self._edges[number] = State(computed, self._walk.passed(self.graph, number, self._slots), lit)
        return state
