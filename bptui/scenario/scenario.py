"""A scenario: what one file says, read, checked and compiled. Immutable; running it needs nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING

from msgspec import Struct

from bptui.scenario.leaves import Leaf
from bptui.scenario.program import Array, Program
from bptui.scenario.schema import ClaimText

if TYPE_CHECKING:
    from bptui.scenario.document import Document

GIVE_NUMBERS = 'give the leaves numbers as well: `{ symbol = "x", value = […] }`'
"""What to do where numbers are needed and a scenario has symbols alone."""


class Scenario(Struct, frozen=True, eq=False, kw_only=True, dict=True):
    """What `bptui.load` returns: the words, the leaves and the compiled program of one scenario file."""

    title: str
    description: str
    program: Program
    leaves: Mapping[str, Leaf]
    """Inputs and parameters by name, those that a network's layers give included, in the order of the file."""
    seed: Leaf | None
    """The target's upstream gradient where the file gives one; None means 1 for a scalar target."""
    functions: Mapping[str, str]
    """The scenario's functions as written: `loss(y, t)` to its body."""
    worked: tuple[ClaimText, ...]
    document: Document

    def __repr__(self) -> str:
        return f"<Scenario {self.title!r}: {len(self.leaves)} leaves, {len(self.program.lines)} lines>"

    @cached_property
    def numbers(self) -> Mapping[int, Array]:
        """The arrays of the leaves that have numbers of their own, by the id of their value."""
        names = self.program.names
        return {names[name]: leaf.value for name, leaf in self.leaves.items() if leaf.value is not None}

    @property
    def index_base(self) -> int:
        """0 where elements are shown as `W[0,0]`, 1 where they are shown as `W(1,1)`."""
        return self.program.index_base

    @property
    def has_numbers(self) -> bool:
        """Whether every leaf and the seed have numbers; else the scenario stands in symbols."""
        return len(self.numbers) == len(self.leaves) and (self.seed is None or self.seed.value is not None)
