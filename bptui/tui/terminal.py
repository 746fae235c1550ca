"""The terminal as it was before the app, and the way back to it where the app no longer answers."""

from __future__ import annotations

import contextlib
import os
import select
import sys
import threading
import time
from types import TracebackType
from typing import Any

from bptui.ending import end

PATIENCE = 3.0
"""How many seconds the app has to leave in good order when it is told to, and a terminal to take what is left."""

_MODES = (1000, 1002, 1003, 1015, 1006, 1016, 1004, 2004, 2026, 2048)
"""Mouse, focus, pasting, synchronized output, resizing: private modes that an app may have switched on."""

_RESTORE = "".join(f"\x1b[?{mode}l" for mode in _MODES) + "\x1b[<u\x1b[?7h\x1b[?1049l\x1b[?25h\x1b[0m"
"""Everything off, the keyboard protocol included, the screen from before, and the cursor."""


class Terminal:
    """Remembers the terminal's settings; as a context, it tells when the app was left."""

    def __init__(self) -> None:
        self._settings = _settings()
        self._left = threading.Event()

    def __enter__(self) -> Terminal:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._left.set()

    def give_up_after(self, status: int, unless: threading.Event | None = None) -> None:
        """End the process with `status`, the terminal restored, unless the app is left in time.

        With `unless` that need not be: it is enough that this event is set in time.
        """
        met = unless or self._left

        def watch() -> None:
            if not met.wait(PATIENCE):
                self.restore()
                end(status)

        threading.Thread(target=watch, name="give-up", daemon=True).start()

    def restore(self) -> None:
        """Put the terminal back without any help of the app's, which may be stuck in the middle of writing to it."""
        with contextlib.suppress(OSError):
            ours = os.open(os.ttyname(1), os.O_WRONLY | os.O_NOCTTY | os.O_NONBLOCK)
            left, end = _RESTORE.encode(), time.monotonic() + PATIENCE
            while left and time.monotonic() < end:  # it may still have to take what the app wrote last
                if select.select([], [ours], [], 0.1)[1]:
                    left = left[os.write(ours, left) :]
        if self._settings is not None:
            import termios

            with contextlib.suppress(termios.error):
                termios.tcsetattr(0, termios.TCSANOW, self._settings)


def _settings() -> Any:
    """Return the settings of the terminal on standard input, where the system has such."""
    if sys.platform == "win32":
        return None
    import termios

    try:
        return termios.tcgetattr(0)
    except termios.error:
        return None
