"""Routes: every way in which one element reaches the target, counted exactly and listed best first.

A gradient is a sum over routes of products of local derivatives (Bauer, 1974, "Computational graphs and rounding
error"). Their number explodes, so they are counted by dynamic programming, and only the largest by |product| are
walked: a best-first search whose bound, the largest |product| from a node to the end, is itself found by dynamic
programming, so that routes come out in exact order.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Callable, Iterator, Sequence
from itertools import count
from typing import Any, overload

from msgspec import Struct

from bptui.errors import BptuiError, Fault
from bptui.limits import Deadline
from bptui.scenario.notation import index_text
from bptui.trace.elements import Edge, Elements, Level, Node, is_alone
from bptui.trace.recorded import Recorded

LARGEST_GRAPH = 2_000_000
"""How many edges may lie between an element and the target; beyond that the question is refused."""


class Route(Struct, frozen=True):
    """One route from an element to the target, and what it adds to the gradient."""

    factors: tuple[tuple[str, Any], ...]
    """From the target down: (("dL/dy(2)", 1.4703), ("dy(2)/dz2(2)", 0.2244), …). A factor is written with ∂ where the
    two elements are linked by other routes as well, so that it is not the total derivative."""
    product: Any
    """The product of the factors: a number; in symbols, as the factors, an expression in named values."""
    share: float
    """product / total; nan where the total is 0, or has no number."""
    steps: tuple[int, ...]
    """For each factor the step it belongs to: the seed's, or the forward step whose local derivative it is."""
    edges: tuple[Edge, ...] = ()
    """Its links, from the element to the target."""


class Routes:
    """The largest routes of one element, best first: `len()`, indexing and iteration are over those that are listed.

    `count` is how many there are in all, `total` the gradient that all of them sum to.
    """

    def __init__(self, element: str, level: Level, found: Sequence[Route], count: int, total: Any) -> None:
        self.element, self.level = element, level
        self._found = tuple(found)
        self.count = count
        self.total = total

    @property
    def shown(self) -> Any:
        """The sum of the routes that are listed."""
        products = [route.product for route in self._found]
        if not all(isinstance(product, float) for product in products):
            return sum(products)
        return math.fsum(products) if all(map(math.isfinite, products)) else sum(products)

    def __len__(self) -> int:
        return len(self._found)

    def __iter__(self) -> Iterator[Route]:
        return iter(self._found)

    @overload
    def __getitem__(self, index: int) -> Route: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Route]: ...
    def __getitem__(self, index: int | slice) -> Route | Sequence[Route]:
        return self._found[index]

    def __repr__(self) -> str:
        total = f"{self.total:.6g}" if isinstance(self.total, float) else self.total
        return f"<{self.count} routes from {self.element}, {len(self)} listed, total {total}>"


def find_routes(trace: Recorded, element: str, limit: int = 20, level: Level = "named") -> Routes:
    """Return the `limit` largest routes from `element` (`"W1(1,1)"`, `"x[0]"`; a scalar by its name) to the target.

    `level` is `named` (elements of leaves and lines) or `primitive` (every operation's own entries). Raises BptuiError
    where the name is none of the scenario's, names a whole array, or has too many edges between it and the target.
    """
    if level not in ("named", "primitive"):
        raise BptuiError(Fault(f"unknown level `{level}`", "it is `named` or `primitive`"))
    program = trace.program
    found = trace.element(element)
    value = program.values[found.value]
    if found.flat is None and value.shape:
        first = value.written.text + index_text((0,) * len(value.shape), program.index_base)
        has, hint = ("several", f"write for example `{first}`") if value.size else ("none", "")
        raise BptuiError(Fault(f"routes start at one element, and `{element}` has {has}", hint))
    return routes_from(trace, (found.value, found.flat or 0), limit, level)


def routes_from(
    trace: Recorded,
    start: Node,
    limit: int = 20,
    level: Level = "named",
    wanted: Callable[[], bool] = lambda: True,
) -> Routes:
    """Return the `limit` largest routes from an element of any value, named or not, to the target.

    `wanted` is asked now and then whether to go on. Raises BptuiError where it says no, and where too many edges lie
    between element and target.
    """
    graph = _Graph(trace, start, level, wanted)
    total = trace.in_names.total(*start)
    return Routes(
        trace.program.element_name(*start),
        level,
        [_route(trace.in_names, graph, edges) for edges in graph.best(limit)],
        graph.counts[start],
        total,
    )


class _Graph:
    """What lies between one element and the target: edges, and for each node its routes' count and largest product."""

    def __init__(self, trace: Recorded, start: Node, level: Level, wanted: Callable[[], bool]) -> None:
        self.trace, self.start, self.level, self.wanted = trace, start, level, wanted
        self.target = trace.program.target
        self._numbers = trace.numbers.view(Elements) if trace.mode == "symbols" and trace.numbers is not None else None
        self.number: dict[tuple[Node, Node, int, int], float] = {}
        """What an edge of a trace in symbols is in numbers, where it has any."""
        self.edges: dict[Node, list[Edge]] = {}
        self._deadline = Deadline("the search for routes")
        self._explore()
        self._sum_up()

    def _explore(self) -> None:
        """Collect the edges out of every node that the start reaches and that may reach the target."""
        elements, program = self.trace.in_names.view(Elements), self.trace.program
        waiting, edges = [self.start], 0
        while waiting:
            node = waiting.pop()
            if node in self.edges:
                continue
            self.edges[node] = []
            if node[0] == self.target:
                continue
            self._deadline.check()
            if not self.wanted():
                raise BptuiError("the search for routes was given up")
            out = [
                edge
                for edge in elements.edges(node, self.level)
                if edge.head[0] in program.last_slot or edge.head[0] == self.target
            ]
            edges += len(out)
            if edges > LARGEST_GRAPH:
                raise BptuiError(
                    Fault(
                        f"over {LARGEST_GRAPH:,} edges lie between {program.element_name(*self.start)} and the target",
                        "ask for an element nearer to the target",
                    )
                )
            self.edges[node] = out
            if self._numbers is not None:
                self.number |= {_key(edge): edge.derivative for edge in self._numbers.edges(node, self.level)}
            waiting += [edge.head for edge in out]

    def _sum_up(self) -> None:
        """Count routes and find each node's largest |product| to the end, from the target back to the start."""
        self.counts: dict[Node, int] = {}
        self.largest: dict[Node, float] = {}
        for node in sorted(self.edges, reverse=True):  # value ids grow along the program: a topological order
            if node[0] == self.target:
                self.counts[node] = 1
                self.largest[node] = _size(self.seed(node[1]))
                continue
            self.edges[node] = [edge for edge in self.edges[node] if self.counts[edge.head]]
            self.counts[node] = sum(self.counts[edge.head] for edge in self.edges[node])
            self.largest[node] = max(
                (_product(self.size(edge), self.largest[edge.head]) for edge in self.edges[node]), default=0.0
            )

    def best(self, limit: int) -> list[tuple[Edge, ...]]:
        """Return the `limit` routes with the largest |product|, each as its edges from the start on."""
        ticket = count()
        # Of equal products the one that has come furthest goes first, else all beginnings would be gone through before
        # the first end; and what differs in the last digits only is equal, so that the order is the same everywhere.
        waiting: list[tuple[float, int, int, float, float, Node, tuple[Edge, ...]]] = []
        if self.counts[self.start]:
            waiting.append((0.0, 0, next(ticket), 1.0, self.largest[self.start], self.start, ()))
        found: list[tuple[Edge, ...]] = []
        while waiting and len(found) < limit:
            self._deadline.check()
            _, _, _, so_far, best, node, edges = heapq.heappop(waiting)
            if node[0] == self.target:
                found.append(edges)
                continue
            for edge in self.edges[node]:
                size, ahead = self.size(edge), self.largest[edge.head]
                so_far_here = _product(so_far, size)
                on_the_best = _product(size, ahead) == self.largest[node]
                bound = best if on_the_best else _product(so_far_here, ahead)
                key = (-_rounded(bound), -len(edges), next(ticket))
                heapq.heappush(waiting, (*key, so_far_here, bound, edge.head, (*edges, edge)))
        return found

    def size(self, edge: Edge) -> float:
        """Return how large an edge's derivative is; without numbers, one that is not 0 counts as 1."""
        return _size(self.in_numbers(edge))

    def in_numbers(self, edge: Edge) -> float:
        """Return an edge's derivative as a number."""
        if self.trace.mode == "numbers":
            return float(edge.derivative)
        return self.number.get(_key(edge), float(edge.derivative != 0))

    def seed(self, flat: int) -> float:
        """Return the target's upstream gradient as a number; without numbers 1."""
        return 1.0 if self.trace.numbers is None else float(self.trace.numbers.seed.reshape(-1)[flat])

    def share(self, edges: Sequence[Edge]) -> float:
        """Return what part of the gradient a route is; nan where that is 0 or has no number."""
        numbers, end = self.trace.numbers, edges[-1].head if edges else self.start
        if numbers is None:
            return math.nan
        total = numbers.gradient_of(self.start[0]).item(self.start[1])
        return math.prod((self.seed(end[1]), *map(self.in_numbers, reversed(edges)))) / total if total else math.nan


def _key(edge: Edge) -> tuple[Node, Node, int, int]:
    return edge.tail, edge.head, edge.step, edge.slot


def _size(number: float) -> float:
    """Return |number|, nan counting as infinitely large: what is broken is shown first."""
    return math.inf if math.isnan(number) else abs(number)


def _rounded(number: float) -> float:
    """Return a number to twelve significant digits."""
    return float(f"{number:.11e}")


def _product(a: float, b: float) -> float:
    """Return a·b for sizes, with inf·0 taken as inf for the same reason."""
    product = a * b
    return math.inf if math.isnan(product) else product


def _route(trace: Recorded, graph: _Graph, edges: tuple[Edge, ...]) -> Route:
    program = trace.program
    end = edges[-1].head if edges else graph.start
    factors: list[tuple[str, Any]] = []
    steps: list[int] = []
    seed = trace.seed.item(end[1])
    if program.seeded or not edges:
        factors.append((program.derivative_name(*end), seed))
        steps.append(trace.seed_step)
    for edge in reversed(edges):
        sign = "d" if is_alone(edge, graph.edges.__getitem__) else "∂"
        head, tail = program.operand_name(*edge.head), program.operand_name(*edge.tail)
        factors.append((f"{sign}{head}/{sign}{tail}", edge.derivative))
        steps.append(edge.step)
    product = math.prod(number for _, number in factors)
    return Route(tuple(factors), product, graph.share(edges), tuple(steps), edges)


def product_in(elements: Elements, start: Node, route: Route, level: Level) -> float | None:
    """Return the product of a route from `start` in another trace of the same program; None where it has no such route.

    Another choice, of a sort for instance, makes other routes.
    """
    product = float(elements.trace.seed.item((route.edges[-1].head if route.edges else start)[1]))
    for edge in route.edges:
        links = [one for one in elements.edges(edge.tail, level) if (one.head, one.slot) == (edge.head, edge.slot)]
        if not links:
            return None
        product *= links[0].derivative
    return product
