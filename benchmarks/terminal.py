"""A program in a terminal of its own: keys go in, and the time of the last byte that comes back is told."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import signal
import struct
import termios
import time
from collections.abc import Sequence
from types import TracebackType

QUIET = 0.06
"""After how many seconds without a byte a program is done drawing: more than three of Textual's frames."""

PATIENCE = 180.0


class Terminal:
    """Runs a command in a pseudo-terminal of 120×40 cells; leaving the `with` ends it."""

    def __init__(self, command: Sequence[str], size: tuple[int, int] = (120, 40)) -> None:
        self.started = time.perf_counter()
        self._process, self._terminal = pty.fork()
        if self._process == 0:
            fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", size[1], size[0], 0, 0))
            environment = {**os.environ, "TERM": "xterm-256color", "COLORTERM": "truecolor"}
            os.execvpe(command[0], list(command), environment)

    def __enter__(self) -> Terminal:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        os.kill(self._process, signal.SIGKILL)
        os.waitpid(self._process, 0)
        os.close(self._terminal)

    def until(self, *texts: str) -> tuple[float, int]:
        """Wait until each of `texts` was drawn, one after the other or not; returns when, and how many bytes came."""
        wanted, seen, end = {text.encode() for text in texts}, b"", time.perf_counter() + PATIENCE
        while wanted:
            if time.perf_counter() > end:
                raise TimeoutError(f"waited in vain for {wanted}; last was {seen[-300:]!r}")
            seen += self._read(1.0)
            wanted = {text for text in wanted if text not in seen}
        return time.perf_counter(), len(seen)

    def press(self, key: bytes) -> None:
        """Type a key."""
        os.write(self._terminal, key)

    def last_byte(self) -> tuple[float, int]:
        """Wait until no more bytes come; returns when the last one came, and how many there were."""
        last, count, end = time.perf_counter(), 0, time.perf_counter() + PATIENCE
        while time.perf_counter() < end:
            content = self._read(QUIET if count else 2.0)
            if not content:
                return last, count
            last, count = time.perf_counter(), count + len(content)
        raise TimeoutError("it never stops drawing")

    def _read(self, seconds: float) -> bytes:
        if not select.select([self._terminal], [], [], seconds)[0]:
            return b""
        return os.read(self._terminal, 1 << 16)
