"""A writer's own numbers: those of the trace, with what earlier lines state in the place of what they name.

A stated value stands in the place of the computed one in everything after it, local derivatives included. A stated
derivative dA/dB stands in the place of all routes from B to A: where A is the target, B's gradient is not computed any
more; between A and B it is one factor, whatever lies between. The nearest statement wins, since what it replaces is
not looked at.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property, lru_cache
from types import MappingProxyType, SimpleNamespace
from typing import Any

import numpy as np
from msgspec import Struct

from bptui.checking.marking.claims import Entry, loss_node
from bptui.checking.marking.statements import Statements
from bptui.limits import Deadline
from bptui.ops import numeric
from bptui.scenario.program import Array, Program
from bptui.trace.arrays import Arrays, as_recorded, read_only
from bptui.trace.backward import with_chosen
from bptui.trace.elements import Elements, Node, TooLarge
from bptui.trace.record import Trace

MARKING = "the marking of the worked solution"

LARGEST_GRAPH = 20_000
"""How many links may lie between what a derivative is of and what it is with respect to, or steps in a line between."""


_ON_PAPER: Any = SimpleNamespace(**{name: rule for name, rule in vars(numeric).items() if not name.startswith("_")})
"""The rules as they are followed on paper: with the numbers that are written, not those that they came from."""
_ON_PAPER.sigmoid_slope = lambda y, x: y * (1.0 - y)

_Links = dict[int, dict[Node, float]]
"""For elements of one value, by flat index: ∂head/∂element for every element of a line that it enters."""


class World:
    """The trace's numbers with some replaced by statements. Immutable; others are made of it by other statements.

    They share what the statements do not change: arrays, and the links of lines whose numbers are the same.
    """

    def __init__(self, trace: Trace, statements: Statements[float] | None = None, base: World | None = None) -> None:
        """Without `base`, a world of the same trace with other statements, nothing is stated."""
        self.trace, self.program = trace, trace.program
        self.statements: Statements[float] = statements or Statements()
        self.loss = loss_node(trace.program)
        self._deadline = Deadline(MARKING)
        self.values: Sequence[Array] = trace.values if base is None else base.values
        self.choices: Mapping[int, Mapping[str, Any]] = trace.choices if base is None else base.choices
        self._shared: dict[int, _Links] = {} if base is None else base._shared
        """The links out of each value's elements, in all worlds in which its lines have the numbers of the trace."""
        self._own: Mapping[int, _Links] = {} if base is None else base._own
        """Those of the values whose lines have others: shared with the worlds that are made of this one."""
        self._totals: dict[Node, dict[Node, float]] = {}
        """By head, the derivatives that were worked out so far."""
        if base is not None and base.stated is not self.stated:
            before, stated = base.stated, self.stated
            other = {one for one in before.keys() | stated.keys() if before.get(one) != stated.get(one)}
            self.values, self.choices, changed = _followed_up(trace, base.values, base.choices, stated, other)
            self._own = {**base._own, **{value: {} for value in _entering(trace.program, changed)}}

    @property
    def stated(self) -> Mapping[int, Mapping[int, float]]:
        """The statements about values, by value and flat index."""
        return self.statements.values

    def with_(self, changes: Mapping[Entry, float | None]) -> World:
        """Return the world in which some entries are stated otherwise; with None, not at all."""
        statements = self.statements.with_(changes)
        return self if statements is self.statements else World(self.trace, statements, self)

    # -- what names are worth -----------------------------------------------------------------------------------

    def value(self, value: int) -> Array:
        return self.values[value]

    def seed(self) -> Array:
        return self.trace.seed

    def entry(self, head: Node, tail: Node) -> float:
        """Return d`head`/d`tail`: as stated, or from the nearest statements."""
        stated = self.statements.get((head, tail))
        return stated if stated is not None else self._derivatives(head, [tail])[tail]

    def numbers(self, entries: Sequence[Entry]) -> list[float]:
        """Return what the entries come to; raises TooLarge where too much lies between."""
        result: dict[Entry, float] = {}
        rows: dict[Node, list[Node]] = {}
        for entry in entries:
            node, tail = entry
            if tail is None:
                result[entry] = self.values[node[0]].item(node[1])
            else:
                rows.setdefault(node, []).append(tail)
        for head, tails in rows.items():
            found = self._derivatives(head, tails)
            result.update(((head, tail), found[tail]) for tail in tails)
        return [result[entry] for entry in entries]

    def _derivatives(self, head: Node, tails: Sequence[Node]) -> Mapping[Node, float]:
        """Return dhead/dtail for some tails, and whatever else was worked out to get there."""
        totals = self._totals.setdefault(head, {})
        graph = self.graph(head, tails, totals)
        totals.update(graph.plain)
        return totals

    # -- links ----------------------------------------------------------------------------------------------------

    @cached_property
    def elements(self) -> Elements:
        """The element graph of these numbers."""
        return Elements(Trace(self.trace.scenario, self.program, self.values, self.trace.seed, (), (), self.choices,
                              _ON_PAPER))  # fmt: skip

    def links(self, node: Node) -> dict[Node, float]:
        """Return ∂head/∂`node` for every element of a line that the node enters; for a target, the seed as well."""
        value, flat = node
        known = self._own.get(value)
        if known is None:
            known = self._shared.setdefault(value, {})
        if flat not in known:
            if _steps_entered(self.program, value) > LARGEST_GRAPH:
                raise TooLarge("the lines that a value enters have too many steps")
            with np.errstate(all="ignore"):
                found = {edge.head: edge.derivative for edge in self.elements.named_edges(node)}
            if self.program.seeded and value == self.program.target:
                found[self.loss] = self.trace.seed.item(flat)
            known[flat] = found
        return known[flat]

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

    def graph(self, head: Node, tails: Sequence[Node], known: Mapping[Node, float] = MappingProxyType({})) -> Graph:
        """Return what lies between `head` and `tails`, as far as statements leave it to be computed.

        What is `known` already is not gone beyond.
        """
        reaching = reaches(self.program, head[0])
        links: dict[Node, dict[Node, float]] = {}
        fixed: dict[Node, float] = {head: 1.0}
        stated: set[tuple[Node, Node]] = set()
        waiting = sorted(set(tails))
        size = 0
        while waiting:
            node = heapq.heappop(waiting)  # element by element of one value after the other: they have steps in common
            if node in links or node in fixed:
                continue
            self._deadline.check()
            heads = self.statements.derivatives.get(node[0], {}).get(node, {})
            total = heads.get(head, known.get(node))
            if total is not None:
                fixed[node] = total
                continue
            out = {one: slope for one, slope in self.links(node).items() if one == head or one[0] in reaching}
            for one, number in heads.items():
                if one[0] in reaching:
                    out[one] = out.get(one, 0.0) + number - self._besides(one, node, out)
                    stated.add((node, one))
            links[node] = out
            size += len(out)
            if size > LARGEST_GRAPH:
                raise TooLarge("too much lies between two elements")
            for one in out:
                if one not in links and one not in fixed:
                    heapq.heappush(waiting, one)
        order, nearest = tuple(sorted(links, reverse=True)), sorted(fixed, reverse=True)
        return Graph(head, tuple(tails), order, links, {one: fixed[one] for one in nearest}, frozenset(stated))

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
        return self.with_({(head, tail): None}).entry(head, tail)


class Graph(Struct, frozen=True, dict=True):
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
        """Return dhead/dnode for every node. `changed` gives nodes other links; no route goes through `dropped`.

        Only what depends on these is worked out anew.
        """
        if changed is None and not dropped:
            return dict(self.plain)
        without = frozenset(dropped)
        gradients = dict(self.plain)
        waiting: list[Node] = []
        for node in without:
            if gradients.get(node) != 0.0:
                gradients[node] = 0.0
                waiting += self._below.get(node, ())
        waiting = [(-value, -flat) for value, flat in (*waiting, *(changed or ()))]
        heapq.heapify(waiting)
        last = None
        while waiting:  # those nearest to the head first
            value, flat = at = heapq.heappop(waiting)
            node = (-value, -flat)
            if at == last or node in without or node in self.fixed or node not in self.links:
                continue
            last = at
            links = self.links[node] if changed is None else changed.get(node, self.links[node])
            total = _total(links, gradients)
            if total != gradients[node]:
                gradients[node] = total
                for value, flat in self._below.get(node, ()):
                    heapq.heappush(waiting, (-value, -flat))
        return gradients

    @cached_property
    def plain(self) -> Mapping[Node, float]:
        """The gradient of every node as it is, those with a given one first."""
        gradients = dict(self.fixed)
        for node in self.order:
            gradients[node] = _total(self.links[node], gradients)
        return gradients

    @cached_property
    def _below(self) -> Mapping[Node, Sequence[Node]]:
        """For each node those that have a link to it."""
        found: dict[Node, list[Node]] = {}
        for node, links in self.links.items():
            for head in links:
                found.setdefault(head, []).append(node)
        return found

    def evaluate(
        self, changed: Mapping[Node, Mapping[Node, float]] | None = None, dropped: Iterable[Node] = ()
    ) -> list[float]:
        """Return dhead/dtail for every tail; for the arguments see `gradients`."""
        gradients = self.gradients(changed, dropped)
        return [gradients[tail] for tail in self.tails]


def _total(links: Mapping[Node, float], gradients: Mapping[Node, float]) -> float:
    total = 0.0
    for head, slope in links.items():
        if slope != 0.0 and head in gradients:
            total += slope * gradients[head]
    return total


@lru_cache(maxsize=1024)
def users(program: Program, value: int) -> frozenset[int]:
    """Return the values that depend on a value, itself included, through operations that a gradient passes."""
    columns, depends = program.columns, {value}
    for step, output in enumerate(columns.outputs):
        inputs = columns.inputs(step)
        if not depends.isdisjoint(inputs) and any(
            operand in depends and passes for operand, passes in zip(inputs, columns.passing(step), strict=True)
        ):
            depends.add(output)
    if program.seeded and program.target in depends:
        depends.add(len(program.values))
    return frozenset(depends)


@lru_cache(maxsize=1024)
def reaches(program: Program, value: int) -> frozenset[int]:
    """Return the values that a value depends on, itself included, through operations that a gradient passes."""
    columns, needed = program.columns, {value}
    if value == len(program.values):
        needed.add(program.target)
    for step in range(len(columns) - 1, -1, -1):
        if columns.outputs[step] in needed:
            passing = zip(columns.inputs(step), columns.passing(step), strict=True)
            needed.update(operand for operand, passes in passing if passes)
    return frozenset(needed)


@lru_cache(maxsize=1024)
def _steps_entered(program: Program, value: int) -> int:
    """Return how many steps the lines have that a value enters."""
    lines = {program.steps[step].line for step, _ in program.uses(value)}
    return sum(program.lines[line].last - program.lines[line].first for line in lines)


def _entering(program: Program, changed: set[int]) -> set[int]:
    """Return the values that enter a line in which some value has changed, or which uses one that has.

    Those of a line with too many steps are left out: nobody asks for its links.
    """
    columns = program.columns
    entering: set[int] = set()
    for line in program.lines.values():
        steps = range(line.first, line.last)
        if len(steps) > LARGEST_GRAPH:
            continue
        inside = set(columns.operands[columns.starts[line.first] : columns.starts[line.last]])
        if not changed.isdisjoint(inside) or not changed.isdisjoint(columns.outputs[step] for step in steps):
            entering |= inside
    return entering


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
    program, columns = trace.program, trace.program.columns
    values: list[Any] = as_recorded(before)
    choices = dict(chosen)
    for value in other:
        if value not in program.producer:
            values[value] = _patched(trace.values[value], stated.get(value, {}))
            changed.add(value)
    with np.errstate(all="ignore"):
        for step, output in enumerate(columns.outputs):
            if output not in other and changed.isdisjoint(columns.inputs(step)):
                continue
            patch = stated.get(output, {})
            if len(patch) == math.prod(program.shape(output)):
                if output not in other:
                    continue
                result = trace.values[output]
            else:
                kind, inputs = columns.kinds[columns.kind[step]], [values[one] for one in columns.inputs(step)]
                if kind.operation.choose is not None:
                    choices[step] = kind.operation.choose(*inputs, **kind.params)
                params = with_chosen(kind.params, choices.get(step))
                result = kind.operation.forward(numeric, *inputs, **params)
            values[output] = _patched(result, patch)
            changed.add(output)
    return Arrays(values), choices, changed


def _patched(array: Any, patch: Mapping[int, float]) -> Any:
    if not patch:
        return array
    result = np.array(array, np.float64, order="C")
    flat = result.reshape(-1)
    for place, number in patch.items():
        flat[place] = number
    return read_only(result)
