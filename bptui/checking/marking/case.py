"""One line as the rules see it: the writer's own numbers, what lies between them and the line, and what a slip changes.

A slip is a *change* of the computation: other links of the element graph for a line that is a derivative, other results
of some steps for one that is a value, or something done to the result. A changed line is evaluated in the writer's own
numbers; whatever is stated stays as it is stated, and only the nearest statements are looked at.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from functools import cached_property, partial

import numpy as np
from msgspec import Struct, field

from bptui.checking.marking.claims import Entry, Quantity
from bptui.checking.marking.world import LARGEST_GRAPH, Graph, World
from bptui.ops.structure import Indices
from bptui.scenario.program import Array, ForwardStep, Line, Program
from bptui.trace.arrays import read_only
from bptui.trace.backward import all_params, with_chosen
from bptui.trace.elements import Edge, Node, TooLarge

Numbers = list[float]
Outgoing = Mapping[Node, float]
"""The links out of one node: the derivative of each head with respect to it."""

Rework = Callable[[list[Array], Callable[[list[Array]], Array]], Array]
"""Another result of a step: from its inputs, and from a function that gives its result for any inputs."""

_LARGEST_LAYER = 64
"""Of how many elements a value may be for all of them to be looked at, and not just those that the line needs."""


_USUAL = 2000
"""How many entries of Jacobians may lie inside the lines that routes go through before they count as work."""


class Change(Struct, frozen=True):
    """What a slip changes."""

    links: Mapping[Node, Outgoing] = field(default_factory=dict)
    dropped: frozenset[Node] = frozenset()
    """The nodes through which no route goes any more."""
    steps: Mapping[int, Rework] = field(default_factory=dict)
    after: Callable[[Numbers], Numbers] | None = None
    """What happens to the numbers of the line in the end."""

    def with_(self, other: Change, graph_links: Mapping[Node, Outgoing]) -> Change | None:
        """Return both changes together; None where they change the same and it is not clear how."""
        if not self.steps.keys().isdisjoint(other.steps):
            return None
        links = {**self.links, **other.links}
        for node in self.links.keys() & other.links.keys():
            before, mine, theirs = graph_links.get(node, {}), self.links[node], other.links[node]
            if not before.keys() == mine.keys() == theirs.keys() or not all(before.values()):
                return None
            links[node] = {head: mine[head] * theirs[head] / before[head] for head in before}
        first, second = self.after, other.after
        after = first or second
        if first is not None and second is not None:

            def after(numbers: Numbers) -> Numbers:
                return second(first(numbers))

        return Change(links, self.dropped | other.dropped, {**self.steps, **other.steps}, after)


class Proposal(Struct, frozen=True):
    """One slip that may have been made."""

    kind: str
    change: Change
    text: str | Callable[[], str]
    """The sentence, or what makes it where the slip explains the number."""
    cost: float
    """How far it is from what is made most often: 0 comes to mind first."""
    key: tuple[object, ...] = ()
    """Which of the rule's proposals it is, the same at all numbers."""


class Factor(Struct, frozen=True):
    """One Jacobian of the chain: that of a step with respect to one operand."""

    step: ForwardStep
    slot: int
    line: int
    """The named value whose line the step belongs to."""

    @property
    def operation(self) -> str:
        return self.step.operation.name

    @property
    def operand(self) -> int:
        return self.step.inputs[self.slot]

    def owns(self, edge: Edge) -> bool:
        """Return whether an edge is an entry of this Jacobian."""
        return edge.step == self.step.index and edge.slot == self.slot


def _rescaled(factor: Factor, scale: Callable[[Edge], float], node: Node, edges: list[Edge]) -> list[Edge]:
    if node[0] != factor.operand:
        return edges
    return [Edge(one.tail, one.head, scale(one), one.step, one.slot) if factor.owns(one) else one for one in edges]


class Case:
    """One line, at one set of numbers."""

    def __init__(
        self,
        world: World,
        quantity: Quantity,
        claimed: Sequence[float],
        focus: int,
        symbolic: bool,
        elsewhere: Mapping[Entry, float],
    ) -> None:
        """`focus` is the entry that sentences are about; `elsewhere` is what the whole sheet claims, by entry."""
        self.world, self.quantity, self.claimed, self.focus, self.symbolic = world, quantity, claimed, focus, symbolic
        self.elsewhere = elsewhere
        self.program: Program = world.program
        self._values: dict[tuple[int, ...], list[Array]] = {}
        self._inside: dict[Node, list[Edge]] = {}
        self._lines = {line.value: line for line in self.program.lines.values()}
        self._named = frozenset(self.program.names.values())
        self._leading: dict[tuple[int, int], Mapping[Node, Sequence[Node]]] = {}

    @cached_property
    def own(self) -> Numbers:
        """What the line would be without a slip."""
        return self.evaluate(Change())

    def evaluate(self, change: Change) -> Numbers:
        """Return what the line would be with this change."""
        with np.errstate(all="ignore"):
            numbers = self._derivative(change) if self.quantity.is_derivative else self._value(change)
        return change.after(numbers) if change.after is not None else numbers

    @cached_property
    def size(self) -> int:
        """How much is computed to evaluate a change: links, or elements."""
        if self.quantity.is_derivative:
            links = sum(len(out) for graph, _ in self.graphs for out in graph.links.values())
            return 20 + links + max(0, sum(map(len, self._entries.values())) - _USUAL)
        return 20 + sum(10 + self.program.values[step.output].size // 10 for step in self.plan)

    # -- derivatives -------------------------------------------------------------------------------------------------

    @cached_property
    def graphs(self) -> tuple[tuple[Graph, tuple[int, ...]], ...]:
        """For each element that is differentiated: what lies between it and the line's tails, and their places."""
        rows: dict[Node, list[int]] = {}
        for at, (head, tail) in enumerate(self.quantity.entries):
            if tail is not None:
                rows.setdefault(head, []).append(at)
        graphs = []
        for head, places in rows.items():
            tails = [tail for at in places if (tail := self.quantity.entries[at][1]) is not None]
            needed = self.world.graph(head, tails)
            layers = {node[0] for node in (*needed.order, *needed.fixed) if node[0] < len(self.program.values)}
            sizes = {value: self.program.values[value].size for value in layers if value != head[0]}
            others = [(value, flat) for value, size in sizes.items() if size <= _LARGEST_LAYER for flat in range(size)]
            whole = self.world.graph(head, [*tails, *others])
            graphs.append(
                (Graph(head, tuple(tails), whole.order, whole.links, whole.fixed, whole.stated), tuple(places))
            )
        return tuple(graphs)

    @cached_property
    def nodes(self) -> tuple[Node, ...]:
        """The elements that routes to the line's tails go through, the nearest to the head first; tails included."""
        found: set[Node] = set()
        for graph, _ in self.graphs:
            waiting = list(graph.tails)
            while waiting:
                node = waiting.pop()
                if node not in found:
                    found.add(node)
                    waiting += graph.links.get(node, ())
        return tuple(sorted(found, reverse=True))

    def cut_through(self, dropped: frozenset[Node]) -> bool:
        """Return whether some tail that routes lead to has none left without these nodes."""
        return any(
            self._tails_reached(graph, dropped) != self._tails_reached(graph, frozenset()) for graph, _ in self.graphs
        )

    def _tails_reached(self, graph: Graph, dropped: frozenset[Node]) -> set[Node]:
        reached = set(graph.fixed) - dropped
        for node in graph.order:
            if node not in dropped and not reached.isdisjoint(graph.links[node]):
                reached.add(node)
        return reached.intersection(graph.tails)

    def out(self, node: Node) -> Outgoing:
        """Return the links out of a node, those of all graphs together."""
        links: dict[Node, float] = {}
        for graph, _ in self.graphs:
            links.update(graph.links.get(node, {}))
        return links

    @cached_property
    def links(self) -> Mapping[Node, Outgoing]:
        """The links out of every node."""
        return {node: self.out(node) for node in self.nodes}

    @cached_property
    def stated(self) -> frozenset[tuple[Node, Node]]:
        return frozenset(pair for graph, _ in self.graphs for pair in graph.stated)

    @cached_property
    def gradients(self) -> Mapping[Node, float]:
        """The gradient of every node, for the head that the focus is about."""
        graph = next(graph for graph, places in self.graphs if self.focus in places)
        return graph.gradients()

    def _derivative(self, change: Change) -> Numbers:
        numbers = [0.0] * len(self.quantity.entries)
        for graph, places in self.graphs:
            for at, number in zip(places, graph.evaluate(change.links, change.dropped), strict=True):
                numbers[at] = number
        return numbers

    @cached_property
    def factors(self) -> tuple[Factor, ...]:
        """The Jacobians of all steps between the line and its head, those nearest to the head first."""
        values = {node[0] for node in self.nodes}
        heads = {head[0] for node in self.nodes for head in self.links[node]}
        lines = {self.program.values[value].line for value in heads if value < len(self.program.values)}
        between = set(values)
        found = []
        for line in self.program.lines.values():
            for step in self.program.steps[line.first : line.last] if line.name in lines else ():
                for slot, operand in enumerate(step.inputs):
                    if operand in between and step.operation.passes(slot):
                        between.add(step.output)
                        found.append(Factor(step, slot, line.value))
        return tuple(reversed(found))

    def altered(
        self,
        alter: Callable[[Node, list[Edge]], Sequence[Edge]],
        line: int | None = None,
        nodes: Sequence[Node] | None = None,
    ) -> Change:
        """Return the change that `alter` makes to the edges out of primitive nodes (of one line, where it is named).

        `nodes` are those whose links it can change, where not all have to be looked at.
        What was stated stays as it was stated, but where it is a single step that `alter` changes.
        """
        links: dict[Node, Outgoing] = {}
        for node in self.nodes if nodes is None else nodes:
            before = self.links[node]
            if not before or (line is not None and not any(head[0] == line for head in before)):
                continue
            after = self._through(node, alter)
            changed = dict(before)
            for head in before.keys() | after.keys():
                if line is not None and head[0] != line:
                    continue
                if head not in after:
                    if (node, head) not in self.stated and head != self.world.loss:
                        changed.pop(head, None)
                    continue
                original = self.world.links(node).get(head, 0.0)
                if after[head] == original and head in before:
                    continue
                if (node, head) in self.stated:
                    if not self._single(node, head):
                        continue
                    edge = Edge(node, head, before[head], self.program.producer[head[0]], self._slot(node, head))
                    same = [one for one in alter(node, [edge]) if one.head == head]
                    changed[head] = same[0].derivative if same else 0.0
                else:
                    changed[head] = after[head]
            if changed != before:
                links[node] = changed
        return Change(links)

    def _single(self, node: Node, head: Node) -> bool:
        """Return whether one step leads from a node to a head, and no other."""
        if head[0] not in self.program.producer:
            return False
        step = self.program.steps[self.program.producer[head[0]]]
        return list(step.inputs).count(node[0]) == 1 and self.program.lines[step.line].first == step.index

    def _slot(self, node: Node, head: Node) -> int:
        return self.program.steps[self.program.producer[head[0]]].inputs.index(node[0])

    def _through(self, node: Node, alter: Callable[[Node, list[Edge]], Sequence[Edge]]) -> dict[Node, float]:
        """Return ∂head/∂node for every element of a line that a node enters, with altered edges inside the lines."""
        derivatives = {node: 1.0}
        waiting = [node]
        found: dict[Node, float] = {}
        while waiting:
            at = heapq.heappop(waiting)
            here = derivatives[at]
            if at != node and at[0] in self._named:
                found[at] = here
                continue
            for edge in alter(at, self.edges(at)):
                product = here * edge.derivative
                if edge.head in derivatives:
                    derivatives[edge.head] += product
                else:
                    derivatives[edge.head] = product
                    heapq.heappush(waiting, edge.head)
        return found

    def edges(self, node: Node) -> list[Edge]:
        """Return the entries of all local Jacobians that a node stands in."""
        if node not in self._inside:
            self._inside[node] = self.world.elements.primitive_edges(node)
        return self._inside[node]

    def entries(self, factor: Factor) -> list[Edge]:
        """Return the entries of a Jacobian that routes to the line go through; stated ones as they are stated."""
        found: dict[tuple[Node, Node], Edge] = {}
        for _, edge in self._entries.get((factor.step.index, factor.slot), ()):
            found[edge.tail, edge.head] = self._as_stated(edge)
        return list(found.values())

    @cached_property
    def _entries(self) -> Mapping[tuple[int, int], Sequence[tuple[Node, Edge]]]:
        """For each step and slot the entries that routes go through, each with the node that leads there."""
        found: dict[tuple[int, int], list[tuple[Node, Edge]]] = {}
        for start in self.nodes:
            for value in dict.fromkeys(head[0] for head in self.links[start]):
                line = self._lines.get(value)
                for edge in self._inside_line(start, line) if line is not None else ():  # None: the unseen loss
                    found.setdefault((edge.step, edge.slot), []).append((start, edge))
        return found

    def _inside_line(self, start: Node, line: Line) -> Iterator[Edge]:
        """Yield the entries of all Jacobians of a line that routes from a node go through."""
        waiting, seen = [start], set()
        while waiting:
            node = waiting.pop()
            if node in seen:
                continue
            seen.add(node)
            for edge in self.edges(node):
                if line.first <= edge.step < line.last:
                    yield edge
                    if edge.head[0] != line.value:
                        waiting.append(edge.head)

    def _as_stated(self, edge: Edge) -> Edge:
        if (edge.tail, edge.head) in self.stated and self._single(edge.tail, edge.head):
            number = self.links[edge.tail][edge.head]
            return Edge(edge.tail, edge.head, number, edge.step, edge.slot)
        return edge

    def scaled(self, factor: Factor, scale: Callable[[Edge], float]) -> Change:
        """Return the change in which the entries of one Jacobian have other numbers."""
        return self.altered(partial(_rescaled, factor, scale), factor.line)

    def replaced(self, factor: Factor, edge: Edge, number: float) -> Change:
        """Return the change in which one entry of a Jacobian is another number."""

        def scale(one: Edge) -> float:
            return number if (one.tail, one.head) == (edge.tail, edge.head) else one.derivative

        return self.altered(partial(_rescaled, factor, scale), factor.line, self._above(factor).get(edge.tail, ()))

    def _above(self, factor: Factor) -> Mapping[Node, Sequence[Node]]:
        """Return for each element that a Jacobian is with respect to the nodes that lead there through its line."""
        key = factor.step.index, factor.slot
        if key not in self._leading:
            found: dict[Node, dict[Node, None]] = {}
            for start, edge in self._entries.get(key, ()):
                found.setdefault(edge.tail, {})[start] = None
            self._leading[key] = {tail: tuple(starts) for tail, starts in found.items()}
        return self._leading[key]

    @cached_property
    def blocks(self) -> tuple[tuple[int, int], ...]:
        """Pairs of named values (tail, head) that are linked through several steps: one link as the chain is told."""
        pairs = {(node[0], head[0]) for node in self.nodes for head in self.links[node] if head != self.world.loss}
        single = {(factor.step.inputs[factor.slot], factor.line) for factor in self.factors if self._alone(factor)}
        return tuple(sorted(pairs - single, reverse=True))

    def _alone(self, factor: Factor) -> bool:
        line = self.program.lines[factor.step.line]
        return line.last - line.first == 1

    def block_set(self, tail: int, head: int, number: Callable[[Node], float]) -> Change:
        """Return the change in which the links from one named value to another are numbers of their heads."""
        return Change(
            {
                node: {one: number(one) if one[0] == head else slope for one, slope in self.links[node].items()}
                for node in self.nodes
                if node[0] == tail
            }
        )

    def block_scaled(self, tail: int, head: int, scale: Callable[[float], float]) -> Change:
        """Return the change in which all links from one named value to another have other numbers."""
        return Change(
            {
                node: {one: scale(slope) if one[0] == head else slope for one, slope in self.links[node].items()}
                for node in self.nodes
                if node[0] == tail
            }
        )

    def all_scaled(self, operations: Collection[str], scale: float) -> Change:
        """Return the change in which the Jacobians of all steps with one of these operations are multiplied."""

        def alter(node: Node, edges: list[Edge]) -> list[Edge]:
            return [
                Edge(one.tail, one.head, scale * one.derivative, one.step, one.slot)
                if self.program.steps[one.step].operation.name in operations
                else one
                for one in edges
            ]

        return self.altered(alter)

    # -- values ------------------------------------------------------------------------------------------------------

    @cached_property
    def plan(self) -> tuple[ForwardStep, ...]:
        """The steps that lead from the nearest statements to the line, in their order."""
        own = {node[0] for node, _ in self.quantity.entries}
        needed: set[int] = set()
        waiting = list(own)
        columns = self.program.columns
        while waiting:
            value = waiting.pop()
            producer = self.program.producer.get(value)
            full = len(self.world.stated.get(value, ())) == math.prod(self.program.shape(value))
            if producer is not None and producer not in needed and (value in own or not full):
                needed.add(producer)
                waiting += columns.inputs(producer)
                if len(needed) > LARGEST_GRAPH:
                    raise TooLarge("too many steps lead to a value")
        return tuple(self.program.steps[index] for index in sorted(needed))

    def _value(self, change: Change) -> Numbers:
        moved: dict[int, Array] = {}
        if change.steps:
            for step in self.plan:
                rework = change.steps.get(step.index)
                if rework is None and moved.keys().isdisjoint(step.inputs):
                    continue
                inputs = [moved[one] if one in moved else self.world.values[one] for one in step.inputs]
                if rework is None:
                    result = self._recomputed(step, inputs)
                else:
                    result = np.asarray(rework(inputs, self.result_of(step)), dtype=np.float64)
                    if result.shape != self.program.values[step.output].shape:
                        return [float("nan")] * len(self.quantity.entries)
                for flat, number in self.world.stated.get(step.output, {}).items():
                    result = result.copy()
                    result.reshape(-1)[flat] = number
                moved[step.output] = result
        numbers = np.zeros(len(self.quantity.entries))
        for value, (places, flats) in self._places.items():
            numbers[places] = np.ravel(moved[value] if value in moved else self.world.values[value])[flats]
        return numbers.tolist()

    @cached_property
    def _places(self) -> Mapping[int, tuple[Indices, Indices]]:
        """For each value that the line names elements of: their places in the line, and in the value."""
        found: dict[int, tuple[list[int], list[int]]] = {}
        for at, ((value, flat), _) in enumerate(self.quantity.entries):
            places, flats = found.setdefault(value, ([], []))
            places.append(at)
            flats.append(flat)
        return {value: (np.array(places), np.array(flats)) for value, (places, flats) in found.items()}

    def _recomputed(self, step: ForwardStep, inputs: list[Array]) -> Array:
        """Return a step's result for other inputs, with the choices that it makes there."""
        chosen = None if step.operation.choose is None else step.operation.choose(*inputs, **step.params)
        return read_only(step.operation.forward(self.world.trace.xp, *inputs, **with_chosen(step.params, chosen)))

    def result_of(self, step: ForwardStep) -> Callable[[list[Array]], Array]:
        """Return the function that gives a step's result for any inputs, with the choices that were made."""

        def result(inputs: list[Array]) -> Array:
            params = all_params(step, self.world.choices)
            found: Array = step.operation.forward(self.world.trace.xp, *inputs, **params)
            return found

        return result

    # -- for sentences -----------------------------------------------------------------------------------------------

    def name(self, node: Node) -> str:
        """Return how an element is shown."""
        if node == self.world.loss:
            return self.program.loss
        return self.program.element_name(*node)

    def gradient_name(self, node: Node) -> str:
        """Return how the derivative of the focus's head with respect to a node is shown."""
        return f"d{self.name(self.head)}/d{self.name(node)}"

    @property
    def head(self) -> Node:
        return self.quantity.entries[self.focus][0]

    @property
    def tail(self) -> Node:
        tail = self.quantity.entries[self.focus][1]
        assert tail is not None
        return tail

    def entry_name(self, entry: Entry) -> str:
        node, tail = entry
        return self.name(node) if tail is None else f"d{self.name(node)}/d{self.name(tail)}"

    def operand(self, factor: Factor) -> str:
        """Return how the operand that a Jacobian is with respect to is written."""
        return self.program.values[factor.step.inputs[factor.slot]].text

    def value_of(self, node: Node) -> float:
        """Return what an element is worth in the writer's own numbers."""
        return float(self.world.values[node[0]].reshape(-1)[node[1]])

    def number_of(self, entry: Entry) -> float:
        """Return what any entry comes to in the writer's own numbers, whatever the writer says that it is."""
        return self.world.with_({entry: None}).numbers([entry])[0]

    def elements(self, value: int) -> Iterator[Node]:
        return ((value, flat) for flat in range(self.program.values[value].size))
