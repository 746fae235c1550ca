"""The app: opens a walk or the list of scenarios, and holds what every screen can do."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from textual import constants
from textual.app import SystemCommand
from textual.driver import Driver
from textual.events import Callback, Event, Key
from textual.screen import Screen
from textual.widget import Widget
from textual.worker import WorkerFailed

from bptui.commands import APP, COMMANDS, ON_WALK, Command
from bptui.errors import BptuiError
from bptui.tui.bindings import Offering, bindings
from bptui.tui.configured import ConfiguredApp
from bptui.tui.driver import TerminalDriver
from bptui.tui.loading import LoadingScreen, Opening

if TYPE_CHECKING:
    from textual.command import Provider

    from bptui.settings import Settings
    from bptui.trace.breakpoints import Breakpoint
    from bptui.trace.record import Trace
    from bptui.tui.chooser import Choice
    from bptui.tui.terminal import Terminal
    from bptui.tui.walk import WalkScreen


def _palette() -> type[Provider]:
    """Return what the palette offers; what it needs of Textual is imported when it first opens."""
    from bptui.tui.palette import Palette

    return Palette


class BptuiApp(ConfiguredApp, inherit_bindings=False):
    """Walks through a trace; without one it begins with the list of bundled scenarios."""

    CSS_PATH = "bptui.tcss"
    TITLE = "bptui"
    BINDINGS = bindings(APP)
    COMMANDS: ClassVar[set[type[Provider] | Callable[[], type[Provider]]]] = {_palette}
    ALLOW_SELECT = False  # ctrl+c leaves the app; the terminal's own selection copies

    def __init__(
        self,
        trace: Trace | None = None,
        source: str = "",
        breakpoints: Sequence[Breakpoint] = (),
        settings: Settings | None = None,
        settings_file: Path | None = None,
        refused: BptuiError | None = None,
        symbolic: bool = False,
        recent_file: Path | None = None,
        faulty: BptuiError | None = None,
        opening: Opening | None = None,
    ) -> None:
        """Make the app; `settings_file` is where changed settings go, and `refused` what is wrong with it.

        `recent_file` is where the files opened last are listed. `faulty` is what is wrong with `source`: the app opens
        on these messages. `opening` is what to read from `source` in place of `trace`, once the app is there.
        """
        super().__init__(settings, settings_file)
        self._opening = opening
        self._refused, self._recent_file, self._faulty = refused, recent_file, faulty
        self._trace, self._source, self._breakpoints, self._symbolic = trace, source, breakpoints, symbolic
        self._walk: WalkScreen | None = None
        self.fault: Exception | None = None
        """What the app broke on, if it did."""
        self.said_at_end: BptuiError | None = None
        """Why the app could not open what it was asked to."""
        self.terminal: Terminal | None = None
        """The terminal to put back where the app does not leave when it is told to."""

    def on_mount(self) -> None:
        if self._opening is not None:
            self.push_screen(LoadingScreen(self._opening, self._loaded))
            return
        if self._faulty is not None:
            self._refuse(Path(self._source), self._faulty)
        elif self._trace is None:
            self.action_choose()
        else:
            self.walk(self._trace, self._source)
        self._tell_refused()

    def _loaded(self, found: Trace | BptuiError) -> None:
        """Begin the walk in place of the screen that was shown while the scenario was read, or tell its faults."""
        while not isinstance(self.screen, LoadingScreen):
            self.pop_screen()  # the help, or the palette
        if isinstance(found, BptuiError):
            if not os.path.isfile(self._source):
                self._give_up(found)
                return
            self._faulty = found
            self.pop_screen()
            self._refuse(Path(self._source), found)
        else:
            if self._opening is not None and self._opening.breakpoints:
                from bptui.trace.breakpoints import read_breakpoints

                try:
                    self._breakpoints = read_breakpoints(found.program, self._opening.breakpoints)
                except BptuiError as error:
                    self._give_up(error)
                    return
            self.walk(found, self._source)
        self._tell_refused()
        self.screen.call_after_refresh(self._is_there)

    def _is_there(self) -> None:
        """Let the walk take keys, those first that were typed before it was there."""
        self._opening = None
        self.take_kept()

    async def on_event(self, event: Event) -> None:
        """Keep keys until the scenario is read, but for those that leave; with each what was said in passing goes."""
        if not isinstance(event, Key) or event.is_forwarded:
            await super().on_event(event)
            return
        self.say_no_more()
        leaving = (key for name in ("app.quit", "app.interrupt") for key in self.keymap.of(COMMANDS[name]))
        if self._opening is None:
            await super().on_event(event)
        elif event.key in leaving:
            await self.hand_on(event)
        else:
            self.keep(event)

    def _give_up(self, error: BptuiError) -> None:
        """Leave the app, and have `error` said once the terminal is as it was."""
        self.said_at_end = error
        self.leave(2)

    def _tell_refused(self) -> None:
        """Show what is wrong with the settings."""
        if self._refused is not None:
            from bptui.tui.messages import MessagesScreen

            self.push_screen(MessagesScreen("Faults in the settings; the rest of them holds", self._refused))

    def walk(self, trace: Trace, source: str) -> WalkScreen:
        from bptui.trace.breakpoints import fitting
        from bptui.tui.walk import WalkScreen  # imported here, for the list of scenarios opens without NumPy

        before = self._walk
        again = before is not None and before.source == source and before.symbols is not None
        self._walk = WalkScreen(trace, source, self._breakpoints, self._symbolic or again)
        self._breakpoints, self._symbolic = (), False  # they are that trace's
        if before is not None and before.source == source:  # the same file, read again
            self._walk.begin_stops(fitting(trace.program, before.breakpoints), run=False)
        if self.screen is before or isinstance(self.screen, LoadingScreen):
            self.switch_screen(self._walk)
        else:
            self.push_screen(self._walk)
        if self._recent_file is not None and os.path.isfile(source):
            from bptui.recent import add_recent

            add_recent(self._recent_file, Path(source))
        return self._walk

    # -- commands ----------------------------------------------------------------------------------------------------

    def action_choose(self) -> None:
        """Show the list of scenarios: recent files and bundled ones."""
        from bptui.tui.chooser import ChooserScreen

        recent: Sequence[Path] = ()
        if self._recent_file is not None:
            from bptui.recent import read_recent

            recent = read_recent(self._recent_file)
        self.push_screen(ChooserScreen(recent), self._chosen)

    def _chosen(self, choice: Choice | None) -> None:
        if choice is not None:
            self.walk(choice.trace, choice.name)
        elif self._walk is None and len(self.screen_stack) == 1:
            self.leave(0)

    def action_open_path(self) -> None:
        """Ask for a scenario file by its path and open it."""
        from bptui.tui.open_dialog import OpenScreen

        folder = (
            Path(self._walk.source).parent if self._walk is not None and os.path.isfile(self._walk.source) else None
        )
        self.push_screen(OpenScreen(f"{folder}/" if folder is not None and folder != Path() else ""), self._open)

    async def _open(self, path: Path | None) -> None:
        if path is None:
            return
        from bptui.tui.opening import opened

        try:
            trace = await asyncio.to_thread(opened, path)
        except BptuiError as error:
            self._refuse(path, error)
        else:
            self._begin(path, trace)

    def _begin(self, path: Path, trace: Trace) -> None:
        """Begin a walk, in place of the list of scenarios where that was open."""
        from bptui.tui.chooser import Choice, ChooserScreen

        if isinstance(self.screen, ChooserScreen):
            self.screen.dismiss(Choice(str(path), trace))
        else:
            self.walk(trace, str(path))

    def _refuse(self, path: Path, error: BptuiError) -> None:
        """Show what is wrong with a file, until it is mended or left."""
        from bptui.tui.refused import RefusedScreen

        def mended(trace: Trace | None) -> None:
            if trace is not None:
                self._begin(path, trace)
            elif len(self.screen_stack) == 1:
                self.action_leave(0)

        self.push_screen(RefusedScreen(path, error), mended)

    def action_command_palette(self) -> None:
        """Show every command by name."""
        from bptui.tui.palette import PaletteScreen

        if not isinstance(self.screen, PaletteScreen):
            self.push_screen(PaletteScreen(id="--command-palette"))

    def action_help(self) -> None:
        """Show all keys."""
        from bptui.tui.help import HelpScreen

        self.push_screen(HelpScreen())

    def action_leave(self, status: int) -> None:
        """Leave the app with this exit status; a scenario that never opened for its faults makes it 2."""
        refused = self._faulty is not None and self._walk is None
        self.leave(2 if refused and status == 0 else status)

    def leave(self, status: int) -> None:
        self.exit(return_code=status)
        if self.terminal is not None:
            self.terminal.give_up_after(status)

    def answer_or_end(self, status: int) -> None:
        if self.terminal is not None and self._loop is not None:
            answered = threading.Event()
            asyncio.run_coroutine_threadsafe(self._post_message(Callback(callback=answered.set)), self._loop)
            self.terminal.give_up_after(status, unless=answered)

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """Yield what the command palette offers: every command that has its place on `screen`."""
        groups = ON_WALK if screen is self._walk else (screen.OFFERED,) if isinstance(screen, Offering) else ()
        for command in (command for group in (*groups, APP) for command in group):
            if command.id not in ("app.palette", "app.interrupt"):
                yield self._offered(command, partial(self.run_action, command.action, screen))
        if screen is self._walk:
            for panel, commands in self._walk.panels():
                for command in commands:
                    yield self._offered(command, partial(self._in_panel, panel, command))

    def _offered(self, command: Command, run: Callable[[], object]) -> SystemCommand:
        return SystemCommand(command.title, f"key: {self.keymap.shown(command)}", run)

    async def _in_panel(self, panel: Widget, command: Command) -> None:
        """Give the focus to a panel and run one of its commands."""
        panel.focus()
        await self.run_action(command.action, panel)

    # -- the terminal ------------------------------------------------------------------------------------------------

    def get_driver_class(self) -> type[Driver]:
        return super().get_driver_class() if constants.DRIVER else TerminalDriver

    def _handle_exception(self, error: Exception) -> None:
        """Note what broke the app, and where; `run_app` says it in one line once the terminal is restored."""
        if self.is_left:
            return  # what was still half built then is no fault
        if self.fault is None:
            # Textual wraps what breaks beside the app
            cause = error.error if isinstance(error, WorkerFailed) else error
            self.fault = cause if isinstance(cause, Exception) else error
            self.fault.add_note(self._place())
        super()._handle_exception(error)

    def _place(self) -> str:
        """Return where the app is, for the report of a fault: the screens, the scenario and the step."""
        screens = " > ".join(type(screen).__name__ for screen in self.screen_stack)
        walk = self._walk
        if walk is None:
            return screens
        step = f"step {walk.step + 1} of {len(walk.trace.steps)}"
        return f"{screens}; {walk.source or 'a trace'} ({walk.trace.scenario.title}), {step}"

    def _fatal_error(self) -> None:
        """Leave, without the traceback that Textual would print."""
        self._close_messages_no_wait()
