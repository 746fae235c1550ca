"""What is true, as an expression in symbols and named values: for lines that are claimed in symbols.

It is put together from the operations' own texts, term by term, and not simplified beyond adding up equal terms.
"""

from __future__ import annotations

from collections.abc import Iterator

from bptui.checking.marking.claims import Entry, loss_node
from bptui.ops.operation import ATOM, PRODUCT, Params
from bptui.present import numbers
from bptui.present.cells import as_factor
from bptui.scenario.notation import Shape, glued, unravel
from bptui.scenario.program import ForwardStep
from bptui.trace.backward import all_params
from bptui.trace.elements import Node
from bptui.trace.record import Trace

_MOST_ROUTES = 64
_LONGEST = 400


def expression(trace: Trace, entry: Entry) -> str | None:
    """Return an entry as an expression; None where that would be long."""
    node, tail = entry
    writer = _Writer(trace)
    text = writer.value(node, top=True) if tail is None else writer.derivative(node, tail)
    return text if text is not None and len(text) <= _LONGEST else None


class _Cell:
    """Names elements for a rule's text: unnamed ones by what they are."""

    def __init__(self, writer: _Writer, step: ForwardStep) -> None:
        program = writer.program
        self.writer, self.step = writer, step
        self.shapes: tuple[Shape, ...] = tuple(program.values[one].shape for one in step.inputs)
        self.output_shape: Shape = program.values[step.output].shape
        self.params: Params = all_params(step, writer.trace.choices)

    def x(self, slot: int, index: int) -> str:
        return as_factor(self.writer.value((self.step.inputs[slot], index)))

    def y(self, index: int) -> str:
        return as_factor(self.writer.value((self.step.output, index)))


class _Writer:
    def __init__(self, trace: Trace) -> None:
        self.trace, self.program = trace, trace.program
        self.elements = trace.elements

    def value(self, node: Node, top: bool = False) -> str:
        """Return an element: by its name, or where it has none, or at the `top`, by what it is computed from."""
        value = self.program.values[node[0]]
        if value.role == "constant" and value.constant is not None and not value.shape:
            return value.written.within(PRODUCT)
        producer = self.program.producer.get(node[0])
        if producer is None or (value.name is not None and not top):
            return self.program.element_name(*node) if value.shape else value.brief.within(ATOM)
        step = self.program.steps[producer]
        text = step.operation.element(_Cell(self, step), node[1])
        return text if len(text) <= _LONGEST else self.program.element_name(*node)

    def derivative(self, head: Node, tail: Node) -> str | None:
        """Return the sum over all routes from `tail` to `head` of the products of their factors."""
        terms: dict[tuple[bool, tuple[str, ...]], int] = {}
        for number, factors in enumerate(self._routes(head, tail)):
            if number >= _MOST_ROUTES:
                return None
            negative = sum(factor.startswith("-") for factor in factors) % 2 == 1
            plain = tuple(sorted(one for factor in factors if (one := factor.removeprefix("-")) != "1"))
            if "0" not in plain:
                key = (negative, plain)
                terms[key] = terms.get(key, 0) + 1
        written = ""
        for (negative, factors), count in terms.items():
            product = "*".join([*([str(count)] if count > 1 else []), *factors]) or "1"
            sign = ("-" if negative else "") if not written else (" - " if negative else " + ")
            written += sign + product
        return written or "0"

    def _routes(self, head: Node, tail: Node) -> Iterator[tuple[str, ...]]:
        loss = loss_node(self.program)
        waiting: list[tuple[Node, tuple[str, ...]]] = [(tail, ())]
        looked = 0
        while waiting:
            node, factors = waiting.pop()
            looked += 1
            if looked > 50 * _MOST_ROUTES:
                yield from [()] * (_MOST_ROUTES + 1)
                return
            if node == head:
                yield factors
                continue
            if head == loss and self.program.seeded and node[0] == self.program.target:
                yield (self._seed(node[1]), *factors)
                continue
            out = self.elements.primitive_edges(node)
            for edge in reversed(out):
                if edge.head[0] <= head[0]:
                    step = self.program.steps[edge.step]
                    text = step.operation.derivative(_Cell(self, step), edge.slot, edge.head[1], node[1])
                    waiting.append((edge.head, (*factors, *_factors(text))))

    def _seed(self, flat: int) -> str:
        seed = self.trace.scenario.seed
        if seed is not None and seed.symbol is not None:
            return glued(seed.symbol, unravel(flat, seed.shape), self.program.index_base)
        return numbers.number(self.trace.seed.item(flat))


def _factors(text: str) -> tuple[str, ...]:
    """Return an expression as a factor, its sign in front."""
    text = text.strip()
    while text.startswith("(") and text.endswith(")") and text[1:-1].replace(".", "").lstrip("-").isdigit():
        text = text[1:-1]
    if text.startswith("-"):
        return "-1", as_factor(text[1:])
    return (as_factor(text),)
