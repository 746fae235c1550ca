"""Formulas of elements and of derivatives in terms of named values, put together from the rules' own texts.

What stands between the operations of a line has no name: it is replaced by what it is made of. A derivative inside a
line is accumulated from the operand outwards, operation by operation, as `trace.elements` does it with numbers.
"""

from __future__ import annotations

import heapq
import re
from functools import cache

from bptui.formula.reading import FormulaError, read
from bptui.formula.tidying import plus, times
from bptui.formula.tree import FUNCTIONS, ONE, Call, Element, Negative, Tree, replaced, size, walk
from bptui.ops.operation import ATOM, Params
from bptui.present import cells
from bptui.present.numbers import number
from bptui.scenario.notation import Shape, unravel
from bptui.scenario.program import ForwardStep, Value
from bptui.trace.backward import all_params
from bptui.trace.elements import Node
from bptui.trace.record import Trace

LARGEST_FORMULA = 80
"""How many nodes a formula may have before what has no name is left in it, by its expression."""

LARGEST_DERIVATIVE = 200
"""How many nodes a derivative may have to be written out."""

LONGEST_LINE = 1000
"""How many steps a line may unfold into to have its formulas written out."""

MOST_READ = 4096
"""How many elements an element may read to have its formula written out, its middle left out."""

NAMED = ("sigmoid",)
"""Functions that keep their name inside a line: written out, they would hide what cancels."""

_LITERAL = re.compile(r"\d+(?:\.\d*)?")
_SAFE = re.compile(r"_(\d+)")


class Expanding:
    """Writes elements of one trace, and derivatives between them, in terms of named values."""

    def __init__(self, trace: Trace, most_terms: int = cells.LONGEST_SUM) -> None:
        """Write with at most `most_terms` terms what a rule sums up; the middle of a longer sum is left out."""
        self.trace, self.program, self.elements = trace, trace.program, trace.elements
        self.most_terms = most_terms
        self.nodes: dict[Element, Node] = {}
        """Which element every name that was written stands for."""
        self.opened: dict[Node, None] = {}
        """The elements without a name that stand in formulas all the same: written out they would be too long."""
        self._reads = cache(self._count_read)
        self._made: dict[Node, Tree | None] = {}
        self._derived: dict[tuple[Node, Node], Tree | None] = {}

    def name(self, value: int, flat: int) -> Element:
        """Return how an element is called; a whole value of no shape by its name."""
        name = self._name(value, flat)
        self.nodes[name] = value, flat
        return name

    def _name(self, value: int, flat: int) -> Element:
        record = self.program.values[value]
        if record.symbol is not None:
            return Element(self.program.element_name(value, flat))
        called = record.brief.within(ATOM)
        if "…" in called:
            called = f"#{value}"  # its number in the trace says more than what is left of its expression
        if not record.shape:
            return Element(called)
        base = self.program.index_base
        return Element(called, tuple(one + base for one in unravel(flat, record.shape)), base)

    def reference(self, value: int, flat: int) -> Tree:
        """Return an element as it stands in a formula: a constant as its number, what has no name written out."""
        record = self.program.values[value]
        if record.role == "constant":
            return self._constant(record, flat)
        if record.name is not None:
            return self.name(value, flat)
        if (value, flat) not in self._made:
            raise _Unmade((value, flat))
        made = self._made[value, flat]
        if made is not None and size(made) <= LARGEST_FORMULA:
            return made
        self.opened[value, flat] = None
        return self.name(value, flat)

    def formula(self, value: int, flat: int) -> Tree | None:
        """Return what an element is computed from, in named values; None for a leaf, and where that is too long."""
        self._fill((value, flat))
        return self._made[value, flat]

    def _fill(self, node: Node) -> None:
        """Make the formula of an element, after those of all that it is made of: in a loop, for lines are deep."""
        waiting = [node]
        while waiting:
            try:
                if waiting[-1] not in self._made:
                    self._made[waiting[-1]] = self._make(*waiting[-1])
                waiting.pop()
            except _Unmade as lacking:
                waiting.append(lacking.node)

    def _make(self, value: int, flat: int) -> Tree | None:
        producer = self.program.producer.get(value)
        if producer is None:
            return None
        step = self.program.steps[producer]
        if self.program.values[value].name is None and step.operation.name in NAMED:
            return Call(step.operation.name, (self.reference(step.inputs[0], flat),))
        line = self.program.lines[step.line]
        if line.last - line.first > LONGEST_LINE or self._reads(producer) > MOST_READ:
            return None
        cell = _Cell(self, step)
        return cell.read(step.operation.element(cell, flat))

    def derivative(self, tail: Node, head: Node) -> Tree | None:
        """Return ∂head/∂tail, of a line's element with respect to one that the line uses; None where it is too long.

        Other named values are held fixed.
        """
        ends = tail, head
        if ends not in self._derived:
            self._derived[ends] = self._derivative(tail, head)
        return self._derived[ends]

    def _derivative(self, tail: Node, head: Node) -> Tree | None:
        line = self.program.steps[self.program.producer[head[0]]].line
        sums: dict[Node, list[Tree]] = {tail: [ONE]}
        waiting = [tail]
        seen = 0
        while waiting:
            node = heapq.heappop(waiting)  # value ids grow along the program: a topological order
            if node == head:
                return plus(*sums[node])
            if node != tail and self.program.values[node[0]].name is not None:
                continue
            so_far = plus(*sums.pop(node))
            seen += 1
            if seen > LARGEST_DERIVATIVE or size(so_far) > LARGEST_DERIVATIVE:
                return None
            for step, slot in self.program.uses(node[0]):
                output = self.program.steps[step].output
                if self.program.steps[step].line != line:
                    continue
                for flat in self.elements.feeds(step, slot, node[1]):
                    after = output, int(flat)
                    if self.program.values[output].name is not None and after != head:
                        continue
                    local = self._local(step, slot, int(flat), node[1])
                    if local is None:
                        return None
                    if after not in sums:
                        heapq.heappush(waiting, after)
                    sums.setdefault(after, []).append(times(local, so_far))
        return plus()

    # -- the rules' texts, with formulas in the places of their elements -----------------------------------------------

    def _local(self, step: int, slot: int, head: int, tail: int) -> Tree | None:
        record = self.program.steps[step]
        if self._reads(step) > MOST_READ:
            return None
        while True:
            cell = _Cell(self, record)
            try:
                return cell.read(record.operation.derivative(cell, slot, head, tail))
            except _Unmade as lacking:
                self._fill(lacking.node)

    def _count_read(self, index: int) -> int:
        """Return about how many elements one element of a step's output reads."""
        step = self.program.steps[index]
        if not self.program.values[step.output].size:
            return 0
        return sum(
            len(self.elements.structure(index, slot).reads(0)) if step.operation.passes(slot) else 1
            for slot in range(len(step.inputs))
        )

    def _constant(self, record: Value, flat: int) -> Tree:
        if not record.shape:
            written = read(record.brief.text)
            if all(node.name in FUNCTIONS for node in walk(written) if isinstance(node, Call)):
                return written
        assert record.constant is not None
        value = float(record.constant.reshape(-1)[flat])
        return read(number(value) if float(number(value)) == value else repr(value))


class _Unmade(Exception):
    """A formula refers to an element without a name whose own formula has to be made first."""

    def __init__(self, node: Node) -> None:
        super().__init__()
        self.node = node


class _Cell:
    """Gives every element that a rule's text refers to a name of its own, and reads the text with its formula there."""

    def __init__(self, expanding: Expanding, step: ForwardStep) -> None:
        program = expanding.program
        self.expanding, self.step = expanding, step
        self.shapes: tuple[Shape, ...] = tuple(program.values[operand].shape for operand in step.inputs)
        self.output_shape: Shape = program.values[step.output].shape
        self.params: Params = all_params(step, expanding.trace.choices)
        self.nodes: list[Node] = []

    def x(self, slot: int, index: int) -> str:
        value = self.step.inputs[slot]
        record = self.expanding.program.values[value]
        if record.role == "constant" and _LITERAL.fullmatch(record.brief.text):
            return record.brief.text  # a rule may look at an exponent
        return self._called(value, index)

    def y(self, index: int) -> str:
        return self._called(self.step.output, index)

    def _called(self, value: int, index: int) -> str:
        self.nodes.append((value, index))
        return f"_{len(self.nodes) - 1}"

    def read(self, text: str) -> Tree | None:
        try:
            return replaced(
                read(cells.shortened(text, self.expanding.most_terms), meaning=self._meaning), _without_double_sign
            )
        except FormulaError:
            return None

    def _meaning(self, name: str) -> Tree | None:
        match = _SAFE.fullmatch(name)
        return self.expanding.reference(*self.nodes[int(match[1])]) if match else None


def _without_double_sign(tree: Tree) -> Tree | None:
    match tree:
        case Negative(Negative(operand)):
            return replaced(operand, _without_double_sign)
    return None
