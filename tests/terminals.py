"""A program in a pseudo-terminal of its own, as a person has it, and the state in which it leaves the terminal."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Sequence

_MODE = re.compile(rb"\x1b\[\?([\d;]+)([hl])")

PROGRAM = (sys.executable, "-m", "bptui")


class Terminal:
    """A process whose controlling terminal is a pseudo-terminal; what it draws is kept in `said`."""

    def __init__(
        self, command: Sequence[str], size: tuple[int, int] = (80, 24), environment: dict[str, str] | None = None
    ) -> None:
        self.ours, self.theirs = pty.openpty()
        fcntl.ioctl(self.theirs, termios.TIOCSWINSZ, struct.pack("HHHH", size[1], size[0], 0, 0))
        self.settings = termios.tcgetattr(self.theirs)
        # The first terminal that the leader of a session opens is its own. It is opened by a shell, for Python between
        # fork and exec may wait for a lock that a thread held at the fork.
        self.process = subprocess.Popen(
            ["sh", "-c", 'exec "$@" <"$0" >"$0"', os.ttyname(self.theirs), *command],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            env={**os.environ, "TERM": "xterm-256color", **(environment or {})},
            start_new_session=True,
        )
        self.said = b""
        self._typed = 0

    def read(self, condition: Callable[[], object], seconds: float = 30.0) -> None:
        """Read until `condition` holds; fails where it does not within the deadline."""
        end = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < end, self.said[-500:]
            self.take(0.02)

    def shows(self, text: str) -> None:
        """Read until `text` has been drawn since the last key."""
        self.read(lambda: text.encode() in self.said[self._typed :])

    def take(self, seconds: float) -> bool:
        """Read what there is; return whether there was anything within so many seconds."""
        if not select.select([self.ours], [], [], seconds)[0]:
            return False
        try:
            self.said += os.read(self.ours, 1 << 16)
        except OSError:  # the other end is closed
            return False
        return True

    def type(self, keys: str) -> None:
        """Type `keys`; what was drawn before is no longer looked at by `shows`."""
        self._typed = len(self.said)
        os.write(self.ours, keys.encode())

    def stops(self) -> None:
        """Read until the process has stopped."""
        stopped = os.WSTOPPED | os.WNOWAIT | os.WNOHANG
        self.read(lambda: os.waitid(os.P_PID, self.process.pid, stopped))

    def modes(self) -> dict[int, bool]:
        """Return the private modes of the terminal that were ever set, and whether they are on."""
        found: dict[int, bool] = {}
        for match in _MODE.finditer(self.said):
            for mode in match[1].split(b";"):
                found[int(mode)] = match[2] == b"h"
        return found

    def ended(self, seconds: float = 30.0) -> tuple[int, str]:
        """Wait for the end; return the exit status and what was written to standard error."""
        self.read(lambda: self.process.poll() is not None, seconds)
        while self.take(0):
            pass
        said = self.process.communicate(timeout=seconds)[1]
        return self.process.returncode, said.decode()

    @property
    def restored(self) -> bool:
        """Whether the terminal is as it was: its settings, the screen, the cursor, the mouse, pasting."""
        expected = {7: True, 25: True}
        modes = {mode: on for mode, on in self.modes().items() if on != expected.get(mode, False)}
        return not modes and termios.tcgetattr(self.theirs) == self.settings

    def hang_up(self) -> None:
        """Take the terminal away."""
        os.close(self.theirs)
        os.close(self.ours)
        self.ours = self.theirs = -1

    def close(self) -> None:
        """End what still runs and give everything back."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(30)
        assert self.process.stderr is not None
        self.process.stderr.close()
        if self.ours >= 0:
            self.hang_up()
