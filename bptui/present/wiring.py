"""Which element goes where in a step that only moves elements, and what that is: a permutation, cycles, ties."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any

import numpy as np
from msgspec import Struct

from bptui.ops.structure import Indices
from bptui.present import cells, numbers
from bptui.scenario.program import ForwardStep
from bptui.trace.elements import Elements

MOST_DRAWN = 16
"""How many elements a row of wires may have; what is longer is a list."""

LONGEST_LINE = 256
"""How many steps a line may unfold into to be searched for other ways from a step to its end."""

_BY_VALUE = ("sort", "topk")


class Detour(Struct, frozen=True):
    """A second way of an operand's element into the same line, beside its wire."""

    top: int
    step: int
    slot: int
    through: str
    """By what: `by x[0]`, or `directly`."""
    heads: tuple[int, ...]
    """The elements of the line's result that it reaches."""


class Wiring:
    """The wires of one step: `sources[k]` is the operand element, counted over all operands, that result k is.

    `slot` is None forward; backward it is the operand that the gradient flows into.
    """

    def __init__(
        self,
        elements: Elements,
        step: ForwardStep,
        slot: int | None,
        index: int | None,
        text: Callable[[Any], str] = numbers.number,
    ) -> None:
        self.elements, self.step, self.slot, self._index, self.text = elements, step, slot, index, text
        self.trace, self.program = elements.trace, elements.program
        self.operands = step.inputs
        self.starts = np.cumsum([0, *(self.program.values[one].size for one in self.operands)])
        self.output = self.program.values[step.output]
        self.sources: Indices = elements.sources(step.index)

    @property
    def tops(self) -> int:
        """How many elements the operands have together."""
        return int(self.starts[-1])

    @property
    def backward(self) -> bool:
        return self.slot is not None

    @property
    def is_permutation(self) -> bool:
        """Whether every element of one operand is taken exactly once, so that it can be undone."""
        single = len(self.operands) == 1 and self.tops == self.output.size
        return single and len(set(self.sources.tolist())) == self.tops

    @cached_property
    def inverse(self) -> Indices:
        """For each operand element the place it goes to; of a permutation only."""
        inverse = np.empty_like(self.sources)
        inverse[self.sources] = np.arange(self.tops)
        return inverse

    @cached_property
    def cycles(self) -> tuple[tuple[int, ...], ...]:
        """The permutation's cycles, each from its smallest place on: an element at each place goes to the next."""
        seen: set[int] = set()
        found = []
        for start in range(self.tops):
            cycle = []
            while start not in seen:
                seen.add(start)
                cycle.append(start)
                start = int(self.inverse[start])
            if cycle:
                found.append(tuple(cycle))
        return tuple(found)

    @property
    def own_inverse(self) -> bool:
        """Whether doing it twice brings everything back."""
        return all(len(cycle) <= 2 for cycle in self.cycles)

    @cached_property
    def ties(self) -> tuple[tuple[int, int], ...]:
        """The neighbours in the result of a sort that are equal, so that their order was a choice."""
        if self.step.operation.name not in _BY_VALUE or not self.output.shape:
            return ()
        axis = self.step.params.get("axis", -1)
        axis = 0 if axis is None else axis
        result = np.moveaxis(self.trace.values[self.output.id], axis, -1)
        places = np.moveaxis(np.arange(self.output.size).reshape(self.output.shape), axis, -1)
        same = result[..., 1:] == result[..., :-1]
        return tuple(zip(places[..., :-1][same].tolist(), places[..., 1:][same].tolist(), strict=True))

    @cached_property
    def left_out(self) -> tuple[int, ...]:
        """The operand elements that topk might as well have chosen: equal to the smallest one it took."""
        if self.step.operation.name != "topk":
            return ()
        operand, least = self.trace.values[self.operands[0]], self.trace.values[self.output.id][..., -1:]
        taken = np.zeros(self.tops, dtype=bool)
        taken[self.sources] = True
        return tuple(np.flatnonzero((operand == least).reshape(-1) & ~taken).tolist())

    @cached_property
    def detours(self) -> tuple[Detour, ...]:
        """The other ways of the operand's elements into the same line; looked for where the wires are drawn."""
        line = self.program.lines.get(self.step.line)
        if line is None or not self.drawable or len(self.operands) != 1 or self.program.values[line.value].size > 64:
            return ()
        if line.last - line.first > LONGEST_LINE:
            return ()
        found = []
        taken = sorted(set(self.sources.tolist()) - {-1})
        for step, slot in self.program.uses(self.operands[0]):
            if step == self.step.index or self.program.steps[step].line != line.name:
                continue
            output = self.program.steps[step].output
            for top in taken:
                first = [(output, int(head)) for head in self.elements.feeds(step, slot, top)]
                heads = self._reached(first, line.value)
                if heads:
                    found.append(Detour(top, step, slot, self._through(output, top), heads))
        return tuple(found)

    def _through(self, value: int, top: int) -> str:
        record = self.program.values[value]
        name = cells.pretty(record.brief.text)
        return "directly" if record.name is not None or name == self.top_name(top) else f"by {name}"

    def _reached(self, nodes: Sequence[tuple[int, int]], end: int) -> tuple[int, ...]:
        """Return the elements of value `end` that `nodes` lead to."""
        seen, waiting = set(nodes), list(nodes)
        while waiting:
            value, flat = waiting.pop()
            if value == end or value > end:
                continue
            for step, slot in self.program.uses(value):
                output = self.program.steps[step].output
                for head in self.elements.feeds(step, slot, flat):
                    node = (output, int(head))
                    if node not in seen:
                        seen.add(node)
                        waiting.append(node)
        return tuple(sorted(flat for value, flat in seen if value == end))

    def lit(self, element: int) -> tuple[frozenset[int], frozenset[int]]:
        """Return the operand elements and the result elements that belong to the element under the cursor.

        Forward that is an element of the result; backward one of the operand whose gradient grows.
        """
        if self._index is not None:  # the cursor is in another step of the line
            return frozenset([self._index]), frozenset(np.flatnonzero(self.sources == self._index).tolist())
        if self.slot is None:
            top = int(self.sources[element]) if element < len(self.sources) else -1
            return frozenset([top] if top >= 0 else []), frozenset([element])
        top = int(self.starts[self.slot]) + element
        return frozenset([top]), frozenset(np.flatnonzero(self.sources == top).tolist())

    def top_place(self, top: int) -> tuple[int, int]:
        """Return value and flat index of operand element `top`."""
        slot = int(np.searchsorted(self.starts, top, side="right")) - 1
        return self.operands[slot], top - int(self.starts[slot])

    def top_name(self, top: int) -> str:
        return cells.pretty(self.program.element_name(*self.top_place(top)))

    def bottom_name(self, bottom: int) -> str:
        return cells.pretty(self.program.element_name(self.output.id, bottom))

    @property
    def drawable(self) -> bool:
        """Whether the rows are short enough to be drawn."""
        return max(self.tops, self.output.size) <= MOST_DRAWN
