"""The derivation written out as a document: forward with the numbers put in, then every gradient by the chain rule.

Backwards, the gradient of each named value is derived once, from the gradients of the lines that it enters; what comes
later refers to it. The first element is derived in full, further ones briefly, and of a large array only the first few.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from msgspec.structs import replace

from bptui.formula.plain import code
from bptui.formula.tree import Derivative, Element, Tree, walk
from bptui.present.chain_rule import ChainRule
from bptui.present.derivation import Derivation
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
from bptui.present.notation import arranged, array
from bptui.present.numbers import DECIMALS
from bptui.present.sentences import line_text
from bptui.present.whole import functions
from bptui.scenario.program import Line
from bptui.text import printable
from bptui.trace.elements import Node, TooLarge
from bptui.trace.record import Trace

MOST_ELEMENTS = 6
"""How many elements of one value are derived; of a larger one the first four."""

MOST_LINES = 48
"""How many lines are computed and derived; of more the first ones forward, and the last ones backward."""

MOST_NAMED = 8
"""How many lines a value is said to enter."""

LONGEST_SHORT = 100
"""How many characters a short form may have."""

_PLAIN = ("natural logarithm", "a line that only gives a value another name")
"""Conventions that say nothing that the formula does not show."""

_ROUNDED = (
    f"Numbers are shown with {DECIMALS} decimals, and with {DECIMALS} significant digits at least; every one is "
    "computed from the exact ones before it, not from those shown."
)


def solution(trace: Trace) -> Document:
    """Return the derivation of every gradient that the scenario asks for; of a trace in symbols without numbers."""
    return _Solution(trace).document()


class _Solution:
    def __init__(self, trace: Trace) -> None:
        self.numeric = trace.mode == "numbers"
        self.trace = trace.numbers or trace.in_names  # its structure; of a trace in symbols no number of it is shown
        self.program = trace.program
        self.rule = ChainRule(self.trace, self.numeric)
        self.notation, self.expanding = self.rule.notation, self.rule.expanding
        self.symbols = None if self.numeric else Derivation(trace)  # SymPy is loaded where symbols are asked for
        self.asked = {self.program.names[name] for name in self.program.wrt}

    def document(self) -> Document:
        blocks = [
            Heading(("Given",)),
            *self.given(),
            Heading(("Forward pass",)),
            *self.forward(),
            Heading(("Backward pass",)),
            *self.backward(),
            Heading(("All gradients",)),
            self.gradients(),
        ]
        scenario = self.trace.scenario
        return Document(printable(scenario.title), printable(scenario.description.strip(), keep="\n"), tuple(blocks))

    # -- given ---------------------------------------------------------------------------------------------------------

    def given(self) -> Iterator[BlockOfText]:
        yield from _equations(self.leaf(name) for name in self.trace.scenario.leaves)
        for signature, body in functions(self.trace.scenario):
            yield Paragraph(("With ", Code(f"{signature} = {body}"), "."))
        asked = [Derivative(self.notation.loss, Element(name)) for name in self.program.wrt]
        if asked:
            yield Paragraph(("Asked for: ", *_listed(asked), "."))
        if self.program.seeded:
            target, loss = self.notation.target, self.notation.loss
            said = (" feeds a scalar ", " that is not written out; its gradient with respect to ", " is given.")
            yield Paragraph((target, said[0], loss, said[1], target, said[2]))
        if self.numeric:
            yield Paragraph((_ROUNDED,), answer=True)

    def leaf(self, name: str) -> Equation | None:
        """Return a leaf with its numbers, and with its elements' names where it has symbols or nothing has numbers."""
        value = self.program.names[name]
        named = [self.notation.names(value)] if self.trace.scenario.leaves[name].symbol or not self.numeric else []
        numbers = [array(self.trace.values[value])] if self.numeric else []
        return self.rule.equation(Element(name), named, numbers, asked=2)

    # -- forward -------------------------------------------------------------------------------------------------------

    def forward(self) -> Iterator[BlockOfText]:
        lines = list(self.program.lines.values())
        for line in lines[:MOST_LINES]:
            yield Paragraph((Code(line_text(self.program, line.name)),))
            yield from _equations(self.computed(line))
            for note in self.conventions(line):
                yield Paragraph((note,))
        if len(lines) > MOST_LINES:
            yield Paragraph((f"… and in the same way {len(lines) - MOST_LINES:,} more lines.",))

    def computed(self, line: Line) -> Iterator[Equation | None]:
        """Yield a line's elements as formulas in named values, with the numbers put in, and the whole."""
        record, name = self.program.values[line.value], Element(line.name)
        elements = self.listed(record.size)
        known = set(self.expanding.opened)
        formulas = [self.expanding.formula(record.id, flat) for flat in elements]
        yield from self.parts([node for node in self.expanding.opened if node not in known])
        whole = [array(self.trace.values[record.id])] if self.numeric else []
        if record.shape and all(isinstance(formula, Element) for formula in formulas):
            yield self.rule.equation(name, [self.notation.origins(record.id)], whole, asked=1)
            return
        for flat in elements:
            yield self.element(record.id, flat)
        if record.shape:
            yield self.together(self.rule.equation(name, (), whole), record.size)

    def parts(self, nodes: Sequence[Node]) -> Iterator[Equation | None]:
        """Yield what stands in a line's formulas by its number in the trace, what it is made of first."""
        for value, flat in sorted(nodes)[:MOST_ELEMENTS]:
            yield self.element(value, flat)

    def element(self, value: int, flat: int) -> Equation | None:
        """Return an element as its formula in named values, with the numbers put in, and its number."""
        formula = self.expanding.formula(value, flat)
        named = [] if formula is None else [formula]
        numbers = [*map(self.notation.put_in, named), self.notation.number_of(value, flat)] if self.numeric else []
        return self.rule.equation(self.notation.element(value, flat), named, numbers, asked=len(named))

    def conventions(self, line: Line) -> Iterator[str]:
        """Yield what is chosen at kinks and ties in the steps of a line."""
        said = dict.fromkeys(step.operation.convention for step in self.program.steps[line.first : line.last])
        yield from (f"Convention: {one}." for one in said if one and one not in _PLAIN)

    # -- backward ------------------------------------------------------------------------------------------------------

    def backward(self) -> Iterator[BlockOfText]:
        if self.program.seeded:
            yield Paragraph(("The backward pass begins with the gradient that is given:",))
            names = self.notation.seed_names()
            numbers = [array(self.trace.seed)] if names is None or self.numeric else []
            sides = [*([] if names is None else [names]), *numbers]
            yield Equations((Equation(self.notation.gradient(self.program.target), tuple(sides), asked=len(sides)),))
        order = self.order()
        derived = [value for at, value in enumerate(order) if at < MOST_LINES or value in self.asked][: 2 * MOST_LINES]
        left = len(order) - len(derived)
        for at, value in enumerate(derived):
            if left and at == MOST_LINES:
                yield Paragraph((f"… and in the same way the gradients of {left:,} more values.",))
            yield Heading((self.notation.gradient(value),), 2)
            yield from self.derived(value)

    def order(self) -> list[int]:
        """Return the values whose gradients are derived: lines from the target down, and each leaf that is asked for
        as soon as the gradients of all lines that it enters are known."""
        target, columns = self.program.target, self.program.columns
        wanted = set(self.asked)
        enters: dict[int, int] = {}
        for record in self.program.lines.values():
            used = columns.operands[columns.starts[record.first] : columns.starts[record.last]]
            for operand in used:
                enters.setdefault(operand, record.value)  # the last of its lines on the way back
            if not wanted.isdisjoint(used):
                wanted.add(record.value)
        leaves: dict[int, list[int]] = {}
        for leaf in (self.program.names[name] for name in self.program.wrt):
            if leaf not in self.program.producer and leaf != target:
                leaves.setdefault(enters.get(leaf, target), []).append(leaf)
        order = leaves.pop(target, [])
        for value in sorted(wanted - {target}, reverse=True):
            if value in self.program.producer:
                order += [value, *leaves.pop(value, [])]
        return order

    def derived(self, value: int) -> Iterator[BlockOfText]:
        """Yield the derivation of one value's gradient."""
        record, name = self.program.values[value], self.notation.whole(value)
        if not record.size:
            yield Paragraph((name, " has no elements."))
            return
        elements = self.listed(record.size)
        try:
            heads = sorted({edge.head[0] for flat in elements for edge in self.rule.edges((value, flat))})
        except TooLarge:
            yield Paragraph(("Each element of ", name, " enters too many others for its gradient to be written out."))
            yield from _equations([self.whole(value)])
            return
        if not heads:
            yield Paragraph((self.notation.target, " does not depend on ", name, ": the gradient is 0."))
            yield from _equations([self.whole(value)])
            return
        entered: list[Span] = [self.notation.whole(head) for head in heads[:MOST_NAMED]]
        if len(heads) > MOST_NAMED:
            entered.append(f"{len(heads) - MOST_NAMED:,} more lines")
        yield Paragraph((name, " enters ", *_listed(entered), "."))
        first = value, elements[0]
        if value in self.asked and (chain := self.rule.chain(first)) is not None:
            count = len(self.rule.routes(first))
            ways = "the only route" if count == 1 else "both routes" if count == 2 else f"all {count} routes"
            said = (f"The chain rule over {ways} from ", " to ")
            yield Paragraph((said[0], self.notation.element(*first), said[1], self.notation.target, ":"))
            yield Equations((chain,))
        if factors := self.rule.factors(first):
            yield Paragraph(("Factors for ", self.notation.element(*first), ":"))
            yield Equations(tuple(factors))
            yield Paragraph(("Put together:",))
        sums = [self.rule.gradient((value, flat)) for flat in elements]
        if record.size > len(elements):
            yield from _equations(sums)
            if self.numeric:
                yield Paragraph((f"In the same way for the other {record.size - len(elements):,} elements:",))
            else:
                yield Paragraph((f"In the same way for the other {record.size - len(elements):,} elements.",))
            sums = []
        yield from _equations([*sums, self.whole(value) if record.shape else None])
        yield from self.shortened(value, elements)

    def whole(self, value: int) -> Equation | None:
        """Return a value's gradient as a whole; in symbols where its elements are single names."""
        record = self.program.values[value]
        named = []
        if len(self.listed(record.size)) == record.size:
            single = [self.rule.single((value, flat)) for flat in range(record.size)]
            found = [one for one in single if one is not None]
            named = [arranged(found, record.shape)] if len(found) == len(single) else []
        numbers = [array(self.trace.gradient_of(value))] if self.numeric else []
        return self.together(self.rule.equation(self.notation.gradient(value), named, numbers), record.size)

    def together(self, equation: Equation | None, size: int) -> Equation | None:
        """Return the equation of a whole array, marked where every element has an equation of its own above it."""
        if equation is None or len(self.listed(size)) < size:
            return equation
        return replace(equation, repeats=True)

    # -- in symbols ----------------------------------------------------------------------------------------------------

    def shortened(self, value: int, elements: Sequence[int]) -> Iterator[BlockOfText]:
        """Yield short forms such as `p - t`, equal to the long way; none that has gradients above in it."""
        if self.symbols is None:
            return
        rows, one = [], None
        for flat in elements:
            forms = self.symbols.short_formulas(value, flat)
            if forms is None:
                continue
            long, short, unit = forms
            if long == short or len(code(short)) > LONGEST_SHORT or any(map(_has_gradient, (long, short))):
                continue
            one = one or unit
            rows.append(self.rule.equation(self.notation.gradient(value, flat), (long, short), ()))
        if rows:
            since: tuple[Span, ...] = () if one is None else (", where ", one, " is 1")
            yield Paragraph(("With the gradients above put in", *since, ", this is short:"))
            yield from _equations(rows)

    # -- the table of all gradients ------------------------------------------------------------------------------------

    def gradients(self) -> DocumentTable:
        rows: list[tuple[Span, ...]] = []
        for name in self.program.wrt:
            value = self.program.names[name]
            size = self.program.values[value].size
            for flat in self.listed(size):
                row: list[Span] = [self.notation.gradient(value, flat), self.rule.summary((value, flat)) or ""]
                rows.append((*row, self.notation.gradient_number(value, flat)) if self.numeric else tuple(row))
            if (left := size - len(self.listed(size))) > 0:
                rows.append((f"… {left:,} more of {name}", *[""] * (2 if self.numeric else 1)))
        return DocumentTable(("gradient", "formula", "value") if self.numeric else ("gradient", "formula"), tuple(rows))

    def listed(self, size: int) -> range:
        """Return which elements of an array are written out."""
        return range(size if size <= MOST_ELEMENTS else 4)


def _equations(rows: Iterable[Equation | None]) -> Iterator[Equations]:
    """Yield the equations that there are, nothing where there are none."""
    found = tuple(row for row in rows if row is not None)
    if found:
        yield Equations(found)


def _has_gradient(formula: Tree) -> bool:
    return any(isinstance(node, Derivative) for node in walk(formula))


def _listed(spans: Sequence[Span]) -> Iterator[Span]:
    for at, span in enumerate(spans):
        if at:
            yield " and " if at == len(spans) - 1 else ", "
        yield span
