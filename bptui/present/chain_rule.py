"""The chain rule written out for single elements: their factors, the sum over what they enter, their routes.

A side of an equation is in names or in numbers; a derivation in symbols has the former alone.
"""

from __future__ import annotations

from collections.abc import Sequence

from bptui.formula.tree import ONE, ZERO, Derivative, More, Negative, Number, Tree, added, product
from bptui.present.document import Equation
from bptui.present.notation import Notation, amount
from bptui.trace.elements import Edge, Node, TooLarge, is_alone
from bptui.trace.record import Trace

MOST_TERMS = 6
"""How many terms of one sum are written; of a longer one the first four and the last."""

MOST_ROUTES = 4
"""How many routes may be written out as one chain."""

LONGEST_CHAIN = 16
"""How many factors the routes of one chain may have together."""

MOST_FOLLOWED = 200
"""How many elements are looked at to follow an element's routes, or to tell whether two are linked by others too."""


class ChainRule:
    """Writes the gradients of single elements of one trace, in names and, where `numeric`, with the numbers put in."""

    def __init__(self, trace: Trace, numeric: bool) -> None:
        self.trace, self.program, self.elements = trace, trace.program, trace.elements
        self.notation = Notation(trace)
        self.expanding = self.notation.expanding
        self.numeric = numeric
        self._edges: dict[Node, list[Edge]] = {}

    def equation(self, left: Tree, named: Sequence[Tree], numbered: Sequence[Tree], asked: int = 0) -> Equation | None:
        """Return an equation of sides in names and sides in numbers, none said twice; None where there are none."""
        sides = [*named, *numbered] if self.numeric else list(named)
        different = [side for at, side in enumerate(sides) if side != left and (at == 0 or side != sides[at - 1])]
        return Equation(left, tuple(different), min(asked, len(different))) if different else None

    def edges(self, node: Node) -> list[Edge]:
        """Return what an element enters on its way to the target."""
        if node not in self._edges:
            last, target = self.program.last_slot, self.program.target
            found = [] if node[0] == target else self.elements.edges(node, "named")
            self._edges[node] = [edge for edge in found if edge.head[0] in last or edge.head[0] == target]
        return self._edges[node]

    def routes(self, node: Node) -> list[tuple[Edge, ...]]:
        """Return all routes from an element to the target; none where they are many, or long."""
        try:
            return self._find_routes(node)
        except TooLarge:
            return []

    def _find_routes(self, node: Node) -> list[tuple[Edge, ...]]:
        found: list[tuple[Edge, ...]] = []
        waiting: list[tuple[Node, tuple[Edge, ...]]] = [(node, ())]
        for _ in range(MOST_FOLLOWED):
            if not waiting or len(found) > MOST_ROUTES:
                break
            at, route = waiting.pop()
            if at[0] == self.program.target:
                found.append(route)
            elif len(route) == LONGEST_CHAIN:
                return []
            else:
                waiting += [(edge.head, (*route, edge)) for edge in reversed(self.edges(at))]
        return [] if waiting or len(found) > MOST_ROUTES else found

    def factors(self, node: Node) -> list[Equation]:
        """Return each local derivative that one element's gradient is made of, derived."""
        derived = (self._factor(edge) for edge in _bounded(self.edges(node))[0] if not self._is_direct(edge))
        return [equation for equation in derived if equation is not None]

    def gradient(self, node: Node) -> Equation | None:
        """Return one element's gradient as the sum over what it enters of upstream · local."""
        edges, left = _bounded(self.edges(node))
        named = [self._link(edge) if self._is_direct(edge) else product(self._names(edge)) for edge in edges]
        written = [self._written(edge) for edge in edges]
        kept = [term for edge, term in zip(edges, written, strict=True) if self._local(edge) != ZERO]
        sums = [named, written]
        if self.numeric:
            sums += [[self._put_in(edge) for edge in edges], [self._product(edge) for edge in edges]]
        for terms in sums if left else ():
            terms.insert(-1, More(left))
        chain, formula, *numbers = map(added, sums)
        short = [added(kept)] if len(kept) < len(edges) and not left and not self.numeric else []
        if self.numeric:
            numbers.append(self.notation.gradient_number(*node))
        name = self.notation.gradient(*node)
        return self.equation(name, (chain, formula, *short), numbers, asked=0 if chain == name else 1)

    def summary(self, node: Node) -> Tree | None:
        """Return the formula of one element's gradient in the gradients above; None where there is none."""
        try:
            edges, left = _bounded(self.edges(node))
        except TooLarge:
            return None
        if not edges:
            return self.notation.seed_name(node)
        if left:
            terms = [self._written(edge) for edge in edges]
            return added([*terms[:-1], More(left), terms[-1]])
        return added(self._written(edge) for edge in edges if self._local(edge) != ZERO)

    def chain(self, node: Node) -> Equation | None:
        """Return one element's gradient as the sum of its routes, each a product of named factors.

        None where that says no more than the sum over what it enters, and where it is too long.
        """
        routes = sorted(self.routes(node), key=lambda route: [edge.head for edge in reversed(route)])
        shortest = 1 if self.program.seeded else 2
        if sum(map(len, routes)) > LONGEST_CHAIN or all(len(route) <= shortest for route in routes):
            return None
        named = added(product(self._route(route)) for route in routes)
        numbers = []
        if self.numeric:
            numbers = [added(map(self._route_product, routes)), self.notation.gradient_number(*node)]
        return self.equation(self.notation.gradient(*node), (named,), numbers, asked=1)

    def single(self, node: Node) -> Tree | None:
        """Return the one symbol that an element's gradient is, or 0; None where it is more."""
        try:
            edges = self.edges(node)
        except TooLarge:
            return None
        if not edges:
            return ZERO
        if len(edges) == 1 and self.expanding.derivative(edges[0].tail, edges[0].head) == ONE:
            return self.notation.seed_name(edges[0].head)
        return None

    # -- the parts of a product ----------------------------------------------------------------------------------------

    def _is_direct(self, edge: Edge) -> bool:
        """Return whether an edge's derivative is the gradient itself, since it leads to the target."""
        return edge.head[0] == self.program.target and not self.program.seeded

    def _link(self, edge: Edge) -> Derivative:
        """Return a local derivative's name: with ∂ where its ends are linked by other routes as well."""
        head, tail = self.notation.element(*edge.head), self.notation.element(*edge.tail)
        return Derivative(head, tail, partial=not is_alone(edge, self.edges, MOST_FOLLOWED))

    def _names(self, edge: Edge) -> tuple[Tree, Tree]:
        return self.notation.gradient(*edge.head), self._link(edge)

    def _factor(self, edge: Edge) -> Equation | None:
        local = self.expanding.derivative(edge.tail, edge.head)
        named = [] if local is None else [local]
        numbers = [*map(self.notation.put_in, named), amount(edge.derivative)] if self.numeric else []
        return self.equation(self._link(edge), named, numbers)

    def _local(self, edge: Edge) -> Tree | None:
        return self.expanding.derivative(edge.tail, edge.head)

    def _written(self, edge: Edge) -> Tree:
        """Return upstream · local, the local derivative as its formula."""
        local = self.expanding.derivative(edge.tail, edge.head) or self._link(edge)
        if self._is_direct(edge):
            return local
        upstream = self.notation.seed_name(edge.head) or self.notation.gradient(*edge.head)
        return upstream if local == ONE else _joined(upstream, local)

    def _put_in(self, edge: Edge) -> Tree:
        """Return upstream · local with the numbers put into the formula."""
        local = self.expanding.derivative(edge.tail, edge.head)
        if local is None:
            return self._product(edge)
        if self._is_direct(edge):
            return self.notation.put_in(local)
        arriving = self.notation.gradient_number(*edge.head)
        return arriving if local == ONE else _joined(arriving, self.notation.put_in(local))

    def _product(self, edge: Edge) -> Tree:
        """Return upstream · local as two numbers."""
        if self._is_direct(edge):
            return amount(edge.derivative)
        arriving = self.notation.gradient_number(*edge.head)
        if self.expanding.derivative(edge.tail, edge.head) == ONE:
            return arriving
        return product((arriving, amount(edge.derivative)))

    def _route(self, route: Sequence[Edge]) -> list[Tree]:
        seed: list[Tree] = [self.notation.gradient(*route[-1].head)] if self.program.seeded else []
        return [*seed, *(self._link(edge) for edge in reversed(route))]

    def _route_product(self, route: Sequence[Edge]) -> Tree:
        seed = [self.notation.gradient_number(*route[-1].head)] if self.program.seeded else []
        return product([*seed, *(amount(edge.derivative) for edge in reversed(route))])


def _bounded(edges: Sequence[Edge]) -> tuple[list[Edge], int]:
    """Return the edges that are written, the last among them, and how many are left out."""
    if len(edges) <= MOST_TERMS:
        return list(edges), 0
    return [*edges[: MOST_TERMS - 2], edges[-1]], len(edges) - MOST_TERMS + 1


def _joined(upstream: Tree, local: Tree) -> Tree:
    """Return upstream · local, a formula's sign in front."""
    if isinstance(local, Negative) and not isinstance(local.operand, Number):
        return Negative(_joined(upstream, local.operand))
    return product((upstream, local))
