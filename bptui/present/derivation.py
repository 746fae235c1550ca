"""The derivation of a scenario as formula text: the syntax of its own expressions, the names of its elements.

    derivation = Derivation(trace)
    derivation.link((y, 0), (z2, 0))        y(1)*(1 - y(1))
    derivation.gradient(z2, 0)              dL/dy(1)*y(1)*(1 - y(1))
    derivation.short(z2, 0)                 1/2*(y(1) - t(1))
    derivation.whole(x, 0)                  d0*x2 + d1*x4 + d2*x3 + 2*d3*x0 + d4*x1

Values are named by their id in the program, elements by their flat index. Making one loads SymPy.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from copy import copy
from functools import cached_property
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from bptui.errors import BptuiError
from bptui.symbols.extent import refuse_large
from bptui.trace.elements import Node
from bptui.trace.record import Trace

if TYPE_CHECKING:
    from bptui.formula.tree import Tree
    from bptui.ops.operation import Written
    from bptui.symbols.named import NamedTrace
    from bptui.symbols.shortening import Short
    from bptui.symbols.writer import Writer

LONGEST_WHOLE = 80
"""How many symbols, numbers and operations a gradient may be written with to be read in one piece."""


class ShortText(Struct, frozen=True):
    """A gradient's short form, the long way that it is equal to, and what was used: `t(1) + t(2) = 1`, or nothing."""

    text: str
    long: str
    where: str = ""


class Derivation:
    """Writes the derivatives of one scenario in symbols. Raises BptuiError where the scenario is too large for them."""

    def __init__(self, trace: Trace, advance: Callable[[int, int], None] = lambda done, of: None) -> None:
        """Derive the scenario of `trace`; `advance` is told how many steps are done, of how many."""
        refuse_large(trace.program)
        from bptui.symbols.named import NamedTrace, record_named
        from bptui.symbols.pens import TextPen
        from bptui.symbols.record import SymbolicTrace
        from bptui.symbols.writer import Writer

        self.named: NamedTrace
        if isinstance(trace, SymbolicTrace):
            self.named = trace.named
        else:
            self.named = trace if isinstance(trace, NamedTrace) else record_named(trace.scenario, trace, advance)
        self.program = self.named.program
        self.elements = self.named.elements
        self.writer: Writer[Written] = Writer(self.named, TextPen(self.program))
        self._sizes: dict[Any, int] = {}

    def with_numbers(self, numbers: Trace) -> Derivation | None:
        """Return this derivation with other numbers beside it; None where they lead to another derivation."""
        named = self.named.with_numbers(numbers)
        if named is None:
            return None
        other = copy(self)
        other.named, other.elements = named, named.elements
        return other

    def value(self, value: int, flat: int) -> str:
        """Return an element of a line in the names that the line uses; a leaf's or an unnamed value's as it is."""
        return self.text(self.named.made.get(value, self.named.values[value]).item(flat))

    def link(self, head: Node, tail: Node) -> str:
        """Return ∂head/∂tail, of a line's element with respect to one that the line uses: `y(1)*(1 - y(1))`.

        Other named values are held fixed; `0` where the line does not use the element.
        """
        edges = self.elements.named_edges(tail)
        return next((self.text(edge.derivative) for edge in edges if edge.head == head), "0")

    def gradient(self, value: int, flat: int) -> str:
        """Return an element's gradient in named values and the gradients above: `dL/dy(1)*y(1)*(1 - y(1))`."""
        return self.text(self.named.gradient_of(value).item(flat))

    def short(self, value: int, flat: int) -> ShortText | None:
        """Return the short form of an element's gradient, such as `p - t`; None where it has none or several uses."""
        slots = self.named.slots_of(value)
        return self.short_at(slots[0], flat) if len(slots) == 1 else None

    def short_at(self, slot: int, flat: int) -> ShortText | None:
        """Return the short form of what slot `slot` adds to element `flat`, where it has one."""
        found = self._short_at(slot, flat)
        if found is None:
            return None
        where = f"{self.text(found.unit)} = 1" if found.unit is not None else ""
        return ShortText(self.text(found.expression), self.text(found.long), where)

    def short_formulas(self, value: int, flat: int) -> tuple[Tree, Tree, Tree | None] | None:
        """Return an element's gradient the long way, in short, and what was taken as 1 in between, as `short`."""
        slots = self.named.slots_of(value)
        found = self._short_at(slots[0], flat) if len(slots) == 1 else None
        if found is None:
            return None
        written = self._formulas.written
        return written(found.long), written(found.expression), None if found.unit is None else written(found.unit)

    def _short_at(self, slot: int, flat: int) -> Short | None:
        from bptui.symbols.shortening import short_form

        return short_form(self.named, slot, flat)

    @cached_property
    def _formulas(self) -> Writer[Tree]:
        from bptui.symbols.pens import TreePen
        from bptui.symbols.writer import Writer

        return Writer(self.named, TreePen(self.program))

    def whole(self, value: int, flat: int, longest: int = LONGEST_WHOLE) -> str | None:
        """Return an element's whole gradient in leaves and the seed; None where it would be too long to read."""
        from bptui.symbols.tree import expanded, size_of_meaning

        found = self.named.gradient_of(value).item(flat)
        if size_of_meaning(found, self.named.meant, self._sizes) > longest:
            return None
        return self.text(expanded(found, self.named.meant))

    def text(self, expression: Any) -> str:
        """Return an expression of this derivation as formula text; `…` where it is too large to be written."""
        try:
            return self.writer.written(expression).text
        except (BptuiError, RecursionError):
            return "…"

    def sum_of(self, terms: Sequence[Any]) -> str:
        """Return a sum whose terms are left apart, in the order in which a person writes them: `d3*x0 + d3*x0`."""
        return self.writer.sum_of(terms).text
