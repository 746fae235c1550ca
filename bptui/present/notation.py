"""The names and the numbers of a trace as formulas: elements, gradients, the given gradient's symbols, whole arrays."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import cached_property

import numpy as np

from bptui.formula.tree import Array, Derivative, Element, More, Tree, number, replaced
from bptui.present import numbers
from bptui.present.expanding import Expanding
from bptui.scenario.notation import Shape, glued, unravel
from bptui.scenario.program import Array as Values
from bptui.trace.elements import Node
from bptui.trace.record import Trace

MOST_ENTRIES = 8
"""How many entries of one axis are written; of a longer one the first four and the last."""


class Notation:
    """Writes what one trace holds as formulas."""

    def __init__(self, trace: Trace) -> None:
        self.trace, self.program = trace, trace.program
        self.expanding = Expanding(trace)

    # -- names ---------------------------------------------------------------------------------------------------------

    @cached_property
    def loss(self) -> Element:
        return Element(self.program.loss)

    @cached_property
    def target(self) -> Element:
        return self.whole(self.program.target)

    def whole(self, value: int) -> Element:
        """Return what a whole value is called."""
        return Element(self.program.values[value].brief.text)

    def element(self, value: int, flat: int) -> Element:
        return self.expanding.name(value, flat)

    def gradient(self, value: int, flat: int | None = None) -> Derivative:
        """Return the name of the target's gradient with respect to a value, or one element of it."""
        return Derivative(self.loss, self.whole(value) if flat is None else self.element(value, flat))

    def seed_name(self, node: Node) -> Element | None:
        """Return the symbol of the given gradient of an element of the target, None where it has none."""
        seed = self.trace.scenario.seed
        if node[0] != self.program.target or seed is None or seed.symbol is None:
            return None
        index = unravel(node[1], self.program.values[node[0]].shape)
        return Element(glued(seed.symbol, index, self.program.index_base))

    # -- numbers -------------------------------------------------------------------------------------------------------

    def number_of(self, value: int, flat: int) -> Tree:
        return amount(self.trace.values[value].reshape(-1)[flat])

    def gradient_number(self, value: int, flat: int) -> Tree:
        return amount(self.trace.gradient_of(value).reshape(-1)[flat])

    def put_in(self, formula: Tree) -> Tree:
        """Return a formula with the numbers of this trace in the places of its elements."""
        return replaced(formula, self._number_for)

    def _number_for(self, tree: Tree) -> Tree | None:
        node = self.expanding.nodes.get(tree) if isinstance(tree, Element) else None
        return None if node is None else self.number_of(*node)

    # -- arrays --------------------------------------------------------------------------------------------------------

    def names(self, value: int) -> Tree:
        """Return a value's elements by their names."""
        return entries(self.program.values[value].shape, lambda flat: self.element(value, flat))

    def origins(self, value: int) -> Tree:
        """Return what each element of a value is computed from; its own name where that is too long."""
        shape = self.program.values[value].shape
        return entries(shape, lambda flat: self.expanding.formula(value, flat) or self.element(value, flat))

    def seed_names(self) -> Tree | None:
        """Return the symbols of the given gradient, None where it has none."""
        target = self.program.target
        if not self.program.values[target].size or self.seed_name((target, 0)) is None:
            return None
        return entries(self.program.values[target].shape, lambda flat: self.seed_name((target, flat)) or self.loss)


def amount(value: float) -> Tree:
    """Return a number as it is shown."""
    return number(numbers.number(value))


def array(values: Values) -> Tree:
    """Return an array of numbers, its middle left out where it is long."""
    flat_values = np.reshape(values, -1)
    return entries(values.shape, lambda flat: amount(flat_values[flat]))


def arranged(items: Sequence[Tree], shape: Shape) -> Tree:
    """Return formulas as an array of `shape`."""
    return entries(shape, lambda flat: items[flat])


def entries(shape: Shape, entry: Callable[[int], Tree], offset: int = 0) -> Tree:
    """Return an array of what `entry` gives for each flat index, the middle of a long axis left out."""
    if not shape:
        return entry(offset)
    length, inner = shape[0], math.prod(shape[1:])
    picked = range(length) if length <= MOST_ENTRIES else [*range(4), length - 1]
    items = [entries(shape[1:], entry, offset + at * inner) for at in picked]
    if length > MOST_ENTRIES:
        more = More(length - len(picked))
        items.insert(-1, Array((more,)) if len(shape) == 2 else more)
    return Array(tuple(items))
