"""A trace: what happened, recorded once.

Steps, derivatives between named values and routes are views of that one record, made when they are asked for.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from bptui.scenario.program import Array
from bptui.trace.arrays import read_only
from bptui.trace.recorded import Recorded
from bptui.trace.steps import Steps

if TYPE_CHECKING:
    from bptui.trace.elements import Elements, Level
    from bptui.trace.routes import Routes


class Trace(Recorded):
    """One run of a program, and what can be asked of it by name."""

    @property
    def numbers(self) -> Trace | None:
        return self

    @property
    def in_names(self) -> Trace:
        return self

    def __repr__(self) -> str:
        return f"<Trace of {self.scenario.title!r}: {len(self.steps)} steps>"

    @cached_property
    def elements(self) -> Elements:
        """What can be asked of single elements, and what was found out about them so far."""
        from bptui.trace.elements import Elements

        return self.view(Elements)

    @cached_property
    def steps(self) -> Steps:
        """All steps in order: forward, the seed, backward; each made when it is asked for."""
        return Steps(self)

    def value(self, name: str) -> Array:
        """Return a named value (`"W1"`) or one element of it (`"W1(1,1)"`); read-only, of the value's shape or ()."""
        if (whole := self.program.names.get(name)) is not None:
            return self.values[whole]
        found = self.element(name)
        array = self.values[found.value]
        return array if found.flat is None else read_only(array.reshape(-1)[found.flat], self.xp)

    def gradient(self, name: str) -> Array:
        """Return the target's gradient with respect to a named value or one element: zeros where nothing arrives."""
        if (whole := self.program.names.get(name)) is not None:
            return self.gradient_of(whole)
        found = self.element(name)
        array = self.gradient_of(found.value)
        return array if found.flat is None else read_only(array.reshape(-1)[found.flat], self.xp)

    def derivative(self, text: str) -> Any:
        """Return dA/dB between any two named values or elements, in the shape of A followed by that of B.

        Raises BptuiError where `text` is no derivative of this scenario's names, or where it has too many entries.
        """
        from bptui.trace.derivative import derivative

        return derivative(self, text)

    def routes(self, element: str, limit: int = 20, level: Level = "named") -> Routes:
        """Return the routes from one element to the target, best first: see `bptui.trace.routes`."""
        from bptui.trace.routes import find_routes

        return find_routes(self, element, limit, level)
