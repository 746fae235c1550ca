"""Opening files that a stranger may have named: ordinary files only, and never more of them than was allowed.

A FIFO without a writer blocks whoever opens it, and a device may never end, so what is no ordinary file is refused
before it is opened, and once more after that, in case it was exchanged in between.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import BinaryIO


class FileFault(Exception):
    """A file that cannot be read: `message` says why, with no name in it, and `hint` what to do."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


def open_ordinary(path: Path) -> BinaryIO:
    """Open an ordinary file for reading bytes; raises FileFault for anything else, and never waits."""
    try:
        _refuse_special(os.stat(path))
        flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0) | getattr(os, "O_BINARY", 0)
        descriptor = os.open(path, flags)
        try:
            _refuse_special(os.fstat(descriptor))
            return open(descriptor, "rb")
        except BaseException:
            os.close(descriptor)
            raise
    except FileNotFoundError:
        raise FileFault("there is no such file") from None
    except PermissionError:
        raise FileFault("it may not be read", "its permissions do not let you read it") from None
    except (OSError, ValueError) as error:  # ValueError: a null character in the name
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise FileFault(f"it cannot be read ({(reason or 'the system gives no reason').lower()})") from None


def read_ordinary(path: Path, limit: int) -> bytes:
    """Return the bytes of an ordinary file; raises FileFault where there are more than `limit`, having read no more."""
    with open_ordinary(path) as file:
        try:
            content = file.read(limit + 1)
        except OSError as error:
            raise FileFault(f"it cannot be read ({(error.strerror or 'no reason given').lower()})") from None
    if len(content) > limit:
        raise FileFault(f"it is larger than {size_text(limit)}, the most that is read")
    return content


def size_text(size: int) -> str:
    """Return a number of bytes as people say it: `1 MiB`, `512 MiB`, `2.5 GiB`."""
    for unit, name in ((1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")):
        if size >= unit:
            return f"{size / unit:.4g} {name}"
    return f"{size} bytes"


def _refuse_special(status: os.stat_result) -> None:
    if stat.S_ISDIR(status.st_mode):
        raise FileFault("it is a folder, not a file")
    if not stat.S_ISREG(status.st_mode):
        raise FileFault("it is no ordinary file", "pipes and devices are not read: save the text to a file first")
