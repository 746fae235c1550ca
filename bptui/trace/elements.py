"""The element level of a trace: for one element of one value, what it feeds and by which derivative.

Two graphs hang on the same record. At the *primitive* level an edge is one entry of one operand's local Jacobian. At
the *named* level the nodes are elements of leaves and lines, and an edge is the derivative of a line's element with
respect to one of the elements that the line uses, all other named values held fixed. An edge is there where the
structure has it, whatever its value: a unit that is off still is a route, with product 0.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any, Literal

import numpy as np
from msgspec import Struct

from bptui.errors import BptuiError, Fault
from bptui.ops.structure import Indices, Shape, Structure
from bptui.scenario.program import Array
from bptui.trace.backward import all_params, local_derivative
from bptui.trace.recorded import Recorded

Level = Literal["named", "primitive"]
Node = tuple[int, int]
"""A value's id and an element's flat index."""

LARGEST_FAN = 300_000
"""How many edges may lead out of one element; fewer where each takes more to compute."""

_ROW_ELEMENTS = 100
"""How many elements of a Jacobian's row are computed in the time that an edge takes."""

_ELEMENTS_KEPT = 4_000_000
"""How many elements of Jacobian rows are remembered."""

_NODES_KEPT, _EDGES_KEPT = 1024, 256
"""Of how many nodes the edges are remembered, and of which: of those that do not have more.

What stands inside a line is come to from all that the line uses, and what stands between two lines from every start.
"""

_OPERANDS_KEPT = 64
"""Of how many operands the structure and the elementwise derivative are remembered."""


class TooLarge(BptuiError):
    """More leads out of one element than is followed link by link."""


class Edge(Struct, frozen=True):
    """One link of a chain: `derivative` = ∂head/∂tail. `step` is its primitive step, or the last one of its line."""

    tail: Node
    head: Node
    derivative: Any
    """A float; in symbols an expression."""
    step: int
    slot: int
    """The operand slot at the primitive level; −1 at the named level."""


def is_alone(edge: Edge, edges: Callable[[Node], Iterable[Edge]], most: float = math.inf) -> bool:
    """Return whether `edge` is the only route from its tail to its head, so that it is the total derivative.

    `edges` gives the edges out of a node. False as well where more than `most` nodes would have to be looked at, or
    one that too much leads out of.
    """
    try:
        return _is_alone(edge, edges, most)
    except TooLarge:
        return False


def _is_alone(edge: Edge, edges: Callable[[Node], Iterable[Edge]], most: float) -> bool:
    seen: set[Node] = set()
    waiting = [other.head for other in edges(edge.tail) if other is not edge]
    while waiting:
        node = waiting.pop()
        if node == edge.head or len(seen) > most:
            return False
        if node not in seen and node[0] < edge.head[0]:  # value ids grow along the program
            seen.add(node)
            waiting += [other.head for other in edges(node)]
    return True


class Elements:
    """Answers questions about single elements of one trace, and remembers the Jacobian rows it has computed."""

    def __init__(self, trace: Recorded) -> None:
        self.trace, self.program = trace, trace.program
        self._rows: dict[tuple[int, int, int], tuple[Indices | None, Array]] = {}
        self._kept = 0
        self._local = lru_cache(_OPERANDS_KEPT)(self._compute_local)
        self._primitive: dict[Node, list[Edge]] = {}
        self._named: dict[Node, list[Edge]] = {}
        self.structure = lru_cache(_OPERANDS_KEPT)(self._compute_structure)
        self.sources = lru_cache(_OPERANDS_KEPT)(self._compute_sources)
        self._shapes = lru_cache(_OPERANDS_KEPT)(self._compute_shapes)
        self._entered = lru_cache(_OPERANDS_KEPT)(self._compute_entered)

    def edges(self, node: Node, level: Level) -> list[Edge]:
        """Return the edges out of `node` towards results, in the order of the steps."""
        return self.primitive_edges(node) if level == "primitive" else self.named_edges(node)

    def primitive_edges(self, node: Node) -> list[Edge]:
        """Return one edge for every entry of a local Jacobian that the element stands in."""
        return _remembered(self._primitive, node, self._find_primitive)

    def named_edges(self, node: Node) -> list[Edge]:
        """Return one edge for every element of a line that the element enters, through unnamed values alone.

        The derivative is accumulated forward through the line's own steps, in the order of the program.
        """
        return _remembered(self._named, node, self._find_named)

    def _find_primitive(self, node: Node) -> list[Edge]:
        value, flat = node
        fans = [(step, slot, cost, feeds(flat)) for step, slot, cost, feeds in self._entered(value)]
        if sum(len(heads) * cost - 1 for _, _, cost, heads in fans) > LARGEST_FAN:
            name = self.program.element_name(value, flat)
            raise TooLarge(Fault(f"{name} enters too many elements for each to be followed", "ask for one of theirs"))
        outputs = self.program.columns.outputs
        return [
            Edge(node, (outputs[step], head), self.entry(step, slot, head, flat), step, slot)
            for step, slot, _, heads in fans
            for head in heads.tolist()
        ]

    def _compute_entered(self, value: int) -> list[tuple[int, int, float, Callable[[int], Indices]]]:
        """Return for each operand that a value is its step and slot, what an entry costs, and what an element feeds."""
        return [
            (step, slot, self._cost(step, slot), self.structure(step, slot).feeds)
            for step, slot in self.program.uses(value)
        ]

    def _cost(self, step: int, slot: int) -> float:
        """Return what an entry of a Jacobian costs: 1 where it is looked up, more where a row is computed for it."""
        record = self.program.steps[step]
        if record.operation.partner is not None or record.operation.partial(slot) is not None:
            return 1.0
        return 1.0 + sum(self.program.values[one].size for one in (record.inputs[slot], record.output)) / _ROW_ELEMENTS

    def _find_named(self, node: Node) -> list[Edge]:
        program = self.program
        derivatives: dict[Node, Any] = {node: 1}
        waiting = [node]
        edges: list[Edge] = []
        while waiting:
            at = heapq.heappop(waiting)
            if at != node and program.values[at[0]].name is not None:
                edges.append(Edge(node, at, derivatives[at], program.producer[at[0]], -1))
                continue
            for edge in self.primitive_edges(at):
                product = derivatives[at] * edge.derivative
                if edge.head in derivatives:
                    derivatives[edge.head] += product
                else:
                    derivatives[edge.head] = product
                    heapq.heappush(waiting, edge.head)  # value ids grow along the program: a topological order
        return edges

    def entry(self, step: int, slot: int, head: int, tail: int) -> Any:
        """Return ∂output[head]/∂operand[tail] of one step's operand: a float; in symbols an expression.

        Only asked where the head depends on the tail.
        """
        local = self._local(step, slot)
        if local is not None:
            return local.item(head)
        record = self.program.steps[step]
        partner = record.operation.partner
        if partner is not None:
            at = partner(slot, self._shapes(step), self.program.values[record.output].shape, head, tail)
            return self.trace.values[record.inputs[1 - slot]].item(at)
        structure = self.structure(step, slot)
        if structure.source is not None and self.trace.mode == "numbers":
            return float(structure.source[head] == tail)
        reads, row = self._row(step, slot, head)
        return row.item(tail if reads is None else int(reads.searchsorted(tail)))

    def feeds(self, step: int, slot: int, tail: int) -> Indices:
        """Return which elements of a step's output element `tail` of its operand feeds."""
        return self.structure(step, slot).feeds(tail)

    def _row(self, step: int, slot: int, head: int) -> tuple[Indices | None, Array]:
        """Return one row of a local Jacobian, and the elements that it is of; None where it is of all.

        Rows are remembered up to a bound on their elements. Where a result depends on few of a million, on them alone.
        """
        key = (step, slot, head)
        found = self._rows.get(key)
        if found is None:
            row, reads = self.trace.local_row(step, slot, head).reshape(-1), self.structure(step, slot).reads(head)
            found = (None, row) if len(reads) == row.size else (reads, row[reads])
            self._kept += 2 * len(reads)
            if self._kept > _ELEMENTS_KEPT:
                self._rows.clear()
                self._kept = 2 * len(reads)
            self._rows[key] = found
        return found

    def _compute_local(self, step: int, slot: int) -> Array | None:
        with np.errstate(all="ignore"):
            local = local_derivative(
                self.program.steps[step], slot, self.trace.values, self.trace.choices, self.trace.xp
            )
        return None if local is None else np.reshape(local, -1)

    def _compute_structure(self, step: int, slot: int) -> Structure:
        record = self.program.steps[step]
        params = all_params(record, self.trace.choices)
        return record.operation.structure(slot, self._shapes(step), self.program.values[record.output].shape, params)

    def _compute_shapes(self, step: int) -> tuple[Shape, ...]:
        return tuple(self.program.values[operand].shape for operand in self.program.steps[step].inputs)

    def _compute_sources(self, step: int) -> Indices:
        """Return which element a step that only moves them takes for each of its results, counted over all operands.

        −1 where it takes none.
        """
        record = self.program.steps[step]
        sources = np.full(self.program.values[record.output].size, -1, dtype=np.intp)
        start = 0
        for slot, operand in enumerate(record.inputs):
            moved = self.structure(step, slot).source
            assert moved is not None, f"{record.operation.name} does more than move elements"
            taken = moved >= 0
            sources[taken] = start + moved[taken]
            start += math.prod(self.program.shape(operand))
        sources.setflags(write=False)
        return sources


def _remembered(known: dict[Node, list[Edge]], node: Node, find: Callable[[Node], list[Edge]]) -> list[Edge]:
    """Return a node's edges, which nobody changes; the same ones as before where they are remembered."""
    edges = known.get(node)
    if edges is None:
        edges = find(node)
        if len(edges) <= _EDGES_KEPT:
            if len(known) >= _NODES_KEPT:
                known.clear()
            known[node] = edges
    return edges
