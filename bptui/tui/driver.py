"""What draws on the terminal: Textual's driver, on standard output, that leaves where its terminal goes away."""

from __future__ import annotations

import os
import select
import signal
import sys
from codecs import getincrementaldecoder
from collections.abc import Callable, Iterator
from typing import Any, TextIO, cast

from textual._xterm_parser import XTermParser
from textual.events import Key
from textual.message import Message

from bptui.tui.configured import ConfiguredApp

if sys.platform == "win32":
    from textual.drivers.windows_driver import WindowsDriver as TerminalDriver
else:
    from textual.drivers.linux_driver import LinuxDriver

    class TerminalDriver(LinuxDriver):
        """Draws on standard output, as the command line promises; Textual's own driver draws on standard error.

        Where the terminal goes away, the app is left; Textual's own driver would wait for it for ever. An interrupt is
        answered also by an app that is busy. What is typed and means nothing is passed over: bytes that are no UTF-8,
        from a terminal of another encoding or an old mouse, and sequences with numbers that are none.
        """

        _app: ConfiguredApp

        def __init__(
            self, app: ConfiguredApp, *, debug: bool = False, mouse: bool = True, size: tuple[int, int] | None = None
        ) -> None:
            super().__init__(app, debug=debug, mouse=mouse, size=size)
            self._file = cast(Any, _Output(sys.__stdout__, self._hang_up))
            self._goes_on = False
            """Whether it was told to go on, and did not yet."""

        # A handler runs between any two instructions, also where the lock of the queue that is written to is held:
        # whoever writes to that queue in a handler then waits for itself, for ever. So the loop answers, in the middle
        # of nothing. Of two signals that come at once, Python calls the handlers by number and not in their order: who
        # is told to go on stops no more.

        def _sigtstp_application(self, *_: object) -> None:
            if not self._goes_on:
                self._between_tasks(self._stop)

        def _sigcont_application(self, *_: object) -> None:
            if not self._goes_on:
                self._goes_on = True
                self._between_tasks(self._continue)

        def _between_tasks(self, answer: Callable[[], object]) -> None:
            if not self._loop.is_closed():
                self._loop.call_soon_threadsafe(answer)

        def _stop(self) -> None:
            """Give the terminal back and stop, unless told to go on before that is done."""
            if self._auto_restart and not self._goes_on:
                self.suspend_application_mode()
                self._must_signal_resume = True
            if not self._goes_on:
                os.kill(os.getpid(), signal.SIGSTOP)

        def _continue(self) -> None:
            """Take the terminal again; where it was not given back before the stop, a shell may have had it since."""
            self._goes_on = False
            if self._app.is_left:  # nobody would give it back
                return
            if not os.isatty(self.fileno):  # with a terminal that goes away this signal comes too
                return
            if self._key_thread is not None and self._key_thread.is_alive():
                self.suspend_application_mode()
                self._must_signal_resume = True
            super()._sigcont_application()

        # Who gives the terminal back may be told to go on in the middle, or to stop: what was given back already is not
        # written to, for nobody takes it from the queue.

        @property
        def _has_terminal(self) -> bool:
            return self._writer_thread is not None and self._writer_thread.is_alive()

        def write(self, data: str) -> None:
            if self._has_terminal:
                super().write(data)

        def disable_input(self) -> None:
            if self._has_terminal:
                super().disable_input()

        def stop_application_mode(self) -> None:
            if self._has_terminal:
                super().stop_application_mode()

        def process_message(self, message: Message) -> None:
            super().process_message(message)
            if isinstance(message, Key) and message.key == "ctrl+c":
                self._app.answer_or_end(128 + signal.SIGINT)

        def _run_input_thread(self) -> None:
            try:
                self.run_input_thread()
            except OSError:  # the terminal is gone
                self._hang_up()
            except Exception as error:  # a fault of this thread is a fault of the app
                self._app.call_later(self._app._handle_exception, error)

        def run_input_thread(self) -> None:
            """Hand on what is typed, until input is no longer wanted; raises OSError where the terminal is gone."""
            decode = getincrementaldecoder("utf-8")("replace").decode
            self._parser = XTermParser(self._debug)
            while not self.exit_event.is_set():
                for message in self._messages(decode(self._typed(0.1))):
                    self.process_message(message)

        def _typed(self, seconds: float) -> bytes:
            """Return what was typed within so many seconds; raises OSError where nothing more can be."""
            if not select.select([self.fileno], [], [], seconds)[0]:
                return b""
            if typed := os.read(self.fileno, 1 << 12):
                return typed
            raise OSError("end of input")

        def _messages(self, text: str) -> Iterator[Message]:
            """Yield what `text` says, and what was left open for too long."""
            for character in text:
                try:
                    yield from self._parser.feed(character)
                except (ValueError, OverflowError):  # a number that is none, or no character's
                    self._parser = XTermParser(self._debug)
            yield from self._parser.tick()

        def _hang_up(self) -> None:
            self._app.call_later(self._app.leave, 128 + signal.SIGHUP)


class _Output:
    """A text stream that may go away: what is written then goes nowhere, and `gone` is called once."""

    def __init__(self, stream: TextIO | None, gone: Callable[[], object]) -> None:
        assert stream is not None
        self._stream, self._gone = stream, gone
        self._there = True
        self.fileno = stream.fileno

    def write(self, text: str) -> None:
        if self._there:
            self._tried(lambda: self._stream.write(text))

    def flush(self) -> None:
        if self._there:
            self._tried(self._stream.flush)

    def _tried(self, action: Callable[[], object]) -> None:
        try:
            action()
        except OSError:
            self._there = False
            self._gone()
