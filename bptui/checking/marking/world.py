"""A writer's own numbers: those of the trace, with what earlier lines state in the place of what they name.

A stated value stands in the place of the computed one in everything after it, local derivatives included. A stated
derivative dA/dB stands in the place of all routes from B to A: where A is the target, B's gradient is not computed any
more; between A and B it is one factor, whatever lies between. The nearest statement wins, since what it replaces is
not looked at.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property, lru_cache
from types import SimpleNamespace
from typing import Any

import numpy as np
from msgspec import Struct

from bptui.checking.marking.claims import Entry, loss_node
from bptui.engine.passes import compute
from bptui.limits import Deadline
from bptui.ops import numeric
from bptui.scenario.program import Array, Program
from bptui.trace.arrays import read_only
from bptui.trace.elements import Elements, Node, TooLarge
from bptui.trace.record import Trace

MARKING = "the marking of the worked solution"

LARGEST_GRAPH = 20_000
"""How many links may lie between what a derivative is of and what it is with respect to."""


_ON_PAPER: Any = SimpleNamespace(**{name: rule for name, rule in vars(numeric).items() if not name.startswith("_")})
"""The rules as they are followed on paper: with the numbers that are written, not those that they came from."""
_ON_PAPER.sigmoid_slope = lambda y, x: y * (1.0 - y)

Statements = Mapping[Entry, float]


class World:
    """The trace's numbers with some replaced by statements. Immutable; made anew for each set of statements."""

    def __init__(self, trace: Trace, statements: Statements, base: World | None = None) -> None:
        """`base` is a world with other statements: what both have in common is not worked out again."""
        self.trace, self.program, self.statements = trace, trace.program, statements
        self.loss = loss_node(trace.program)
        self._deadline = Deadline(MARKING)
        self._totals: dict[Entry, float] = {}
        self._locals: dict[Node, list[tuple[Node, float]]] = {}
        stated: dict[int, dict[int, float]] = {}
        for (node, tail), number in statements.items():
            if tail is None:
                stated.setdefault(node[0], {})[node[1]] = number
            else:
                self._totals[node, tail] = number
                self._locals.setdefault(tail, []).append((node, number))
        self.stated: Mapping[int, Mapping[int, float]] = stated
        self.values: Sequence[Array]
        self.choices: Mapping[int, Mapping[str, Any]]
        self._links: dict[Node, dict[Node, float]]
        if base is None:
            self.values, self.choices, changed = _followed_up(trace, trace.values, trace.choices, stated, set(stated))
            self._links = {}
        else:
            other = {one for one in base.stated.keys() | stated.keys() if base.stated.get(one) != stated.get(one)}
            self.values, self.choices, changed = _followed_up(trace, base.values, base.choices, stated, other)
            self._links = base._links if not changed else {}
        self._base = base if changed else None
        self._touched = {
            step.line for step in trace.program.steps if step.output in changed or not changed.isdisjoint(step.inputs)
        } if changed else set()  # fmt: skip

    def with_statements(self, statements: Statements) -> World:
        """Return the world with other statements."""
        return World(self.trace, statements, self)

    # -- what names are worth -----------------------------------------------------------------------------------

    def value(self, value: int) -> Array:
        return self.values[value]

    def seed(self) -> Array:
        return self.trace.seed

    def entry(self, head: Node, tail: Node) -> float:
        """Return d`head`/d`tail`: as stated, or from the nearest statements."""
        stated = self._totals.get((head, tail))
        return stated if stated is not None else self.graph(head, [tail]).evaluate()[0]

    def numbers(self, entries: Sequence[Entry]) -> list[float]:
        """Return what the entries come to; raises TooLarge where too much lies between."""
        result: dict[Entry, float] = {}
        rows: dict[Node, list[Node]] = {}
        for entry in entries:
            node, tail = entry
            if tail is None:
                result[entry] = float(self.values[node[0]].reshape(-1)[node[1]])
            else:
                rows.setdefault(node, []).append(tail)
        for head, tails in rows.items():
            result.update(zip(((head, tail) for tail in tails), self.graph(head, tails).evaluate(), strict=True))
        return [result[entry] for entry in entries]

    # -- links ----------------------------------------------------------------------------------------------------

    @cached_property
    def elements(self) -> Elements:
        """The element graph of these numbers."""
        return Elements(Trace(self.trace.scenario, self.program, self.values, self.trace.seed, (), (), self.choices,
                              _ON_PAPER))  # fmt: skip

    def links(self, node: Node) -> dict[Node, float]:
        """Return ∂head/∂`node` for every element of a line that the node enters; for a target, the seed as well."""
        if node not in self._links and self._base is not None and not self._touches(node[0]):
            self._links[node] = self._base.links(node)
        if node not in self._links:
            with np.errstate(all="ignore"):
                found = {edge.head: edge.derivative for edge in self.elements.named_edges(node)}
            if self.program.seeded and node[0] == self.program.target:
                found[self.loss] = float(self.trace.seed.reshape(-1)[node[1]])
            self._links[node] = found
        return self._links[node]

    def _touches(self, value: int) -> bool:
        """Return whether some line that uses a value has other numbers than in the base."""
        return any(self.program.steps[step].line in self._touched for step, _ in self.program.uses(value))

    def read(self, entries: Sequence[Entry]) -> set[Entry]:
        """Return the statements of derivatives that the entries are worked out from: the nearest ones."""
        rows: dict[Node, list[Node]] = {}
        for head, tail in entries:
            if tail is not None:
                rows.setdefault(head, []).append(tail)
        found: set[Entry] = set()
        for head, tails in rows.items():
            graph = self.graph(head, tails)
            found.update((head, node) for node in graph.fixed if node != head)
            found.update((above, below) for below, above in graph.stated)
        return found

    def graph(self, head: Node, tails: Sequence[Node]) -> Graph:
        """Return what lies between `head` and `tails`, as far as statements leave it to be computed."""
        reaching = reaches(self.program, head[0])
        links: dict[Node, dict[Node, float]] = {}
        fixed: dict[Node, float] = {head: 1.0}
        stated: set[tuple[Node, Node]] = set()
        waiting = list(tails)
        size = 0
        while waiting:
            node = waiting.pop()
            if node in links or node in fixed:
                continue
            self._deadline.check()
            total = self._totals.get((head, node))
            if total is not None:
                fixed[node] = total
                continue
            out = {one: slope for one, slope in self.links(node).items() if one == head or one[0] in reaching}
            for one, number in self._locals.get(node, ()):
                if one[0] in reaching:
                    out[one] = out.get(one, 0.0) + number - self._besides(one, node, out)
                    stated.add((node, one))
            links[node] = out
            size += len(out)
            if size > LARGEST_GRAPH:
                raise TooLarge("too much lies between two elements")
            waiting += out
        order = tuple(sorted(links, reverse=True))
        return Graph(head, tuple(tails), order, links, fixed, frozenset(stated))

    def crossed(self, entries: Sequence[Entry], other: World) -> Iterator[list[float]]:
        """Yield what the entries come to for somebody who follows the chain down in these numbers, and on in others.

        Once for every value between at which the numbers may have been changed. Stated links stay as they are stated.
        """
        rows: dict[Node, list[Node]] = {}
        for head, tail in entries:
            if tail is not None:
                rows.setdefault(head, []).append(tail)
        graphs = [self.graph(head, tails) for head, tails in rows.items()]
        for last in sorted({node[0] for graph in graphs for node in graph.order}):
            found: dict[Entry, float] = {}
            for graph in graphs:
                changed = {
                    node: {
                        one: slope if (node, one) in graph.stated else other.links(node).get(one, slope)
                        for one, slope in graph.links[node].items()
                    }
                    for node in graph.order
                    if node[0] <= last
                }
                found.update(zip(((graph.head, tail) for tail in graph.tails), graph.evaluate(changed), strict=True))
            yield [found[entry] for entry in entries if entry[1] is not None]

    def _besides(self, head: Node, tail: Node, out: Mapping[Node, float]) -> float:
        """Return what the routes from `tail` to `head` come to without the statement about that pair."""
        direct = out.get(head)
        if direct is not None and all(one[0] >= head[0] or head[0] not in users(self.program, one[0]) for one in out):
            return direct  # the one route there is
        others = {entry: number for entry, number in self.statements.items() if entry != (head, tail)}
        return self.with_statements(others).entry(head, tail)


class Graph(Struct, frozen=True):
    """What lies between one element and others: links with their derivatives, from the tails up to the head."""

    head: Node
    tails: tuple[Node, ...]
    order: tuple[Node, ...]
    """The nodes whose gradient is computed, those nearest to the head first."""
    links: Mapping[Node, Mapping[Node, float]]
    fixed: Mapping[Node, float]
    """The head, with 1, and the nodes whose gradient is stated."""
    stated: frozenset[tuple[Node, Node]]
    """The links (tail, head) whose derivative is stated."""

    def gradients(
        self, changed: Mapping[Node, Mapping[Node, float]] | None = None, dropped: Iterable[Node] = ()
    ) -> dict[Node, float]:
        """Return dhead/dnode for every node. `changed` gives nodes other links; no route goes through `dropped`."""
        without = frozenset(dropped)
        gradients = {**self.fixed, **dict.fromkeys(without, 0.0)}
        for node in self.order:
            if node in without:
                continue
            links = self.links[node] if changed is None else changed.get(node, self.links[node])
            total = 0.0
            for head, slope in links.items():
                if slope != 0.0 and head in gradients:
                    total += slope * gradients[head]
            gradients[node] = total
        return gradients

    def evaluate(
        self, changed: Mapping[Node, Mapping[Node, float]] | None = None, dropped: Iterable[Node] = ()
    ) -> list[float]:
        """Return dhead/dtail for every tail; for the arguments see `gradients`."""
        gradients = self.gradients(changed, dropped)
        return [gradients[tail] for tail in self.tails]


@lru_cache(maxsize=1024)
def users(program: Program, value: int) -> frozenset[int]:
    """Return the values that depend on a value, itself included, through operations that a gradient passes."""
    depends = {value}
    for step in program.steps:
        if any(operand in depends and step.operation.passes(slot) for slot, operand in enumerate(step.inputs)):
            depends.add(step.output)
    if program.seeded and program.target in depends:
        depends.add(len(program.values))
    return frozenset(depends)


@lru_cache(maxsize=1024)
def reaches(program: Program, value: int) -> frozenset[int]:
    """Return the values that a value depends on, itself included, through operations that a gradient passes."""
    needed = {value}
    if value == len(program.values):
        needed.add(program.target)
    for step in reversed(program.steps):
        if step.output in needed:
            needed.update(one for slot, one in enumerate(step.inputs) if step.operation.passes(slot))
    return frozenset(needed)


def _followed_up(
    trace: Trace,
    before: Sequence[Array],
    chosen: Mapping[int, Mapping[str, Any]],
    stated: Mapping[int, Mapping[int, float]],
    other: set[int],
) -> tuple[Sequence[Array], Mapping[int, Mapping[str, Any]], set[int]]:
    """Return every value and every choice with statements in their places, and which values are not as `before`.

    `other` are the values about which `before` has other statements.
    """
    changed: set[int] = set()
    if not other:
        return before, chosen, changed
    values, choices, program = list(before), dict(chosen), trace.program
    for value in other:
        if value not in program.producer:
            values[value] = _patched(trace.values[value], stated.get(value, {}))
            changed.add(value)
    with np.errstate(all="ignore"):
        for step in program.steps:
            if step.output not in other and changed.isdisjoint(step.inputs):
                continue
            patch = stated.get(step.output, {})
            if len(patch) == program.values[step.output].size:
                if step.output not in other:
                    continue
                values[step.output] = _patched(trace.values[step.output], patch)
            else:
                values[step.output] = _patched(compute(step, values, choices), patch)
            changed.add(step.output)
    return values, choices, changed


def _patched(array: Array, patch: Mapping[int, float]) -> Array:
    if not patch:
        return array
    result = array.copy()
    flat = result.reshape(-1)
    for place, number in patch.items():
        flat[place] = number
    return read_only(result)
