"""Telling that a file was changed: its size and time of change, looked at now and then.

A look costs microseconds, and works where notifications of the system do not arrive: on network drives, in containers.
"""

from __future__ import annotations

from pathlib import Path

SECONDS = 0.7
"""How often the app looks."""

Stamp = tuple[int, int, int]


class FileWatch:
    """Remembers how a file was when it was last read."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._stamp = self._look()

    def changed(self) -> bool:
        """Return whether the file is another one than at the last call; a file that is missing for now is not."""
        stamp = self._look()
        if stamp is None or stamp == self._stamp:
            return False
        self._stamp = stamp
        return True

    def _look(self) -> Stamp | None:
        try:
            found = self.path.stat()
        except OSError:
            return None
        return found.st_mtime_ns, found.st_size, found.st_ino
