"""The program: `bptui`, or `python -m bptui`. The command line, as a process of its own that ends at once when told to.

An interrupt before the command line has taken over ends the process without a traceback, and so does one after it; and
what is still computed in a thread when the app was left does not hold up the end.
"""

from __future__ import annotations

import gc
import os
import signal
from types import FrameType
from typing import NoReturn


def program() -> NoReturn:
    """Run the command line and end the process with its exit status."""
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), _end)
    gc.set_threshold(50_000, 20, 50)  # what modules define stays: looking through it again and again slows the start
    from bptui.cli import main

    try:
        status = main()
    except KeyboardInterrupt:
        status = 128 + signal.SIGINT
    os._exit(status)


def _end(number: int, frame: FrameType | None) -> NoReturn:
    os._exit(128 + number)


if __name__ == "__main__":  # a process of `bptui check` imports this module too
    program()
