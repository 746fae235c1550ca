"""Symbols: the walk with expressions in the place of numbers, and back, without losing the place.

SymPy is loaded when symbols are first asked for, beside the app's own thread; the walk goes on meanwhile.
"""

from __future__ import annotations

import asyncio

from bptui.errors import BptuiError
from bptui.present.presentation import Presentation, presentation_in_symbols
from bptui.text import counted, printable
from bptui.trace.record import Trace
from bptui.tui.beside import run_beside
from bptui.tui.configured import app_of, key
from bptui.tui.pointing import Pointing

_OFTEN = 0.1
"""After how many seconds the progress is shown anew."""


class InSymbols(Pointing):
    """The symbols of the walk."""

    symbols: Presentation | None = None
    """What is shown in the place of numbers; None while numbers are shown."""
    _kept: Presentation | None = None
    """What was shown in symbols before, for the next time."""
    _coming = ""
    """How far the symbols are that were asked for; nothing where none are awaited."""

    @property
    def shown(self) -> Presentation:
        return self.symbols or self.presentation

    @property
    def mode_said(self) -> str:
        """What is shown, and what is awaited, for the top line."""
        mode = "symbols" if self.symbols is not None else "numbers"
        return f"{mode}; {self._coming}" if self._coming else mode

    @property
    def lacks_numbers(self) -> bool:
        if self.trace.numbers is not None:
            return False
        self.app.notify(
            f"This needs numbers, and there are symbols alone. Press {key(self, 'read.symbols')} to give them."
        )
        return True

    # -- switching ---------------------------------------------------------------------------------------------------

    def action_symbols(self) -> None:
        """Show symbols or numbers; while symbols are awaited, give them up."""
        if self.trace.numbers is None:
            self._ask_for_numbers()
        elif self._coming:
            self._coming = ""
            self.app.notify(f"The symbols are given up. {key(self, 'read.symbols')} asks for them again.")
            self.refresh_step()
        elif self.symbols is not None:
            self.symbols = None
            self.refresh_step()
        else:
            self.show_symbols()

    def show_symbols(self) -> None:
        """Show symbols, at once where they were derived before."""
        self.leave_test()
        kept = self._kept.with_numbers(self.trace) if self._kept is not None else None
        if kept is not None:
            self._show(kept)
        else:
            self._coming = f"loading SymPy {self._way_out}"
            run_beside(self, "symbols", self._derive)
            self.refresh_step()

    def leave_symbols(self) -> None:
        if self.trace.numbers is not None:
            self.symbols, self._coming = None, ""

    def numbers_changed(self) -> None:
        """Go on in symbols with the numbers of the present trace."""
        if self.symbols is None:
            return
        followed = self.symbols.with_numbers(self.trace)
        self.symbols = self._kept = followed
        if followed is None:  # an order or a largest element is another one now
            self.show_symbols()

    def _show(self, symbols: Presentation) -> None:
        self._coming = ""
        self.symbols = self._kept = symbols
        self.refresh_step()

    @property
    def _way_out(self) -> str:
        return f"({key(self, 'read.symbols')} gives up)"

    async def _derive(self) -> None:
        """Load SymPy and derive the scenario, off the screen's own thread."""
        trace = self.trace
        timer = self.set_interval(_OFTEN, self.say_mode)
        try:
            symbols = await asyncio.to_thread(self._derivation, trace)
        except BptuiError as error:
            if self._coming:
                self._coming = ""
                self.app.notify(printable(str(error), keep="\n"), title="Symbols", severity="warning")
                self.refresh_step()
            return
        finally:
            timer.stop()
        if not self._coming:
            self._kept = symbols  # given up too late to be of use
        elif trace is self.trace:
            self._show(symbols)
        else:
            self.show_symbols()  # the numbers were changed meanwhile

    def _derivation(self, trace: Trace) -> Presentation:
        from bptui.present.derivation import Derivation

        way_out = self._way_out

        def advance(done: int, of: int) -> None:
            if not self._coming:
                raise BptuiError("the symbols were given up")
            self._coming = f"deriving, {done} of {counted(of, 'step')} {way_out}"

        return presentation_in_symbols(trace, Derivation(trace, advance))

    # -- numbers for symbols -----------------------------------------------------------------------------------------

    def _ask_for_numbers(self) -> None:
        from bptui.tui.numbers_dialog import NumbersScreen

        self.app.push_screen(NumbersScreen(self.trace.scenario), self._given)

    def _given(self, trace: Trace | None) -> None:
        """Go on, at the same place, in the numbers that were given."""
        if trace is None:
            return
        step, cursors, self.symbols = self.step, self._cursors, None
        app_of(self).walk(trace, self.source).begin_at(step, cursors)
