"""The end of the process: at once, at any moment, and with nothing half written left behind.

A signal may come in the middle of an import, of a destructor, of C code that asks Python something. An exception raised
there can be lost, or be taken for another fault; so whoever is told to end takes away what is not whole yet, and ends.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from typing import NoReturn

SIGNALS = ("SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT")
"""The signals that end the process in good order, where the system has them; its status is then 128 and their number.
"""

_unfinished: set[str] = set()
"""The files that are being written, and have their names only when they are whole."""


@contextlib.contextmanager
def unfinished(path: str) -> Iterator[None]:
    """Take the file at `path` away at the end, and also where the process ends before: unless it was moved by then."""
    _unfinished.add(path)
    try:
        yield
    finally:
        _remove(path)
        _unfinished.discard(path)


def end(status: int) -> NoReturn:
    """End the process with `status`; nothing is waited for."""
    for path in tuple(_unfinished):
        _remove(path)
    os._exit(status)


def _remove(path: str) -> None:
    with contextlib.suppress(OSError):
        os.unlink(path)
