"""Moving by wholes: phases, lines and function calls, the steps that touch a value, and the matches of a search."""

from __future__ import annotations

from bptui.present.search import Search
from bptui.text import printable
from bptui.trace.places import Direction, Places, value_of
from bptui.trace.record import Trace
from bptui.tui.beside import run_beside
from bptui.tui.looking import look_through
from bptui.tui.pointing import Pointing


class Moving(Pointing):
    """Moves over the trace that are longer than a step."""

    _sought = ""
    """What was searched for last."""
    _found_at = -1
    """The step at which it was found."""
    _following: tuple[int, int] | None = None
    """The value whose steps are gone through, and the step that this led to."""
    _places_of: tuple[Trace, Places] | None = None

    @property
    def moving_said(self) -> tuple[str, ...]:
        """What is followed or found here, for the top line; nothing where the walk has moved on otherwise."""
        if self._found_at == self.step:
            return (f"“{printable(self._sought)}”",)
        if self._following is None or self._following[1] != self.step:
            return ()
        value = self._following[0]
        steps = self._places().touching(value)
        return (f"{self._value_name(value)}: {steps.index(self.step) + 1} of {len(steps)}",)

    def _places(self) -> Places:
        """Return the places of the trace, which may have become another one."""
        if self._places_of is None or self._places_of[0] is not self.trace:
            self._places_of = (self.trace, Places(self.trace))
        return self._places_of[1]

    def _value_name(self, value: int) -> str:
        return printable(self.trace.program.values[value].brief.text)

    # -- phases, lines, calls ----------------------------------------------------------------------------------------

    def action_phase(self, direction: Direction) -> None:
        """Go to where the next phase begins, or the phase before."""
        self._go(self._places().phase(self.step, direction))

    def action_over(self, direction: Direction) -> None:
        """Go past the line or function call."""
        self._go(self._places().over(self.step, direction))

    def action_out(self, direction: Direction) -> None:
        """Go to the end of the line or function call, or to its beginning."""
        self._go(self._places().out(self.step, direction))

    def _go(self, step: int | None) -> None:
        if step is not None:
            self.go(step)

    # -- values ------------------------------------------------------------------------------------------------------

    def action_touch(self, direction: Direction) -> None:
        """Go to the nearest step that touches the selected value; pressed again, the value stays the same."""
        value = self._selected()
        step = self._places().touch(value, self.step, direction)
        if step is None:
            which = "later" if direction > 0 else "earlier"
            self.app.notify(f"no {which} step touches {self._value_name(value)}")
            return
        self._following, self._found_at = (value, step), -1
        self.go(step)

    def _selected(self) -> int:
        """Return the value selected in the table of values or in the graph, or else the step's own."""
        at = self.selected
        if at is not None:
            return at.value
        if self._following is not None and self._following[1] == self.step:
            return self._following[0]
        return value_of(self.trace, self.step)

    # -- search ------------------------------------------------------------------------------------------------------

    def action_search(self) -> None:
        """Ask for a text and go to the next step that it occurs in."""
        from bptui.tui.search_dialog import SearchScreen

        self.app.push_screen(SearchScreen(self._sought), self._search)

    def _search(self, text: str | None) -> None:
        if text:
            self._sought = text
            self.action_match(1)

    def action_match(self, direction: Direction) -> None:
        """Go to the next step that the text occurs in, or the one before; round the end of the trace."""
        if not self._sought:
            self.action_search()
        else:
            run_beside(self, "looking", self._matched, self._sought, direction)

    async def _matched(self, text: str, direction: Direction) -> None:
        start, search, last = self.step, Search(self.presentation, text), len(self.presentation) - 1
        ahead, behind = range(start + 1, last + 1), range(start + 1)
        if direction < 0:
            ahead, behind = range(start - 1, -1, -1), range(last, start - 1, -1)
        for steps, said in ((ahead, ""), (behind, "from the start again" if direction > 0 else "from the end again")):
            found = await look_through(search.find, steps, lambda: self.step == start, self.looking)
            if self.step != start:
                return  # the reader has moved on
            if found is not None:
                self._found_at, self._following = found, None
                self.go(found)
                if found == start:
                    self.app.notify(f"only this step holds “{printable(text)}”")
                elif said:
                    self.app.notify(said, timeout=2)
                return
        self.app.notify(f"no step holds “{printable(text)}”", severity="warning")
