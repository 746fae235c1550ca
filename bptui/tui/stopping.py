"""Breakpoints in the walk: set and cleared, run to in both directions, and marked where they stop."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from bptui.present.stops import hit_text
from bptui.text import counted
from bptui.trace.breakpoints import Breakpoint, read_breakpoint
from bptui.trace.places import Direction, Places, value_of
from bptui.trace.record import Trace
from bptui.trace.stops import Hit, find, hits
from bptui.tui.beside import run_beside
from bptui.tui.configured import key
from bptui.tui.looking import look_through
from bptui.tui.pointing import Pointing
from bptui.tui.step_list import StepList
from bptui.tui.step_panel import StepPanel
from bptui.tui.timeline import Timeline
from bptui.tui.values_panel import ValuesPanel

MARK = "◆"
"""Marks a step that a breakpoint stops at."""


class Stopping(Pointing):
    """The walk's breakpoints."""

    breakpoints: list[Breakpoint]
    runs_first: bool
    """Whether the walk begins at the first step that a breakpoint stops at."""
    _found: dict[str, list[int]]
    """By a breakpoint's text: the steps that it stops at, once all were looked for."""
    _looked_at: Trace

    def begin_stops(self, breakpoints: Sequence[Breakpoint], run: bool = True) -> None:
        """Begin with these breakpoints, and `run` to the first step that one of them stops at."""
        self.breakpoints, self._found, self._looked_at = list(breakpoints), {}, self.trace
        self.runs_first = run and bool(self.breakpoints)

    # -- what is shown -----------------------------------------------------------------------------------------------

    def stops_at(self, step: int) -> list[Breakpoint]:
        """Return the enabled breakpoints that stop at a step; none while there are symbols alone."""
        if self.trace.numbers is None:
            return []
        here = range(step, step + 1)
        return [one for one in self.breakpoints if one.enabled and any(True for _ in hits(self.trace, one, here))]

    def show_stops(self, numbers: bool = True) -> tuple[str, ...]:
        """Say at the step's panel what the breakpoints found here; returns it in short, for the top line.

        Without `numbers`, which are to be guessed, only which breakpoints they are.
        """
        if self._looked_at is not self.trace:
            self._looked_at, self._found = self.trace, {}
            self.breakpoints_changed()
        here = self.stops_at(self.step)
        said = "; ".join(hit_text(self.presentation, one, self.step) if numbers else one.text for one in here)
        self.query_one(StepPanel).show_stop(f"{MARK} {said}" if here else "")
        return (f"{MARK} {here[0].text}",) if here else ()

    def breakpoints_changed(self) -> None:
        """Mark anew where the breakpoints stop."""
        texts = {one.text for one in self.breakpoints}
        self._found = {text: steps for text, steps in self._found.items() if text in texts}
        self.query_one(StepList).mark(lambda step: bool(self.stops_at(step)))
        self._mark_timeline()
        if self.trace.numbers is not None:
            run_beside(self, "stops", self._find_all)

    async def _find_all(self) -> None:
        """Find all steps that the breakpoints stop at, for the timeline and the list of breakpoints."""
        trace = self.trace
        for one in self.breakpoints:
            if one.text not in self._found:
                steps: list[int] = []

                def look(part: range, one: Breakpoint = one, steps: list[int] = steps) -> None:
                    steps.extend(hits(trace, one, part))

                await look_through(look, range(len(trace.steps)))
                self._found[one.text] = steps
                self._mark_timeline()

    def _mark_timeline(self) -> None:
        self.query_one(Timeline).mark(
            [step for one in self.breakpoints if one.enabled for step in self._found.get(one.text, ())]
        )

    def found(self, one: Breakpoint) -> Sequence[int] | None:
        """Return the steps that a breakpoint stops at; None where they are still looked for."""
        return self._found.get(one.text)

    # -- running -----------------------------------------------------------------------------------------------------

    def show_breakpoints(self) -> None:
        """Mark where the breakpoints stop that the walk begins with, and run to the first such step."""
        if self.breakpoints:
            self.breakpoints_changed()
        if self.runs_first and not self.lacks_numbers:
            whole = range(len(self.trace.steps))
            run_beside(self, "looking", self._run, whole, "no step stops at")

    def action_continue(self, direction: Direction) -> None:
        """Run on, or back, to the next step that a breakpoint stops at."""
        if self.lacks_numbers:
            return
        if not any(one.enabled for one in self.breakpoints):
            sets, lists = key(self, "stop.line"), key(self, "stop.list")
            said = f"no breakpoint is on: {sets} sets one on this line, {lists} lists and adds them"
            self.app.notify(said)
            return
        last = len(self.trace.steps) - 1
        steps = range(self.step + 1, last + 1) if direction > 0 else range(self.step - 1, -1, -1)
        said = f"no {'later' if direction > 0 else 'earlier'} step stops at"
        run_beside(self, "looking", self._run, steps, said)

    async def _run(self, steps: range, otherwise: str) -> None:
        start = self.step
        look = partial(find, self.trace, tuple(self.breakpoints))
        hit: Hit | None = await look_through(look, steps, lambda: self.step == start, self.looking)
        if self.step != start:
            return  # the reader has moved on
        if hit is not None:
            self.go(hit.step)
            return
        texts = " or ".join(one.text for one in self.breakpoints if one.enabled)
        self.app.notify(f"{otherwise} {texts}", severity="warning")

    # -- setting -----------------------------------------------------------------------------------------------------

    def action_toggle_breakpoint(self) -> None:
        """Set a breakpoint on what is selected, or on the line of the present step; or take it away."""
        if self.lacks_numbers:
            return
        program = self.trace.program
        text = self._to_stop_at()
        if any(one.text == text for one in self.breakpoints):
            self.breakpoints = [one for one in self.breakpoints if one.text != text]
            self.app.notify(f"no breakpoint on {text}", timeout=2)
        else:
            one = read_breakpoint(program, text)
            self.breakpoints.append(one)
            count = sum(1 for _ in hits(self.trace, one, range(len(self.trace.steps))))
            self.app.notify(f"{MARK} {text}: stops at {counted(count, 'step')}", timeout=2)
        self.breakpoints_changed()
        self.refresh_step()

    def _to_stop_at(self) -> str:
        """Return the breakpoint that is meant."""
        program, at = self.trace.program, self.selected
        if at is not None and (name := program.values[at.value].name) is not None:
            return f"value {program.element_name(at.value, at.flat) if isinstance(self.focused, ValuesPanel) else name}"
        line = Places(self.trace).line(self.step)
        return f"line {line}" if line else f"value {program.values[value_of(self.trace, self.step)].name}"

    def action_breakpoints(self) -> None:
        """Show the breakpoints: add, enable, disable and delete them."""
        if self.lacks_numbers:
            return
        from bptui.tui.breakpoints_dialog import BreakpointsScreen

        self.app.push_screen(BreakpointsScreen(self), lambda _: self.refresh_step())
