"""How the cells of frames, ledgers and routes are written: what is one way in numbers and another in symbols.

Words, names and structure are the same in both; they ask the writer for what stands in a cell, and for no more.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, ClassVar

from bptui.present import grid
from bptui.present.frame import Block, Point
from bptui.scenario.program import Array, ForwardStep, Slot
from bptui.trace.elements import Node
from bptui.trace.record import Trace
from bptui.trace.routes import Routes

ByElement = Callable[[int], str]
"""What stands in a column for the element of a flat index."""


class CellWriter(ABC):
    """Writes what one trace holds."""

    numeric: ClassVar[bool]
    """Whether cells are numbers."""
    flush_right: ClassVar[frozenset[str]]
    """The columns that hold numbers."""
    put_in: ClassVar[str]
    """The column that says what an element is made of."""
    given: tuple[str, ...]
    """The columns of the seed."""

    def __init__(self, trace: Trace, numbers: Trace | None) -> None:
        self.trace, self.program, self.elements = trace, trace.program, trace.elements
        self.numbers = numbers
        """The trace in numbers, where there are any."""

    @abstractmethod
    def with_numbers(self, numbers: Trace) -> CellWriter | None:
        """Return a writer of the same scenario with other numbers; None where they lead to other symbols."""

    @abstractmethod
    def text(self, value: Any) -> str:
        """Return a number, or an expression."""

    @abstractmethod
    def array(self, value: Array) -> list[str]:
        """Return an array as lines of text."""

    @abstractmethod
    def array_at(
        self, of: Point, value: Array, seen: grid.Window, spell: grid.Spell, hides: Callable[[int], bool]
    ) -> list[grid.Written]:
        """Return the part of a value or of its gradient that is seen, as `grid.written` does."""

    # -- steps -------------------------------------------------------------------------------------------------------

    @abstractmethod
    def made(self, step: ForwardStep) -> Callable[[int], Sequence[str]]:
        """Return what an element that a step makes is, in terms of others, and its number where it has one."""

    @abstractmethod
    def seeded(self, page: range) -> Callable[[int], Sequence[str]]:
        """Return what an element of the seed is; `page` holds those that stand below each other."""

    @abstractmethod
    def term(self, slot: Slot, element: int) -> Callable[[int, bool], Sequence[str]]:
        """Return further ways to write what an element's contribution has from an element that it enters.

        It is told whether that is the first term.
        """

    @abstractmethod
    def contributed(self, slot: Slot, element: int, written: str) -> list[str]:
        """Return what a contribution, `written` in names, comes to."""

    @abstractmethod
    def arriving(self, slot: Slot) -> ByElement:
        """Return the column of upstream gradients."""

    @abstractmethod
    def results(self, slot: Slot, page: range) -> Mapping[str, ByElement]:
        """Return the ledger's last columns for the elements of `page`, what is contributed first."""

    @abstractmethod
    def spare(self, slot: Slot, several: bool) -> tuple[str, ...]:
        """Return the ledger's columns that may be left out; `several`: an element enters several others."""

    @abstractmethod
    def matrix(self, entries: Array) -> Sequence[str] | None:
        """Return a small local Jacobian row by row; None where its entries are too long."""

    def remarks(self, slot: Slot, element: int) -> list[str]:
        """Return what is said of one element's gradient before all else."""
        return []

    # -- the whole ---------------------------------------------------------------------------------------------------

    @abstractmethod
    def leaf(self, name: str) -> Iterator[Block]:
        """Yield a leaf as it is given."""

    @abstractmethod
    def gradient(self, value: int) -> Iterator[Block]:
        """Yield the gradient of a value, whole or element by element."""

    @abstractmethod
    def link(self, line: int, operand: int) -> Sequence[Sequence[str]]:
        """Return the derivative of each of a line's elements with respect to a value that it uses, as lines of text."""

    # -- routes ------------------------------------------------------------------------------------------------------

    @abstractmethod
    def product(self, factors: Sequence[str]) -> str:
        """Return written factors as a product."""

    @abstractmethod
    def amount(self, node: Node, total: str) -> str:
        """Return the number of an element's gradient, which is written `total`; nothing where there is none."""

    @abstractmethod
    def sum(self, node: Node, found: Routes, wanted: Callable[[], bool]) -> str:
        """Return an element's gradient as the sum of its routes; nothing where that is too long."""

    def so_far(self, found: Routes) -> str:
        """Return what the routes that are listed come to where not all are."""
        return ""
