"""The derivation as a document: forward with the numbers put in, then every gradient by the chain rule, factor by
factor.

Backwards, the gradient of each named value is derived once, from the gradients of the lines that it enters; what comes
later refers to it. The first element is derived in full, further ones briefly, and of a large array only the first few.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bptui.errors import BptuiError
from bptui.formula.tree import (
    ONE,
    ZERO,
    Derivative,
    Element,
    More,
    Negative,
    Number,
    Tree,
    added,
    product,
)
from bptui.present import numbers
from bptui.present.document import (
    BlockOfText,
    Code,
    Document,
    DocumentTable,
    Equation,
    Equations,
    Heading,
    Paragraph,
    Span,
)
from bptui.present.notation import Notation, amount, arranged, array
from bptui.present.presentation import Presentation
from bptui.trace.elements import Edge, Node
from bptui.trace.record import Trace
from bptui.trace.routes import RouteGraph

MOST_ELEMENTS = 6
"""How many elements of one value are derived; of a larger one the first four."""

MOST_TERMS = 6
"""How many terms of one sum are written; of a longer one the first four and the last."""

MOST_LINES = 48
"""How many lines are computed and derived; of more the first ones forward, and the last ones backward."""

MOST_NAMED = 8
"""How many lines a value is said to enter."""

MOST_ROUTES = 4
"""How many routes may be written out as one chain."""

LONGEST_CHAIN = 16
"""How many factors the routes of one chain may have together."""

LARGEST_GRAPH = 2000
"""How many elements may lie between an element and the target for its routes to be followed."""


_PLAIN = ("natural logarithm", "a line that only gives a value another name")
"""Conventions that say nothing that the formula does not show."""


def solution(trace: Trace) -> Document:
    """Return the derivation of every gradient that the scenario asks for."""
    return _Solution(trace).document()


class _Solution:
    def __init__(self, trace: Trace) -> None:
        self.numeric = trace.mode == "numbers"
        self.trace = trace.numbers or trace.in_names  # its structure; of a trace in symbols no number of it is shown
        self.program = trace.program
        self.shown = Presentation(self.trace)
        self.elements = self.shown.elements
        self.notation = Notation(self.trace, self.elements)
        self.expanding = self.notation.expanding
        self.graphs: dict[Node, _Graph] = {}

    def document(self) -> Document:
        blocks: list[BlockOfText] = []
        blocks += [Heading(("Given",)), *self.given()]
        blocks += [Heading(("Forward pass",)), *self.forward()]
        blocks += [Heading(("Backward pass",)), *self.backward()]
        blocks += [Heading(("All gradients",)), *self.gradients()]
        return Document(self.shown.title, self.shown.description, tuple(blocks))

    # -- given ---------------------------------------------------------------------------------------------------------

    def given(self) -> Iterator[BlockOfText]:
        rows = []
        for name, leaf in self.trace.scenario.leaves.items():
            value = self.program.names[name]
            sides = [array(self.trace.values[value])]
            if leaf.symbol is not None:
                sides.insert(0, self.notation.names(value))
            rows.append(Equation(Element(name), tuple(sides), asked=len(sides)))
        if rows:
            yield Equations(tuple(rows))
        for signature, body in self.trace.scenario.functions.items():
            yield Paragraph(("With ", Code(f"{signature} = {' '.join(body.split())}"), "."))
        target = self.notation.target
        asked = [Derivative(self.notation.loss, Element(name)) for name in self.program.wrt]
        if asked:
            yield Paragraph(("Asked for: ", *_listed(asked), "."))
        if self.program.seeded:
            yield Paragraph(
                (
                    target,
                    " feeds a scalar ",
                    self.notation.loss,
                    " that is not written out; its gradient with respect to ",
                    target,
                    " is given.",
                )
            )
        rounded = numbers.DECIMALS
        yield Paragraph(
            (
                f"Numbers are shown with {rounded} decimals, and with {rounded} significant digits at least; every one "
                "is computed from the exact ones before it, not from those shown.",
            )
        )

    # -- forward -------------------------------------------------------------------------------------------------------

    def forward(self) -> Iterator[BlockOfText]:
        lines = list(self.program.lines.values())
        for line in lines[:MOST_LINES]:
            value = self.program.values[line.value]
            yield Paragraph((Code(self.shown.line_text(line.name)),))
            rows = []
            elements = self.listed(value.size)
            formulas = [self.expanding.formula(value.id, flat) for flat in elements]
            if value.shape and all(isinstance(formula, Element) for formula in formulas):
                moved = self.notation.origins(value.id)
                rows.append(Equation(Element(line.name), (moved, array(self.trace.values[value.id])), asked=1))
            else:
                for flat, formula in zip(elements, formulas, strict=True):
                    rows.append(self.computed(value.id, flat, formula))
                if value.shape and value.size:
                    rows.append(Equation(Element(line.name), (array(self.trace.values[value.id]),)))
            if rows:
                yield Equations(tuple(rows))
            for note in self.conventions(line.first, line.last):
                yield Paragraph((note,))
        if len(lines) > MOST_LINES:
            yield Paragraph((f"… and in the same way {len(lines) - MOST_LINES:,} more lines.",))

    def computed(self, value: int, flat: int, formula: Tree | None) -> Equation:
        """Return an element as its formula in named values, with the numbers put in, and its number."""
        sides = [] if formula is None else [formula, self.notation.put_in(formula)]
        sides.append(self.notation.number_of(value, flat))
        return Equation(self.notation.element(value, flat), _different(sides), asked=0 if formula is None else 1)

    def conventions(self, first: int, last: int) -> Iterator[str]:
        """Yield what is chosen at kinks and ties in the steps of a line."""
        said = dict.fromkeys(step.operation.convention for step in self.program.steps[first:last])
        for convention in said:
            if convention and convention not in _PLAIN:
                yield f"Convention: {convention}."

    # -- backward ------------------------------------------------------------------------------------------------------

    def backward(self) -> Iterator[BlockOfText]:
        target = self.program.target
        if self.program.seeded:
            names = self.notation.seed_names()
            sides = (names, array(self.trace.seed)) if names is not None else (array(self.trace.seed),)
            yield Paragraph(("The backward pass begins with the gradient that is given:",))
            yield Equations((Equation(self.notation.gradient(target), sides, asked=len(sides)),))
        order = self.order()
        asked = {self.program.names[name] for name in self.program.wrt}
        derived = [value for at, value in enumerate(order) if at < MOST_LINES or value in asked][: 2 * MOST_LINES]
        left = len(order) - len(derived)
        for at, value in enumerate(derived):
            if left and at == MOST_LINES:
                yield Paragraph((f"… and in the same way the gradients of {left:,} more values.",))
            yield from self.derived(value)

    def order(self) -> list[int]:
        """Return the values whose gradients are derived: lines from the target down, and each leaf that is asked for
        as soon as the gradients of all lines that it enters are known."""
        asked = {self.program.names[name] for name in self.program.wrt}
        wanted = set(asked)
        enters: dict[int, list[int]] = {}
        for record in self.program.lines.values():
            used = {operand for step in self.program.steps[record.first : record.last] for operand in step.inputs}
            for operand in used:
                enters.setdefault(operand, []).append(record.value)
            if used & wanted:
                wanted.add(record.value)
        wanted.discard(self.program.target)
        lines = [value for value in sorted(wanted, reverse=True) if value in self.program.producer]
        leaves: dict[int, list[int]] = {}
        for leaf in (self.program.names[name] for name in self.program.wrt):
            if leaf not in self.program.producer and leaf != self.program.target:
                leaves.setdefault(min(enters.get(leaf, [0])), []).append(leaf)  # the last of its lines on the way back
        order = leaves.pop(self.program.target, [])
        for value in lines:
            order += [value, *leaves.pop(value, [])]
        return [*order, *(leaf for left in leaves.values() for leaf in left)]

    def derived(self, value: int) -> Iterator[BlockOfText]:
        """Yield the derivation of one value's gradient."""
        record = self.program.values[value]
        yield Heading((self.notation.gradient(value),), 2)
        if not record.size:
            yield Paragraph((self.notation.whole(value), " has no elements."))
            return
        heads = self.heads(value)
        if not heads:
            yield Paragraph(
                (self.notation.target, " does not depend on ", self.notation.whole(value), ": the gradient is 0.")
            )
            yield Equations((Equation(self.notation.gradient(value), (array(self.trace.gradient_of(value)),)),))
            return
        entered: list[Span] = [self.notation.whole(head) for head in heads[:MOST_NAMED]]
        if len(heads) > MOST_NAMED:
            entered.append(f"{len(heads) - MOST_NAMED:,} more lines")
        yield Paragraph((self.notation.whole(value), " enters ", *_listed(entered), "."))
        elements = self.listed(record.size)
        first = self.notation.element(value, elements[0])
        if record.name in self.program.wrt and (chain := self.chain(value, elements[0])) is not None:
            count = self.graph(value, elements[0]).count
            ways = "the only route" if count == 1 else "both routes" if count == 2 else f"all {count} routes"
            yield Paragraph((f"The chain rule over {ways} from ", first, " to ", self.notation.target, ":"))
            yield Equations((chain,))
        factors = self.factors(value, elements[0])
        if factors:
            yield Paragraph(("Factors for ", first, ":"))
            yield Equations(tuple(factors))
            yield Paragraph(("Put together:",))
        rows = [self.sum_of(value, flat) for flat in elements]
        if record.size > len(elements):
            yield Equations(tuple(rows))
            yield Paragraph((f"In the same way for the other {record.size - len(elements):,} elements:",))
            rows = []
        if record.shape:
            rows.append(self.whole(value, elements))
        yield Equations(tuple(rows))

    def heads(self, value: int) -> list[int]:
        """Return the lines that a value enters on its way to the target."""
        found = dict.fromkeys(
            edge.head[0] for flat in self.listed(self.size(value)) for edge in self.edges(value, flat)
        )
        return sorted(found)

    def factors(self, value: int, flat: int) -> list[Equation]:
        """Return each local derivative that one element's gradient is made of, derived."""
        rows = []
        for edge in _bounded(self.edges(value, flat), MOST_TERMS)[0]:
            if edge.head[0] == self.program.target and not self.program.seeded:
                continue  # it is the gradient itself
            local = self.expanding.derivative(edge.tail, edge.head)
            sides = [] if local is None else [local, self.notation.put_in(local)]
            sides.append(amount(edge.derivative))
            rows.append(Equation(self.link(edge), _different(sides)))
        return rows

    def sum_of(self, value: int, flat: int) -> Equation:
        """Return one element's gradient as the sum over what it enters of upstream · local, with the numbers put in."""
        edges, left = _bounded(self.edges(value, flat), MOST_TERMS)
        chain, written, put, products = (list[Tree]() for _ in range(4))
        for edge in edges:
            direct = edge.head[0] == self.program.target and not self.program.seeded
            local = self.expanding.derivative(edge.tail, edge.head)
            link = self.link(edge)
            local_number = amount(edge.derivative)
            if direct:
                chain.append(link)
                written.append(local or link)
                put.append(self.notation.put_in(local) if local is not None else local_number)
                products.append(local_number)
                continue
            above = self.notation.gradient(*edge.head)
            symbol = self.notation.seed_name(edge.head) or above
            arriving = self.notation.gradient_number(*edge.head)
            chain.append(product((above, link)))
            written.append(_joined(symbol, local or link))
            if local == ONE:
                put.append(arriving)
                products.append(arriving)
            else:
                put.append(_joined(arriving, self.notation.put_in(local) if local else local_number))
                products.append(product((arriving, local_number)))
        if left:
            for terms in (chain, written, put, products):
                terms.insert(-1, More(left))
        name = self.notation.gradient(value, flat)
        result = self.notation.gradient_number(value, flat)
        sides = [added(terms) for terms in (chain, written, put, products)]
        asked = 1
        if sides[0] == name:
            sides, asked = sides[1:], 0
        return Equation(name, _different([*sides, result]), asked=asked)

    def chain(self, value: int, flat: int) -> Equation | None:
        """Return one element's gradient as the sum of its routes, each a product of named factors; None where that
        says no more than the sum over what it enters, or is too long."""
        graph = self.graph(value, flat)
        if not graph.whole or not 0 < graph.count <= MOST_ROUTES:
            return None
        routes = sorted(graph.routes(), key=lambda route: [edge.head for edge in reversed(route)])
        length = sum(len(route) for route in routes)
        if length > LONGEST_CHAIN or all(len(route) == 2 - self.program.seeded for route in routes):
            return None  # too long; or the sum over what it enters says the same
        named, numbered = [], []
        for route in routes:
            factors: list[Tree] = []
            amounts: list[Tree] = []
            if self.program.seeded:
                end = route[-1].head
                factors.append(self.notation.gradient(*end))
                amounts.append(amount(float(self.trace.seed.reshape(-1)[end[1]])))
            for edge in reversed(route):
                factors.append(self.link(edge, graph))
                amounts.append(amount(edge.derivative))
            named.append(product(factors))
            numbered.append(product(amounts))
        result = self.notation.gradient_number(value, flat)
        return Equation(self.notation.gradient(value, flat), (added(named), added(numbered), result), asked=1)

    def whole(self, value: int, elements: Sequence[int]) -> Equation:
        """Return a value's gradient as a whole; in symbols too, where its elements are single names."""
        sides: list[Tree] = [array(self.trace.gradient_of(value))]
        record = self.program.values[value]
        if len(elements) == record.size:
            named = [self.single(value, flat) for flat in elements]
            if all(one is not None for one in named):
                sides.insert(0, arranged([one for one in named if one is not None], record.shape))
        return Equation(self.notation.gradient(value), tuple(sides))

    def single(self, value: int, flat: int) -> Tree | None:
        """Return the one symbol that an element's gradient is, None where it is none."""
        edges = self.edges(value, flat)
        if not edges:
            return ZERO
        if len(edges) == 1 and self.expanding.derivative(edges[0].tail, edges[0].head) == ONE:
            return self.notation.seed_name(edges[0].head)
        return None

    # -- the table of all gradients ------------------------------------------------------------------------------------

    def gradients(self) -> Iterator[BlockOfText]:
        rows: list[tuple[Span, ...]] = []
        for name in self.program.wrt:
            value = self.program.names[name]
            record = self.program.values[value]
            for flat in self.listed(record.size):
                rows.append(
                    (
                        self.notation.gradient(value, flat),
                        self.summary(value, flat),
                        self.notation.gradient_number(value, flat),
                    )
                )
            if record.size > MOST_ELEMENTS:
                left = record.size - len(self.listed(record.size))
                rows.append((f"… {left:,} more of {name}", "", ""))
        yield DocumentTable(("gradient", "formula", "value"), tuple(rows))

    def summary(self, value: int, flat: int) -> Span:
        """Return the formula of one element's gradient, nothing where it is not written out."""
        if value == self.program.target:
            return self.notation.seed_name((value, flat)) or ""
        equation = self.sum_of(value, flat)
        at = min(equation.asked, max(len(equation.sides) - 2, 0))
        return equation.sides[at]

    # -- elements, edges and graphs ------------------------------------------------------------------------------------

    def size(self, value: int) -> int:
        return self.program.values[value].size

    def listed(self, size: int) -> range:
        """Return which elements of an array are written out."""
        return range(size if size <= MOST_ELEMENTS else 4)

    def edges(self, value: int, flat: int) -> list[Edge]:
        return self.graph(value, flat).out

    def graph(self, value: int, flat: int) -> _Graph:
        node = value, flat
        if node not in self.graphs:
            self.graphs[node] = _Graph(self, node)
        return self.graphs[node]

    def link(self, edge: Edge, graph: _Graph | None = None) -> Derivative:
        """Return a local derivative's name: with ∂ where its ends are linked by other routes as well."""
        alone = (graph or self.graph(*edge.tail)).alone(edge)
        return Derivative(self.notation.element(*edge.head), self.notation.element(*edge.tail), partial=not alone)


class _Graph:
    """The edges out of one element, and its routes where they are few."""

    def __init__(self, owner: _Solution, node: Node) -> None:
        program = owner.program
        visited = 0

        def few() -> bool:
            nonlocal visited
            visited += 1
            return visited <= LARGEST_GRAPH

        try:
            self.graph: RouteGraph | None = RouteGraph(owner.trace, node, "named", few, owner.elements)
            self.out = self.graph.edges[node]
            self.count = self.graph.counts[node]
        except BptuiError:
            self.graph = None
            self.out = [
                edge
                for edge in owner.elements.edges(node, "named")
                if edge.head[0] in program.last_slot or edge.head[0] == program.target
            ]
            self.count = 0
        self.whole = self.graph is not None

    def routes(self) -> list[tuple[Edge, ...]]:
        return [] if self.graph is None else self.graph.best(MOST_ROUTES)

    def alone(self, edge: Edge) -> bool:
        return self.graph is not None and self.graph.alone(edge)


def _joined(upstream: Tree, local: Tree) -> Tree:
    """Return upstream · local, without a local derivative of 1 and with a formula's sign in front."""
    if local == ONE:
        return upstream
    if isinstance(local, Negative) and not isinstance(local.operand, Number):
        return Negative(_joined(upstream, local.operand))
    return product((upstream, local))


def _different(sides: Sequence[Tree]) -> tuple[Tree, ...]:
    """Return sides without those that repeat the one before."""
    return tuple(side for at, side in enumerate(sides) if at == 0 or side != sides[at - 1])


def _bounded(edges: Sequence[Edge], most: int) -> tuple[list[Edge], int]:
    """Return at most so many edges, the last among them, and how many are left out."""
    if len(edges) <= most:
        return list(edges), 0
    return [*edges[: most - 2], edges[-1]], len(edges) - most + 1


def _listed(spans: Sequence[Span]) -> Iterator[Span]:
    for at, span in enumerate(spans):
        if at:
            yield " and " if at == len(spans) - 1 else ", "
        yield span
