"""The standard streams, and what is written to them."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from typing import TextIO


def open_streams() -> None:
    """Write the same bytes whatever the locale; a stream that was closed before the start is a null device."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            # it is the process's own stream from here to its end, so nothing closes it
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(encoding="utf-8", errors="backslashreplace", newline="\n")


def say(text: str) -> None:
    """Write a line to standard error; where that cannot be done, there is nobody to tell."""
    try:
        print(text, file=sys.stderr, flush=True)
    except OSError:
        give_up(sys.stderr)


def give_up(stream: TextIO) -> None:
    """Send what is still in a stream's buffer nowhere, so that closing it at the end does not fail again."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def write(text: Iterable[str], ascii: bool) -> None:
    """Write a text in pieces, which are whole lines, to standard output; in ASCII where that is wanted."""
    sys.stdout.writelines(spelled(text, ascii))


def spelled(text: Iterable[str], ascii: bool) -> Iterable[str]:
    """Return a text in pieces, in ASCII where that is wanted."""
    from bptui.ascii import ascii_text

    return map(ascii_text, text) if ascii else text
